/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as every answer on the way to a registry of AWS: what comes out can be put into a
 * header or a path, and no secret is in an error.
 */
#include <stdlib.h>

#include "pinnace/awsdoc.h"
#include "pinnace/awsplace.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * 1024 * 1024);
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
    return 0;
}
