/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as what Google's metadata service, its token services and an API server's OpenID
 * configuration say, and as an account's annotations: what Google's provider makes of any answer is a
 * request or an error that can be shown, and a token can be put into a header.
 */
#include <stdlib.h>

#include "pinnace/accounttoken.h"
#include "pinnace/googledoc.h"
#include "pinnace/provider.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024, NOW = 1790000000, ACCOUNT_AT = 1, ISSUER_AT = 3, TOKEN_AT = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_word(struct str text)
{
    must(text.len > 0);
    for (size_t i = 0; i < text.len; i++)
        must(text.ptr[i] > ' ' && text.ptr[i] <= '~');
}

static void check_decoders(struct str text, struct arena *arena)
{
    struct google_token token;
    struct google_error error;
    struct str issuer, pool = google_pool_of(text, arena);
    struct err err = {ERR_NONE, ""};
    if (google_token_read(text, arena, &token, &err) == 0)
        must_be_word(token.token);
    else
        must(err.text[0]);
    if (account_issuer_read(text, arena, &issuer, NULL) == 0)
        must(issuer.len > 0);
    google_error_read(text, arena, &error);
    must(error.code.len <= text.len && error.message.len <= text.len);
    must(str_find(error.message, '\n') == STR_NOT_FOUND);
    if (pool.len)
        must_be_word(pool);
}

/* Every answer of a run is this text. */
static void check_run(struct provider_input *input, struct str text, int status, const char *flavor,
                      struct arena *arena)
{
    struct provider_run run = {.input = input, .arena = arena, .now = NOW};
    struct provider_answer answer = {.status = status, .body = text, .header = str_of(flavor)};
    struct provider_next next;
    provider_google.step(&run, NULL, &next);
    for (size_t i = 0; next.turn == PROVIDER_ASK; i++) {
        must(i < PROVIDER_STEPS_MAX);
        must_be_word(next.ask.url);
        must(next.ask.metadata || str_starts(next.ask.url, STR("https://sts.googleapis.com/")) ||
             str_starts(next.ask.url, STR("https://iamcredentials.googleapis.com/")));
        provider_google.step(&run, &answer, &next);
    }
    must(next.turn == PROVIDER_FAILED || next.turn == PROVIDER_READY);
    if (next.turn == PROVIDER_READY) {
        must(next.login.life_s > 0);
        must_be_word(next.login.password);
        return;
    }
    must(next.error.fault != REGISTRY_FINE && next.error.text[0]);
    for (const char *at = next.error.text; *at; at++)
        must(*at >= ' ' && *at <= '~');
}

/* The text is the answer of all, or what the account says of itself. */
static void check_account(struct str text, int status, bool is_answer, struct arena *arena)
{
    struct provider_input input = {.host = STR("us-docker.pkg.dev")};
    input.values[ACCOUNT_AT] = is_answer ? STR("puller@example.com") : text;
    input.values[ISSUER_AT] =
        STR("https://container.googleapis.com/v1/projects/shop/locations/l/clusters/c");
    input.values[TOKEN_AT] = is_answer ? STR("e30.e30.x") : text;
    if (input.values[TOKEN_AT].len)
        check_run(&input, is_answer ? text : STR("{\"access_token\":\"x\",\"expires_in\":3600}"),
                  status, NULL, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    static const int statuses[] = {200, 400, 401, 403, 404, 429, 503};
    struct provider_input noted = {.host = STR("gcr.io")},
                          machine = {.host = STR("gcr.io"), .metadata = true},
                          stranger = {.host = STR("gcr.io")};
    check_decoders(text, &arena);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        check_run(&machine, text, statuses[i], "Google", &arena);
        check_account(text, statuses[i], true, &arena);
    }
    check_account(text, 200, false, &arena);
    stranger.values[ISSUER_AT] = text;
    if (text.len)
        check_run(&stranger, text, 200, NULL, &arena);
    if (provider_note_account(&provider_google, text, &arena, &noted))
        must(noted.values[ACCOUNT_AT].len > 0 || noted.values[ACCOUNT_AT + 1].len > 0);
    return 0;
}
