/* SPDX-License-Identifier: Apache-2.0 */
/* act: see the header. */
#include "act.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/policy.h"
#include "pinnace/workloadpatch.h"

#include "history.h"
#include "releases.h"
#include "tracks.h"

#include "pinnace/banned.h"

enum { ROOM = 16 * 1024 * 1024, CONFLICTS_MAX = 5 };

struct act {
    struct tracked *tracked;
    struct kube_call *call;
    struct arena arena;
    size_t target;      /* that is patched */
    int64_t generation; /* of the Track that said which one that is */
    struct track_event events[DECISION_EVENTS_MAX];
    size_t event_count;
    bool rows_changed;
};

/* --- Beginning and ending ---------------------------------------------------------------------- */

static struct act *begin(struct tracked *tracked)
{
    struct act *act = calloc(1, sizeof(*act));
    if (!act) {
        queue_add_after_failure(&tracked->work, 0);
        return NULL;
    }
    act->tracked = tracked;
    act->arena = ARENA_INIT(ROOM);
    tracked->act = act;
    queue_busy(&tracked->work);
    return act;
}

static void finish(struct act *act)
{
    struct tracked *tracked = act->tracked;
    tracked->act = NULL;
    arena_free(&act->arena);
    free(act);
    queue_done(&tracked->work);
}

void act_end(struct tracked *tracked)
{
    if (!tracked->act)
        return;
    if (tracked->act->call)
        kube_cancel(tracked->act->call);
    finish(tracked->act);
}

static void went_well(struct act *act)
{
    struct tracked *tracked = act->tracked;
    finish(act);
    tracked->conflicts = 0;
    work_forgive(&tracked->work);
    queue_add(&tracked->work);
}

static void failed(struct act *act, const char *what, const char *why, int retry_after_s)
{
    struct tracked *tracked = act->tracked;
    finish(act);
    releases_log(tracked, LOG_WARNING, what, "error", str_of(why));
    queue_add_after_failure(&tracked->work, retry_after_s * INT64_C(1000));
}

static void send(struct act *act, enum kube_verb verb, struct str path, struct str body,
                 void (*on_done)(void *, struct str, const struct kube_error *))
{
    struct releases *releases = act->tracked->releases;
    const struct kube_request request = {.verb = verb,
                                         .path = path,
                                         .body = body,
                                         .timeout_ms = releases_left_ms(releases),
                                         .on_done = on_done,
                                         .context = act};
    struct kube_error error;
    if (!request.timeout_ms) {
        struct tracked *tracked = act->tracked;
        finish(act);
        queue_add_in(&tracked->work, 500);
        return;
    }
    act->call = kube_send(releases->kube, &request, &error);
    if (!act->call)
        failed(act, "call failed", error.text, 0);
}

/* --- Reading the Track itself ------------------------------------------------------------------ */

static void refreshed(void *context, struct str body, const struct kube_error *error)
{
    struct act *act = context;
    struct tracked *tracked = act->tracked;
    act->call = NULL;
    if (error->fault == KUBE_NOT_FOUND) {
        struct releases *releases = tracked->releases;
        finish(act);
        collection_remove(&releases->tracks, tracked->kept->key);
    } else if (error->fault != KUBE_FINE) {
        failed(act, "track cannot be read", error->text, error->retry_after_s);
    } else {
        tracked->term = tracked->releases->term;
        finish(act);
        queue_add(&tracked->work);
        tracks_put(tracked, body); /* the last of it, if that is another Track of its name */
    }
}

static struct str track_path(const struct tracked *tracked, struct arena *arena, const char *tail)
{
    return kube_path(arena, tracks_resource, tracked->kept->key.namespace, tracked->kept->key.name,
                     tail);
}

static void send_refresh(struct act *act)
{
    send(act, KUBE_GET, track_path(act->tracked, &act->arena, NULL), STR_NONE, refreshed);
}

void act_refresh(struct tracked *tracked)
{
    struct act *act = begin(tracked);
    if (act)
        send_refresh(act);
}

/* Somebody was faster: at once, unless that happens over and over; then after a while. */
static void conflicted(struct act *act, const char *why)
{
    struct tracked *tracked = act->tracked;
    tracked->releases->counts.conflicts++;
    if (++tracked->conflicts <= CONFLICTS_MAX) {
        send_refresh(act);
        return;
    }
    tracked->conflicts = 0; /* what we know may be old still: the next one is read again */
    failed(act, "conflicts go on", why, 0);
}

/* --- Events ------------------------------------------------------------------------------------ */

static struct event_about about_track(const struct tracked *tracked)
{
    const struct kept *kept = tracked->kept;
    return (struct event_about){STR(PINNACE_API_VERSION), STR("Track"), kept->key.namespace,
                                kept->key.name, kept->uid};
}

void act_tell(const struct tracked *tracked, const struct event_words *words)
{
    struct releases *releases = tracked->releases;
    const struct event_about about = about_track(tracked);
    events_tell(&releases->events, &about, words);
}

static void tell_targets(const struct tracked *tracked, const struct event_words *words)
{
    struct releases *releases = tracked->releases;
    for (size_t i = 0; i < tracked->target_count; i++) {
        const struct target *target = &tracked->targets[i];
        const struct kept *workload = target_workload(target);
        if (!workload)
            continue;
        const struct event_about about = {
            workload_api_version(target->wanted->kind), target_kind_names[target->wanted->kind],
            workload->key.namespace, workload->key.name, workload->uid};
        events_tell(&releases->events, &about, words);
    }
}

static void tell_all(const struct act *act)
{
    for (size_t i = 0; i < act->event_count; i++) {
        const struct track_event *event = &act->events[i];
        const struct event_words words = {event->reason, event->warning, event->text};
        releases_log(act->tracked, event->warning ? LOG_WARNING : LOG_INFO, event->reason, "detail",
                     event->text);
        act_tell(act->tracked, &words);
        if (event->on_targets)
            tell_targets(act->tracked, &words);
    }
}

static bool keep_events(struct act *act, const struct track_decision *decision)
{
    for (size_t i = 0; i < decision->event_count; i++) {
        act->events[i] = decision->events[i];
        act->events[i].text = arena_copy(&act->arena, decision->events[i].text);
        if (!act->events[i].text.ptr)
            return false;
    }
    act->event_count = decision->event_count;
    return true;
}

/* --- The book ---------------------------------------------------------------------------------- */

static void written(void *context, struct str body, const struct kube_error *error)
{
    struct act *act = context;
    struct tracked *tracked = act->tracked;
    act->call = NULL;
    if (error->fault == KUBE_CONFLICT || error->fault == KUBE_NOT_FOUND) {
        conflicted(act, error->text);
        return;
    }
    if (error->fault != KUBE_FINE) {
        failed(act, "status not written", error->text, error->retry_after_s);
        return;
    }
    tracked->releases->counts.status_writes++;
    tracked->term = tracked->releases->term;
    tell_all(act);
    bool rows_changed = act->rows_changed;
    went_well(act);
    if (rows_changed)
        history_write(tracked);
    tracks_put(tracked, body);
}

static int write_body(const struct act *act, const struct trackbook *book, struct arena *arena,
                      struct str *ret_body, struct err *err)
{
    const struct kept *kept = act->tracked->kept;
    struct buf buf = BUF_INIT(arena, 2 * BOOK_MAX_BYTES);
    struct json_writer json = {.buf = &buf};
    json_open(&json, '{');
    json_member(&json, "apiVersion", STR(PINNACE_API_VERSION));
    json_member(&json, "kind", STR("Track"));
    json_key(&json, "metadata");
    json_open(&json, '{');
    json_member(&json, "namespace", kept->key.namespace);
    json_member(&json, "name", kept->key.name);
    json_member(&json, "uid", kept->uid);
    json_member(&json, "resourceVersion", kept->version);
    json_close(&json, '}');
    json_key(&json, "status");
    trackbook_write(&buf, book);
    json_close(&json, '}');
    return buf_finish(&buf, ret_body, err);
}

static bool same_row(const struct book_row *a, const struct book_row *b)
{
    return a->revision == b->revision && a->state == b->state;
}

/* What the new book tells of that the old one did not. */
static bool count_rows(struct release_counts *counts, const struct trackbook *before,
                       const struct trackbook *book)
{
    bool changed = false;
    for (size_t i = 0; i < book->row_count; i++) {
        const struct book_row *row = &book->rows[i];
        bool known = false, began = true;
        for (size_t k = 0; before && k < before->row_count; k++) {
            known = known || same_row(row, &before->rows[k]);
            began = began && row->revision != before->rows[k].revision;
        }
        changed = changed || !known;
        counts->rollouts += began && row->state == ROW_ROLLING_OUT;
        counts->rollbacks += began && i == 0 && book->rollout.going_back;
        counts->failures += !known && row->state == ROW_FAILED;
    }
    return changed;
}

void act_write(struct tracked *tracked, const struct trackbook *before,
               const struct track_decision *decision)
{
    struct act *act = begin(tracked);
    struct str body;
    struct err err;
    if (!act)
        return;
    if (!keep_events(act, decision)) {
        failed(act, "status not written", "memory is out", 0);
        return;
    }
    if (write_body(act, decision->book, &act->arena, &body, &err) < 0) {
        failed(act, "status not written", err.text, 0);
        return;
    }
    act->rows_changed = count_rows(&tracked->releases->counts, before, decision->book);
    send(act, KUBE_REPLACE, track_path(tracked, &act->arena, "/status?fieldManager=pinnace"), body,
         written);
}

/* --- The image --------------------------------------------------------------------------------- */

/* NULL: the Track has others by now. */
static const struct target *patched_target(const struct act *act)
{
    const struct tracked *tracked = act->tracked;
    bool same = tracked->gist.readable && tracked->gist.generation == act->generation;
    return same ? &tracked->targets[act->target] : NULL;
}

/*
 * What stands in the way is told by the next decision. Who is asked again waits longer each time,
 * whatever else is looked at meanwhile.
 */
static void refused(struct act *act, const struct kube_error *error)
{
    struct tracked *tracked = act->tracked;
    int64_t wait_ms = backoff_next(&tracked->apply_backoff, random_u32());
    if (wait_ms < error->retry_after_s * INT64_C(1000))
        wait_ms = error->retry_after_s * INT64_C(1000);
    tracked->releases->counts.refused_applies++;
    tracked->apply_not_before = clock_boot_ms() + wait_ms;
    tracked->apply_error.len = 0;
    bytes_add(&tracked->apply_error, str_of(error->text));
    finish(act);
    releases_log(tracked, LOG_WARNING, "image not applied", "error", str_of(error->text));
    queue_add(&tracked->work);
}

void act_forgive(struct tracked *tracked)
{
    tracked->apply_backoff.failures = 0;
    tracked->apply_not_before = 0;
}

static void applied(void *context, struct str body, const struct kube_error *error)
{
    struct act *act = context;
    struct tracked *tracked = act->tracked;
    const struct target *target = patched_target(act);
    struct err err;
    act->call = NULL;
    if (error->fault == KUBE_CONFLICT || error->fault == KUBE_NOT_FOUND) {
        if (target)
            target_doubt(target);
        conflicted(act, error->text);
        return;
    }
    if (error->fault != KUBE_FINE) {
        if (target && error->fault == KUBE_INVALID) /* it is so too if that is another object */
            target_doubt(target);
        refused(act, error);
        return;
    }
    tracked->releases->counts.applies++;
    tracked->apply_error.len = 0;
    act_forgive(tracked);
    if (target && target_put(target, body, &err) < 0)
        target_doubt(target);
    went_well(act);
}

void act_apply(struct tracked *tracked, const struct trackspec *spec,
               const struct workload_facts *workload, const struct track_decision *decision)
{
    const struct trackbook *book = decision->book;
    const struct trackspec_target *target = &spec->targets[decision->target];
    int64_t left_ms = tracked->apply_not_before - clock_boot_ms();
    struct str body;
    struct err err;
    if (left_ms > 0) {
        queue_add_in(&tracked->work, left_ms);
        return;
    }
    struct act *act = begin(tracked);
    if (!act)
        return;
    act->target = decision->target;
    act->generation = tracked->gist.generation;
    const struct workload_patch patch = {.spec = spec,
                                         .target = target,
                                         .workload = workload,
                                         .image = decision->image,
                                         .revision = decision->revision,
                                         .cause = book->row_count ? book->rows[0].why : STR_NONE};
    if (workload_patch_write(&patch, &act->arena, &body, &err) < 0) {
        failed(act, "image not applied", err.text, 0);
        return;
    }
    struct str path = kube_path(&act->arena, workload_resource(target->kind), workload->namespace,
                                workload->name, "?fieldManager=pinnace");
    send(act, KUBE_PATCH_STRATEGIC, path, body, applied);
}
