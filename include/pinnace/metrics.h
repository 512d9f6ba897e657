/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: numbers as Prometheus reads them (text format 0.0.4). A family is opened once, then its
 * samples follow; nothing here counts, it only writes.
 */
#ifndef PINNACE_METRICS_H
#define PINNACE_METRICS_H

#include "pinnace/buf.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
};

struct metric_family {
    struct buf *out;
    const char *name;
};

/* help: one sentence without its full stop. */
struct metric_family metric_open(struct buf *out, const char *name, enum metric_type type,
                                 const char *help);

struct metric_label {
    const char *name;
    struct str value;
};

/* The labels of a sample, ended by one without a name; NULL for none. */
void metric_add(const struct metric_family *family, const struct metric_label *labels,
                int64_t value);

/* A family of one sample without labels. */
void metric_write(struct buf *out, const char *name, enum metric_type type, const char *help,
                  int64_t value);

/* counts[i] are those at most bounds[i] and above the bound before; the last has no bound. */
struct metric_buckets {
    const uint64_t *bounds; /* nanoseconds, rising */
    const uint64_t *counts; /* one more than bounds */
    size_t count;           /* of bounds */
    uint64_t sum;           /* nanoseconds */
};

/* As seconds. */
void metric_add_buckets(const struct metric_family *family, const struct metric_label *labels,
                        const struct metric_buckets *buckets);

#endif
