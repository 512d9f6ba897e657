/* SPDX-License-Identifier: Apache-2.0 */
/* clock: time for loops, leases and threads that wait, and dice. Wall time is in file.h. */
#ifndef PINNACE_CLOCK_H
#define PINNACE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds on a clock that never goes back and goes on while the machine sleeps. */
int64_t clock_boot_ms(void);

/* A condition whose waits end at a time of clock_deadline, however the wall clock jumps. */
void clock_cond_init(pthread_cond_t *cond);
struct timespec clock_deadline(unsigned in_ms);

/* For jitter; not for keys. */
uint32_t random_u32(void);

#endif
