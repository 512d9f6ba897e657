/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/err.h"

#include "pinnace/banned.h"

enum { TEXT_MAX = sizeof(((struct err *)0)->text) - 1 };

TEST(setting)
{
    struct err err = ERR_CLEAN;
    assert_int_equal(err_set(&err, ERR_LIMIT, "%d bytes; at most %d are read", 9, 8), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.text, "9 bytes; at most 8 are read");
    assert_int_equal(err_set(&err, ERR_INPUT, "later"), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "later");
}

/* The functions themselves, behind the macros that say so to compilers. */
TEST(minus_one)
{
    struct err err = ERR_CLEAN;
    struct err *const whose[] = {&err, NULL};
    for (size_t i = 0; i < COUNT(whose); i++) {
        assert_int_equal((err_set)(whose[i], ERR_INPUT, "x"), -1);
        assert_int_equal((err_prefix)(whose[i], "y: "), -1);
        assert_int_equal((err_add_line)(whose[i], 1, 2), -1);
        assert_int_equal((err_no_memory)(whose[i]), -1);
    }
}

/* What is quoted of an input moves no cursor; what a file is called may be in any script. */
TEST(printable)
{
    static const struct {
        enum err_kind kind;
        const char *text;
    } rows[] = {
        {ERR_INPUT, "a?[2J?b? ~??"},
        {ERR_LIMIT, "a?[2J?b? ~??"},
        {ERR_MEMORY, "a\x1b[2J\nb\x7f ~\xc3\xa4"},
        {ERR_SYSTEM, "a\x1b[2J\nb\x7f ~\xc3\xa4"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        err_set(&err, rows[i].kind, "%s", "a\x1b[2J\nb\x7f ~\xc3\xa4");
        CHECK_STR(rows[i].text, ERR_TEXT(err), str_of(rows[i].text));
    }
}

TEST(nobody_asks)
{
    assert_int_equal(err_set(NULL, ERR_INPUT, "x"), -1);
    assert_int_equal(err_prefix(NULL, "x: "), -1);
    assert_int_equal(err_add_line(NULL, 1, 1), -1);
    assert_int_equal(err_no_memory(NULL), -1);
}

TEST(prefix)
{
    struct err err = ERR_CLEAN;
    err_set(&err, ERR_INPUT, "a key is given twice");
    assert_int_equal(err_prefix(&err, "%s, object %d: ", "deploy.yaml", 2), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "deploy.yaml, object 2: a key is given twice");
}

TEST(line)
{
    struct err err = ERR_CLEAN;
    err_set(&err, ERR_INPUT, "a key is given twice");
    assert_int_equal(err_add_line(&err, 3, 14), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "a key is given twice (line 3, column 14)");
}

TEST(memory)
{
    struct err err = ERR_CLEAN;
    assert_int_equal(err_no_memory(&err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_true(strlen(err.text) > 0);
    assert_null(strchr(err.text, '\n'));
}

/* Texts just shorter than the room, just as long, and longer, through all three. */
TEST(long_texts_are_cut)
{
    static const size_t lengths[] = {TEXT_MAX - 1, TEXT_MAX, TEXT_MAX + 1, 10 * TEXT_MAX};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char row[32];
        snprintf(row, sizeof(row), "%zu bytes", lengths[i]);
        struct str text = run_of(&arena, 't', lengths[i]), prefix = run_of(&arena, 'p', lengths[i]);
        size_t shown = lengths[i] < TEXT_MAX ? lengths[i] : TEXT_MAX;
        struct err err = ERR_CLEAN;
        err_set(&err, ERR_INPUT, "%s", text.ptr);
        CHECK_STR(row, ERR_TEXT(err), str_head(text, shown));
        err_add_line(&err, SIZE_MAX, SIZE_MAX);
        CHECK(row,
              strlen(err.text) <= TEXT_MAX && str_starts(ERR_TEXT(err), str_head(text, shown)));
        err_prefix(&err, "%s", prefix.ptr);
        CHECK(row, str_starts(ERR_TEXT(err), str_head(prefix, shown)));
        CHECK_INT(row, strlen(err.text), TEXT_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting),   cmocka_unit_test(nobody_asks),
        cmocka_unit_test(minus_one), cmocka_unit_test(printable),
        cmocka_unit_test(prefix),    cmocka_unit_test(line),
        cmocka_unit_test(memory),    cmocka_unit_test(long_texts_are_cut),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
