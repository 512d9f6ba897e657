/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hookfuzz: bytes as the body that a receiver is sent, as JSON and in a form. Every hint can be
 * written as an image's name and read again, and a verdict agrees with itself.
 */
#ifndef PINNACE_TESTS_HOOKFUZZ_H
#define PINNACE_TESTS_HOOKFUZZ_H

#include <stdlib.h>

#include "pinnace/hook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds)
{
    if (!holds)
        abort();
}

static inline void check_hint(const struct push_hint *hint, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1024);
    struct imageref ref;
    struct str text;
    buf_add(&buf, hint->host.len ? hint->host : STR("localhost"));
    buf_add_char(&buf, '/');
    buf_add(&buf, hint->repository);
    buf_add_char(&buf, ':');
    buf_add(&buf, hint->tag);
    must(buf_finish(&buf, &text, NULL) == 0);
    must(imageref_parse(text, &ref) == IMAGEREF_OK && ref.digest.len == 0);
    must(str_eq(ref.tag, hint->tag) && str_eq(ref.path, hint->repository));
    struct tag_follow follow = {.tag = ref.tag};
    struct push_hint own = *hint;
    ref.host = own.host = STR_NONE;
    struct semver version;
    must(push_concerns(&own, &ref, &follow) == (tag_judge(&follow, ref.tag, &version) == TAG_FITS));
}

static inline size_t no_header(const void *context, const char *name, struct str *ret_value)
{
    (void)context;
    (void)name;
    (void)ret_value;
    return 0;
}

static inline void fuzz_as(const char *path, struct str body, struct str type)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(32 * 1024 * 1024);
    struct hook_verdict verdict = {.status = 0};
    const struct hook_request request = {.method = STR("POST"),
                                         .path = str_of(path),
                                         .type = type,
                                         .body = body,
                                         .header = no_header};
    hook_judge(hook_find(request.path), &request, NULL, NULL, &arena, &verdict);
    must(verdict.accepted == (verdict.status == 200));
    must(verdict.accepted || (verdict.hints.count == 0 && verdict.answer.len == 0));
    must((verdict.reason.len == 0) == (verdict.hints.count > 0));
    must(verdict.hints.count <= PUSH_HINTS_MAX);
    must(verdict.status == 200 || verdict.status == 400 || verdict.status == 413 ||
         verdict.status == 415);
    for (size_t i = 0; i < verdict.hints.count; i++)
        check_hint(&verdict.hints.items[i], &arena);
}

static inline int hook_fuzz(const char *path, const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    fuzz_as(path, body, STR("application/json"));
    fuzz_as(path, body, STR("application/x-www-form-urlencoded"));
    return 0;
}

#endif
