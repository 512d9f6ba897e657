/* SPDX-License-Identifier: Apache-2.0 */
/* The clock is the real one: times are compared with what it showed before, never with what is due. */
#include "../../../controller/queue.h"

#include "../check.h"

#include "pinnace/clock.h"

#include "pinnace/banned.h"

enum { WORKS = 6, NEVER_MS = 24 * 3600 * 1000 };

static struct scene {
    struct timers timers;
    struct queue queue;
    struct work works[WORKS];
    bool keeps[WORKS]; /* busy when it is taken */
    char taken[64];    /* 'a' is the first of them */
} scene;

static void take(struct work *work)
{
    size_t index = (size_t)(work - scene.works), len = strlen(scene.taken);
    assert_true(len + 1 < sizeof(scene.taken));
    scene.taken[len] = (char)('a' + index);
    scene.taken[len + 1] = '\0';
    if (scene.keeps[index])
        queue_busy(work);
}

static void begin(unsigned most)
{
    scene = (struct scene){0};
    queue_begin(&scene.queue, &scene.timers, most, take);
    for (size_t i = 0; i < WORKS; i++)
        work_begin(&scene.works[i], &scene.queue);
}

static void end(void)
{
    for (size_t i = 0; i < WORKS; i++)
        work_end(&scene.works[i]);
    queue_end(&scene.queue);
    assert_int_equal(scene.queue.length, 0);
    assert_int_equal(scene.queue.busy, 0);
    assert_null(scene.timers.first);
}

/* The loop turns until nothing is due; then just these have been taken, in this order. */
static void expect_taken(const char *want)
{
    while (timers_wait(&scene.timers, clock_boot_ms(), 1) == 0)
        timers_fire(&scene.timers, clock_boot_ms());
    assert_string_equal(scene.taken, want);
    scene.taken[0] = '\0';
}

TEST(each_once_and_in_order)
{
    begin(WORKS);
    queue_add(&scene.works[2]);
    queue_add(&scene.works[0]);
    queue_add(&scene.works[2]);
    queue_add(&scene.works[1]);
    queue_add(&scene.works[0]);
    assert_int_equal(scene.queue.length, 3);
    expect_taken("cab");
    queue_add(&scene.works[2]);
    expect_taken("c");
    expect_taken("");
    end();
}

TEST(what_comes_while_it_is_busy_is_looked_at_once_more)
{
    begin(WORKS);
    scene.keeps[0] = true;
    queue_add(&scene.works[0]);
    expect_taken("a");
    queue_add(&scene.works[0]);
    queue_add(&scene.works[0]);
    expect_taken("");
    queue_done(&scene.works[0]);
    expect_taken("a");
    queue_done(&scene.works[0]);
    expect_taken("");
    end();
}

TEST(so_many_at_a_time)
{
    begin(2);
    for (size_t i = 0; i < 5; i++) {
        scene.keeps[i] = i != 3;
        queue_add(&scene.works[i]);
    }
    expect_taken("ab");
    assert_int_equal(scene.queue.busy, 2);
    assert_int_equal(scene.queue.length, 3);
    queue_done(&scene.works[1]);
    expect_taken("c");
    queue_add(&scene.works[0]); /* it waits for its turn behind those that came before */
    queue_done(&scene.works[0]);
    expect_taken("de");
    queue_done(&scene.works[4]);
    expect_taken("a");
    end();
}

TEST(later)
{
    begin(WORKS);
    queue_add_in(&scene.works[0], NEVER_MS);
    queue_add_in(&scene.works[1], 0);
    expect_taken("b");
    queue_add_in(&scene.works[0], 0); /* the sooner one counts */
    expect_taken("a");
    queue_add_in(&scene.works[0], 0);
    queue_add_in(&scene.works[0], NEVER_MS);
    expect_taken("a");
    queue_add_in(&scene.works[0], NEVER_MS);
    queue_add(&scene.works[0]);
    expect_taken("a");
    assert_false(scene.works[0].later.set); /* it was looked at: nothing is left to do */
    end();
}

TEST(waits_grow_until_it_is_forgiven)
{
    begin(WORKS);
    struct work *work = &scene.works[0];
    int64_t least = BACKOFF_FIRST_MS / 2;
    for (int i = 0; i < 12; i++) {
        int64_t before = clock_boot_ms();
        queue_add_after_failure(work, 0);
        CHECK_INT("waits", work->not_before - before >= least, 1);
        least = least * 2 < BACKOFF_MOST_MS / 2 ? least * 2 : BACKOFF_MOST_MS / 2;
    }
    queue_add_after_failure(work, NEVER_MS);
    queue_add(work); /* what comes up meanwhile does not shorten it */
    assert_int_equal(scene.queue.length, 0);
    assert_true(work->later.set);
    expect_taken("");
    work_forgive(work);
    queue_add(work);
    expect_taken("a");
    int64_t asked = clock_boot_ms() + NEVER_MS;
    queue_add_after_failure(work, NEVER_MS);
    assert_true(work->not_before >= asked);
    assert_int_equal(work->backoff.failures, 1);
    queue_add(work);
    expect_taken("");
    end();
}

/* Whoever goes leaves the others where they were. */
TEST(what_ends_is_not_taken)
{
    begin(2);
    scene.keeps[5] = true;
    queue_add(&scene.works[5]);
    expect_taken("f");
    for (size_t i = 0; i < 4; i++)
        queue_add(&scene.works[i]);
    work_end(&scene.works[1]);
    work_begin(&scene.works[1], &scene.queue);
    work_end(&scene.works[3]); /* the last one: what comes now stands where it stood */
    work_begin(&scene.works[3], &scene.queue);
    queue_add(&scene.works[4]);
    work_end(&scene.works[5]);
    work_begin(&scene.works[5], &scene.queue);
    assert_int_equal(scene.queue.busy, 0);
    expect_taken("ace");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once_and_in_order),
        cmocka_unit_test(what_comes_while_it_is_busy_is_looked_at_once_more),
        cmocka_unit_test(so_many_at_a_time),
        cmocka_unit_test(later),
        cmocka_unit_test(waits_grow_until_it_is_forgiven),
        cmocka_unit_test(what_ends_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
