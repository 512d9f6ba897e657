/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of an object: whose containers they are, what was there before, and what is kept of it all. */
#include "../verdicts.h"

#include "pinnace/banned.h"

/* The container that a Track targets runs that Track's repository and nothing else. */
TEST(targeted_containers)
{
    static const struct {
        const char *name, *list, *container, *image;
        enum reason reason;
    } rows[] = {
        {"its image", "containers", "web", "'image':'" WEB "@" D2 "'", NONE},
        {"another repository, though free", "containers", "web",
         "'image':'mcr.microsoft.com/a@" D1 "'", REASON_NOT_RELEASED},
        {"another container", "containers", "side", "'image':'mcr.microsoft.com/a@" D1 "'", NONE},
        {"an init container of that name", "initContainers", "web",
         "'image':'mcr.microsoft.com/a@" D1 "'", REASON_NOT_RELEASED},
        {"a volume of that name is no container", "volumes", "web",
         "'image':{'reference':'mcr.microsoft.com/a@" D1 "'}", NONE},
    };
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
    policy_with(&policy, &arena, POLICY("'free':['mcr.microsoft.com']"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = object_of(
            &arena, json_format(&arena,
                                "{'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':"
                                "'web'},'spec':{'template':{'spec':{'%s':[{'name':'%s',%s}]}}}}",
                                rows[i].list, rows[i].container, rows[i].image)
                        .ptr);
        struct question question = {.level = LEVEL_RELEASED,
                                    .namespace = STR("shop"),
                                    .policy = &policy,
                                    .ledger = &ledger,
                                    .object = &object,
                                    .keep = KEEP};
        struct verdict verdict = ask(rows[i].name, &arena, &question);
        CHECK_INT(rows[i].name, verdict.images, 1);
        CHECK_INT(rows[i].name, verdict.count[FINDING_REFUSED], rows[i].reason != NONE);
        if (verdict.kept) {
            CHECK_STR(rows[i].name, reason_names[verdict.findings[0].reason],
                      reason_names[rows[i].reason]);
            CHECK(rows[i].name, verdict.findings[0].track == ledger.tracks->next);
        }
        question.namespace = STR("other"); /* the Track there names no targets */
        verdict = ask(rows[i].name, &arena, &question);
        bool free = i > 0;
        CHECK_INT(rows[i].name, verdict.count[FINDING_REFUSED], !free);
    }
}

/* What a lost node would take away may come back, and what was quarantined may not. */
TEST(live_revisions)
{
    static const struct {
        const char *name, *replica_set, *image;
        enum reason reason;
    } rows[] = {
        {"live", REPLICA_SET("web-1a", "web", "'replicas':2,", WEB "@" D6), WEB "@" D6, NONE},
        {"gone", REPLICA_SET("web-1a", "web", "'replicas':0,", WEB "@" D6), WEB "@" D6,
         REASON_NOT_RELEASED},
        {"of another", REPLICA_SET("api-1a", "api", "", WEB "@" D6), WEB "@" D6,
         REASON_NOT_RELEASED},
        {"quarantined and gone", REPLICA_SET("web-1a", "web", "'replicas':0,", WEB "@" D4),
         WEB "@" D4, REASON_NOT_RELEASED},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        add_tracks(&ledger, &arena);
        ledger_with(&ledger, &arena, rows[i].replica_set);
        struct question question = {.level = LEVEL_RELEASED,
                                    .namespace = STR("shop"),
                                    .policy = &policy_builtin,
                                    .ledger = &ledger};
        struct finding finding = judge_image(rows[i].name, &arena, question, rows[i].image);
        CHECK_STR(rows[i].name, reason_names[finding.reason], reason_names[rows[i].reason]);
    }
}

#define BAD "contoso.azurecr.io/shop/bad"

/* Which row a person is told to write instead: one that would be let in. */
TEST(better_rows)
{
    static const struct {
        const char *image;
        enum level level;
        const char *digest; /* NULL: none is known */
    } rows[] = {
        {WEB, LEVEL_PINNED, D2},          {WEB ":latest", LEVEL_TAGGED, D2},
        {WEB ":1.3.0", LEVEL_PINNED, D3}, {WEB ":1.1.0", LEVEL_TAGGED, D1},
        {WEB ":1.0.0", LEVEL_PINNED, D4}, {WEB ":1.0.0", LEVEL_RELEASED, D2},
        {WEB "@" D6, LEVEL_RELEASED, D2}, {WEB ":1.3.0@" D6, LEVEL_RELEASED, D2},
        {"nginx", LEVEL_PINNED, NULL},    {"nginx@" D1, LEVEL_RELEASED, NULL},
        {BAD, LEVEL_PINNED, D1},          {BAD "@" D6, LEVEL_RELEASED, NULL},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
    ledger_with(&ledger, &arena,
                TRACK("bad", "shop", "'image':'" BAD "'",
                      "'current':{'digest':'" D1 "'},'ledger':[" ROW("1", D1, "Failed") "]"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[256];
        snprintf(row, sizeof(row), "%s at %s", rows[i].image, level_names[rows[i].level].ptr);
        struct question question = {.level = rows[i].level,
                                    .namespace = STR("shop"),
                                    .policy = &policy_builtin,
                                    .ledger = &ledger};
        struct finding finding = judge_image(row, &arena, question, rows[i].image);
        CHECK(row, finding.reason != NONE);
        CHECK_STR(row, finding.row ? finding.row->digest : STR_NONE,
                  rows[i].digest ? str_of(rows[i].digest) : STR_NONE);
    }
}

TEST(injected_containers)
{
    static const struct {
        const char *container;
        bool injected;
    } rows[] = {{"web", false}, {"istio-proxy", true}};
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena, REPLICA_SET("web-1a", "web", "", "a:1"));
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int known = 0; known < 2; known++) {
            struct object object = object_of(
                &arena,
                json_format(&arena,
                            "{'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':["
                            "{'kind':'ReplicaSet','name':'web-1a','controller':true}]},'spec':"
                            "{'containers':[{'name':'%s','image':'nginx'}]}}",
                            rows[i].container)
                    .ptr);
            struct question question = {.level = LEVEL_PINNED,
                                        .namespace = STR("shop"),
                                        .policy = &policy_builtin,
                                        .ledger = known ? &ledger : NULL,
                                        .object = &object,
                                        .keep = KEEP};
            struct verdict verdict = ask(rows[i].container, &arena, &question);
            CHECK_INT(rows[i].container, verdict.kept, 1);
            CHECK_INT(rows[i].container, verdict.findings[0].injected, known && rows[i].injected);
        }
}

#define SPEC(body) "{'kind':'Pod','apiVersion':'v1','spec':{" body "}}"
#define TEMPLATE(extra, body)                                                                      \
    "{'kind':'Deployment','apiVersion':'apps/v1'," extra                                           \
    "'spec':{'replicas':1,'template':{'spec':{" body "}}}}"

/* A pod is judged by what is new in it, a workload whole as soon as its template changes. */
TEST(updates)
{
    static const struct {
        const char *name, *old, *new;
        size_t images, refused;
    } rows[] = {
        {"pod: nothing changes", SPEC("'containers':[{'name':'a','image':'x'}]"),
         SPEC("'containers':[{'name':'a','image':'x'}]"), 0, 0},
        {"pod: only a label changes", SPEC("'containers':[{'name':'a','image':'x'}]"),
         "{'metadata':{'labels':{'a':'b'}},'kind':'Pod','apiVersion':'v1','spec':{'containers':["
         "{'image':'x','name':'a'}]}}",
         0, 0},
        {"pod: one image changes",
         SPEC("'containers':[{'name':'a','image':'x'},{'name':'b','image'"
              ":'y'}]"),
         SPEC("'containers':[{'name':'a','image':'x'},{'name':'b','image':'z'}]"), 1, 1},
        {"pod: to a good image", SPEC("'containers':[{'name':'a','image':'x'}]"),
         SPEC("'containers':[{'name':'a','image':'x@" D1 "'}]"), 1, 0},
        {"pod: a debug container takes the old tag again",
         SPEC("'containers':[{'name':'a','image':'x'}]"),
         SPEC("'containers':[{'name':'a','image':'x'}],'ephemeralContainers':[{'name':'d','image':"
              "'x'}]"),
         1, 1},
        {"pod: a debug container that is there",
         SPEC("'ephemeralContainers':[{'name':'d','image':"
              "'x'}]"),
         SPEC("'ephemeralContainers':[{'name':'d','image':'x'}]"), 0, 0},
        {"pod: images swapped",
         SPEC("'containers':[{'name':'a','image':'x'},{'name':'b','image':"
              "'y'}]"),
         SPEC("'containers':[{'name':'a','image':'y'},{'name':'b','image':'x'}]"), 2, 2},
        {"pod: order changes",
         SPEC("'containers':[{'name':'a','image':'x'},{'name':'b','image':"
              "'y'}]"),
         SPEC("'containers':[{'name':'b','image':'y'},{'name':'a','image':'x'}]"), 0, 0},
        {"pod: a volume changes", SPEC("'volumes':[{'name':'v','image':{'reference':'x'}}]"),
         SPEC("'volumes':[{'name':'v','image':{'reference':'y'}}]"), 1, 1},
        {"pod: being deleted", SPEC("'containers':[{'name':'a','image':'x'}]"),
         "{'metadata':{'deletionTimestamp':'2026-11-21T09:30:00Z'},'kind':'Pod','apiVersion':'v1',"
         "'spec':{'containers':[{'image':'y','name':'a'}]}}",
         1, 1},
        {"workload: nothing changes", TEMPLATE("", "'containers':[{'name':'a','image':'x'}]"),
         TEMPLATE("", "'containers':[{'name':'a','image':'x'}]"), 0, 0},
        {"workload: only beside the template",
         TEMPLATE("", "'containers':[{'name':'a','image':'x'}]"),
         TEMPLATE("'metadata':{'name':'n'},", "'containers':[{'image':'x','name':'a'}]"), 0, 0},
        {"workload: the template changes anywhere",
         TEMPLATE("", "'containers':[{'name':'a','image':'x'},{'name':'b','image':'y'}]"),
         TEMPLATE("", "'containers':[{'name':'a','image':'x'},{'name':'b','image':'y'}],"
                      "'nodeSelector':{}"),
         2, 2},
        {"workload: one image becomes good",
         TEMPLATE("", "'containers':[{'name':'a','image':'x'},{'name':'b','image':'y'}]"),
         TEMPLATE("", "'containers':[{'name':'a','image':'x@" D1 "'},{'name':'b','image':'y'}]"), 2,
         1},
        {"workload: there was no template", "{'kind':'Deployment','apiVersion':'apps/v1'}",
         TEMPLATE("", "'containers':[{'name':'a','image':'x'}]"), 1, 1},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object old = object_of(&arena, rows[i].old), new = object_of(&arena, rows[i].new);
        struct question question = {.level = LEVEL_PINNED,
                                    .namespace = STR("shop"),
                                    .policy = &policy_builtin,
                                    .key = {3, 4},
                                    .object = &new,
                                    .old = &old,
                                    .keep = KEEP};
        struct verdict verdict = ask(rows[i].name, &arena, &question);
        CHECK_INT(rows[i].name, verdict.images, rows[i].images);
        CHECK_INT(rows[i].name, verdict.count[FINDING_REFUSED], rows[i].refused);
        question.old = NULL; /* as a creation everything counts */
        verdict = ask(rows[i].name, &arena, &question);
        CHECK(rows[i].name, verdict.images >= rows[i].images && verdict.images > 0);
    }
}

/* All are counted, as many as asked for are kept, those of each weight by themselves, in order. */
TEST(keeping)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct buf buf = BUF_INIT(&arena, 100000);
    enum { EACH = 50 };
    policy_with(&policy, &arena, EXEMPTION("x", "shop", "'quay.io'", "2026-11-21T09:30:00Z"));
    for (int i = 0; i < EACH; i++)
        buf_addf(&buf,
                 "%s{'name':'n%d','image':'nginx:%d'},{'image':'quay.io/a:%d'},"
                 "{'image':'nginx@" D1 "'}",
                 i ? "," : "", i, i, i);
    struct object object =
        object_of(&arena, json_format(&arena, SPEC("'containers':[%s]"), finished(&buf).ptr).ptr);
    for (size_t keep = 0; keep < EACH + 3; keep++) {
        char row[32];
        size_t last = 0;
        snprintf(row, sizeof(row), "keep %zu", keep);
        struct question question = {.level = LEVEL_PINNED,
                                    .namespace = STR("shop"),
                                    .policy = &policy,
                                    .object = &object,
                                    .keep = keep};
        struct verdict verdict = ask(row, &arena, &question);
        CHECK_INT(row, verdict.images, 3 * EACH);
        CHECK_INT(row, verdict.count[FINDING_REFUSED], EACH);
        CHECK_INT(row, verdict.count[FINDING_EXEMPT], EACH);
        CHECK_INT(row, verdict.kept, 2 * (keep < EACH ? keep : EACH));
        for (size_t i = 0; i < verdict.kept; i++) {
            CHECK(row, i == 0 || verdict.findings[i].site->index > last);
            last = verdict.findings[i].site->index;
            CHECK_INT(row, verdict.findings[i].weight,
                      last % 3 == 0 ? FINDING_REFUSED : FINDING_EXEMPT);
        }
    }
}

TEST(nothing_to_judge)
{
    static const char *const rows[] = {
        "{'kind':'Service','apiVersion':'v1','spec':{'containers':[{'image':'nginx'}]}}",
        "{}",
        "{'kind':'Pod','apiVersion':'v1'}",
        "{'kind':'Pod','apiVersion':'v1','spec':{'volumes':[{'name':'a','emptyDir':{}}]}}",
        "{'kind':'Deployment','apiVersion':'apps/v1','spec':{'containers':[{'image':'nginx'}]}}",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = object_of(&arena, rows[i]);
        struct question question = {.level = LEVEL_PINNED,
                                    .namespace = STR("shop"),
                                    .policy = &policy_builtin,
                                    .object = &object,
                                    .keep = KEEP};
        struct verdict verdict = ask(rows[i], &arena, &question);
        CHECK(rows[i], verdict.images == 0 && verdict.kept == 0);
    }
}

/* A container without an image is one whose image cannot be pulled. */
TEST(missing_images)
{
    TEST_ARENA(arena);
    for (int level = LEVEL_TAGGED; level <= LEVEL_PINNED; level++) {
        struct object object =
            object_of(&arena, SPEC("'containers':[{'name':'a'},{'name':'b','image':null}],"
                                   "'volumes':[{'name':'v','image':{}}]"));
        struct question question = {.level = (enum level)level,
                                    .namespace = STR("shop"),
                                    .policy = &policy_builtin,
                                    .object = &object,
                                    .keep = KEEP};
        struct verdict verdict = ask("missing", &arena, &question);
        assert_int_equal(verdict.count[FINDING_REFUSED], 3);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(verdict.findings[i].fault, IMAGEREF_EMPTY);
    }
}

TEST(no_room)
{
    TEST_ARENA(arena);
    struct object old = object_of(&arena, SPEC("'containers':[{'name':'a','image':'x'}]"));
    struct object new = object_of(&arena, SPEC("'containers':[{'name':'a','image':'y'}]"));
    const struct object *const olds[] = {NULL, &old};
    for (size_t i = 0; i < 2; i++) {
        struct arena small ARENA_SCOPED = ARENA_INIT(16);
        struct verdict verdict = {.images = 77};
        struct err err = ERR_CLEAN;
        struct question question = {.level = LEVEL_PINNED,
                                    .namespace = STR("shop"),
                                    .policy = &policy_builtin,
                                    .object = &new,
                                    .old = olds[i],
                                    .keep = KEEP};
        assert_int_equal(judge(&question, &small, &verdict, &err), -1);
        assert_int_equal(err.kind, ERR_MEMORY);
        assert_int_equal(verdict.images, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targeted_containers),
        cmocka_unit_test(live_revisions),
        cmocka_unit_test(better_rows),
        cmocka_unit_test(injected_containers),
        cmocka_unit_test(updates),
        cmocka_unit_test(keeping),
        cmocka_unit_test(nothing_to_judge),
        cmocka_unit_test(missing_images),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests_name("judge_object", tests, NULL, NULL);
}
