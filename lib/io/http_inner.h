/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_inner: what the two files of http share: http.c turns the loop and knows calls by their names,
 * http_curl.c is the only one that knows libcurl.
 */
#ifndef PINNACE_IO_HTTP_INNER_H
#define PINNACE_IO_HTTP_INNER_H

#include "pinnace/buf.h"
#include "pinnace/bytes.h"
#include "pinnace/http.h"

#include "poller.h"

enum { HTTP_WATCHED_MAX = 4, HTTP_PROBLEM_MAX = 256 };

struct watched {
    int fd;
    void (*ready)(void *context);
    void *context;
};

struct http {
    void *multi;
    unsigned kept, under_way; /* connections for later at most; and calls */
    struct timer due;         /* when curl wants to be called though nothing came */
    const char *broken;       /* what curl said last that was not well */
    struct poller poller;
    struct http_call *calls; /* all that were started and have not ended */
    struct timers timers;
    struct watched watched[HTTP_WATCHED_MAX];
    unsigned watched_count;
    int64_t longest_turn_ms;
    int64_t found_dead_at; /* a kept connection, the last time */
    bool news;             /* some call is to be added or taken away before the next wait */
};

struct http_call {
    struct http *http;
    struct http_call *next;
    void *easy;
    struct curl_slist *headers, *connect_to;
    struct arena arena;
    struct str host; /* for messages */
    struct bytes body, answer_headers;
    int (*on_data)(void *context, struct str chunk);
    void (*on_done)(void *context, const struct http_response *response);
    void *context;
    struct timer idle;
    int64_t last_byte;
    int idle_ms;
    bool added, cancelled;
    bool too_large, stopped, fell_silent; /* why we ended it */
    char problem[HTTP_PROBLEM_MAX];
};

bool http_curl_open(struct http *http, unsigned connections);
void http_curl_close(struct http *http);

/* What has come for a descriptor, and what is due. Calls end, but nobody is called back. */
void http_curl_act(struct http *http, const struct poller_event *event);
void http_curl_act_due(struct http *http);

/* One that has ended since, or NULL. */
struct http_call *http_curl_ended(struct http *http, int *ret_code);

/* A handle that does what is asked for; false if that cannot be done. */
bool http_curl_make(struct http_call *call, const struct http_request *request);
void http_curl_free(struct http_call *call);
void http_curl_add(struct http_call *call);
void http_curl_remove(struct http_call *call);

/* How it went, by the code it ended with: fault, status and error. */
void http_curl_judge(const struct http_call *call, int code, struct http_response *ret_response);

#endif
