/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/table.h"

#include "pinnace/banned.h"

static const struct str heads[] = {STR_INIT("NAME"), STR_INIT(""), STR_INIT("WHY")};

static void add(struct table *table, const char *name, const char *hidden, const char *why)
{
    struct str *cells = table_row(table);
    cells[0] = str_of(name);
    cells[1] = str_of(hidden);
    cells[2] = str_of(why);
}

static struct str print(struct table *table)
{
    struct buf buf = BUF_INIT(table->arena, 4096);
    struct err err = ERR_CLEAN;
    assert_int_equal(table_print(table, &buf, &err), 0);
    return finished(&buf);
}

TEST(columns_are_as_wide_as_what_is_in_them)
{
    static const struct {
        const char *name, *cell, *why, *printed;
    } rows[] = {
        {"short", "a", "b", "NAME   WHY\na      b\n"},
        {"long", "abcdef", "b", "NAME     WHY\nabcdef   b\n"},
        {"nothing is told", "", "", "NAME     WHY\n<none>   <none>\n"},
        {"characters count, not bytes", "\xc3\xa9t\xc3\xa9s!", "b",
         "NAME    WHY\n\xc3\xa9t\xc3\xa9s!   b\n"},
        {"no line ends early", "a\nb", "x\x1b[31m\x7f", "NAME   WHY\na?b    x?[31m?\n"},
        {"nor turns round", "a\xe2\x80\xae", "\xc2\x9b", "NAME   WHY\na?     ?\n"},
        {"bytes that are no text", "\xff\xc3", "b", "NAME   WHY\n??     b\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct table table;
        table_begin(&table, &arena, heads, COUNT(heads));
        add(&table, rows[i].cell, "left out", rows[i].why);
        CHECK_STR(rows[i].name, print(&table), str_of(rows[i].printed));
    }
}

TEST(later_rows_go_on_below)
{
    TEST_ARENA(arena);
    struct table table;
    table_begin(&table, &arena, heads, COUNT(heads));
    add(&table, "a", "", "1");
    CHECK_STR("first", print(&table), STR("NAME   WHY\na      1\n"));
    CHECK_STR("nothing new", print(&table), STR(""));
    add(&table, "abcdef", "", "2");
    CHECK_STR("wider", print(&table), STR("abcdef   2\n"));
    add(&table, "a", "", "3");
    CHECK_STR("never narrower", print(&table), STR("a        3\n"));
}

TEST(memory_that_is_out_is_told_at_the_end)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64);
    struct buf buf = BUF_INIT(&arena, 4096);
    struct table table;
    struct err err = ERR_CLEAN;
    table_begin(&table, &arena, heads, COUNT(heads));
    add(&table, "a", "", "1");
    assert_int_equal(table_print(&table, &buf, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_what_is_in_them),
        cmocka_unit_test(later_rows_go_on_below),
        cmocka_unit_test(memory_that_is_out_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
