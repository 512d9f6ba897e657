/* SPDX-License-Identifier: Apache-2.0 */
/*
 * providersteps: a provider, step by step: who we are, what it asks, what it is told. A step's
 * expectation is one line: "POST URL body" or "GET URL [Header: value]" for an ask, "ready NAME
 * SECRET LIFE", "failed: a part of the sentence", "nobody".
 */
#ifndef PINNACE_TESTS_PROVIDERSTEPS_H
#define PINNACE_TESTS_PROVIDERSTEPS_H

#include "check.h"

#include "pinnace/base64.h"
#include "pinnace/provider.h"

struct setting {
    const char *env, *value;
};

enum { SETTINGS_MAX = 6, SCRIPT_MAX = 6 };

struct told {
    int status;
    const char *body, *header; /* body with ' for " */
};

/* Values by the names of their variables: one that the provider does not need is a typing error. */
static inline void set_values(const struct provider *provider, const struct setting *settings,
                              struct provider_input *input)
{
    for (size_t i = 0; i < SETTINGS_MAX && settings[i].env; i++) {
        size_t need = 0;
        while (need < provider->need_count &&
               (!provider->needs[need].env || strcmp(provider->needs[need].env, settings[i].env)))
            need++;
        CHECK(settings[i].env, need < provider->need_count);
        input->values[need] = str_of(settings[i].value);
    }
}

static inline struct str line_of(const struct provider_next *next, struct arena *arena)
{
    struct buf line = BUF_INIT(arena, 1024 * 1024);
    const struct provider_login *login = &next->login;
    if (next->turn == PROVIDER_NOBODY) {
        buf_add(&line, STR("nobody"));
    } else if (next->turn == PROVIDER_FAILED) {
        buf_addf(&line, "failed: %s", next->error.text);
    } else if (next->turn == PROVIDER_READY) {
        buf_addf(&line, "ready %.*s %.*s%.*s %lld", STR_FMT(login->username),
                 STR_FMT(login->password), STR_FMT(login->identity_token),
                 (long long)login->life_s);
    } else {
        buf_addf(&line, "%s%s %.*s", next->ask.metadata ? "metadata " : "", next->ask.method,
                 STR_FMT(next->ask.url));
        for (size_t i = 0; i < next->ask.header_count; i++)
            if (strcmp(next->ask.headers[i].name, "Content-Type") != 0)
                buf_addf(&line, " [%s: %.*s]", next->ask.headers[i].name,
                         STR_FMT(next->ask.headers[i].value));
        if (next->ask.sign)
            buf_addf(&line, " signed by %.*s for %.*s/%.*s at %lld",
                     STR_FMT(next->ask.sign->key_id), STR_FMT(next->ask.sign->scope.region),
                     STR_FMT(next->ask.sign->scope.service), (long long)next->ask.sign->scope.at);
        if (next->ask.body.len)
            buf_addf(&line, " %.*s", STR_FMT(next->ask.body));
    }
    return finished(&line);
}

/* What stands at the end of a run of these answers; no earlier step may end it. */
static inline void run_steps(const char *row, const struct provider *provider,
                             const struct provider_input *input, int64_t now,
                             const struct told *script, struct arena *arena,
                             struct provider_next *ret_next)
{
    struct provider_run run = {.input = input, .arena = arena, .now = now};
    provider->step(&run, NULL, ret_next);
    for (size_t i = 0; i < SCRIPT_MAX && script[i].status; i++) {
        struct str body = exact_copy(json_of(arena, script[i].body ? script[i].body : ""));
        struct provider_answer answer = {
            .status = script[i].status, .body = body, .header = str_of(script[i].header)};
        CHECK_INT(row, ret_next->turn, PROVIDER_ASK);
        provider->step(&run, &answer, ret_next);
        exact_free(body); /* nothing may point into it any more */
    }
}

/* "eyJ…": a token with these claims, which nobody signed. */
static inline const char *token_of(struct arena *arena, const char *claims)
{
    struct buf base64 = BUF_INIT(arena, 64 * 1024), token = BUF_INIT(arena, 64 * 1024);
    buf_add_base64(&base64, json_of(arena, claims));
    struct str text = finished(&base64);
    buf_add(&token, STR("eyJhbGciOiJSUzI1NiJ9."));
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++)
        buf_add_char(&token, text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i]);
    buf_add(&token, STR(".c2lnbmVk"));
    return finished(&token).ptr;
}

#endif
