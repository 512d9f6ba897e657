/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/googledoc.h"

#include "pinnace/banned.h"

TEST(tokens)
{
    static const struct {
        const char *json, *token; /* NULL: refused, with a part of the error */
        const char *error;
        int64_t expires;
    } rows[] = {
        {"{'accessToken':'ya29.x','expireTime':'2026-11-21T09:30:00Z'}", "ya29.x", NULL,
         1795253400},
        {"{'expireTime':'2026-11-21T09:30:00.123Z','more':[{}],'accessToken':'a'}", "a", NULL,
         1795253400},
        {"{'accessToken':'ya29.x'}", NULL, "expireTime: is missing", 0},
        {"{'accessToken':'ya29.x','expireTime':'soon'}", NULL, "or is no time", 0},
        {"{'expireTime':'2026-11-21T09:30:00Z'}", NULL, "accessToken: is missing", 0},
        {"{'accessToken':'','expireTime':'2026-11-21T09:30:00Z'}", NULL, "accessToken: is missing",
         0},
        {"{'accessToken':'a b','expireTime':'2026-11-21T09:30:00Z'}", NULL, "or cannot be one", 0},
        {"{'accessToken':'a\\r\\nX: y','expireTime':'2026-11-21T09:30:00Z'}", NULL,
         "or cannot be one", 0},
        {"{'accessToken':5,'expireTime':'2026-11-21T09:30:00Z'}", NULL, "", 0},
        {"{'accessToken':'ya29.x','accessToken':'b','expireTime':'2026-11-21T09:30:00Z'}", NULL, "",
         0},
        {"", NULL, "", 0},
        {"<html>", NULL, "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct google_token token = {.token = STR("untouched")};
        int result = google_token_read(json_of(&arena, rows[i].json), &arena, &token, &err);
        CHECK_INT(rows[i].json, result, rows[i].token ? 0 : -1);
        CHECK_STR(rows[i].json, token.token, str_of(rows[i].token ? rows[i].token : "untouched"));
        CHECK_INT(rows[i].json, token.expires, rows[i].expires);
        if (rows[i].error)
            CHECK_HAS(rows[i].json, str_of(err.text), rows[i].error);
        CHECK(rows[i].json, !strstr(err.text, "ya29"));
    }
}

TEST(errors)
{
    static const struct {
        const char *json, *code, *message;
    } rows[] = {
        {"{'error':'invalid_grant','error_description':'The audience does not match.'}",
         "invalid_grant", "The audience does not match."},
        {"{'error':{'code':403,'message':'Permission denied\\non "
         "resource','status':'PERMISSION_DENIED','details':[{}]}}",
         "PERMISSION_DENIED", "Permission denied"},
        {"{'error':{}}", "", ""},
        {"{'error':['x']}", "", ""},
        {"{'error':null}", "", ""},
        {"{}", "", ""},
        {"<html>502</html>", "", ""},
        {"{'error':'a'", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct google_error error;
        google_error_read(json_of(&arena, rows[i].json), &arena, &error);
        CHECK_STR(rows[i].json, error.code, str_of(rows[i].code));
        CHECK_STR(rows[i].json, error.message, str_of(rows[i].message));
    }
}

#define CLUSTERS "https://container.googleapis.com/v1/projects/"

TEST(pools)
{
    static const struct {
        const char *issuer, *pool;
    } rows[] = {
        {CLUSTERS "shop-1/locations/europe-west1/clusters/main", "shop-1.svc.id.goog"},
        {CLUSTERS "example.com:shop/zones/europe-west1-b/clusters/main",
         "example.com:shop.svc.id.goog"},
        {CLUSTERS "/locations/x", ""},
        {CLUSTERS "shop-1", ""},
        {CLUSTERS "shop 1/locations/x", ""},
        {CLUSTERS "shop-1/locations/x\n", ""},
        {"https://container.googleapis.com.example.com/v1/projects/shop-1/locations/x", ""},
        {"https://oidc.eks.eu-west-1.amazonaws.com/id/x", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        CHECK_STR(rows[i].issuer, google_pool_of(str_of(rows[i].issuer), &arena),
                  str_of(rows[i].pool));
    }
}

TEST(too_large)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct google_token token;
    struct google_error error;
    struct str spaces = run_of(&arena, ' ', GOOGLEDOC_MAX_BYTES + 1);
    CHECK_INT("too large", google_token_read(spaces, &arena, &token, &err), -1);
    CHECK_HAS("too large", str_of(err.text), "256 KiB");
    google_error_read(spaces, &arena, &error);
    CHECK_INT("too large", error.code.len + error.message.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(errors),
        cmocka_unit_test(pools),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests_name("googledoc", tests, NULL, NULL);
}
