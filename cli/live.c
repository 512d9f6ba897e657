/* SPDX-License-Identifier: Apache-2.0 */
/* live: see the header. */
#include "live.h"

#include "trackaccess.h"

#include "pinnace/kubeconfig.h"
#include "pinnace/object.h"
#include "pinnace/watch.h"

#include "pinnace/banned.h"

enum { PATIENCE_MS = 2000 };

static const struct kube_resource namespaces = {"/api/v1", "namespaces"};

void live_contexts(const struct kube_options *access, struct arena *arena, live_name *name,
                   void *context)
{
    struct kubeconfig config = {0};
    struct err err;
    bool found;
    if (kube_files_find(access, arena, &config, &found, &err) < 0)
        return;
    for (struct kubeconfig_entry *entry = config.contexts; entry; entry = entry->next)
        if (kubeconfig_find(config.contexts, entry->name) == entry)
            name(context, entry->name);
}

/* Out of the API server's memory, so that no Tab costs it a look at its storage. */
static void live_objects(const struct kube_options *access, struct kube_resource resource,
                         bool in_namespace, struct arena *arena, live_name *name, void *context)
{
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct kube_options hurried = *access;
    struct kube_request asking = {.verb = KUBE_GET};
    struct kube_error error;
    struct watch_page page;
    struct object object;
    struct str body;
    struct err err;
    hurried.in_all_ms = PATIENCE_MS;
    if (cluster_open(&cluster, &hurried, &err) < 0)
        return;
    asking.path = kube_path(arena, resource, in_namespace ? kube_namespace(cluster.kube) : STR_NONE,
                            STR_NONE, "?resourceVersion=0");
    if (kube_ask(cluster.kube, &asking, arena, &body, &error) < 0 ||
        watch_page_read(body, arena, &page, &err) < 0)
        return;
    for (size_t i = 0; i < page.count; i++)
        if (object_read(page.items[i], arena, &object, &err) == 0)
            name(context, object.name);
}

void live_namespaces(const struct kube_options *access, struct arena *arena, live_name *name,
                     void *context)
{
    live_objects(access, namespaces, false, arena, name, context);
}

void live_tracks(const struct kube_options *access, struct arena *arena, live_name *name,
                 void *context)
{
    live_objects(access, track_resource, true, arena, name, context);
}
