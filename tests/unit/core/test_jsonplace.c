/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

/* The place asked for is behind the first ^, which is taken out. */
TEST(places)
{
    static const struct {
        const char *text, *path;
        size_t line, column;
    } rows[] = {
        {"^", "", 1, 1},
        {"^{}", "", 1, 1},
        {"{^}", "", 1, 2},
        {"{}^", "", 1, 3},
        {"{'a':^1}", "a", 1, 6},
        {"{'a':1,'b':^2}", "b", 1, 12},
        {"{'a':1,'':^2}", "", 1, 11},
        {"{'a':1,'':{'b':^2}}", "b", 1, 16},
        {"{'a':1,'^b':2}", "b", 1, 9},
        {"{'a':{'b':^2}}", "a.b", 1, 11},
        {"{'a':{'b':2}^}", "a", 1, 13},
        {"{'a':{'b':2},'c':^3}", "c", 1, 18},
        {"[^1]", "[0]", 1, 2},
        {"[1,^2]", "[1]", 1, 4},
        {"[[1,2],[3,^4]]", "[1][1]", 1, 11},
        {"[{'a':1},{'a':^2}]", "[1].a", 1, 15},
        {"{'a':[1,[2,{'b':^3}]]}", "a[1][1].b", 1, 17},
        {"{'request':{'object':{'spec':{'containers':[0,{},[],{'image':^1}]}}}}",
         "request.object.spec.containers[3].image", 1, 62},
        {"{\n  'a': ^1\n}", "a", 2, 8},
        {"{\n\n\n^}", "", 4, 1},
        {"{'a':1}\n^", "", 2, 1},
        {"{\r\n'a':^1}", "a", 2, 5},
        {"{'a,[{}]:':1,'b':^2}", "b", 1, 18},
        {"{'a\\'b':^2}", "a\\'b", 1, 9},
        {"{'a\\\\':^2}", "a\\\\", 1, 8},
        {"{'a':'x,[{',^'b':2}", "b", 1, 13},
        {"{'a':1^,'b':2}", "a", 1, 7},
        {"['a:b',^1]", "[1]", 1, 8},
        {"{'a':'b',^", "a", 1, 10},
        {"{'a^b':1}", "ab", 1, 4},
        {"{'^", "", 1, 3},
        {"]]]}^", "", 1, 5},
        {"[}^", "", 1, 3},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_place place;
        struct str text = json_of(&arena, rows[i].text);
        size_t offset = str_find(text, '^');
        struct buf buf = BUF_INIT(&arena, 1000);
        buf_add(&buf, str_head(text, offset));
        buf_add(&buf, str_tail(text, offset + 1));
        struct str copy = exact_copy(finished(&buf));
        json_place_of(copy, offset, &place);
        exact_free(copy);
        CHECK_INT(rows[i].text, place.line, rows[i].line);
        CHECK_INT(rows[i].text, place.column, rows[i].column);
        CHECK_STR(rows[i].text, str_of(place.path), json_of(&arena, rows[i].path));
    }
}

TEST(beyond_the_end)
{
    struct json_place place;
    json_place_of(STR("{\"a\":\n1"), 1000, &place);
    assert_string_equal(place.path, "a");
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 2);
    json_place_of(STR_NONE, 7, &place);
    assert_string_equal(place.path, "");
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 1);
}

TEST(long_paths_are_cut)
{
    TEST_ARENA(arena);
    for (size_t len = 0; len < 70; len++) {
        struct json_place place;
        struct buf buf = BUF_INIT(&arena, 100000);
        char row[32];
        snprintf(row, sizeof(row), "keys of %zu", len);
        for (int i = 0; i < 60; i++)
            buf_addf(&buf, "{\"%s\":", run_of(&arena, 'k', len).ptr);
        struct str text = finished(&buf);
        json_place_of(text, text.len, &place);
        CHECK(row, memchr(place.path, '\0', sizeof(place.path)) != NULL);
        size_t whole = 60 * (len + 1) - 1;
        if (len > 0 && whole < sizeof(place.path))
            CHECK_INT(row, strlen(place.path), whole);
        if (whole >= sizeof(place.path) && len <= 64)
            CHECK_INT(row, strlen(place.path), sizeof(place.path) - 1);
    }
}

TEST(long_keys_are_cut)
{
    TEST_ARENA(arena);
    for (size_t len = 62; len <= 66; len++) {
        struct json_place place;
        struct str text = json_format(&arena, "{'%s':{'b':1}}", run_of(&arena, 'k', len).ptr);
        json_place_of(text, text.len - 3, &place);
        size_t shown = len <= 64 ? len : 64;
        CHECK_STR("key", str_of(place.path),
                  json_format(&arena, "%s.b", run_of(&arena, 'k', shown).ptr));
    }
}

TEST(keys_are_printable)
{
    static const struct {
        struct str key;
        const char *path;
    } rows[] = {
        {STR_INIT("a b"), "a?b"},
        {STR_INIT("~!"), "~!"},
        {STR_INIT("\x1b[2J\n\t"), "?[2J??"},
        {STR_INIT("\xc3\xa4\x7f"), "???"},
        {STR_INIT("a\0b"), "a?b"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_place place;
        struct buf buf = BUF_INIT(&arena, 100);
        buf_add(&buf, STR("{\""));
        buf_add(&buf, rows[i].key);
        buf_add(&buf, STR("\":x"));
        struct str text = finished(&buf);
        json_place_of(text, text.len - 1, &place);
        CHECK_STR(rows[i].path, str_of(place.path), str_of(rows[i].path));
    }
}

/* Deeper than anything that is read, and closed again: no level is written that is not there. */
TEST(any_depth)
{
    TEST_ARENA(arena);
    for (size_t depth = 1; depth < 1000; depth += 37) {
        struct json_place place;
        struct buf buf = BUF_INIT(&arena, 10000);
        buf_add(&buf, run_of(&arena, '[', depth));
        buf_add(&buf, run_of(&arena, ']', 2 * depth));
        struct str text = finished(&buf);
        for (size_t offset = 0; offset <= text.len; offset++) {
            json_place_of(text, offset, &place);
            assert_true(strlen(place.path) < sizeof(place.path));
            assert_int_equal(place.column, offset + 1);
        }
        json_place_of(text, text.len, &place);
        assert_string_equal(place.path, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(beyond_the_end),
        cmocka_unit_test(long_paths_are_cut),
        cmocka_unit_test(long_keys_are_cut),
        cmocka_unit_test(keys_are_printable),
        cmocka_unit_test(any_depth),
    };
    return cmocka_run_group_tests_name("jsonplace", tests, NULL, NULL);
}
