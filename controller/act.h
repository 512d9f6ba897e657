/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act: one step of one Track, as a call with a precondition: what has changed meanwhile is read anew
 * and decided anew. No call is begun, and none lasts, longer than we lead.
 */
#ifndef PINNACE_CONTROLLER_ACT_H
#define PINNACE_CONTROLLER_ACT_H

#include "events.h"
#include "tracked.h"

/* Begins one of these; the Track is busy then, and looked at again when it is done. */

/* before: what the book was, or NULL. */
void act_write(struct tracked *tracked, const struct trackbook *before,
               const struct track_decision *decision);

void act_apply(struct tracked *tracked, const struct trackspec *spec,
               const struct workload_facts *workload, const struct track_decision *decision);

/* Reads the Track itself: what a watch has brought may be behind. */
void act_refresh(struct tracked *tracked);

/* An Event about the Track. */
void act_tell(const struct tracked *tracked, const struct event_words *words);

/* What was refused is tried again at once: a person has changed something. */
void act_forgive(struct tracked *tracked);

void act_end(struct tracked *tracked);

#endif
