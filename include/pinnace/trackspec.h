/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackspec: what a Track is told to do: one image in one environment. What cannot be meant is
 * refused, with the field and the reason, wherever it comes from.
 */
#ifndef PINNACE_TRACKSPEC_H
#define PINNACE_TRACKSPEC_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/imageref.h"
#include "pinnace/tagselect.h"

enum {
    TRACK_MAX_BYTES = 1024 * 1024,
    TRACK_TARGETS_MAX = 16,
    TRACK_KEEP_MAX = 50,
    TRACK_TEXT_MAX = 1024, /* of a reason or of who gave it */
};

enum target_kind {
    TARGET_DEPLOYMENT,
    TARGET_STATEFUL_SET,
    TARGET_DAEMON_SET,
    TARGET_CRON_JOB,
    TARGET_KINDS,
};

/* "Deployment" */
extern const struct str target_kind_names[TARGET_KINDS];

struct trackspec_target {
    enum target_kind kind;
    struct str name;
    struct str container; /* .len 0: all, init containers too, that use the repository */
};

/*
 * What a person said, and who. Promotions, approvals and resumptions are heard once: whoever says
 * one again says when (at), so that it is another word.
 */
struct track_word {
    bool said;
    struct str digest, reason, by;
    int64_t at; /* 0: not told */
};

/* Times are seconds. */
struct trackspec {
    struct str namespace, name, uid, resource_version;
    int64_t generation, created;
    bool deleted; /* it only waits for its end */

    struct imageref image; /* the repository */
    struct tag_follow follow;
    struct str range, regex; /* as they were written: "semver" and "pattern" */

    struct { /* only bytes that ran healthy there for so long; .track.len 0: any */
        struct str namespace, track;
        int64_t soak;
    } from;

    bool manual; /* each move waits for a person's word */
    struct trackspec_target targets[TRACK_TARGETS_MAX];
    size_t target_count;
    int64_t deadline, soak; /* of a rollout */
    bool hold_on_failure;   /* else it goes back by itself, once */
    int64_t interval;       /* between two looks into the registry */
    unsigned keep;          /* so many rows of the ledger */
    bool protect;           /* the registry is to keep their bytes too */
    bool suspend;

    struct track_word hold;    /* run this until it is taken away: a rollback, that sticks */
    struct track_word approve; /* this one may go, and is no longer quarantined */
    struct track_word promote; /* this one now: past the soak, never past integrity */
    struct track_word resume;  /* go on by yourself again: no digest; settles drift and a stop */
};

/*
 * Whether two targets that name one workload may mean one container of it: .len 0 means those of the
 * repository, so the other's must be that.
 */
bool containers_meet(struct str container, const struct imageref *image, struct str other_container,
                     const struct imageref *other_image);

/*
 * Reads a Track as the API server shows it. The strings are in the arena, or parts of json, which
 * must live as long.
 */
int trackspec_read(struct str json, struct arena *arena, struct trackspec *ret_spec,
                   struct err *err);

#endif
