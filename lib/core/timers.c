/* SPDX-License-Identifier: Apache-2.0 */
/* timers: see the header. */
#include "pinnace/timers.h"

#include "pinnace/banned.h"

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

/* One heap of two, of which neither has a sibling. */
static struct timer *join(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    struct timer *first = is_before(b, a) ? b : a, *second = first == a ? b : a;
    second->next = first->child;
    if (first->child)
        first->child->previous = second;
    second->previous = first;
    first->child = second;
    return first;
}

static struct timer *take_sibling(struct timer **list)
{
    struct timer *timer = *list;
    if (!timer)
        return NULL;
    *list = timer->next;
    timer->next = timer->previous = NULL;
    return timer;
}

/* One heap of many siblings: by twos from the left, then all of these from the right. */
static struct timer *join_all(struct timer *list)
{
    struct timer *pairs = NULL, *whole = NULL;
    while (list) {
        struct timer *a = take_sibling(&list), *b = take_sibling(&list);
        struct timer *pair = join(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs)
        whole = join(whole, take_sibling(&pairs));
    return whole;
}

static void unlink_timer(struct timer *timer)
{
    if (timer->previous->child == timer)
        timer->previous->child = timer->next;
    else
        timer->previous->next = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
}

void timer_clear(struct timers *timers, struct timer *timer)
{
    if (!timer->set)
        return;
    struct timer *behind = join_all(timer->child);
    if (timers->first == timer) {
        timers->first = behind;
    } else {
        unlink_timer(timer);
        timers->first = join(timers->first, behind);
    }
    timer->child = timer->next = timer->previous = NULL;
    timer->set = false;
}

void timer_set(struct timers *timers, struct timer *timer, int64_t due)
{
    timer_clear(timers, timer);
    timer->due = due;
    timer->order = timers->order++;
    timer->set = true;
    timers->first = join(timers->first, timer);
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
    uint64_t end = timers->order;
    while (timers->first && timers->first->due <= now && timers->first->order < end) {
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
