/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: what ran, in a ConfigMap "TRACK-history" beside the Track: a line for each row of the
 * ledger and each state it came to, for auditors; and the book as it was written last, for a Track
 * that is lost and made again. It belongs to nobody, so that it outlives the Track.
 */
#ifndef PINNACE_CONTROLLER_HISTORY_H
#define PINNACE_CONTROLLER_HISTORY_H

#include "tracked.h"

/*
 * The ledger has changed. Nothing waits for this; what fails is tried again. Few are written at a
 * time: of states that come faster than that, those in between are not told.
 */
void history_write(struct tracked *tracked);
/*
 * Adds to a book that has not begun what the one that was lost knew. False: that is being read, and
 * the Track is looked at again when it is there.
 */
bool history_recall(struct tracked *tracked, struct arena *arena, struct trackbook *book);
/* Reads and writes it: its turn in the queue of releases has come. */
void history_take(struct work *work);
void history_end(struct tracked *tracked);

#endif
