/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/semver.h"

#include "pinnace/banned.h"

TEST(forms)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"1.2.3", true},
        {"v1.2.3", true},
        {"V1.2.3", false},
        {"vv1.2.3", false},
        {"v", false},
        {"", false},
        {"1", false},
        {"1.2", false},
        {"20240501", false},
        {"1.2.3.4", false},
        {"1..3", false},
        {".1.2", false},
        {"1.2.", false},
        {"01.2.3", false},
        {"1.02.3", false},
        {"1.2.03", false},
        {"0.0.0", true},
        {"1.2.3-", false},
        {"1.2.3-rc.1", true},
        {"1.2.3-01", false},
        {"1.2.3-0a", true},
        {"1.2.3--", true},
        {"1.2.3-a..b", false},
        {"1.2.3+", false},
        {"1.2.3+001", true},
        {"1.2.3_a-b.c", true},
        {"1.2.3-a_b", true},
        {"1.2.3_a_b", false},
        {"1.2.3_a+b", false},
        {"1.2.3-a b", false},
        {"1.x.3", false},
        {"18446744073709551615.0.0", true},
        {"18446744073709551616.0.0", false},
        {"0.99999999999999999999.0", false},
        {"0.0.184467440737095516150", false},
        {"1.2.3-99999999999999999999999", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text = exact_copy(str_of(rows[i].text));
        struct semver version = {.major = 77};
        CHECK_INT(rows[i].text, semver_parse(text, &version), rows[i].good);
        CHECK(rows[i].text, rows[i].good == (version.major != 77));
        exact_free(text);
    }
}

TEST(parts)
{
    struct semver version = {0};
    assert_true(semver_parse(STR("v1.20.300-rc.1_b-2"), &version));
    assert_int_equal(version.major, 1);
    assert_int_equal(version.minor, 20);
    assert_int_equal(version.patch, 300);
    assert_true(version.has_v);
    CHECK_STR("pre-release", version.pre, STR("rc.1"));
    CHECK_STR("build", version.build, STR("b-2"));
    assert_true(semver_has_form(STR("99999999999999999999.0.0")));
}

/* Each is below the next one. */
TEST(order)
{
    static const char *const rising[] = {
        "0.0.0-0",          "0.0.0",      "0.0.1",        "0.1.0",
        "1.0.0-0",          "1.0.0-1",    "1.0.0-2",      "1.0.0-10",
        "1.0.0--",          "1.0.0-A",    "1.0.0-alpha",  "1.0.0-alpha.1",
        "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0-rc.1",       "1.0.0",      "1.0.1",        "1.2.0",
        "1.10.0",           "2.0.0",      "10.0.0",       "18446744073709551615.0.0",
    };
    for (size_t i = 0; i < COUNT(rising); i++) {
        for (size_t k = 0; k < COUNT(rising); k++) {
            struct semver a, b;
            assert_true(semver_parse(str_of(rising[i]), &a) && semver_parse(str_of(rising[k]), &b));
            int order = semver_compare(&a, &b);
            CHECK_INT(rising[i], (order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}

TEST(equal)
{
    static const char *const rows[][2] = {
        {"1.2.3", "v1.2.3"},
        {"1.2.3+a", "1.2.3_b"},
        {"1.2.3-rc.1+a", "v1.2.3-rc.1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct semver a, b;
        assert_true(semver_parse(str_of(rows[i][0]), &a) && semver_parse(str_of(rows[i][1]), &b));
        CHECK_INT(rows[i][0], semver_compare(&a, &b), 0);
    }
}

TEST(huge_identifiers)
{
    struct semver a, b;
    assert_true(semver_parse(STR("1.0.0-99999999999999999999"), &a));
    assert_true(semver_parse(STR("1.0.0-100000000000000000000"), &b));
    assert_true(semver_compare(&a, &b) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(parts),
        cmocka_unit_test(order),
        cmocka_unit_test(equal),
        cmocka_unit_test(huge_identifiers),
    };
    return cmocka_run_group_tests_name("semver", tests, NULL, NULL);
}
