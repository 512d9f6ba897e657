/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/pullnames.h"

#include "pinnace/banned.h"

static struct str describe(struct arena *arena, const struct pullnames *names)
{
    struct buf text = BUF_INIT(arena, 4096);
    buf_addf(&text, "%.*s:", STR_FMT(names->account));
    for (size_t i = 0; i < names->count; i++)
        buf_addf(&text, " %.*s", STR_FMT(names->secrets[i]));
    return finished(&text);
}

TEST(of_workloads)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        {"{}", "default:"},
        {"{'spec':null}", "default:"},
        {"{'spec':{'template':{'spec':{'containers':[]}}}}", "default:"},
        {"{'spec':{'template':{'spec':{'serviceAccountName':'web','imagePullSecrets':[{'name':'a'},"
         "{'name':'b'},{'name':'a'},{}]}}}}",
         "web: a b"},
        {"{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'imagePullSecrets':[{'name':'job'}],"
         "'serviceAccountName':''}}}}}}",
         "default: job"},
        {"{'spec':{'template':{'spec':{'imagePullSecrets':null,'serviceAccountName':null}}}}",
         "default:"},
        {"{'spec':{'template':{'spec':{'imagePullSecrets':[1,{'name':'x'}]}}}}", "default: x"},
        {"{'status':{'spec':{'imagePullSecrets':[{'name':'no'}]}}}", "default:"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pullnames names = {.count = 0};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json,
                  pullnames_add_workload(&names, json_of(&arena, rows[i].json), &arena, &err), 0);
        CHECK_STR(rows[i].json, describe(&arena, &names), str_of(rows[i].want));
    }
}

TEST(of_accounts)
{
    TEST_ARENA(arena);
    struct pullnames names = {.secrets = {STR("a")}, .count = 1, .account = STR("web")};
    struct err err = ERR_CLEAN;
    struct str json = json_of(&arena, "{'imagePullSecrets':[{'name':'a'},{'name':'c'}],"
                                      "'secrets':[{'name':'no'}]}");
    CHECK_INT("account", pullnames_add_account(&names, json, &arena, &err), 0);
    CHECK_STR("account", describe(&arena, &names), STR("web: a c"));
}

TEST(too_many)
{
    TEST_ARENA(arena);
    struct buf json = BUF_INIT(&arena, 65536);
    struct pullnames names = {.count = 0};
    struct err err = ERR_CLEAN;
    buf_add(&json, STR("{\"imagePullSecrets\":["));
    for (int i = 0; i < 100; i++)
        buf_addf(&json, "%s{\"name\":\"s%d\"}", i ? "," : "", i);
    buf_add(&json, STR("]}"));
    CHECK_INT("many", pullnames_add_account(&names, finished(&json), &arena, &err), 0);
    CHECK_INT("many", names.count, PULLNAMES_MAX);
}

TEST(what_is_none)
{
    static const char *const rows[] = {"", "[]", "{'spec':{}", "{'spec':{'serviceAccountName':1}}",
                                       "{'spec':{'imagePullSecrets':[{'name':1}]}}"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pullnames names = {.count = 0};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], pullnames_add_workload(&names, json_of(&arena, rows[i]), &arena, &err),
                  -1);
        CHECK_STR(rows[i], names.account, STR(""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_workloads),
        cmocka_unit_test(of_accounts),
        cmocka_unit_test(too_many),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
