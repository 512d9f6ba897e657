/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/lines.h"

#include "pinnace/banned.h"

/* All lines joined with "|"; chunk: how many bytes come at a time. */
static struct str taken(struct arena *arena, struct str text, size_t chunk, size_t limit,
                        int *ret_code)
{
    struct lines lines = LINES_INIT(limit);
    struct buf out = BUF_INIT(arena, 4096);
    struct err err = ERR_CLEAN;
    struct str line;
    *ret_code = 0;
    for (size_t at = 0; at < text.len && *ret_code == 0; at += chunk) {
        size_t len = text.len - at < chunk ? text.len - at : chunk;
        struct str piece = exact_copy((struct str){text.ptr + at, len});
        *ret_code = lines_add(&lines, piece, &err);
        exact_free(piece);
        while (*ret_code == 0 && lines_next(&lines, &line)) {
            buf_add(&out, line);
            buf_add_char(&out, '|');
        }
    }
    if (*ret_code < 0)
        CHECK_INT("too long", err.kind, ERR_LIMIT);
    lines_free(&lines);
    return finished(&out);
}

TEST(chunks_do_not_matter)
{
    static const struct {
        const char *name;
        struct str text, lines;
        size_t limit;
        int code;
    } rows[] = {
        {"nothing", STR_INIT(""), STR_INIT(""), 10, 0},
        {"half a line", STR_INIT("abc"), STR_INIT(""), 10, 0},
        {"lines", STR_INIT("abc\nde\n\nf\n"), STR_INIT("abc|de||f|"), 10, 0},
        {"a rest", STR_INIT("abc\nde"), STR_INIT("abc|"), 10, 0},
        {"just long enough", STR_INIT("abcde\nabcde\n"), STR_INIT("abcde|abcde|"), 5, 0},
        {"NUL and CR are bytes like others", STR_INIT("a\0b\r\n"), STR_INIT("a\0b\r|"), 10, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t chunk = 1; chunk < 14; chunk++) {
            TEST_ARENA(arena);
            int code;
            struct str lines = taken(&arena, rows[i].text, chunk, rows[i].limit, &code);
            CHECK_STR(rows[i].name, lines, rows[i].lines);
            CHECK_INT(rows[i].name, code, rows[i].code);
        }
}

TEST(too_long)
{
    static const struct str texts[] = {STR_INIT("abcdef"), STR_INIT("abcdef\n"),
                                       STR_INIT("ab\nabcdef\nab\n"), STR_INIT("ab\nab\nabcdef")};
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t chunk = 1; chunk < 16; chunk++) {
            TEST_ARENA(arena);
            int code;
            taken(&arena, texts[i], chunk, 5, &code);
            CHECK_INT(texts[i].ptr, code, -1);
        }
}

/* Bytes of a long line are not looked at again with each chunk, and what it took is given back. */
TEST(long_lines)
{
    TEST_ARENA(arena);
    struct lines lines = LINES_INIT(32 * 1024 * 1024);
    struct str piece = run_of(&arena, 'x', 1000), line;
    struct err err = ERR_CLEAN;
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(lines_add(&lines, piece, &err), 0);
        assert_false(lines_next(&lines, &line));
    }
    assert_int_equal(lines_add(&lines, STR("\nrest"), &err), 0);
    assert_true(lines_next(&lines, &line));
    assert_int_equal(line.len, 20000 * 1000);
    assert_false(lines_next(&lines, &line));
    assert_int_equal(lines_add(&lines, STR("\n"), &err), 0);
    assert_true(lines_next(&lines, &line));
    CHECK_STR("the next line", line, STR("rest"));
    assert_int_equal(lines_add(&lines, STR(""), &err), 0);
    assert_true(lines.cap == 0);
    lines_free(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_do_not_matter),
        cmocka_unit_test(too_long),
        cmocka_unit_test(long_lines),
    };
    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
