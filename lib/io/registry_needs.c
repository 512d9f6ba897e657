/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_needs: what a provider needs before it can begin: of the account's annotations, of our
 * environment and the files it names, of the API server. See provider.h and registry_inner.h.
 */
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

static void account_token_came(void *context, struct str body, const struct kube_error *error)
{
    struct registry_identity *identity = context;
    struct str token;
    struct err err;
    identity->kube = NULL;
    if (error->fault != KUBE_FINE) {
        registry_needs_failed(identity,
                              kube_fault_is_passing(error->fault) ? REGISTRY_UNREACHABLE
                                                                  : REGISTRY_FORBIDDEN,
                              error->text);
    } else if (account_token_read(body, &identity->room, &token, &err) < 0 ||
               !(token = arena_copy(&identity->room, token)).ptr) {
        registry_needs_failed(identity, REGISTRY_GARBLED,
                              "the API server's token of the ServiceAccount cannot "
                              "be read");
    } else {
        identity->input.values[identity->needs_read] = token;
        identity->needs_read++;
        registry_needs_read(identity);
    }
}

static void ask_account_token(struct registry_identity *identity, const char *audience)
{
    static const struct kube_resource accounts = {"/api/v1", "serviceaccounts"};
    struct kube_error error;
    struct kube_request request = {.verb = KUBE_CREATE,
                                   .path = kube_path(&identity->room, accounts, identity->namespace,
                                                     identity->account, "/token"),
                                   .on_done = account_token_came,
                                   .context = identity};
    struct buf body = BUF_INIT(&identity->room, 4096);
    buf_add_account_token_request(&body, str_of(audience));
    if (buf_finish(&body, &request.body, NULL) < 0) {
        registry_needs_failed(identity, REGISTRY_TOO_LARGE, "memory is out");
        return;
    }
    identity->kube = kube_send(identity->registry->options.kube, &request, &error);
    if (!identity->kube)
        account_token_came(identity, STR_NONE, &error);
}

/* One after the other: for the token of an account the API server has to be asked. */
void registry_needs_read(struct registry_identity *identity)
{
    const struct provider *provider = identity->provider;
    struct err err;
    for (; identity->needs_read < provider->need_count; identity->needs_read++) {
        const struct provider_need *need = &provider->needs[identity->needs_read];
        struct str *value = &identity->input.values[identity->needs_read];
        *value = identity->noted.values[identity->needs_read];
        if (identity->account.len && need->audience) {
            ask_account_token(identity, need->audience);
            return;
        }
        if (!value->len && (!identity->account.len || need->is_general) &&
            read_environment(identity, need, value, &err) < 0) {
            registry_needs_failed(identity, REGISTRY_UNAUTHORIZED, err.text);
            return;
        }
    }
    registry_needs_there(identity);
}
