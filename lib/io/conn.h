/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn: the connections of a server and their deadlines. A library that only knows a time-out for
 * silence lets one byte a second hold a connection for ever, even before a request has begun; so
 * each connection here has a deadline from the moment it is accepted, and a thread that looks.
 */
#ifndef PINNACE_IO_CONN_H
#define PINNACE_IO_CONN_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "pinnace/httpd.h"

enum {
    CONN_FRESH_MS = 5 * 1000, /* from the first byte, TLS included, to the request line */
    CONN_BUSY_MS =
        3 * 1000, /* from there to the end of the answer: an API server waits no longer */
    CONN_IDLE_MS = 120 * 1000, /* then to the next request line; Go's clients close after 90 s */
    CONN_ORIGINS = 256,
};

struct conn {
    struct conn *prev, *next; /* in the order of their beginning */
    int fd;
    bool cut;               /* shut down already; the library will close it */
    uint8_t origin;         /* the client's address, as one of few */
    _Atomic uint64_t state; /* enum httpd_phase, and above it the deadline in milliseconds */
    _Atomic bool proven;
};

struct conns {
    pthread_mutex_t lock; /* of everything but what is atomic */
    struct conn *first, *last;
    size_t count, limit;
    size_t closed;                 /* since the count was taken back */
    size_t unproven[CONN_ORIGINS]; /* connections of each origin */
    uint64_t accepted;
    uint64_t cut[HTTPD_SHEDS];
};

void conns_init(struct conns *conns, size_t limit);
void conns_destroy(struct conns *conns);

/*
 * Adds a connection; if that brings the table near its limit, the one that is worth least is shut
 * down. From here until conns_remove, fd must stay open: it is shut down only in between.
 */
void conns_add(struct conns *conns, struct conn *conn, int fd, const struct sockaddr *client);
void conns_remove(struct conns *conns, struct conn *conn);

/* Its client asked what makes sense: others are shut down before this one. */
void conns_prove(struct conns *conns, struct conn *conn);

static inline bool conn_is_proven(const struct conn *conn)
{
    return atomic_load_explicit(&conn->proven, memory_order_relaxed);
}

/* A request line came; its answer was sent. By the one thread that serves the connection. */
void conn_begin(struct conn *conn);
void conn_end(struct conn *conn);

/* Shuts down whatever is past its deadline. */
void conns_cut_late(struct conns *conns);

void conns_count(struct conns *conns, struct httpd_stats *stats);

/* Whether many connections have gone, so that memory could go too, and nothing is being done. */
bool conns_calm_after_burst(struct conns *conns);

#endif
