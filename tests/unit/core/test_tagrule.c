/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/tagrule.h"

#include "pinnace/banned.h"

TEST(semantic_versions)
{
    static const struct {
        struct str tag;
        bool semver;
    } rows[] = {
        {STR_INIT("1.2.3"), true},
        {STR_INIT("v1.2.3"), true},
        {STR_INIT("0.0.0"), true},
        {STR_INIT("10.20.30"), true},
        {STR_INIT("99999999999999999999999.999999999999999999.99999999999999999"), true},
        {STR_INIT("1.2.3-rc.1"), true},
        {STR_INIT("1.2.3-alpha"), true},
        {STR_INIT("1.2.3-alpha.0"), true},
        {STR_INIT("1.2.3-0.3.7"), true},
        {STR_INIT("1.2.3-x.7.z.92"), true},
        {STR_INIT("1.2.3-x-y-z.-"), true},
        {STR_INIT("1.2.3--"), true},
        {STR_INIT("1.2.3-0a"), true},
        {STR_INIT("1.2.3-01a"), true},
        {STR_INIT("1.2.3_build.5"), true},
        {STR_INIT("1.2.3_001"), true},
        {STR_INIT("1.2.3-rc.1_build.5"), true},
        {STR_INIT("1.2.3_build-5"), true},
        {STR_INIT("1.27-alpine"), false},
        {STR_INIT(""), false},
        {{NULL, 0}, false},
        {STR_INIT("latest"), false},
        {STR_INIT("main"), false},
        {STR_INIT("1"), false},
        {STR_INIT("1.27"), false},
        {STR_INIT("v1.27"), false},
        {STR_INIT("1.2.3.4"), false},
        {STR_INIT("1.2.3."), false},
        {STR_INIT("1..3"), false},
        {STR_INIT(".1.2.3"), false},
        {STR_INIT("01.2.3"), false},
        {STR_INIT("1.02.3"), false},
        {STR_INIT("1.2.03"), false},
        {STR_INIT("1.2.x"), false},
        {STR_INIT("1.2.-3"), false},
        {STR_INIT("vv1.2.3"), false},
        {STR_INIT("V1.2.3"), false},
        {STR_INIT("v"), false},
        {STR_INIT("release-1.2.3"), false},
        {STR_INIT("1.2.3-"), false},
        {STR_INIT("1.2.3-a..b"), false},
        {STR_INIT("1.2.3-a."), false},
        {STR_INIT("1.2.3-01"), false},
        {STR_INIT("1.2.3-rc.01"), false},
        {STR_INIT("1.2.3_"), false},
        {STR_INIT("1.2.3_.a"), false},
        {STR_INIT("1.2.3-.a"), false},
        {STR_INIT("v.1.2.3"), false},
        {STR_INIT("1.2.3_a..b"), false},
        {STR_INIT("1.2.3_a_b"), false},
        {STR_INIT("1.2.3+build"), false},
        {STR_INIT("1.2.3 "), false},
        {STR_INIT(" 1.2.3"), false},
        {STR_INIT("1.2.3\n"), false},
        {STR_INIT("1.2.3\0"), false},
        {STR_INIT("1.2.3-\xc3\xa4"), false},
        {STR_INIT("1,2,3"), false},
        {STR_INIT("-1.2.3"), false},
        {STR_INIT("_1.2.3"), false},
        {STR_INIT("1.2.\xd9\xa3"), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].tag.ptr, tag_is_semver(rows[i].tag), rows[i].semver);
}

/* 120 digits are a number too; nothing is converted that could overflow. */
TEST(versions_of_any_length)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 4096);
    buf_add(&buf, run_of(&arena, '9', 1000));
    buf_add(&buf, STR(".0."));
    buf_add(&buf, run_of(&arena, '7', 1000));
    assert_true(tag_is_semver(finished(&buf)));
}

static const struct str immutable[] = {STR_INIT("20\?\?-*"), STR_INIT("stable-*")};
static const struct str moving[] = {STR_INIT("*-latest"), STR_INIT("0.*")};

static const struct tag_rules builtin = {
    .semver = true, .moving = tag_moving_builtin, .moving_count = TAG_MOVING_BUILTIN_COUNT};
static const struct tag_rules own = {.semver = true,
                                     .immutable = immutable,
                                     .immutable_count = COUNT(immutable),
                                     .moving = moving,
                                     .moving_count = COUNT(moving)};
static const struct tag_rules no_semver = {.immutable = immutable,
                                           .immutable_count = COUNT(immutable)};
static const struct tag_rules nothing = {0};

TEST(rules)
{
    static const struct {
        const char *name;
        const struct tag_rules *rules;
        struct str tag;
        bool immutable;
    } rows[] = {
        {"builtin: a version", &builtin, STR_INIT("v1.4.0"), true},
        {"builtin: latest", &builtin, STR_INIT("latest"), false},
        {"builtin: two numbers", &builtin, STR_INIT("1.27"), false},
        {"builtin: a version that is a snapshot", &builtin, STR_INIT("1.4.0-SNAPSHOT"), false},
        {"builtin: small letters too", &builtin, STR_INIT("1.4.0-snapshot"), false},
        {"builtin: nightly", &builtin, STR_INIT("1.4.0-nightly"), false},
        {"builtin: a version's latest", &builtin, STR_INIT("1.4.0-latest"), false},
        {"builtin: only at the end", &builtin, STR_INIT("1.4.0-nightly.7"), true},
        {"own: a date", &own, STR_INIT("2026-11-21"), true},
        {"own: not a date", &own, STR_INIT("1926-11-21"), false},
        {"own: versions still", &own, STR_INIT("1.4.0"), true},
        {"own: moving beats semver", &own, STR_INIT("0.4.0"), false},
        {"own: moving beats immutable", &own, STR_INIT("stable-latest"), false},
        {"own: replaces the builtin ones", &own, STR_INIT("1.4.0-nightly"), true},
        {"no semver", &no_semver, STR_INIT("1.4.0"), false},
        {"no semver: a pattern", &no_semver, STR_INIT("stable-7"), true},
        {"nothing is immutable", &nothing, STR_INIT("1.4.0"), false},
        {"the empty tag", &own, STR_INIT(""), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].name, tag_is_immutable(rows[i].rules, rows[i].tag), rows[i].immutable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semantic_versions),
        cmocka_unit_test(versions_of_any_length),
        cmocka_unit_test(rules),
    };
    return cmocka_run_group_tests_name("tagrule", tests, NULL, NULL);
}
