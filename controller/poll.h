/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll: what the registry says about one Track: each interval, give or take a little, what is
 * followed and what the tag that runs means by now; and, asked by itself, whether it has a digest. It
 * is asked only while we lead. What finds nothing new tells nobody.
 */
#ifndef PINNACE_CONTROLLER_POLL_H
#define PINNACE_CONTROLLER_POLL_H

#include "tracked.h"

void poll_begin(struct tracked *tracked);
void poll_end(struct tracked *tracked);

/* Now; what is under way begins anew. */
void poll_soon(struct tracked *tracked);
/* Now, but for what is under way. */
void poll_anew(struct tracked *tracked);
/* Somebody says that there is something new: now, or once more after what is under way. */
void poll_hint(struct tracked *tracked);
/* Within so many milliseconds, at random. */
void poll_within(struct tracked *tracked, int64_t within_ms);
void poll_stop(struct tracked *tracked);

/* Whether the registry has it: STEP_ASK. The Track is looked at again when that is known. */
int poll_ask(struct tracked *tracked, const struct imageref *image, struct str digest,
             struct err *err);

/* What is known so far; strings live as long as the arena or until the next answer. */
int poll_facts(const struct tracked *tracked, struct arena *arena, struct registry_facts *ret_facts,
               struct err *err);

#endif
