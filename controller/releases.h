/* SPDX-License-Identifier: Apache-2.0 */
/*
 * releases: the leader's second duty: Tracks. Facts are gathered by watches and polls, track_decide
 * says what comes next, and that one thing is done; then the question is asked anew. A standby keeps
 * its watches warm and asks no registry.
 */
#ifndef PINNACE_CONTROLLER_RELEASES_H
#define PINNACE_CONTROLLER_RELEASES_H

#include "pinnace/pushevent.h"

#include "events.h"
#include "leader.h"
#include "tracked.h"

/* Since the beginning. */
struct release_counts {
    uint64_t polls, failed_polls, status_writes, applies, refused_applies, conflicts, unreadable;
    uint64_t rollouts, rollbacks, failures; /* rows of ledgers that began, and how they ended */
};

struct releases {
    struct kube *kube;
    struct log *log;
    const struct leader *leader;
    struct registry *registry;
    bool pull_secrets;     /* we may read those of targets */
    bool account_identity; /* we may speak for the accounts of their pods */

    struct collection tracks;
    struct workloads workloads;
    struct queue queue, archive; /* Tracks, and their histories */
    struct queue protection;     /* what registries are to keep for them */
    struct events events;
    struct release_counts counts;
    int64_t clock_ahead_ms; /* the wall clock, of the one that never jumps, at the last look */
    bool leads;
    unsigned term; /* counts the times that we came to lead */
};

/* The first six are set before. */
int releases_start(struct releases *releases, struct err *err);
void releases_stop(struct releases *releases);

/* We lead now, or no longer. */
void releases_lead(struct releases *releases, bool leads);
/* The API server was away: what our watches should have brought meanwhile may come late, or never. */
void releases_ask_again(struct releases *releases);

/* Somebody says that something was pushed: those who may wait for it look now. */
void releases_hint(struct releases *releases, const struct push_hint *hint);

/* What a call may take; 0: none may be begun. */
int releases_left_ms(const struct releases *releases);

void releases_log(const struct tracked *tracked, enum log_severity severity, const char *event,
                  const char *key, struct str text);

#endif
