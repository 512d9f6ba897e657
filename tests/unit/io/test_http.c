/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, and what comes back. */
#define _GNU_SOURCE /* accept4, strcasestr */
#include <fcntl.h>

#include "../httpserver.h"

#include "pinnace/banned.h"

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
        cmocka_unit_test(nothing_inherited),
    };
    return cmocka_run_group_tests_name("http", tests, start_server, NULL);
}
