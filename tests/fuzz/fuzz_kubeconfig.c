/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line "---" parts two files of a KUBECONFIG. What can be picked has an address, a certificate
 * has a key, and an answer of a plugin is read in the same go.
 */
#include <stdlib.h>

#include "pinnace/execcred.h"
#include "pinnace/kubeconfig.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(const struct err *err)
{
    must(err->kind == ERR_INPUT || err->kind == ERR_LIMIT || err->kind == ERR_MEMORY);
    must(err->text[0] != '\0');
}

static void check_choice(const struct kubeconfig_choice *choice)
{
    const struct kubeconfig_cluster *cluster = choice->cluster;
    const struct kubeconfig_user *user = choice->user;
    must(str_starts(cluster->server, STR("http")) && choice->namespace.len > 0);
    must(!cluster->insecure || (!cluster->ca_data.len && !cluster->ca_file.len));
    must((user->cert_data.len || user->cert_file.len) ==
         (user->key_data.len || user->key_file.len));
    must(!user->exec || user->exec->command.len > 0);
}

static void check_contexts(const struct kubeconfig *config)
{
    struct kubeconfig_choice choice;
    struct err err;
    int tried = 0;
    for (const struct kubeconfig_entry *at = config->contexts; at && tried < 50; at = at->next) {
        tried++;
        if (kubeconfig_pick(config, at->name, &choice, &err) == 0)
            check_choice(&choice);
        else
            check_error(&err);
    }
}

static void check_answer(struct str text)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct exec_credential credential;
    struct err err;
    if (exec_credential_read(text, STR("client.authentication.k8s.io/v1"), &arena, &credential,
                             &err) < 0)
        check_error(&err);
    else
        must((credential.token.len || credential.cert.len) &&
             !credential.cert.len == !credential.key.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size}, mark = STR("\n---\n");
    struct kubeconfig config = {0};
    struct err err;
    check_answer(text);
    for (size_t i = 0; i + mark.len <= text.len; i++) {
        if (!str_starts(str_tail(text, i), mark))
            continue;
        if (kubeconfig_add(&config, str_head(text, i), STR("/f"), &arena, &err) < 0) {
            check_error(&err);
            return 0;
        }
        text = str_tail(text, i + mark.len);
        break;
    }
    if (kubeconfig_add(&config, text, STR(""), &arena, &err) < 0)
        check_error(&err);
    else
        check_contexts(&config);
    return 0;
}
