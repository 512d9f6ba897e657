/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/trackview.h"

#include "pinnace/banned.h"

/* 2026-11-21T10:00:00Z */
static const int64_t now = 1795255200;

#define TRACK_OF(name, in_namespace, generation, spec, status)                                     \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'" name                \
    "','namespace':'" in_namespace "','uid':'u','resourceVersion':'7','generation':" generation    \
    "},'spec':{'image':'" WEB "','follow':{'semver':'>=1'},'targets':[{'kind':'Deployment',"       \
    "'name':'web'}]" spec "},'status':{'begun':true,'observedGeneration':3," status "}}"
#define CURRENT                                                                                    \
    "'current':{'tag':'v1','digest':'" D1 "','revision':2,'since':'2026-11-21T09:55:00Z'}"
#define CONDITION(type, status, text)                                                              \
    "{'type':'" type "','status':'" status "','reason':'R','message':'" text                       \
    "','lastTransitionTime':'2026-11-21T09:00:00Z'}"

static struct trackview view_of(const char *row, struct arena *arena, const char *text)
{
    struct trackview view = {0};
    struct err err = ERR_CLEAN;
    if (trackview_read(json_of(arena, text), arena, &view, &err) < 0)
        fail_msg("row \"%s\": %s", row, err.text);
    return view;
}

TEST(what_should_be_known)
{
    static const struct {
        const char *name, *track, *message;
    } rows[] = {
        {"nothing", TRACK_OF("web", "shop", "3", "", "'phase':'Current'," CURRENT), ""},
        {"not yet seen", TRACK_OF("web", "shop", "4", "", "'phase':'Current'," CURRENT),
         "not yet seen by the controller"},
        {"held",
         TRACK_OF("web", "shop", "3", ",'hold':{'digest':'" D1 "','by':'ann','reason':'slow'}",
                  "'phase':'Held'," CURRENT),
         "held by ann: slow"},
        {"held without a reason",
         TRACK_OF("web", "shop", "3", ",'hold':{'digest':'" D1 "','by':'ann'}",
                  "'phase':'Held'," CURRENT),
         "held by ann"},
        {"suspended", TRACK_OF("web", "shop", "3", ",'suspend':true", "'phase':'Suspended'"),
         "suspended"},
        {"stopped", TRACK_OF("web", "shop", "3", "", "'stopped':'the way back failed'"),
         "the way back failed"},
        {"rolls",
         TRACK_OF("web", "shop", "3", "",
                  "'phase':'Rolling','rollout':{'deadlineUsed':500,'countedAt':"
                  "'2026-11-21T09:59:30Z','counting':true},'conditions':[" CONDITION(
                      "RolledOut", "False", "v2") "]"),
         "70s left to become sound"},
        {"the deadline stands still",
         TRACK_OF("web", "shop", "3", "",
                  "'phase':'Rolling','rollout':{'deadlineUsed':500,'countedAt':"
                  "'2026-11-21T09:59:30Z'}"),
         "100s left to become sound"},
        {"soaks",
         TRACK_OF("web", "shop", "3", ",'rollout':{'soak':'2m'}",
                  "'phase':'Soaking','rollout':{'soundSince':'2026-11-21T09:59:30Z'}"),
         "sound for 30s of 2m"},
        {"failed",
         TRACK_OF(
             "web", "shop", "3", "",
             "'phase':'Failed','conditions':[" CONDITION("RolledOut", "False", "v2: crashed") "]"),
         "v2: crashed"},
        {"waits",
         TRACK_OF("web", "shop", "3", "",
                  "'phase':'Waiting','candidate':{'tag':'v2','digest':'" D2
                  "','waits':'Proof','waitsFor':'its proof','until':"
                  "'2026-11-21T10:06:10Z'}," CURRENT),
         "NEXT waits: its proof (in 6m10s)"},
        {"it should have come",
         TRACK_OF("web", "shop", "3", "",
                  "'candidate':{'digest':'" D2
                  "','waits':'Proof','waitsFor':'waits','until':'2026-11-21T09:59:00Z'}"),
         "NEXT waits: waits"},
        {"waits for the end of the hold",
         TRACK_OF("web", "shop", "3", ",'hold':{'digest':'" D1 "','by':'ann'}",
                  "'candidate':{'digest':'" D2 "','waits':'Release','waitsFor':'the end of it'}"),
         "held by ann"},
        {"what it waits for, once",
         TRACK_OF("web", "shop", "3", "",
                  "'candidate':{'tag':'v2','digest':'" D2
                  "','waits':'Proof','waitsFor':'the source'},'conditions':[" CONDITION(
                      "TagMoved", "True", "moved") "," CONDITION("NeverProved", "True",
                                                                 "the source") "]"),
         "NEXT waits: the source; moved"},
        {"bad news, each once",
         TRACK_OF(
             "web", "shop", "3", "",
             "'conditions':[" CONDITION("Ready", "False", "in sum") "," CONDITION(
                 "Stalled", "True",
                 "a quota") "," CONDITION("RolledOut", "False",
                                          "a quota") "," CONDITION("Drifted", "False",
                                                                   "as it "
                                                                   "should "
                                                                   "be") "," CONDITION("Resolved",
                                                                                       "False",
                                                                                       "401") "]"),
         "a quota; 401"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview view = view_of(rows[i].name, &arena, rows[i].track);
        struct buf buf = BUF_INIT(&arena, 64 * 1024);
        buf_add_trackview_message(&buf, &view, now);
        CHECK_STR(rows[i].name, finished(&buf), str_of(rows[i].message));
    }
}

TEST(what_should_be_known_of_a_rollout)
{
    TEST_ARENA(arena);
    const char *track =
        TRACK_OF("web", "shop", "3", ",'hold':{'digest':'" D1 "','by':'ann','reason':'slow'}",
                 "'phase':'Rolling','rollout':{'deadlineUsed':500},'candidate':{'tag':'v2',"
                 "'digest':'" D2 "','waits':'Proof','waitsFor':'the source'},'conditions':"
                 "[" CONDITION("Stalled", "True", "a quota") "]");
    struct trackview view = view_of("rollout", &arena, track);
    struct buf buf = BUF_INIT(&arena, 64 * 1024);
    buf_add_trackview_rollout(&buf, &view, now);
    CHECK_STR("rollout", finished(&buf), STR("100s left to become sound; a quota"));
}

#define PLAIN(name, in_namespace, from)                                                            \
    TRACK_OF(name, in_namespace, "3", from, "'phase':'Current'," CURRENT)
#define FROM(in_namespace, track)                                                                  \
    ",'from':{'namespace':'" in_namespace "','track':'" track "','soak':'10m'}"

TEST(staging_before_production)
{
    static const struct {
        const char *name, *tracks[5], *order;
    } rows[] = {
        {"by name",
         {PLAIN("b", "x", ""), PLAIN("a", "x", ""), PLAIN("c", "w", "")},
         "w/c x/a x/b "},
        {"each behind its source",
         {PLAIN("web", "production", FROM("staging", "web")), PLAIN("api", "production", ""),
          PLAIN("web", "staging", "")},
         "production/api staging/web production/web "},
        {"a chain with two ends",
         {PLAIN("c", "n", FROM("n", "b")), PLAIN("b", "n", FROM("n", "z")),
          PLAIN("a", "n", FROM("n", "z")), PLAIN("z", "n", "")},
         "n/z n/a n/b n/c "},
        {"a source that is not there",
         {PLAIN("b", "n", FROM("far", "web")), PLAIN("a", "n", FROM("n", "b"))},
         "n/b n/a "},
        {"a circle",
         {PLAIN("b", "n", FROM("n", "a")), PLAIN("a", "n", FROM("n", "b"))},
         "n/a n/b "},
        {"none", {NULL}, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview views[5];
        struct buf text = BUF_INIT(&arena, 4096);
        struct err err = ERR_CLEAN;
        size_t count = 0;
        for (; rows[i].tracks[count]; count++)
            views[count] = view_of(rows[i].name, &arena, rows[i].tracks[count]);
        CHECK_INT(rows[i].name, trackview_order(views, count, &arena, &err), 0);
        for (size_t j = 0; j < count; j++)
            buf_addf(&text, "%.*s/%.*s ", STR_FMT(views[j].spec->namespace),
                     STR_FMT(views[j].spec->name));
        CHECK_STR(rows[i].name, finished(&text), str_of(rows[i].order));
    }
}

static const char full[] = TRACK_OF(
    "web", "shop", "3", FROM("staging", "web"),
    "'phase':'Waiting','previousGood':{'tag':'v0','digest':'" D3
    "'},'candidate':{'tag':'v2','digest':'" D2
    "','waits':'Proof','waitsFor':'waits'},'ledger':[{'revision':2,'tag':'v1','digest':'" D1
    "','state':'Healthy','startedAt':'2026-11-21T09:55:00Z','endedAt':"
    "'2026-11-21T09:56:00Z','why':'followed >=1','movedTo':'" D4
    "'},{'revision':1,'tag':'v0','digest':'" D3
    "','state':'Abandoned','startedAt':'2026-11-21T08:00:00Z','why':'said so','by':"
    "'ann'}],'quarantined':[{'digest':'" D3 "','reason':'crashed'}]," CURRENT);

static struct str table_of(struct arena *arena, const struct trackview_look *look, bool history)
{
    struct trackview view = view_of("full", arena, full);
    struct buf buf = BUF_INIT(arena, 64 * 1024);
    struct err err = ERR_CLEAN;
    struct table table;
    if (history) {
        history_begin(&table, arena, look);
        for (size_t i = 0; i < view.book->row_count; i++)
            history_row(&table, &view, &view.book->rows[i]);
    } else {
        trackview_begin(&table, arena, look);
        trackview_row(&table, &view, now);
    }
    assert_int_equal(table_print(&table, &buf, &err), 0);
    return finished(&buf);
}

TEST(tables)
{
    TEST_ARENA(arena);
    static const struct trackview_look few = {false, false}, all = {true, true};
    CHECK_STR(
        "status", table_of(&arena, &few, false),
        STR("NAME   FOLLOWS   TAG   DIGEST         PHASE     SINCE   NEXT   MESSAGE\n"
            "web    >=1       v1    111111111111   Waiting   5m      v2     NEXT waits: waits\n"));
    CHECK_HAS(
        "status, wide", table_of(&arena, &all, false),
        "NAMESPACE   NAME   FOLLOWS   TAG   DIGEST         PHASE     SINCE   NEXT   IMAGE     "
        "                    FROM          REVISION   BEFORE              TARGETS          "
        "MESSAGE\n");
    CHECK_HAS(
        "status, wide", table_of(&arena, &all, false),
        WEB "   staging/web   2          v0 (333333333333)   Deployment/web   NEXT waits: waits\n");
    CHECK_STR("history", table_of(&arena, &few, true),
              STR("REVISION   TAG   DIGEST         STATE         STARTED                BY       "
                  "WHY\n"
                  "2 *        v1    111111111111   Healthy       2026-11-21T09:55:00Z   <none>   "
                  "followed >=1\n"
                  "1          v0    333333333333   Quarantined   2026-11-21T08:00:00Z   ann      "
                  "said so\n"));
    CHECK_HAS("history, wide", table_of(&arena, &all, true), D1);
    CHECK_HAS("history, wide", table_of(&arena, &all, true), "2026-11-21T09:56:00Z");
    CHECK_HAS("history, wide", table_of(&arena, &all, true), "444444444444");
}

TEST(for_programs)
{
    TEST_ARENA(arena);
    struct trackview view = view_of("full", &arena, full);
    struct buf status = BUF_INIT(&arena, 64 * 1024), history = BUF_INIT(&arena, 64 * 1024);
    struct json_writer json = {.buf = &status};
    trackview_json(&json, &view);
    CHECK_STR("status", finished(&status),
              json_of(&arena,
                      "{'namespace':'shop','name':'web','image':'" WEB
                      "','follow':{'semver':'>=1'},'from':{'namespace':'staging','track':'web',"
                      "'soak':'10m'},'approval':'Automatic','suspended':false,'targets':[{'kind':"
                      "'Deployment','name':'web'}],'phase':'Waiting','seenByController':true,"
                      "'current':{'tag':'v1','digest':'" D1
                      "','revision':2,'since':'2026-11-21T09:55:00Z'},'previousGood':{'tag':'v0',"
                      "'digest':'" D3 "'},'candidate':{'tag':'v2','digest':'" D2
                      "','waits':'Proof','waitsFor':'waits'},'conditions':[]}"));
    json = (struct json_writer){.buf = &history};
    const struct book_row older = {.revision = 2, .digest = STR(D2), .state = ROW_FAILED};
    history_json(&json, &view, &older, 1); /* of a Track by this name before this one */
    CHECK_STR("history", finished(&history),
              json_of(&arena,
                      "{'namespace':'shop','name':'web','image':'" WEB
                      "','rows':[{'revision':2,'tag':'v1','digest':'" D1
                      "','state':'Healthy','current':true,'quarantined':false,'startedAt':"
                      "'2026-11-21T09:55:00Z','endedAt':'2026-11-21T09:56:00Z','why':"
                      "'followed >=1','movedTo':'" D4 "'},{'revision':1,'tag':'v0','digest':'" D3
                      "','state':'Abandoned','current':false,'quarantined':true,"
                      "'startedAt':'2026-11-21T08:00:00Z','why':'said so','by':'ann'},"
                      "{'revision':2,'digest':'" D2
                      "','state':'Failed','current':false,'quarantined':false}]}"));
}

TEST(short_digests)
{
    static const struct {
        const char *digest, *few;
    } rows[] = {
        {D1, "111111111111"}, {D512, "aaaaaaaaaaaa"}, {"sha256:12", "12"}, {"12", "12"}, {"", ""}};
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_STR(rows[i].digest, digest_short(str_of(rows[i].digest)), str_of(rows[i].few));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_should_be_known),
        cmocka_unit_test(what_should_be_known_of_a_rollout),
        cmocka_unit_test(staging_before_production),
        cmocka_unit_test(tables),
        cmocka_unit_test(for_programs),
        cmocka_unit_test(short_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
