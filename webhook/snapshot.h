/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot: what requests are judged by at one moment: policy and ledger, never changed once it is
 * published. Whoever learns of something new builds a whole new one; a request keeps the one it
 * began with until its answer is written.
 */
#ifndef PINNACE_WEBHOOK_SNAPSHOT_H
#define PINNACE_WEBHOOK_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "pinnace/ledger.h"
#include "pinnace/policy.h"

struct snapshot {
    struct arena arena; /* holds all that the two point to */
    struct policy policy;
    struct ledger ledger;
    bool has_ledger;
    size_t references; /* guarded by the lock of the snapshots */
};

struct snapshots {
    pthread_mutex_t lock;
    struct snapshot *current; /* NULL before the first one */
    _Atomic int64_t fresh_at; /* on clock_boot_ms: when this was last known to be right; 0: never */
};

void snapshots_init(struct snapshots *snapshots);
/* No request may hold one any more. */
void snapshots_destroy(struct snapshots *snapshots);

/* An empty one with the built-in policy, owned by the caller until it is published or freed. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot **snapshot);

/* Takes it over: it is in force from now on, and the one before goes when nobody holds it. */
void snapshots_publish(struct snapshots *snapshots, struct snapshot *snapshot);

/* The one in force, or NULL; give it back with snapshots_release, which accepts NULL. */
struct snapshot *snapshots_take(struct snapshots *snapshots);
void snapshots_release(struct snapshots *snapshots, struct snapshot *snapshot);

#endif
