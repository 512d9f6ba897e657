/* SPDX-License-Identifier: Apache-2.0 */
/* ticker: see the header. */
#include "ticker.h"

#include <string.h>

#include "pinnace/clock.h"

#include "pinnace/banned.h"

/* Called with the lock held; false when it is time to stop. */
static bool wait_pause(struct ticker *ticker)
{
    const struct timespec until = clock_deadline(ticker->pause_ms);
    while (!ticker->stopping && pthread_cond_timedwait(&ticker->stop, &ticker->lock, &until) == 0)
        continue;
    return !ticker->stopping;
}

static void *run(void *context)
{
    struct ticker *ticker = context;
    pthread_mutex_lock(&ticker->lock);
    for (unsigned number = 1; wait_pause(ticker); number++)
        ticker->tick(ticker->context, number);
    pthread_mutex_unlock(&ticker->lock);
    return NULL;
}

static void destroy(struct ticker *ticker)
{
    pthread_cond_destroy(&ticker->stop);
    pthread_mutex_destroy(&ticker->lock);
}

int ticker_start(struct ticker *ticker, struct err *err)
{
    clock_cond_init(&ticker->stop);
    pthread_mutex_init(&ticker->lock, NULL);
    int code = pthread_create(&ticker->thread, NULL, run, ticker);
    if (code == 0)
        return 0;
    destroy(ticker);
    return err_set(err, ERR_SYSTEM, "no thread can be started: %s", strerror(code));
}

void ticker_stop(struct ticker *ticker)
{
    pthread_mutex_lock(&ticker->lock);
    ticker->stopping = true;
    pthread_cond_signal(&ticker->stop);
    pthread_mutex_unlock(&ticker->lock);
    pthread_join(ticker->thread, NULL);
    destroy(ticker);
}
