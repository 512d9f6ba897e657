/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/podstatus.h"

#include "pinnace/banned.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The containers as "LIST NAME ID;", the last first, as they are kept. */
static struct str describe(struct arena *arena, const struct pod_container *containers)
{
    struct buf text = BUF_INIT(arena, 4096);
    for (; containers; containers = containers->next)
        buf_addf(&text, "%d %.*s %.*s;", (int)containers->list, STR_FMT(containers->name),
                 STR_FMT(containers->image_id));
    return finished(&text);
}

TEST(what_runs)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        {"{}", ""},
        {"{'status':null}", ""},
        {"{'status':{}}", ""},
        {"{'status':{'containerStatuses':null}}", ""},
        {"{'status':{'containerStatuses':[]}}", ""},
        {"{'status':{'containerStatuses':[{'name':'a','imageID':'x'}]}}", "0 a x;"},
        {"{'status':{'containerStatuses':[{'imageID':null,'name':'a','image':'y'}]}}", "0 a ;"},
        {"{'spec':{'containers':[{'name':'no'}]},'status':{'phase':'Running',"
         "'ephemeralContainerStatuses':[{'name':'e','imageID':'3'}],"
         "'initContainerStatuses':[{'name':'i','imageID':'2'}],"
         "'containerStatuses':[{'name':'a','imageID':'1'},{'name':'b','imageID':'1'}]}}",
         "0 b 1;0 a 1;1 i 2;2 e 3;"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_container *containers = NULL;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json,
                  podstatus_read(json_of(&arena, rows[i].json), &arena, &containers, &err), 0);
        CHECK_STR(rows[i].json, describe(&arena, containers), str_of(rows[i].want));
    }
}

TEST(deep_fields_of_others)
{
    TEST_ARENA(arena);
    struct pod_container *containers;
    struct str json = json_format(
        &arena, "{'metadata':{'x':%s},'status':{'containerStatuses':[{'name':'a','imageID':'x'}]}}",
        nested(&arena, 10000).ptr);
    assert_int_equal(podstatus_read(json, &arena, &containers, NULL), 0);
    CHECK_STR("deep", describe(&arena, containers), STR("0 a x;"));
}

TEST(what_is_no_pod)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{'status':1}",
        "{'status':{'containerStatuses':{}}}",
        "{'status':{'containerStatuses':[1]}}",
        "{'status':{'containerStatuses':[{'name':1}]}}",
        "{'status':{'containerStatuses':[{'imageID':{}}]}}",
        "{'status':{},'status':{}}",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_container mark, *containers = &mark;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], podstatus_read(json_of(&arena, rows[i]), &arena, &containers, &err), -1);
        CHECK_INT(rows[i], err.kind, ERR_INPUT);
        CHECK(rows[i], containers == &mark);
    }
}

TEST(digests_of_what_runs)
{
    static const struct {
        const char *id, *want;
    } rows[] = {
        {"", ""},
        {"sha256:" D64, ""},
        {"docker://sha256:" D64, ""},
        {"registry.example/web:1.4.0", ""},
        {"registry.example/web@sha256:" D64, "sha256:" D64},
        {"registry.example:5000/web:1@sha256:" D64, "sha256:" D64},
        {"docker-pullable://registry.example/web@sha256:" D64, "sha256:" D64},
        {"registry.example/web@sha256:123", ""},
        {"registry.example/web@", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_STR(rows[i].id, image_id_digest(str_of(rows[i].id)), str_of(rows[i].want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs),
        cmocka_unit_test(deep_fields_of_others),
        cmocka_unit_test(what_is_no_pod),
        cmocka_unit_test(digests_of_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
