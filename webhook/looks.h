/* SPDX-License-Identifier: Apache-2.0 */
/*
 * looks: what is in a namespace that is about to get a level, asked of the API server at that very
 * moment, by the loop of cluster.h. A few at a time, none for long: it is for a warning only.
 */
#ifndef PINNACE_WEBHOOK_LOOKS_H
#define PINNACE_WEBHOOK_LOOKS_H

#include <pthread.h>

#include "pinnace/httpd.h"
#include "pinnace/kube.h"
#include "pinnace/objectreview.h"

#include "snapshot.h"

struct look;

struct looks {
    struct kube *kube;
    struct snapshots *snapshots;
    pthread_mutex_t lock; /* of what follows, up to running */
    struct look *inbox;
    size_t count;
    bool stopped;
    struct look *running; /* the loop's alone */
};

void looks_init(struct looks *looks, struct kube *kube, struct snapshots *snapshots);

/* By the loop's thread: takes up what others have begun. */
void looks_turn(struct looks *looks);
/* Ends those under way, the answers of which are asked for again at once; new ones end as they begin. */
void looks_stop(struct looks *looks);
/* When no request can hold one any more. */
void looks_destroy(struct looks *looks);

/* wanted has mode and level; NULL when too many are under way. */
struct look *look_new(struct looks *looks, struct str namespace, const struct nslook *wanted);
/* waiting is resumed when there is a result. */
void look_begin(struct look *look, struct httpd_waiting *waiting);
const struct nslook *look_result(const struct look *look);
void look_free(struct look *look);

#endif
