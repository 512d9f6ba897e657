/* SPDX-License-Identifier: Apache-2.0 */
/* history: see the header. It is read, what is missing is added, and it is written, if meanwhile
 * nobody else has. */
#include "history.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/trackhistory.h"

#include "releases.h"

#include "pinnace/banned.h"

enum {
    ROOM = 64 * 1024 * 1024,
    PATH_ROOM = 64 * 1024,
    WAIT_MS = 100, /* what it tells of comes first, on the same API server */
    LATE_MS = 500,
};

static const struct kube_resource configmaps = {"/api/v1", "configmaps"};

struct history {
    struct tracked *tracked;
    struct kube_call *call;
    struct work work;
    bool write;    /* the ledger has changed since it was read last */
    bool recalled; /* it has been read for a ledger that has not begun */
    struct bytes lost;
};

static struct history *of(struct tracked *tracked)
{
    if (tracked->history)
        return tracked->history;
    struct history *history = calloc(1, sizeof(*history));
    if (!history)
        return NULL;
    history->tracked = tracked;
    work_begin(&history->work, &tracked->releases->archive);
    history->lost = BYTES_INIT(HISTORY_MAX_BYTES);
    tracked->history = history;
    return history;
}

static void rest(struct history *history)
{
    if (history->work.busy)
        queue_done(&history->work);
}

static void try_later(struct history *history, const char *why)
{
    releases_log(history->tracked, LOG_WARNING, "history trouble", "error", str_of(why));
    queue_add_after_failure(&history->work, 0);
    rest(history);
}

/* --- Writing ----------------------------------------------------------------------------------- */

static void written(void *context, struct str body, const struct kube_error *error)
{
    struct history *history = context;
    (void)body;
    history->call = NULL;
    if (error->fault != KUBE_FINE) {
        history->write = true;
        try_later(history, error->text);
        return;
    }
    work_forgive(&history->work);
    rest(history);
}

static struct str path_of(const struct history *history, bool named, struct arena *arena)
{
    struct shelf_key key = history->tracked->kept->key;
    struct buf name = BUF_INIT(arena, 1024);
    struct str text = STR_NONE;
    buf_addf(&name, "%.*s-history", STR_FMT(key.name));
    buf_finish(&name, &text, NULL);
    return kube_path(arena, configmaps, key.namespace, named ? text : STR_NONE, NULL);
}

static void send(struct history *history, enum kube_verb verb, struct str body,
                 void (*on_done)(void *, struct str, const struct kube_error *))
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PATH_ROOM);
    const struct releases *releases = history->tracked->releases;
    const struct kube_request request = {.verb = verb,
                                         .path = path_of(history, verb != KUBE_CREATE, &arena),
                                         .body = body,
                                         .timeout_ms = releases_left_ms(releases),
                                         .on_done = on_done,
                                         .context = history};
    struct kube_error error;
    if (!request.timeout_ms) {
        history->write = history->write || verb != KUBE_GET;
        if (releases->leads) /* for a moment at least; else who leads has the ledger */
            queue_add_in(&history->work, LATE_MS);
        rest(history);
        return;
    }
    history->call = kube_send(releases->kube, &request, &error);
    if (!history->call)
        try_later(history, error.text);
    else if (!history->work.busy)
        queue_busy(&history->work);
}

static int make_body(const struct history *history, const struct track_history *before,
                     struct arena *arena, struct str *ret_body, struct err *err)
{
    struct trackspec *spec = arena_new(arena, struct trackspec);
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct str json = history->tracked->kept->json;
    if (!spec || !book)
        return err_no_memory(err);
    if (trackspec_read(json, arena, spec, err) < 0 || trackbook_read(json, arena, book, err) < 0)
        return -1;
    return track_history_write(before, spec, book, arena, ret_body, err);
}

/* --- Reading ----------------------------------------------------------------------------------- */

static void keep_lost(struct history *history, struct str body)
{
    history->recalled = true;
    history->lost.len = 0;
    bytes_add(&history->lost, body);
    queue_add(&history->tracked->work);
}

/* What cannot be read is replaced: the ledger is the truth, and this a copy for people. */
static void came(void *context, struct str body, const struct kube_error *error)
{
    struct history *history = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct track_history before = {.foreign = false};
    bool there = error->fault == KUBE_FINE;
    struct err err;
    history->call = NULL;
    if (!there && error->fault != KUBE_NOT_FOUND &&
        (history->write || kube_fault_is_passing(error->fault))) {
        try_later(history, error->text);
        return;
    }
    if (there && track_history_read(body, &arena, &before, &err) < 0)
        releases_log(history->tracked, LOG_WARNING, "history trouble", "error", str_of(err.text));
    if (!history->write) {
        keep_lost(history, there ? body : STR_NONE);
        rest(history);
        return;
    }
    struct str text;
    history->write = false;
    if (before.foreign)
        err_set(&err, ERR_INPUT,
                "the ConfigMap of that name is somebody else's: it has no label "
                "app.kubernetes.io/managed-by=pinnace");
    if (!before.foreign && make_body(history, &before, &arena, &text, &err) == 0) {
        send(history, there ? KUBE_REPLACE : KUBE_CREATE, text, written);
        return;
    }
    releases_log(history->tracked, LOG_WARNING, "history trouble", "error", str_of(err.text));
    rest(history);
}

void history_take(struct work *work)
{
    struct history *history = (struct history *)((char *)work - offsetof(struct history, work));
    send(history, KUBE_GET, STR_NONE, came);
}

/* --- From outside ------------------------------------------------------------------------------ */

void history_write(struct tracked *tracked)
{
    struct history *history = of(tracked);
    if (!history)
        return;
    history->write = true;
    queue_add_in(&history->work, WAIT_MS);
}

bool history_recall(struct tracked *tracked, struct arena *arena, struct trackbook *book)
{
    struct history *history = of(tracked);
    struct track_history lost;
    struct err err;
    if (book->begun || !history)
        return true;
    if (!history->recalled) {
        if (!history->work.busy)
            queue_add(&history->work);
        return false;
    }
    if (history->lost.len &&
        (track_history_read(bytes_str(&history->lost), arena, &lost, &err) < 0 ||
         track_history_recall(&lost, arena, book, &err) < 0))
        releases_log(tracked, LOG_WARNING, "history not recalled", "error", str_of(err.text));
    return true;
}

void history_end(struct tracked *tracked)
{
    struct history *history = tracked->history;
    if (!history)
        return;
    if (history->call)
        kube_cancel(history->call);
    rest(history);
    work_end(&history->work);
    bytes_free(&history->lost);
    free(history);
    tracked->history = NULL;
}
