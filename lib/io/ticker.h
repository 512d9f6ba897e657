/* SPDX-License-Identifier: Apache-2.0 */
/* ticker: a thread that does one thing again and again, with the same pause between. */
#ifndef PINNACE_IO_TICKER_H
#define PINNACE_IO_TICKER_H

#include <pthread.h>
#include <stdbool.h>

#include "pinnace/err.h"

struct ticker {
    void (*tick)(void *context, unsigned number);
    void *context;
    unsigned pause_ms;
    pthread_mutex_t lock; /* held while it ticks; whoever must not come in between takes it */
    pthread_cond_t stop;
    bool stopping;
    pthread_t thread;
};

/* tick, context and pause_ms are set before. */
int ticker_start(struct ticker *ticker, struct err *err);
/* Waits for the tick that is under way. */
void ticker_stop(struct ticker *ticker);

#endif
