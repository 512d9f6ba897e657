/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile: one look at one Track: all facts together, the decision, and its one step. */
#ifndef PINNACE_CONTROLLER_RECONCILE_H
#define PINNACE_CONTROLLER_RECONCILE_H

#include "queue.h"

/* Of a struct tracked. */
void reconcile(struct work *work);

#endif
