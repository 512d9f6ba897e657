/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <unistd.h>

#include "../check.h"

#include "../../../lib/io/ticker.h"

#include "pinnace/banned.h"

static atomic_uint last;
static atomic_bool skipped;

static void tick(void *context, unsigned number)
{
    assert_ptr_equal(context, &last);
    if (atomic_exchange(&last, number) + 1 != number)
        atomic_store(&skipped, true);
}

TEST(ticks_until_it_is_stopped)
{
    struct ticker ticker = {.tick = tick, .context = &last, .pause_ms = 1};
    struct err err = ERR_CLEAN;
    assert_int_equal(ticker_start(&ticker, &err), 0);
    while (atomic_load(&last) < 3)
        usleep(1000);
    ticker_stop(&ticker);
    unsigned ended_at = atomic_load(&last);
    usleep(20000);
    assert_int_equal(atomic_load(&last), ended_at);
    assert_false(atomic_load(&skipped));
}

TEST(stops_without_waiting_for_the_next_tick)
{
    struct ticker ticker = {.tick = tick, .context = &last, .pause_ms = 3600 * 1000};
    struct err err = ERR_CLEAN;
    unsigned before = atomic_load(&last);
    assert_int_equal(ticker_start(&ticker, &err), 0);
    ticker_stop(&ticker); /* or this test ends in an hour */
    assert_int_equal(atomic_load(&last), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_until_it_is_stopped),
        cmocka_unit_test(stops_without_waiting_for_the_next_tick),
    };
    return cmocka_run_group_tests_name("ticker", tests, NULL, NULL);
}
