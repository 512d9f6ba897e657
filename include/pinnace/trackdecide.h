/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackdecide: what a Track does next. Everything that is known goes in, at most one step comes out;
 * when it is done, or has failed, the question is asked anew. What a step rests on has been written
 * before it is taken, to the book or, if it is a hold, to the spec, so that whoever takes over at any
 * moment comes to the same end, and nothing is rolled twice.
 */
#ifndef PINNACE_TRACKDECIDE_H
#define PINNACE_TRACKDECIDE_H

#include "pinnace/protect.h"
#include "pinnace/rollout.h"
#include "pinnace/trackbook.h"

/* A target as it stands in the cluster, in the order of the spec. */
struct target_facts {
    const struct workload_facts *workload; /* NULL: there is none */
    bool pods_known;                       /* else it is asked to follow them */
    const struct pod_facts *pods;
    size_t pod_count;
};

enum presence { PRESENCE_UNKNOWN, PRESENCE_THERE, PRESENCE_GONE };

/* What STEP_ASK brought; it is kept for a minute or so, and UNKNOWN as long as is waited to retry. */
struct presence_fact {
    struct str digest;
    enum presence presence; /* PRESENCE_UNKNOWN: asked, but nobody could tell */
};

/* What the registry said last. */
struct registry_facts {
    int64_t at;                             /* when it last answered in full; 0: never */
    struct str error;                       /* of the last try, a sentence; .len 0: it went well */
    struct str tag, digest;                 /* what is followed; .len 0: nothing fits */
    struct str running_tag, running_digest; /* what the tag that ran as it was asked means by now */
    bool running_tag_gone;                  /* it is missing from the list */
    int64_t revision;                       /* of what ran by the book as it was asked */
    const struct presence_fact *asked;      /* digests that were asked for by themselves */
    size_t asked_count;
};

/* The Track that spec.from names. */
struct source_facts {
    bool known; /* the list of Tracks has come */
    const struct trackspec *spec;
    const struct trackbook *book; /* NULL: there is none */
};

struct track_facts {
    const struct trackspec *spec;
    const struct trackspec *const *beside; /* Tracks with a target of the same name and kind */
    size_t beside_count;
    const struct trackbook *book;
    const struct target_facts *targets; /* spec->target_count of them */
    struct registry_facts registry;
    struct source_facts source;
    const struct str *awaited; /* digests that Tracks downstream wait for: their soak is finished */
    size_t awaited_count;
    int64_t proof_wanted; /* seconds: the longest soak of Tracks downstream; 0: there are none */
    int64_t now;
    int64_t following_since; /* the targets: what was before counts on no deadline */
    struct str apply_error;  /* of the last STEP_APPLY, a sentence; .len 0: it went well */
    struct protect_facts protect;
    const struct protect_other
        *sharing; /* other Tracks of the repository, if protect_asks_others */
    size_t sharing_count;
};

enum track_step {
    STEP_REST,  /* nothing to do before again_at, or until something changes */
    STEP_WRITE, /* the book, as the status of the Track, if nobody has written it meanwhile */
    STEP_APPLY, /* the image into one target's containers, if that is still the same object */
    STEP_ASK,   /* the registry whether it has a digest */
};

enum { DECISION_EVENTS_MAX = 6 };

struct track_event {
    const char *reason; /* "RollingOut", a literal */
    bool warning;
    bool on_targets; /* on the workloads too */
    struct str text;
};

struct track_decision {
    enum track_step step;
    struct trackbook *book;   /* as it is, or is to be written; in the arena */
    size_t target;            /* STEP_APPLY: which, with what */
    struct str image, digest; /* "repo:tag@digest"; STEP_ASK: the digest */
    int64_t revision;
    struct track_event events[DECISION_EVENTS_MAX]; /* told when the book is written */
    size_t event_count;
    int64_t again_at; /* STEP_REST: seconds since 1970; 0: only when something changes */
    bool follow_pods; /* the pods of the targets count now */
    bool look_anew;   /* what the registry said last was asked while something else ran */
    struct protect_job
        protect; /* not for STEP_WRITE; it is done beside the step, which never waits */
};

/* All strings of the decision are in the arena, or those of the facts. */
int track_decide(const struct track_facts *facts, struct arena *arena,
                 struct track_decision *ret_decision, struct err *err);

#endif
