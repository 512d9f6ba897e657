/* SPDX-License-Identifier: Apache-2.0 */
/* timers: see the header. */
#include "pinnace/timers.h"

#include "pinnace/banned.h"

void timer_clear(struct timers *timers, struct timer *timer)
{
    if (!timer->set)
        return;
    struct timer **at = &timers->first;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    timer->set = false;
}

void timer_set(struct timers *timers, struct timer *timer, int64_t due)
{
    timer_clear(timers, timer);
    struct timer **at = &timers->first;
    while (*at && (*at)->due <= due)
        at = &(*at)->next;
    timer->due = due;
    timer->next = *at;
    timer->set = true;
    *at = timer;
}

int64_t timers_wait(const struct timers *timers, int64_t now, int64_t most)
{
    if (!timers->first || timers->first->due - now > most)
        return most;
    return timers->first->due > now ? timers->first->due - now : 0;
}

void timers_fire(struct timers *timers, int64_t now)
{
    /* Bounded by those that stand here now: one that sets itself for at once waits a turn. */
    size_t count = 0;
    for (const struct timer *timer = timers->first; timer && timer->due <= now; timer = timer->next)
        count++;
    for (; count > 0 && timers->first && timers->first->due <= now; count--) {
        struct timer *timer = timers->first;
        timer_clear(timers, timer);
        timer->fire(timer->context);
    }
}

int64_t backoff_next(struct backoff *backoff, uint32_t random)
{
    int64_t wait = BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < backoff->failures && wait < BACKOFF_MOST_MS; i++)
        wait *= 2;
    if (wait > BACKOFF_MOST_MS)
        wait = BACKOFF_MOST_MS;
    if (backoff->failures < 16)
        backoff->failures++;
    return wait / 2 + (int64_t)(random % (uint32_t)(wait / 2 + 1));
}
