/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/nslevels.h"

#include "pinnace/banned.h"

/* "enforce=pinned warn=pined? audit-": a question mark behind what is no level, a dash for no label. */
static void describe(const struct nslevels *levels, char *text, size_t size)
{
    size_t len = 0;
    for (int mode = 0; mode < MODES; mode++) {
        const struct nslevel *level = &levels->modes[mode];
        len += (size_t)snprintf(text + len, size - len, "%s%.*s", mode ? " " : "",
                                STR_FMT(mode_names[mode]));
        if (!level->value.ptr)
            len += (size_t)snprintf(text + len, size - len, "-");
        else
            len += (size_t)snprintf(text + len, size - len, "=%.*s%s", STR_FMT(level->value),
                                    level->known ? "" : "?");
        assert_true(level->known || level->level == LEVEL_OFF);
        if (level->known)
            assert_true(str_eq(level->value, level_names[level->level]));
    }
}

TEST(what_labels_say)
{
    static const struct {
        const char *json, *says;
    } rows[] = {
        {"{}", "enforce- warn- audit-"},
        {"{\"metadata\":null}", "enforce- warn- audit-"},
        {"{\"metadata\":{\"labels\":null}}", "enforce- warn- audit-"},
        {"{\"metadata\":{\"labels\":{\"a\":\"b\"},\"name\":\"x\"},\"spec\":{}}",
         "enforce- warn- audit-"},
        {"{\"metadata\":{\"labels\":{\"pinnace.dev/enforce\":\"pinned\","
         "\"pinnace.dev/warn\":\"released\",\"pinnace.dev/audit\":\"off\"}}}",
         "enforce=pinned warn=released audit=off"},
        {"{\"metadata\":{\"labels\":{\"pinnace.dev/enforce\":\"pined\",\"pinnace.dev/"
         "warn\":\"\"}}}",
         "enforce=pined? warn=? audit-"},
        {"{\"metadata\":{\"labels\":{\"pinnace.dev\\u002fenforce\":\"tag\\u0067ed\"}}}",
         "enforce=tagged warn- audit-"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct nslevels levels;
        struct err err = ERR_CLEAN;
        char text[256] = "";
        CHECK_INT(rows[i].json, nslevels_read(str_of(rows[i].json), &arena, &levels, &err), 0);
        describe(&levels, text, sizeof(text));
        CHECK_STR(rows[i].json, str_of(text), str_of(rows[i].says));
    }
}

TEST(deep_fields_of_others)
{
    TEST_ARENA(arena);
    struct nslevels levels;
    struct str json = json_format(
        &arena, "{'metadata':{'managedFields':%s,'labels':{'pinnace.dev/enforce':'pinned'}}}",
        nested(&arena, 10000).ptr);
    assert_int_equal(nslevels_read(json, &arena, &levels, NULL), 0);
    assert_int_equal(levels.modes[MODE_ENFORCE].level, LEVEL_PINNED);
}

TEST(what_is_no_namespace)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{\"metadata\":[]}",
        "{\"metadata\":{\"labels\":[]}}",
        "{\"metadata\":{\"labels\":{\"pinnace.dev/enforce\":1}}}",
        "{\"metadata\":{\"labels\":{\"pinnace.dev/warn\":\"off\",\"pinnace.dev/warn\":\"off\"}}}",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct nslevels levels = {.modes = {{.known = true}}};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], nslevels_read(str_of(rows[i]), &arena, &levels, &err), -1);
        CHECK_INT(rows[i], err.kind, ERR_INPUT);
        CHECK(rows[i], levels.modes[0].known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_labels_say),
        cmocka_unit_test(deep_fields_of_others),
        cmocka_unit_test(what_is_no_namespace),
    };
    return cmocka_run_group_tests_name("nslevels", tests, NULL, NULL);
}
