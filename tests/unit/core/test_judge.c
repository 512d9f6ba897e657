/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a name: levels, registries, policies, exemptions and releases. */
#include "../verdicts.h"

#include "pinnace/banned.h"

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

/*
 * Who writes Exemptions and pods could have us compare for minutes. It ends, and what was not found
 * to be exempt by then is not.
 */
TEST(exemptions_that_take_long)
{
    enum { PATTERNS = 63, IMAGES = 20 };
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct buf patterns = BUF_INIT(&arena, 100000), images = BUF_INIT(&arena, 100000);
    for (int i = 0; i < PATTERNS; i++)
        buf_addf(&patterns, "'r.io/**%.*sb',", STR_FMT(run_of(&arena, 'a', 120)));
    for (int i = 0; i < IMAGES; i++)
        buf_addf(&images, "%s{'image':'r.io/%.*s'}", i ? "," : "",
                 STR_FMT(run_of(&arena, 'a', 240)));
    policy_with(&policy, &arena,
                json_format(&arena, EXEMPTION("x", "shop", "%s'r.io'", "2999-01-01T00:00:00Z"),
                            finished(&patterns).ptr)
                    .ptr);
    struct object object = object_of(
        &arena, json_format(&arena, "{'kind':'Pod','apiVersion':'v1','spec':{'containers':[%s]}}",
                            finished(&images).ptr)
                    .ptr);
    struct question question = {.level = LEVEL_PINNED,
                                .namespace = STR("shop"),
                                .policy = &policy,
                                .now = NOW,
                                .object = &object,
                                .keep = KEEP};
    struct verdict verdict = ask("long", &arena, &question);
    assert_int_equal(verdict.findings[0].weight, FINDING_EXEMPT);
    assert_int_equal(verdict.findings[IMAGES - 1].weight, FINDING_REFUSED);
    assert_int_equal(verdict.findings[IMAGES - 1].reason, REASON_NO_DIGEST);
    assert_int_equal(verdict.count[FINDING_EXEMPT] + verdict.count[FINDING_REFUSED], IMAGES);
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
        cmocka_unit_test(exemptions_that_take_long),
        cmocka_unit_test(exemptions_from_releases),
        cmocka_unit_test(names_of_reasons),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
