/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot: see the header. */
#include "snapshot.h"

#include <stdlib.h>

#include "pinnace/banned.h"

enum { SNAPSHOT_MAX_BYTES = 256 * 1024 * 1024 };

void snapshots_init(struct snapshots *snapshots)
{
    *snapshots = (struct snapshots){.current = NULL};
    pthread_mutex_init(&snapshots->lock, NULL);
}

void snapshots_destroy(struct snapshots *snapshots)
{
    snapshot_free(&snapshots->current);
    pthread_mutex_destroy(&snapshots->lock);
}

struct snapshot *snapshot_new(void)
{
    struct snapshot *snapshot = malloc(sizeof(*snapshot));
    if (snapshot)
        *snapshot = (struct snapshot){
            .arena = ARENA_INIT(SNAPSHOT_MAX_BYTES), .policy = policy_builtin, .references = 1};
    return snapshot;
}

void snapshot_free(struct snapshot **snapshot)
{
    if (!*snapshot)
        return;
    arena_free(&(*snapshot)->arena);
    free(*snapshot);
    *snapshot = NULL;
}

void snapshots_publish(struct snapshots *snapshots, struct snapshot *snapshot)
{
    pthread_mutex_lock(&snapshots->lock);
    struct snapshot *before = snapshots->current;
    snapshots->current = snapshot;
    pthread_mutex_unlock(&snapshots->lock);
    snapshots_release(snapshots, before);
}

struct snapshot *snapshots_take(struct snapshots *snapshots)
{
    pthread_mutex_lock(&snapshots->lock);
    struct snapshot *snapshot = snapshots->current;
    if (snapshot)
        snapshot->references++;
    pthread_mutex_unlock(&snapshots->lock);
    return snapshot;
}

void snapshots_release(struct snapshots *snapshots, struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    pthread_mutex_lock(&snapshots->lock);
    size_t left = --snapshot->references;
    pthread_mutex_unlock(&snapshots->lock);
    if (left == 0)
        snapshot_free(&snapshot);
}
