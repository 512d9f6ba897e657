/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as a file of secrets, whose secrets must fit into a header; and as the header and the
 * query by which somebody proves that he knows one: who sends the secret is believed, and nobody else.
 */
#include <stdlib.h>

#include "pinnace/pki.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_secrets(struct str text)
{
    struct push_secrets secrets = {.count = 0};
    if (push_secrets_read(text, &secrets, NULL) < 0)
        return;
    must(secrets.count > 0 && secrets.count <= PUSH_SECRETS_MAX);
    for (size_t i = 0; i < secrets.count; i++) {
        must(secrets.items[i].len >= PUSH_SECRET_MIN_BYTES);
        must(secrets.items[i].ptr[0] != ' ');
        for (size_t j = 0; j < secrets.items[i].len; j++)
            must(secrets.items[i].ptr[j] >= ' ' && secrets.items[i].ptr[j] <= '~');
    }
}

static size_t any_header(const void *context, const char *name, struct str *ret_value)
{
    (void)name;
    *ret_value = *(const struct str *)context;
    return 1;
}

static void check_proofs(struct str text, const struct push_secrets *secrets, bool *ret_believed)
{
    *ret_believed = false;
    for (size_t i = 0; i < HOOK_RECEIVERS; i++) {
        struct arena arena ARENA_SCOPED = ARENA_INIT(1024 * 1024);
        struct hook_verdict verdict;
        const struct hook_request request = {.method = STR("POST"),
                                             .query = text,
                                             .type = STR("application/json"),
                                             .body = STR("x"),
                                             .header = any_header,
                                             .context = &text};
        hook_judge(hook_at(i), &request, secrets, &hook_tools, &arena, &verdict);
        must(verdict.status == 400 || verdict.status == 401 || verdict.status == 403);
        if (verdict.status == 400)
            *ret_believed = true;
    }
}

static bool holds(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_eq((struct str){text.ptr + i, part.len}, part))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct push_secrets known = {.items = {STR_INIT("0123456789abcdef")}, .count = 1};
    static const struct push_secrets unknown = {.items = {STR_INIT("\x01 nobody \x02 sends \x03")},
                                                .count = 1};
    struct str text = {(const char *)data, size};
    bool believed;
    check_secrets(text);
    check_proofs(text, &unknown, &believed);
    must(!believed || holds(text, STR("%01")) || holds(text, STR("\x01")));
    check_proofs(text, &known, &believed);
    must(!holds(text, STR("secret=0123456789abcdef")) || size != 23 || believed);
    return 0;
}
