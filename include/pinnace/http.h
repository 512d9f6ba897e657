/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: requests to others, many at a time on one thread, which is the one that calls http_turn.
 * Only http_wake may be called from another. Nothing of libcurl shows.
 */
#ifndef PINNACE_HTTP_H
#define PINNACE_HTTP_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"
#include "pinnace/timers.h"

struct http;
struct http_call;

/* Whom to trust and who we are. PEM, all of it. */
struct http_tls {
    struct str ca;          /* none: the system's authorities */
    struct str cert, key;   /* none: no certificate of our own */
    struct str server_name; /* what the certificate must say; none: the URL's host */
    bool insecure;          /* anybody is trusted */
};

struct http_header {
    const char *name;
    struct str value;
};

/* Proxies are used only if asked for: most of what we talk to is near. */
enum http_proxy {
    HTTP_NO_PROXY,
    HTTP_PROXY_GIVEN,
    HTTP_PROXY_FROM_ENVIRONMENT, /* HTTPS_PROXY, NO_PROXY; this machine itself is reached directly */
};

enum {
    HTTP_HEADERS_MAX = 16,
    HTTP_CONNECT_MS = 5000,
    HTTP_ANSWER_HEADERS_MAX = 64 * 1024,
};

struct http_response;

/* All of it is copied by http_start but the context. */
struct http_request {
    const char *method;
    struct str url;
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    struct str body;
    struct str bearer;             /* a token, if given */
    struct str username, password; /* basic authentication, if username is given */
    struct http_tls tls;
    enum http_proxy proxy;
    struct str proxy_url;
    int total_ms;    /* from the start to the last byte; 0: no limit */
    int idle_ms;     /* without a byte of the answer; 0: no limit */
    size_t body_max; /* of the answer that is gathered */
    bool stream;     /* on a connection of its own */

    /* If set, takes what a 2xx answer brings, chunk by chunk; other bodies are still gathered.
     * -1 ends the call. */
    int (*on_data)(void *context, struct str chunk);
    /* Once for each call that is not cancelled, never from within http_start. */
    void (*on_done)(void *context, const struct http_response *response);
    void *context;
};

enum http_fault {
    HTTP_FINE,      /* an answer came, whatever it says */
    HTTP_NOT_SENT,  /* no connection: nothing can have been done */
    HTTP_UNTRUSTED, /* the other side is not who it should be, or does not trust us */
    HTTP_BROKEN,    /* lost on the way, or out of time: it may have been done */
    HTTP_TOO_LARGE, /* the answer is larger than body_max */
    HTTP_STOPPED,   /* on_data said -1 */
};

struct http_response {
    enum http_fault fault;
    int status;               /* 0: none came */
    struct str body, headers; /* until on_done returns */
    struct err err;           /* what went wrong if fault says so, with the URL's host */
};

/* connections: how many are kept open for later at most, beside those in use; the number of hosts talked to. */
int http_open(unsigned connections, struct http **ret_http, struct err *err);
/* Ends all calls without calling anybody back. */
void http_close(struct http **http);
#define HTTP_SCOPED __attribute__((cleanup(http_close)))

/* NULL and an error when it cannot even begin. */
struct http_call *http_start(struct http *http, const struct http_request *request,
                             struct err *err);
/* May be called anywhere on the thread, in callbacks too; on_done is not called any more. */
void http_cancel(struct http_call *call);

/*
 * One turn: waits at most most_ms for traffic, a timer, a watched descriptor or http_wake, then
 * calls back whoever has something coming.
 */
int http_turn(struct http *http, int most_ms, struct err *err);
void http_wake(struct http *http);

struct timers *http_timers(struct http *http);

/* ready is called in each turn in which fd can be read. A few at most. */
int http_watch_fd(struct http *http, int fd, void (*ready)(void *context), void *context,
                  struct err *err);

/* The longest that callbacks and traffic kept one turn busy since this was asked last. */
int64_t http_longest_turn_ms(struct http *http);

/* For programs with nothing else to do: starts, turns until it is done, and copies the answer. */
int http_ask(struct http *http, const struct http_request *request, struct arena *arena,
             struct http_response *ret_response, struct err *err);

/* The value of an answer's header, or none. */
struct str http_header(const struct http_response *response, const char *name);

/* The same for one that may be there more than once. */
struct http_headers {
    const struct http_response *response;
    const char *name;
    size_t at; /* what was looked at */
};
bool http_next_header(struct http_headers *headers, struct str *ret_value);

#endif
