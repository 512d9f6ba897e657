/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/str.h"

#include "pinnace/banned.h"

TEST(equality)
{
    static const struct {
        const char *name;
        struct str a, b;
        bool same, same_nocase;
    } rows[] = {
        {"same", STR_INIT("web"), STR_INIT("web"), true, true},
        {"other case", STR_INIT("Web"), STR_INIT("wEB"), false, true},
        {"prefix", STR_INIT("web"), STR_INIT("we"), false, false},
        {"other byte", STR_INIT("web"), STR_INIT("wen"), false, false},
        {"both empty", STR_INIT(""), {NULL, 0}, true, true},
        {"empty and not", STR_INIT(""), STR_INIT("a"), false, false},
        {"behind a NUL", STR_INIT("a\0b"), STR_INIT("a\0c"), false, false},
        {"@ is no upper case `", STR_INIT("@"), STR_INIT("`"), false, false},
        {"[ is no upper case {", STR_INIT("["), STR_INIT("{"), false, false},
        {"beyond ASCII", STR_INIT("\xc4"), STR_INIT("\xe4"), false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_INT(rows[i].name, str_eq(rows[i].a, rows[i].b), rows[i].same);
        CHECK_INT(rows[i].name, str_eq(rows[i].b, rows[i].a), rows[i].same);
        CHECK_INT(rows[i].name, str_eq_nocase(rows[i].a, rows[i].b), rows[i].same_nocase);
        CHECK_INT(rows[i].name, str_eq_nocase(rows[i].b, rows[i].a), rows[i].same_nocase);
    }
}

TEST(ends)
{
    static const struct {
        const char *name;
        struct str text, part;
        bool starts, ends;
    } rows[] = {
        {"whole", STR_INIT("abc"), STR_INIT("abc"), true, true},
        {"front", STR_INIT("abc"), STR_INIT("ab"), true, false},
        {"back", STR_INIT("abc"), STR_INIT("bc"), false, true},
        {"nothing", STR_INIT("abc"), STR_INIT(""), true, true},
        {"nothing in nothing", {NULL, 0}, STR_INIT(""), true, true},
        {"longer than the text", STR_INIT("abc"), STR_INIT("abcd"), false, false},
        {"other case", STR_INIT("abc"), STR_INIT("A"), false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_INT(rows[i].name, str_starts(rows[i].text, rows[i].part), rows[i].starts);
        CHECK_INT(rows[i].name, str_ends(rows[i].text, rows[i].part), rows[i].ends);
    }
}

TEST(finding)
{
    static const struct {
        const char *name;
        struct str text;
        char c;
        size_t first, last;
    } rows[] = {
        {"twice", STR_INIT("a/b/c"), '/', 1, 3},
        {"once", STR_INIT("a/b"), '/', 1, 1},
        {"at both ends", STR_INIT("/ab/"), '/', 0, 3},
        {"nowhere", STR_INIT("abc"), '/', STR_NOT_FOUND, STR_NOT_FOUND},
        {"in nothing", {NULL, 0}, '/', STR_NOT_FOUND, STR_NOT_FOUND},
        {"the NUL behind a literal is no part of it", STR_INIT("abc"), '\0', STR_NOT_FOUND,
         STR_NOT_FOUND},
        {"a NUL within", STR_INIT("a\0b\0"), '\0', 1, 3},
        {"beyond ASCII", STR_INIT("a\xff"), '\xff', 1, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(rows[i].name, str_find(rows[i].text, rows[i].c) == rows[i].first);
        CHECK(rows[i].name, str_rfind(rows[i].text, rows[i].c) == rows[i].last);
    }
}

TEST(parts)
{
    struct str text = STR("host/path");
    for (size_t i = 0; i <= text.len; i++) {
        struct str head = str_head(text, i), tail = str_tail(text, i);
        assert_int_equal(head.len + tail.len, text.len);
        assert_ptr_equal(head.ptr + head.len, tail.ptr);
        assert_true(str_eq(str_between(head.ptr, tail.ptr + tail.len), text));
    }
}

TEST(trimming)
{
    static const struct {
        const char *name;
        struct str text, trimmed;
    } rows[] = {
        {"nothing to take away", STR_INIT("a b"), STR_INIT("a b")},
        {"before and after", STR_INIT(" \t a b\r\n"), STR_INIT("a b")},
        {"nothing but white space", STR_INIT(" \n\t\r"), STR_INIT("")},
        {"nothing", {NULL, 0}, STR_INIT("")},
        {"a NUL is not white space", STR_INIT("\0 "), STR_INIT("\0")},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].name, str_eq(str_trimmed(rows[i].text), rows[i].trimmed));
}

TEST(words)
{
    static const struct {
        const char *name;
        struct str text;
        bool is_word;
    } rows[] = {
        {"one", STR_INIT("!abc~"), true},
        {"nothing", STR_INIT(""), false},
        {"nothing at all", {NULL, 0}, false},
        {"a blank", STR_INIT("a b"), false},
        {"the end of a line", STR_INIT("ab\n"), false},
        {"a NUL", STR_INIT("a\0b"), false},
        {"DEL", STR_INIT("a\x7f"), false},
        {"beyond ASCII", STR_INIT("a\xff"), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].name, str_is_word(rows[i].text), rows[i].is_word);
}

TEST(making)
{
    assert_null(str_of(NULL).ptr);
    assert_int_equal(str_of(NULL).len, 0);
    assert_int_equal(str_of("").len, 0);
    assert_non_null(str_of("").ptr);
    assert_int_equal(str_of("abc").len, 3);
    assert_int_equal(STR("a\0b").len, 3);
}

TEST(printing_is_cut_and_takes_null)
{
    TEST_ARENA(arena);
    char out[8192];
    struct str longest = run_of(&arena, 'x', 5000);
    assert_int_equal(snprintf(out, sizeof(out), "%.*s", STR_FMT(longest)), 4096);
    assert_int_equal(snprintf(out, sizeof(out), "%.*s", STR_FMT(str_head(longest, 4096))), 4096);
    assert_int_equal(snprintf(out, sizeof(out), "%.*s", STR_FMT(str_head(longest, 7))), 7);
    assert_int_equal(snprintf(out, sizeof(out), "%.*s", STR_FMT(STR_NONE)), 0);
}

TEST(ascii_classes)
{
    for (int c = 0; c < 256; c++) {
        bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
        char row[16];
        snprintf(row, sizeof(row), "byte %02x", (unsigned)c);
        CHECK_INT(row, ascii_is_digit((char)c), c >= '0' && c <= '9');
        CHECK_INT(row, ascii_is_alpha((char)c), upper || lower);
        CHECK_INT(row, ascii_is_space((char)c), c == ' ' || c == '\t' || c == '\n' || c == '\r');
        CHECK_INT(row, (unsigned char)ascii_lower((char)c), upper ? c + 32 : c);
    }
    for (int i = 0; i < 22; i++)
        CHECK_INT("hex", ascii_hex_value("0123456789abcdefABCDEF"[i]), i < 16 ? i : i - 6);
    for (int i = 0; i < 8; i++)
        CHECK_INT("no hex", ascii_hex_value("/:@G`g \xff"[i]), -1);
}

TEST(compare)
{
    static const struct {
        struct str a, b;
        int order;
    } rows[] = {
        {STR_INIT(""), STR_INIT(""), 0},      {STR_INIT(""), STR_INIT("a"), -1},
        {STR_INIT("a"), STR_INIT("a"), 0},    {STR_INIT("a"), STR_INIT("ab"), -1},
        {STR_INIT("b"), STR_INIT("ab"), 1},   {STR_INIT("a\0b"), STR_INIT("a\0c"), -1},
        {STR_INIT("\xff"), STR_INIT("a"), 1}, {{NULL, 0}, STR_INIT("a"), -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int order = str_compare(rows[i].a, rows[i].b), back = str_compare(rows[i].b, rows[i].a);
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        assert_int_equal((back > 0) - (back < 0), -rows[i].order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality),      cmocka_unit_test(ends),
        cmocka_unit_test(finding),       cmocka_unit_test(parts),
        cmocka_unit_test(making),        cmocka_unit_test(printing_is_cut_and_takes_null),
        cmocka_unit_test(ascii_classes), cmocka_unit_test(compare),
        cmocka_unit_test(trimming),      cmocka_unit_test(words),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
