/* SPDX-License-Identifier: Apache-2.0 */
/* registry: see the header. How calls begin and end. */
#include "pinnace/registry.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/url.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

enum { CALL_ROOM = 64 * 1024 * 1024 };

int registry_open(struct http *http, const struct registry_options *options,
                  struct registry **ret_registry, struct err *err)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    if (!registry)
        return err_no_memory(err);
    registry->http = http;
    registry->options = *options;
    if (!registry->options.timeout_ms)
        registry->options.timeout_ms = REGISTRY_TIMEOUT_MS;
    *ret_registry = registry;
    return 0;
}

bool str_list_has_host(const struct str_list *list, struct str host)
{
    for (size_t i = 0; i < list->count; i++)
        if (host_same(list->items[i], host))
            return true;
    return false;
}

static void call_free(struct registry_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    timer_clear(http_timers(call->registry->http), &call->again);
    if (call->http)
        http_cancel(call->http);
    registry_token_forget(call);
    registry_identity_forget(call);
    registry_host_remove(call);
    registry_host_release(call);
    bytes_free(&call->next_url);
    bytes_free(&call->marked_url);
    arena_free(&call->arena);
    free(call);
}

static bool set_url(struct registry_call *call);

/* Whatever a mirror has to say but a digest is not of interest. */
static bool go_on_without_mirror(struct registry_call *call)
{
    char room[REGPLACE_HOST_MAX];
    struct str host = registry_api_host(call->request.ref.host, room, sizeof(room));
    if (!call->on_mirror)
        return false;
    registry_token_forget(call);
    call->on_mirror = call->foreign = call->logins_begun = call->renewed = false;
    call->identified = call->own_renewed = false;
    call->refused = call->nobody = (struct registry_error){.fault = REGISTRY_FINE};
    call->login = NULL;
    call->redirects = call->challenges = 0;
    call->backoff.failures = 0;
    call->host = registry_host_of(call->registry, host);
    if (!call->host || !set_url(call))
        return false;
    registry_host_add(call);
    return true;
}

void registry_call_end(struct registry_call *call, const struct registry_answer *answer)
{
    registry_host_release(call);
    if (answer->error.fault != REGISTRY_FINE && go_on_without_mirror(call))
        return;
    struct registry_answer told = *answer;
    told.provider = call->login == &call->own ? call->own_provider : NULL;
    call->request.on_done(call->request.context, &told);
    call_free(call);
}

void registry_cancel(struct registry_call *call)
{
    call_free(call);
}

void registry_close(struct registry **registry)
{
    if (!*registry)
        return;
    while ((*registry)->calls)
        call_free((*registry)->calls);
    registry_tokens_free(*registry);
    registry_identities_free(*registry);
    while ((*registry)->hosts) {
        struct registry_host *host = (*registry)->hosts;
        (*registry)->hosts = host->next;
        timer_clear(http_timers((*registry)->http), &host->pump);
        free(host);
    }
    free(*registry);
    *registry = NULL;
}

/* --- How a call begins ------------------------------------------------------------------------- */

static struct str copy(struct registry_call *call, struct str text, bool *ok)
{
    struct str copied = arena_copy(&call->arena, text);
    *ok = *ok && copied.ptr;
    return copied;
}

static struct str finished(struct buf *buf, bool *ok)
{
    struct str text = STR_NONE;
    *ok = buf_finish(buf, &text, NULL) == 0 && *ok;
    return text;
}

/* The strings that the call needs all its life. */
static bool copy_request(struct registry_call *call, const struct registry_request *request)
{
    bool ok = true;
    struct imageref *ref = &call->request.ref;
    struct buf about = BUF_INIT(&call->arena, 4096), repository = BUF_INIT(&call->arena, 4096);
    struct buf scope = BUF_INIT(&call->arena, 4096);
    call->request = *request;
    ref->host = copy(call, request->ref.host, &ok);
    ref->path = copy(call, request->ref.path, &ok);
    ref->tag = copy(call, request->ref.tag, &ok);
    ref->digest = copy(call, request->ref.digest, &ok);
    call->request.body = copy(call, request->body, &ok);
    if (!ref->tag.len && !ref->digest.len)
        ref->tag = STR("latest");
    buf_add_repository(&repository, ref);
    if (registry_verb_lists(request->verb))
        buf_add_repository(&about, ref);
    else
        buf_add_imageref(&about, ref);
    buf_add_scope(&scope, ref, str_of(registry_ways[request->verb].actions));
    call->about = finished(&about, &ok);
    call->repository = finished(&repository, &ok);
    call->scope = finished(&scope, &ok);
    return ok;
}

/* The path of the first request: a digest is asked for rather than the tag beside it. */
static bool set_url(struct registry_call *call)
{
    bool ok = true;
    const struct imageref *ref = &call->request.ref;
    struct buf tail = BUF_INIT(&call->arena, 4096), url = BUF_INIT(&call->arena, 8192);
    switch (call->request.verb) {
    case REGISTRY_NEWEST:
    case REGISTRY_ATTRIBUTES:
    case REGISTRY_LOCK:
    case REGISTRY_UNLOCK:
        registry_change_url(call, &url);
        break;
    case REGISTRY_TAGS:
        buf_add(&tail, STR("tags/list?n=1000"));
        break;
    case REGISTRY_RESOLVE:
    case REGISTRY_FETCH:
        buf_add(&tail, STR("manifests/"));
        buf_add(&tail, ref->digest.len ? ref->digest : ref->tag);
        break;
    case REGISTRY_TAG:
    case REGISTRY_UNTAG:
        buf_add(&tail, STR("manifests/"));
        buf_add(&tail, ref->tag);
        break;
    }
    if (!url.len)
        buf_add_registry_url(&url, str_of(call->host->name), call->host->plain, ref,
                             finished(&tail, &ok));
    call->method = registry_ways[call->request.verb].method;
    call->url = finished(&url, &ok);
    return ok;
}

bool registry_is_acr(const struct registry *registry, const struct imageref *ref)
{
    char room[REGPLACE_HOST_MAX];
    struct str host = registry_api_host(ref->host, room, sizeof(room));
    return host.ptr && provider_of(host) == &provider_azure &&
           !str_list_has_host(&registry->options.plain, host);
}

static void try_again(void *context)
{
    registry_host_add(context);
}

/* A list of tags that is not whole would be worse than none: only the registry itself has it, and
 * only there anything is changed. */
static struct str mirror_of(const struct registry *registry, const struct registry_request *request)
{
    const struct registry_options *options = &registry->options;
    for (size_t i = 0; i < options->mirror_count && !registry_ways[request->verb].documents; i++)
        if (host_same(options->mirrors[i].host, request->ref.host))
            return options->mirrors[i].mirror;
    return STR_NONE;
}

struct registry_call *registry_send(struct registry *registry,
                                    const struct registry_request *request, struct err *err)
{
    struct registry_call *call = calloc(1, sizeof(*call));
    char room[REGPLACE_HOST_MAX];
    if (!call) {
        err_no_memory(err);
        return NULL;
    }
    call->registry = registry;
    call->arena = ARENA_SMALL_INIT(CALL_ROOM);
    call->next = registry->calls;
    call->link = &registry->calls;
    if (call->next)
        call->next->link = &call->next;
    registry->calls = call;
    call->again = (struct timer){.fire = try_again, .context = call};
    call->deadline = clock_boot_ms() + request->patience_ms;
    struct str mirror = mirror_of(registry, request);
    call->on_mirror = mirror.len > 0;
    struct str host =
        registry_api_host(mirror.len ? mirror : request->ref.host, room, sizeof(room));
    call->host = host.ptr ? registry_host_of(registry, host) : NULL;
    if (!call->host || !copy_request(call, request) || !set_url(call)) {
        err_no_memory(err);
        call_free(call);
        return NULL;
    }
    registry_host_add(call);
    return call;
}

/* --- One at a time ----------------------------------------------------------------------------- */

struct asked {
    const struct registry_request *request;
    struct arena *arena;
    struct registry_answer *ret_answer;
    bool done;
};

static void pass_tag(void *context, struct str tag)
{
    const struct asked *asked = context;
    asked->request->on_tag(asked->request->context, tag);
}

static void keep_answer(void *context, const struct registry_answer *answer)
{
    struct asked *asked = context;
    struct registry_answer kept = *answer;
    kept.digest = arena_copy(asked->arena, answer->digest);
    kept.body = arena_copy(asked->arena, answer->body);
    if (!kept.digest.ptr || !kept.body.ptr)
        registry_error_set(&kept.error, REGISTRY_TOO_LARGE, STR_NONE, "memory is out");
    *asked->ret_answer = kept;
    asked->done = true;
}

int registry_ask(struct registry *registry, const struct registry_request *request,
                 struct arena *arena, struct registry_answer *ret_answer)
{
    struct asked asked = {.request = request, .arena = arena, .ret_answer = ret_answer};
    struct registry_request asking = *request;
    struct err err;
    *ret_answer = (struct registry_answer){.tags = 0};
    asking.on_tag = request->on_tag ? pass_tag : NULL;
    asking.on_done = keep_answer;
    asking.context = &asked;
    struct registry_call *call = registry_send(registry, &asking, &err);
    if (!call)
        return registry_error_set(&ret_answer->error, REGISTRY_TOO_LARGE, STR_NONE, "%s", err.text);
    while (!asked.done) {
        if (http_turn(registry->http, 1000, &err) == 0)
            continue;
        registry_cancel(call);
        return registry_error_set(&ret_answer->error, REGISTRY_UNREACHABLE, STR_NONE, "%s",
                                  err.text);
    }
    return ret_answer->error.fault == REGISTRY_FINE ? 0 : -1;
}
