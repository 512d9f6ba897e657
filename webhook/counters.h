/* SPDX-License-Identifier: Apache-2.0 */
/* counters: what the webhook counts of its own work, and how that is shown. */
#ifndef PINNACE_WEBHOOK_COUNTERS_H
#define PINNACE_WEBHOOK_COUNTERS_H

#include <stdatomic.h>

#include "pinnace/metrics.h"
#include "pinnace/review.h"

enum counted_verdict {
    COUNTED_ALLOWED,
    COUNTED_EXEMPT,
    COUNTED_VIOLATION, /* against the level, let in since the mode only tells */
    COUNTED_REFUSED,
    COUNTED_VERDICTS,
};

/* Requests that got no verdict, by what was answered instead. */
enum counted_error {
    ERROR_NOT_FOUND,
    ERROR_METHOD,
    ERROR_TYPE,
    ERROR_BAD_REVIEW,
    ERROR_NO_MEMORY,
    ERROR_INTERNAL,
    COUNTED_ERRORS,
};

enum {
    LEVEL_UNKNOWN = LEVELS, /* as a level that is none */
    LATENCIES = 10,
};

struct counters {
    _Atomic uint64_t requests[MODES][LEVELS + 1][COUNTED_VERDICTS];
    _Atomic uint64_t reasons[REASONS];
    _Atomic uint64_t objects[SUBJECTS][2]; /* by whether they were let in */
    _Atomic uint64_t applies[2];           /* by whether an image was put in place */
    _Atomic uint64_t errors[COUNTED_ERRORS];
    _Atomic uint64_t latency[LATENCIES + 1], latency_sum;
    _Atomic uint64_t reloads, failed_reloads; /* of the snapshot */
    _Atomic uint64_t fresh_reads[2];          /* by whether all was read */
    _Atomic uint64_t bad_objects;             /* that are there now; what they said before counts */
    _Atomic uint64_t watch_failures;          /* of following the cluster; it is tried again */
    _Atomic uint64_t longest_turn_ms;         /* of the loop, in the last minute */
};

void counters_add_answer(struct counters *counters, const struct review_path *path,
                         const struct review_outcome *outcome, uint64_t nanoseconds);

static inline void counter_add(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void counters_write(struct counters *counters, struct buf *out);

#endif
