/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/acrdoc.h"

#include "pinnace/banned.h"

#define TAG(name, digest, updated)                                                                 \
    "{'name':'" name "','digest':'" digest "','createdTime':'c','lastUpdateTime':'" updated        \
    "','changeableAttributes':{'deleteEnabled':true}}"
#define PAGE(tags) "{'registry':'r','imageName':'shop/web','tags':" tags "}"

TEST(exchange)
{
    static const struct {
        const char *json, *token; /* NULL: refused */
    } rows[] = {
        {"{'refresh_token':'a.b.c'}", "a.b.c"},
        {"{'access_token':'x','refresh_token':'a.b.c'}", "a.b.c"},
        {"{'refresh_token':''}", NULL},
        {"{'refresh_token':'a b'}", NULL},
        {"{'refresh_token':'a\\r\\nb'}", NULL},
        {"{'refresh_token':5}", NULL},
        {"{}", NULL},
        {"[]", NULL},
        {"<html>", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str token = STR("untouched");
        int result = acr_exchange_read(json_of(&arena, rows[i].json), &arena, &token, &err);
        CHECK_INT(rows[i].json, result, rows[i].token ? 0 : -1);
        CHECK_STR(rows[i].json, token, rows[i].token ? str_of(rows[i].token) : STR("untouched"));
    }
}

/* Whether the newest tags are the same as those of the first row. */
TEST(newest)
{
    static const struct {
        const char *json;
        bool same;
    } rows[] = {
        {PAGE("[" TAG("v2", "sha256:b", "2") "," TAG("v1", "sha256:a", "1") "]"), true},
        {PAGE("[{'lastUpdateTime':'2','digest':'sha256:b','name':'v2'}," TAG("v1", "sha256:a",
                                                                             "1") "]"),
         true},
        {PAGE("[" TAG("v3", "sha256:b", "2") "," TAG("v1", "sha256:a", "1") "]"), false},
        {PAGE("[" TAG("v2", "sha256:c", "2") "," TAG("v1", "sha256:a", "1") "]"), false},
        {PAGE("[" TAG("v2", "sha256:b", "3") "," TAG("v1", "sha256:a", "1") "]"), false},
        {PAGE("[" TAG("v1", "sha256:a", "1") "," TAG("v2", "sha256:b", "2") "]"), false},
        {PAGE("[" TAG("v2", "sha256:b", "2") "]"), false},
        {PAGE("[" TAG("v2", "sha256:b", "2 2v1 8sha256:a 1") "]"), false},
        {PAGE("[]"), false},
        {PAGE("null"), false},
    };
    uint64_t first = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        uint64_t mark = 0;
        CHECK_INT(rows[i].json, acr_newest_read(json_of(&arena, rows[i].json), &arena, &mark, &err),
                  0);
        CHECK(rows[i].json, mark != 0);
        first = i == 0 ? mark : first;
        CHECK(rows[i].json, (mark == first) == rows[i].same);
    }
}

TEST(no_list)
{
    static const char *const rows[] = {
        "{}",
        "{'tags':[]}",
        "{'name':'shop/web','tags':['v1']}",
        PAGE("['v1']"),
        PAGE("{}"),
        PAGE("[{'name':5}]"),
        "{'errors':[]}",
        "<html>",
        "",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        uint64_t mark = 77;
        CHECK_INT(rows[i], acr_newest_read(json_of(&arena, rows[i]), &arena, &mark, &err), -1);
        CHECK_INT(rows[i], mark, 77);
        CHECK(rows[i], err.text[0]);
    }
}

#define CHANGEABLE(may_delete, may_write)                                                          \
    "'changeableAttributes':{'deleteEnabled':" may_delete ",'writeEnabled':" may_write             \
    ",'readEnabled':true,'listEnabled':true}"
#define MANIFEST(rest) "{'registry':'r','imageName':'shop/web','manifest':{" rest "}}"
#define TAGGED(rest) "{'registry':'r','imageName':'shop/web','tag':{" rest "}}"

TEST(attributes)
{
    static const struct {
        const char *json;
        bool tagged, can_delete, can_write;
    } rows[] = {
        {MANIFEST("'digest':'" D1 "','tags':['v1','latest']," CHANGEABLE("true", "true")), true,
         true, true},
        {MANIFEST("'digest':'" D1 "','tags':null," CHANGEABLE("false", "true")), false, false,
         true},
        {MANIFEST("'digest':'" D1 "','tags':[]," CHANGEABLE("true", "false")), false, true, false},
        {MANIFEST(CHANGEABLE("false", "false") ",'digest':'" D1 "','references':[{'digest':'" D2
                                               "'}]"),
         false, false, false},
        {TAGGED("'name':'v1','digest':'" D1 "'," CHANGEABLE("false", "false")), false, false,
         false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct acr_attributes attributes;
        CHECK_INT(rows[i].json,
                  acr_attributes_read(json_of(&arena, rows[i].json), &arena, &attributes, &err), 0);
        CHECK_STR(rows[i].json, attributes.digest, STR(D1));
        CHECK(rows[i].json, attributes.tagged == rows[i].tagged);
        CHECK(rows[i].json, attributes.can_delete == rows[i].can_delete);
        CHECK(rows[i].json, attributes.can_write == rows[i].can_write);
        CHECK(rows[i].json,
              acr_is_locked(&attributes) == !(rows[i].can_delete && rows[i].can_write));
    }
}

/* What does not tell both is not to be taken for locked, nor for free. */
TEST(no_attributes)
{
    static const char *const rows[] = {
        "{}",
        PAGE("[]"),
        MANIFEST("'digest':'" D1 "'"),
        MANIFEST("'digest':'" D1 "','changeableAttributes':{}"),
        MANIFEST("'digest':'" D1 "','changeableAttributes':{'deleteEnabled':false}"),
        MANIFEST("'digest':'" D1
                 "','changeableAttributes':{'deleteEnabled':null,'writeEnabled':null}"),
        MANIFEST("'digest':'" D1 "'," CHANGEABLE("'true'", "true")),
        MANIFEST("'digest':'sha256:1'," CHANGEABLE("true", "true")),
        MANIFEST(CHANGEABLE("true", "true")),
        "{'manifest':null}",
        "{'manifest':[]}",
        "<html>",
        "",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct acr_attributes attributes = {.digest = STR("untouched")};
        CHECK_INT(rows[i], acr_attributes_read(json_of(&arena, rows[i]), &arena, &attributes, &err),
                  -1);
        CHECK_STR(rows[i], attributes.digest, STR("untouched"));
        CHECK(rows[i], err.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exchange), cmocka_unit_test(newest),
                                       cmocka_unit_test(no_list), cmocka_unit_test(attributes),
                                       cmocka_unit_test(no_attributes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
