/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: see the header. What comes is judged in an order that gives strangers nothing to do: path,
 * method, type and the presence of a proof by the head alone, the proof before the body is read as
 * JSON, and who leads after that, so that only those who may ask are told.
 */
#include "push.h"

#include <stdio.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/httphead.h"
#include "pinnace/pki.h"

#include "pinnace/banned.h"

enum {
    THREADS = 1,
    CONNECTIONS = 64,
    BODIES_MAX_BYTES = 4 * 1024 * 1024, /* of all that are read at once */
    ROOM = 4 * 1024 * 1024,             /* to read one as JSON */
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
    while (why.len && why.ptr[why.len - 1] == '\n')
        why.len--;
    const struct log_field fields[] = {LOG_TEXT("path", str_of(path)), LOG_NUMBER("status", status),
                                       LOG_TEXT("why", why)};
    log_write(push->log, LOG_WARNING, "hint refused", fields, 3);
}

static struct httpd_reply refuse(struct push *push, const char *path, enum push_end end,
                                 unsigned status, struct str sentence)
{
    struct httpd_reply reply = httpd_plain(status, sentence);
    atomic_fetch_add_explicit(&push->ends[end], 1, memory_order_relaxed);
    log_refusal(push, path, status, sentence);
    reply.last = status == 503;
    return reply;
}

/* ---- who may ---- */

struct endpoint {
    const char *path;
    const char *challenge, *proof_header;
    struct str no_proof, wrong_proof;
    bool (*proves)(struct str header, struct str body, struct str secret);
    int (*read)(struct str body, struct arena *arena, struct push_hints *ret_hints,
                struct err *err);
};

static bool sends_secret(struct str header, struct str body, struct str secret)
{
    (void)body;
    return secret_eq(push_bearer_read(header), secret);
}

static bool signs_with_secret(struct str header, struct str body, struct str secret)
{
    unsigned char sum[PUSH_SIGNATURE_BYTES];
    struct sha256 own;
    return push_signature_read(header, sum) && hmac_sha256_of(secret, body, &own, NULL) == 0 &&
           secret_eq((struct str){(const char *)sum, sizeof(sum)},
                     (struct str){(const char *)own.bytes, sizeof(own.bytes)});
}

static const struct endpoint endpoints[] = {
    {"/hooks/distribution", "Bearer realm=\"pinnace\"", "Authorization",
     STR_INIT("this needs exactly one header \"Authorization: Bearer SECRET\"\n"),
     STR_INIT("this is not the secret of --hooks-secret\n"), sends_secret, push_read_distribution},
    {"/hooks/generic", "Signature realm=\"pinnace\"", "X-Hub-Signature-256",
     STR_INIT("this needs exactly one header \"X-Hub-Signature-256: sha256=HMAC\"\n"),
     STR_INIT("the body is not signed with the secret of --hooks-secret\n"), signs_with_secret,
     push_read_generic},
};

static const struct endpoint *endpoint_of(struct str path)
{
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        if (str_eq(path, str_of(endpoints[i].path)))
            return &endpoints[i];
    return NULL;
}

/* All are tried, whichever fits: which one it was shows in no time either. */
static bool is_proven(struct push *push, const struct endpoint *endpoint,
                      const struct httpd_request *request)
{
    struct str header = STR_NONE;
    bool proven = false;
    httpd_header(request, endpoint->proof_header, &header);
    pthread_mutex_lock(&push->lock);
    for (size_t i = 0; i < push->secrets.count; i++)
        if (endpoint->proves(header, request->body, push->secrets.items[i]))
            proven = true;
    pthread_mutex_unlock(&push->lock);
    return proven;
}

/* ---- requests ---- */

static bool type_is_known(struct str type)
{
    return http_type_is(type, STR("application/json")) ||
           http_type_is(type, STR("application/vnd.docker.distribution.events.v2+json")) ||
           http_type_is(type, STR("application/vnd.docker.distribution.events.v1+json"));
}

static struct httpd_reply no_such_path(struct push *push)
{
    return refuse(push, "(another)", PUSH_BAD, 404,
                  STR("there are /hooks/distribution and /hooks/generic\n"));
}

static void look(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply)
{
    struct push *push = context;
    const struct endpoint *endpoint = endpoint_of(request->path);
    struct str header;
    if (!endpoint) {
        *ret_reply = no_such_path(push);
    } else if (!str_eq(request->method, STR("POST"))) {
        *ret_reply = refuse(push, endpoint->path, PUSH_BAD, 405, STR("hints come by POST\n"));
        ret_reply->allow = "POST";
    } else if (httpd_header(request, endpoint->proof_header, &header) != 1) {
        *ret_reply = refuse(push, endpoint->path, PUSH_STRANGER, 401, endpoint->no_proof);
        ret_reply->challenge = endpoint->challenge;
    } else if (endpoint->proves == sends_secret && !is_proven(push, endpoint, request)) {
        *ret_reply = refuse(push, endpoint->path, PUSH_STRANGER, 403, endpoint->wrong_proof);
    } else if (!type_is_known(request->content_type)) {
        *ret_reply = refuse(push, endpoint->path, PUSH_BAD, 415,
                            STR("the body has to be application/json, or the notification of a "
                                "registry\n"));
    }
}

static struct httpd_reply take(struct push *push, const struct endpoint *endpoint,
                               const struct push_hints *hints)
{
    if (!atomic_load(&push->leads))
        return refuse(push, endpoint->path, PUSH_NOT_LEADING, 503,
                      STR("another replica leads; try again\n"));
    if (!hintbox_put(push->box, hints))
        return refuse(push, endpoint->path, PUSH_FULL, 503,
                      STR("too many hints at once; try again\n"));
    atomic_fetch_add_explicit(&push->ends[PUSH_TAKEN], 1, memory_order_relaxed);
    struct httpd_reply reply = httpd_plain(202, STR("thanks\n"));
    reply.proven = true;
    return reply;
}

static void answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply)
{
    static _Thread_local char sentence[sizeof(((struct err *)NULL)->text) + 1];
    struct push *push = context;
    const struct endpoint *endpoint = endpoint_of(request->path);
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct push_hints hints;
    struct err err;
    if (!endpoint) {
        *ret_reply = no_such_path(push);
    } else if (!is_proven(push, endpoint, request)) {
        *ret_reply = refuse(push, endpoint->path, PUSH_STRANGER, 403, endpoint->wrong_proof);
    } else if (endpoint->read(request->body, &arena, &hints, &err) < 0) {
        unsigned status = err.kind == ERR_LIMIT ? 413 : err.kind == ERR_MEMORY ? 503 : 400;
        int len = snprintf(sentence, sizeof(sentence), "%s\n", err.text);
        *ret_reply =
            refuse(push, endpoint->path, PUSH_BAD, status, (struct str){sentence, (size_t)len});
    } else {
        *ret_reply = take(push, endpoint, &hints);
    }
}

/* ---- secrets ---- */

/* 1: they are others now; 0: the same. */
static int read_secrets(struct push *push, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(2 * 64 * 1024);
    struct push_secrets secrets;
    struct str text;
    if (file_read(push->secret_file, PUSH_SECRETS_FILE_MAX, &arena, &text, err) < 0)
        return -1;
    if (push->secrets.count && str_eq(text, push->text))
        return 0;
    if (push_secrets_read(text, &secrets, err) < 0)
        return err_prefix(err, "%s: ", push->secret_file);
    pthread_mutex_lock(&push->lock);
    struct arena before = push->arena;
    push->arena = arena;
    push->text = text;
    push->secrets = secrets;
    pthread_mutex_unlock(&push->lock);
    arena = before; /* freed on the way out */
    return 1;
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
        log_write(push->log, LOG_INFO, "secrets of hints read", NULL, 0);
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
