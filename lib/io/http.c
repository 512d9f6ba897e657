/* SPDX-License-Identifier: Apache-2.0 */
/* http: see the header. How calls begin and end, and the turn of the loop. */
#include "pinnace/http.h"

#include <errno.h>
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/url.h"

#include "http_inner.h"

#include "pinnace/banned.h"

enum {
    CALL_ROOM = 1024 * 1024,
    EVENTS_MAX = 16, /* in one turn; others have theirs in the next */
    FIRING_MS = 10,  /* what timers set for at once is done in the same turn for so long */
};

/* --- A call ------------------------------------------------------------------------------------ */

/*
 * curl's own limit on slowness would wake the loop each second for each watch. This wakes it once
 * in the time that a watch may be silent.
 */
static void look_for_silence(void *context)
{
    struct http_call *call = context;
    int64_t until = call->last_byte + call->idle_ms;
    if (clock_boot_ms() < until) {
        timer_set(&call->http->timers, &call->idle, until);
        return;
    }
    call->fell_silent = true;
    call->http->news = true;
}

static void call_free(struct http_call *call)
{
    timer_clear(&call->http->timers, &call->idle);
    http_curl_remove(call);
    http_curl_free(call);
    bytes_free(&call->body);
    bytes_free(&call->answer_headers);
    arena_free(&call->arena);
    free(call);
}

struct http_call *http_start(struct http *http, const struct http_request *request, struct err *err)
{
    struct http_call *call = calloc(1, sizeof(*call));
    if (!call) {
        err_no_memory(err);
        return NULL;
    }
    call->http = http;
    call->arena = ARENA_INIT(CALL_ROOM);
    call->body = BYTES_INIT(request->body_max);
    call->answer_headers = BYTES_INIT(HTTP_ANSWER_HEADERS_MAX);
    call->on_data = request->on_data;
    call->on_done = request->on_done;
    call->context = request->context;
    call->idle = (struct timer){.fire = look_for_silence, .context = call};
    call->idle_ms = request->idle_ms;
    call->last_byte = clock_boot_ms();
    if (!http_curl_make(call, request)) {
        err_set(err, ERR_INPUT, "%.*s: no request can be made of this",
                STR_FMT(url_host(request->url)));
        call_free(call);
        return NULL;
    }
    call->next = http->calls;
    http->calls = call;
    http->news = true;
    return call;
}

void http_cancel(struct http_call *call)
{
    call->cancelled = true;
    call->http->news = true;
}

/* --- The turn ---------------------------------------------------------------------------------- */

static void unlink_call(struct http_call *call)
{
    struct http_call **at = &call->http->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
}

/* Takes the call off before calling back, so that it may start others or end everything. */
static void finish_call(struct http_call *call, int code)
{
    struct http_response response;
    http_curl_judge(call, code, &response);
    unlink_call(call);
    http_curl_remove(call);
    response.body = bytes_str(&call->body);
    response.headers = bytes_str(&call->answer_headers);
    if (!call->cancelled)
        call->on_done(call->context, &response);
    call_free(call);
}

static void finish_calls(struct http *http)
{
    int code;
    for (struct http_call *call; (call = http_curl_ended(http, &code));)
        finish_call(call, code);
}

static void due_is_now(void *context)
{
    http_curl_act_due(context);
}

/* What was started, cancelled or found silent by now; curl is not at work here. */
static void take_news(struct http *http)
{
    bool started = false;
    while (http->news) {
        http->news = false;
        for (struct http_call *call = http->calls, *next; call; call = next) {
            next = call->next;
            if (call->cancelled || call->fell_silent) {
                finish_call(call, 0);
                http->news = true;
                break; /* the list may be another one now */
            }
            if (call->added)
                continue;
            http_curl_add(call);
            started = true;
            if (call->idle_ms)
                timer_set(&http->timers, &call->idle, clock_boot_ms() + call->idle_ms);
        }
    }
    if (started) {
        http_curl_act_due(http);
        finish_calls(http);
    }
}

static void take_event(struct http *http, const struct poller_event *event)
{
    for (unsigned i = 0; i < http->watched_count; i++) {
        if (http->watched[i].fd == event->fd) {
            http->watched[i].ready(http->watched[i].context);
            return;
        }
    }
    http_curl_act(http, event);
}

static void fire_timers(struct http *http, int64_t begin)
{
    int64_t now = clock_boot_ms();
    do
        timers_fire(&http->timers, now);
    while (timers_wait(&http->timers, now, 1) == 0 && (now = clock_boot_ms()) < begin + FIRING_MS);
}

int http_turn(struct http *http, int most_ms, struct err *err)
{
    struct poller_event events[EVENTS_MAX];
    take_news(http);
    int64_t wait_ms = timers_wait(&http->timers, clock_boot_ms(), http->news ? 0 : most_ms);
    int count = poller_wait(&http->poller, (int)wait_ms, events, EVENTS_MAX);
    int64_t begin = clock_boot_ms();
    for (int i = 0; i < count; i++)
        take_event(http, &events[i]);
    finish_calls(http);
    fire_timers(http, begin);
    finish_calls(http);
    take_news(http);
    if (count < 0 || http->broken)
        return err_set(err, ERR_SYSTEM, "libcurl: %s",
                       http->broken ? http->broken : "descriptors cannot be waited for");
    int64_t took = clock_boot_ms() - begin;
    if (took > http->longest_turn_ms)
        http->longest_turn_ms = took;
    return 0;
}

void http_wake(struct http *http)
{
    poller_wake(&http->poller);
}

struct timers *http_timers(struct http *http)
{
    return &http->timers;
}

int http_watch_fd(struct http *http, int fd, void (*ready)(void *context), void *context,
                  struct err *err)
{
    if (http->watched_count == HTTP_WATCHED_MAX)
        return err_set(err, ERR_LIMIT, "more than %d descriptors to watch", (int)HTTP_WATCHED_MAX);
    if (!poller_follow(&http->poller, fd, true, false))
        return err_set(err, ERR_SYSTEM, "a descriptor cannot be waited for: %s", strerror(errno));
    http->watched[http->watched_count++] = (struct watched){fd, ready, context};
    return 0;
}

int64_t http_longest_turn_ms(struct http *http)
{
    int64_t longest = http->longest_turn_ms;
    http->longest_turn_ms = 0;
    return longest;
}

int http_open(unsigned connections, struct http **ret_http, struct err *err)
{
    struct http *http = calloc(1, sizeof(*http));
    if (!http)
        return err_no_memory(err);
    http->due = (struct timer){.fire = due_is_now, .context = http};
    if (poller_open(&http->poller, err) < 0) {
        http_close(&http);
        return -1;
    }
    if (!http_curl_open(http, connections)) {
        http_close(&http);
        return err_set(err, ERR_SYSTEM, "libcurl does not start");
    }
    *ret_http = http;
    return 0;
}

void http_close(struct http **http)
{
    if (!*http)
        return;
    while ((*http)->calls) {
        struct http_call *call = (*http)->calls;
        unlink_call(call);
        call_free(call);
    }
    http_curl_close(*http);
    poller_close(&(*http)->poller);
    free(*http);
    *http = NULL;
}
