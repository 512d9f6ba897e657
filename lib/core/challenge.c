/* SPDX-License-Identifier: Apache-2.0 */
/* challenge: see the header. The grammar is RFC 9110's, section 11. */
#include "pinnace/challenge.h"

#include "pinnace/banned.h"

struct reader {
    struct str rest;
    struct arena *arena;
    struct challenges *challenges;
    struct challenge *current;
    struct err *err;
};

static bool is_token_char(char c)
{
    static const struct str others = STR_INIT("!#$%&'*+-.^_`|~");
    return ascii_is_alpha(c) || ascii_is_digit(c) || str_find(others, c) != STR_NOT_FOUND;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip(struct reader *reader, bool commas)
{
    size_t count = 0;
    while (count < reader->rest.len &&
           (is_blank(reader->rest.ptr[count]) || (commas && reader->rest.ptr[count] == ',')))
        count++;
    reader->rest = str_tail(reader->rest, count);
    return count;
}

static struct str take_token(struct reader *reader)
{
    size_t len = 0;
    while (len < reader->rest.len && is_token_char(reader->rest.ptr[len]))
        len++;
    struct str token = str_head(reader->rest, len);
    reader->rest = str_tail(reader->rest, len);
    return token;
}

static int refuse(const struct reader *reader, const char *what)
{
    return err_set(reader->err, ERR_INPUT, "WWW-Authenticate: %s", what);
}

/* Between quotes, which are taken off, as are the backslashes before other characters. */
static int take_quoted(struct reader *reader, struct str *ret_value)
{
    struct str rest = str_tail(reader->rest, 1);
    char *out = arena_alloc(reader->arena, rest.len + 1);
    size_t len = 0, i = 0;
    if (!out)
        return err_no_memory(reader->err);
    for (; i < rest.len && rest.ptr[i] != '"'; i++) {
        if (rest.ptr[i] == '\\' && i + 1 < rest.len)
            i++;
        if ((unsigned char)rest.ptr[i] < ' ' || rest.ptr[i] == 0x7f)
            return refuse(reader, "a control character within quotes");
        out[len++] = rest.ptr[i];
    }
    if (i == rest.len)
        return refuse(reader, "the closing quote is missing");
    reader->rest = str_tail(rest, i + 1);
    *ret_value = (struct str){out, len};
    return 0;
}

static struct str *field_of(struct challenge *challenge, struct str name)
{
    if (str_eq_nocase(name, STR("realm")))
        return &challenge->realm;
    if (str_eq_nocase(name, STR("service")))
        return &challenge->service;
    if (str_eq_nocase(name, STR("scope")))
        return &challenge->scope;
    return str_eq_nocase(name, STR("error")) ? &challenge->error : NULL;
}

/* "=value" behind a name. */
static int take_value(struct reader *reader, struct str name)
{
    struct str value = STR_NONE;
    reader->rest = str_tail(reader->rest, 1);
    skip(reader, false);
    if (!reader->current)
        return refuse(reader, "a parameter without a scheme before it");
    if (reader->rest.len && reader->rest.ptr[0] == '"') {
        if (take_quoted(reader, &value) < 0)
            return -1;
    } else {
        value = take_token(reader);
        if (value.len == 0)
            return refuse(reader, "a parameter without a value");
    }
    struct str *field = field_of(reader->current, name);
    if (field && field->ptr)
        return refuse(reader, "a parameter that is given twice");
    if (field)
        *field = value;
    return 0;
}

/* What some schemes have in place of parameters: "Negotiate YII=". It ends the challenge. */
static void skip_token68(struct reader *reader)
{
    static const struct str others = STR_INIT("-._~+/");
    struct str rest = reader->rest;
    size_t i = 0;
    while (i < rest.len && (ascii_is_alpha(rest.ptr[i]) || ascii_is_digit(rest.ptr[i]) ||
                            str_find(others, rest.ptr[i]) != STR_NOT_FOUND))
        i++;
    while (i < rest.len && rest.ptr[i] == '=')
        i++;
    size_t end = i;
    while (i < rest.len && is_blank(rest.ptr[i]))
        i++;
    if (i == rest.len || rest.ptr[i] == ',')
        reader->rest = str_tail(rest, end);
}

static int begin_challenge(struct reader *reader, struct str scheme)
{
    struct challenges *challenges = reader->challenges;
    if (challenges->count == CHALLENGES_MAX)
        return refuse(reader, "more than 8 challenges");
    reader->current = &challenges->items[challenges->count++];
    *reader->current = (struct challenge){.scheme = CHALLENGE_OTHER};
    if (str_eq_nocase(scheme, STR("Basic")))
        reader->current->scheme = CHALLENGE_BASIC;
    else if (str_eq_nocase(scheme, STR("Bearer")))
        reader->current->scheme = CHALLENGE_BEARER;
    else if (reader->rest.len && is_blank(reader->rest.ptr[0])) {
        skip(reader, false);
        skip_token68(reader);
    }
    return 0;
}

/* A parameter's name is followed by "=", a scheme is not. */
static bool is_parameter(const struct reader *reader)
{
    size_t i = 0;
    while (i < reader->rest.len && is_blank(reader->rest.ptr[i]))
        i++;
    return i < reader->rest.len && reader->rest.ptr[i] == '=';
}

static int read_value(struct reader *reader)
{
    skip(reader, true);
    while (reader->rest.len) {
        struct str token = take_token(reader);
        if (token.len == 0)
            return refuse(reader, "neither a scheme nor a parameter");
        if (is_parameter(reader)) {
            skip(reader, false);
            if (take_value(reader, token) < 0)
                return -1;
        } else if (begin_challenge(reader, token) < 0) {
            return -1;
        }
        skip(reader, true);
    }
    return 0;
}

int challenges_add(struct challenges *challenges, struct str value, struct arena *arena,
                   struct err *err)
{
    struct challenges more = *challenges;
    struct reader reader = {.rest = value, .arena = arena, .challenges = &more, .err = err};
    if (value.len > CHALLENGE_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "WWW-Authenticate: more than 16 KiB");
    if (read_value(&reader) < 0)
        return -1;
    *challenges = more;
    return 0;
}

const struct challenge *challenges_pick(const struct challenges *challenges)
{
    const struct challenge *basic = NULL;
    for (unsigned i = 0; i < challenges->count; i++) {
        const struct challenge *challenge = &challenges->items[i];
        if (challenge->scheme == CHALLENGE_BEARER && challenge->realm.len)
            return challenge;
        if (challenge->scheme == CHALLENGE_BASIC && !basic)
            basic = challenge;
    }
    return basic;
}
