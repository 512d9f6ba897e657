/* SPDX-License-Identifier: Apache-2.0 */
/* kube: see the header. */
#include "pinnace/kube.h"

#include <stdlib.h>

#include "kube_access.h"
#include "kube_turns.h"

#include "pinnace/url.h"

#include "pinnace/banned.h"

enum {
    CALL_ROOM = 64 * 1024 * 1024,
    LISTS_MAX = 16, /* at a time: a thousand watches that begin at once run nobody over */
};

struct kube {
    struct http *http;
    struct kube_access access;
    struct turns lists;
};

struct kube_call {
    struct kube *kube;
    struct http_call *http;
    struct arena arena;
    struct kube_request request; /* its strings are in the arena */
    bool tried_again;
};

int kube_open(struct http *http, const struct kube_options *options, struct kube **ret_kube,
              struct err *err)
{
    struct kube *kube = calloc(1, sizeof(*kube));
    if (!kube)
        return err_no_memory(err);
    if (kube_access_open(options, &kube->access, err) < 0) {
        free(kube);
        return -1;
    }
    kube->http = http;
    kube->lists.most = LISTS_MAX;
    *ret_kube = kube;
    return 0;
}

void kube_close(struct kube **kube)
{
    if (!*kube)
        return;
    kube_access_close(&(*kube)->access);
    free(*kube);
    *kube = NULL;
}

struct turns *kube_lists(struct kube *kube)
{
    return &kube->lists;
}

struct str kube_namespace(const struct kube *kube)
{
    return kube->access.namespace;
}

struct str kube_server(const struct kube *kube)
{
    return kube->access.server;
}

struct http *kube_http(const struct kube *kube)
{
    return kube->http;
}

struct str kube_path(struct arena *arena, struct kube_resource resource, struct str namespace,
                     struct str name, const char *tail)
{
    struct buf path = BUF_INIT(arena, 64 * 1024);
    struct str text = STR_NONE;
    buf_add(&path, str_of(resource.api));
    if (namespace.len) {
        buf_add(&path, STR("/namespaces/"));
        buf_add_url_part(&path, namespace);
    }
    buf_add_char(&path, '/');
    buf_add(&path, str_of(resource.plural));
    if (name.len) {
        buf_add_char(&path, '/');
        buf_add_url_part(&path, name);
    }
    buf_add(&path, tail ? str_of(tail) : STR(""));
    buf_finish(&path, &text, NULL);
    return text;
}

struct verb {
    const char *method, *content;
};

static const struct verb verbs[] = {
    [KUBE_GET] = {"GET", NULL},
    [KUBE_CREATE] = {"POST", "application/json"},
    [KUBE_REPLACE] = {"PUT", "application/json"},
    [KUBE_PATCH_MERGE] = {"PATCH", "application/merge-patch+json"},
    [KUBE_PATCH_JSON] = {"PATCH", "application/json-patch+json"},
    [KUBE_PATCH_STRATEGIC] = {"PATCH", "application/strategic-merge-patch+json"},
    [KUBE_DELETE] = {"DELETE", "application/json"},
};

static struct kube_question question_of(const struct kube_call *call)
{
    return (struct kube_question){verbs[call->request.verb].method, call->request.path};
}

static int fail(const struct kube_call *call, enum kube_fault fault, const struct err *err,
                struct kube_error *error)
{
    kube_error_set(error, question_of(call), fault, err);
    return -1;
}

static void call_free(struct kube_call *call)
{
    arena_free(&call->arena);
    free(call);
}

static void answered(void *context, const struct http_response *response);

static int take_data(void *context, struct str chunk)
{
    struct kube_call *call = context;
    return call->request.on_data(call->request.context, chunk);
}

static int begin(struct kube_call *call, struct kube_error *error)
{
    const struct kube_request *request = &call->request;
    const struct verb *verb = &verbs[request->verb];
    struct err err;
    struct buf url = BUF_INIT(&call->arena, 128 * 1024);
    struct http_request http = {
        .method = verb->method,
        .body = request->body,
        .idle_ms = request->idle_ms,
        .body_max = request->max_bytes ? request->max_bytes : KUBE_MAX_BYTES,
        .stream = request->on_data != NULL,
        .on_data = request->on_data ? take_data : NULL,
        .on_done = answered,
        .context = call,
    };
    http.headers[http.header_count++] = (struct http_header){"Accept", STR("application/json")};
    http.headers[http.header_count++] = (struct http_header){"User-Agent", STR("pinnace")};
    if (verb->content && request->body.len)
        http.headers[http.header_count++] =
            (struct http_header){"Content-Type", str_of(verb->content)};
    buf_add(&url, call->kube->access.server);
    buf_add(&url, request->path);
    if (buf_finish(&url, &http.url, &err) < 0)
        return fail(call, KUBE_BAD_REQUEST, &err, error);
    if (kube_access_fill(&call->kube->access, &http, &err) < 0)
        return fail(call, KUBE_UNAUTHORIZED, &err, error);
    http.total_ms = kube_access_left(&call->kube->access,
                                     request->timeout_ms ? request->timeout_ms : KUBE_TIMEOUT_MS);
    if (http.total_ms == 0) { /* would be none for http */
        err_set(&err, ERR_SYSTEM, "there was no time left to ask");
        return fail(call, KUBE_UNREACHABLE, &err, error);
    }
    call->http = http_start(call->kube->http, &http, &err);
    return call->http ? 0 : fail(call, KUBE_BAD_REQUEST, &err, error);
}

static enum kube_fault fault_of(enum http_fault fault)
{
    switch (fault) {
    case HTTP_FINE:
        return KUBE_FINE;
    case HTTP_NOT_SENT:
    case HTTP_BROKEN:
        return KUBE_UNREACHABLE;
    case HTTP_UNTRUSTED:
        return KUBE_UNTRUSTED;
    case HTTP_TOO_LARGE:
        return KUBE_TOO_LARGE;
    case HTTP_STOPPED:
        return KUBE_GARBLED;
    }
    return KUBE_GARBLED;
}

/* "Retry-After: 1": whole seconds of few digits, or none. */
static int retry_after(const struct http_response *response)
{
    struct str text = http_header(response, "Retry-After");
    int seconds = 0;
    if (text.len > 4)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.ptr[i]))
            return 0;
        seconds = seconds * 10 + (text.ptr[i] - '0');
    }
    return seconds;
}

static void judge_answer(const struct kube_call *call, const struct http_response *response,
                         struct kube_error *error)
{
    if (response->fault != HTTP_FINE) {
        kube_error_set(error, question_of(call), fault_of(response->fault), &response->err);
        error->status = response->status;
    } else if (response->status >= 200 && response->status < 300) {
        *error = (struct kube_error){.status = response->status};
    } else {
        kube_status_read(question_of(call), response->status, response->body, error);
        if (!error->retry_after_s)
            error->retry_after_s = retry_after(response);
    }
}

static void answered(void *context, const struct http_response *response)
{
    struct kube_call *call = context;
    struct kube_error error;
    judge_answer(call, response, &error);
    call->http = NULL;
    if (error.fault == KUBE_UNAUTHORIZED && !call->tried_again &&
        kube_access_refused(&call->kube->access)) {
        call->tried_again = true;
        if (begin(call, &error) == 0)
            return;
    }
    call->request.on_done(call->request.context, response->body, &error);
    call_free(call);
}

struct kube_call *kube_send(struct kube *kube, const struct kube_request *request,
                            struct kube_error *error)
{
    struct err err;
    struct kube_question question = {verbs[request->verb].method, request->path};
    struct kube_call *call = calloc(1, sizeof(*call));
    if (!call) {
        err_no_memory(&err);
        kube_error_set(error, question, KUBE_UNREACHABLE, &err);
        return NULL;
    }
    call->kube = kube;
    call->arena = ARENA_INIT(CALL_ROOM);
    call->request = *request;
    call->request.path = arena_copy(&call->arena, request->path);
    call->request.body = arena_copy(&call->arena, request->body);
    if (!call->request.path.ptr || !call->request.body.ptr) {
        err_no_memory(&err);
        kube_error_set(error, question, KUBE_TOO_LARGE, &err);
    } else if (begin(call, error) == 0) {
        return call;
    }
    call_free(call);
    return NULL;
}

void kube_cancel(struct kube_call *call)
{
    if (call->http)
        http_cancel(call->http);
    call_free(call);
}

struct asked {
    struct arena *arena;
    struct str body;
    struct kube_error error;
    bool done;
};

static void keep_answer(void *context, struct str body, const struct kube_error *error)
{
    struct asked *asked = context;
    asked->error = *error;
    asked->body = arena_copy(asked->arena, body);
    asked->done = true;
}

int kube_ask(struct kube *kube, const struct kube_request *request, struct arena *arena,
             struct str *ret_body, struct kube_error *error)
{
    struct kube_question question = {verbs[request->verb].method, request->path};
    struct asked asked = {.arena = arena};
    struct kube_request asking = *request;
    struct err err;
    asking.on_done = keep_answer;
    asking.context = &asked;
    struct kube_call *call = kube_send(kube, &asking, error);
    if (!call)
        return -1;
    while (!asked.done) {
        if (http_turn(kube->http, 1000, &err) == 0)
            continue;
        kube_cancel(call);
        kube_error_set(error, question, KUBE_UNREACHABLE, &err);
        return -1;
    }
    if (asked.error.fault == KUBE_FINE && !asked.body.ptr) {
        err_no_memory(&err);
        kube_error_set(&asked.error, question, KUBE_TOO_LARGE, &err);
    }
    *error = asked.error;
    if (asked.error.fault != KUBE_FINE)
        return -1;
    *ret_body = asked.body;
    return 0;
}
