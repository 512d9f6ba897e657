/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/objectmeta.h"

#include "pinnace/banned.h"

#define META "'namespace':'ns','name':'web','uid':'u-1','resourceVersion':'7'"

TEST(what_is_read)
{
    static const struct {
        const char *json, *owner, *bare;
    } rows[] = {
        {"{'metadata':{" META "}}", "", "{'metadata':{" META "}}"},
        {"{'spec':{'metadata':1},'metadata':{" META ",'managedFields':[{'a':1},{}]},'kind':'Pod'}",
         "", "{'spec':{'metadata':1},'metadata':{" META ",'managedFields':null},'kind':'Pod'}"},
        {"{'metadata':{'managedFields':[]," META "}}", "",
         "{'metadata':{'managedFields':null," META "}}"},
        {"{'metadata':{'managedFields':null," META ",'ownerReferences':null}}", "",
         "{'metadata':{'managedFields':null," META ",'ownerReferences':null}}"},
        {"{'metadata':{" META ",'ownerReferences':[{'uid':'a'},{'controller':true,'uid':'b',"
         "'kind':'Job'},{'uid':'c','controller':false}]}}",
         "b",
         "{'metadata':{" META ",'ownerReferences':[{'uid':'a'},{'controller':true,'uid':'b',"
         "'kind':'Job'},{'uid':'c','controller':false}]}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct object_meta meta = {.name = STR_NONE};
        struct err err = ERR_CLEAN;
        char bare[1024];
        struct str json = json_of(&arena, rows[i].json);
        CHECK_INT(rows[i].json, object_meta_read(json, &arena, &meta, &err), 0);
        CHECK_STR(rows[i].json, meta.namespace, STR("ns"));
        CHECK_STR(rows[i].json, meta.name, STR("web"));
        CHECK_STR(rows[i].json, meta.uid, STR("u-1"));
        CHECK_STR(rows[i].json, meta.resource_version, STR("7"));
        CHECK_STR(rows[i].json, meta.owner_uid, str_of(rows[i].owner));
        object_meta_bare(json, &meta, bare);
        CHECK_STR(rows[i].json, ((struct str){bare, object_meta_bare_len(json, &meta)}),
                  json_of(&arena, rows[i].bare));
    }
}

TEST(what_is_no_object)
{
    static const struct {
        const char *json, *problem;
    } rows[] = {
        {"", "a value was expected"},
        {"[]", ""},
        {"{}", "it has no name"},
        {"{'metadata':{'uid':'u','resourceVersion':'1'}}", "it has no name"},
        {"{'metadata':{'name':'a','resourceVersion':'1'}}", "it has no uid"},
        {"{'metadata':{'name':'a','uid':'u'}}", "it has no resourceVersion"},
        {"{'metadata':{'name':1}}", "metadata.name"},
        {"{'metadata':{" META ",'name':'again'}}", "name"},
        {"{'metadata':{" META ",'ownerReferences':[1]}}", "ownerReferences"},
        {"{'metadata':{" META "}} x", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct object_meta meta = {.name = STR("kept")};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json,
                  object_meta_read(json_of(&arena, rows[i].json), &arena, &meta, &err), -1);
        CHECK_STR(rows[i].json, meta.name, STR("kept"));
        if (i > 0)
            CHECK_HAS(rows[i].json, str_of(err.text), rows[i].problem);
    }
}

TEST(versions)
{
    static const struct {
        const char *a, *b;
        bool older;
    } rows[] = {
        {"1", "2", true},
        {"2", "1", false},
        {"9", "10", true},
        {"10", "9", false},
        {"7", "7", false},
        {"", "1", false},
        {"1", "", false},
        {"x1", "2", false},
        {"1", "2x", false},
        {"01", "2", false},
        {"0", "1", false},
        {"-1", "1", false},
        {"99999999999999999999", "100000000000000000000", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].a, object_version_older(str_of(rows[i].a), str_of(rows[i].b)),
                  rows[i].older);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_no_object),
        cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
