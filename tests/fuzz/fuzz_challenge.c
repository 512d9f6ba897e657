/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as a WWW-Authenticate, as a Link and as a Retry-After: what comes out can be put
 * into a request line or a header, and no next page is on another host.
 */
#include <stdlib.h>

#include "pinnace/challenge.h"
#include "pinnace/regdoc.h"
#include "pinnace/regplace.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        must((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7f);
}

static void check_challenges(struct str text, struct arena *arena)
{
    struct challenges challenges = {.count = 0};
    struct err err = {ERR_NONE, ""};
    if (challenges_add(&challenges, text, arena, &err) < 0) {
        must(err.text[0] && challenges.count == 0);
        return;
    }
    must(challenges.count <= CHALLENGES_MAX);
    for (unsigned i = 0; i < challenges.count; i++) {
        const struct challenge *challenge = &challenges.items[i];
        check_clean(challenge->realm);
        check_clean(challenge->service);
        check_clean(challenge->scope);
        if (realm_trust(challenge->realm, STR("r.test"), false) == REALM_OWN) {
            struct str host = url_host(challenge->realm);
            must(str_starts(challenge->realm, STR("https://")));
            must(host.len >= 6 && str_find(host, '@') == STR_NOT_FOUND);
        }
    }
}

static void check_link(struct str text, struct arena *arena)
{
    struct str url = STR("https://r.test:5000/v2/a/tags/list?n=2"), next = STR_NONE;
    struct err err = {ERR_NONE, ""};
    if (link_next(text, url, arena, &next, &err) < 0) {
        must(err.text[0]);
        return;
    }
    check_clean(next);
    must(next.len == 0 || str_eq_nocase(url_host(next), STR("r.test:5000")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * 1024 * 1024);
    struct str text = {(const char *)data, size};
    check_challenges(text, &arena);
    check_link(text, &arena);
    int64_t seconds = retry_after_read(text, 1000000000);
    must(seconds >= 0 && seconds <= 3600);
    return 0;
}
