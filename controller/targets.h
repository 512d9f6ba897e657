/* SPDX-License-Identifier: Apache-2.0 */
/* targets: the workloads of a Track, followed for as long as it names them. */
#ifndef PINNACE_CONTROLLER_TARGETS_H
#define PINNACE_CONTROLLER_TARGETS_H

#include "tracked.h"

/* Those that the spec names; unchanged on failure. */
int targets_set(struct tracked *tracked, const struct trackspec *spec, struct err *err);

/* At the Track's end. */
void targets_leave(struct tracked *tracked);

#endif
