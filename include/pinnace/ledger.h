/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: what the controller has released, as it stands in the status of the Tracks, and the
 * workloads that still hold what it released before. "kubectl get tracks,replicasets -o yaml" is
 * one. Read once, then never changed.
 */
#ifndef PINNACE_LEDGER_H
#define PINNACE_LEDGER_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/imageref.h"
#include "pinnace/object.h"

enum { LEDGER_MAX_BYTES = 2 * 1024 * 1024 };

/* Bytes that ran or run under a tag. */
struct ledger_row {
    struct ledger_row *next;
    struct str tag, digest;
    struct str moved_to; /* what the tag means in the registry by now, if that is something else */
    bool released;       /* in its rollout, healthy or adopted, and not quarantined */
};

struct track_target {
    const struct track_target *next;
    struct str kind, name, container; /* container: .len 0 for all that use the repository */
};

struct track {
    const struct track *next;
    struct str namespace, name;
    struct imageref image;                 /* the repository it follows */
    struct str follow_tag;                 /* .len 0: it follows versions */
    struct str from_namespace, from_track; /* whose proof it waits for; .len 0: nobody's */
    struct str current;            /* the digest it runs now; .len 0 when there is none yet */
    const struct ledger_row *rows; /* newest first */
    const struct track_target *targets;
};

/* A workload that is there, or the revision of one that its pods may still run. */
struct workload {
    const struct workload *next;
    struct object object;
};

struct ledger {
    const struct track *tracks;
    const struct workload *workloads;
};

/*
 * Reads one object, a Track or a workload, into *ledger; on failure it is unchanged. json must
 * live as long as the ledger, as the arena must.
 */
int ledger_add(struct ledger *ledger, struct str json, struct arena *arena, struct err *err);

/*
 * The same for an item of a list, which is what the list's kind says: items of built-in kinds do not
 * tell it themselves.
 */
int ledger_add_listed(struct ledger *ledger, struct str api_version, struct str kind,
                      struct str json, struct arena *arena, struct err *err);

/* Whether a live revision of a target, or a target itself: a ledger of the namespace is not whole without it. */
bool ledger_wants(const struct ledger *ledger, const struct object *object);

/*
 * base with what is known anew of one namespace: its Tracks are those of fresh alone, as workloads
 * are. Both must live as long as *ret_ledger.
 */
int ledger_refresh(const struct ledger *base, const struct ledger *fresh, struct str namespace,
                   struct arena *arena, struct ledger *ret_ledger, struct err *err);

/* The Track as JSON with nothing but what a ledger keeps of it: ledger_add reads the same again. */
void buf_add_track(struct buf *buf, const struct track *track);

/* An image in its object: what the ledger is asked about. */
struct ledger_query {
    struct str namespace;
    const struct object *object;
    struct str container;
    const struct imageref *ref;
};

/*
 * The Track of the namespace that follows the image's repository, or NULL. Of several that counts
 * which has the object among its targets, then one that released the digest.
 */
const struct track *ledger_track(const struct ledger *ledger, const struct ledger_query *query);

/* The Track that names this very container as its target, whatever image that has; or NULL. */
const struct track *ledger_track_of(const struct ledger *ledger, const struct ledger_query *query);

/* The newest row of the repository with the tag, from this namespace's Tracks before others'. */
const struct ledger_row *ledger_tag(const struct ledger *ledger, const struct ledger_query *query);

/* Whether some row says that the tag means the digest, or once did. */
bool ledger_tag_meant(const struct ledger *ledger, const struct imageref *ref);

/* The row of the digest that the Track runs now, or NULL. */
const struct ledger_row *track_current(const struct track *track);

/* Whether the bytes may run: by the Track's rows, or since a live revision of a target holds them. */
bool ledger_released(const struct ledger *ledger, const struct track *track, struct str digest);

/*
 * False when the workload that owns the object is known and its template has no container of this
 * name: somebody put it into the pod on its way.
 */
bool ledger_owner_has(const struct ledger *ledger, const struct ledger_query *query,
                      const struct image_site *site);

#endif
