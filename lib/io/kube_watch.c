/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube_watch: see the header. At any time there is one of four: a call for a page of the list, a
 * call for the stream, the timer for the next try, or a place in line for the list.
 */
#include "pinnace/kubewatch.h"

#include <stdlib.h>

#include "pinnace/buf.h"
#include "pinnace/bytes.h"
#include "pinnace/clock.h"
#include "pinnace/lines.h"
#include "pinnace/url.h"

#include "kube_turns.h"

#include "pinnace/banned.h"

enum {
    PAGE = 500,     /* objects; fewer when they turn out to be large, or slow to come */
    SLOW_PAGE = 50, /* not fewer for slowness: many small pages are slow, too */
    PAGE_MAX_MS = 8 * KUBE_TIMEOUT_MS,
    PAGE_ROOM = 2 * KUBE_MAX_BYTES,
    TOKEN_MAX_BYTES = 16 * 1024, /* of a resourceVersion or what asks for the next page */
    LEAST_S = 240,               /* how long the server is asked to keep a stream */
    SPREAD_S = 60,
    GRACE_MS = 30 * 1000,
    SILENCE_MS = 150 * 1000, /* bookmarks come each minute */
    HEALTHY_MS = 5 * 1000,   /* a stream that ends sooner has failed */
    ASKED_MAX_S = 60,        /* whoever asks for more would have us follow nothing */
};

struct kube_watch {
    struct kube *kube;
    struct kube_watch_handlers handlers;
    struct bytes path, version, next; /* version: where to go on from; next: the list's next page */
    bool listed;                      /* a list is whole, and version is of use */
    int page, page_ms; /* of the list: how many at once, and how long they may take */
    struct kube_call *call;
    struct turn turn; /* for the list */
    struct timer again;
    struct backoff backoff;
    struct lines lines;
    struct kube_error broken; /* why we ended the stream */
    int64_t fresh_at, page_at, stream_at;
    unsigned missed; /* tries in a row, since the last sign */
    bool sign;       /* the stream has brought something */
};

static void ask_page(struct kube_watch *watch);
static void ask_stream(struct kube_watch *watch);

static bool keep(struct bytes *kept, struct str text)
{
    kept->len = 0;
    return bytes_add(kept, text);
}

static void alive(struct kube_watch *watch)
{
    watch->fresh_at = clock_boot_ms();
    watch->missed = 0;
}

/* --- The next try ------------------------------------------------------------------------------ */

static void go_on(void *context)
{
    struct kube_watch *watch = context;
    if (watch->listed)
        ask_stream(watch);
    else if (turns_take(kube_lists(watch->kube), &watch->turn))
        ask_page(watch);
}

static void go_on_in(struct kube_watch *watch, int64_t wait_ms)
{
    timer_set(http_timers(kube_http(watch->kube)), &watch->again, clock_boot_ms() + wait_ms);
}

/* The list is over, or not on its way for now. */
static void leave_turn(struct kube_watch *watch)
{
    const struct turn *next = turns_leave(kube_lists(watch->kube), &watch->turn);
    if (next)
        go_on_in(next->owner, 0);
}

/* Begins anew; what the pages' size came to is kept. */
static void forget(struct kube_watch *watch)
{
    watch->listed = false;
    watch->next.len = 0;
}

/* 410 says that what we know is too old, 400 and 422 that the server does not know it for its own. */
static bool is_about_what_we_know(enum kube_fault fault)
{
    return fault == KUBE_GONE || fault == KUBE_BAD_REQUEST || fault == KUBE_INVALID;
}

static void failed(struct kube_watch *watch, const struct kube_error *error)
{
    int64_t wait_ms = backoff_next(&watch->backoff, random_u32());
    leave_turn(watch);
    watch->missed++;
    int asked_s = error->retry_after_s < ASKED_MAX_S ? error->retry_after_s : ASKED_MAX_S;
    if (asked_s * INT64_C(1000) > wait_ms)
        wait_ms = asked_s * INT64_C(1000);
    if (is_about_what_we_know(error->fault))
        forget(watch);
    if (watch->handlers.trouble)
        watch->handlers.trouble(watch->handlers.context, error, wait_ms);
    go_on_in(watch, wait_ms);
}

static void failed_here(struct kube_watch *watch, enum kube_fault fault, const struct err *err)
{
    struct kube_error error;
    kube_error_set(&error, (struct kube_question){"GET", bytes_str(&watch->path)}, fault, err);
    failed(watch, &error);
}

static void ask(struct kube_watch *watch, struct kube_request *request)
{
    struct kube_error error;
    watch->call = kube_send(watch->kube, request, &error);
    if (!watch->call)
        failed(watch, &error);
}

/* The path of the collection with more of a query. */
static void add_query(struct buf *buf, const struct kube_watch *watch)
{
    struct str path = bytes_str(&watch->path);
    buf_add(buf, path);
    buf_add_char(buf, str_find(path, '?') == STR_NOT_FOUND ? '?' : '&');
}

/* --- The list ---------------------------------------------------------------------------------- */

static int take_page(struct kube_watch *watch, struct str body, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    struct watch_page page;
    if (watch_page_read(body, &arena, &page, err) < 0)
        return -1;
    if (!keep(&watch->version, page.resource_version) || !keep(&watch->next, page.next))
        return err_set(err, ERR_LIMIT, "metadata: more than is read");
    for (size_t i = 0; i < page.count; i++)
        watch->handlers.object(watch->handlers.context, KUBE_LISTED, page.items[i]);
    return 0;
}

static int64_t page_took(const struct kube_watch *watch)
{
    return clock_boot_ms() - watch->page_at;
}

/* Whatever is slow there, the same again would be as slow: less at a time, and longer. */
static void ask_for_less(struct kube_watch *watch, const struct kube_error *error)
{
    bool ours = error->fault == KUBE_UNREACHABLE && page_took(watch) >= watch->page_ms;
    if (!ours && error->status != 504)
        return;
    if (watch->page > SLOW_PAGE)
        watch->page = watch->page / 2 > SLOW_PAGE ? watch->page / 2 : SLOW_PAGE;
    if (watch->page_ms < PAGE_MAX_MS)
        watch->page_ms *= 2;
}

/* Some few large objects, or a slow minute, need not make all pages small for ever. */
static void ask_for_more(struct kube_watch *watch)
{
    if (page_took(watch) < KUBE_TIMEOUT_MS / 4)
        watch->page = watch->page < PAGE / 2 ? watch->page * 2 : PAGE;
}

static void page_came(void *context, struct str body, const struct kube_error *error)
{
    struct kube_watch *watch = context;
    struct err err;
    watch->call = NULL;
    if (error->fault == KUBE_TOO_LARGE && watch->page > 1) {
        watch->page = watch->page / 8 + 1;
        ask_page(watch);
        return;
    }
    if (error->fault != KUBE_FINE) {
        ask_for_less(watch, error);
        failed(watch, error);
        return;
    }
    if (take_page(watch, body, &err) < 0) {
        forget(watch);
        failed_here(watch, KUBE_GARBLED, &err);
        return;
    }
    ask_for_more(watch);
    if (watch->next.len) {
        ask_page(watch);
        return;
    }
    alive(watch); /* not sooner: half a list puts nothing in force */
    leave_turn(watch);
    watch->listed = true;
    if (page_took(watch) < KUBE_TIMEOUT_MS)
        watch->page_ms = KUBE_TIMEOUT_MS;
    if (watch->handlers.whole)
        watch->handlers.whole(watch->handlers.context);
    ask_stream(watch);
}

static void ask_page(struct kube_watch *watch)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * TOKEN_MAX_BYTES);
    struct buf path = BUF_INIT(&arena, 4 * TOKEN_MAX_BYTES);
    struct kube_request request = {
        .verb = KUBE_GET, .timeout_ms = watch->page_ms, .on_done = page_came, .context = watch};
    struct err err;
    watch->page_at = clock_boot_ms();
    if (!watch->next.len && watch->handlers.begin)
        watch->handlers.begin(watch->handlers.context);
    add_query(&path, watch);
    buf_addf(&path, "limit=%d", watch->page);
    if (watch->next.len) {
        buf_add(&path, STR("&continue="));
        buf_add_url_part(&path, bytes_str(&watch->next));
    }
    if (buf_finish(&path, &request.path, &err) < 0)
        failed_here(watch, KUBE_BAD_REQUEST, &err);
    else
        ask(watch, &request);
}

/* --- The stream -------------------------------------------------------------------------------- */

static int take_event(struct kube_watch *watch, struct str line, struct arena *arena,
                      struct err *err)
{
    struct watch_event event;
    if (watch_event_read(line, arena, &event, err) < 0)
        return -1;
    if (event.type == WATCH_ERROR) {
        /* The same version may bring the same error for ever: only a list leads past it. */
        kube_status_read((struct kube_question){"GET", bytes_str(&watch->path)}, 0, event.object,
                         &watch->broken);
        forget(watch);
        return -1;
    }
    alive(watch);
    watch->sign = true;
    if (!keep(&watch->version, event.resource_version))
        return err_set(err, ERR_LIMIT, "metadata.resourceVersion: more than is read");
    if (event.type != WATCH_BOOKMARK)
        watch->handlers.object(watch->handlers.context,
                               event.type == WATCH_DELETED ? KUBE_DELETED : KUBE_CHANGED,
                               event.object);
    return 0;
}

static int take_events(struct kube_watch *watch, struct str chunk, struct err *err)
{
    struct str line;
    if (lines_add(&watch->lines, chunk, err) < 0)
        return -1;
    struct arena arena ARENA_SCOPED = ARENA_INIT(PAGE_ROOM);
    while (lines_next(&watch->lines, &line)) {
        arena_reset(&arena);
        if (line.len && take_event(watch, line, &arena, err) < 0)
            return -1;
    }
    return 0;
}

static int chunk_came(void *context, struct str chunk)
{
    struct kube_watch *watch = context;
    struct err err;
    if (take_events(watch, chunk, &err) == 0)
        return 0;
    if (watch->broken.fault == KUBE_FINE) {
        /* What cannot be read once cannot be read again: only a list leads past it. */
        kube_error_set(&watch->broken, (struct kube_question){"GET", bytes_str(&watch->path)},
                       KUBE_GARBLED, &err);
        forget(watch);
    }
    return -1;
}

/*
 * What we know may be of a history that is no more: an etcd that was restored from a backup stands
 * at an older version, and an API server keeps a watch from a newer one open in silence, or refuses
 * it for ever. So a stream is gone on from if it has brought something; and where there was no
 * answer, or one that only asks to wait, nothing was learnt.
 */
static bool leads_on(const struct kube_watch *watch, const struct kube_error *why)
{
    return watch->sign || why->status == 0 || why->fault == KUBE_TOO_MANY;
}

static void stream_ended(void *context, struct str body, const struct kube_error *error)
{
    struct kube_watch *watch = context;
    (void)body;
    watch->call = NULL;
    /* Time alone says nothing: a refusal may be slow, and so is a connection that never comes. */
    bool healthy = error->status / 100 == 2 && clock_boot_ms() - watch->stream_at >= HEALTHY_MS;
    const struct kube_error *why = watch->broken.fault != KUBE_FINE ? &watch->broken : error;
    if (!leads_on(watch, error))
        forget(watch);
    if (healthy)
        watch->backoff = (struct backoff){0};
    if (why->fault != KUBE_FINE) {
        failed(watch, why);
        return;
    }
    if (healthy && watch->listed)
        alive(watch);
    go_on_in(watch, healthy ? 0 : backoff_next(&watch->backoff, random_u32()));
}

static void ask_stream(struct kube_watch *watch)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * TOKEN_MAX_BYTES);
    struct buf path = BUF_INIT(&arena, 4 * TOKEN_MAX_BYTES);
    int seconds = LEAST_S + (int)(random_u32() % SPREAD_S);
    struct kube_request request = {.verb = KUBE_GET,
                                   .timeout_ms = seconds * 1000 + GRACE_MS,
                                   .idle_ms = SILENCE_MS,
                                   .on_data = chunk_came,
                                   .on_done = stream_ended,
                                   .context = watch};
    struct err err;
    add_query(&path, watch);
    buf_addf(&path, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=", seconds);
    buf_add_url_part(&path, bytes_str(&watch->version));
    lines_free(&watch->lines);
    watch->broken = (struct kube_error){0};
    watch->sign = false;
    watch->stream_at = clock_boot_ms();
    if (buf_finish(&path, &request.path, &err) < 0)
        failed_here(watch, KUBE_BAD_REQUEST, &err);
    else
        ask(watch, &request);
}

/* --- From outside ------------------------------------------------------------------------------ */

int kube_watch_start(struct kube *kube, struct str path, const struct kube_watch_handlers *handlers,
                     struct kube_watch **ret_watch, struct err *err)
{
    struct kube_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return err_no_memory(err);
    watch->kube = kube;
    watch->handlers = *handlers;
    watch->page = PAGE;
    watch->page_ms = KUBE_TIMEOUT_MS;
    watch->again = (struct timer){.fire = go_on, .context = watch};
    watch->turn.owner = watch;
    watch->lines = LINES_INIT(KUBE_MAX_BYTES);
    watch->version = watch->next = watch->path = BYTES_INIT(TOKEN_MAX_BYTES);
    if (!bytes_add(&watch->path, path)) {
        free(watch);
        return err_no_memory(err);
    }
    go_on_in(watch, 0); /* so that nobody is called back from in here */
    *ret_watch = watch;
    return 0;
}

void kube_watch_stop(struct kube_watch **watch)
{
    struct kube_watch *ending = *watch;
    if (!ending)
        return;
    if (ending->call)
        kube_cancel(ending->call);
    timer_clear(http_timers(kube_http(ending->kube)), &ending->again);
    leave_turn(ending);
    lines_free(&ending->lines);
    bytes_free(&ending->path);
    bytes_free(&ending->version);
    bytes_free(&ending->next);
    free(ending);
    *watch = NULL;
}

void kube_watch_ask_again(struct kube_watch *watch)
{
    /* A list is on its way, or about to be; or it waits for the next try, and may have reason to. */
    if (!watch->listed || !watch->call)
        return;
    kube_cancel(watch->call);
    watch->call = NULL;
    go_on_in(watch, 0);
}

void kube_watch_list_again(struct kube_watch *watch)
{
    if (!watch->listed)
        return;
    kube_watch_ask_again(watch);
    forget(watch);
}

unsigned kube_watch_failures(const struct kube_watch *watch)
{
    return watch->backoff.failures;
}

bool kube_watch_is_behind(const struct kube_watch *watch)
{
    return watch->missed > 1;
}

int64_t kube_watch_fresh_at(const struct kube_watch *watch)
{
    return watch->fresh_at;
}
