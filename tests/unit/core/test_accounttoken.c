/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/accounttoken.h"

#include "pinnace/banned.h"

TEST(request)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 4096);
    buf_add_account_token_request(&buf, STR("api://AzureADTokenExchange"));
    CHECK_STR("request", finished(&buf),
              json_of(&arena,
                      "{'apiVersion':'authentication.k8s.io/v1','kind':'TokenRequest','spec':"
                      "{'audiences':['api://AzureADTokenExchange'],'expirationSeconds':3600}}"));
}

TEST(answers)
{
    static const struct {
        const char *json, *token; /* NULL: refused */
    } rows[] = {
        {"{'kind':'TokenRequest','status':{'token':'a.b.c','expirationTimestamp':'x'}}", "a.b.c"},
        {"{'status':{'token':''}}", NULL},
        {"{'status':{}}", NULL},
        {"{}", NULL},
        {"{'status':{'token':5}}", NULL},
        {"{'status':", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str token = STR("untouched");
        int result = account_token_read(json_of(&arena, rows[i].json), &arena, &token, &err);
        CHECK_INT(rows[i].json, result, rows[i].token ? 0 : -1);
        CHECK_STR(rows[i].json, token, rows[i].token ? str_of(rows[i].token) : STR("untouched"));
    }
}

TEST(issuers)
{
    static const struct {
        const char *json, *issuer; /* NULL: refused */
    } rows[] = {
        {"{'issuer':'https://oidc.example.com','jwks_uri':'x','claims':[1]}",
         "https://oidc.example.com"},
        {"{'issuer':''}", NULL},
        {"{'jwks_uri':'x'}", NULL},
        {"{'issuer':['x']}", NULL},
        {"<html>", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str issuer = STR("untouched");
        int result = account_issuer_read(json_of(&arena, rows[i].json), &arena, &issuer, &err);
        CHECK_INT(rows[i].json, result, rows[i].issuer ? 0 : -1);
        CHECK_STR(rows[i].json, issuer, rows[i].issuer ? str_of(rows[i].issuer) : STR("untouched"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(request), cmocka_unit_test(answers),
                                       cmocka_unit_test(issuers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
