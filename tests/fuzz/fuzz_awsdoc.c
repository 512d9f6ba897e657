/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as every answer on the way to a registry of AWS, step by step too: what comes out can be put into a
 * header or a path, and no secret is in an error.
 */
#include <stdlib.h>

#include "pinnace/awsdoc.h"
#include "pinnace/awsplace.h"
#include "pinnace/provider.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

enum { NOW = 1790000000, ROLE_AT = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_word(struct str text)
{
    must(text.len > 0);
    for (size_t i = 0; i < text.len; i++)
        must(text.ptr[i] > ' ' && text.ptr[i] <= '~');
}

static void check_key(int result, const struct aws_key *key, const struct err *err)
{
    must(result == 0 || err->text[0]);
    if (result < 0)
        return;
    check_word(key->id);
    check_word(key->secret);
    check_word(key->token);
}

static void check_ecr(struct str text, bool is_public, struct arena *arena)
{
    struct ecr_token token;
    struct err err = {ERR_NONE, ""};
    if (ecr_token_read(text, is_public, arena, &token, &err) < 0) {
        must(err.text[0]);
        return;
    }
    check_word(token.username);
    check_word(token.password);
    must(token.expires > 0 && str_find(token.username, ':') == STR_NOT_FOUND);
}

static void check_lines(struct str text)
{
    struct str line;
    if (aws_role_read(text, &line, NULL) == 0) {
        check_word(line);
        must(str_find(line, '/') == STR_NOT_FOUND && str_find(line, '?') == STR_NOT_FOUND);
    }
    if (aws_session_read(text, &line, NULL) == 0)
        check_word(line);
}

/* Whatever is taken for a registry of AWS, its tokens come from AWS. */
static void check_place(struct str text, struct arena *arena)
{
    struct aws_registry registry;
    struct buf url = BUF_INIT(arena, 1024);
    struct str made;
    if (!aws_registry_of(text, &registry))
        return;
    buf_add_ecr_url(&url, &registry);
    must(buf_finish(&url, &made, NULL) == 0 && str_starts(made, STR("https://")));
    struct str host = url_host(made);
    must(str_ends(made, STR("/")) && made.len == host.len + sizeof("https:///") - 1);
    must(str_ends(host, STR(".amazonaws.com")) || str_ends(host, STR(".amazonaws.com.cn")) ||
         str_ends(host, STR(".amazonaws.eu")) || str_ends(host, STR(".api.aws")) ||
         str_ends(host, STR(".api.amazonwebservices.com.cn")));
}

/* Every answer of a run is this text: what comes of it is a request or an error that can be shown. */
static void check_run(struct provider_input *input, struct str text, int status,
                      struct arena *arena)
{
    struct provider_run run = {.input = input, .arena = arena, .now = NOW};
    struct provider_answer answer = {.status = status, .body = text};
    struct provider_next next;
    provider_aws.step(&run, NULL, &next);
    for (size_t i = 0; next.turn == PROVIDER_ASK; i++) {
        must(i < PROVIDER_STEPS_MAX);
        check_word(next.ask.url);
        provider_aws.step(&run, &answer, &next);
    }
    if (next.turn == PROVIDER_READY) {
        must(next.login.life_s > 0);
        check_word(next.login.password);
        return;
    }
    must(next.turn == PROVIDER_FAILED || str_eq(input->host, STR("public.ecr.aws")));
    for (const char *at = next.turn == PROVIDER_FAILED ? next.error.text : ""; *at; at++)
        must(*at >= ' ' && *at <= '~');
}

static void check_runs(struct str text, struct arena *arena)
{
    static const int statuses[] = {200, 400, 401, 403, 404, 429, 503};
    static const struct str hosts[] = {STR_INIT("123456789012.dkr.ecr.us-west-2.amazonaws.com"),
                                       STR_INIT("public.ecr.aws")};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        for (size_t host = 0; host < 2; host++) {
            struct provider_input role = {.host = hosts[host]}, key = role, machine = role;
            machine.metadata = true;
            role.values[ROLE_AT] = STR("arn:aws:iam::123456789012:role/p");
            role.values[ROLE_AT + 1] = STR("a.b.c");
            key.values[0] = key.values[1] = STR("x");
            check_run(&role, text, statuses[i], arena);
            check_run(&key, text, statuses[i], arena);
            check_run(&machine, text, statuses[i], arena);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024 * 1024);
    struct str text = {(const char *)data, size};
    struct aws_key key;
    struct aws_error error;
    struct err err = {ERR_NONE, ""};
    int result = sts_answer_read(text, &arena, &key, &err);
    check_key(result, &key, &err);
    result = aws_key_read(text, &arena, &key, &err);
    check_key(result, &key, &err);
    check_ecr(text, false, &arena);
    check_ecr(text, true, &arena);
    check_lines(text);
    check_place(text, &arena);
    aws_error_read(text, &arena, &error);
    must(str_find(error.message, '\n') == STR_NOT_FOUND && error.code.len <= size);
    must(aws_is_agent(text) == false || str_find(url_host(text), '@') == STR_NOT_FOUND);
    check_runs(text, &arena);
    return 0;
}
