/* SPDX-License-Identifier: Apache-2.0 */
/* What the other implementation says of thousands of ranges is in tests/differential/select. */
#include "../check.h"

#include "pinnace/semrange.h"

#include "pinnace/banned.h"

TEST(contained)
{
    static const struct {
        const char *range, *in, *out; /* versions, separated by blanks */
    } rows[] = {
        {"1.2.3", "1.2.3 v1.2.3 1.2.3_b", "1.2.4 1.2.3-rc.1 0.1.2"},
        {"=1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"},
        {"*", "0.0.0 9.9.9", "1.0.0-rc.1"},
        {"*-0", "1.0.0-rc.1 1.0.0", ""},
        {">=1.0.0", "1.0.0 2.5.0", "0.9.9 1.0.1-rc.1 2.0.0-0"},
        {">=1.0.0-0", "1.0.0-rc.1 1.0.0 2.0.0-a", "0.9.9"},
        {">=1.2, <2", "1.2.0 1.99.0", "2.0.0 1.1.9"},
        {">=1.2 <2", "1.2.0 1.99.0", "2.0.0 1.1.9"},
        {"<1 || >2.1", "0.9.0 2.2.0", "1.0.0 2.1.5"},
        {"1 - 2", "1.0.0 2.9.9", "0.9.9 3.0.0"},
        {"1.2 - 2.3.4", "1.2.0 2.3.4", "1.1.9 2.3.5"},
        {"5.0 - 5.3, !=5.2", "5.0.0 5.3.9 5.1.0", "5.2.0 5.2.7 5.4.0"},
        {"~1.2.3", "1.2.3 1.2.99", "1.3.0 1.2.2"},
        {"~1", "1.0.0 1.9.0", "2.0.0"},
        {"~>1.2", "1.2.9", "1.3.0"},
        {"^1.2.3", "1.2.3 1.9.0", "2.0.0 1.2.2"},
        {"^0.2.3", "0.2.3 0.2.9", "0.3.0 1.0.0"},
        {"^0.0.3", "0.0.3", "0.0.4 0.1.0"},
        {"^0", "0.9.9 0.0.0", "1.0.0"},
        {"^1.x-0", "1.5.0-rc.1 1.0.0", "2.0.0"},
        {"1.x || 3.x", "1.5.0 3.0.0", "2.0.0"},
        {"!=1.x", "2.0.0 0.1.0", "1.0.0 1.9.9"},
        {">1.x", "2.0.0", "1.9.9 1.0.0"},
        {"<=1.x", "1.9.9 0.1.0", "2.0.0"},
        {"=> 1 =< 2", "1.0.0 2.9.9", "3.0.0"},
        /* A pre-release in one group opens that one alone. */
        {">=1.0.0-0 <1.1.0 || >=2", "1.0.0-rc.1 2.0.0", "2.1.0-rc.1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct semrange range;
        if (semrange_parse(str_of(rows[i].range), &range, &err) < 0)
            fail_msg("%s: %s", rows[i].range, err.text);
        for (int inside = 0; inside < 2; inside++) {
            struct str rest = str_of(inside ? rows[i].in : rows[i].out);
            while (rest.len) {
                size_t blank = str_find(rest, ' ');
                struct str text = blank == STR_NOT_FOUND ? rest : str_head(rest, blank);
                struct semver version = {0};
                rest = blank == STR_NOT_FOUND ? STR_NONE : str_tail(rest, blank + 1);
                CHECK(rows[i].range, semver_parse(text, &version));
                if (semrange_contains(&range, &version) != inside)
                    fail_msg("\"%s\" contains %.*s: %d", rows[i].range, STR_FMT(text), !inside);
            }
        }
    }
}

TEST(refused)
{
    static const struct {
        const char *range, *says;
    } rows[] = {
        {"", "column 1: a version is missing"},
        {"  ", "column 3: a version is missing"},
        {"latest", "column 1: a version is missing"},
        {">=", "column 3: a version is missing"},
        {">=1.2,", "column 7: a version is missing"},
        {"1 ||", "column 5: a version is missing"},
        {"|| 1", "column 1: a version is missing"},
        {"1 | 2", "column 3: \"or\" is written \"||\""},
        {">1<2", "column 3: a comma, a blank or \"||\" is missing"},
        {"1.2.3.4", "column 6: a comma"},
        {"1..2", "column 2: a number, x or * has to follow"},
        {"1.2.3-", "no pre-release"},
        {"1.2.3-01", "no pre-release"},
        {"1.2.3+", "no build metadata"},
        {"1x", "too large, or mixed"},
        {"18446744073709551616", "too large, or mixed"},
        {"1.99999999999999999999", "too large, or mixed"},
        {"1||2 - 3", "column 4: a blank has to stand between"},
        {"1 2 - 3", "column 3: a comma has to stand before"},
        {">1 - 2", "column 4: a version is missing"},
        {"1 - 2>3", "column 6: a comma, a blank"},
        {"1 - >2", "column 5: a version is missing"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct semrange range = {.count = 77};
        struct str text = exact_copy(str_of(rows[i].range));
        CHECK_INT(rows[i].range, semrange_parse(text, &range, &err), -1);
        CHECK_INT(rows[i].range, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].range, ERR_TEXT(err), rows[i].says);
        CHECK_INT(rows[i].range, range.count, 77);
        exact_free(text);
    }
}

TEST(limits)
{
    TEST_ARENA(arena);
    struct semrange range = {0};
    struct err err = ERR_CLEAN;
    assert_int_equal(semrange_parse(run_of(&arena, '1', SEMRANGE_MAX_BYTES + 1), &range, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    for (int count = SEMRANGE_TERMS_MAX; count <= SEMRANGE_TERMS_MAX + 1; count++) {
        struct buf buf = BUF_INIT(&arena, 1024);
        for (int i = 0; i < count; i++)
            buf_addf(&buf, "%s%d", i ? "||" : "", i);
        bool fits = count == SEMRANGE_TERMS_MAX;
        assert_int_equal(semrange_parse(finished(&buf), &range, &err), fits ? 0 : -1);
    }
    struct semver first, last, none;
    assert_true(semver_parse(STR("0.1.0"), &first) && semver_parse(STR("63.1.0"), &last) &&
                semver_parse(STR("64.1.0"), &none));
    assert_true(semrange_contains(&range, &first) && semrange_contains(&range, &last));
    assert_false(semrange_contains(&range, &none));
}

TEST(pre_release_alone)
{
    struct semrange range = {0};
    struct semver version;
    assert_int_equal(semrange_parse(STR(">=1.0 <2"), &range, NULL), 0);
    assert_true(semver_parse(STR("1.5.0-rc.1"), &version));
    assert_true(semrange_wants_no_pre(&range, &version));
    assert_true(semver_parse(STR("2.5.0-rc.1"), &version));
    assert_false(semrange_wants_no_pre(&range, &version));
    assert_true(semver_parse(STR("2.5.0"), &version));
    assert_false(semrange_wants_no_pre(&range, &version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contained),
        cmocka_unit_test(refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(pre_release_alone),
    };
    return cmocka_run_group_tests_name("semrange", tests, NULL, NULL);
}
