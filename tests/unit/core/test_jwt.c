/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/base64.h"
#include "pinnace/jwt.h"

#include "pinnace/banned.h"

/* "e30.CLAIMS.x" */
static struct str token_of(struct arena *arena, const char *claims)
{
    struct buf base64 = BUF_INIT(arena, JWT_MAX_BYTES), token = BUF_INIT(arena, 2 * JWT_MAX_BYTES);
    buf_add_base64(&base64, json_of(arena, claims));
    struct str text = finished(&base64);
    buf_add(&token, STR("e30."));
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++)
        buf_add_char(&token, text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i]);
    buf_add(&token, STR(".x"));
    return finished(&token);
}

TEST(claims)
{
    static const struct {
        const char *claims, *issuer, *subject;
        int64_t issued, expires, life; /* at 1000 by our clock */
    } rows[] = {
        {"{'iss':'a','sub':'b','iat':900,'exp':1900}", "a", "b", 900, 1900, 1000},
        {"{'exp':1900,'nbf':900,'other':{'exp':[]}}", "", "", 900, 1900, 1000},
        {"{'exp':1900,'nbf':900,'iat':1000}", "", "", 1000, 1900, 900},
        {"{'exp':1900.75,'iat':900.5}", "", "", 900, 1900, 1000},
        {"{'exp':1900}", "", "", 0, 1900, 900},
        {"{'exp':900}", "", "", 0, 900, 0},
        {"{'exp':900,'iat':900}", "", "", 900, 900, 0},
        {"{'exp':'1900','iat':-5}", "", "", 0, 0, 0},
        {"{'exp':99999999999999999999,'iat':1}", "", "", 1, 0, 0},
        {"{'iat':1,'exp':1099511627775}", "", "", 1, 1099511627775, JWT_LIFE_MOST_S},
        {"{}", "", "", 0, 0, 0},
        {"{'sub':'\\u00fc?>~\\u00ff'}", "", "\xc3\xbc?>~\xc3\xbf", 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct jwt jwt;
        struct str token = exact_copy(token_of(&arena, rows[i].claims));
        CHECK_INT(rows[i].claims, jwt_read(token, &arena, &jwt, &err), 0);
        exact_free(token);
        CHECK_STR(rows[i].claims, jwt.issuer, str_of(rows[i].issuer));
        CHECK_STR(rows[i].claims, jwt.subject, str_of(rows[i].subject));
        CHECK_INT(rows[i].claims, jwt.issued, rows[i].issued);
        CHECK_INT(rows[i].claims, jwt.expires, rows[i].expires);
        CHECK_INT(rows[i].claims, jwt_life(&jwt, 1000), rows[i].life);
    }
}

TEST(refused)
{
    static const char *const rows[][2] = {
        {"", "three parts"},
        {"abc", "three parts"},
        {"a.b", "three parts"},
        {"a.b.c.d", "three parts"},
        {"e30.e30=.x", "not base64url"},
        {"e30.e3/0.x", "not base64url"},
        {"e30.e3 0.x", "base64"},
        {"e30.e.x", "base64"},
        {"e30..x", "the claims of the token"},
        {"e30.W10.x", "the claims of the token"},
        {"e30.e30x.x", "the claims of the token"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct jwt jwt = {.expires = 77};
        CHECK_INT(rows[i][0], jwt_read(str_of(rows[i][0]), &arena, &jwt, &err), -1);
        CHECK_HAS(rows[i][0], ERR_TEXT(err), rows[i][1]);
        CHECK_INT(rows[i][0], jwt.expires, 77);
    }
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct jwt jwt;
    CHECK_INT("long", jwt_read(run_of(&arena, 'a', JWT_MAX_BYTES + 1), &arena, &jwt, &err), -1);
    CHECK_INT("long", err.kind, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(claims), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
