/* SPDX-License-Identifier: Apache-2.0 */
/* kube_plugin: asks the program that a kubeconfig names for a credential. */
#define _GNU_SOURCE /* environ */
#include <stdlib.h>
#include <unistd.h>

#include "kube_access.h"

#include "pinnace/exec.h"
#include "pinnace/file.h"

#include "pinnace/banned.h"

enum {
    ALONE_MS = 60 * 1000,
    WITH_A_PERSON_MS = 5 * 60 * 1000, /* who types a code into a browser */
    ROOM = 16 * 1024 * 1024,
};

static const struct str info_name = STR_INIT("KUBERNETES_EXEC_INFO");

static bool names(struct str setting, struct str name)
{
    return str_starts(setting, name) && setting.len > name.len && setting.ptr[name.len] == '=';
}

static bool is_replaced(const struct kubeconfig_exec *exec, struct str setting)
{
    for (const struct kubeconfig_pair *pair = exec->env; pair; pair = pair->next)
        if (names(setting, pair->name))
            return true;
    return names(setting, info_name);
}

static const char *setting_of(struct arena *arena, struct str name, struct str value)
{
    struct buf text = BUF_INIT(arena, ROOM);
    struct str setting;
    buf_add(&text, name);
    buf_add_char(&text, '=');
    buf_add(&text, value);
    return buf_finish(&text, &setting, NULL) < 0 ? NULL : setting.ptr;
}

/* Our environment, what the kubeconfig adds to it, and the question. */
static const char **make_env(const struct kubeconfig_exec *exec, struct str info,
                             struct arena *arena)
{
    size_t count = 2, at = 0;
    for (char **setting = environ; *setting; setting++)
        count++;
    for (const struct kubeconfig_pair *pair = exec->env; pair; pair = pair->next)
        count++;
    const char **env = arena_array(arena, const char *, count);
    if (!env)
        return NULL;
    for (char **setting = environ; *setting; setting++)
        if (!is_replaced(exec, str_of(*setting)))
            env[at++] = *setting;
    for (const struct kubeconfig_pair *pair = exec->env; pair; pair = pair->next)
        if (!(env[at++] = setting_of(arena, pair->name, pair->value)))
            return NULL;
    return (env[at] = setting_of(arena, info_name, info)) ? env : NULL;
}

static const char **make_argv(const struct kubeconfig_exec *exec, struct arena *arena)
{
    size_t count = 2, at = 0;
    for (const struct kubeconfig_word *arg = exec->args; arg; arg = arg->next)
        count++;
    const char **argv = arena_array(arena, const char *, count);
    if (!argv)
        return NULL;
    argv[at++] = exec->command.ptr; /* strings of a kubeconfig have a NUL behind them */
    for (const struct kubeconfig_word *arg = exec->args; arg; arg = arg->next)
        argv[at++] = arg->text.ptr;
    return argv;
}

static int make_info(const struct kube_access *access, bool interactive, struct arena *arena,
                     struct str *ret_info, struct err *err)
{
    const struct kubeconfig_exec *exec = access->user.exec;
    struct kubeconfig_cluster cluster = access->cluster;
    struct buf info = BUF_INIT(arena, ROOM);
    cluster.ca_data = access->files.ca;
    buf_add_exec_info(&info, exec->api_version, interactive, exec->cluster_info ? &cluster : NULL);
    return buf_finish(&info, ret_info, err);
}

static int run_plugin(const struct kube_access *access, struct arena *arena, struct str *ret_output,
                      struct err *err)
{
    const struct kubeconfig_exec *exec = access->user.exec;
    bool person = !access->until_ms && isatty(STDIN_FILENO) == 1;
    struct str info;
    if (exec->interactive == EXEC_ALWAYS && !person)
        return err_set(err, ERR_SYSTEM, "%.*s: it wants to talk to a person, and none is here",
                       STR_FMT(exec->command));
    person = person && exec->interactive != EXEC_NEVER;
    if (make_info(access, person, arena, &info, err) < 0)
        return -1;
    struct exec_request request = {
        .argv = make_argv(exec, arena),
        .env = make_env(exec, info, arena),
        .has_stdin = person,
        .output_max = EXECCRED_MAX_BYTES,
        .timeout_ms = person ? WITH_A_PERSON_MS : kube_access_left(access, ALONE_MS),
    };
    if (!request.argv || !request.env)
        return err_no_memory(err);
    if (exec_run(&request, arena, ret_output, err) == 0)
        return 0;
    if (exec->install_hint.len) {
        struct err why = *err;
        err_set(err, why.kind, "%.240s; %.*s", why.text, STR_FMT(exec->install_hint));
    }
    return -1;
}

static bool still_counts(const struct kube_access *access)
{
    const struct exec_credential *credential = &access->plugin.credential;
    return access->plugin.said && !access->refused &&
           (credential->expires == 0 || clock_now() < credential->expires);
}

int kube_plugin_ask(struct kube_access *access, struct err *err)
{
    const struct kubeconfig_exec *exec = access->user.exec;
    if (!exec || still_counts(access))
        return 0;
    struct arena arena ARENA_SCOPED = ARENA_INIT(8 * ROOM);
    struct kube_plugin_word word = {.arena = ARENA_INIT(ROOM), .said = true};
    struct str output;
    if (run_plugin(access, &arena, &output, err) < 0)
        return -1;
    if (exec_credential_read(output, exec->api_version, &word.arena, &word.credential, err) < 0) {
        arena_free(&word.arena);
        return err_prefix(err, "the answer of %.*s: ", STR_FMT(exec->command));
    }
    arena_free(&access->plugin.arena);
    access->plugin = word;
    return 0;
}
