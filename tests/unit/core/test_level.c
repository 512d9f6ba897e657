/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/level.h"

#include "pinnace/banned.h"

TEST(levels)
{
    static const struct {
        struct str name;
        enum level level;
    } rows[] = {
        {STR_INIT("off"), LEVEL_OFF},
        {STR_INIT("tagged"), LEVEL_TAGGED},
        {STR_INIT("pinned"), LEVEL_PINNED},
        {STR_INIT("released"), LEVEL_RELEASED},
    };
    assert_int_equal(COUNT(rows), LEVELS);
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum level level = LEVELS;
        CHECK(rows[i].name.ptr, level_parse(rows[i].name, &level));
        CHECK_INT(rows[i].name.ptr, level, rows[i].level);
        CHECK_STR(rows[i].name.ptr, level_names[level], rows[i].name);
    }
    assert_true(LEVEL_OFF < LEVEL_TAGGED && LEVEL_TAGGED < LEVEL_PINNED &&
                LEVEL_PINNED < LEVEL_RELEASED);
}

TEST(modes)
{
    static const struct {
        struct str name;
        enum mode mode;
    } rows[] = {
        {STR_INIT("enforce"), MODE_ENFORCE},
        {STR_INIT("warn"), MODE_WARN},
        {STR_INIT("audit"), MODE_AUDIT},
    };
    assert_int_equal(COUNT(rows), MODES);
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum mode mode = MODES;
        CHECK(rows[i].name.ptr, mode_parse(rows[i].name, &mode));
        CHECK_INT(rows[i].name.ptr, mode, rows[i].mode);
        CHECK_STR(rows[i].name.ptr, mode_names[mode], rows[i].name);
    }
}

TEST(no_other_words)
{
    static const struct str words[] = {
        STR_INIT(""),        STR_INIT("Pinned"),   STR_INIT("pinned "),
        STR_INIT("pin"),     STR_INIT("pinnedd"),  STR_INIT("enforced"),
        STR_INIT("ENFORCE"), STR_INIT("pinned\0"), STR_INIT("unknown"),
        {NULL, 0},
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        enum level level = LEVEL_PINNED;
        enum mode mode = MODE_WARN;
        const char *row = words[i].ptr ? words[i].ptr : "none";
        CHECK(row, !level_parse(words[i], &level) && level == LEVEL_PINNED);
        CHECK(row, !mode_parse(words[i], &mode) && mode == MODE_WARN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(modes),
        cmocka_unit_test(no_other_words),
    };
    return cmocka_run_group_tests_name("level", tests, NULL, NULL);
}
