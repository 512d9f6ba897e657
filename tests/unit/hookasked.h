/* SPDX-License-Identifier: Apache-2.0 */
/* hookasked: requests to receivers of hints, and verdicts as one line. */
#ifndef PINNACE_TESTS_HOOKASKED_H
#define PINNACE_TESTS_HOOKASKED_H

#include "world.h"

#include "pinnace/hook.h"
#include "pinnace/pki.h"

/* Header fields, "Name: value", ended by NULL. */
struct asked {
    const char *const *headers;
};

static inline size_t asked_header(const void *context, const char *name, struct str *ret_value)
{
    const struct asked *asked = context;
    size_t count = 0;
    for (size_t i = 0; asked->headers && asked->headers[i]; i++) {
        struct str header = str_of(asked->headers[i]);
        size_t colon = str_find(header, ':');
        if (!str_eq_nocase(str_head(header, colon), str_of(name)))
            continue;
        *ret_value = str_tail(header, colon + 2);
        count++;
    }
    return count;
}

/* Nobody has to prove anything. The body is copied so that a byte behind it is seen. */
static inline void ask(const char *path, struct str body, const struct push_secrets *secrets,
                       const char *const *headers, struct arena *arena,
                       struct hook_verdict *ret_verdict)
{
    struct asked asked = {headers};
    struct str type = STR("application/json"), whole = str_of(path);
    size_t mark = str_find(whole, '?');
    asked_header(&asked, "Content-Type", &type);
    const struct hook_request request = {
        .method = STR("POST"),
        .path = mark == STR_NOT_FOUND ? whole : str_head(whole, mark),
        .query = mark == STR_NOT_FOUND ? STR_NONE : str_tail(whole, mark + 1),
        .type = type,
        .body = body,
        .header = asked_header,
        .context = &asked,
    };
    const struct hook_receiver *receiver = hook_find(request.path);
    assert_non_null(receiver);
    hook_judge(receiver, &request, secrets, &hook_tools, arena, ret_verdict);
}

/* "host/repository:tag" of each hint, with a space behind it. */
static inline struct str shown(const struct push_hints *hints, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1 << 20);
    for (size_t i = 0; i < hints->count; i++) {
        buf_add(&buf, hints->items[i].host);
        buf_add_char(&buf, '/');
        buf_add(&buf, hints->items[i].repository);
        buf_add_char(&buf, ':');
        buf_add(&buf, hints->items[i].tag);
        buf_add_char(&buf, ' ');
    }
    return finished(&buf);
}

/* A body, with ' for ", and what comes of it. */
struct hook_row {
    const char *name, *body, *hints;
    unsigned status;
    const char *says; /* a part of the reason */
};

static inline void check_rows(const char *path, const struct hook_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TEST_ARENA(arena);
        struct hook_verdict verdict;
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        ask(path, body, NULL, NULL, &arena, &verdict);
        if (verdict.status != rows[i].status)
            fail_msg("%s: %u: %.*s", rows[i].name, verdict.status, STR_FMT(verdict.reason));
        CHECK_INT(rows[i].name, verdict.accepted, verdict.status == 200);
        CHECK_STR(rows[i].name, shown(&verdict.hints, &arena), str_of(rows[i].hints));
        CHECK_HAS(rows[i].name, verdict.reason, rows[i].says);
        CHECK(rows[i].name, (verdict.reason.len == 0) == (verdict.hints.count > 0));
        exact_free(body);
    }
}

#endif
