/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as the query, every header field and the secrets' file of each receiver: who does not
 * know the secret, or its sum over the body, is refused, whatever he sends.
 */
#include <stdlib.h>

#include "pinnace/hook.h"

#include "pinnace/banned.h"

#define SECRET "0123456789abcdef-secret"
#define SUM_BYTE 0xc5
#define SUM_HEX "c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool has(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_eq_nocase(str_head(str_tail(text, i), part.len), part))
            return true;
    return false;
}

static size_t same_sum(enum hook_sum sum, struct str key, struct str data,
                       unsigned char ret_sum[HOOK_SUM_MAX_BYTES])
{
    size_t size = sum == HOOK_SHA1 ? 20 : 32;
    must(str_eq(key, STR(SECRET)) && data.ptr);
    memset(ret_sum, SUM_BYTE, size);
    return size;
}

static size_t any_header(const void *context, const char *name, struct str *ret_value)
{
    (void)name;
    *ret_value = *(const struct str *)context;
    return 1;
}

static size_t no_header(const void *context, const char *name, struct str *ret_value)
{
    (void)context;
    (void)name;
    (void)ret_value;
    return 0;
}

/* An escape is another way to write a secret in a query: no verdict is known beforehand then. */
static bool may_know(struct str text)
{
    return has(text, STR(SECRET)) || has(text, STR(SUM_HEX)) || has(text, STR("%"));
}

static void judge(const struct hook_receiver *receiver, struct hook_request *request,
                  struct str text)
{
    static const struct push_secrets secrets = {.items = {STR_INIT(SECRET)}, .count = 1};
    static const struct hook_tools tools = {same_sum, str_eq};
    struct arena arena ARENA_SCOPED = ARENA_INIT(1024 * 1024);
    struct hook_verdict verdict = {.status = 0};
    request->path = str_of(hook_path(receiver));
    hook_judge(receiver, request, &secrets, &tools, &arena, &verdict);
    bool refused = verdict.status == 401 || verdict.status == 403 || verdict.status == 400 ||
                   verdict.status == 415;
    must(may_know(text) || (refused && !verdict.accepted));
    must(verdict.accepted == (verdict.status == 200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct push_secrets read;
    const struct hook_receiver *receiver;
    for (size_t i = 0; (receiver = hook_at(i)); i++) {
        struct hook_request request = {.method = STR("POST"),
                                       .type = STR("application/json"),
                                       .body = STR("{}"),
                                       .header = any_header,
                                       .context = &text};
        judge(receiver, &request, text);
        request.header = no_header;
        request.query = text;
        judge(receiver, &request, text);
    }
    if (push_secrets_read(text, &read, NULL) == 0)
        for (size_t i = 0; i < read.count; i++)
            must(read.items[i].len >= PUSH_SECRET_MIN_BYTES &&
                 read.items[i].len <= PUSH_SECRET_MAX_BYTES);
    return 0;
}
