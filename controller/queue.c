/* SPDX-License-Identifier: Apache-2.0 */
/* queue: see the header. */
#include "queue.h"

#include "pinnace/clock.h"

#include "pinnace/banned.h"

enum { TURN_MS = 10 /* then others have theirs: the watches, the Lease */ };

static void run_soon(struct queue *queue)
{
    if (queue->first && queue->busy < queue->most && !queue->run.set)
        timer_set(queue->timers, &queue->run, clock_boot_ms());
}

static struct work *take_first(struct queue *queue)
{
    struct work *work = queue->first;
    queue->first = work->next;
    if (!queue->first)
        queue->tail = &queue->first;
    queue->length--;
    work->queued = false;
    return work;
}

static void run(void *context)
{
    struct queue *queue = context;
    int64_t end = clock_boot_ms() + TURN_MS;
    while (queue->first && queue->busy < queue->most && clock_boot_ms() < end) {
        struct work *work = take_first(queue);
        timer_clear(queue->timers, &work->later);
        queue->take(work);
    }
    run_soon(queue);
}

void queue_begin(struct queue *queue, struct timers *timers, unsigned most,
                 void (*take)(struct work *work))
{
    *queue = (struct queue){.timers = timers, .most = most, .take = take};
    queue->tail = &queue->first;
    queue->run = (struct timer){.fire = run, .context = queue};
}

void queue_end(struct queue *queue)
{
    if (queue->timers)
        timer_clear(queue->timers, &queue->run);
}

static void later_is_now(void *context)
{
    queue_add(context);
}

void work_begin(struct work *work, struct queue *queue)
{
    *work = (struct work){.queue = queue};
    work->later = (struct timer){.fire = later_is_now, .context = work};
}

void work_end(struct work *work)
{
    struct queue *queue = work->queue;
    timer_clear(queue->timers, &work->later);
    if (work->busy)
        queue->busy--;
    if (!work->queued)
        return;
    struct work **at = &queue->first;
    while (*at != work)
        at = &(*at)->next;
    *at = work->next;
    if (queue->tail == &work->next)
        queue->tail = at;
    queue->length--;
}

void queue_add(struct work *work)
{
    struct queue *queue = work->queue;
    if (work->busy)
        work->again = true;
    if (work->busy || work->queued)
        return;
    int64_t left_ms = work->not_before - clock_boot_ms();
    if (left_ms > 0) {
        queue_add_in(work, left_ms);
        return;
    }
    work->queued = true;
    work->next = NULL;
    *queue->tail = work;
    queue->tail = &work->next;
    queue->length++;
    run_soon(queue);
}

void queue_add_in(struct work *work, int64_t wait_ms)
{
    int64_t due = clock_boot_ms() + wait_ms;
    if (!work->later.set || work->later.due > due)
        timer_set(work->queue->timers, &work->later, due);
}

void queue_add_after_failure(struct work *work, int64_t at_least_ms)
{
    int64_t wait_ms = backoff_next(&work->backoff, random_u32());
    if (wait_ms < at_least_ms)
        wait_ms = at_least_ms;
    work->not_before = clock_boot_ms() + wait_ms;
    queue_add_in(work, wait_ms);
}

void work_forgive(struct work *work)
{
    work->backoff.failures = 0;
    work->not_before = 0;
}

void queue_busy(struct work *work)
{
    work->busy = true;
    work->queue->busy++;
}

void queue_done(struct work *work)
{
    struct queue *queue = work->queue;
    work->busy = false;
    queue->busy--;
    if (work->again) {
        work->again = false;
        queue_add(work);
    }
    run_soon(queue);
}
