/* SPDX-License-Identifier: Apache-2.0 */
/* follow: see the header. */
#include "follow.h"

#include <stdio.h>

#include "pinnace/banned.h"

enum { OBJECT_MAX_BYTES = 4 * 1024 * 1024 };

void follow_set(struct follow *follow, struct str json)
{
    follow->json.len = 0;
    if (!bytes_add(&follow->json, json))
        follow->json.len = 0;
}

static void list_begins(void *context)
{
    struct follow *follow = context;
    follow->seen = false;
}

static void object_came(void *context, enum kube_change change, struct str json)
{
    struct follow *follow = context;
    follow_set(follow, change == KUBE_DELETED ? STR_NONE : json);
    follow->seen = true;
    if (change != KUBE_LISTED)
        follow->changed(follow->context);
}

static void list_is_whole(void *context)
{
    struct follow *follow = context;
    if (!follow->seen)
        follow_set(follow, STR_NONE);
    follow->whole = true;
    follow->changed(follow->context);
}

/*
 * A watch that ends now and then is how it goes; what does not pass by itself, or goes on
 * for long, is for a person, unless
 * it is of an API server that has just begun and does not yet know who may what.
 */
static void trouble_came(void *context, const struct kube_error *error, int64_t again_ms)
{
    const struct follow *follow = context;
    const struct log_field fields[] = {
        LOG_TEXT("object", str_of(follow->name)),
        LOG_TEXT("error", str_of(error->text)),
        LOG_NUMBER("againMs", again_ms),
    };
    bool passing = kube_fault_is_passing(error->fault) &&
                   kube_watch_failures(follow->watch) < KUBE_WATCH_FAILURES;
    log_write(follow->log, passing ? LOG_INFO : LOG_WARNING, "watch trouble", fields, 3);
}

int follow_start(struct follow *follow, struct kube *kube, struct kube_resource resource,
                 struct str namespace, struct err *err)
{
    const struct kube_watch_handlers handlers = {.begin = list_begins,
                                                 .object = object_came,
                                                 .whole = list_is_whole,
                                                 .trouble = trouble_came,
                                                 .context = follow};
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024);
    char query[160];
    /* By its name, so that a right on that one object is enough. */
    snprintf(query, sizeof(query), "?fieldSelector=metadata.name%%3D%s", follow->name);
    follow->json = BYTES_INIT(OBJECT_MAX_BYTES);
    struct str path = kube_path(&arena, resource, namespace, STR_NONE, query);
    return kube_watch_start(kube, path, &handlers, &follow->watch, err);
}

void follow_stop(struct follow *follow)
{
    kube_watch_stop(&follow->watch);
    bytes_free(&follow->json);
}
