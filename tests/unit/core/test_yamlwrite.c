/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/yamlwrite.h"

#include "pinnace/banned.h"

TEST(as_a_person_reads_it)
{
    static const struct {
        const char *json, *yaml;
    } rows[] = {
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"'a b'", "\"a b\"\n"},
        {"{'a':1,'b':-2.5e3,'c':true,'d':null}", "a: 1\nb: -2.5e3\nc: true\nd: null\n"},
        {"{'a':{'b':{'c':'d'}},'e':{}}", "a:\n  b:\n    c: d\ne: {}\n"},
        {"{'a':[1,'b',{'c':1,'d':2},[],{}]}", "a:\n- 1\n- b\n- c: 1\n  d: 2\n- []\n- {}\n"},
        {"[[1,2],[3]]", "- - 1\n  - 2\n- - 3\n"},
        {"{'a':{'b':[{'c':['d']}]}}", "a:\n  b:\n  - c:\n    - d\n"},
        {"{'a':'','b':'~','c':'-','d':'a: b','e':'a:'}",
         "a: \"\"\nb: \"~\"\nc: \"-\"\nd: \"a: b\"\ne: \"a:\"\n"},
        {"{'a':'yes','b':'No','c':'off','e':'null','f':'True'}",
         "a: \"yes\"\nb: \"No\"\nc: \"off\"\ne: \"null\"\nf: \"True\"\n"},
        {"{'a':'1','b':'1e3','c':'0x1','d':'.5','e':'2026-11-21T09:30:00Z'}",
         "a: \"1\"\nb: \"1e3\"\nc: \"0x1\"\nd: \".5\"\ne: \"2026-11-21T09:30:00Z\"\n"},
        {"{'a':'docker.io/library/nginx:1.29','pinnace.dev/"
         "enforce':'pinned','b':'a#b','c':'a\\nb'}",
         "a: docker.io/library/nginx:1.29\npinnace.dev/enforce: pinned\nb: \"a#b\"\nc: "
         "\"a\\nb\"\n"},
        {"{'on':1}", "\"on\": 1\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct buf buf = BUF_INIT(&arena, 4096);
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json, buf_add_yaml(&buf, json_of(&arena, rows[i].json), &arena, &err), 0);
        CHECK_STR(rows[i].json, finished(&buf), str_of(rows[i].yaml));
    }
}

TEST(what_is_no_json)
{
    static const char *const rows[] = {"", "{", "{'a'}", "[1,]", "{} {}"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct buf buf = BUF_INIT(&arena, 4096);
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], buf_add_yaml(&buf, json_of(&arena, rows[i]), &arena, &err), -1);
        CHECK_INT(rows[i], err.kind, ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_person_reads_it),
        cmocka_unit_test(what_is_no_json),
    };
    return cmocka_run_group_tests_name("yamlwrite", tests, NULL, NULL);
}
