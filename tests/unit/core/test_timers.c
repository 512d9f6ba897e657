/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/timers.h"

#include "pinnace/banned.h"

struct note {
    struct timer timer;
    struct timers *timers;
    char name;
    char *log;
    int64_t again; /* it sets itself anew for then; 0: it does not */
};

static void fired(void *context)
{
    struct note *note = context;
    size_t len = strlen(note->log);
    note->log[len] = note->name;
    note->log[len + 1] = '\0';
    if (note->again)
        timer_set(note->timers, &note->timer, note->again);
}

TEST(order)
{
    char log[64] = "";
    struct timers timers = {0};
    struct note notes[4];
    for (int i = 0; i < 4; i++)
        notes[i] = (struct note){.timer = {.fire = fired, .context = &notes[i]},
                                 .timers = &timers,
                                 .name = (char)('a' + i),
                                 .log = log};
    assert_int_equal(timers_wait(&timers, 100, 5000), 5000);
    timer_set(&timers, &notes[2].timer, 300);
    timer_set(&timers, &notes[0].timer, 100);
    timer_set(&timers, &notes[1].timer, 300);
    timer_set(&timers, &notes[3].timer, 200);
    assert_int_equal(timers_wait(&timers, 50, 5000), 50);
    assert_int_equal(timers_wait(&timers, 50, 20), 20);
    assert_int_equal(timers_wait(&timers, 150, 5000), 0);
    timers_fire(&timers, 99);
    assert_string_equal(log, "");
    timers_fire(&timers, 250);
    assert_string_equal(log, "ad");
    timer_clear(&timers, &notes[2].timer);
    timer_clear(&timers, &notes[2].timer);
    timers_fire(&timers, 300);
    assert_string_equal(log, "adb");
    assert_null(timers.first);
}

TEST(anew)
{
    char log[64] = "";
    struct timers timers = {0};
    struct note note = {.timer = {.fire = fired, .context = &note},
                        .timers = &timers,
                        .name = 'x',
                        .log = log,
                        .again = 10};
    timer_set(&timers, &note.timer, 50);
    timer_set(&timers, &note.timer, 10);
    timers_fire(&timers, 20);
    assert_string_equal(log, "x"); /* once a turn, though it is due again */
    timers_fire(&timers, 20);
    assert_string_equal(log, "xx");
}

enum { MANY = 300 };

struct many {
    struct timer timers[MANY];
    int64_t last_due; /* of the one that fired last */
    int fired;
};

struct one {
    struct many *many;
    int index;
};

static void one_fired(void *context)
{
    struct one *one = context;
    int64_t due = one->many->timers[one->index].due;
    CHECK("in their order", due >= one->many->last_due);
    one->many->last_due = due;
    one->many->fired++;
}

/* Set, set anew and cleared at random: those that stand fire, each once, in their order. */
TEST(many)
{
    static struct many many;
    static struct one ones[MANY];
    struct timers timers = {0};
    uint32_t dice = 1;
    int standing = 0, due_by_then = 0;
    for (int i = 0; i < MANY; i++) {
        ones[i] = (struct one){&many, i};
        many.timers[i] = (struct timer){.fire = one_fired, .context = &ones[i]};
    }
    for (int i = 0; i < 20000; i++) {
        dice = dice * 1664525u + 1013904223u;
        struct timer *timer = &many.timers[(dice >> 8) % MANY];
        if (dice >> 30)
            timer_set(&timers, timer, (dice >> 12) % 1000);
        else
            timer_clear(&timers, timer);
    }
    for (int i = 0; i < MANY; i++) {
        standing += many.timers[i].set;
        due_by_then += many.timers[i].set && many.timers[i].due <= 500;
    }
    timers_fire(&timers, 500);
    assert_int_equal(many.fired, due_by_then);
    assert_true(due_by_then > 0 && due_by_then < standing);
    timers_fire(&timers, 1000);
    assert_int_equal(many.fired, standing);
    assert_null(timers.first);
}

TEST(backoff)
{
    static const uint32_t dice[] = {0, 1, 12345678, UINT32_MAX};
    for (size_t i = 0; i < COUNT(dice); i++) {
        struct backoff backoff = {0};
        int64_t ceiling = BACKOFF_FIRST_MS;
        for (int n = 0; n < 100; n++) {
            int64_t wait = backoff_next(&backoff, dice[i]);
            CHECK("half of it at least, all of it at most", wait >= ceiling / 2 && wait <= ceiling);
            ceiling = ceiling * 2 < BACKOFF_MOST_MS ? ceiling * 2 : BACKOFF_MOST_MS;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),
        cmocka_unit_test(anew),
        cmocka_unit_test(many),
        cmocka_unit_test(backoff),
    };
    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
