/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: see the header. What is answered is hook.h's to say; who leads comes after that, so that only
 * those who may ask are told. The one thread of the server holds the lock of the secrets while it
 * judges; the loop takes it when they change.
 */
#include "push.h"

#include <stdio.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/pki.h"

#include "pinnace/banned.h"

enum {
    THREADS = 1,
    CONNECTIONS = 64,
    BODIES_MAX_BYTES = 4 * 1024 * 1024, /* of all that are read at once */
    ROOM = 8 * 1024 * 1024,             /* to read one as JSON */
    SECRETS_ROOM = 512 * 1024,
    SECRETS_AGAIN_MS = 2000,
    TELL_AGAIN_MS = 1000,
};

const struct str push_end_names[PUSH_ENDS] = {
    [PUSH_TAKEN] = STR_INIT("taken"), [PUSH_NOT_LEADING] = STR_INIT("not_leading"),
    [PUSH_FULL] = STR_INIT("full"),   [PUSH_STRANGER] = STR_INIT("stranger"),
    [PUSH_BAD] = STR_INIT("bad"),
};

/* ---- answers ---- */

/* Refusals are logged once a second at most: whoever may send nothing may send it often. */
static void log_refusal(struct push *push, const char *path, unsigned status, struct str why)
{
    int64_t now = clock_boot_ms(), last = atomic_load(&push->told_at);
    if ((last && now - last < TELL_AGAIN_MS) ||
        !atomic_compare_exchange_strong(&push->told_at, &last, now))
        return;
    const struct log_field fields[] = {LOG_TEXT("path", str_of(path)), LOG_NUMBER("status", status),
                                       LOG_TEXT("why", why)};
    log_write(push->log, LOG_WARNING, "hint refused", fields, 3);
}

static enum push_end end_of(const struct hook_verdict *verdict)
{
    if (verdict->accepted)
        return PUSH_TAKEN;
    return verdict->status == 401 || verdict->status == 403 ? PUSH_STRANGER : PUSH_BAD;
}

static struct httpd_reply reply_of(struct push *push, const struct hook_receiver *receiver,
                                   enum push_end end, const struct hook_verdict *verdict)
{
    static _Thread_local char text[1024];
    struct str sentence = verdict->reason.len ? verdict->reason : STR("thanks");
    int len = snprintf(text, sizeof(text), "%.*s\n", STR_FMT(sentence));
    len = len < (int)sizeof(text) ? len : (int)sizeof(text) - 1;
    struct httpd_reply reply = httpd_plain(verdict->status, (struct str){text, (size_t)len});
    if (verdict->answer.len && verdict->answer.len < sizeof(text)) {
        memcpy(text, verdict->answer.ptr, verdict->answer.len);
        reply.body.len = verdict->answer.len;
        reply.content_type = "application/json";
    }
    reply.allow = verdict->allow;
    reply.challenge = verdict->challenge;
    reply.allows_origin = verdict->allows_origin;
    reply.last = verdict->status == 503;
    reply.proven = verdict->accepted;
    atomic_fetch_add_explicit(&push->ends[end], 1, memory_order_relaxed);
    if (!verdict->accepted)
        log_refusal(push, receiver ? hook_path(receiver) : "(another)", verdict->status,
                    verdict->reason);
    return reply;
}

/* ---- requests ---- */

static size_t header_of(const void *context, const char *name, struct str *ret_value)
{
    return httpd_header(context, name, ret_value);
}

static struct hook_request request_of(const struct httpd_request *request)
{
    return (struct hook_request){.method = request->method,
                                 .path = request->path,
                                 .query = request->query,
                                 .type = request->content_type,
                                 .body = request->body,
                                 .header = header_of,
                                 .context = request};
}

/* By the path, and by who has secrets: NULL with the verdict when nobody may send there. */
static const struct hook_receiver *find_receiver(const struct push *push, struct str path,
                                                 struct hook_verdict *ret_verdict)
{
    const struct hook_receiver *receiver = hook_find(path);
    if (!receiver)
        hook_refuse_path(ret_verdict);
    else if (!push->secrets.of[hook_number(receiver)].count)
        hook_refuse_all(ret_verdict);
    else
        return receiver;
    return NULL;
}

static void look(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply)
{
    struct push *push = context;
    const struct hook_request asked = request_of(request);
    struct hook_verdict verdict;
    bool refused = true;
    pthread_mutex_lock(&push->lock);
    const struct hook_receiver *receiver = find_receiver(push, request->path, &verdict);
    if (receiver)
        refused = hook_refused(receiver, &asked, &push->secrets.of[hook_number(receiver)],
                               &hook_tools, &verdict);
    pthread_mutex_unlock(&push->lock);
    if (refused)
        *ret_reply = reply_of(push, receiver, end_of(&verdict), &verdict);
}

/* What is good may still come at a bad time: then it is to come again. */
static enum push_end take(struct push *push, struct hook_verdict *verdict)
{
    enum push_end end = PUSH_TAKEN;
    const char *why = NULL;
    if (!verdict->accepted)
        return end_of(verdict);
    if (verdict->hints.count && !atomic_load(&push->leads)) {
        end = PUSH_NOT_LEADING;
        why = "another replica leads; try again";
    } else if (verdict->hints.count && !hintbox_put(push->box, &verdict->hints)) {
        end = PUSH_FULL;
        why = "too many hints at once; try again";
    }
    if (why)
        *verdict = (struct hook_verdict){.status = 503, .reason = str_of(why)};
    return end;
}

static void answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply)
{
    struct push *push = context;
    const struct hook_request asked = request_of(request);
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct hook_verdict verdict;
    pthread_mutex_lock(&push->lock);
    const struct hook_receiver *receiver = find_receiver(push, request->path, &verdict);
    if (receiver)
        hook_judge(receiver, &asked, &push->secrets.of[hook_number(receiver)], &hook_tools, &arena,
                   &verdict);
    pthread_mutex_unlock(&push->lock);
    enum push_end end = receiver ? take(push, &verdict) : end_of(&verdict);
    *ret_reply = reply_of(push, receiver, end, &verdict);
}

/* ---- secrets ---- */

/* 1: they are others now; 0: the same. */
static int read_secrets(struct push *push, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(SECRETS_ROOM);
    struct hook_secrets secrets;
    if (hook_secrets_read(push->secrets_folder, &arena, &secrets, err) < 0)
        return -1;
    if (hook_secrets_same(&secrets, &push->secrets))
        return 0;
    pthread_mutex_lock(&push->lock);
    struct arena before = push->arena;
    push->arena = arena;
    push->secrets = secrets;
    pthread_mutex_unlock(&push->lock);
    arena = before; /* freed on the way out */
    return 1;
}

/* Whose secrets there are, since a file of another name is nobody's. */
static void log_receivers(struct push *push)
{
    char names[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < HOOK_RECEIVERS; i++)
        if (push->secrets.of[i].count && len < sizeof(names))
            len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.*s", len ? ", " : "",
                                    STR_FMT(hook_name(hook_at(i))));
    const struct log_field field = LOG_TEXT("receivers", str_of(names));
    log_write(push->log, LOG_INFO, "secrets of hints read", &field, 1);
}

static void look_at_secrets(void *context)
{
    struct push *push = context;
    struct err err;
    int changed = read_secrets(push, &err);
    if (changed < 0 && !push->told_secrets) {
        const struct log_field field = LOG_TEXT("error", str_of(err.text));
        log_write(push->log, LOG_ERROR, "secrets of hints are bad; those before stay", &field, 1);
    } else if (changed > 0) {
        log_receivers(push);
    }
    push->told_secrets = changed < 0;
    timer_set(http_timers(push->http), &push->timer, clock_boot_ms() + SECRETS_AGAIN_MS);
}

/* ---- the loop's side ---- */

static void told(void *context, const struct push_hint *hint)
{
    struct push *push = context;
    const struct log_field fields[] = {LOG_TEXT("host", hint->host),
                                       LOG_TEXT("repository", hint->repository),
                                       LOG_TEXT("tag", hint->tag)};
    log_write(push->log, LOG_INFO, "hint taken", fields, 3);
    push->hinted(push->context, hint);
}

static void hints_came(void *context)
{
    struct push *push = context;
    hintbox_take(push->box, told, push);
}

static void on_httpd_event(void *context, enum httpd_event event, const char *text)
{
    const struct push *push = context;
    const struct log_field field = LOG_TEXT("detail", str_of(text));
    (void)event;
    log_write(push->log, LOG_WARNING, "connection trouble", &field, 1);
}

int push_start(struct push *push, struct err *err)
{
    const struct httpd_options server = {
        .listen = push->listen,
        .threads = THREADS,
        .connections = CONNECTIONS,
        .max_body = PUSH_BODY_MAX,
        .max_bodies = BODIES_MAX_BYTES,
        .handler = {.context = push, .look = look, .answer = answer},
        .tell = on_httpd_event,
        .tell_context = push,
    };
    if (!push->listen)
        return 0;
    pthread_mutex_init(&push->lock, NULL);
    push->timer = (struct timer){.fire = look_at_secrets, .context = push};
    if (read_secrets(push, err) < 0)
        return err_prefix(err, "no hints without a secret: ");
    if (hintbox_open(&push->box, err) < 0 ||
        http_watch_fd(push->http, hintbox_fd(push->box), hints_came, push, err) < 0)
        return -1;
    timer_set(http_timers(push->http), &push->timer, clock_boot_ms() + SECRETS_AGAIN_MS);
    return httpd_start(&server, &push->server, err);
}

void push_stop(struct push *push)
{
    if (!push->listen || !push->http)
        return;
    httpd_stop(&push->server);
    timer_clear(http_timers(push->http), &push->timer);
    hintbox_close(&push->box);
    arena_free(&push->arena);
}

const char *push_address(const struct push *push)
{
    return push->server ? httpd_address(push->server) : "";
}
