/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fresh: see the header. A namespace has at most one round at a time; who comes while it turns
 * waits for the next one. Lists are taken one after the other, as far as the Tracks' targets ask.
 */
#include "fresh.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/url.h"
#include "pinnace/watch.h"

#include "pinnace/banned.h"

enum {
    ROUNDS_MAX = 4,  /* namespaces at a time */
    ROUND_MS = 1000, /* two of them, and the API server has its answer in time */
    PAGE = 50,
    PAGES_MAX = 40, /* of one list */
    PAGE_MAX_BYTES = 4 * 1024 * 1024,
    PAGE_ROOM = 3 * PAGE_MAX_BYTES,
    FOUND_ROOM = 8 * 1024 * 1024,
};

static const struct {
    struct kube_resource resource;
    struct str kind;
    struct str targets[2]; /* it is of use to one of these; .len 0: always */
} lists[] = {
    {{"/apis/" PINNACE_API_VERSION, "tracks"}, STR_INIT("Track"), {STR_INIT("")}},
    {{"/apis/apps/v1", "replicasets"}, STR_INIT("ReplicaSet"), {STR_INIT("Deployment")}},
    {{"/apis/apps/v1", "statefulsets"}, STR_INIT("StatefulSet"), {STR_INIT("StatefulSet")}},
    {{"/apis/apps/v1", "controllerrevisions"},
     STR_INIT("ControllerRevision"),
     {STR_INIT("StatefulSet"), STR_INIT("DaemonSet")}},
};
enum { LISTS = sizeof(lists) / sizeof(lists[0]), LIST_OF_TRACKS = 0 };

/* What a round brought, shared by all who waited for it. */
struct found {
    struct arena arena;
    struct ledger ledger;
    bool has_tracks; /* all of them */
    struct str trouble;
    atomic_size_t references;
};

struct fresh_read {
    struct fresh *fresh;
    struct fresh_read *next;
    struct httpd_waiting *waiting;
    struct found *found; /* NULL: there is none, and why */
    const char *why;
    size_t namespace_len;
    char namespace[];
};

struct fresh_round {
    struct fresh *fresh;
    struct fresh_round *next;
    struct fresh_read *asking; /* the namespace is theirs */
    struct fresh_read *later;  /* came since it began */
    struct found *found;
    size_t list, page;
    struct kube_call *call;
    struct timer deadline;
};

static struct str namespace_of(const struct fresh_read *read)
{
    return (struct str){read->namespace, read->namespace_len};
}

/* ---- what was found ---- */

static struct found *found_new(void)
{
    struct found *found = malloc(sizeof(*found));
    if (found)
        *found = (struct found){.arena = ARENA_INIT(FOUND_ROOM), .references = 1};
    return found;
}

static void found_release(struct found *found)
{
    if (!found || atomic_fetch_sub(&found->references, 1) > 1)
        return;
    arena_free(&found->arena);
    free(found);
}

/* ---- from threads of the server ---- */

struct fresh_read *fresh_read_new(struct fresh *fresh, struct str namespace)
{
    struct fresh_read *read = calloc(1, sizeof(*read) + namespace.len);
    if (!read)
        return NULL;
    read->fresh = fresh;
    read->namespace_len = namespace.len;
    memcpy(read->namespace, namespace.ptr, namespace.len);
    return read;
}

void fresh_read_begin(struct fresh_read *read, struct httpd_waiting *waiting)
{
    struct fresh *fresh = read->fresh;
    read->waiting = waiting;
    pthread_mutex_lock(&fresh->lock);
    bool stopped = fresh->stopped;
    if (!stopped) {
        read->next = fresh->inbox;
        fresh->inbox = read;
    }
    pthread_mutex_unlock(&fresh->lock);
    if (stopped) {
        read->why = "the webhook stops";
        httpd_resume(waiting);
    } else {
        http_wake(kube_http(fresh->kube));
    }
}

const struct ledger *fresh_read_ledger(const struct fresh_read *read)
{
    return read->found && read->found->has_tracks ? &read->found->ledger : NULL;
}

struct str fresh_read_trouble(const struct fresh_read *read)
{
    if (!read->found)
        return str_of(read->why);
    return read->found->trouble;
}

void fresh_read_free(struct fresh_read *read)
{
    found_release(read->found);
    free(read);
}

/* ---- the end of a round, on the loop ---- */

/* Whoever is resumed may free its read at once. */
static void resume(struct fresh_read *read, struct found *found, const char *why)
{
    struct httpd_waiting *waiting = read->waiting;
    if (found)
        atomic_fetch_add(&found->references, 1);
    read->found = found;
    read->why = why;
    httpd_resume(waiting);
}

static void resume_all(struct fresh_read *reads, struct found *found, const char *why)
{
    for (struct fresh_read *next; reads; reads = next) {
        next = reads->next;
        resume(reads, found, why);
    }
}

static void start_round(struct fresh_round *round);

static void drop_round(struct fresh_round *round)
{
    struct fresh_round **at = &round->fresh->rounds;
    while (*at != round)
        at = &(*at)->next;
    *at = round->next;
    round->fresh->count--;
    free(round);
}

/* What was found goes to those who asked; those who came later begin anew. */
static void finish(struct fresh_round *round, struct str trouble)
{
    struct found *found = round->found;
    struct fresh_read *asking = round->asking;
    if (round->call)
        kube_cancel(round->call);
    round->call = NULL;
    timer_clear(http_timers(kube_http(round->fresh->kube)), &round->deadline);
    if (trouble.len)
        found->trouble = trouble;
    counter_add(&round->fresh->counters->fresh_reads[!found->trouble.len]);
    round->found = NULL;
    round->asking = round->later;
    round->later = NULL;
    resume_all(asking, found, NULL);
    found_release(found);
    if (round->asking)
        start_round(round);
    else
        drop_round(round);
}

static void finish_failed(struct fresh_round *round, const char *text)
{
    struct str trouble = arena_copy(&round->found->arena, str_of(text));
    finish(round, trouble.len ? trouble : STR("there is no memory to ask it"));
}

static void out_of_time(void *context)
{
    finish(context, STR("it did not answer in time"));
}

/* ---- what a list brings ---- */

static struct str api_version_of(size_t list)
{
    return str_tail(str_of(lists[list].resource.api), strlen("/apis/"));
}

static int keep(struct fresh_round *round, struct str json, struct err *err)
{
    struct found *found = round->found;
    struct str copy = arena_copy(&found->arena, json);
    if (!copy.ptr)
        return err_no_memory(err);
    return ledger_add_listed(&found->ledger, api_version_of(round->list), lists[round->list].kind,
                             copy, &found->arena, err);
}

/* Of a Track that cannot be read counts what it said before. */
static bool add_earlier(const struct fresh_round *round, struct str json, struct arena *scratch,
                        struct buf *kept)
{
    struct snapshots *snapshots = round->fresh->snapshots;
    struct object object;
    struct err err;
    if (object_read(json, scratch, &object, &err) < 0)
        return false;
    struct snapshot *snapshot = snapshots_take(snapshots);
    const struct track *track = snapshot ? snapshot->ledger.tracks : NULL;
    while (track && !(str_eq(track->name, object.name) &&
                      str_eq(track->namespace, namespace_of(round->asking))))
        track = track->next;
    if (track)
        buf_add_track(kept, track);
    snapshots_release(snapshots, snapshot);
    return track;
}

static int take_track(struct fresh_round *round, struct str json, struct arena *scratch,
                      struct err *err)
{
    struct buf buf = BUF_INIT(scratch, FOUND_ROOM);
    struct ledger alone = {0};
    struct str kept;
    if (ledger_add_listed(&alone, api_version_of(round->list), lists[round->list].kind, json,
                          scratch, err) == 0)
        buf_add_track(&buf, alone.tracks);
    else if (err->kind == ERR_MEMORY || !add_earlier(round, json, scratch, &buf))
        return err_prefix(err, "a Track cannot be read: ");
    if (buf_finish(&buf, &kept, err) < 0)
        return -1;
    return keep(round, kept, err);
}

/* Only what belongs to a target, and may still make pods. */
static int take_workload(struct fresh_round *round, struct str json, struct arena *scratch,
                         struct err *err)
{
    const struct ledger *ledger = &round->found->ledger;
    struct ledger alone = {0};
    if (ledger_add_listed(&alone, api_version_of(round->list), lists[round->list].kind, json,
                          scratch, err) < 0)
        return err_prefix(err, "a %.*s cannot be read: ", STR_FMT(lists[round->list].kind));
    return ledger_wants(ledger, &alone.workloads->object) ? keep(round, json, err) : 0;
}

/* The first thing missing is told, and the rest is looked at. */
static void note(struct fresh_round *round, const char *text)
{
    struct found *found = round->found;
    if (!found->trouble.len)
        found->trouble = arena_copy(&found->arena, str_of(text));
    if (!found->trouble.len)
        found->trouble = STR("there is no memory to ask it");
}

static int take_page(struct fresh_round *round, struct str body, struct str *ret_next,
                     struct arena *arena, struct err *err)
{
    struct watch_page page;
    if (watch_page_read(body, arena, &page, err) < 0)
        return -1;
    for (size_t i = 0; i < page.count; i++) {
        struct arena scratch ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
        if (round->list == LIST_OF_TRACKS) {
            if (take_track(round, page.items[i], &scratch, err) < 0)
                return -1;
        } else if (take_workload(round, page.items[i], &scratch, err) < 0) {
            note(round, err->text);
        }
    }
    *ret_next = page.next;
    return 0;
}

/* ---- list by list ---- */

static void ask_page(struct fresh_round *round, struct str next);

static bool is_of_use(const struct ledger *ledger, size_t list)
{
    for (const struct track *track = ledger->tracks; track; track = track->next)
        for (const struct track_target *target = track->targets; target; target = target->next)
            for (int i = 0; i < 2; i++)
                if (target->kind.len && str_eq(target->kind, lists[list].targets[i]))
                    return true;
    return false;
}

static void next_list(struct fresh_round *round)
{
    if (round->list == LIST_OF_TRACKS)
        round->found->has_tracks = true;
    round->page = 0;
    do
        round->list++;
    while (round->list < LISTS && !is_of_use(&round->found->ledger, round->list));
    if (round->list == LISTS)
        finish(round, STR_NONE);
    else
        ask_page(round, STR_NONE);
}

static void go_on(struct fresh_round *round, struct str next)
{
    if (!next.len) {
        next_list(round);
    } else if (++round->page < PAGES_MAX) {
        ask_page(round, next);
    } else {
        note(round, "there is more in the namespace than is looked at");
        next_list(round);
    }
}

/* Without the Tracks nothing is known; without the rest some of it. */
static void list_failed(struct fresh_round *round, const char *text)
{
    if (round->list == LIST_OF_TRACKS) {
        finish_failed(round, text);
        return;
    }
    note(round, text);
    next_list(round);
}

static void page_came(void *context, struct str body, const struct kube_error *error)
{
    struct fresh_round *round = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct str next = STR_NONE;
    struct err err;
    round->call = NULL;
    if (error->fault != KUBE_FINE)
        list_failed(round, error->text);
    else if (take_page(round, body, &next, &arena, &err) < 0)
        list_failed(round, err.text);
    else
        go_on(round, next);
}

/* Without a resourceVersion: what a majority of the cluster's store says now. */
static void ask_page(struct fresh_round *round, struct str next)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct buf tail = BUF_INIT(&arena, 64 * 1024);
    struct kube_request request = {
        .verb = KUBE_GET, .max_bytes = PAGE_MAX_BYTES, .on_done = page_came, .context = round};
    struct kube_error error;
    struct str query;
    struct err err;
    buf_addf(&tail, "?limit=%d", PAGE);
    if (next.len) {
        buf_add(&tail, STR("&continue="));
        buf_add_url_part(&tail, next);
    }
    if (buf_finish(&tail, &query, &err) < 0) {
        finish_failed(round, err.text);
        return;
    }
    request.path = kube_path(&arena, lists[round->list].resource, namespace_of(round->asking),
                             STR_NONE, query.ptr);
    round->call = kube_send(round->fresh->kube, &request, &error);
    if (!round->call)
        finish_failed(round, error.text);
}

/* ---- rounds ---- */

static void start_round(struct fresh_round *round)
{
    round->list = LIST_OF_TRACKS;
    round->page = 0;
    round->found = found_new();
    if (!round->found) {
        resume_all(round->asking, NULL, "there is no memory to ask it");
        drop_round(round);
        return;
    }
    round->deadline = (struct timer){.fire = out_of_time, .context = round};
    timer_set(http_timers(kube_http(round->fresh->kube)), &round->deadline,
              clock_boot_ms() + ROUND_MS);
    ask_page(round, STR_NONE);
}

static struct fresh_round *round_of(struct fresh *fresh, struct str namespace)
{
    struct fresh_round *round = fresh->rounds;
    while (round && !str_eq(namespace_of(round->asking), namespace))
        round = round->next;
    return round;
}

static void join(struct fresh_read *read, struct fresh_read **reads)
{
    read->next = *reads;
    *reads = read;
}

static struct fresh_round *add_round(struct fresh *fresh, struct fresh_read *first)
{
    struct fresh_round *round = fresh->count < ROUNDS_MAX ? calloc(1, sizeof(*round)) : NULL;
    if (!round)
        return NULL;
    round->fresh = fresh;
    join(first, &round->asking);
    round->next = fresh->rounds;
    fresh->rounds = round;
    fresh->count++;
    return round;
}

static struct fresh_read *take_inbox(struct fresh *fresh)
{
    pthread_mutex_lock(&fresh->lock);
    struct fresh_read *taken = fresh->inbox;
    fresh->inbox = NULL;
    pthread_mutex_unlock(&fresh->lock);
    return taken;
}

/* Those who come in one turn ask together: rounds begin when all have been told apart. */
void fresh_turn(struct fresh *fresh)
{
    struct fresh_round *next_round;
    for (struct fresh_read *next, *read = take_inbox(fresh); read; read = next) {
        next = read->next;
        read->next = NULL;
        struct fresh_round *round = round_of(fresh, namespace_of(read));
        if (round)
            join(read, round->found ? &round->later : &round->asking);
        else if (!add_round(fresh, read))
            resume(read, NULL, "too many others are just asking it");
    }
    for (struct fresh_round *round = fresh->rounds; round; round = next_round) {
        next_round = round->next;
        if (!round->found)
            start_round(round);
    }
}

void fresh_stop(struct fresh *fresh)
{
    pthread_mutex_lock(&fresh->lock);
    fresh->stopped = true;
    pthread_mutex_unlock(&fresh->lock);
    resume_all(take_inbox(fresh), NULL, "the webhook stops");
    while (fresh->rounds) {
        struct fresh_round *round = fresh->rounds;
        resume_all(round->later, NULL, "the webhook stops");
        round->later = NULL;
        finish(round, STR("the webhook stops"));
    }
}

void fresh_init(struct fresh *fresh, struct kube *kube, struct snapshots *snapshots,
                struct counters *counters)
{
    *fresh = (struct fresh){.kube = kube, .snapshots = snapshots, .counters = counters};
    pthread_mutex_init(&fresh->lock, NULL);
}

void fresh_destroy(struct fresh *fresh)
{
    pthread_mutex_destroy(&fresh->lock);
}
