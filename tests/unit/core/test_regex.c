/* SPDX-License-Identifier: Apache-2.0 */
/* What Go's regexp says of thousands of patterns is in tests/differential/select. */
#include "../check.h"

#include "pinnace/regex.h"

#include "pinnace/banned.h"

TEST(matches)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "abc", true},
        {"b", "abc", true},
        {"^b", "abc", false},
        {"c$", "abc", true},
        {"^abc$", "abc", true},
        {"^v\\d+\\.\\d+\\.\\d+$", "v1.20.3", true},
        {"^v\\d+\\.\\d+\\.\\d+$", "v1.20.3-rc", false},
        {"^main-[a-f0-9]{7,40}-(?P<ts>[0-9]+)$", "main-0123abc-1700000000", true},
        {"^main-[a-f0-9]{7,40}-(?P<ts>[0-9]+)$", "main-0123ab-1700000000", false},
        {"(?i)-RC", "1.0.0-rc", true},
        {"-RC", "1.0.0-rc", false},
        {"a|b|", "", true},
        {"^(a|bc)*d$", "abcbcad", true},
        {"^(a|bc)*d$", "abcbad", false},
        {"^[^-]+$", "1.2.3", true},
        {"^[^-]+$", "1.2.3-a", false},
        {"\\bfix\\b", "1-fix-2", true},
        {"\\bfix\\b", "1-prefix-2", false},
        {"x{2}", "xx", true},
        {"^x{2,3}$", "xxxx", false},
        {"^x{2,}$", "xxxx", true},
        {"^x{0}$", "", true},
        {"x{", "x{", true},
        {".", "", false},
        {"[[:upper:]]", "aB", true},
        {"\\x2d", "-", true},
        {".", "\xff", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        static struct regex regex;
        struct str pattern = exact_copy(str_of(rows[i].pattern));
        struct str text = exact_copy(str_of(rows[i].text));
        if (regex_compile(pattern, &regex, &err) < 0)
            fail_msg("%s: %s", rows[i].pattern, err.text);
        CHECK_INT(rows[i].pattern, regex_matches(&regex, text), rows[i].matches);
        exact_free(pattern);
        exact_free(text);
    }
}

TEST(refused)
{
    static const struct {
        const char *pattern, *says;
        enum err_kind kind;
    } rows[] = {
        {"(a", "column 1: the closing ) is missing", ERR_INPUT},
        {"a)", "column 2: this ) closes nothing", ERR_INPUT},
        {"a[b", "column 2: the closing ] is missing", ERR_INPUT},
        {"*", "column 1: nothing to repeat", ERR_INPUT},
        {"a|{2}", "column 3: nothing to repeat", ERR_INPUT},
        {"a**", "column 3: a repetition of a repetition", ERR_INPUT},
        {"a{3,2}", "column 2: this cannot be a number", ERR_INPUT},
        {"a{1001}", "cannot be a number", ERR_INPUT},
        {"a{99999999999999999999}", "cannot be a number", ERR_INPUT},
        {"[z-a]", "ends before it begins", ERR_INPUT},
        {"[[:nope:]]", "no class of characters", ERR_INPUT},
        {"\\", "nothing follows the backslash", ERR_INPUT},
        {"\\pN", "this escape is not supported", ERR_INPUT},
        {"\\1", "this escape is not supported", ERR_INPUT},
        {"\\xff", "only ASCII", ERR_INPUT},
        {"\xc3\xa4", "only ASCII", ERR_INPUT},
        {"a\nb", "", ERR_NONE},
        {"(?=a)", "only (?:...)", ERR_INPUT},
        {"(?P<>a)", "name of the group", ERR_INPUT},
        {"(a{30}){30}", "too large once its repetitions", ERR_LIMIT},
        {"((a{9}){9}){9}", "too large once its repetitions", ERR_LIMIT},
        {"((){1000}){1000}", "too large once its repetitions", ERR_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        static struct regex regex;
        struct str pattern = exact_copy(str_of(rows[i].pattern));
        regex.step_count = 7;
        CHECK_INT(rows[i].pattern, regex_compile(pattern, &regex, &err),
                  rows[i].kind == ERR_NONE ? 0 : -1);
        CHECK_INT(rows[i].pattern, err.kind, rows[i].kind);
        CHECK_HAS(rows[i].pattern, ERR_TEXT(err), rows[i].says);
        CHECK(rows[i].pattern, rows[i].kind == ERR_NONE || regex.step_count == 7);
        exact_free(pattern);
    }
}

TEST(depth)
{
    TEST_ARENA(arena);
    static struct regex regex;
    for (int depth = 32; depth <= 33; depth++) {
        struct buf buf = BUF_INIT(&arena, 1024);
        for (int i = 0; i < depth; i++)
            buf_add_char(&buf, '(');
        for (int i = 0; i < depth; i++)
            buf_add_char(&buf, ')');
        assert_int_equal(regex_compile(finished(&buf), &regex, NULL), depth == 32 ? 0 : -1);
    }
    struct err err = ERR_CLEAN;
    assert_int_equal(regex_compile(run_of(&arena, 'a', REGEX_MAX_BYTES), &regex, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT); /* the match is a step, too */
    assert_int_equal(regex_compile(run_of(&arena, 'a', REGEX_MAX_BYTES + 1), &regex, &err), -1);
}

/* Patterns with which others take for ever, on as long a tag as there is. */
TEST(hostile)
{
    static const char *const patterns[] = {"^(a+)+$",
                                           "^(a|a)*$",
                                           "^(a?){30}a{30}$",
                                           "(x+x+)+y",
                                           "^(([a-z])+.)+[A-Z]$",
                                           "(.*)(.*)(.*)(.*)(.*)[0-9]"};
    TEST_ARENA(arena);
    static struct regex regex;
    struct buf buf = BUF_INIT(&arena, 1024);
    buf_add(&buf, run_of(&arena, 'a', 127));
    buf_add_char(&buf, '!');
    struct str text = finished(&buf);
    for (size_t i = 0; i < COUNT(patterns); i++) {
        CHECK_INT(patterns[i], regex_compile(str_of(patterns[i]), &regex, NULL), 0);
        CHECK(patterns[i], !regex_matches(&regex, text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(refused),
        cmocka_unit_test(depth),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests_name("regex", tests, NULL, NULL);
}
