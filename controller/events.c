/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: see the header. An Event has a name that its object and words give it. It is made; if it is
 * there already, it is read, and its series counts one more. Few are on their way at a time, and none
 * at once: what is told of comes first, on the same API server.
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pinnace/clock.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"
#include "pinnace/siphash.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum {
    ROOM = 1024 * 1024,
    NAME_HEAD_MAX = 200,
    HASH_MAX = 32, /* ".4f1c0a…" */
    TRIES = 3,
    AT_A_TIME = 4,
    WAIT_MS = 100,
};

static const struct kube_resource resource = {"/apis/events.k8s.io/v1", "events"};

/* One block: itself and its strings, since thousands may wait. */
struct event {
    struct events *events;
    struct event *next, **link; /* of all, and what points here */
    struct work work;
    struct event_about about;
    struct event_words words;
    struct str name;
    int64_t deadline; /* of all its calls together */
    unsigned tries;
    struct kube_call *call;
};

static void event_free(struct event *event)
{
    *event->link = event->next;
    if (event->next)
        event->next->link = event->link;
    event->events->count--;
    if (event->work.busy)
        queue_done(&event->work);
    work_end(&event->work);
    free(event);
}

static void give_up(struct event *event, const char *why)
{
    const struct log_field fields[] = {
        LOG_TEXT("namespace", event->about.namespace),
        LOG_TEXT("name", event->about.name),
        LOG_TEXT("reason", str_of(event->words.reason)),
        LOG_TEXT("error", str_of(why)),
    };
    log_write(event->events->log, LOG_WARNING, "event not told", fields, 4);
    event->events->dropped++;
    event_free(event);
}

/* --- What is written --------------------------------------------------------------------------- */

/* "2026-11-21T09:30:00.000000Z" */
static void add_micro_time(struct buf *buf, const char *key, struct json_writer *json)
{
    struct timespec now;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    struct buf when = BUF_INIT(buf->arena, 64);
    struct str seconds = STR_NONE;
    buf_add_when(&when, now.tv_sec);
    if (buf_finish(&when, &seconds, NULL) < 0 || seconds.len < 1)
        return;
    snprintf(text, sizeof(text), "%.*s.%06ldZ", (int)seconds.len - 1, seconds.ptr,
             now.tv_nsec / 1000);
    json_member(json, key, str_of(text));
}

static void add_regarding(struct json_writer *json, const struct event_about *about)
{
    json_key(json, "regarding");
    json_open(json, '{');
    json_member(json, "apiVersion", about->api_version);
    json_member(json, "kind", about->kind);
    json_member(json, "namespace", about->namespace);
    json_member(json, "name", about->name);
    json_member(json, "uid", about->uid);
    json_close(json, '}');
}

static int write_event(struct event *event, struct arena *arena, struct str *ret_body,
                       struct err *err)
{
    struct buf buf = BUF_INIT(arena, ROOM / 4);
    struct json_writer json = {.buf = &buf};
    char host[128] = "";
    gethostname(host, sizeof(host) - 1);
    json_open(&json, '{');
    json_member(&json, "apiVersion", STR("events.k8s.io/v1"));
    json_member(&json, "kind", STR("Event"));
    json_key(&json, "metadata");
    json_open(&json, '{');
    json_member(&json, "namespace", event->about.namespace);
    json_member(&json, "name", event->name);
    json_close(&json, '}');
    add_micro_time(&buf, "eventTime", &json);
    json_member(&json, "reportingController", STR("pinnace.dev/controller"));
    json_member(&json, "reportingInstance", str_of(host[0] ? host : "unknown"));
    json_member(&json, "action", str_of(event->words.reason));
    json_member(&json, "reason", str_of(event->words.reason));
    json_member(&json, "type", event->words.warning ? STR("Warning") : STR("Normal"));
    json_member(&json, "note", event->words.note);
    add_regarding(&json, &event->about);
    json_close(&json, '}');
    return buf_finish(&buf, ret_body, err);
}

static int write_series(struct arena *arena, int64_t count, struct str *ret_body, struct err *err)
{
    struct buf buf = BUF_INIT(arena, 4096);
    struct json_writer json = {.buf = &buf};
    json_open(&json, '{');
    json_key(&json, "series");
    json_open(&json, '{');
    json_key(&json, "count");
    json_number(&json, count);
    add_micro_time(&buf, "lastObservedTime", &json);
    json_close(&json, '}');
    json_close(&json, '}');
    return buf_finish(&buf, ret_body, err);
}

/* --- The calls --------------------------------------------------------------------------------- */

static void send(struct event *event, enum kube_verb verb, struct str body,
                 void (*on_done)(void *, struct str, const struct kube_error *))
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str name = verb == KUBE_CREATE ? STR_NONE : event->name;
    const struct kube_request request = {
        .verb = verb,
        .path = kube_path(&arena, resource, event->about.namespace, name, NULL),
        .body = body,
        .timeout_ms = (int)(event->deadline - clock_boot_ms()),
        .on_done = on_done,
        .context = event};
    struct kube_error error;
    if (request.timeout_ms <= 0) {
        give_up(event, "there was no time left for it");
        return;
    }
    event->call = kube_send(event->events->kube, &request, &error);
    if (!event->call)
        give_up(event, error.text);
    else if (!event->work.busy)
        queue_busy(&event->work);
}

static void counted(void *context, struct str body, const struct kube_error *error)
{
    struct event *event = context;
    (void)body;
    if (error->fault == KUBE_FINE)
        event_free(event);
    else
        give_up(event, error->text);
}

/* An Event without a series has been seen once, one with a series as often as that says. */
static int64_t count_of(struct str json, struct arena *arena)
{
    static const struct str outer[] = {STR_INIT("series")}, inner[] = {STR_INIT("count")};
    struct scan scan;
    int64_t count = 1;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, outer, 1) != SCAN_END) {
        if (scan_peek(&scan) != SCAN_OBJECT) {
            scan_value(&scan);
            continue;
        }
        struct scan_members series = scan_object(&scan);
        while (scan_member(&scan, &series, inner, 1) != SCAN_END) {
            struct str number = scan_value(&scan);
            count = 0;
            for (size_t i = 0; i < number.len && i < 9 && ascii_is_digit(number.ptr[i]); i++)
                count = count * 10 + (number.ptr[i] - '0');
        }
    }
    return scan_finish(&scan, NULL) == 0 ? count : 1;
}

static void create(struct event *event);

static void came(void *context, struct str body, const struct kube_error *error)
{
    struct event *event = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * ROOM);
    struct str series;
    struct err err;
    if (error->fault == KUBE_NOT_FOUND && event->tries < TRIES) {
        create(event); /* it has just come to its end */
        return;
    }
    if (error->fault != KUBE_FINE) {
        give_up(event, error->text);
        return;
    }
    if (write_series(&arena, count_of(body, &arena) + 1, &series, &err) < 0)
        give_up(event, err.text);
    else
        send(event, KUBE_PATCH_MERGE, series, counted);
}

static void created(void *context, struct str body, const struct kube_error *error)
{
    struct event *event = context;
    (void)body;
    if (error->fault == KUBE_FINE)
        event_free(event);
    else if (error->fault == KUBE_EXISTS)
        send(event, KUBE_GET, STR_NONE, came);
    else
        give_up(event, error->text);
}

static void create(struct event *event)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str body;
    struct err err;
    event->tries++;
    if (write_event(event, &arena, &body, &err) < 0)
        give_up(event, err.text);
    else
        send(event, KUBE_CREATE, body, created);
}

/* --- From outside ------------------------------------------------------------------------------ */

/* As much as fits, and no character of which a part is missing. */
static struct str cut(struct str note)
{
    if (note.len <= EVENT_NOTE_MAX)
        return note;
    size_t len = EVENT_NOTE_MAX;
    while (len > 0 && ((unsigned char)note.ptr[len] & 0xC0) == 0x80)
        len--;
    return str_head(note, len);
}

/* "web.4f1c0a…": of the object, by its uid, and the words. */
static struct hash128 hash_of(const struct event *event)
{
    static const struct siphash_key key = {0x70696e6e616365, 0x6576656e7473};
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct buf said = BUF_INIT(&arena, ROOM / 2);
    struct str text = STR_NONE;
    buf_add(&said, event->about.uid);
    buf_addf(&said, "/%s/", event->words.reason);
    buf_add(&said, event->words.note);
    buf_finish(&said, &text, NULL);
    return siphash128(key, text);
}

static struct str append(char **end, struct str s)
{
    struct str copied = {*end, s.len};
    if (s.len)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return copied;
}

static struct event *new_event(const struct event_about *about, const struct event_words *words)
{
    struct str note = cut(words->note);
    struct event *event =
        calloc(1, sizeof(*event) + about->api_version.len + about->kind.len + about->namespace.len +
                      2 * about->name.len + about->uid.len + note.len + HASH_MAX);
    if (!event)
        return NULL;
    char *end = (char *)(event + 1);
    event->about = (struct event_about){append(&end, about->api_version), append(&end, about->kind),
                                        append(&end, about->namespace), append(&end, about->name),
                                        append(&end, about->uid)};
    event->words = *words;
    event->words.note = append(&end, note);
    struct str head = about->name;
    if (head.len > NAME_HEAD_MAX)
        head.len = NAME_HEAD_MAX;
    append(&end, head);
    int len = snprintf(end, HASH_MAX, ".%016llx", (unsigned long long)hash_of(event).low);
    event->name = (struct str){end - head.len, head.len + (size_t)len};
    return event;
}

static void take(struct work *work)
{
    struct event *event = (struct event *)((char *)work - offsetof(struct event, work));
    event->deadline = clock_boot_ms() + event->events->left_ms(event->events->context);
    create(event);
}

void events_start(struct events *events)
{
    queue_begin(&events->queue, http_timers(kube_http(events->kube)), AT_A_TIME, take);
}

void events_tell(struct events *events, const struct event_about *about,
                 const struct event_words *words)
{
    struct event *event = events->count < EVENTS_MAX ? new_event(about, words) : NULL;
    if (!event) {
        events->dropped++;
        return;
    }
    event->events = events;
    event->next = events->first;
    event->link = &events->first;
    if (event->next)
        event->next->link = &event->next;
    events->first = event;
    events->count++;
    work_begin(&event->work, &events->queue);
    queue_add_in(&event->work, WAIT_MS);
}

void events_stop(struct events *events)
{
    queue_end(&events->queue);
    while (events->first) {
        if (events->first->call)
            kube_cancel(events->first->call);
        event_free(events->first);
    }
}
