/* SPDX-License-Identifier: Apache-2.0 */
/* scratch: each thread's arena for the request it is at, kept from one to the next. */
#ifndef PINNACE_WEBHOOK_SCRATCH_H
#define PINNACE_WEBHOOK_SCRATCH_H

#include "pinnace/arena.h"

/* Once, before the first thread. */
int scratch_init(void);

/* Emptied: what the thread made before is gone. NULL when there is no memory. */
struct arena *scratch_take(void);

#endif
