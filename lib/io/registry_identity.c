/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_identity: walks providers through their steps and keeps what they give, one for each
 * registry and whoever asks it. Whoever needs one that is on its way waits for it. See provider.h
 * and registry_inner.h.
 */
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/kube.h"

#include "awssign.h"
#include "registry_inner.h"

#include "pinnace/banned.h"

enum {
    ENTRY_ROOM = 64 * 1024,
    RUN_ROOM = 4 * 1024 * 1024,
    IDENTITIES_MAX = 1024,
    NOBODY_MS = 60 * 1000, /* so long we are nobody before the environment is looked at again */
    DOUBT_MS = 60 * 1000,  /* so long a login is not replaced again because it was not taken */
};

static void proceed(struct registry_identity *identity, const struct provider_next *next);

/* --- Those that there are ---------------------------------------------------------------------- */

static bool is_running(const struct registry_identity *identity)
{
    return identity->http || identity->kube;
}

static void identity_free(struct registry_identity *identity)
{
    struct registry_identity **at = &identity->registry->identities;
    while (*at != identity)
        at = &(*at)->next;
    *at = identity->next;
    if (identity->http)
        http_cancel(identity->http);
    if (identity->kube)
        kube_cancel(identity->kube);
    arena_free(&identity->room);
    arena_free(&identity->kept);
    arena_free(&identity->arena);
    free(identity);
}

void registry_identities_free(struct registry *registry)
{
    while (registry->identities)
        identity_free(registry->identities);
}

void registry_identity_forget(struct registry_call *call)
{
    if (!call->identity)
        return;
    struct registry_call **at = &call->identity->waiting;
    while (*at != call)
        at = &(*at)->queued;
    *at = call->queued;
    call->identity = NULL;
}

/* Makes room by one that has ended, or the oldest. */
static void purge(struct registry *registry)
{
    struct registry_identity *last = NULL;
    int64_t now = clock_boot_ms();
    size_t count = 0;
    for (struct registry_identity *identity = registry->identities; identity;
         identity = identity->next) {
        bool idle = !is_running(identity) && !identity->waiting && !identity->serving;
        count++;
        if (idle && (!last || last->ends_at > now || identity->ends_at <= now))
            last = identity;
    }
    if (count >= IDENTITIES_MAX && last)
        identity_free(last);
}

static bool same_notes(const struct registry_identity *identity, const struct provider_input *noted)
{
    for (size_t i = 0; i < identity->provider->need_count; i++)
        if (!str_eq(identity->noted.values[i], noted->values[i]))
            return false;
    return true;
}

static struct registry_identity *find(const struct registry_call *call,
                                      const struct registry_account *account,
                                      const struct provider_input *noted)
{
    struct registry_identity *identity = call->registry->identities;
    while (identity && !(str_eq(identity->host, noted->host) &&
                         str_eq(identity->namespace, account->namespace) &&
                         str_eq(identity->account, account->name) && same_notes(identity, noted)))
        identity = identity->next;
    return identity;
}

static bool copy(struct arena *arena, struct str text, struct str *ret_copy)
{
    *ret_copy = arena_copy(arena, text);
    return ret_copy->ptr != NULL;
}

static struct registry_identity *make(const struct registry_call *call,
                                      const struct provider *provider,
                                      const struct registry_account *account,
                                      const struct provider_input *noted)
{
    purge(call->registry);
    struct registry_identity *identity = calloc(1, sizeof(*identity));
    if (!identity)
        return NULL;
    struct arena *arena = &identity->arena;
    identity->registry = call->registry;
    identity->provider = provider;
    *arena = ARENA_INIT(ENTRY_ROOM + PROVIDER_NEEDS_MAX * PROVIDER_VALUE_MAX);
    identity->next = call->registry->identities;
    call->registry->identities = identity;
    bool ok = copy(arena, noted->host, &identity->host) &&
              copy(arena, account->namespace, &identity->namespace) &&
              copy(arena, account->name, &identity->account);
    for (size_t i = 0; ok && i < provider->need_count; i++)
        ok = copy(arena, noted->values[i], &identity->noted.values[i]);
    if (ok)
        return identity;
    identity_free(identity);
    return NULL;
}

/* --- Who asks ---------------------------------------------------------------------------------- */

static const struct provider *provider_for(const struct registry_call *call)
{
    return call->host->plain || call->foreign ? NULL : provider_of(str_of(call->host->name));
}

bool registry_identity_wanted(const struct registry_call *call)
{
    return !call->identified && provider_for(call);
}

/* The first account that has an identity of this cloud; without one we ask as ourselves. */
static struct registry_account account_of(const struct registry_call *call,
                                          const struct provider *provider, struct arena *arena,
                                          struct provider_input *noted)
{
    for (size_t i = 0; i < call->request.account_count && call->registry->options.kube; i++) {
        const struct registry_account *account = &call->request.accounts[i];
        if (provider_note_account(provider, account->json, arena, noted))
            return *account;
    }
    return (struct registry_account){.namespace = STR_NONE};
}

static struct registry_identity *identity_of(const struct registry_call *call)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(RUN_ROOM);
    struct provider_input noted = {.host = str_of(call->host->name)};
    const struct provider *provider = provider_for(call);
    if (!provider)
        return NULL;
    struct registry_account account = account_of(call, provider, &arena, &noted);
    struct registry_identity *identity = find(call, &account, &noted);
    return identity ? identity : make(call, provider, &account, &noted);
}

/* --- What comes of it -------------------------------------------------------------------------- */

static bool copy_login(struct arena *arena, const struct docker_login *from,
                       struct docker_login *ret_login)
{
    *ret_login = (struct docker_login){.next = NULL};
    return copy(arena, from->username, &ret_login->username) &&
           copy(arena, from->password, &ret_login->password) &&
           copy(arena, from->identity_token, &ret_login->identity_token);
}

static void go_on(struct registry_call *call, const struct registry_identity *identity)
{
    bool there = identity && clock_boot_ms() < identity->ends_at;
    call->identity = NULL;
    call->identified = true;
    call->login = NULL;
    call->nobody = (struct registry_error){.fault = REGISTRY_FINE};
    if (there && copy_login(&call->arena, &identity->login, &call->own)) {
        call->own_generation = identity->generation;
        call->own_provider = identity->provider->title;
        call->login = &call->own;
    } else if (call->refused.fault != REGISTRY_FINE) {
        registry_call_fail(call, &call->refused);
        return;
    } else if (identity) {
        call->nobody = identity->error;
    }
    registry_auth_begin(call);
}

/* One by one, since whoever is called back may cancel others, or have it begun again. */
static void end_run(struct registry_identity *identity)
{
    arena_free(&identity->room);
    identity->serving = true;
    while (identity->waiting && !is_running(identity)) {
        struct registry_call *call = identity->waiting;
        identity->waiting = call->queued;
        go_on(call, identity);
    }
    identity->serving = false;
}

static void fail(struct registry_identity *identity, const struct registry_error *error)
{
    int64_t wait_ms = error->retry_after_s * 1000;
    if (!wait_ms)
        wait_ms = backoff_next(&identity->backoff, random_u32());
    identity->error = *error;
    identity->not_before = clock_boot_ms() + wait_ms;
    if (identity->account.len)
        registry_error_set(&identity->error, error->fault, STR_NONE,
                           "%s, for the ServiceAccount \"%.*s\" of namespace \"%.*s\": %.300s",
                           identity->provider->title, STR_FMT(identity->account),
                           STR_FMT(identity->namespace), error->text);
    else
        registry_error_set(&identity->error, error->fault, STR_NONE, "%s: %.400s",
                           identity->provider->title, error->text);
    end_run(identity);
}

static void fail_with(struct registry_identity *identity, enum registry_fault fault,
                      const char *text)
{
    struct registry_error error = {.status = 0};
    registry_error_set(&error, fault, STR_NONE, "%s", text);
    fail(identity, &error);
}

static void be_nobody(struct registry_identity *identity)
{
    identity->error = (struct registry_error){.fault = REGISTRY_FINE};
    identity->not_before = clock_boot_ms() + NOBODY_MS;
    end_run(identity);
}

/* It is renewed when four fifths of its life are over. */
static void keep(struct registry_identity *identity, const struct provider_login *login)
{
    const struct docker_login given = {.username = login->username,
                                       .password = login->password,
                                       .identity_token = login->identity_token};
    int64_t now = clock_boot_ms();
    arena_free(&identity->kept);
    identity->kept = ARENA_INIT(RUN_ROOM);
    identity->ends_at = 0;
    if (!copy_login(&identity->kept, &given, &identity->login)) {
        fail_with(identity, REGISTRY_TOO_LARGE, "memory is out");
        return;
    }
    identity->backoff.failures = 0;
    identity->generation++;
    identity->renew_at = now + login->life_s * 800;
    identity->ends_at = now + login->life_s * 1000;
    end_run(identity);
}

/* --- A run ------------------------------------------------------------------------------------- */

static void fail_unanswered(struct registry_identity *identity,
                            const struct http_response *response)
{
    struct registry_error error = {.status = 0};
    const char *advice = identity->no_answer;
    registry_error_set(&error,
                       response->fault == HTTP_UNTRUSTED   ? REGISTRY_UNTRUSTED
                       : response->fault == HTTP_TOO_LARGE ? REGISTRY_TOO_LARGE
                                                           : REGISTRY_UNREACHABLE,
                       STR_NONE, "%.200s%s%s", response->err.text, advice ? "; " : "",
                       advice ? advice : "");
    fail(identity, &error);
}

static void answered(void *context, const struct http_response *response)
{
    struct registry_identity *identity = context;
    struct provider_next next;
    identity->http = NULL;
    if (response->fault != HTTP_FINE) {
        fail_unanswered(identity, response);
        return;
    }
    struct provider_answer answer = {.status = response->status, .body = response->body};
    answer.retry_after_s = retry_after_read(http_header(response, "Retry-After"), clock_now());
    if (identity->want_header)
        answer.header = http_header(response, identity->want_header);
    identity->run.now = clock_now();
    identity->provider->step(&identity->run, &answer, &next);
    proceed(identity, &next);
}

static void ask(struct registry_identity *identity, const struct provider_ask *ask)
{
    const struct registry_options *options = &identity->registry->options;
    struct err err;
    struct http_request http = {
        .method = ask->method,
        .url = ask->url,
        .body = ask->body,
        .tls = {.ca = options->ca},
        .proxy = ask->metadata ? HTTP_NO_PROXY : HTTP_PROXY_FROM_ENVIRONMENT,
        .total_ms = options->timeout_ms,
        .body_max = PROVIDER_ANSWER_MAX,
        .on_done = answered,
        .context = identity,
    };
    for (size_t i = 0; i < ask->header_count; i++)
        http.headers[http.header_count++] =
            (struct http_header){ask->headers[i].name, ask->headers[i].value};
    identity->want_header = ask->want_header;
    identity->no_answer = ask->no_answer;
    if (!ask->metadata && !str_starts(ask->url, STR("https://"))) {
        fail_with(identity, REGISTRY_FORBIDDEN,
                  "who we are is told over https only; see that the "
                  "addresses in the environment begin with it");
    } else if (identity->asked++ == PROVIDER_STEPS_MAX) {
        fail_with(identity, REGISTRY_GARBLED, "it leads us in a circle");
    } else if (ask->sign && aws_sign(ask->sign, &identity->room, &http, &err) < 0) {
        fail_with(identity, REGISTRY_GARBLED, err.text);
    } else {
        http.headers[http.header_count++] = (struct http_header){"User-Agent", STR("pinnace")};
        identity->http = http_start(identity->registry->http, &http, &err);
        if (!identity->http)
            fail_with(identity, REGISTRY_GARBLED, err.text);
    }
}

static void proceed(struct registry_identity *identity, const struct provider_next *next)
{
    switch (next->turn) {
    case PROVIDER_NOBODY:
        be_nobody(identity);
        return;
    case PROVIDER_ASK:
        ask(identity, &next->ask);
        return;
    case PROVIDER_READY:
        keep(identity, &next->login);
        return;
    case PROVIDER_FAILED:
        fail(identity, &next->error);
        return;
    }
}

/* --- A run begins ------------------------------------------------------------------------------ */

void registry_needs_there(struct registry_identity *identity)
{
    struct provider_next next;
    identity->run = (struct provider_run){
        .input = &identity->input, .arena = &identity->room, .now = clock_now()};
    identity->provider->step(&identity->run, NULL, &next);
    proceed(identity, &next);
}

void registry_needs_failed(struct registry_identity *identity, enum registry_fault fault,
                           const char *why)
{
    fail_with(identity, fault, why);
}

static bool may_ask_machine(const struct registry_identity *identity)
{
    const struct str_list *machine = &identity->registry->options.machine;
    for (size_t i = 0; i < machine->count && !identity->account.len; i++)
        if (str_eq(machine->items[i], str_of(identity->provider->name)))
            return true;
    return false;
}

static void begin_run(struct registry_identity *identity)
{
    identity->room = ARENA_INIT(RUN_ROOM);
    identity->input =
        (struct provider_input){.host = identity->host, .metadata = may_ask_machine(identity)};
    identity->needs_read = 0;
    identity->asked = 0;
    registry_needs_read(identity);
}

void registry_identity_for(struct registry_call *call)
{
    struct registry_identity *identity = identity_of(call);
    int64_t now = clock_boot_ms();
    bool fresh = identity && (now < identity->renew_at || now < identity->not_before);
    if (!identity || (fresh && !is_running(identity))) {
        go_on(call, identity);
        return;
    }
    call->identity = identity;
    call->queued = identity->waiting;
    identity->waiting = call;
    if (!is_running(identity))
        begin_run(identity);
}

/* --- When it is not taken ---------------------------------------------------------------------- */

bool registry_identity_renew(struct registry_call *call)
{
    struct registry_identity *identity = identity_of(call);
    if (call->own_renewed || !identity)
        return false;
    if (identity->generation == call->own_generation) {
        int64_t now = clock_boot_ms();
        if (now < identity->doubted_until)
            return false;
        identity->doubted_until = now + DOUBT_MS;
        identity->renew_at = identity->ends_at = 0;
    }
    call->own_renewed = true;
    call->identified = call->renewed = false;
    call->login = NULL;
    registry_auth_begin(call);
    return true;
}

void registry_identity_explain(struct registry_call *call, struct registry_error *error)
{
    const struct registry_error *nobody = &call->nobody;
    if (nobody->fault == REGISTRY_FINE ||
        (error->fault != REGISTRY_UNAUTHORIZED && error->fault != REGISTRY_FORBIDDEN &&
         error->fault != REGISTRY_NOT_FOUND))
        return;
    registry_error_set(error, nobody->fault, call->about, "%.400s", nobody->text);
    error->status = nobody->status;
    error->retry_after_s = nobody->retry_after_s;
    call->identified = false; /* should it be tried again */
}
