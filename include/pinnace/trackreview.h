/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackreview: a Track that is about to be written, by itself and beside the others: what cannot be
 * meant is a fault, what is hardly meant a warning. An update answers for what it changes: who holds
 * a release in the night is not refused for what was wrong before.
 */
#ifndef PINNACE_TRACKREVIEW_H
#define PINNACE_TRACKREVIEW_H

#include "pinnace/ledger.h"
#include "pinnace/trackspec.h"

enum { TRACKREVIEW_TEXTS = 4 };

/* Sentences that begin with the field, "spec.from: ...", in the arena. */
struct trackreview {
    struct str faults[TRACKREVIEW_TEXTS], warnings[TRACKREVIEW_TEXTS];
    size_t fault_count, warning_count;
};

/*
 * spec: as it is to be; old: as it was, NULL where there is none or it could not be read. others:
 * all Tracks that are known, this one perhaps among them; NULL: nothing is known of any.
 */
int trackreview_read(const struct trackspec *spec, const struct trackspec *old,
                     const struct ledger *others, struct arena *arena,
                     struct trackreview *ret_review, struct err *err);

#endif
