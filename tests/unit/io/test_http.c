/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against a small server on loopback that does what the path says, well or badly. What needs TLS
 * and a real API server is in tests/kube.
 */
#define _GNU_SOURCE /* accept4, strcasestr */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../check.h"

#include "pinnace/clock.h"
#include "pinnace/http.h"

#include "pinnace/banned.h"

/* --- The server -------------------------------------------------------------------------------- */

enum { REQUEST_SIZE = 64 * 1024 };

static struct {
    int listener;
    unsigned port;
    atomic_int accepted;
    atomic_int quitting;
} server;

struct wire {
    int fd;
    char text[REQUEST_SIZE + 1];
    size_t len;
};

static bool send_text(const struct wire *wire, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(wire->fd, text, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool say(const struct wire *wire, const char *text)
{
    return send_text(wire, text, strlen(text));
}

__attribute__((format(printf, 4, 5))) static bool answer(const struct wire *wire,
                                                         const char *status, const char *headers,
                                                         const char *format, ...)
{
    static _Thread_local char body[2 * REQUEST_SIZE], head[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(body, sizeof(body), format, args);
    va_end(args);
    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n", status, headers,
             len);
    bool bare = strncmp(wire->text, "HEAD ", 5) == 0;
    return say(wire, head) && (bare || send_text(wire, body, (size_t)len));
}

/* Reads one request with its body; false at the end of the connection. */
static bool read_request(struct wire *wire)
{
    wire->len = 0;
    for (;;) {
        wire->text[wire->len] = '\0';
        char *end = strstr(wire->text, "\r\n\r\n");
        char *length = strcasestr(wire->text, "content-length:");
        size_t body = length ? strtoul(length + 15, NULL, 10) : 0;
        if (end && wire->len >= (size_t)(end - wire->text) + 4 + body)
            return true;
        ssize_t got = recv(wire->fd, wire->text + wire->len, REQUEST_SIZE - wire->len, 0);
        if (got <= 0)
            return false;
        wire->len += (size_t)got;
    }
}

static bool asks_for(const struct wire *wire, const char *path)
{
    const char *blank = strchr(wire->text, ' ');
    return blank && strncmp(blank + 1, path, strlen(path)) == 0 && blank[1 + strlen(path)] == ' ';
}

/* Waits for the peer to go, or for the tests' end. */
static void be_silent(const struct wire *wire)
{
    char byte;
    while (recv(wire->fd, &byte, 1, 0) > 0)
        ;
}

static bool serve_large(const struct wire *wire)
{
    static char kilobyte[1024];
    memset(kilobyte, 'x', sizeof(kilobyte));
    say(wire, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 1024; i++)
        if (!say(wire, "400\r\n") || !send_text(wire, kilobyte, 1024) || !say(wire, "\r\n"))
            return false;
    return say(wire, "0\r\n\r\n");
}

/* false: the connection is closed. */
static bool serve(const struct wire *wire)
{
    if (asks_for(wire, "/echo"))
        return answer(wire, "200 OK", "", "%s", wire->text);
    if (asks_for(wire, "/hello"))
        return answer(wire, "200 OK", "X-Two:  a b \r\nx-one:1\r\n", "hello");
    if (asks_for(wire, "/missing"))
        return answer(wire, "404 Not Found", "", "no such thing");
    if (asks_for(wire, "/moved"))
        return answer(wire, "302 Found", "Location: /hello\r\n", "over there");
    if (asks_for(wire, "/early"))
        return say(wire, "HTTP/1.1 103 Early Hints\r\nX-One: early\r\n\r\n") &&
               answer(wire, "200 OK", "X-One: late\r\n", "x");
    if (asks_for(wire, "/large"))
        return serve_large(wire);
    if (asks_for(wire, "/half"))
        return say(wire, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.") && false;
    if (asks_for(wire, "/rubbish"))
        return say(wire, "SSH-2.0-OpenSSH\r\n\r\n") && false;
    if (asks_for(wire, "/stale")) { /* closes without a word, though it promised to stay */
        answer(wire, "200 OK", "Connection: keep-alive\r\n", "stale");
        return false;
    }
    if (asks_for(wire, "/quiet"))
        say(wire, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nquiet");
    if (asks_for(wire, "/headers")) {
        say(wire, "HTTP/1.1 200 OK\r\n");
        while (say(wire, "X-Filler: 0123456789012345678901234567890123456789\r\n"))
            ;
    }
    be_silent(wire); /* /never, and what has begun above */
    return false;
}

static void *serve_connection(void *context)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    wire->fd = (int)(intptr_t)context;
    while (read_request(wire) && serve(wire))
        ;
    close(wire->fd);
    free(wire);
    return NULL;
}

static void *accept_all(void *context)
{
    for (int fd; (fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        pthread_t thread;
        server.accepted++;
        pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
    return context;
}

static int start_server(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    pthread_t thread;
    (void)state;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(server.listener, 64) < 0 ||
        getsockname(server.listener, (struct sockaddr *)&address, &size) < 0)
        return -1;
    server.port = ntohs(address.sin_port);
    if (pthread_create(&thread, NULL, accept_all, NULL) != 0)
        return -1;
    return pthread_detach(thread);
}

/* --- The tests --------------------------------------------------------------------------------- */

static struct http_request to(struct arena *arena, const char *method, const char *path)
{
    return (struct http_request){.method = method,
                                 .url =
                                     json_format(arena, "http://127.0.0.1:%u%s", server.port, path),
                                 .body_max = 128 * 1024,
                                 .total_ms = 20000};
}

static struct http *opened(void)
{
    struct http *http = NULL;
    struct err err = ERR_CLEAN;
    assert_int_equal(http_open(4, &http, &err), 0);
    return http;
}

static struct http_response asked(struct http *http, struct arena *arena,
                                  const struct http_request *request)
{
    struct http_response response = {0};
    struct err err = ERR_CLEAN;
    assert_int_equal(http_ask(http, request, arena, &response, &err), 0);
    return response;
}

TEST(answers)
{
    static const struct {
        const char *path;
        enum http_fault fault;
        int status;
        const char *body, *says;
    } rows[] = {
        {"/hello", HTTP_FINE, 200, "hello", ""},
        {"/missing", HTTP_FINE, 404, "no such thing", ""},
        {"/moved", HTTP_FINE, 302, "over there", ""},
        {"/stale", HTTP_FINE, 200, "stale", ""},
        {"/stale", HTTP_FINE, 200, "stale", ""},
        {"/hello", HTTP_FINE, 200, "hello", ""},
        {"/half", HTTP_BROKEN, 200, "ten bytes.", "90 bytes remaining"},
        {"/rubbish", HTTP_BROKEN, 0, "", ""},
        {"/large", HTTP_TOO_LARGE, 200, NULL, "more than 131072 bytes"},
        {"/headers", HTTP_TOO_LARGE, 200, "", ""},
    };
    HTTP_SCOPED struct http *http = opened();
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct http_request request = to(&arena, "GET", rows[i].path);
        struct http_response response = asked(http, &arena, &request);
        CHECK_INT(rows[i].path, response.fault, rows[i].fault);
        CHECK_INT(rows[i].path, response.status, rows[i].status);
        if (rows[i].body)
            CHECK_STR(rows[i].path, response.body, str_of(rows[i].body));
        CHECK_HAS(rows[i].path, ERR_TEXT(response.err), rows[i].says);
        if (rows[i].fault != HTTP_FINE)
            CHECK_HAS(rows[i].path, ERR_TEXT(response.err), "127.0.0.1:");
    }
}

TEST(what_is_sent)
{
    static const struct {
        const char *method, *body;
    } rows[] = {{"GET", ""},    {"POST", "{}"}, {"POST", ""},    {"PUT", "a\nb"},
                {"PATCH", "x"}, {"DELETE", ""}, {"DELETE", "{}"}};
    HTTP_SCOPED struct http *http = opened();
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct http_request request = to(&arena, rows[i].method, "/echo");
        request.body = str_of(rows[i].body);
        request.bearer = STR("secret-token");
        request.headers[0] = (struct http_header){"X-Mine", STR("yes")};
        request.header_count = 1;
        struct http_response response = asked(http, &arena, &request);
        struct str want = json_format(&arena, "%s /echo HTTP/1.1\r\n", rows[i].method);
        CHECK(rows[i].method, str_starts(response.body, want));
        CHECK_HAS(rows[i].method, response.body, "\r\nAuthorization: Bearer secret-token\r\n");
        CHECK_HAS(rows[i].method, response.body, "\r\nX-Mine: yes\r\n");
        CHECK(rows[i].method,
              str_ends(response.body, json_format(&arena, "\r\n\r\n%s", rows[i].body)));
        CHECK("no waiting for a 100", !text_has(response.body, STR("Expect")));
        CHECK("nothing packed", !text_has(response.body, STR("Accept-Encoding")));
    }
}

TEST(details)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct http_request request = to(&arena, "GET", "/echo");
    request.username = STR("u");
    request.password = STR("p:q");
    struct http_response response = asked(http, &arena, &request);
    CHECK_HAS("basic", response.body, "\r\nAuthorization: Basic dTpwOnE=\r\n");
    request = to(&arena, "GET", "/a/../echo");
    request.total_ms = 300;
    response = asked(http, &arena, &request);
    CHECK_INT("a path is sent as it is: the server knows no such one", response.fault, HTTP_BROKEN);
    request = to(&arena, "HEAD", "/hello");
    request.total_ms = 5000;
    response = asked(http, &arena, &request);
    CHECK_INT("HEAD", response.body.len, 0);
    CHECK_STR("headers", http_header(&response, "X-ONE"), STR("1"));
    CHECK_STR("headers", http_header(&response, "x-two"), STR("a b"));
    CHECK_INT("headers", http_header(&response, "x-thr").len, 0);
    request = to(&arena, "GET", "/early");
    response = asked(http, &arena, &request);
    CHECK_STR("the last answer's", http_header(&response, "X-One"), STR("late"));
}

TEST(limits)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct http_request request = to(&arena, "GET", "/never");
    request.total_ms = 200;
    struct http_response response = asked(http, &arena, &request);
    CHECK_INT("in all", response.fault, HTTP_BROKEN);
    request = to(&arena, "GET", "/quiet");
    request.total_ms = 0;
    request.idle_ms = 200;
    response = asked(http, &arena, &request);
    CHECK_INT("silence", response.fault, HTTP_BROKEN);
    CHECK_HAS("silence", ERR_TEXT(response.err), "silent for");
    request = to(&arena, "GET", "/hello");
    request.url = STR("http://127.0.0.1:1/");
    response = asked(http, &arena, &request);
    CHECK_INT("nobody listens", response.fault, HTTP_NOT_SENT);
    request.url = STR("https://127.0.0.1:1/");
    response = asked(http, &arena, &request);
    CHECK_INT("nobody listens", response.fault, HTTP_NOT_SENT);
    request.url = json_format(&arena, "https://127.0.0.1:%u/hello", server.port);
    request.total_ms = 1000;
    response = asked(http, &arena, &request);
    CHECK("no TLS there", response.fault == HTTP_UNTRUSTED || response.fault == HTTP_NOT_SENT);
}

TEST(cannot_begin)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct err err = ERR_CLEAN;
    struct http_request request = to(&arena, "GET", "/echo");
    request.bearer = STR("a\r\nX-Forged: yes");
    CHECK("a token with a line break", http_start(http, &request, &err) == NULL);
    CHECK("a token with a line break", err.kind != ERR_NONE);
    request = to(&arena, "GET", "/echo");
    request.headers[0] = (struct http_header){"X-Mine", STR("a\nX-Forged: yes")};
    request.header_count = 1;
    CHECK("a header with a line break", http_start(http, &request, &err) == NULL);
    request = to(&arena, "GET", "/echo");
    request.url = STR("file:///etc/passwd");
    struct http_response response = asked(http, &arena, &request);
    CHECK_INT("no files", response.fault, HTTP_NOT_SENT);
}

TEST(connections)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    int before = server.accepted;
    struct http_request request = to(&arena, "GET", "/hello");
    for (int i = 0; i < 20; i++)
        asked(http, &arena, &request);
    CHECK_INT("one for all", server.accepted - before, 1);
    request.stream = true;
    asked(http, &arena, &request);
    asked(http, &arena, &request);
    CHECK_INT("one for each stream", server.accepted - before, 3);
    request.stream = false;
    asked(http, &arena, &request);
    CHECK_INT("the first one is still there", server.accepted - before, 3);
}

/* --- Callbacks --------------------------------------------------------------------------------- */

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

/* A child process must not keep a connection open that we have closed. */
TEST(nothing_inherited)
{
    TEST_ARENA(arena);
    HTTP_SCOPED struct http *http = opened();
    struct http_request request = to(&arena, "GET", "/hello");
    asked(http, &arena, &request);
    int found = 0;
    for (int fd = 0; fd < 256; fd++) {
        struct sockaddr_in peer = {0};
        socklen_t size = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != server.port)
            continue;
        found++;
        CHECK("close on exec", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK("the kept connection is seen", found > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),           cmocka_unit_test(what_is_sent),
        cmocka_unit_test(details),           cmocka_unit_test(limits),
        cmocka_unit_test(cannot_begin),      cmocka_unit_test(connections),
        cmocka_unit_test(streams),           cmocka_unit_test(cancelling),
        cmocka_unit_test(one_after_another), cmocka_unit_test(closing_with_calls),
        cmocka_unit_test(what_ends_a_wait),  cmocka_unit_test(nothing_inherited),
    };
    return cmocka_run_group_tests_name("http", tests, start_server, NULL);
}
