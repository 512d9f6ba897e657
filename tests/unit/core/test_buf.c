/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/buf.h"

#include "pinnace/banned.h"

TEST(pieces_come_out_in_order)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 1000);
    struct str text;
    struct err err = ERR_CLEAN;
    buf_add(&buf, STR("spec"));
    buf_add_char(&buf, '.');
    buf_add(&buf, STR_NONE);
    buf_addf(&buf, "containers[%d]", 3);
    assert_int_equal(buf_finish(&buf, &text, &err), 0);
    CHECK_STR("text", text, STR("spec.containers[3]"));
    CHECK_INT("NUL behind", text.ptr[text.len], '\0');
    CHECK_INT("err untouched", err.kind, ERR_NONE);
}

TEST(nothing_written_is_empty_text)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 0);
    struct str text = STR_NONE;
    assert_int_equal(buf_finish(&buf, &text, NULL), 0);
    assert_non_null(text.ptr);
    assert_int_equal(text.len, 0);
    assert_int_equal(text.ptr[0], '\0');
}

TEST(bytes_are_kept_as_they_are)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 100);
    buf_add(&buf, STR("a\0b\xff"));
    buf_add_char(&buf, '\0');
    CHECK_STR("bytes", finished(&buf), STR("a\0b\xff\0"));
}

/* Up to the ceiling, not one byte past it, by each of the ways to append. */
TEST(the_ceiling_is_exact)
{
    static const size_t ceilings[] = {1, 2, 255, 256, 257, 511, 512, 513, 1000, 4096};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(ceilings); i++) {
        struct str most = run_of(&arena, 'x', ceilings[i]);
        for (int way = 0; way < 3; way++) {
            char row[64];
            snprintf(row, sizeof(row), "ceiling %zu, way %d", ceilings[i], way);
            struct buf buf = BUF_INIT(&arena, ceilings[i]);
            if (way == 0)
                buf_add(&buf, most);
            else if (way == 1)
                buf_addf(&buf, "%s", most.ptr);
            else
                for (size_t k = 0; k < most.len; k++)
                    buf_add_char(&buf, 'x');
            CHECK_STR(row, finished(&buf), most);
            struct str text = STR("untouched");
            struct err err = ERR_CLEAN;
            buf_add_char(&buf, 'y');
            CHECK_INT(row, buf_finish(&buf, &text, &err), -1);
            CHECK_STR(row, text, STR("untouched"));
            CHECK_INT(row, err.kind, ERR_MEMORY);
        }
    }
}

TEST(what_is_too_long_at_once_fails)
{
    TEST_ARENA(arena);
    struct str long_text = run_of(&arena, 'x', 301);
    for (int way = 0; way < 2; way++) {
        struct buf buf = BUF_INIT(&arena, 300);
        struct str text = STR("untouched");
        if (way == 0)
            buf_add(&buf, long_text);
        else
            buf_addf(&buf, "%s", long_text.ptr);
        assert_true(buf.failed);
        assert_int_equal(buf_finish(&buf, &text, NULL), -1);
        assert_true(str_eq(text, STR("untouched")));
    }
}

/* A failed buffer stays failed, even for what would fit. */
TEST(failure_stays)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 4);
    struct str text;
    buf_add(&buf, STR("12345"));
    buf_add(&buf, STR("1"));
    buf_addf(&buf, "%d", 1);
    buf_add_char(&buf, '1');
    buf_add_quoted(&buf, STR("1"), 10);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf_finish(&buf, &text, NULL), -1);
}

TEST(a_full_arena_fails_the_buffer)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(1024);
    struct buf buf = BUF_INIT(&arena, 100 * 1000);
    struct err err = ERR_CLEAN;
    struct str text;
    for (int i = 0; i < 5000; i++)
        buf_add_char(&buf, 'x');
    assert_int_equal(buf_finish(&buf, &text, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
}

TEST(formats_of_every_length)
{
    TEST_ARENA(arena);
    for (size_t len = 0; len < 600; len++) {
        char row[32];
        snprintf(row, sizeof(row), "%zu bytes", len);
        struct str text = run_of(&arena, 'f', len);
        struct buf buf = BUF_INIT(&arena, 2000);
        buf_add(&buf, STR("<"));
        buf_addf(&buf, "%.*s", (int)len, text.ptr);
        buf_add(&buf, STR(">"));
        struct str all = finished(&buf);
        CHECK_INT(row, all.len, len + 2);
        CHECK_STR(row, str_head(str_tail(all, 1), len), text);
        CHECK_INT(row, all.ptr[len + 1], '>');
    }
}

TEST(writing_goes_on_after_finish)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 100);
    buf_add(&buf, STR("one"));
    CHECK_STR("first", finished(&buf), STR("one"));
    buf_add(&buf, STR(" two"));
    CHECK_STR("second", finished(&buf), STR("one two"));
}

TEST(quoting)
{
    static const struct {
        const char *name;
        struct str text;
        size_t max;
        struct str quoted;
    } rows[] = {
        {"plain", STR_INIT("nginx:1.27"), 100, STR_INIT("\"nginx:1.27\"")},
        {"empty", STR_INIT(""), 100, STR_INIT("\"\"")},
        {"none", {NULL, 0}, 100, STR_INIT("\"\"")},
        {"quote and backslash", STR_INIT("a\"b\\c"), 100, STR_INIT("\"a\\\"b\\\\c\"")},
        {"newline", STR_INIT("a\nb"), 100, STR_INIT("\"a\\nb\"")},
        {"NUL", STR_INIT("a\0b"), 100, STR_INIT("\"a<U+0000>b\"")},
        {"escape sequence of a terminal", STR_INIT("\x1b[2J"), 100, STR_INIT("\"<U+001B>[2J\"")},
        {"delete", STR_INIT("\x7f"), 100, STR_INIT("\"<U+007F>\"")},
        {"carriage return", STR_INIT("\r"), 100, STR_INIT("\"<U+000D>\"")},
        {"Cyrillic that looks like x", STR_INIT("\xd1\x85"), 100, STR_INIT("\"<U+0445>\"")},
        {"C1 control", STR_INIT("\xc2\x9b"), 100, STR_INIT("\"<U+009B>\"")},
        {"turns the text around", STR_INIT("\xe2\x80\xae"), 100, STR_INIT("\"<U+202E>\"")},
        {"beyond the first plane", STR_INIT("\xf0\x9f\x90\xb3"), 100, STR_INIT("\"<U+1F433>\"")},
        {"no UTF-8", STR_INIT("a\xff\x62"), 100, STR_INIT("\"a<byte FF>b\"")},
        {"half a character", STR_INIT("\xe2\x80"), 100, STR_INIT("\"<byte E2><byte 80>\"")},
        {"cut", STR_INIT("abcdefgh"), 4, STR_INIT("\"abcd...\"")},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = BUF_INIT(&arena, 1000);
        buf_add_quoted(&buf, rows[i].text, rows[i].max);
        CHECK_STR(rows[i].name, finished(&buf), rows[i].quoted);
    }
}

/* A text of just as many bytes as may be shown is shown whole. */
TEST(quoting_shows_what_it_may)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 1000);
    buf_add_quoted(&buf, STR("abcdefgh"), 8);
    CHECK_STR("exactly as long as allowed", finished(&buf), STR("\"abcdefgh\""));
}

/* However it is written out, what comes is not much longer than what was asked for. */
TEST(quoting_is_bounded)
{
    static const char bytes[] = {'a', '"', '\n', '\0', '\xff', '\x80'};
    TEST_ARENA(arena);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        char row[32];
        snprintf(row, sizeof(row), "byte %02x", (unsigned char)bytes[i]);
        struct buf buf = BUF_INIT(&arena, 100000);
        buf_add_quoted(&buf, run_of(&arena, bytes[i], 10000), 300);
        struct str text = finished(&buf);
        CHECK(row, text.len <= 300 + 16);
        CHECK(row, str_ends(text, STR("...\"")));
        for (size_t k = 0; k < text.len; k++)
            CHECK(row, text.ptr[k] >= ' ' && text.ptr[k] <= '~');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_out_in_order),
        cmocka_unit_test(nothing_written_is_empty_text),
        cmocka_unit_test(bytes_are_kept_as_they_are),
        cmocka_unit_test(the_ceiling_is_exact),
        cmocka_unit_test(what_is_too_long_at_once_fails),
        cmocka_unit_test(failure_stays),
        cmocka_unit_test(a_full_arena_fails_the_buffer),
        cmocka_unit_test(formats_of_every_length),
        cmocka_unit_test(writing_goes_on_after_finish),
        cmocka_unit_test(quoting),
        cmocka_unit_test(quoting_shows_what_it_may),
        cmocka_unit_test(quoting_is_bounded),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
