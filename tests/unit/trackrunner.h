/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackrunner: scenarios are run as they are told, then with all memory lost after each single step
 * and after all of them: whenever that is, everything comes to the same end, at the same times.
 */
#ifndef PINNACE_TESTS_TRACKRUNNER_H
#define PINNACE_TESTS_TRACKRUNNER_H

#include "tracklines.h"

struct scenario {
    const char *name;
    const char *lines[80];
};

static inline void run_scenario(const struct scenario *scenario, struct arena *arena,
                                int crash_after, struct world *world)
{
    begin_world(world, arena, scenario->name);
    world->crash_after = crash_after;
    for (size_t i = 0; i < COUNT(scenario->lines) && scenario->lines[i]; i++)
        run_line(world, scenario->lines[i]);
}

static inline void run_as_told(const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TEST_ARENA(arena);
        struct world world;
        run_scenario(&scenarios[i], &arena, 0, &world);
    }
}

static inline void expect_same_end(struct world *world, struct str want)
{
    struct str got = end_of(world);
    size_t at = 0;
    while (at < got.len && at < want.len && got.ptr[at] == want.ptr[at])
        at++;
    size_t begin = at > 200 ? at - 200 : 0;
    if (!str_eq(got, want))
        WORLD_FAIL(world, "it ends with\n  ...%.400s, not\n  ...%.400s", got.ptr + begin,
                   want.ptr + begin);
}

static inline void run_with_crashes(const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TEST_ARENA(arena);
        struct world world;
        run_scenario(&scenarios[i], &arena, 0, &world);
        int steps = (int)world.steps;
        struct str end = end_of(&world);
        assert_true(steps > 0);
        for (int crash = -1; crash <= steps; crash++) {
            TEST_ARENA(inner);
            run_scenario(&scenarios[i], &inner, crash, &world);
            expect_same_end(&world, end);
        }
    }
}

#define RUN_SCENARIOS(scenarios)                                                                   \
    TEST(as_told)                                                                                  \
    {                                                                                              \
        run_as_told(scenarios, COUNT(scenarios));                                                  \
    }                                                                                              \
    TEST(with_a_crash_after_every_step)                                                            \
    {                                                                                              \
        run_with_crashes(scenarios, COUNT(scenarios));                                             \
    }                                                                                              \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {                                                        \
            cmocka_unit_test(as_told),                                                             \
            cmocka_unit_test(with_a_crash_after_every_step),                                       \
        };                                                                                         \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
