/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_needs: what a provider needs before it can begin: of the account's annotations, of our
 * environment and the files it names, of the API server. See provider.h and registry_inner.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pinnace/accounttoken.h"
#include "pinnace/file.h"
#include "pinnace/kube.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

static int read_environment(struct registry_identity *identity, const struct provider_need *need,
                            struct str *ret_value, struct err *err)
{
    const char *value = getenv(need->env);
    struct str text = str_of(value);
    if (!text.len)
        return 0;
    if (need->is_file && file_read(value, PROVIDER_VALUE_MAX, &identity->room, &text, err) < 0)
        return err_prefix(err, "%s: ", need->env);
    if (text.len > PROVIDER_VALUE_MAX)
        return err_set(err, ERR_LIMIT, "%s: it is longer than 64 KiB", need->env);
    *ret_value = need->is_file ? str_trimmed(text) : text;
    return 0;
}

/* What the API server says of an account is one of the values, and the next one is read. */
static void account_value_came(struct registry_identity *identity, struct str body,
                               const struct kube_error *error,
                               int (*read)(struct str, struct arena *, struct str *, struct err *),
                               const char *what)
{
    char text[sizeof(error->text)];
    struct str value;
    struct err err;
    identity->kube = NULL;
    if (error->fault != KUBE_FINE) {
        registry_needs_failed(identity,
                              kube_fault_is_passing(error->fault) ? REGISTRY_UNREACHABLE
                                                                  : REGISTRY_FORBIDDEN,
                              error->text);
    } else if (read(body, &identity->room, &value, &err) < 0 ||
               !(value = arena_copy(&identity->room, value)).ptr) {
        snprintf(text, sizeof(text), "the API server's %s cannot be read", what);
        registry_needs_failed(identity, REGISTRY_GARBLED, text);
    } else {
        identity->input.values[identity->needs_read] = value;
        identity->needs_read++;
        registry_needs_read(identity);
    }
}

static void account_token_came(void *context, struct str body, const struct kube_error *error)
{
    account_value_came(context, body, error, account_token_read, "token of the ServiceAccount");
}

static void issuer_came(void *context, struct str body, const struct kube_error *error)
{
    account_value_came(context, body, error, account_issuer_read, "OpenID configuration");
}

static void send(struct registry_identity *identity, const struct kube_request *request)
{
    struct kube_error error;
    identity->kube = kube_send(identity->registry->options.kube, request, &error);
    if (!identity->kube)
        request->on_done(identity, STR_NONE, &error);
}

static void ask_account_token(struct registry_identity *identity, struct str audience)
{
    static const struct kube_resource accounts = {"/api/v1", "serviceaccounts"};
    struct kube_request request = {.verb = KUBE_CREATE,
                                   .path = kube_path(&identity->room, accounts, identity->namespace,
                                                     identity->account, "/token"),
                                   .on_done = account_token_came,
                                   .context = identity};
    struct buf body = BUF_INIT(&identity->room, 4096);
    buf_add_account_token_request(&body, audience);
    if (buf_finish(&body, &request.body, NULL) < 0)
        registry_needs_failed(identity, REGISTRY_TOO_LARGE, "memory is out");
    else
        send(identity, &request);
}

static void ask_issuer(struct registry_identity *identity)
{
    const struct kube_request request = {.verb = KUBE_GET,
                                         .path = STR("/.well-known/openid-configuration"),
                                         .on_done = issuer_came,
                                         .context = identity};
    send(identity, &request);
}

/* Asks the API server for what only it knows of an account; false: there is nothing to be asked. */
static bool ask_api_server(struct registry_identity *identity, const struct provider_need *need)
{
    struct str audience = str_of(need->audience);
    if (!identity->account.len)
        return false;
    if (need->is_issuer) {
        ask_issuer(identity);
        return true;
    }
    if (need->audience_of)
        audience = need->audience_of(&identity->input, &identity->room);
    if (audience.len)
        ask_account_token(identity, audience);
    return audience.len > 0;
}

/* One after the other: for some of an account the API server has to be asked. */
void registry_needs_read(struct registry_identity *identity)
{
    const struct provider *provider = identity->provider;
    struct err err;
    for (; identity->needs_read < provider->need_count; identity->needs_read++) {
        const struct provider_need *need = &provider->needs[identity->needs_read];
        struct str *value = &identity->input.values[identity->needs_read];
        *value = identity->noted.values[identity->needs_read];
        if (ask_api_server(identity, need))
            return;
        if (!value->len && need->env && (!identity->account.len || need->is_general) &&
            read_environment(identity, need, value, &err) < 0) {
            registry_needs_failed(identity, REGISTRY_UNAUTHORIZED, err.text);
            return;
        }
    }
    registry_needs_there(identity);
}
