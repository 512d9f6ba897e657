/* SPDX-License-Identifier: Apache-2.0 */
/* live: see the header. */
#include "live.h"

#include "targetkinds.h"
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

static bool list(const struct kube_options *access, struct kube_resource resource,
                 bool in_namespace, struct arena *arena, struct watch_page *ret_page)
{
    struct str body;
    struct err err;
    return ask(access, resource, in_namespace, STR_NONE, arena, &body) &&
           watch_page_read(body, arena, ret_page, &err) == 0;
}

static void live_objects(const struct kube_options *access, struct kube_resource resource,
                         bool in_namespace, struct arena *arena, live_name *name, void *context)
{
    struct watch_page page;
    struct object object;
    struct err err;
    if (!list(access, resource, in_namespace, arena, &page))
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

/* ---- what Tracks move ---- */

/* "deployment/web"; .len 0 if there is no memory. */
static struct str kind_and_name(struct str kind, struct str name, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1024);
    struct str text = STR_NONE;
    buf_addf(&buf, "%.*s/%.*s", STR_FMT(kind), STR_FMT(name));
    buf_finish(&buf, &text, NULL);
    return text;
}

static struct str lower(struct str text, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1024);
    struct str low = STR_NONE;
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(&buf, ascii_lower(text.ptr[i]));
    buf_finish(&buf, &low, NULL);
    return low;
}

/* Each under the kind as it was written, or, where none was yet, as kubectl writes it. */
static void name_targets(const struct trackspec *spec, struct str word, struct arena *arena,
                         live_name *name, void *context)
{
    size_t slash = str_find(word, '/');
    struct str kind = slash == STR_NOT_FOUND ? STR_NONE : str_head(word, slash);
    enum target_kind meant;
    if (kind.len && !target_kind_parse(kind, &meant))
        return;
    for (size_t i = 0; i < spec->target_count; i++) {
        const struct trackspec_target *target = &spec->targets[i];
        if (!kind.len) {
            struct str plain = lower(target_kind_names[target->kind], arena);
            name(context, kind_and_name(plain, target->name, arena), STR_NONE);
            name(context, target->name, STR_NONE);
        } else if (target->kind == meant) {
            name(context, kind_and_name(kind, target->name, arena), STR_NONE);
        }
    }
}

void live_workloads(const struct kube_options *access, struct str word, struct arena *arena,
                    live_name *name, void *context)
{
    struct watch_page page;
    struct trackview view;
    struct err err;
    if (!list(access, track_resource, true, arena, &page))
        return;
    for (size_t i = 0; i < page.count; i++)
        if (trackview_read(page.items[i], arena, &view, &err) == 0)
            name_targets(view.spec, word, arena, name, context);
}

/* ---- one Track ---- */

static bool look(const struct kube_options *access, const char *track, struct arena *arena,
                 struct trackview *ret_view)
{
    struct str body;
    struct err err;
    return ask(access, track_resource, true, str_of(track), arena, &body) &&
           trackview_read(body, arena, ret_view, &err) == 0;
}

/* "v1.6.0 (9f86d081884c) waits" */
static struct str bytes_that(struct str tag, struct str digest, const char *what,
                             struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1024);
    struct str text = STR_NONE;
    buf_add_bytes(&buf, tag, digest);
    buf_addf(&buf, " %s", what);
    buf_finish(&buf, &text, NULL);
    return text;
}

void live_waiting(const struct kube_options *access, const char *track, struct arena *arena,
                  live_name *name, void *context)
{
    struct trackview view;
    if (!look(access, track, arena, &view))
        return;
    const struct trackbook *book = view.book;
    struct str waits = book->candidate.digest, tag = book->candidate.tag;
    struct str words = bytes_that(tag, waits, "waits", arena);
    if (waits.len && tag.len)
        name(context, tag, words);
    if (waits.len)
        name(context, waits, words);
    for (size_t i = 0; i < book->quarantined_count; i++) {
        const struct book_quarantined *out = &book->quarantined[i];
        if (!str_eq(out->digest, waits))
            name(context, out->digest, bytes_that(out->tag, out->digest, "failed", arena));
    }
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
    if (!look(access, track, arena, &view))
        return;
    for (size_t i = 0; i < view.book->row_count; i++)
        if (book_newest(view.book, view.book->rows[i].digest) == &view.book->rows[i] &&
            !str_eq(view.book->rows[i].digest, view.book->current.digest))
            name_row(&view, &view.book->rows[i], arena, name, context);
}
