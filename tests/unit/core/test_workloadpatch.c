/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/workloadpatch.h"

#include "pinnace/banned.h"

static const struct workload_facts workload = {
    .name = STR_INIT("web"),
    .uid = STR_INIT("u-1"),
    .resource_version = STR_INIT("7"),
    .images =
        {
            {STR_INIT("main"), STR_INIT("r.io/web:1"), false},
            {STR_INIT("side"), STR_INIT("r.io/side:1"), false},
            {STR_INIT("odd"), STR_INIT("???"), false},
            {STR_INIT("init"), STR_INIT("R.io:443/web"), true},
        },
    .image_count = 4,
};

#define META                                                                                       \
    "{'metadata':{'uid':'u-1','resourceVersion':'7','annotations':{'pinnace.dev/"                  \
    "track':'web-track',"                                                                          \
    "'pinnace.dev/revision':'3'"
#define CAUSE ",'kubernetes.io/change-cause':'r.io/web:2@d: by \\\"hand\\\"'"
#define IN(name) "{'name':'" name "','image':'r.io/web:2@d'}"

TEST(what_is_written)
{
    static const struct {
        const char *row;
        enum target_kind kind;
        const char *container, *cause, *want;
    } rows[] = {
        {"all of the repository", TARGET_DEPLOYMENT, "", "by \"hand\"",
         META CAUSE "}},'spec':{'template':{'spec':{'initContainers':[" IN(
             "init") "],'containers':[" IN("main") "]}}}}"},
        {"one by its name", TARGET_STATEFUL_SET, "side", "",
         META "}},'spec':{'template':{'spec':{'containers':[" IN("side") "]}}}}"},
        {"an init container", TARGET_DAEMON_SET, "init", "",
         META "}},'spec':{'template':{'spec':{'initContainers':[" IN("init") "]}}}}"},
        {"jobs", TARGET_CRON_JOB, "main", "",
         META "}},'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[" IN(
             "main") "]}}}}}}"},
        {"no such container", TARGET_DEPLOYMENT, "gone", "", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackspec *spec = arena_new(&arena, struct trackspec);
        struct trackspec_target target = {rows[i].kind, STR("web"), str_of(rows[i].container)};
        struct str body = STR_NONE;
        struct err err = ERR_CLEAN;
        spec->name = STR("web-track");
        CHECK_INT(rows[i].row, imageref_parse(STR("r.io/web"), &spec->image), IMAGEREF_OK);
        const struct workload_patch patch = {.spec = spec,
                                             .target = &target,
                                             .workload = &workload,
                                             .image = STR("r.io/web:2@d"),
                                             .revision = 3,
                                             .cause = str_of(rows[i].cause)};
        CHECK_INT(rows[i].row, workload_patch_write(&patch, &arena, &body, &err),
                  rows[i].want ? 0 : -1);
        if (rows[i].want)
            CHECK_STR(rows[i].row, body, json_of(&arena, rows[i].want));
        else
            CHECK_HAS(rows[i].row, str_of(err.text), "no container of it is meant");
    }
}

/* By hand there is no row yet, and no version that must not have changed. */
TEST(by_hand)
{
    static const struct {
        const char *row, *tag, *want;
    } rows[] = {
        {"a tag and its digest", "2",
         "{'metadata':{'uid':'u-1','annotations':{'pinnace.dev/track':'web-track'}},'spec':{"
         "'template':{'spec':{'containers':[{'name':'main','image':'r.io/web:2@sha256:1'}]}}}}"},
        {"no tag", "",
         "{'metadata':{'uid':'u-1','annotations':{'pinnace.dev/track':'web-track'}},'spec':{"
         "'template':{'spec':{'containers':[{'name':'main','image':'r.io/web@sha256:1'}]}}}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackspec *spec = arena_new(&arena, struct trackspec);
        const struct trackspec_target target = {TARGET_DEPLOYMENT, STR("web"), STR("main")};
        struct workload_facts seen = workload;
        struct workload_patch patch = {.spec = spec, .target = &target, .workload = &seen};
        struct str body = STR_NONE;
        struct err err = ERR_CLEAN;
        seen.resource_version = STR_NONE;
        spec->name = STR("web-track");
        CHECK_INT(rows[i].row, imageref_parse(STR("r.io/web"), &spec->image), IMAGEREF_OK);
        CHECK_INT(rows[i].row,
                  workload_patch_image(spec, str_of(rows[i].tag), STR("sha256:1"), &arena,
                                       &patch.image, &err),
                  0);
        CHECK_INT(rows[i].row, workload_patch_write(&patch, &arena, &body, &err), 0);
        CHECK_STR(rows[i].row, body, json_of(&arena, rows[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written),
                                       cmocka_unit_test(by_hand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
