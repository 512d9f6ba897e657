/* SPDX-License-Identifier: Apache-2.0 */
#include "../trackworld.h"

#include "pinnace/banned.h"

struct scenario {
    const char *name;
    const char *lines[64];
};

static const struct scenario scenarios[] = {
    {"follow a tag, roll, healthy, fail, back",
     {
         "deployment staging/web 1 latest", "push latest 1", "track staging/web", "wait 0",
         "> Adopted 1", "= staging/web Current 1 - - -", "wait 600", "> nothing",
         "push latest 2", "wait 0", "> RollingOut 2, apply web 2", "= staging/web Rolling 2 1 - -",
         "wait 5", "= staging/web Soaking 2 1 - -", "wait 59", "> nothing",
         "wait 1", "> Healthy 2", "= staging/web Current 2 1 - -",
         "rows staging/web 2Healthy 1Adopted",
         "bytes 3 crash", "push latest 3", "wait 60",
         "> RollingOut 3, apply web 3, Failed 3, RollingBack 2, apply web 2",
         "wait 60", "> Healthy 2", "= staging/web Waiting 2 1 3 Quarantined",
         "rows staging/web 2Healthy 3Failed 2Healthy 1Adopted", "wait 3600", "> nothing",
         "push latest 4", "wait 100", "> RollingOut 4, apply web 4, Healthy 4",
     }},
};

static void run_scenario(const struct scenario *scenario, struct arena *arena, int crash_after,
                         struct world *world)
{
    begin_world(world, arena, scenario->name);
    world->crash_after = crash_after;
    for (size_t i = 0; i < COUNT(scenario->lines) && scenario->lines[i]; i++)
        run_line(world, scenario->lines[i]);
}

TEST(scenarios_as_told)
{
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        TEST_ARENA(arena);
        struct world world;
        run_scenario(&scenarios[i], &arena, 0, &world);
    }
}

/* Whenever all memory is lost, everything comes to the same end, at the same times. */
TEST(a_crash_after_every_step)
{
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        TEST_ARENA(arena);
        struct world world;
        run_scenario(&scenarios[i], &arena, 0, &world);
        int steps = (int)world.steps;
        struct str end = end_of(&world);
        for (int crash = -1; crash <= steps; crash++) {
            TEST_ARENA(inner);
            run_scenario(&scenarios[i], &inner, crash, &world);
            CHECK_STR(scenarios[i].name, end_of(&world), end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenarios_as_told),
        cmocka_unit_test(a_crash_after_every_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
