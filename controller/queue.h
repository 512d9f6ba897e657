/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue: what is to be looked at, each thing once, in the order in which it came. One that is busy is
 * looked at again when it is done, if something came up meanwhile. Few are busy at a time, so that an
 * API server is not run over; one that waits for a slow answer keeps one place, not the others up.
 */
#ifndef PINNACE_CONTROLLER_QUEUE_H
#define PINNACE_CONTROLLER_QUEUE_H

#include "pinnace/timers.h"

struct queue;

struct work {
    struct queue *queue;
    struct work *next;
    bool queued, busy, again;
    struct timer later;
    struct backoff backoff;
    int64_t not_before; /* after a failure */
};

struct queue {
    struct timers *timers;
    struct work *first, **tail;
    struct timer run;
    size_t length;
    unsigned busy, most; /* that are at a time */
    /* Ends with the work as it was, or busy: then queue_done is called later. */
    void (*take)(struct work *work);
};

void queue_begin(struct queue *queue, struct timers *timers, unsigned most,
                 void (*take)(struct work *work));
/* Nothing that was added is taken any more. */
void queue_end(struct queue *queue);

void work_begin(struct work *work, struct queue *queue);
void work_end(struct work *work);

/* Now, or at the latest in so many milliseconds. */
void queue_add(struct work *work);
void queue_add_in(struct work *work, int64_t wait_ms);
/* It failed: later and later. at_least_ms: as somebody has asked for. */
void queue_add_after_failure(struct work *work, int64_t at_least_ms);
/* What failed is forgotten: it went well, or a person has changed what it is about. */
void work_forgive(struct work *work);

void queue_busy(struct work *work);
void queue_done(struct work *work);

#endif
