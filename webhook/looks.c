/* SPDX-License-Identifier: Apache-2.0 */
/* looks: see the header. One list after the other, so that nobody's API server is pressed. */
#include "looks.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/nslevels.h"
#include "pinnace/url.h"
#include "pinnace/watch.h"

#include "pinnace/banned.h"

enum {
    LOOKS_MAX = 4,
    LOOK_MS = 1500, /* the API server waits for 3 s, for the answer and all */
    PAGE = 100,
    PAGE_MAX_BYTES = 4 * 1024 * 1024,
    PAGE_ROOM = 3 * PAGE_MAX_BYTES,
    LOOK_ROOM = 256 * 1024,
    PODS_PAGES = 5, /* bare pods are few, and all others are in the way */
};

static const struct {
    struct kube_resource resource;
    const char *group, *kind, *query;
} lists[] = {
    {{"/apis/apps/v1", "deployments"}, "apps", "Deployment", ""},
    {{"/apis/apps/v1", "statefulsets"}, "apps", "StatefulSet", ""},
    {{"/apis/apps/v1", "daemonsets"}, "apps", "DaemonSet", ""},
    {{"/apis/batch/v1", "cronjobs"}, "batch", "CronJob", ""},
    {{"/apis/batch/v1", "jobs"}, "batch", "Job", ""},
    {{"/apis/apps/v1", "replicasets"}, "apps", "ReplicaSet", ""},
    {{"/api/v1", "replicationcontrollers"}, "", "ReplicationController", ""},
    {{"/api/v1", "podtemplates"}, "", "PodTemplate", ""},
    {{"/api/v1", "pods"},
     "",
     "Pod",
     "&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"},
};
enum { LISTS = sizeof(lists) / sizeof(lists[0]), LIST_OF_PODS = LISTS - 1 };

struct look {
    struct looks *looks;
    struct look *next;
    struct httpd_waiting *waiting;
    struct arena arena; /* of namespace and lines */
    struct str namespace;
    struct nslook found;
    struct snapshot *snapshot;
    size_t list, page;
    struct kube_call *call;
    struct timer deadline;
};

static void ask_page(struct look *look, struct str next);

/* ---- from threads of the server ---- */

static bool enter(struct looks *looks)
{
    pthread_mutex_lock(&looks->lock);
    bool room = looks->count < LOOKS_MAX && !looks->stopped;
    looks->count += room;
    pthread_mutex_unlock(&looks->lock);
    return room;
}

static void leave(struct looks *looks)
{
    pthread_mutex_lock(&looks->lock);
    looks->count--;
    pthread_mutex_unlock(&looks->lock);
}

struct look *look_new(struct looks *looks, struct str namespace, const struct nslook *wanted)
{
    if (!enter(looks))
        return NULL;
    struct look *look = calloc(1, sizeof(*look));
    if (!look) {
        leave(looks);
        return NULL;
    }
    look->looks = looks;
    look->arena = ARENA_INIT(LOOK_ROOM);
    look->found = *wanted;
    look->namespace = arena_copy(&look->arena, namespace);
    look->found.uid = arena_copy(&look->arena, wanted->uid);
    return look;
}

void look_begin(struct look *look, struct httpd_waiting *waiting)
{
    struct looks *looks = look->looks;
    look->waiting = waiting;
    pthread_mutex_lock(&looks->lock);
    bool stopped = looks->stopped;
    if (!stopped) {
        look->next = looks->inbox;
        looks->inbox = look;
    }
    pthread_mutex_unlock(&looks->lock);
    if (stopped) {
        look->found.trouble = STR("the webhook stops");
        httpd_resume(waiting);
    } else {
        http_wake(kube_http(looks->kube));
    }
}

const struct nslook *look_result(const struct look *look)
{
    return &look->found;
}

void look_free(struct look *look)
{
    snapshots_release(look->looks->snapshots, look->snapshot);
    leave(look->looks);
    arena_free(&look->arena);
    free(look);
}

/* ---- on the loop ---- */

/* Whoever is resumed may free it at once. */
static void finish(struct look *look, struct str trouble)
{
    struct look **at = &look->looks->running;
    while (*at != look)
        at = &(*at)->next;
    *at = look->next;
    if (look->call)
        kube_cancel(look->call);
    timer_clear(http_timers(kube_http(look->looks->kube)), &look->deadline);
    if (trouble.len)
        look->found.trouble = trouble;
    httpd_resume(look->waiting);
}

static void finish_failed(struct look *look, const char *text)
{
    struct str trouble = arena_copy(&look->arena, str_of(text));
    finish(look, trouble.len ? trouble : STR("there is no memory to look"));
}

static void out_of_time(void *context)
{
    finish(context, STR("the API server did not answer in time"));
}

static int judge_item(struct look *look, struct str json, struct arena *arena, struct err *err)
{
    const struct snapshot *snapshot = look->snapshot;
    const struct question question = {.level = look->found.level,
                                      .namespace = look->namespace,
                                      .policy = &snapshot->policy,
                                      .ledger = snapshot->has_ledger ? &snapshot->ledger : NULL,
                                      .now = clock_now()};
    const struct kind *kind =
        kind_find(str_of(lists[look->list].group), str_of(lists[look->list].kind));
    return nslook_add(&look->found, &question, kind, json, &look->arena, arena, err);
}

static int judge_page(struct look *look, struct str body, struct arena *arena, struct str *ret_next,
                      struct err *err)
{
    struct watch_page page;
    if (watch_page_read(body, arena, &page, err) < 0)
        return -1;
    for (size_t i = 0; i < page.count; i++)
        if (judge_item(look, page.items[i], arena, err) < 0)
            return -1;
    *ret_next = page.next;
    return 0;
}

static void next_list(struct look *look)
{
    look->list++;
    look->page = 0;
    if (look->list == LISTS)
        finish(look, STR_NONE);
    else
        ask_page(look, STR_NONE);
}

/* What may not be read is told, and the rest is looked at. */
static void pass_over(struct look *look, const char *text)
{
    if (!look->found.trouble.len)
        look->found.trouble = arena_copy(&look->arena, str_of(text));
    next_list(look);
}

/* Of pods, the rest is not worth the time. */
static void go_on(struct look *look, struct str next)
{
    look->page++;
    if (next.len && look->list == LIST_OF_PODS && look->page == PODS_PAGES) {
        finish(look, STR("there are too many pods"));
        return;
    }
    if (next.len)
        ask_page(look, next);
    else
        next_list(look);
}

static void page_came(void *context, struct str body, const struct kube_error *error)
{
    struct look *look = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct str next = STR_NONE;
    struct err err;
    look->call = NULL;
    if (error->fault == KUBE_FORBIDDEN || error->fault == KUBE_NOT_FOUND)
        pass_over(look, error->text);
    else if (error->fault != KUBE_FINE)
        finish_failed(look, error->text);
    else if (judge_page(look, body, &arena, &next, &err) < 0)
        finish_failed(look, err.text);
    else
        go_on(look, next);
}

static void ask_page(struct look *look, struct str next)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct buf tail = BUF_INIT(&arena, 64 * 1024);
    struct kube_request request = {
        .verb = KUBE_GET, .max_bytes = PAGE_MAX_BYTES, .on_done = page_came, .context = look};
    struct kube_error error;
    struct str query;
    struct err err;
    buf_addf(&tail, "?limit=%d%s", PAGE, lists[look->list].query);
    if (next.len) {
        buf_add(&tail, STR("&continue="));
        buf_add_url_part(&tail, next);
    }
    if (buf_finish(&tail, &query, &err) < 0) {
        finish_failed(look, err.text);
        return;
    }
    request.path =
        kube_path(&arena, lists[look->list].resource, look->namespace, STR_NONE, query.ptr);
    look->call = kube_send(look->looks->kube, &request, &error);
    if (!look->call)
        finish_failed(look, error.text);
}

/* Who has made the review up knows no uid, or needs no webhook to see what is there. */
static void namespace_came(void *context, struct str body, const struct kube_error *error)
{
    struct look *look = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct nslevels there;
    struct err err;
    look->call = NULL;
    if (error->fault != KUBE_FINE)
        finish_failed(look, error->text);
    else if (nslevels_read(body, &arena, &there, &err) < 0)
        finish_failed(look, err.text);
    else if (!there.uid.len || !str_eq(there.uid, look->found.uid))
        finish(look, STR("the review is not of the namespace that is there"));
    else
        ask_page(look, STR_NONE);
}

/*
 * Everybody may reach this port, and must not see by it what is in a namespace of others. So the
 * review has to be of the very namespace, which the API server's own is.
 */
static void ask_namespace(struct look *look)
{
    static const struct kube_resource namespaces = {"/api/v1", "namespaces"};
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024);
    const struct kube_request request = {
        .verb = KUBE_GET,
        .path = kube_path(&arena, namespaces, STR_NONE, look->namespace, NULL),
        .max_bytes = PAGE_MAX_BYTES,
        .on_done = namespace_came,
        .context = look};
    struct kube_error error;
    look->call = kube_send(look->looks->kube, &request, &error);
    if (!look->call)
        finish_failed(look, error.text);
}

static void start(struct look *look)
{
    struct looks *looks = look->looks;
    look->next = looks->running;
    looks->running = look;
    look->deadline = (struct timer){.fire = out_of_time, .context = look};
    timer_set(http_timers(kube_http(looks->kube)), &look->deadline, clock_boot_ms() + LOOK_MS);
    look->snapshot = snapshots_take(looks->snapshots);
    if (!look->snapshot || !look->namespace.ptr)
        finish(look, STR("the policy has not been read yet"));
    else
        ask_namespace(look);
}

static struct look *take_inbox(struct looks *looks)
{
    pthread_mutex_lock(&looks->lock);
    struct look *taken = looks->inbox;
    looks->inbox = NULL;
    pthread_mutex_unlock(&looks->lock);
    return taken;
}

void looks_turn(struct looks *looks)
{
    struct look *next;
    for (struct look *look = take_inbox(looks); look; look = next) {
        next = look->next;
        start(look);
    }
}

void looks_stop(struct looks *looks)
{
    pthread_mutex_lock(&looks->lock);
    looks->stopped = true;
    pthread_mutex_unlock(&looks->lock);
    looks_turn(looks);
    while (looks->running)
        finish(looks->running, STR("the webhook stops"));
}

void looks_init(struct looks *looks, struct kube *kube, struct snapshots *snapshots)
{
    *looks = (struct looks){.kube = kube, .snapshots = snapshots};
    pthread_mutex_init(&looks->lock, NULL);
}

void looks_destroy(struct looks *looks)
{
    pthread_mutex_destroy(&looks->lock);
}
