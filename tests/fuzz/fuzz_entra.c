/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as what Entra, an exchange, a registry with locks, an API server and a token itself say: a token is one
 * word, no life is endless, and what Azure makes of any answer is a request or an error that can be
 * shown.
 */
#include <stdlib.h>

#include "pinnace/accounttoken.h"
#include "pinnace/acrdoc.h"
#include "pinnace/entra.h"
#include "pinnace/imageref.h"
#include "pinnace/jwt.h"
#include "pinnace/provider.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024, NOW = 1790000000 };

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
    struct entra_error error;
    struct str token;
    struct jwt jwt;
    uint64_t mark;
    if (entra_token_read(text, arena, &token, NULL) == 0)
        must_be_word(token);
    if (acr_exchange_read(text, arena, &token, NULL) == 0)
        must_be_word(token);
    if (acr_newest_read(text, arena, &mark, NULL) == 0)
        must(mark != 0);
    struct acr_attributes attributes;
    if (acr_attributes_read(text, arena, &attributes, NULL) == 0)
        must(digest_check(attributes.digest) == IMAGEREF_OK);
    if (account_token_read(text, arena, &token, NULL) == 0)
        must(token.len > 0);
    entra_error_read(text, arena, &error);
    must(error.code.len <= text.len && error.description.len <= text.len);
    entra_advice(text);
    if (jwt_read(text, arena, &jwt, NULL) == 0) {
        int64_t life = jwt_life(&jwt, NOW);
        must(life >= 0 && life <= JWT_LIFE_MOST_S);
    }
}

/* Every answer of a run is this text. */
static void check_run(struct str text, int status, bool metadata, struct arena *arena)
{
    struct provider_input input = {.host = STR("contoso.azurecr.io"), .metadata = metadata};
    struct provider_run run = {.input = &input, .arena = arena, .now = NOW};
    struct provider_answer answer = {.status = status, .body = text};
    struct provider_next next;
    for (size_t i = 0; i < provider_azure.need_count && !metadata; i++)
        input.values[i] = STR("x");
    provider_azure.step(&run, NULL, &next);
    for (size_t i = 0; next.turn == PROVIDER_ASK; i++) {
        must(i < PROVIDER_STEPS_MAX);
        must_be_word(next.ask.url);
        provider_azure.step(&run, &answer, &next);
    }
    must(next.turn == PROVIDER_FAILED || next.turn == PROVIDER_READY);
    if (next.turn == PROVIDER_READY) {
        must(next.login.life_s > 0);
        must_be_word(next.login.identity_token);
        return;
    }
    must(next.error.fault != REGISTRY_FINE && next.error.text[0]);
    for (const char *at = next.error.text; *at; at++)
        must(*at >= ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    static const int statuses[] = {200, 400, 401, 404, 429, 503};
    struct provider_input input = {.host = STR("contoso.azurecr.io")};
    check_decoders(text, &arena);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        check_run(text, statuses[i], false, &arena);
        check_run(text, statuses[i], true, &arena);
    }
    if (provider_note_account(&provider_azure, text, &arena, &input))
        must(input.values[0].len > 0);
    return 0;
}
