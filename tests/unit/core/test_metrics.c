/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/metrics.h"

#include "pinnace/banned.h"

#define ROW "text"

TEST(a_family_and_its_samples)
{
    TEST_ARENA(arena);
    struct buf out = BUF_INIT(&arena, ROOM);
    const struct metric_label labels[] = {{"mode", STR("enforce")}, {"level", STR("pinned")}, {0}};
    struct metric_family family = metric_open(&out, "things_total", METRIC_COUNTER, "Things seen");
    metric_add(&family, NULL, 7);
    metric_add(&family, labels, INT64_MAX);
    family = metric_open(&out, "age", METRIC_GAUGE, "How old");
    metric_add(&family, NULL, -1);
    CHECK_STR(ROW, finished(&out),
              STR("# HELP things_total Things seen.\n"
                  "# TYPE things_total counter\n"
                  "things_total 7\n"
                  "things_total{mode=\"enforce\",level=\"pinned\"} 9223372036854775807\n"
                  "# HELP age How old.\n"
                  "# TYPE age gauge\n"
                  "age -1\n"));
}

TEST(one_number_without_labels)
{
    TEST_ARENA(arena);
    struct buf out = BUF_INIT(&arena, ROOM);
    metric_write(&out, "age", METRIC_GAUGE, "How old", -1);
    CHECK_STR(ROW, finished(&out), STR("# HELP age How old.\n# TYPE age gauge\nage -1\n"));
}

TEST(label_values_are_escaped)
{
    TEST_ARENA(arena);
    struct buf out = BUF_INIT(&arena, ROOM);
    const struct metric_label labels[] = {{"what", STR("a\"b\\c\nd")}, {"none", STR_NONE}, {0}};
    const struct metric_family family = {&out, "x"};
    metric_add(&family, labels, 0);
    CHECK_STR(ROW, finished(&out), STR("x{what=\"a\\\"b\\\\c\\nd\",none=\"\"} 0\n"));
}

TEST(buckets_add_up)
{
    static const uint64_t bounds[] = {25000, 2500000, 1000000000, 90000000000};
    static const uint64_t counts[] = {1, 0, 2, 3, 4};
    TEST_ARENA(arena);
    struct buf out = BUF_INIT(&arena, ROOM);
    const struct metric_label labels[] = {{"path", STR("/")}, {0}};
    const struct metric_buckets buckets = {bounds, counts, COUNT(bounds), 1500000001};
    struct metric_family family = metric_open(&out, "t_seconds", METRIC_HISTOGRAM, "Time");
    metric_add_buckets(&family, labels, &buckets);
    CHECK_STR(ROW, finished(&out),
              STR("# HELP t_seconds Time.\n"
                  "# TYPE t_seconds histogram\n"
                  "t_seconds_bucket{path=\"/\",le=\"0.000025\"} 1\n"
                  "t_seconds_bucket{path=\"/\",le=\"0.0025\"} 1\n"
                  "t_seconds_bucket{path=\"/\",le=\"1\"} 3\n"
                  "t_seconds_bucket{path=\"/\",le=\"90\"} 6\n"
                  "t_seconds_bucket{path=\"/\",le=\"+Inf\"} 10\n"
                  "t_seconds_sum{path=\"/\"} 1.500000001\n"
                  "t_seconds_count{path=\"/\"} 10\n"));
}

TEST(buckets_without_labels_and_without_bounds)
{
    static const uint64_t counts[] = {0};
    TEST_ARENA(arena);
    struct buf out = BUF_INIT(&arena, ROOM);
    const struct metric_buckets buckets = {NULL, counts, 0, 0};
    const struct metric_family family = {&out, "t"};
    metric_add_buckets(&family, NULL, &buckets);
    CHECK_STR(ROW, finished(&out), STR("t_bucket{le=\"+Inf\"} 0\nt_sum 0\nt_count 0\n"));
}

TEST(a_full_buffer_is_no_text)
{
    TEST_ARENA(arena);
    struct buf out = BUF_INIT(&arena, 20);
    struct str text = STR_NONE;
    struct err err = ERR_CLEAN;
    struct metric_family family = metric_open(&out, "things_total", METRIC_COUNTER, "Things");
    metric_add(&family, NULL, 1);
    CHECK_INT(ROW, buf_finish(&out, &text, &err), -1);
    CHECK_INT(ROW, err.kind, ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_and_its_samples),
        cmocka_unit_test(one_number_without_labels),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(buckets_add_up),
        cmocka_unit_test(buckets_without_labels_and_without_bounds),
        cmocka_unit_test(a_full_buffer_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
