/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers: what a loop is to do later. Times are milliseconds on any clock that never goes back;
 * whoever drives the loop brings it. Thousands of them cost no more than a few: they stand in a
 * pairing heap.
 */
#ifndef PINNACE_TIMERS_H
#define PINNACE_TIMERS_H

#include <stdint.h>

#include "pinnace/str.h"

/* Lives in whatever it belongs to, which clears it before it ends. */
struct timer {
    void (*fire)(void *context);
    void *context;
    int64_t due;
    uint64_t order;             /* of those due at the same time, that they were set in */
    struct timer *child, *next; /* the first of those behind it, and its sibling */
    struct timer *previous;     /* the sibling before it or, of the first, the parent */
    bool set;
};

struct timers {
    struct timer *first;
    uint64_t order;
};

/* Sets it, or sets it anew. */
void timer_set(struct timers *timers, struct timer *timer, int64_t due);
void timer_clear(struct timers *timers, struct timer *timer);

/* How long from now until one is due, 0 if one is, at most most. */
int64_t timers_wait(const struct timers *timers, int64_t now, int64_t most);

/* Fires what is due; a timer may set itself and others anew, for later turns. */
void timers_fire(struct timers *timers, int64_t now);

/* How long to wait before trying again: twice as long each time, up to a ceiling, never at the
 * same moment as all the others who lost the same server. random is any number. */
struct backoff {
    unsigned failures;
};

enum { BACKOFF_FIRST_MS = 500, BACKOFF_MOST_MS = 30000 };

int64_t backoff_next(struct backoff *backoff, uint32_t random);

#endif
