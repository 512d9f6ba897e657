/* SPDX-License-Identifier: Apache-2.0 */
/* collection: see the header. */
#include "collection.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/sorted.h"

#include "pinnace/banned.h"

enum { FIRST_ROOM = 16, META_ROOM = 16 * 1024 * 1024 };

/* --- What is kept ------------------------------------------------------------------------------ */

static int compare_keys(const void *items, size_t index, const void *key)
{
    struct kept *const *list = items;
    return shelf_key_compare(list[index]->key, *(const struct shelf_key *)key);
}

/* Where it is, or where it would be. */
static bool find(const struct collection *collection, struct shelf_key key, size_t *ret_index)
{
    return sorted_find(collection->items, collection->count, compare_keys, &key, ret_index);
}

struct kept *collection_find(const struct collection *collection, struct shelf_key key)
{
    size_t index;
    return find(collection, key, &index) ? collection->items[index] : NULL;
}

static struct str append(char **end, struct str s)
{
    struct str copy = {*end, s.len};
    if (s.len)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return copy;
}

static struct kept *new_kept(struct str json, const struct object_meta *meta)
{
    size_t bare_len = object_meta_bare_len(json, meta);
    struct kept *kept = malloc(sizeof(*kept) + meta->namespace.len + meta->name.len +
                               meta->uid.len + meta->resource_version.len + bare_len);
    if (!kept)
        return NULL;
    char *end = (char *)(kept + 1);
    *kept = (struct kept){.seen = true, .set_at = clock_boot_ms()};
    kept->key.namespace = append(&end, meta->namespace);
    kept->key.name = append(&end, meta->name);
    kept->uid = append(&end, meta->uid);
    kept->version = append(&end, meta->resource_version);
    object_meta_bare(json, meta, end);
    kept->json = (struct str){end, bare_len};
    return kept;
}

static bool make_room(struct collection *collection)
{
    if (collection->count < collection->room)
        return true;
    size_t room = collection->room ? collection->room * 2 : FIRST_ROOM;
    struct kept **items = realloc(collection->items, room * sizeof(struct kept *));
    if (!items)
        return false;
    collection->items = items;
    collection->room = room;
    return true;
}

static void remove_at(struct collection *collection, size_t index)
{
    struct kept *kept = collection->items[index];
    collection->count--;
    memmove(collection->items + index, collection->items + index + 1,
            (collection->count - index) * sizeof(struct kept *));
    collection->changed(collection->context, kept, true);
    free(kept);
}

/* What was made again under the same name is another object: what belonged to the first one ends. */
static int set(struct collection *collection, struct str json, const struct object_meta *meta,
               struct err *err)
{
    size_t index;
    bool there = find(collection, (struct shelf_key){meta->namespace, meta->name}, &index);
    struct kept *kept = new_kept(json, meta);
    if (!kept || (!there && !make_room(collection))) {
        free(kept);
        return err_no_memory(err);
    }
    if (there && !str_eq(collection->items[index]->uid, kept->uid)) {
        remove_at(collection, index);
        there = false;
    }
    if (there) {
        kept->owner = collection->items[index]->owner;
        free(collection->items[index]);
    } else {
        memmove(collection->items + index + 1, collection->items + index,
                (collection->count - index) * sizeof(struct kept *));
        collection->count++;
    }
    collection->items[index] = kept;
    collection->changed(collection->context, kept, false);
    return 0;
}

void collection_remove(struct collection *collection, struct shelf_key key)
{
    size_t index;
    if (find(collection, key, &index))
        remove_at(collection, index);
}

int collection_put(struct collection *collection, struct str json, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(META_ROOM);
    struct object_meta meta;
    if (object_meta_read(json, &arena, &meta, err) < 0)
        return -1;
    const struct kept *kept =
        collection_find(collection, (struct shelf_key){meta.namespace, meta.name});
    if (kept && object_version_older(meta.resource_version, kept->version))
        return 0;
    return set(collection, json, &meta, err);
}

/* --- What comes of the cluster ----------------------------------------------------------------- */

static void log_bad(const struct collection *collection, const struct object_meta *meta,
                    const struct err *err)
{
    const struct log_field fields[] = {
        LOG_TEXT("kind", str_of(collection->name)),
        LOG_TEXT("namespace", meta->namespace),
        LOG_TEXT("name", meta->name),
        LOG_TEXT("error", str_of(err->text)),
    };
    log_write(collection->log, LOG_ERROR, "object not usable", fields, 4);
}

/*
 * What we know may be newer than what a watch brings: the answer to a write comes sooner. A list that
 * began later has the last word in any case: after a restore, versions begin anew.
 */
static bool is_old(const struct collection *collection, enum kube_change change,
                   const struct object_meta *meta, const struct kept *kept)
{
    if (change == KUBE_LISTED && kept->set_at < collection->begun_at)
        return false;
    return object_version_older(meta->resource_version, kept->version);
}

static void object_came(void *context, enum kube_change change, struct str json)
{
    struct collection *collection = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(META_ROOM);
    struct object_meta meta = {.name = STR_NONE};
    struct err err;
    size_t index;
    if (object_meta_read(json, &arena, &meta, &err) < 0) {
        log_bad(collection, &meta, &err);
        return;
    }
    bool there = find(collection, (struct shelf_key){meta.namespace, meta.name}, &index);
    if (there && is_old(collection, change, &meta, collection->items[index])) {
        collection->items[index]->seen = true;
        return;
    }
    if (change == KUBE_DELETED) {
        if (there)
            remove_at(collection, index);
        return;
    }
    if (there && str_eq(collection->items[index]->version, meta.resource_version) &&
        str_eq(collection->items[index]->uid, meta.uid)) {
        collection->items[index]->seen = true; /* it is what we know */
        return;
    }
    if (collection->wants && !collection->wants(collection->context, &meta))
        return;
    if (set(collection, json, &meta, &err) < 0)
        log_bad(collection, &meta, &err);
}

static void list_begins(void *context)
{
    struct collection *collection = context;
    collection->begun_at = clock_boot_ms();
    for (size_t i = 0; i < collection->count; i++)
        collection->items[i]->seen = false;
}

static void list_is_whole(void *context)
{
    struct collection *collection = context;
    for (size_t i = collection->count; i > 0; i--)
        if (!collection->items[i - 1]->seen)
            remove_at(collection, i - 1);
    collection->whole = true;
    if (collection->came_whole)
        collection->came_whole(collection->context);
}

/* A watch that ends now and then is how it goes; what does not pass by itself is for a person. */
static void trouble_came(void *context, const struct kube_error *error, int64_t again_ms)
{
    const struct collection *collection = context;
    const struct log_field fields[] = {
        LOG_TEXT("kind", str_of(collection->name)),
        LOG_TEXT("error", str_of(error->text)),
        LOG_NUMBER("againMs", again_ms),
    };
    log_write(collection->log, kube_fault_is_passing(error->fault) ? LOG_INFO : LOG_WARNING,
              "watch trouble", fields, 3);
}

/* --- From outside ------------------------------------------------------------------------------ */

int collection_start(struct collection *collection, struct str path, struct err *err)
{
    const struct kube_watch_handlers handlers = {.begin = list_begins,
                                                 .object = object_came,
                                                 .whole = list_is_whole,
                                                 .trouble = trouble_came,
                                                 .context = collection};
    return kube_watch_start(collection->kube, path, &handlers, &collection->watch, err);
}

void collection_stop(struct collection *collection)
{
    kube_watch_stop(&collection->watch);
    for (size_t i = 0; i < collection->count; i++)
        free(collection->items[i]);
    free(collection->items);
    collection->items = NULL;
    collection->count = collection->room = 0;
    collection->whole = false;
}
