/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_auth: as whom a registry is asked. The first request of all goes without credentials, to
 * learn what is wanted; from then on what it wanted last is sent at once. See registry_inner.h.
 */
#include <stdio.h>

#include "pinnace/url.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

enum { CHALLENGES_MOST = 4 };

static void fail(struct registry_call *call, const char *what, struct str detail)
{
    struct registry_error error = {.status = 401};
    registry_error_set(&error, REGISTRY_FORBIDDEN, call->about, "%s \"%.*s\"", what,
                       (int)(detail.len > 150 ? 150 : detail.len), detail.len ? detail.ptr : "");
    registry_call_fail(call, &error);
}

static const struct docker_login *next_login(const struct registry_call *call)
{
    const struct imageref *ref = &call->request.ref;
    char room[512];
    int len = snprintf(room, sizeof(room), "%s%.*s", ref->in_library ? "library/" : "",
                       STR_FMT(ref->path));
    const struct docker_login *login = call->login;
    if (!call->request.logins)
        return NULL;
    do
        login = docker_login_next(call->request.logins, login,
                                  call->on_mirror ? str_of(call->host->name) : ref->host,
                                  (struct str){room, (size_t)len});
    while (login && login->helper.len);
    return login;
}

/* "repository:shop/web:metadata_read" where tags are a permission of their own. */
static void set_scope(struct registry_call *call)
{
    struct buf scope = BUF_INIT(&call->arena, 4096);
    struct str text;
    if (call->scope_given || !registry_verb_lists(call->request.verb) ||
        !call->host->lists_metadata)
        return;
    call->scope_given = true;
    buf_add(&scope, str_head(call->scope, str_rfind(call->scope, ':')));
    buf_add(&scope, STR(":metadata_read"));
    if (buf_finish(&scope, &text, NULL) == 0)
        call->scope = text;
}

/* What a provider gave is for the very host that it was made for, not for all of its domain. */
static enum realm_trust trust_of(const struct registry_call *call, struct str realm)
{
    struct str host = str_of(call->host->name);
    enum realm_trust trust = realm_trust(realm, host, call->host->plain);
    bool own = call->login == &call->own && !str_eq_nocase(url_host(realm), host);
    return own && trust == REALM_OWN ? REALM_FOREIGN : trust;
}

static void ask_for_token(struct registry_call *call)
{
    struct registry_host *host = call->host;
    struct str realm = str_of(host->realm);
    enum realm_trust trust = trust_of(call, realm);
    bool named = str_list_has_host(&call->registry->options.realms, url_host(realm));
    if (trust == REALM_REFUSED) {
        fail(call, "the registry sends us for tokens to a place that is not to be trusted:", realm);
        return;
    }
    if (trust == REALM_FOREIGN && call->login && !named) {
        fail(call,
             "credentials are not sent to a token server of another domain unless it is named with "
             "--token-server:",
             url_host(realm));
        return;
    }
    set_scope(call);
    registry_token_for(call, trust == REALM_OWN || named);
}

void registry_auth_begin(struct registry_call *call)
{
    struct registry_host *host = call->host;
    if (!call->logins_begun) {
        call->logins_begun = true;
        call->login = next_login(call);
    }
    registry_token_forget(call);
    if (!call->login && registry_identity_wanted(call)) {
        registry_identity_for(call);
        return;
    }
    bool as_itself = !call->foreign;
    if (as_itself && call->login && call->login->registry_token.len)
        registry_call_send(call, SENT_GIVEN_TOKEN, call->login->registry_token);
    else if (as_itself && host->scheme == CHALLENGE_BEARER)
        ask_for_token(call);
    else if (as_itself && host->scheme == CHALLENGE_BASIC && call->login &&
             call->login->username.len)
        registry_call_send(call, SENT_BASIC, STR_NONE);
    else
        registry_call_send(call, SENT_NOTHING, STR_NONE);
}

/* --- After a 401 ------------------------------------------------------------------------------- */

/* Only what the verb may need, and only in this repository, whatever the registry says. */
static void note_scope(struct registry_call *call, const struct challenge *challenge,
                       bool *ret_changed)
{
    if (registry_change_allows(call, challenge->scope) && !str_eq(call->scope, challenge->scope)) {
        struct str scope = arena_copy(&call->arena, challenge->scope);
        *ret_changed = scope.ptr != NULL;
        call->scope = scope.ptr ? scope : call->scope;
    }
    struct str own = str_head(call->scope, str_rfind(call->scope, ':') + 1);
    if (registry_verb_lists(call->request.verb) && str_starts(challenge->scope, own) &&
        str_eq(str_tail(challenge->scope, own.len), STR("metadata_read")))
        call->host->lists_metadata = true;
}

/* Remembers what the registry wants; false if it is nothing that can be done. */
static bool note_challenge(struct registry_call *call, const struct http_response *response,
                           bool *ret_changed)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(256 * 1024);
    struct challenges challenges = {.count = 0};
    struct registry_host *host = call->host;
    struct http_headers headers = {.response = response, .name = "WWW-Authenticate"};
    for (struct str value; http_next_header(&headers, &value);)
        challenges_add(&challenges, value, &arena, NULL);
    const struct challenge *challenge = challenges_pick(&challenges);
    if (!challenge || challenge->realm.len >= REALM_MAX ||
        challenge->service.len >= sizeof(host->service))
        return false;
    bool lists_metadata = host->lists_metadata, other_scope = false;
    note_scope(call, challenge, &other_scope);
    *ret_changed = other_scope || challenge->scheme != host->scheme ||
                   lists_metadata != host->lists_metadata ||
                   (challenge->scheme == CHALLENGE_BEARER &&
                    (!str_eq(challenge->realm, str_of(host->realm)) ||
                     !str_eq(challenge->service, str_of(host->service))));
    host->scheme = challenge->scheme;
    snprintf(host->realm, sizeof(host->realm), "%.*s", STR_FMT(challenge->realm));
    snprintf(host->service, sizeof(host->service), "%.*s", STR_FMT(challenge->service));
    return true;
}

/* ECR says 403 to a password that has ended. */
static bool login_may_have_ended(const struct registry_call *call,
                                 const struct registry_error *error)
{
    return error->fault == REGISTRY_UNAUTHORIZED ||
           (error->fault == REGISTRY_FORBIDDEN && call->sent == SENT_BASIC);
}

bool registry_auth_next(struct registry_call *call, const struct registry_error *error)
{
    if (call->login == &call->own)
        return login_may_have_ended(call, error) && registry_identity_renew(call);
    const struct docker_login *login = call->login ? next_login(call) : NULL;
    if (!login && !registry_identity_wanted(call))
        return false;
    call->refused = *error;
    call->login = login;
    call->renewed = false;
    registry_auth_begin(call);
    return true;
}

/* Whether what the registry wants now can be given, and was not given already. */
static bool can_give(struct registry_call *call, const struct http_response *response)
{
    bool changed = false, renews = call->sent == SENT_TOKEN && !call->renewed;
    if (!note_challenge(call, response, &changed) || call->challenges++ == CHALLENGES_MOST)
        return false;
    call->renewed = call->renewed || renews;
    return (call->sent == SENT_NOTHING || renews || changed) &&
           (call->host->scheme == CHALLENGE_BEARER || (call->login && call->login->username.len));
}

/* 401, 403 and 404 may all mean that somebody else could see it. */
bool registry_auth_refused(struct registry_call *call, const struct http_response *response,
                           struct registry_error *error)
{
    if (call->foreign || (error->status != 401 && error->status != 403 && error->status != 404))
        return false;
    if (error->status == 401) {
        registry_token_drop(call);
        if (can_give(call, response)) {
            registry_auth_begin(call);
            return true;
        }
    }
    size_t len = strlen(error->text);
    if (error->status == 401)
        snprintf(error->text + len, sizeof(error->text) - len, "; %s",
                 call->login ? "the credentials that are there for it are not taken"
                             : "no credentials are there for it");
    if (registry_auth_next(call, error))
        return true;
    registry_identity_explain(call, error);
    return false;
}
