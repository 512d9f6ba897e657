/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for descriptors: what has something is told, what was left is not. */
#include "../../../lib/io/poller.h"
#include "../check.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pinnace/banned.h"

enum { FOREVER_MS = 600000, MOST = 4 };

struct world {
    struct poller poller;
    int ends[2];
};

static struct world begin(void)
{
    struct world world;
    struct err err = ERR_CLEAN;
    assert_int_equal(poller_open(&world.poller, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world.ends), 0);
    return world;
}

static void end(struct world *world)
{
    close(world->ends[0]);
    close(world->ends[1]);
    poller_close(&world->poller);
}

TEST(what_has_something)
{
    struct world world = begin();
    struct poller_event events[MOST];
    assert_true(poller_follow(&world.poller, world.ends[0], true, false));
    assert_int_equal(poller_wait(&world.poller, 0, events, MOST), 0);
    assert_int_equal(write(world.ends[1], "x", 1), 1);
    assert_int_equal(poller_wait(&world.poller, FOREVER_MS, events, MOST), 1);
    CHECK("to read", events[0].fd == world.ends[0] && events[0].readable && !events[0].writable);
    assert_true(poller_follow(&world.poller, world.ends[0], false, true));
    assert_int_equal(poller_wait(&world.poller, FOREVER_MS, events, MOST), 1);
    CHECK("to write, since it is followed for that now", events[0].writable && !events[0].readable);
    shutdown(world.ends[1], SHUT_RDWR);
    assert_int_equal(poller_wait(&world.poller, FOREVER_MS, events, MOST), 1);
    CHECK("broken", events[0].broken);
    poller_leave(&world.poller, world.ends[0]);
    assert_int_equal(poller_wait(&world.poller, 0, events, MOST), 0);
    end(&world);
}

TEST(what_cannot_be_followed)
{
    struct world world = begin();
    int gone = dup(world.ends[0]);
    close(gone);
    CHECK("a closed one", !poller_follow(&world.poller, gone, true, false));
    end(&world);
}

static void *wake(void *context)
{
    poller_wake(context);
    return NULL;
}

/* It wakes once, before or while somebody waits, and is nothing that has come. */
TEST(waking)
{
    struct world world = begin();
    struct poller_event events[MOST];
    pthread_t thread;
    poller_wake(&world.poller);
    assert_int_equal(poller_wait(&world.poller, FOREVER_MS, events, MOST), 0);
    assert_int_equal(pthread_create(&thread, NULL, wake, &world.poller), 0);
    assert_int_equal(poller_wait(&world.poller, FOREVER_MS, events, MOST), 0);
    pthread_join(thread, NULL);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_something),
        cmocka_unit_test(what_cannot_be_followed),
        cmocka_unit_test(waking),
    };
    return cmocka_run_group_tests_name("poller", tests, NULL, NULL);
}
