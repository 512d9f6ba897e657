/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/judge.h"

#include "pinnace/banned.h"

enum { NOW = 1795253400, KEEP = 100 }; /* 2026-11-21T09:30:00Z */

static struct verdict ask(const char *row, struct arena *arena, const struct question *question)
{
    struct verdict verdict = {0};
    struct err err = ERR_CLEAN;
    int result = judge(question, arena, &verdict, &err);
    CHECK_STR(row, ERR_TEXT(err), STR(""));
    CHECK_INT(row, result, 0);
    CHECK(row, verdict.kept <= verdict.count[0] + verdict.count[1] + verdict.count[2]);
    return verdict;
}

static struct str pod_with(struct arena *arena, const char *image)
{
    return json_format(arena,
                       "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p'},'spec':"
                       "{'containers':[{'name':'web','image':'%s'}]}}",
                       image);
}

/* What is said of the only image there is. */
static struct finding judge_image(const char *row, struct arena *arena, struct question question,
                                  const char *image)
{
    struct object object = object_of(arena, pod_with(arena, image).ptr);
    question.object = &object;
    question.keep = KEEP;
    struct verdict verdict = ask(row, arena, &question);
    CHECK_INT(row, verdict.images, question.level == LEVEL_OFF ? 0 : 1);
    if (verdict.kept == 0)
        return (struct finding){.reason = REASON_NONE};
    CHECK_INT(row, verdict.kept, 1);
    CHECK_INT(row, verdict.count[verdict.findings[0].weight], 1);
    return verdict.findings[0];
}

/* The ledger of these tests: a Track of the repository in the namespace, and one elsewhere. */
static void add_tracks(struct ledger *ledger, struct arena *arena)
{
    ledger_with(ledger, arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web','container':"
                      "'web'}]",
                      "'current':{'digest':'" D2 "'},'ledger':["
                      "{'tag':'1.3.0','digest':'" D3 "','state':'RollingOut'},"
                      "{'tag':'1.2.0','digest':'" D2 "','state':'Healthy'},"
                      "{'tag':'1.1.0','digest':'" D1 "','state':'Healthy','movedTo':'" D6 "'},"
                      "{'tag':'1.0.0','digest':'" D4 "','state':'Failed'},"
                      "{'digest':'" D5 "','state':'Adopted'}],"
                      "'quarantined':[{'digest':'" D4 "'}]"));
    ledger_with(ledger, arena,
                TRACK("api", "other", "'image':'contoso.azurecr.io/shop/api'",
                      "'current':{'digest':'" D1 "'},'ledger':[" ROW("1.0.0", D1, "Healthy") "]"));
}

#define NONE REASON_NONE

/* Each kind of reference at each level, with nothing known of releases but at the last. */
TEST(levels)
{
    static const struct {
        const char *image;
        enum reason at[LEVELS];
    } rows[] = {
        {"nginx:1.27.1", {NONE, NONE, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {"nginx:v1.27.1-rc.1", {NONE, NONE, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {"nginx:1.27", {NONE, REASON_MUTABLE_TAG, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {"nginx:latest", {NONE, REASON_MUTABLE_TAG, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {"nginx:1.27.1-SNAPSHOT", {NONE, REASON_MUTABLE_TAG, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {"nginx", {NONE, REASON_NO_TAG, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {"nginx@" D1, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {"nginx@" D512, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {"nginx:latest@" D1, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {"", {NONE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE}},
        {"Nginx:1.0.0", {NONE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE}},
        {" nginx:1.0.0", {NONE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE}},
        {"nginx:1.0.0\\n",
         {NONE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE}},
        {"nginx: @" D1, {NONE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE}},
        {HEX_OF("1"), {NONE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE, REASON_BAD_REFERENCE}},
        {"nginx:1.0.0@", {NONE, REASON_BAD_DIGEST, REASON_BAD_DIGEST, REASON_BAD_DIGEST}},
        {"nginx@sha256:1", {NONE, REASON_BAD_DIGEST, REASON_BAD_DIGEST, REASON_BAD_DIGEST}},
        {"nginx@" D1 "0", {NONE, REASON_BAD_DIGEST, REASON_BAD_DIGEST, REASON_BAD_DIGEST}},
        {"nginx@md5:" HEX_OF("1"), {NONE, REASON_BAD_DIGEST, REASON_BAD_DIGEST, REASON_BAD_DIGEST}},
        {"nginx@sha256:" HEX_OF("A"),
         {NONE, REASON_BAD_DIGEST, REASON_BAD_DIGEST, REASON_BAD_DIGEST}},
        {WEB "@" D2, {NONE, NONE, NONE, NONE}},
        {WEB "@" D3, {NONE, NONE, NONE, NONE}},
        {WEB "@" D5, {NONE, NONE, NONE, NONE}},
        {WEB ":1.2.0@" D2, {NONE, NONE, NONE, NONE}},
        {"CONTOSO.azurecr.io:443/shop/web:1.2.0@" D2, {NONE, NONE, NONE, NONE}},
        {WEB ":1.2.0", {NONE, NONE, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {WEB ":1.1.0", {NONE, REASON_TAG_MOVED, REASON_NO_DIGEST, REASON_NO_DIGEST}},
        {WEB ":1.1.0@" D1, {NONE, NONE, NONE, NONE}},
        {WEB "@" D4, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {WEB ":1.0.0@" D4, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {WEB "@" D6, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {"contoso.azurecr.io/shop/api@" D1, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {"contoso.azurecr.io/shop/web2@" D2, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
        {"fabrikam.azurecr.io/shop/web@" D2, {NONE, NONE, NONE, REASON_NOT_RELEASED}},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int level = LEVEL_OFF; level < LEVELS; level++) {
            char row[256];
            snprintf(row, sizeof(row), "%s at %s", rows[i].image, level_names[level].ptr);
            struct question question = {.level = (enum level)level,
                                        .namespace = STR("shop"),
                                        .policy = &policy_builtin,
                                        .ledger = &ledger,
                                        .now = NOW};
            struct finding finding = judge_image(row, &arena, question, rows[i].image);
            CHECK_STR(row, reason_names[finding.reason], reason_names[rows[i].at[level]]);
            CHECK_INT(row, finding.weight, FINDING_REFUSED);
        }
}

/*
 * Without a ledger the lower levels are judged, and the highest is no guess; but where no image is
 * to be judged none is missed.
 */
TEST(without_a_ledger)
{
    TEST_ARENA(arena);
    struct object pod = object_of(&arena, pod_with(&arena, WEB "@" D2).ptr);
    struct object service = object_of(&arena, "{'kind':'Service','apiVersion':'v1'}");
    const struct object *const objects[] = {&pod, &service};
    for (int level = LEVEL_OFF; level < LEVELS; level++)
        for (size_t i = 0; i < 2; i++) {
            struct question question = {.level = (enum level)level,
                                        .namespace = STR("shop"),
                                        .policy = &policy_builtin,
                                        .object = objects[i],
                                        .keep = KEEP};
            struct verdict verdict = {.images = 77};
            struct err err = ERR_CLEAN;
            int result = judge(&question, &arena, &verdict, &err);
            if (level == LEVEL_RELEASED && i == 0) {
                assert_int_equal(result, -1);
                assert_int_equal(verdict.images, 77);
                assert_true(err.kind != ERR_NONE && err.kind != ERR_MEMORY);
                assert_true(text_has(ERR_TEXT(err), STR("ledger")));
            } else {
                assert_int_equal(result, 0);
                assert_int_equal(verdict.kept, 0);
            }
        }
}

/* The tag beside a digest: advice where the digest decides, a refusal where releases do. */
TEST(lying_tags)
{
    static const struct {
        const char *image;
        enum reason reason;
        enum finding_weight weight[LEVELS]; /* FINDING_WEIGHTS: nothing is said */
    } rows[] = {
        {WEB ":1.2.0@" D3,
         REASON_TAG_MISMATCH,
         {FINDING_WEIGHTS, FINDING_ADVICE, FINDING_ADVICE, FINDING_REFUSED}},
        {WEB ":1.3.0@" D2,
         REASON_TAG_MISMATCH,
         {FINDING_WEIGHTS, FINDING_ADVICE, FINDING_ADVICE, FINDING_REFUSED}},
        {WEB ":1.2.0@" D2,
         NONE,
         {FINDING_WEIGHTS, FINDING_WEIGHTS, FINDING_WEIGHTS, FINDING_WEIGHTS}},
        {WEB ":unknown@" D2,
         NONE,
         {FINDING_WEIGHTS, FINDING_WEIGHTS, FINDING_WEIGHTS, FINDING_WEIGHTS}},
        {WEB "@" D2, NONE, {FINDING_WEIGHTS, FINDING_WEIGHTS, FINDING_WEIGHTS, FINDING_WEIGHTS}},
        {"contoso.azurecr.io/shop/api:1.0.0@" D2,
         REASON_TAG_MISMATCH,
         {FINDING_WEIGHTS, FINDING_ADVICE, FINDING_ADVICE, FINDING_WEIGHTS}},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int level = LEVEL_OFF; level < LEVELS; level++) {
            char row[256];
            snprintf(row, sizeof(row), "%s at %s", rows[i].image, level_names[level].ptr);
            struct question question = {.level = (enum level)level,
                                        .namespace = STR("shop"),
                                        .policy = &policy_builtin,
                                        .ledger = &ledger};
            struct finding finding = judge_image(row, &arena, question, rows[i].image);
            if (level == LEVEL_RELEASED && i == 5) {
                CHECK_INT(row, finding.reason, REASON_NOT_RELEASED); /* a Track of elsewhere */
            } else if (rows[i].weight[level] == FINDING_WEIGHTS) {
                CHECK_INT(row, finding.reason, NONE);
            } else {
                CHECK_INT(row, finding.reason, rows[i].reason);
                CHECK_INT(row, finding.weight, rows[i].weight[level]);
            }
        }
}

TEST(registries)
{
    static const struct {
        const char *image;
        enum reason tagged, pinned;
    } rows[] = {
        {WEB ":1.2.0", NONE, REASON_NO_DIGEST},
        {WEB "@" D1, NONE, NONE},
        {"CONTOSO.azurecr.io:443/a@" D1, NONE, NONE},
        {"nginx@" D1, NONE, NONE},
        {"docker.io/library/nginx@" D1, NONE, NONE},
        {"istio/proxy@" D1, REASON_REGISTRY_NOT_ALLOWED, REASON_REGISTRY_NOT_ALLOWED},
        {"istio/proxy", REASON_REGISTRY_NOT_ALLOWED, REASON_REGISTRY_NOT_ALLOWED},
        {"quay.io/a:1.0.0", REASON_REGISTRY_NOT_ALLOWED, REASON_REGISTRY_NOT_ALLOWED},
        {"quay.io/contoso.azurecr.io/a@" D1, REASON_REGISTRY_NOT_ALLOWED,
         REASON_REGISTRY_NOT_ALLOWED},
        {"Quay/A", REASON_BAD_REFERENCE, REASON_BAD_REFERENCE},
    };
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    policy_with(&policy, &arena, POLICY("'registries':['*.azurecr.io','docker.io/library/*']"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct question question = {.namespace = STR("shop"), .policy = &policy};
        question.level = LEVEL_TAGGED;
        struct finding finding = judge_image(rows[i].image, &arena, question, rows[i].image);
        CHECK_STR(rows[i].image, reason_names[finding.reason], reason_names[rows[i].tagged]);
        question.level = LEVEL_PINNED;
        finding = judge_image(rows[i].image, &arena, question, rows[i].image);
        CHECK_STR(rows[i].image, reason_names[finding.reason], reason_names[rows[i].pinned]);
    }
}

TEST(own_tag_rules)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    policy_with(&policy, &arena,
                POLICY("'tags':{'semver':false,'immutable':['20*'],'moving':['*-dev']}"));
    struct question question = {.level = LEVEL_TAGGED, .namespace = STR("shop"), .policy = &policy};
    assert_int_equal(judge_image("semver", &arena, question, "nginx:1.2.3").reason,
                     REASON_MUTABLE_TAG);
    assert_int_equal(judge_image("date", &arena, question, "nginx:2026-11-21").reason, NONE);
    assert_int_equal(judge_image("moving", &arena, question, "nginx:2026-dev").reason,
                     REASON_MUTABLE_TAG);
}

TEST(free_repositories)
{
    static const struct {
        const char *image;
        enum reason reason;
    } rows[] = {
        {"mcr.microsoft.com/a/b@" D1, NONE},
        {"mcr.microsoft.com/a/b:1.0.0", REASON_NO_DIGEST},
        {"mcr.microsoft.com/a/b@sha256:1", REASON_BAD_DIGEST},
        {"nginx@" D1, NONE},
        {"istio/proxy@" D1, REASON_NOT_RELEASED},
        {WEB "@" D6, REASON_NOT_RELEASED}, /* a Track follows it: free is for what none does */
        {WEB "@" D2, NONE},
    };
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
    policy_with(&policy, &arena,
                POLICY("'free':['mcr.microsoft.com','docker.io/library/nginx','*.azurecr.io']"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct question question = {.level = LEVEL_RELEASED,
                                    .namespace = STR("shop"),
                                    .policy = &policy,
                                    .ledger = &ledger};
        struct finding finding = judge_image(rows[i].image, &arena, question, rows[i].image);
        CHECK_STR(rows[i].image, reason_names[finding.reason], reason_names[rows[i].reason]);
    }
}

TEST(exemptions)
{
    static const struct {
        const char *name, *image, *namespace;
        int64_t now;
        enum reason reason;
        enum finding_weight weight;
    } rows[] = {
        {"in force", "quay.io/a:latest", "shop", NOW - 1, REASON_NO_DIGEST, FINDING_EXEMPT},
        {"over", "quay.io/a:latest", "shop", NOW, REASON_NO_DIGEST, FINDING_REFUSED},
        {"elsewhere", "quay.io/a:latest", "prod", NOW - 1, REASON_NO_DIGEST, FINDING_REFUSED},
        {"another image", "nginx", "shop", NOW - 1, REASON_NO_DIGEST, FINDING_REFUSED},
        {"standing", "docker.io/istio/proxy", "team-a", NOW, REASON_NO_DIGEST, FINDING_EXEMPT},
        {"standing, elsewhere", "istio/proxy", "shop", NOW, REASON_NO_DIGEST, FINDING_REFUSED},
        {"registry too", "evil.example/a@" D1, "team-a", NOW, REASON_REGISTRY_NOT_ALLOWED,
         FINDING_EXEMPT},
        {"bad names never", "quay.io/A", "shop", NOW - 1, REASON_BAD_REFERENCE, FINDING_REFUSED},
        {"bad digests never", "quay.io/a@sha256:1", "shop", NOW - 1, REASON_BAD_DIGEST,
         FINDING_REFUSED},
        {"nothing to exempt", "quay.io/a@" D1, "shop", NOW - 1, NONE, FINDING_REFUSED},
    };
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    policy_with(&policy, &arena,
                EXEMPTION("hotfix", "shop", "'quay.io','docker.io/x/*'", "2026-11-21T09:30:00Z"));
    policy_with(&policy, &arena,
                POLICY("'registries':['quay.io','docker.io'],'exemptions':[{'images':["
                       "'docker.io/istio/*','evil.example'],'namespaces':['team-*'],"
                       "'reason':'sidecars'}]"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct question question = {.level = LEVEL_PINNED,
                                    .namespace = str_of(rows[i].namespace),
                                    .policy = &policy,
                                    .now = rows[i].now};
        struct finding finding = judge_image(rows[i].name, &arena, question, rows[i].image);
        CHECK_STR(rows[i].name, reason_names[finding.reason], reason_names[rows[i].reason]);
        CHECK_INT(rows[i].name, finding.weight, rows[i].weight);
        CHECK_INT(rows[i].name, finding.exemption != NULL, rows[i].weight == FINDING_EXEMPT);
    }
}

/* An exemption lets pass what was not released, too. */
TEST(exemptions_from_releases)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
    policy_with(&policy, &arena, EXEMPTION("hotfix", "shop", "'" WEB "'", "2026-11-21T09:30:00Z"));
    struct question question = {.level = LEVEL_RELEASED,
                                .namespace = STR("shop"),
                                .policy = &policy,
                                .ledger = &ledger,
                                .now = NOW - 1};
    struct finding finding = judge_image("exempt", &arena, question, WEB "@" D6);
    assert_int_equal(finding.reason, REASON_NOT_RELEASED);
    assert_int_equal(finding.weight, FINDING_EXEMPT);
    question.now = NOW;
    assert_int_equal(judge_image("over", &arena, question, WEB "@" D6).weight, FINDING_REFUSED);
}

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

/* Which row a person is told to write instead. */
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
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    add_tracks(&ledger, &arena);
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

TEST(names_of_reasons)
{
    static const char *const names[REASONS] = {
        "",          "NoDigest",           "MutableTag",  "NoTag",       "BadReference",
        "BadDigest", "RegistryNotAllowed", "NotReleased", "TagMismatch", "TagMoved"};
    for (int reason = 0; reason < REASONS; reason++) {
        CHECK_STR(names[reason], reason_names[reason], str_of(names[reason]));
        CHECK_INT(names[reason], reason_summaries[reason].len > 0, reason != NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(without_a_ledger),
        cmocka_unit_test(lying_tags),
        cmocka_unit_test(registries),
        cmocka_unit_test(own_tag_rules),
        cmocka_unit_test(free_repositories),
        cmocka_unit_test(exemptions),
        cmocka_unit_test(exemptions_from_releases),
        cmocka_unit_test(targeted_containers),
        cmocka_unit_test(live_revisions),
        cmocka_unit_test(better_rows),
        cmocka_unit_test(injected_containers),
        cmocka_unit_test(updates),
        cmocka_unit_test(keeping),
        cmocka_unit_test(nothing_to_judge),
        cmocka_unit_test(missing_images),
        cmocka_unit_test(no_room),
        cmocka_unit_test(names_of_reasons),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
