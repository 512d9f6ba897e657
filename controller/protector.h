/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protector: has the registry keep what a Track may go back to, one job at a time, beside everything
 * else: nothing waits for it. What fails is tried again later and later; the Track says why.
 */
#ifndef PINNACE_CONTROLLER_PROTECTOR_H
#define PINNACE_CONTROLLER_PROTECTOR_H

#include "tracked.h"

/* What is known, for a decision; until the next job begins. */
void protector_facts(const struct tracked *tracked, struct protect_facts *ret_facts);

/*
 * Does the job, if there is one, unless one is under way, or it is too early to try again. The Track is looked at again
 * when it is done, or failed, and now and then when there is none, to see whether all is as it was left.
 */
void protector_do(struct tracked *tracked, const struct protect_job *job);
/* Its turn in the queue of releases has come. */
void protector_take(struct work *work);

/* Whether it asks a registry just now, with the logins of the Track. */
bool protector_asks(const struct tracked *tracked);
/* A person has changed the Track: what failed is tried at once. */
void protector_forgive(struct tracked *tracked);
/* We lead no longer. */
void protector_stop(struct tracked *tracked);
void protector_end(struct tracked *tracked);

#endif
