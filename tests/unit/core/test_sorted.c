/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/sorted.h"

#include "pinnace/banned.h"

static int compare_numbers(const void *items, size_t index, const void *key)
{
    const int *numbers = items, *wanted = key;
    return (numbers[index] > *wanted) - (numbers[index] < *wanted);
}

/* Of every length, every number that is there and every gap; the first of equals. */
TEST(what_is_there_and_where_the_rest_would_be)
{
    static const int numbers[] = {1, 3, 3, 3, 5, 7, 9, 9};
    for (size_t count = 0; count <= sizeof(numbers) / sizeof(*numbers); count++)
        for (int wanted = 0; wanted <= 10; wanted++) {
            size_t first = 0, index = 99;
            while (first < count && numbers[first] < wanted)
                first++;
            bool there = first < count && numbers[first] == wanted;
            assert_int_equal(sorted_find(numbers, count, compare_numbers, &wanted, &index), there);
            assert_int_equal(index, first);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_and_where_the_rest_would_be),
    };
    return cmocka_run_group_tests_name("sorted", tests, NULL, NULL);
}
