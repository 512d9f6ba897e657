/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/turns.h"

#include "pinnace/banned.h"

TEST(so_many_at_a_time)
{
    struct turns turns = {.most = 2};
    struct turn turn[5] = {0};
    assert_true(turns_take(&turns, &turn[0]));
    assert_true(turns_take(&turns, &turn[1]));
    assert_false(turns_take(&turns, &turn[2]));
    assert_false(turns_take(&turns, &turn[3]));
    assert_true(turns_take(&turns, &turn[0]));  /* that has it */
    assert_false(turns_take(&turns, &turn[2])); /* that stands in line */
    assert_ptr_equal(turns_leave(&turns, &turn[1]), &turn[2]);
    assert_true(turns_take(&turns, &turn[2]));
    assert_false(turns_take(&turns, &turn[4]));
    assert_ptr_equal(turns_leave(&turns, &turn[0]), &turn[3]);
    assert_ptr_equal(turns_leave(&turns, &turn[3]), &turn[4]);
    assert_null(turns_leave(&turns, &turn[2]));
    assert_null(turns_leave(&turns, &turn[4]));
    assert_true(turns_take(&turns, &turn[1]));
    assert_true(turns_take(&turns, &turn[2]));
    assert_false(turns_take(&turns, &turn[3]));
}

TEST(out_of_line)
{
    struct turns turns = {.most = 1};
    struct turn turn[4] = {0};
    assert_null(turns_leave(&turns, &turn[1])); /* that never came */
    for (size_t i = 0; i < 4; i++)
        turns_take(&turns, &turn[i]);
    assert_null(turns_leave(&turns, &turn[2])); /* from the middle, the end, the front */
    assert_null(turns_leave(&turns, &turn[3]));
    assert_false(turns_take(&turns, &turn[2]));
    assert_null(turns_leave(&turns, &turn[1]));
    assert_ptr_equal(turns_leave(&turns, &turn[0]), &turn[2]);
    assert_null(turns_leave(&turns, &turn[2]));
    assert_true(turns_take(&turns, &turn[3]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_at_a_time),
        cmocka_unit_test(out_of_line),
    };
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
