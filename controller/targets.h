/* SPDX-License-Identifier: Apache-2.0 */
/* targets: the workloads of a Track, followed for as long as it names them. */
#ifndef PINNACE_CONTROLLER_TARGETS_H
#define PINNACE_CONTROLLER_TARGETS_H

#include "tracked.h"

/* Those that the spec names; unchanged on failure. */
int targets_set(struct tracked *tracked, const struct trackspec *spec, struct err *err);

/* Whether it is known of each of them if it is there. */
bool targets_known(const struct tracked *tracked);
/* How often others want one of them. */
size_t targets_shared(const struct tracked *tracked);
/* Those Tracks are looked at again. */
void targets_tell_others(const struct tracked *tracked);

/* At the Track's end. */
void targets_leave(struct tracked *tracked);

#endif
