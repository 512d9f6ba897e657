/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collection: the objects of one kind by namespace and name, as the cluster shows them, or those of
 * them that somebody wants. What is newer, by a list, a change or the answer to a write of our own,
 * takes the place of what is older, never the other way round.
 */
#ifndef PINNACE_CONTROLLER_COLLECTION_H
#define PINNACE_CONTROLLER_COLLECTION_H

#include "pinnace/kubewatch.h"
#include "pinnace/log.h"
#include "pinnace/objectmeta.h"
#include "pinnace/shelf.h"

/* One block: itself and its strings. */
struct kept {
    struct shelf_key key;
    struct str uid, version;
    struct str json; /* without managedFields */
    void *owner;     /* what belongs to the object, whatever it looks like; at first NULL */
    int64_t set_at;  /* clock_boot_ms, as all times here */
    bool seen;       /* in the list that is coming */
};

struct collection {
    struct kube *kube;
    struct log *log;
    const char *name; /* for the log */
    struct kube_watch *watch;
    struct kept **items; /* in the order of their keys */
    size_t count, room;
    bool whole;       /* a list has come to its end */
    int64_t begun_at; /* when the last one began */

    bool (*wants)(void *context, const struct object_meta *meta); /* NULL: all of them */
    /* It is another than before, or gone: then it ends with the call. */
    void (*changed)(void *context, struct kept *kept, bool gone);
    void (*came_whole)(void *context); /* may be NULL */
    void *context;
};

/* All but the watch, the items and the times is set before. */
int collection_start(struct collection *collection, struct str path, struct err *err);
void collection_stop(struct collection *collection);

/* NULL when it is not there, or not wanted. */
struct kept *collection_find(const struct collection *collection, struct shelf_key key);

/* What an answer of the API server shows. */
int collection_put(struct collection *collection, struct str json, struct err *err);
/* What is not there, or no longer of interest; changed is called if it was. */
void collection_remove(struct collection *collection, struct shelf_key key);

#endif
