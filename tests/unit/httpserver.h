/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpserver: a small server on loopback that does what the path says, well or badly, and what it is asked
 * with. What needs TLS and a real API server is in tests/kube.
 */
#ifndef PINNACE_TESTS_HTTPSERVER_H
#define PINNACE_TESTS_HTTPSERVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#include "pinnace/http.h"

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

static inline bool send_text(const struct wire *wire, const char *text, size_t len)
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

static inline bool say(const struct wire *wire, const char *text)
{
    return send_text(wire, text, strlen(text));
}

__attribute__((format(printf, 4, 5))) static inline bool answer(const struct wire *wire,
                                                                const char *status,
                                                                const char *headers,
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
static inline bool read_request(struct wire *wire)
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

static inline bool asks_for(const struct wire *wire, const char *path)
{
    const char *blank = strchr(wire->text, ' ');
    return blank && strncmp(blank + 1, path, strlen(path)) == 0 && blank[1 + strlen(path)] == ' ';
}

/* Waits for the peer to go, or for the tests' end. */
static inline void be_silent(const struct wire *wire)
{
    char byte;
    while (recv(wire->fd, &byte, 1, 0) > 0)
        ;
}

static inline bool serve_large(const struct wire *wire)
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
static inline bool serve(const struct wire *wire)
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

static inline void *serve_connection(void *context)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    wire->fd = (int)(intptr_t)context;
    while (read_request(wire) && serve(wire))
        ;
    close(wire->fd);
    free(wire);
    return NULL;
}

static inline void *accept_all(void *context)
{
    for (int fd; (fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        pthread_t thread;
        server.accepted++;
        pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
    return context;
}

static inline int start_server(void **state)
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

/* --- Asking it --------------------------------------------------------------------------------- */

static inline struct http_request to(struct arena *arena, const char *method, const char *path)
{
    return (struct http_request){.method = method,
                                 .url =
                                     json_format(arena, "http://127.0.0.1:%u%s", server.port, path),
                                 .body_max = 128 * 1024,
                                 .total_ms = 20000};
}

static inline struct http *opened(void)
{
    struct http *http = NULL;
    struct err err = ERR_CLEAN;
    assert_int_equal(http_open(4, &http, &err), 0);
    return http;
}

#endif
