/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/explain.h"

#include "pinnace/banned.h"

/* 2026-11-21T10:00:00Z */
static const int64_t now = 1795255200;

#define TRACK_IN(in_namespace, container, from, status)                                            \
    "{'apiVersion':'pinnace.dev/"                                                                  \
    "v1alpha1','kind':'Track','metadata':{'name':'web','namespace':'" in_namespace                 \
    "','generation':3},'spec':{'image':'" WEB                                                      \
    "','follow':{'semver':'>=1'},'targets':[{'kind':'Deployment','name':'web'" container "}]" from \
    "},'status':{'begun':true,'observedGeneration':3," status "}}"
#define FROM ",'from':{'namespace':'staging','track':'web','soak':'10m'}"
#define RUNS(digest, phase, more)                                                                  \
    "'phase':'" phase "','current':{'tag':'v1','digest':'" digest                                  \
    "','revision':2},'ledger':[{'revision':2,'tag':'v1','digest':'" D1                             \
    "','state':'Healthy','startedAt':'2026-11-21T09:00:00Z','endedAt':'2026-11-21T09:01:00Z',"     \
    "'why':'followed >=1'}],'proofs':[{'tag':'v1','digest':'" D1                                   \
    "','seenAt':'2026-11-21T09:00:00Z','seconds':60,'since':'2026-11-21T09:59:30Z'}]" more
#define DEPLOYMENT(image)                                                                          \
    "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web','namespace':'shop'},"    \
    "'spec':{'template':{'spec':{'containers':[{'name':'side','image':'b:1'},{'name':'web',"       \
    "'image':'" image "'}]}}}}"
#define STAGING TRACK_IN("staging", "", "", RUNS(D1, "Current", ""))

enum form { TEXT, WIDE, JSON };

struct case_row {
    const char *name, *tracks[2], *workload, *text;
};

static struct str explain(const struct case_row *row, struct arena *arena, enum form form)
{
    struct trackview views[2];
    struct explained *items;
    size_t tracks = 0, count = 0;
    struct buf buf = BUF_INIT(arena, 64 * 1024);
    struct json_writer writer = {.buf = &buf};
    struct err err = ERR_CLEAN;
    for (; tracks < COUNT(row->tracks) && row->tracks[tracks]; tracks++)
        if (trackview_read(json_of(arena, row->tracks[tracks]), arena, &views[tracks], &err) < 0)
            fail_msg("row \"%s\": %s", row->name, err.text);
    CHECK_INT(row->name,
              explain_workload(json_of(arena, row->workload), TARGET_DEPLOYMENT, views, tracks,
                               arena, &items, &count, &err),
              0);
    for (size_t i = 0; i < count; i++) {
        if (form == JSON)
            explain_json(&writer, &items[i], now);
        else
            explain_text(&buf, &items[i], form == WIDE, now);
    }
    return finished(&buf);
}

static const struct case_row rows[] = {
    {"nobody's",
     {NULL},
     DEPLOYMENT(WEB ":1"),
     "Container side runs b:1\n"
     "  Track     none: nobody but who wrote it moves it, and it names no digest\n"
     "Container web runs " WEB ":1\n"
     "  Track     none: nobody but who wrote it moves it, and it names no digest\n"},
    {"as it should be",
     {TRACK_IN("shop", "", FROM, RUNS(D1, "Current", "")), STAGING},
     DEPLOYMENT(WEB ":v1@" D1),
     "  Track     web, which follows >=1\n"
     "  Released  as revision 2, Healthy since 2026-11-21T09:01:00Z\n"
     "  Because   followed >=1\n"
     "  By        the Track itself\n"
     "  Proof     ran soundly here for 1m30s, on staging/web for 1m30s (10m are asked for)\n"
     "  Phase     Current\n"
     "  Drift     none: it is what the Track means\n"},
    {"the source may not be seen",
     {TRACK_IN("shop", "", FROM, RUNS(D1, "Current", ""))},
     DEPLOYMENT(WEB ":v1@" D1),
     "1m30s; what staging/web says of it is not known\n"},
    {"another hand",
     {TRACK_IN("shop", "", "", RUNS(D1, "Drifted", ""))},
     DEPLOYMENT(WEB "@" D2),
     "  Released  never: these bytes are not on the Track's ledger\n"
     "  Proof     ran soundly here for 0s\n"
     "  Phase     Drifted\n"
     "  Drift     the Track means v1 (111111111111); keep what runs with\n"
     "            kubectl pinnace rollback web -n shop --to " D2 "\n"
     "            or have the Track's again with\n"
     "            kubectl pinnace resume web -n shop\n"},
    {"not here yet",
     {TRACK_IN("shop", "", "", RUNS(D3, "Rolling", ""))},
     DEPLOYMENT(WEB "@" D1),
     "  Drift     the Track means v1 (333333333333), whose rollout has not come here yet\n"},
    {"what comes next",
     {TRACK_IN("shop", "", "",
               RUNS(D1, "Waiting",
                    ",'candidate':{'tag':'v2','digest':'" D2
                    "','waits':'Proof','waitsFor':'waits'}"))},
     DEPLOYMENT(WEB "@" D1),
     "  Phase     Waiting; NEXT waits: waits\n  Next      v2 (222222222222)\n"},
    {"a Track of one container leaves the other alone",
     {TRACK_IN("shop", ",'container':'side'", "", RUNS(D1, "Current", ""))},
     DEPLOYMENT(WEB "@" D1),
     "Container web runs " WEB "@" D1 "\n  Track     none: nobody but who wrote it moves it\n"},
    {"a Track of another namespace",
     {STAGING},
     DEPLOYMENT(WEB "@" D1),
     "Container web runs " WEB "@" D1 "\n  Track     none: nobody but who wrote it moves it\n"},
};

static const struct case_row wide_rows[] = {
    {"whole digests: what comes next",
     {TRACK_IN("shop", "", "",
               RUNS(D1, "Waiting",
                    ",'candidate':{'tag':'v2','digest':'" D2
                    "','waits':'Proof','waitsFor':'waits'}"))},
     DEPLOYMENT(WEB "@" D1),
     "  Next      v2@" D2 "\n"},
    {"whole digests: of a candidate without a tag",
     {TRACK_IN("shop", "", "",
               RUNS(D1, "Waiting",
                    ",'candidate':{'digest':'" D2 "','waits':'Proof','waitsFor':'waits'}"))},
     DEPLOYMENT(WEB "@" D1),
     "  Next      " D2 "\n"},
    {"whole digests: another hand",
     {TRACK_IN("shop", "", "", RUNS(D1, "Drifted", ""))},
     DEPLOYMENT(WEB "@" D2),
     "  Drift     the Track means v1@" D1 "; keep what runs with\n"},
};

TEST(for_people)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        CHECK_HAS(rows[i].name, explain(&rows[i], &arena, TEXT), rows[i].text);
    }
}

TEST(with_whole_digests)
{
    for (size_t i = 0; i < COUNT(wide_rows); i++) {
        TEST_ARENA(arena);
        CHECK_HAS(wide_rows[i].name, explain(&wide_rows[i], &arena, WIDE), wide_rows[i].text);
    }
}

TEST(for_programs)
{
    TEST_ARENA(arena);
    struct str json = explain(&rows[1], &arena, JSON);
    CHECK_HAS("container", json,
              json_of(&arena, "{'name':'side','init':false,'image':'b:1','digest':''}").ptr);
    CHECK_HAS("row", json, json_of(&arena, "'row':{'revision':2,").ptr);
    CHECK_HAS("proofs", json,
              json_of(&arena, "'provedSeconds':90,'sourceProvedSeconds':90,'drifts':false}").ptr);
}

TEST(no_workload)
{
    TEST_ARENA(arena);
    struct explained *items = NULL;
    size_t count = 7;
    struct err err = ERR_CLEAN;
    assert_int_equal(
        explain_workload(STR("[]"), TARGET_DEPLOYMENT, NULL, 0, &arena, &items, &count, &err), -1);
    assert_int_equal(count, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_people),
        cmocka_unit_test(with_whole_digests),
        cmocka_unit_test(for_programs),
        cmocka_unit_test(no_workload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
