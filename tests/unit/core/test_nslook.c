/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/nslook.h"

#include "pinnace/banned.h"

#define META(rest) "'metadata':{'name':'web','namespace':'shop'" rest "}"
#define OWNER(kind) ",'ownerReferences':[{'kind':'" kind "','name':'o','controller':true}]"
#define SPEC(image) "{'containers':[{'name':'c','image':'" image "'}]}"
#define POD(meta, image, rest) "{" META(meta) ",'spec':" SPEC(image) rest "}"
#define HOLDER(meta, image, rest)                                                                  \
    "{" META(meta) ",'spec':{'template':{'spec':" SPEC(image) "}}" rest "}"

static struct question question_for(enum level level)
{
    return (struct question){
        .level = level, .namespace = STR("shop"), .policy = &policy_builtin, .now = 1000};
}

static int add(struct nslook *look, const struct question *question, const char *group,
               const char *kind, struct str json, struct arena *arena, struct err *err)
{
    const struct kind *found = kind_find(str_of(group), str_of(kind));
    assert_non_null(found);
    return nslook_add(look, question, found, json, arena, arena, err);
}

TEST(what_counts)
{
    static const struct {
        const char *row, *group, *kind, *json, *line;
    } rows[] = {
        {"deployment", "apps", "Deployment", HOLDER("", "nginx:1", ""),
         "Deployment \"web\": container \"c\": NoDigest: \"nginx:1\""},
        {"pinned", "apps", "Deployment", HOLDER("", "nginx@" D1, ""), NULL},
        {"of an operator", "apps", "StatefulSet", HOLDER(OWNER("Database"), "db:1", ""),
         "StatefulSet \"web\": container \"c\": NoDigest: \"db:1\""},
        {"replica set of a deployment", "apps", "ReplicaSet",
         HOLDER(OWNER("Deployment"), "nginx:1", ""), NULL},
        {"replica set of nobody", "apps", "ReplicaSet", HOLDER("", "nginx:1", ""),
         "ReplicaSet \"web\""},
        {"job of a cron job", "batch", "Job", HOLDER(OWNER("CronJob"), "nginx:1", ""), NULL},
        {"job", "batch", "Job", HOLDER("", "nginx:1", ",'status':{'active':1}"), "Job \"web\""},
        {"job that is done", "batch", "Job",
         HOLDER("", "nginx:1", ",'status':{'conditions':[{'type':'Complete','status':'True'}]}"),
         NULL},
        {"job that failed", "batch", "Job",
         HOLDER("", "nginx:1",
                ",'status':{'conditions':[{'type':'Suspended','status':'False'},{'status':'True',"
                "'type':'Failed'}]}"),
         NULL},
        {"job that was suspended", "batch", "Job",
         HOLDER("", "nginx:1", ",'status':{'conditions':[{'type':'Suspended','status':'True'}]}"),
         "Job \"web\""},
        {"pod of nobody", "", "Pod", POD("", "nginx", ""), "Pod \"web\": container \"c\": NoDig"},
        {"pod of a replica set", "", "Pod", POD(OWNER("ReplicaSet"), "nginx", ""), NULL},
        {"static pod", "", "Pod", POD(OWNER("Node"), "nginx", ""), "Pod \"web\""},
        {"pod that is over", "", "Pod", POD("", "nginx", ",'status':{'phase':'Succeeded'}"), NULL},
        {"pod that runs", "", "Pod", POD("", "nginx", ",'status':{'phase':'Running'}"),
         "Pod \"web\""},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct nslook look = {.level = LEVEL_PINNED};
        struct question question = question_for(LEVEL_PINNED);
        struct err err = ERR_CLEAN;
        int done = add(&look, &question, rows[i].group, rows[i].kind, json_of(&arena, rows[i].json),
                       &arena, &err);
        CHECK_STR(rows[i].row, ERR_TEXT(err), STR(""));
        CHECK_INT(rows[i].row, done, 0);
        CHECK_INT(rows[i].row, look.count, rows[i].line != NULL);
        if (rows[i].line)
            CHECK_HAS(rows[i].row, look.lines[0], rows[i].line);
    }
}

TEST(deep_fields_of_others)
{
    TEST_ARENA(arena);
    struct nslook look = {.level = LEVEL_TAGGED};
    struct question question = question_for(LEVEL_TAGGED);
    struct str json = json_format(&arena,
                                  "{'metadata':{'name':'web','managedFields':%s},'spec':" SPEC(
                                      "a:latest") ",'status':{'phase':'Running'}}",
                                  nested(&arena, 10000).ptr);
    assert_int_equal(add(&look, &question, "", "Pod", json, &arena, NULL), 0);
    assert_int_equal(look.count, 1);
}

TEST(many)
{
    TEST_ARENA(arena);
    struct nslook look = {.level = LEVEL_TAGGED};
    struct question question = question_for(LEVEL_TAGGED);
    struct str two =
        json_of(&arena, "{" META("") ",'spec':{'containers':[{'name':'a','image':'a'},{"
                                     "'name':'b','image':'b:1.0.0'},{'name':'c',"
                                     "'image':'c:latest'}]}}");
    for (int i = 0; i < 40; i++)
        assert_int_equal(add(&look, &question, "", "Pod", two, &arena, NULL), 0);
    assert_int_equal(look.count, 40);
    assert_int_equal(look.kept, NSLOOK_LINES);
    CHECK_STR(
        "line", look.lines[NSLOOK_LINES - 1],
        STR("Pod \"web\": container \"a\": NoTag: \"a\" has neither tag nor digest and so means "
            "\"latest\"; name a release such as 1.4.0, or a digest"));
}

TEST(exemptions_count)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    policy_with(&policy, &arena,
                EXEMPTION("e", "shop", "'docker.io/library/nginx'", "2026-11-21T09:30:00Z"));
    struct nslook look = {.level = LEVEL_PINNED};
    struct question question = question_for(LEVEL_PINNED);
    question.policy = &policy;
    struct str pod = json_of(&arena, POD("", "nginx", ""));
    assert_int_equal(add(&look, &question, "", "Pod", pod, &arena, NULL), 0);
    assert_int_equal(look.count, 0);
}

TEST(what_cannot_be_told)
{
    static const struct {
        const char *kind, *json, *says;
    } rows[] = {
        {"Pod", "{'spec':", "expected"},
        {"Pod", "{'spec':{'containers':{}}}", "a list was expected"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct nslook look = {.level = LEVEL_PINNED};
        struct question question = question_for(LEVEL_PINNED);
        struct err err = ERR_CLEAN;
        CHECK_INT(
            rows[i].json,
            add(&look, &question, "", rows[i].kind, json_of(&arena, rows[i].json), &arena, &err),
            -1);
        CHECK_HAS(rows[i].json, ERR_TEXT(err), rows[i].says);
        CHECK_INT(rows[i].json, look.count, 0);
    }
    struct nslook look = {.level = LEVEL_RELEASED};
    struct question question = question_for(LEVEL_RELEASED);
    struct err err = ERR_CLEAN;
    assert_int_equal(
        add(&look, &question, "", "Pod", json_of(&arena, POD("", "a@" D1, "")), &arena, &err), -1);
    CHECK_HAS("no ledger", ERR_TEXT(err), "ledger");
}

/* As long as names and images may be, a line is what an API server hands on. */
TEST(long_lines)
{
    TEST_ARENA(arena);
    char name[300], text[2000];
    memset(name, 'n', 253);
    name[253] = '\0';
    snprintf(text, sizeof(text),
             "{'metadata':{'name':'%s'},'spec':{'initContainers':[{'name':'%s','image':'%s'},{}]}}",
             name, name, name);
    struct nslook look = {.level = LEVEL_PINNED};
    struct question question = question_for(LEVEL_PINNED);
    assert_int_equal(add(&look, &question, "", "Pod", json_of(&arena, text), &arena, NULL), 0);
    assert_int_equal(look.kept, 1);
    assert_true(look.lines[0].len < 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts),
        cmocka_unit_test(deep_fields_of_others),
        cmocka_unit_test(many),
        cmocka_unit_test(exemptions_count),
        cmocka_unit_test(what_cannot_be_told),
        cmocka_unit_test(long_lines),
    };
    return cmocka_run_group_tests_name("nslook", tests, NULL, NULL);
}
