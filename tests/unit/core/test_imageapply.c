/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/imageapply.h"

#include "pinnace/banned.h"

#define WORKLOAD(kind, spec)                                                                       \
    "{'apiVersion':'apps/v1','kind':'" kind                                                        \
    "','metadata':{'name':'web','namespace':'shop','uid':'u1'},'spec':{" spec "}}"
#define PODS(containers) "'template':{'spec':{" containers "}}"
#define ONE(name, image) "{'name':'" name "','image':'" image "'}"
#define HEAD(kind, rest)                                                                           \
    "{'apiVersion':'apps/v1','kind':'" kind                                                        \
    "','metadata':{'name':'web','namespace':'shop','uid':'u1','annotations':{'pinnace.dev/track'"  \
    ":'t','kubernetes.io/change-cause':'why'}},'spec':" rest "}"

static int write(const char *container, enum target_kind kind, const char *tag, struct arena *arena,
                 const char *json, struct str *ret_body, struct err *err)
{
    struct trackspec spec = {.namespace = STR("shop"), .name = STR("t"), .image = ref_of(WEB)};
    const struct trackspec_target target = {kind, STR("web"), str_of(container)};
    const struct imageapply apply = {&spec, &target, str_of(tag), STR(D1), STR("why")};
    return imageapply_write(&apply, json_of(arena, json), arena, ret_body, err);
}

TEST(only_the_image)
{
    static const struct {
        const char *name, *container;
        enum target_kind kind;
        const char *tag, *json, *body;
    } rows[] = {
        {"a tag and its digest", "", TARGET_DEPLOYMENT, "v1",
         WORKLOAD("Deployment", PODS("'containers':[" ONE("a", WEB ":v2") "]")),
         HEAD("Deployment", "{'template':{'spec':{'containers':[" ONE("a", WEB ":v1@" D1) "]}}}")},
        {"no tag", "", TARGET_STATEFUL_SET, "",
         WORKLOAD("StatefulSet", PODS("'containers':[" ONE("a", WEB) "]")),
         HEAD("StatefulSet", "{'template':{'spec':{'containers':[" ONE("a", WEB "@" D1) "]}}}")},
        {"of several containers those of the repository, init containers too", "",
         TARGET_DAEMON_SET, "v1",
         WORKLOAD("DaemonSet", PODS("'initContainers':[" ONE("i", WEB) "," ONE(
                                   "j", "b") "],"
                                             "'containers':[" ONE("s", "b") "," ONE("a", WEB) "]")),
         HEAD("DaemonSet",
              "{'template':{'spec':{'containers':[" ONE(
                  "a", WEB ":v1@" D1) "],'initContainers':[" ONE("i", WEB ":v1@" D1) "]}}}")},
        {"the named container, whatever it has", "s", TARGET_DEPLOYMENT, "v1",
         WORKLOAD("Deployment", PODS("'containers':[" ONE("s", "b") "," ONE("a", WEB) "]")),
         HEAD("Deployment", "{'template':{'spec':{'containers':[" ONE("s", WEB ":v1@" D1) "]}}}")},
        {"a CronJob keeps its pods deeper", "", TARGET_CRON_JOB, "v1",
         "{'apiVersion':'batch/"
         "v1','kind':'CronJob','metadata':{'name':'web','namespace':'shop','uid':'u1'},'spec':{"
         "'jobTemplate':{'spec':{" PODS("'containers':[" ONE("a", WEB) "]") "}}}}",
         "{'apiVersion':'batch/v1','kind':'CronJob','metadata':{'name':'web','namespace':'shop',"
         "'uid':'u1','annotations':{'pinnace.dev/track':'t','kubernetes.io/change-cause':'why'}},"
         "'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[" ONE(
             "a", WEB ":v1@" D1) "]}}}}}}"},
        {"it has the bytes, under whatever tag", "", TARGET_DEPLOYMENT, "v1",
         WORKLOAD("Deployment", PODS("'containers':[" ONE("a", WEB ":v9@" D1) "]")), ""},
        {"nothing of it is meant", "", TARGET_DEPLOYMENT, "v1",
         WORKLOAD("Deployment", PODS("'containers':[" ONE("a", "b") "]")), ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str body = STR("untouched");
        struct err err = ERR_CLEAN;
        int code =
            write(rows[i].container, rows[i].kind, rows[i].tag, &arena, rows[i].json, &body, &err);
        if (code < 0)
            print_error("row \"%s\": %s\n", rows[i].name, err.text);
        CHECK_INT(rows[i].name, code, 0);
        CHECK_STR(rows[i].name, body, json_of(&arena, rows[i].body));
    }
}

TEST(what_cannot_be_meant)
{
    static const struct {
        const char *name, *json, *error;
    } rows[] = {
        {"no uid", "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web'}}",
         "metadata.uid"},
        {"another kind", WORKLOAD("DaemonSet", PODS("'containers':[" ONE("a", WEB) "]")),
         "Deployment"},
        {"no object", "[]", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str body = STR("untouched");
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].name,
                  write("", TARGET_DEPLOYMENT, "v1", &arena, rows[i].json, &body, &err), -1);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].error);
        CHECK_STR(rows[i].name, body, STR("untouched"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_image),
        cmocka_unit_test(what_cannot_be_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
