/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rollout: how far a workload has come with an image, as the workload itself, its Jobs and its pods
 * say. Whoever follows a cluster keeps the facts, not the objects: there are thousands of them.
 */
#ifndef PINNACE_ROLLOUT_H
#define PINNACE_ROLLOUT_H

#include "pinnace/trackspec.h"

enum { ROLLOUT_CONTAINERS_MAX = 32 };

struct workload_image {
    struct str container, image;
    bool init;
};

/* A workload that can be a target. Of a DaemonSet the numbers are those of nodes. */
struct workload_facts {
    enum target_kind kind;
    struct str namespace, name, uid, resource_version;
    int64_t generation, observed_generation;
    struct workload_image images[ROLLOUT_CONTAINERS_MAX];
    size_t image_count;
    struct str
        selector; /* of its pods, as the API takes it: "app=web,tier in (a,b)"; .len 0: none */
    struct str track, revision; /* its annotations pinnace.dev/track and pinnace.dev/revision */
    int64_t replicas;           /* wanted: of its spec, not its status */
    int64_t updated, ready, available, all;       /* as its status says */
    int64_t partition;                            /* of a StatefulSet: so many stay as they are */
    struct str current_revision, update_revision; /* of a StatefulSet; of others .len 0 */
    bool paused, on_delete, suspended;
    bool in_parallel;           /* a StatefulSet that waits for none of its pods */
    int64_t late_since;         /* its own progress deadline has passed; 0: it has not */
    struct str replica_failure; /* why pods could not be made: a quota, an admission */
};

/* All strings of facts are in the arena, or parts of json. */
int workload_read(struct str json, enum target_kind kind, struct arena *arena,
                  struct workload_facts *ret_facts, struct err *err);

/* A container of a pod. */
struct pod_image {
    struct str container, image;
    bool init;
    bool ended;       /* by its own doing: unless its pod is over it is about to be started again */
    int64_t restarts; /* by its own doing; of one that is done none */
    struct str fault; /* a sentence, when the image itself is to blame; else .len 0 */
    struct str obstacle; /* a sentence, when something else keeps it from running */
};

/* A pod or a Job of a target, by what counts of it. */
struct pod_facts {
    struct str name, uid, owner_uid;
    struct pod_image *images; /* of its spec; of a Job only their names */
    size_t image_count;
    bool ready;   /* a Job: it has succeeded */
    bool deleted; /* it only waits for its end */
    bool over;    /* it has come to its end, good or bad */
    bool begun;   /* it has its place, volumes and network: from here on the image counts */
    int64_t created_at, ready_since;
    struct str fault;    /* of a Job that failed, a sentence */
    struct str obstacle; /* a sentence, when something keeps all of it from running */
};

/* Of a pod or, which is seen by its template, a Job. */
int pod_read(struct str json, struct arena *arena, struct pod_facts *ret_facts, struct err *err);

enum rollout_state {
    ROLLOUT_OTHER,  /* the template does not have the image, or not in every container */
    ROLLOUT_UNSEEN, /* its controller has not looked at the template yet */
    ROLLOUT_UNDER_WAY,
    ROLLOUT_COMPLETE, /* all of it is new, and available */
    ROLLOUT_APPLIED,  /* nothing is to run: zero replicas, suspended */
    ROLLOUT_WAITING,  /* paused, OnDelete, a CronJob's next run: no deadline counts */
    ROLLOUT_BLOCKED,  /* not the image's fault: the deadline stands still */
    ROLLOUT_FAILED,   /* the image's own fault */
};

struct rollout {
    enum rollout_state state;
    /* ROLLOUT_UNDER_WAY: there is no pod yet that could get on, which no image can help: the
     * deadline stands still. That is so for a moment in every rollout. */
    bool unmade;
    bool sound;       /* at least one ready pod of it (of a CronJob: a Job that succeeded) */
    int64_t restarts; /* of the tracked containers of its pods, in sum, and those about to be */
    struct str why;   /* a sentence with numbers or the fault: for a condition and for people */
};

/* What counts of a target: the containers that the Track means, and what stands there. */
enum target_holds {
    HOLDS_NOTHING, /* no such container: it has vanished, or is not there yet */
    HOLDS_ONE,     /* one digest in all of them */
    HOLDS_TAG,     /* no digest of the Track's repository in some of them */
    HOLDS_SEVERAL, /* different ones */
};

/* Whether the Track means this container of the target. */
bool target_means(const struct trackspec *spec, const struct trackspec_target *target,
                  const struct workload_image *image);

/* The tag may be .len 0. The digest is set for HOLDS_ONE only. */
enum target_holds target_holds(const struct trackspec *spec, const struct trackspec_target *target,
                               const struct workload_facts *facts, struct str *ret_tag,
                               struct str *ret_digest);

/* pods: those of the workload, whatever they run. */
int rollout_read(const struct trackspec *spec, const struct trackspec_target *target,
                 const struct workload_facts *facts, const struct pod_facts *pods, size_t pod_count,
                 struct str digest, struct arena *arena, struct rollout *ret_rollout,
                 struct err *err);

#endif
