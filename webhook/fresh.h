/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fresh: what the ledger of one namespace is at this very moment, asked of the API server before a
 * pod is refused as not released: this replica may have heard of the release later than others.
 * Whoever asks while another asks for the same namespace shares the next answer: none is older than
 * the question.
 */
#ifndef PINNACE_WEBHOOK_FRESH_H
#define PINNACE_WEBHOOK_FRESH_H

#include <pthread.h>

#include "pinnace/httpd.h"
#include "pinnace/kube.h"

#include "counters.h"
#include "snapshot.h"

struct fresh_read;
struct fresh_round;

struct fresh {
    struct kube *kube;
    struct snapshots *snapshots;
    struct counters *counters;
    pthread_mutex_t lock; /* of inbox and stopped */
    struct fresh_read *inbox;
    bool stopped;
    struct fresh_round *rounds; /* the loop's alone, as is their number */
    size_t count;
};

void fresh_init(struct fresh *fresh, struct kube *kube, struct snapshots *snapshots,
                struct counters *counters);

/* By the loop's thread: takes up what others have begun. */
void fresh_turn(struct fresh *fresh);
/* Ends what is under way; new ones end as they begin. */
void fresh_stop(struct fresh *fresh);
/* When no request can hold one any more. */
void fresh_destroy(struct fresh *fresh);

/* NULL when there is no memory. */
struct fresh_read *fresh_read_new(struct fresh *fresh, struct str namespace);
/* waiting is resumed when there is a result. */
void fresh_read_begin(struct fresh_read *read, struct httpd_waiting *waiting);
/* The namespace's Tracks, all of them, and live revisions of their targets; NULL: they could not be read. */
const struct ledger *fresh_read_ledger(const struct fresh_read *read);
/* What is missing of that, a sentence; .len 0: nothing. */
struct str fresh_read_trouble(const struct fresh_read *read);
void fresh_read_free(struct fresh_read *read);

#endif
