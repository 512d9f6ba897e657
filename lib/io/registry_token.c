/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_token: tokens, one for each realm, service, scope and identity. Whoever needs one that
 * is on its way waits for it, so that a thousand calls cost one request. See registry_inner.h.
 */
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/url.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

enum { ENTRY_ROOM = 1024 * 1024, URL_MAX = 16 * 1024 };

static void took_answer(void *context, const struct http_response *response);

/* --- The cache --------------------------------------------------------------------------------- */

static bool same_login(const struct docker_login *a, const struct docker_login *b)
{
    return str_eq(a->username, b->username) && str_eq(a->password, b->password) &&
           str_eq(a->identity_token, b->identity_token);
}

static void entry_free(struct registry_token_entry *entry)
{
    struct registry_token_entry **at = &entry->registry->tokens;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    if (entry->http)
        http_cancel(entry->http);
    bytes_free(&entry->value);
    arena_free(&entry->arena);
    free(entry);
}

/* Unless it has been replaced meanwhile. */
void registry_token_drop(const struct registry_call *call)
{
    if (call->sent == SENT_TOKEN && call->token && call->token->generation == call->generation)
        call->token->renew_at = 0;
}

void registry_tokens_free(struct registry *registry)
{
    while (registry->tokens)
        entry_free(registry->tokens);
}

void registry_token_forget(struct registry_call *call)
{
    struct registry_token_entry *entry = call->token;
    call->token = NULL;
    if (!entry)
        return;
    struct registry_call **at = &entry->waiting;
    while (*at && *at != call)
        at = &(*at)->queued;
    if (*at)
        *at = call->queued;
    entry->users--;
}

static bool is_idle(const struct registry_token_entry *entry)
{
    return !entry->http && !entry->waiting && entry->users == 0;
}

/* Makes room by those that have ended. */
static void purge(struct registry *registry, int64_t now)
{
    size_t count = 0;
    for (const struct registry_token_entry *entry = registry->tokens; entry; entry = entry->next)
        count++;
    for (struct registry_token_entry *entry = registry->tokens, *next; entry && count >= TOKENS_MAX;
         entry = next) {
        next = entry->next;
        if (is_idle(entry) && (entry->renew_at <= now || !next)) {
            entry_free(entry);
            count--;
        }
    }
}

static struct registry_token_entry *find(const struct registry_call *call,
                                         const struct docker_login *login)
{
    struct registry_token_entry *entry = call->registry->tokens;
    while (entry && !(str_eq(entry->realm, str_of(call->host->realm)) &&
                      str_eq(entry->service, str_of(call->host->service)) &&
                      str_eq(entry->scope, call->scope) && same_login(&entry->login, login)))
        entry = entry->next;
    return entry;
}

static bool fill_entry(struct registry_token_entry *entry, const struct registry_call *call,
                       const struct docker_login *login)
{
    struct arena *arena = &entry->arena;
    entry->realm = arena_copy(arena, str_of(call->host->realm));
    entry->service = arena_copy(arena, str_of(call->host->service));
    entry->scope = arena_copy(arena, call->scope);
    entry->login.username = arena_copy(arena, login->username);
    entry->login.password = arena_copy(arena, login->password);
    entry->login.identity_token = arena_copy(arena, login->identity_token);
    return entry->realm.ptr && entry->service.ptr && entry->scope.ptr &&
           entry->login.username.ptr && entry->login.password.ptr &&
           entry->login.identity_token.ptr;
}

static struct registry_token_entry *make(const struct registry_call *call,
                                         const struct docker_login *login)
{
    struct registry *registry = call->registry;
    purge(registry, clock_boot_ms());
    struct registry_token_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    entry->registry = registry;
    entry->arena = ARENA_INIT(ENTRY_ROOM);
    entry->value = BYTES_INIT(REGDOC_TOKEN_MAX);
    entry->next = registry->tokens;
    registry->tokens = entry;
    if (fill_entry(entry, call, login))
        return entry;
    entry_free(entry);
    return NULL;
}

/* --- The request ------------------------------------------------------------------------------- */

static void add_field(struct buf *buf, const char *name, struct str value)
{
    buf_addf(buf, "%s%s=", buf->len ? "&" : "", name);
    buf_add_url_part(buf, value);
}

static bool by_form(const struct registry_token_entry *entry)
{
    return entry->login.identity_token.len > 0 || entry->posted;
}

/* What both ways have in common, and of the form's the rest. */
static struct str fields_of(const struct registry_token_entry *entry, struct arena *arena)
{
    struct buf fields = BUF_INIT(arena, ENTRY_ROOM / 2);
    struct str text = STR_NONE;
    const struct docker_login *login = &entry->login;
    if (entry->service.len)
        add_field(&fields, "service", entry->service);
    add_field(&fields, "scope", entry->scope);
    add_field(&fields, "client_id", STR("pinnace"));
    if (by_form(entry)) {
        bool refresh = login->identity_token.len > 0;
        add_field(&fields, "grant_type", refresh ? STR("refresh_token") : STR("password"));
        if (refresh)
            add_field(&fields, "refresh_token", login->identity_token);
        else {
            add_field(&fields, "username", login->username);
            add_field(&fields, "password", login->password);
        }
    } else if (login->username.len) {
        add_field(&fields, "account", login->username);
    }
    buf_finish(&fields, &text, NULL);
    return text;
}

static bool ask(struct registry_token_entry *entry)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(2 * ENTRY_ROOM);
    struct registry *registry = entry->registry;
    struct buf url = BUF_INIT(&arena, URL_MAX);
    struct str fields = fields_of(entry, &arena);
    bool form = by_form(entry);
    struct http_request http = {
        .method = form ? "POST" : "GET",
        .tls = {.ca = registry->options.ca},
        .proxy = HTTP_PROXY_FROM_ENVIRONMENT,
        .total_ms = registry->options.timeout_ms,
        .body_max = REGDOC_TOKEN_MAX,
        .on_done = took_answer,
        .context = entry,
    };
    http.headers[http.header_count++] = (struct http_header){"User-Agent", STR("pinnace")};
    buf_add(&url, entry->realm);
    if (form) {
        http.headers[http.header_count++] =
            (struct http_header){"Content-Type", STR("application/x-www-form-urlencoded")};
        http.body = fields;
    } else {
        buf_add_char(&url, str_find(entry->realm, '?') == STR_NOT_FOUND ? '?' : '&');
        buf_add(&url, fields);
        http.username = entry->login.username;
        http.password = entry->login.password;
    }
    if (!fields.len || buf_finish(&url, &http.url, NULL) < 0)
        return false;
    entry->http = http_start(registry->http, &http, NULL);
    return entry->http != NULL;
}

/* --- The answer -------------------------------------------------------------------------------- */

static struct registry_call *pop(struct registry_token_entry *entry)
{
    struct registry_call *call = entry->waiting;
    if (call)
        entry->waiting = call->queued;
    return call;
}

/* Not after four fifths of its life, nor in its last half minute if it is long enough. */
static bool keep_token(struct registry_token_entry *entry, const struct registry_token *token)
{
    int64_t life = token->life_s * 1000, early = life * 4 / 5;
    if (life >= 150000)
        early = life - 30000;
    entry->value.len = 0;
    entry->generation++;
    entry->renew_at = clock_boot_ms() + early;
    return bytes_add(&entry->value, token->token);
}

static void fail_waiting(struct registry_token_entry *entry, const struct registry_error *error)
{
    for (struct registry_call *call; (call = pop(entry));) {
        struct registry_error own = *error;
        bool refused = error->fault == REGISTRY_UNAUTHORIZED || error->fault == REGISTRY_FORBIDDEN;
        call->token = NULL;
        entry->users--;
        registry_error_set(&own, error->fault, call->about, "the token server %.*s: %.300s",
                           STR_FMT(url_host(entry->realm)), error->text);
        if (refused && registry_auth_next(call, &own))
            continue;
        registry_identity_explain(call, &own);
        registry_host_note(call->host, &own);
        registry_call_fail(call, &own);
    }
}

static void send_with(struct registry_call *call, const struct registry_token_entry *entry)
{
    call->generation = entry->generation;
    registry_call_send(call, SENT_TOKEN, bytes_str(&entry->value));
}

static void send_waiting(struct registry_token_entry *entry)
{
    for (struct registry_call *call; (call = pop(entry));)
        send_with(call, entry);
}

static void read_answer(struct registry_token_entry *entry, const struct http_response *response,
                        struct registry_error *error)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4 * REGDOC_TOKEN_MAX);
    struct registry_token token;
    struct err err;
    *error = (struct registry_error){.status = response->status};
    if (response->fault != HTTP_FINE) {
        enum registry_fault fault = response->fault == HTTP_UNTRUSTED   ? REGISTRY_UNTRUSTED
                                    : response->fault == HTTP_TOO_LARGE ? REGISTRY_TOO_LARGE
                                                                        : REGISTRY_UNREACHABLE;
        registry_error_set(error, fault, STR_NONE, "%s", response->err.text);
    } else if (response->status != 200) {
        registry_error_read(STR_NONE, response->status, response->body, error);
        if (error->fault == REGISTRY_NOT_FOUND)
            error->fault = REGISTRY_REFUSED; /* of the token server, not of the image */
        error->retry_after_s = retry_after_read(http_header(response, "Retry-After"), clock_now());
    } else if (registry_token_read(response->body, &arena, &token, &err) < 0) {
        registry_error_set(error, REGISTRY_GARBLED, STR_NONE, "%s", err.text);
    } else if (!keep_token(entry, &token)) {
        registry_error_set(error, REGISTRY_TOO_LARGE, STR_NONE, "memory is out");
    }
}

static void took_answer(void *context, const struct http_response *response)
{
    struct registry_token_entry *entry = context;
    struct registry_error error;
    entry->http = NULL;
    bool no_such_way =
        response->fault == HTTP_FINE && (response->status == 404 || response->status == 405);
    if (no_such_way && entry->login.username.len && !by_form(entry)) {
        entry->posted = true;
        if (ask(entry))
            return;
    }
    read_answer(entry, response, &error);
    entry->users++; /* whoever is called back must not make it go */
    if (error.fault == REGISTRY_FINE)
        send_waiting(entry);
    else
        fail_waiting(entry, &error);
    entry->users--;
}

static void fail_now(struct registry_call *call)
{
    struct registry_error error = {.status = 0};
    registry_error_set(&error, REGISTRY_GARBLED, call->about, "no token can be asked for");
    registry_call_fail(call, &error);
}

void registry_token_for(struct registry_call *call, bool credentials)
{
    static const struct docker_login nobody = {.next = NULL};
    const struct docker_login *login = call->login && credentials ? call->login : &nobody;
    struct registry_token_entry *entry = find(call, login);
    if (!entry)
        entry = make(call, login);
    if (!entry) {
        fail_now(call);
        return;
    }
    call->token = entry;
    entry->users++;
    if (entry->value.len && clock_boot_ms() < entry->renew_at) {
        send_with(call, entry);
        return;
    }
    if (!entry->http && !ask(entry)) {
        registry_token_forget(call);
        fail_now(call);
        return;
    }
    call->queued = entry->waiting;
    entry->waiting = call;
}
