/* SPDX-License-Identifier: Apache-2.0 */
/* Calls under way: streams, ends that come early, and what else a turn waits for. */
#define _GNU_SOURCE /* accept4, strcasestr */
#include "../httpserver.h"

#include "pinnace/clock.h"

#include "pinnace/banned.h"

struct witness {
    struct http *http;
    struct arena *arena;
    struct http_call *call;
    int done, chunks;
    size_t bytes;
    enum http_fault fault;
    enum { TAKE_ALL, STOP_AT_ONCE, CANCEL_AT_ONCE } manner;
    struct witness *next; /* is started when this one is done */
};

static void start(struct witness *witness, const char *path, int (*on_data)(void *, struct str));

static void is_done(void *context, const struct http_response *response)
{
    struct witness *witness = context;
    witness->done++;
    witness->fault = response->fault;
    if (witness->next)
        start(witness->next, "/hello", NULL);
}

static int has_data(void *context, struct str chunk)
{
    struct witness *witness = context;
    witness->chunks++;
    witness->bytes += chunk.len;
    if (witness->manner == CANCEL_AT_ONCE)
        http_cancel(witness->call);
    return witness->manner == STOP_AT_ONCE ? -1 : 0;
}

static void start(struct witness *witness, const char *path, int (*on_data)(void *, struct str))
{
    struct err err = ERR_CLEAN;
    struct http_request request = to(witness->arena, "GET", path);
    request.on_data = on_data;
    request.on_done = is_done;
    request.context = witness;
    request.stream = on_data != NULL;
    witness->call = http_start(witness->http, &request, &err);
    assert_non_null(witness->call);
}

static void turn_until(struct http *http, const int *counter, int want)
{
    struct err err = ERR_CLEAN;
    while (*counter < want)
        assert_int_equal(http_turn(http, 5000, &err), 0);
}

TEST(streams)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct witness all = {.http = http, .arena = &arena};
    start(&all, "/large", has_data);
    turn_until(http, &all.done, 1);
    CHECK_INT("beyond body_max", all.bytes, 1024 * 1024);
    CHECK_INT("beyond body_max", all.fault, HTTP_FINE);
    struct witness stops = {.http = http, .arena = &arena, .manner = STOP_AT_ONCE};
    start(&stops, "/large", has_data);
    turn_until(http, &stops.done, 1);
    CHECK_INT("stopped", stops.fault, HTTP_STOPPED);
    CHECK_INT("stopped", stops.chunks, 1);
    struct witness missing = {.http = http, .arena = &arena};
    start(&missing, "/missing", has_data);
    turn_until(http, &missing.done, 1);
    CHECK_INT("an error is no stream", missing.chunks, 0);
}

/* Two are kept, and one of them turns out to be dead: so is the other, most likely. */
TEST(kept_connections_are_doubted)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct err err = ERR_CLEAN;
    int before = server.accepted;
    struct witness first = {.http = http, .arena = &arena}, second = first, again = first;
    start(&first, "/hello", NULL);
    start(&second, "/hello", NULL);
    turn_until(http, &first.done, 1);
    turn_until(http, &second.done, 1);
    struct http_request request = to(&arena, "GET", "/never");
    struct http_response response = {0};
    request.total_ms = 2500;
    assert_int_equal(http_ask(http, &request, &arena, &response, &err), 0);
    CHECK_INT("no answer", response.fault, HTTP_BROKEN);
    CHECK_INT("on a kept one", server.accepted - before, 2);
    start(&again, "/hello", NULL);
    turn_until(http, &again.done, 1);
    CHECK_INT("the other is not used", server.accepted - before, 3);
    again.done = 0;
    start(&again, "/hello", NULL);
    turn_until(http, &again.done, 1);
    CHECK_INT("what was of use since is", server.accepted - before, 3);
}

TEST(cancelling)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct err err = ERR_CLEAN;
    struct witness early = {.http = http, .arena = &arena}, late = early, within = early,
                   last = early;
    start(&early, "/hello", NULL);
    http_cancel(early.call);
    start(&late, "/never", NULL);
    assert_int_equal(http_turn(http, 10, &err), 0);
    http_cancel(late.call);
    within.manner = CANCEL_AT_ONCE;
    start(&within, "/large", has_data);
    turn_until(http, &within.chunks, 1);
    start(&last, "/hello", NULL);
    turn_until(http, &last.done, 1);
    CHECK_INT("nobody is called", early.done + late.done + within.done, 0);
    CHECK_INT("not even for more data", within.chunks, 1);
}

TEST(one_after_another)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct witness third = {.http = http, .arena = &arena}, second = third, first = third;
    second.next = &third;
    first.next = &second;
    start(&first, "/hello", NULL);
    turn_until(http, &third.done, 1);
    CHECK_INT("each once", first.done + second.done + third.done, 3);
}

TEST(closing_with_calls)
{
    TEST_ARENA(arena);
    struct http *http = opened();
    struct err err = ERR_CLEAN;
    struct witness one = {.http = http, .arena = &arena}, two = one;
    start(&one, "/never", NULL);
    assert_int_equal(http_turn(http, 50, &err), 0);
    start(&two, "/hello", NULL);
    http_close(&http);
    CHECK("nobody is called", http == NULL && one.done + two.done == 0);
}

static void *wake(void *context)
{
    http_wake(context);
    return NULL;
}

static void count_up(void *context)
{
    int *count = context;
    (*count)++;
}

/* Were one of them not to end the wait, the test would run into its timeout. */
TEST(what_ends_a_wait)
{
    HTTP_SCOPED struct http *http = opened();
    struct err err = ERR_CLEAN;
    pthread_t thread;
    int fired = 0, readable = 0, ends[2];
    struct timer timer = {.fire = count_up, .context = &fired};
    assert_int_equal(pthread_create(&thread, NULL, wake, http), 0);
    assert_int_equal(http_turn(http, 600000, &err), 0);
    pthread_join(thread, NULL);
    timer_set(http_timers(http), &timer, clock_boot_ms() + 50);
    while (!fired)
        assert_int_equal(http_turn(http, 600000, &err), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(http_watch_fd(http, ends[0], count_up, &readable, &err), 0);
    assert_int_equal(http_turn(http, 1, &err), 0);
    assert_int_equal(readable, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(http_turn(http, 600000, &err), 0);
    assert_int_equal(readable, 1);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),           cmocka_unit_test(cancelling),
        cmocka_unit_test(one_after_another), cmocka_unit_test(closing_with_calls),
        cmocka_unit_test(what_ends_a_wait),  cmocka_unit_test(kept_connections_are_doubted),
    };
    return cmocka_run_group_tests_name("http_calls", tests, start_server, NULL);
}
