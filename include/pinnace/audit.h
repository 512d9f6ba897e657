/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: what is in a cluster against the levels. Objects come one by one; what one workload's
 * template, its revisions and their pods say alike becomes one row of that workload.
 */
#ifndef PINNACE_AUDIT_H
#define PINNACE_AUDIT_H

#include "pinnace/judge.h"

struct audit_row {
    struct audit_row *next; /* in the audit's order */
    struct audit_row *next_in_bucket;
    struct str namespace, kind, name; /* of the workload: the owner of the owner of a pod */
    enum level level;
    enum image_list list;
    struct str container, image;
    enum reason reason;
    struct str sentence;
    bool exempt;
    bool in_template; /* what the workload makes by now, not only what it made once */
    size_t pods;      /* that have it */
    struct str runs;  /* "REPOSITORY:TAG@DIGEST" of the bytes that run; .len 0: not known */
};

struct audit_namespace {
    struct audit_namespace *next;
    struct str name;
    enum level level;
};

struct audit_link;

enum { AUDIT_BUCKETS = 4096 };

struct audit {
    struct arena *arena;
    const struct policy *policy;
    const struct ledger *ledger;
    int64_t now;
    bool has_level; /* else the namespace's label says it */
    enum level level;
    size_t namespaces, workloads, images, findings;
    size_t unread;          /* lists that could not be read; whoever adds things counts them */
    struct audit_row *rows; /* not exempt ones alone count as findings */
    struct audit_namespace *known;
    struct audit_row *row_buckets[AUDIT_BUCKETS];
    struct audit_link *link_buckets[AUDIT_BUCKETS];
};

/* arena, policy, ledger, now and perhaps the level are set before; what is added stays the audit's. */

/* A namespace comes before what is in it: its strictest level, or "pinned" when it has none. */
int audit_add_namespace(struct audit *audit, struct str json, struct err *err);

/*
 * An object of a kind that makes pods, or a pod. ReplicaSets and Jobs come before the rest, so that
 * their pods are counted with those who own them.
 */
int audit_add_object(struct audit *audit, const struct kind *kind, struct str json,
                     struct err *err);

/* Leaves the rows of what workloads make by now: what could not be made again. Nothing is added after. */
void audit_forget_old(struct audit *audit);

/* By namespace, kind, name and container. */
int audit_sort(struct audit *audit, struct err *err);

#endif
