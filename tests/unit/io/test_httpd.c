/* SPDX-License-Identifier: Apache-2.0 */
/* Only answers that wait; the rest of the server is asked in tests/webhook, over TLS. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../check.h"

#include "pinnace/http.h"
#include "pinnace/httpd.h"

#include "pinnace/banned.h"

enum { MEMOS = 64 };

static struct {
    struct httpd *httpd;
    unsigned port;
    struct memo {
        int times;
        struct httpd_waiting *waiting;
    } memos[MEMOS];
    atomic_int taken, waits, dropped;
    atomic_bool held; /* nothing is resumed for now */
    pthread_mutex_t lock;
    struct memo *queue[MEMOS];
    int queued;
    pthread_t resumer;
    atomic_bool quitting;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct httpd_reply plain(struct str text)
{
    return (struct httpd_reply){.status = 200, .content_type = "text/plain", .body = text};
}

static void look(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply)
{
    (void)context;
    (void)request;
    (void)ret_reply;
}

/* "/2" waits twice; the body must be there each time. */
static void answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply)
{
    struct memo *memo = request->memo;
    int times = request->path.ptr[1] - '0';
    (void)context;
    if (!str_eq(request->body, STR("a body"))) {
        *ret_reply = plain(STR("the body is another"));
        return;
    }
    if (!memo && times > 0)
        memo = &world.memos[atomic_fetch_add(&world.taken, 1)];
    if (memo && memo->times < times)
        ret_reply->memo = memo;
    else
        *ret_reply = plain(STR("answered"));
}

static void wait_for(void *context, void *memo_in, struct httpd_waiting *waiting)
{
    struct memo *memo = memo_in;
    (void)context;
    pthread_mutex_lock(&world.lock);
    memo->waiting = waiting;
    memo->times++;
    world.queue[world.queued++] = memo;
    pthread_mutex_unlock(&world.lock);
    atomic_fetch_add(&world.waits, 1);
}

static void drop(void *context, void *memo)
{
    (void)context;
    (void)memo;
    atomic_fetch_add(&world.dropped, 1);
}

static void *resume_all(void *context)
{
    (void)context;
    while (!atomic_load(&world.quitting)) {
        usleep(1000);
        pthread_mutex_lock(&world.lock);
        while (!atomic_load(&world.held) && world.queued > 0)
            httpd_resume(world.queue[--world.queued]->waiting);
        pthread_mutex_unlock(&world.lock);
    }
    return NULL;
}

static void tell(void *context, enum httpd_event event, const char *text)
{
    (void)context;
    (void)event;
    (void)text;
}

static void start(void)
{
    const struct httpd_options options = {.listen = "127.0.0.1:0",
                                          .threads = 2,
                                          .connections = 128,
                                          .max_body = 1000,
                                          .max_bodies = 10000,
                                          .handler = {NULL, look, answer, wait_for, drop},
                                          .tell = tell};
    struct err err = ERR_CLEAN;
    world.taken = world.waits = world.dropped = 0;
    world.held = world.quitting = false;
    memset(world.memos, 0, sizeof(world.memos));
    CHECK_INT("start", httpd_start(&options, &world.httpd, &err), 0);
    world.port = (unsigned)strtoul(strrchr(httpd_address(world.httpd), ':') + 1, NULL, 10);
    assert_int_equal(pthread_create(&world.resumer, NULL, resume_all, NULL), 0);
}

static void stop(void)
{
    atomic_store(&world.quitting, true);
    pthread_join(world.resumer, NULL);
    httpd_stop(&world.httpd);
}

static void wait_until(atomic_int *number, int wanted)
{
    for (int i = 0; i < 5000 && atomic_load(number) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(number), wanted);
}

struct asked {
    int answered, wrong;
};

static void on_done(void *context, const struct http_response *response)
{
    struct asked *asked = context;
    if (response->fault == HTTP_FINE && str_eq(response->body, STR("answered")))
        asked->answered++;
    else
        asked->wrong++;
}

static void ask(struct http *http, char times, struct asked *asked)
{
    char url[64];
    struct err err = ERR_CLEAN;
    int len = snprintf(url, sizeof(url), "http://127.0.0.1:%u/%c", world.port, times);
    const struct http_request request = {.method = "POST",
                                         .url = {url, (size_t)len},
                                         .body = STR("a body"),
                                         .body_max = 1000,
                                         .total_ms = 10000,
                                         .on_done = on_done,
                                         .context = asked};
    assert_non_null(http_start(http, &request, &err));
}

TEST(answers_wait_until_they_are_resumed)
{
    struct http *http HTTP_SCOPED = NULL;
    struct asked asked = {0, 0};
    struct err err = ERR_CLEAN;
    start();
    assert_int_equal(http_open(4, &http, &err), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 8; i++) {
            ask(http, '0', &asked);
            ask(http, '1', &asked);
            ask(http, '2', &asked);
        }
        while (asked.answered + asked.wrong < (round + 1) * 24)
            assert_int_equal(http_turn(http, 100, &err), 0);
    }
    assert_int_equal(asked.wrong, 0);
    assert_int_equal(world.waits, 3 * 24);
    wait_until(&world.dropped, 3 * 16);
    stop();
    assert_int_equal(world.dropped, 3 * 16);
}

static int connect_and_ask(void)
{
    static const char text[] = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\na body";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)world.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    return fd;
}

TEST(a_client_that_leaves_while_it_waits)
{
    start();
    atomic_store(&world.held, true);
    int fds[8];
    for (int i = 0; i < 8; i++)
        fds[i] = connect_and_ask();
    wait_until(&world.waits, 8);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    assert_int_equal(world.dropped, 0);
    atomic_store(&world.held, false);
    wait_until(&world.dropped, 8);
    stop();
    assert_int_equal(world.dropped, 8);
}

/* Resumed, but most likely not yet asked again. */
TEST(a_stop_right_after_the_resume)
{
    start();
    atomic_store(&world.held, true);
    int fds[8];
    for (int i = 0; i < 8; i++)
        fds[i] = connect_and_ask();
    wait_until(&world.waits, 8);
    pthread_mutex_lock(&world.lock);
    while (world.queued > 0)
        httpd_resume(world.queue[--world.queued]->waiting);
    pthread_mutex_unlock(&world.lock);
    stop();
    assert_int_equal(world.dropped, 8);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_wait_until_they_are_resumed),
        cmocka_unit_test(a_client_that_leaves_while_it_waits),
        cmocka_unit_test(a_stop_right_after_the_resume),
    };
    return cmocka_run_group_tests_name("httpd", tests, NULL, NULL);
}
