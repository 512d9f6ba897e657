/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workloads: what Tracks have as their targets, of all the workloads of a cluster. The four kinds are
 * followed as a whole, for one list and one stream each; kept is only what somebody wants.
 */
#ifndef PINNACE_CONTROLLER_WORKLOADS_H
#define PINNACE_CONTROLLER_WORKLOADS_H

#include "pinnace/bytes.h"
#include "pinnace/trackspec.h"

#include "collection.h"

struct workloads;
struct wanted;
struct tracked;

/* One target of one Track: it wants a workload, whether there is one or not. */
struct target {
    struct tracked *tracked;
    struct wanted *wanted;
    struct target *next; /* who wants the same */
    struct collection pods;
    struct bytes pods_path, pods_uid; /* .len 0: they are not followed */
};

/* Asked for by itself when it was not yet wanted as the cluster's lists came. */
struct wanted {
    struct workloads *workloads;
    enum target_kind kind;
    struct shelf_key key; /* behind this */
    struct target *targets;
    bool known; /* whether there is one */
    struct kube_call *call;
    struct timer again;
    struct backoff backoff;
};

struct workloads_kind {
    struct workloads *workloads;
    enum target_kind kind;
    struct collection objects;
    struct wanted **wanted; /* in the order of their keys */
    size_t count, room;
};

struct workloads {
    struct kube *kube;
    struct log *log;
    bool started;
    struct workloads_kind kinds[TARGET_KINDS];
    void (*changed)(void *context, const struct target *target);
    void *context;
};

struct kube_resource workload_resource(enum target_kind kind);
/* "apps/v1" */
struct str workload_api_version(enum target_kind kind);

/* kube, log, changed and context are set before this. */
void workloads_begin(struct workloads *workloads);
/* Whatever is wanted sooner comes with the lists. */
int workloads_start(struct workloads *workloads, struct err *err);
void workloads_stop(struct workloads *workloads);
/* See kube_watch_ask_again. */
void workloads_ask_again(struct workloads *workloads);

int workloads_want(struct workloads *workloads, enum target_kind kind, struct shelf_key key,
                   struct target *target, struct err *err);
void workloads_leave(struct target *target);

/* NULL: there is none, if target->wanted->known. */
const struct kept *target_workload(const struct target *target);
/* What a watch has brought of it, or of its pods, may not be so any more. */
bool target_is_behind(const struct target *target);
/* What the answer to a write has. */
int target_put(const struct target *target, struct str json, struct err *err);
/* What we know of it is wrong: it is asked for. */
void target_doubt(const struct target *target);

#endif
