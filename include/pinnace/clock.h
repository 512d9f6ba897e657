/* SPDX-License-Identifier: Apache-2.0 */
/* clock: time for loops and leases, and dice. Wall time is in file.h. */
#ifndef PINNACE_CLOCK_H
#define PINNACE_CLOCK_H

#include <stdint.h>

/* Milliseconds on a clock that never goes back and goes on while the machine sleeps. */
int64_t clock_boot_ms(void);

/* For jitter; not for keys. */
uint32_t random_u32(void);

#endif
