/* SPDX-License-Identifier: Apache-2.0 */
/* live: see the header. */
#include "live.h"

#include "trackaccess.h"

#include "pinnace/kubeconfig.h"
#include "pinnace/object.h"
#include "pinnace/trackword.h"
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
            name(context, entry->name, STR_NONE);
}

/* Out of the API server's memory, so that no Tab costs it a look at its storage. */
static bool ask(const struct kube_options *access, struct kube_resource resource, bool in_namespace,
                struct str name, struct arena *arena, struct str *ret_body)
{
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct kube_options hurried = *access;
    struct kube_request asking = {.verb = KUBE_GET};
    struct kube_error error;
    struct err err;
    hurried.in_all_ms = PATIENCE_MS;
    if (cluster_open(&cluster, &hurried, &err) < 0)
        return false;
    asking.path = kube_path(arena, resource, in_namespace ? kube_namespace(cluster.kube) : STR_NONE,
                            name, "?resourceVersion=0");
    return kube_ask(cluster.kube, &asking, arena, ret_body, &error) == 0;
}

static void live_objects(const struct kube_options *access, struct kube_resource resource,
                         bool in_namespace, struct arena *arena, live_name *name, void *context)
{
    struct watch_page page;
    struct object object;
    struct str body;
    struct err err;
    if (!ask(access, resource, in_namespace, STR_NONE, arena, &body) ||
        watch_page_read(body, arena, &page, &err) < 0)
        return;
    for (size_t i = 0; i < page.count; i++)
        if (object_read(page.items[i], arena, &object, &err) == 0)
            name(context, object.name, STR_NONE);
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

/* ---- what a Track can be rolled back to ---- */

/* "revision 3, v1.4.0 (9f86d081884c), Healthy" */
static struct str about(const struct book_row *row, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1024);
    struct str text = STR_NONE;
    buf_addf(&buf, "revision %lld, ", (long long)row->revision);
    buf_add_bytes(&buf, row->tag, row->digest);
    buf_addf(&buf, ", %.*s", STR_FMT(row_state_names[row->state]));
    buf_finish(&buf, &text, NULL);
    return text;
}

/* Whether it means just one thing: what does not is refused. */
static bool is_clear(const struct trackview *view, struct str what)
{
    struct track_meant meant;
    struct err err;
    return track_find(view, what, &meant, &err) == 0 && meant.row;
}

static void name_row(const struct trackview *view, const struct book_row *row, struct arena *arena,
                     live_name *name, void *context)
{
    struct buf buf = BUF_INIT(arena, 64);
    struct str revision = STR_NONE, words = about(row, arena);
    buf_addf(&buf, "%lld", (long long)row->revision);
    buf_finish(&buf, &revision, NULL);
    if (row->tag.len && is_clear(view, row->tag))
        name(context, row->tag, words);
    if (is_clear(view, revision))
        name(context, revision, words);
    name(context, row->digest, words);
}

void live_releases(const struct kube_options *access, const char *track, struct arena *arena,
                   live_name *name, void *context)
{
    struct trackview view;
    struct str body;
    struct err err;
    if (!ask(access, track_resource, true, str_of(track), arena, &body) ||
        trackview_read(body, arena, &view, &err) < 0)
        return;
    for (size_t i = 0; i < view.book->row_count; i++)
        if (book_newest(view.book, view.book->rows[i].digest) == &view.book->rows[i] &&
            !str_eq(view.book->rows[i].digest, view.book->current.digest))
            name_row(&view, &view.book->rows[i], arena, name, context);
}
