/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation in an arena of no room, of a little, of a little more, until it is enough: so
 * that each piece of memory is once the one that there is no room for.
 */
#include "operations.h"

#include "pinnace/banned.h"

enum { STEP = 16, FAR = 4096, STEP_FAR = 208, MOST = 4 * 1024 * 1024 };

static size_t sweep(const struct work *work)
{
    for (size_t room = 0; room < MOST; room += room < FAR ? STEP : STEP_FAR) {
        char row[128];
        struct arena arena ARENA_SCOPED = ARENA_INIT(room);
        struct err err = ERR_CLEAN;
        snprintf(row, sizeof(row), "%s in %zu bytes", work->name, room);
        complaint = NULL;
        int result = work->run(&arena, &err);
        CHECK_STR(row, str_of(complaint ? complaint : ""), STR(""));
        CHECK(row, arena.taken <= room);
        if (result == 0)
            return room;
        CHECK_STR(row, str_of(err.kind == ERR_MEMORY ? "" : err.text), STR(""));
    }
    fail_msg("%s: no room is enough", work->name);
    return 0;
}

TEST(ceilings)
{
    TEST_ARENA(arena);
    make_texts(&arena);
    for (size_t i = 0; i < COUNT(works); i++) {
        size_t room = sweep(&works[i]);
        if (works[i].run != run_json)
            CHECK(works[i].name, room > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ceilings)};
    return cmocka_run_group_tests_name("ceilings", tests, NULL, NULL);
}
