/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/trackword.h"

#include "pinnace/banned.h"

#define TRACK_OF(generation, spec, status)                                                         \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'web','namespace':"    \
    "'shop','resourceVersion':'77','generation':" generation "},'spec':{'image':'" WEB             \
    "','follow':{'tag':'latest'},'targets':[{'kind':'Deployment','name':'web'}]" spec              \
    "},'status':{'begun':true,'observedGeneration':3," status "}}"
#define LINE(revision, tag, digest, state)                                                         \
    "{'revision':" revision ",'tag':'" tag "','digest':'" digest "','state':'" state               \
    "','startedAt':'2026-11-21T09:00:00Z','why':'because'}"
#define AB "sha256:" HEX_OF("a")
#define AB2                                                                                        \
    "sha256:aaaaaaa"                                                                               \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct trackview view_of(const char *row, struct arena *arena, const char *text)
{
    struct trackview view = {0};
    struct err err = ERR_CLEAN;
    if (trackview_read(json_of(arena, text), arena, &view, &err) < 0)
        fail_msg("row \"%s\": %s", row, err.text);
    return view;
}

/* ---- patches ---- */

TEST(patches)
{
    static const struct {
        const char *name, *spec;
        enum track_wish wish;
        struct track_word word;
        const char *says;
    } rows[] = {
        {"hold",
         "",
         WISH_HOLD,
         {true, STR_INIT(D1), STR_INIT("slow \"x\""), STR_INIT("ann"), 60},
         "'hold':{'digest':'" D1
         "','reason':'slow \\'x\\'','by':'ann','at':'1970-01-01T00:01:00Z'}"},
        {"no reason takes the old one away",
         ",'hold':{'digest':'" D2 "','reason':'old'}",
         WISH_HOLD,
         {true, STR_INIT(D1), {NULL, 0}, STR_INIT("ann"), 60},
         "'hold':{'digest':'" D1 "','reason':null,'by':'ann','at':'1970-01-01T00:01:00Z'}"},
        {"approve",
         "",
         WISH_APPROVE,
         {true, STR_INIT(D1), {NULL, 0}, STR_INIT("ann"), 60},
         "'approve':{'digest':'" D1 "','reason':null,'by':'ann','at':'1970-01-01T00:01:00Z'}"},
        {"promote",
         "",
         WISH_PROMOTE,
         {true, STR_INIT(D1), STR_INIT("fix"), STR_INIT("ann"), 60},
         "'promote':{'digest':'" D1 "','reason':'fix','by':'ann','at':'1970-01-01T00:01:00Z'}"},
        {"suspend",
         "",
         WISH_SUSPEND,
         {false, {NULL, 0}, {NULL, 0}, STR_INIT("ann"), 60},
         "'suspend':true"},
        {"resume",
         "",
         WISH_RESUME,
         {true, {NULL, 0}, {NULL, 0}, STR_INIT("ann"), 60},
         "'resume':{'reason':null,'by':'ann','at':'1970-01-01T00:01:00Z'}"},
        {"resume what is held",
         ",'hold':{'digest':'" D1 "'}",
         WISH_RESUME,
         {true, {NULL, 0}, STR_INIT("over"), STR_INIT("ann"), 60},
         "'resume':{'reason':'over','by':'ann','at':'1970-01-01T00:01:00Z'},'hold':null"},
        {"resume what is suspended",
         ",'suspend':true",
         WISH_RESUME,
         {true, {NULL, 0}, STR_INIT("over"), STR_INIT("ann"), 60},
         "'resume':{'reason':'over','by':'ann','at':'1970-01-01T00:01:00Z'},'suspend':false"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str track =
            json_format(&arena, TRACK_OF("3", "%s", "'phase':'Current'"), rows[i].spec);
        struct trackview view = view_of(rows[i].name, &arena, track.ptr);
        struct err err = ERR_CLEAN;
        struct str patch = STR_NONE;
        CHECK_INT(rows[i].name,
                  track_patch(view.spec, rows[i].wish, &rows[i].word, &arena, &patch, &err), 0);
        struct str want =
            json_format(&arena, "{'metadata':{'resourceVersion':'77'},'spec':{%s}}", rows[i].says);
        CHECK_STR(rows[i].name, patch, want);
    }
}

/* ---- what is meant ---- */

#define LEDGER                                                                                     \
    "'current':{'tag':'v3','digest':'" D3                                                          \
    "','revision':6},'previousGood':{'tag':'v2','digest':'" D2                                     \
    "'},'ledger':[" LINE("6", "v3", D3, "RollingOut") "," LINE("5", "v2", D2, "Healthy") "," LINE( \
        "4", "latest", D4,                                                                         \
        "Failed") "," LINE("3", "latest", AB,                                                      \
                           "Healthy") "," LINE("2", "5", AB2,                                      \
                                               "Healthy") "," LINE("1", "v2", D2,                  \
                                                                   "Adopted") "],'quarantined':[{" \
                                                                              "'digest':'" D4      \
                                                                              "','reason':'"       \
                                                                              "crashed'}]"

TEST(finding)
{
    static const struct {
        const char *name, *text, *digest, *tag;
        int64_t revision; /* 0: not on the ledger */
        const char *error;
    } rows[] = {
        {"the last good one", "", D2, "v2", 5, NULL},
        {"a revision", "3", AB, "latest", 3, NULL},
        {"an old revision of the same bytes is their newest row", "1", D2, "v2", 1, NULL},
        {"a tag", "v2", D2, "v2", 5, NULL},
        {"what runs", "v3", D3, "v3", 6, NULL},
        {"a digest", D4, D4, "latest", 4, NULL},
        {"the beginning of one", "222222", D2, "v2", 5, NULL},
        {"the same with its algorithm", "sha256:2", D2, "v2", 5, NULL},
        {"a digest that is not there", D6, D6, "", 0, NULL},
        {"a tag that is not there", "v1.0.0", "", "v1.0.0", 0, NULL},
        {"a number that is no revision may be a tag", "17", "", "17", 0, NULL},
        {"short hex may be a tag", "22222", "", "22222", 0, NULL},
        {"a tag that meant two things", "latest", NULL, NULL, 0,
         "revision 4 (444444444444) or revision 3"},
        {"a revision and a tag", "5", NULL, NULL, 0, "name the one you mean by its digest"},
        {"the beginning of two", "aaaaaaa", NULL, NULL, 0, "may mean revision 3"},
        {"no tag", "a b", NULL, NULL, 0, "is no revision, tag or digest"},
        {"no digest", "sha256:zz", NULL, NULL, 0, "is no revision, tag or digest"},
        {"a whole image", WEB ":v2", NULL, NULL, 0, "is no revision, tag or digest"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview view = view_of(rows[i].name, &arena, TRACK_OF("3", "", LEDGER));
        struct track_meant meant = {STR_NONE, STR_NONE, NULL};
        struct err err = ERR_CLEAN;
        int code = track_find(&view, str_of(rows[i].text), &meant, &err);
        CHECK_INT(rows[i].name, code, rows[i].error ? -1 : 0);
        if (rows[i].error) {
            CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].error);
            CHECK(rows[i].name, !meant.row && !meant.digest.len);
            continue;
        }
        CHECK_STR(rows[i].name, meant.digest, str_of(rows[i].digest));
        CHECK_STR(rows[i].name, meant.tag, str_of(rows[i].tag));
        CHECK_INT(rows[i].name, meant.row ? meant.row->revision : 0, rows[i].revision);
    }
}

TEST(the_last_good_one)
{
    static const struct {
        const char *name, *status;
        int64_t revision; /* 0: there is none */
    } rows[] = {
        {"no ledger", "'phase':'New'", 0},
        {"only what runs",
         "'current':{'digest':'" D1 "','revision':1},'ledger':[" LINE("1", "a", D1, "Healthy") "]",
         0},
        {"previousGood is what runs",
         "'current':{'digest':'" D1 "','revision':3},'previousGood':{'digest':'" D1
         "'},'ledger':[" LINE("3", "a", D1, "Healthy") "," LINE("2", "b", D2, "Failed") "," LINE(
             "1", "c", D3, "Adopted") "]",
         1},
        {"previousGood is shut out",
         "'current':{'digest':'" D1 "','revision':3},'previousGood':{'digest':'" D2
         "'},'quarantined':[{'digest':'" D2 "'}],'ledger':[" LINE("3", "a", D1, "Healthy") "," LINE(
             "2", "b", D2, "Healthy") "," LINE("1", "c", D3, "Applied") "]",
         1},
        {"neither failed nor abandoned",
         "'current':{'digest':'" D1
         "','revision':3},'ledger':[" LINE("3", "a", D1, "Healthy") "," LINE(
             "2", "b", D2, "Failed") "," LINE("1", "c", D3, "Abandoned") "]",
         0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str track = json_format(&arena, TRACK_OF("3", "", "%s"), rows[i].status);
        struct trackview view = view_of(rows[i].name, &arena, track.ptr);
        struct track_meant meant = {STR_NONE, STR_NONE, NULL};
        struct err err = ERR_CLEAN;
        int code = track_find(&view, STR_NONE, &meant, &err);
        CHECK_INT(rows[i].name, code, rows[i].revision ? 0 : -1);
        CHECK_INT(rows[i].name, meant.row ? meant.row->revision : 0, rows[i].revision);
        if (code < 0)
            CHECK_HAS(rows[i].name, ERR_TEXT(err), "kubectl pinnace history web -n shop");
    }
}

TEST(the_nearest)
{
    static const struct {
        const char *name, *digest;
        bool on_ledger;
        const char *revisions;
    } rows[] = {
        {"of the newest good one", D2, true, "3 2 "},
        {"of one in the middle, the older first", AB, true, "2 1 "},
        {"of one that failed", D4, true, "3 5 2 "},
        {"of one that is not on the ledger", D6, false, "5 3 2 "},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview view = view_of(rows[i].name, &arena, TRACK_OF("3", "", LEDGER));
        const struct book_row *near[TRACK_NEAREST_MAX];
        struct buf text = BUF_INIT(&arena, 1024);
        struct track_meant meant = {STR_NONE, str_of(rows[i].digest), NULL};
        if (rows[i].on_ledger)
            meant.row = book_newest(view.book, meant.digest);
        size_t count = track_nearest(view.book, &meant, near);
        for (size_t j = 0; j < count; j++)
            buf_addf(&text, "%lld ", (long long)near[j]->revision);
        CHECK_STR(rows[i].name, finished(&text), str_of(rows[i].revisions));
    }
}

/* ---- how far it has come ---- */

TEST(progress)
{
    static const struct {
        const char *name, *status;
        struct track_goal goal;
        enum track_progress progress;
        const char *text;
    } rows[] = {
        {"not yet seen",
         "'phase':'Held'",
         {4, STR_INIT(D1), WISH_HOLD, 7, 1},
         PROGRESS_GOES_ON,
         "waits for the controller"},
        {"rolls",
         "'phase':'Rolling','current':{'digest':'" D1
         "','revision':2},'conditions':[{'type':'RolledOut','status':'False','reason':'R','message'"
         ":'1 of 3'}],'ledger':[" LINE("2", "a", D1, "RollingOut") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 1},
         PROGRESS_GOES_ON,
         "Rolling: 1 of 3; 10m left to become sound"},
        {"is there",
         "'phase':'Held','current':{'digest':'" D1
         "','revision':2},'ledger':[" LINE("2", "a", D1, "Healthy") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 1},
         PROGRESS_DONE,
         "Held"},
        {"runs nothing, and so is there",
         "'phase':'Held','current':{'digest':'" D1
         "','revision':2},'ledger':[" LINE("2", "a", D1, "Applied") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 1},
         PROGRESS_DONE,
         "Held"},
        {"was there all the time",
         "'phase':'Held','current':{'digest':'" D1
         "','revision':1},'ledger':[" LINE("1", "a", D1, "Healthy") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 1},
         PROGRESS_DONE,
         "Held"},
        {"ran before, not yet again",
         "'phase':'Current','current':{'digest':'" D2 "','revision':2},'ledger':[" LINE(
             "2", "b", D2, "Healthy") "," LINE("1", "a", D1, "Healthy") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 2},
         PROGRESS_GOES_ON,
         "Current"},
        {"failed before, not yet tried again",
         "'phase':'Current','current':{'digest':'" D2 "','revision':2},'ledger':[" LINE(
             "2", "b", D2, "Healthy") "," LINE("1", "a", D1, "Failed") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 2},
         PROGRESS_GOES_ON,
         "Current"},
        {"failed",
         "'phase':'Failed','current':{'digest':'" D2 "','revision':1},'ledger':[" LINE(
             "3", "a", D1, "Failed") "," LINE("2", "b", D2, "Healthy") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 2},
         PROGRESS_FAILED,
         "Failed: because"},
        {"something else came",
         "'phase':'Rolling','current':{'digest':'" D2 "','revision':4},'ledger':[" LINE(
             "4", "b", D2, "RollingOut") "," LINE("3", "a", D1, "Abandoned") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 2},
         PROGRESS_FAILED,
         "Abandoned: because"},
        {"heard and refused",
         "'phase':'Held','stopped':'it is gone','heardHold':{'digest':'" D1
         "','at':'1970-01-01T00:00:07Z'},'current':{'digest':'" D2
         "','revision':2},'ledger':[" LINE("2", "b", D2, "Healthy") "]",
         {3, STR_INIT(D1), WISH_HOLD, 7, 2},
         PROGRESS_FAILED,
         "Refused: it is gone"},
        {"an earlier word was refused",
         "'phase':'Current','heardPromote':{'digest':'" D1
         "','at':'1970-01-01T00:00:06Z'},'current':{'digest':'" D2
         "','revision':2},'ledger':[" LINE("2", "b", D2, "Healthy") "]",
         {3, STR_INIT(D1), WISH_PROMOTE, 7, 2},
         PROGRESS_GOES_ON,
         "Current"},
        {"approved, not yet rolled out",
         "'phase':'Waiting','candidate':{'tag':'a','digest':'" D1
         "','waits':'Approval','waitsFor':'a word'},'current':{'digest':'" D2
         "','revision':2},'ledger':[" LINE("2", "b", D2, "Healthy") "]",
         {3, STR_INIT(D1), WISH_APPROVE, 7, 2},
         PROGRESS_GOES_ON,
         "Waiting"},
        {"approved, and rolls",
         "'phase':'Rolling','current':{'digest':'" D1 "','revision':3},'ledger':[" LINE(
             "3", "a", D1, "RollingOut") "," LINE("2", "b", D2, "Healthy") "]",
         {3, STR_INIT(D1), WISH_APPROVE, 7, 2},
         PROGRESS_GOES_ON,
         "Rolling; 10m left to become sound"},
        {"approved, and there",
         "'phase':'Current','current':{'digest':'" D1
         "','revision':3},'ledger':[" LINE("3", "a", D1, "Healthy") "]",
         {3, STR_INIT(D1), WISH_APPROVE, 7, 2},
         PROGRESS_DONE,
         "Current"},
        {"approved, and failed again",
         "'phase':'Failed','current':{'digest':'" D2
         "','revision':2},'ledger':[" LINE("3", "a", D1, "Failed") "]",
         {3, STR_INIT(D1), WISH_APPROVE, 7, 2},
         PROGRESS_FAILED,
         "Failed: because"},
        {"a word of promotion heard before is none of approval",
         "'phase':'Waiting','heardPromote':{'digest':'" D1
         "','at':'1970-01-01T00:00:07Z'},'current':{'digest':'" D2
         "','revision':2},'ledger':[" LINE("2", "b", D2, "Healthy") "]",
         {3, STR_INIT(D1), WISH_APPROVE, 7, 2},
         PROGRESS_GOES_ON,
         "Waiting"},
        {"suspend, not yet seen",
         "'phase':'Current'",
         {4, {NULL, 0}, WISH_SUSPEND, 7, 0},
         PROGRESS_GOES_ON,
         "waits for the controller"},
        {"suspended, but a rollout goes to its end",
         "'phase':'Soaking'",
         {3, {NULL, 0}, WISH_SUSPEND, 7, 0},
         PROGRESS_GOES_ON,
         "Soaking"},
        {"suspended",
         "'phase':'Suspended'",
         {3, {NULL, 0}, WISH_SUSPEND, 7, 0},
         PROGRESS_DONE,
         "Suspended"},
        {"no bytes are meant: it rests",
         "'phase':'Suspended'",
         {3, {NULL, 0}, WISH_RESUME, 7, 0},
         PROGRESS_DONE,
         "Suspended"},
        {"no bytes are meant: it rolls",
         "'phase':'Rolling'",
         {3, {NULL, 0}, WISH_RESUME, 7, 0},
         PROGRESS_GOES_ON,
         "Rolling; 10m left to become sound"},
        {"no bytes are meant: it failed",
         "'phase':'Failed'",
         {3, {NULL, 0}, WISH_RESUME, 7, 0},
         PROGRESS_FAILED,
         "Failed"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str track = json_format(&arena, TRACK_OF("4", "", "%s"), rows[i].status);
        struct trackview view = view_of(rows[i].name, &arena, track.ptr);
        struct buf text = BUF_INIT(&arena, 4096);
        /* as the API server has it once the controller has seen it */
        ((struct trackspec *)(uintptr_t)view.spec)->generation = rows[i].goal.generation;
        CHECK_INT(rows[i].name, track_progress(&view, &rows[i].goal, 0, &text), rows[i].progress);
        CHECK_STR(rows[i].name, finished(&text), str_of(rows[i].text));
    }
}

TEST(goals)
{
    TEST_ARENA(arena);
    struct trackview view = view_of("ledger", &arena, TRACK_OF("3", "", LEDGER));
    const struct track_word word = {.digest = STR(D1), .at = 7};
    struct track_goal goal = track_goal(&view, view.book, WISH_HOLD, &word);
    CHECK_INT("the newest of which the outcome is known", goal.settled, 5);
    CHECK_INT("generation", goal.generation, 3);
    CHECK_STR("digest", goal.digest, STR(D1));
    CHECK_INT("said at", goal.said_at, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patches),           cmocka_unit_test(finding),
        cmocka_unit_test(the_last_good_one), cmocka_unit_test(the_nearest),
        cmocka_unit_test(progress),          cmocka_unit_test(goals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
