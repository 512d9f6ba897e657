/* SPDX-License-Identifier: Apache-2.0 */
/* pullsecrets: see the header. One call at a time: the account of each target, then each Secret. */
#include "pullsecrets.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/pullnames.h"

#include "poll.h"
#include "protector.h"
#include "releases.h"
#include "targets.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024, BELIEVED_MS = 5 * 60 * 1000, TARGETS_COME_MS = 500 };

static const struct kube_resource accounts = {"/api/v1", "serviceaccounts"},
                                  secrets = {"/api/v1", "secrets"};

struct pullsecrets {
    struct tracked *tracked;
    struct arena arena;
    struct str namespace;
    struct docker_logins logins;
    struct pullnames names;
    struct str accounts[TRACK_TARGETS_MAX];
    struct registry_account identities[TRACK_TARGETS_MAX]; /* the same, as they were read */
    size_t identity_count;
    size_t account_count, accounts_read, secrets_read;
    struct kube_call *call;
    int64_t read_at; /* 0: they are being read */
};

static void next(struct pullsecrets *pull);

static void free_all(struct pullsecrets *pull)
{
    if (pull->call)
        kube_cancel(pull->call);
    arena_free(&pull->arena);
    free(pull);
}

static void log_skipped(const struct pullsecrets *pull, const char *what, struct str name,
                        const char *why)
{
    const struct log_field fields[] = {
        LOG_TEXT("namespace", pull->tracked->kept->key.namespace),
        LOG_TEXT("name", pull->tracked->kept->key.name),
        LOG_TEXT(what, name),
        LOG_TEXT("error", str_of(why)),
    };
    log_write(pull->tracked->releases->log, LOG_WARNING, "pull secret not used", fields, 4);
}

static void secret_came(void *context, struct str body, const struct kube_error *error)
{
    struct pullsecrets *pull = context;
    struct str name = pull->names.secrets[pull->secrets_read++];
    struct err err;
    pull->call = NULL;
    struct str kept = arena_copy(&pull->arena, body);
    if (error->fault != KUBE_FINE)
        log_skipped(pull, "secret", name, error->text);
    else if (docker_logins_add_secret(&pull->logins, kept, &pull->arena, &err) < 0)
        log_skipped(pull, "secret", name, err.text);
    next(pull);
}

static void account_came(void *context, struct str body, const struct kube_error *error)
{
    struct pullsecrets *pull = context;
    struct str name = pull->accounts[pull->accounts_read++];
    struct err err;
    pull->call = NULL;
    struct str kept = arena_copy(&pull->arena, body);
    if (error->fault != KUBE_FINE)
        log_skipped(pull, "serviceAccount", name, error->text);
    else if (pullnames_add_account(&pull->names, kept, &pull->arena, &err) < 0)
        log_skipped(pull, "serviceAccount", name, err.text);
    else
        pull->identities[pull->identity_count++] =
            (struct registry_account){pull->namespace, name, kept};
    next(pull);
}

static void ask(struct pullsecrets *pull, struct kube_resource resource, struct str name,
                void (*on_done)(void *, struct str, const struct kube_error *))
{
    struct kube_error error;
    const struct kube_request request = {
        .verb = KUBE_GET,
        .path = kube_path(&pull->arena, resource, pull->tracked->kept->key.namespace, name, NULL),
        .on_done = on_done,
        .context = pull};
    pull->call = kube_send(pull->tracked->releases->kube, &request, &error);
    if (!pull->call)
        on_done(pull, STR_NONE, &error);
}

static void next(struct pullsecrets *pull)
{
    if (pull->accounts_read < pull->account_count) {
        ask(pull, accounts, pull->accounts[pull->accounts_read], account_came);
    } else if (pull->tracked->releases->pull_secrets && pull->secrets_read < pull->names.count) {
        ask(pull, secrets, pull->names.secrets[pull->secrets_read], secret_came);
    } else {
        pull->read_at = clock_boot_ms();
        poll_within(pull->tracked, 0);
    }
}

static void add_account(struct pullsecrets *pull, struct str account)
{
    for (size_t i = 0; i < pull->account_count; i++)
        if (str_eq(pull->accounts[i], account))
            return;
    pull->accounts[pull->account_count++] = account;
}

static void begin(struct pullsecrets *pull)
{
    struct tracked *tracked = pull->tracked;
    struct err err;
    for (size_t i = 0; i < tracked->target_count; i++) {
        const struct kept *workload = target_workload(&tracked->targets[i]);
        struct str json = workload ? arena_copy(&pull->arena, workload->json) : STR_NONE;
        if (!json.ptr)
            continue;
        if (pullnames_add_workload(&pull->names, json, &pull->arena, &err) < 0)
            log_skipped(pull, "workload", workload->key.name, err.text);
        else
            add_account(pull, pull->names.account);
    }
    next(pull);
}

/* Whoever asks a registry just now does so with the logins that there are. */
static bool in_use(const struct tracked *tracked)
{
    return tracked->poll.look || tracked->poll.questions || protector_asks(tracked);
}

bool pullsecrets_ready(struct tracked *tracked)
{
    const struct pullsecrets *known = tracked->logins;
    if (!tracked->releases->pull_secrets && !tracked->releases->account_identity)
        return true;
    if (known && !known->read_at)
        return false;
    if (!known && !targets_known(tracked)) { /* nobody can say who their pods are */
        poll_within(tracked, TARGETS_COME_MS);
        return false;
    }
    if (known && (in_use(tracked) || clock_boot_ms() - known->read_at < BELIEVED_MS))
        return true;
    pullsecrets_end(tracked);
    struct pullsecrets *pull = calloc(1, sizeof(*pull));
    if (!pull)
        return true;
    pull->tracked = tracked;
    pull->arena = ARENA_INIT(ROOM);
    pull->namespace = arena_copy(&pull->arena, tracked->kept->key.namespace);
    tracked->logins = pull;
    begin(pull);
    return false;
}

bool pullsecrets_there(const struct tracked *tracked)
{
    const struct releases *releases = tracked->releases;
    return tracked->logins ? tracked->logins->read_at != 0
                           : !releases->pull_secrets && !releases->account_identity;
}

void pullsecrets_fill(const struct tracked *tracked, struct registry_request *request)
{
    const struct pullsecrets *pull = tracked->logins;
    if (!pull || !pull->read_at)
        return;
    request->logins = &pull->logins;
    request->accounts = pull->identities;
    request->account_count = pull->identity_count;
}

void pullsecrets_doubt(struct tracked *tracked)
{
    if (tracked->logins && tracked->logins->read_at)
        tracked->logins->read_at = clock_boot_ms() - BELIEVED_MS;
}

void pullsecrets_end(struct tracked *tracked)
{
    if (tracked->logins)
        free_all(tracked->logins);
    tracked->logins = NULL;
}
