/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn: see the header. Beginning and ending a request are one atomic store each; the list is only
 * walked by the thread that looks for late ones, and on accepting near the limit.
 */
#include "conn.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "pinnace/clock.h"

#include "pinnace/banned.h"

enum {
    PHASE_BITS = 2,
    BURST = 64, /* connections gone that make a look at the heap worth it */
};

static void set_state(struct conn *conn, enum httpd_phase phase, uint64_t milliseconds)
{
    uint64_t deadline = (uint64_t)clock_boot_ms() + milliseconds;
    atomic_store_explicit(&conn->state, deadline << PHASE_BITS | phase, memory_order_relaxed);
}

static uint64_t state_of(const struct conn *conn)
{
    return atomic_load_explicit(&conn->state, memory_order_relaxed);
}

static enum httpd_phase phase_of(uint64_t state)
{
    return (enum httpd_phase)(state & ((1u << PHASE_BITS) - 1));
}

static uint64_t deadline_of(uint64_t state)
{
    return state >> PHASE_BITS;
}

void conns_init(struct conns *conns, size_t limit)
{
    *conns = (struct conns){.limit = limit};
    pthread_mutex_init(&conns->lock, NULL);
}

void conns_destroy(struct conns *conns)
{
    pthread_mutex_destroy(&conns->lock);
}

/* The lock is held, and conns_remove takes it before the fd is closed: it is still this one. */
static void cut(struct conns *conns, struct conn *conn, enum httpd_shed cause)
{
    conn->cut = true;
    conns->cut[cause]++;
    shutdown(conn->fd, SHUT_RDWR);
}

/* An address of IPv4, or the network that a host of IPv6 has to itself, mixed (FNV) to one byte. */
static uint8_t origin_of(const struct sockaddr *client)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    uint32_t mixed = 2166136261u;
    if (client && client->sa_family == AF_INET) {
        bytes = (const void *)&((const struct sockaddr_in *)(const void *)client)->sin_addr;
        size = 4;
    } else if (client && client->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const void *)client;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
        bytes = ipv6->sin6_addr.s6_addr + (mapped ? 12 : 0);
        size = mapped ? 4 : 8;
    }
    for (size_t i = 0; i < size; i++)
        mixed = (mixed ^ bytes[i]) * 16777619u;
    return (uint8_t)(mixed ^ mixed >> 8 ^ mixed >> 16 ^ mixed >> 24);
}

/* Of those that never proved useful, the oldest of the origin that has most of them. */
static struct conn *least_proven(const struct conns *conns)
{
    struct conn *least = NULL;
    for (struct conn *conn = conns->first; conn; conn = conn->next)
        if (!conn->cut && !conn_is_proven(conn) &&
            (!least || conns->unproven[conn->origin] > conns->unproven[least->origin]))
            least = conn;
    return least;
}

/* Never one whose client waits for an answer. */
static struct conn *longest_idle(const struct conns *conns)
{
    struct conn *idle = NULL;
    for (struct conn *conn = conns->first; conn; conn = conn->next) {
        uint64_t state = state_of(conn);
        if (!conn->cut && phase_of(state) == HTTPD_IDLE &&
            (!idle || deadline_of(state) < deadline_of(state_of(idle))))
            idle = conn;
    }
    return idle;
}

void conns_add(struct conns *conns, struct conn *conn, int fd, const struct sockaddr *client)
{
    conn->fd = fd;
    conn->origin = origin_of(client);
    set_state(conn, HTTPD_FRESH, CONN_FRESH_MS);
    pthread_mutex_lock(&conns->lock);
    if (conns->count >= conns->limit - conns->limit / 8) {
        struct conn *worth_least = least_proven(conns);
        if (!worth_least)
            worth_least = longest_idle(conns);
        if (worth_least)
            cut(conns, worth_least, HTTPD_SHED_EVICTED);
    }
    conn->prev = conns->last;
    conn->next = NULL;
    *(conns->last ? &conns->last->next : &conns->first) = conn;
    conns->last = conn;
    conns->count++;
    conns->unproven[conn->origin]++;
    conns->accepted++;
    pthread_mutex_unlock(&conns->lock);
}

void conns_remove(struct conns *conns, struct conn *conn)
{
    pthread_mutex_lock(&conns->lock);
    *(conn->prev ? &conn->prev->next : &conns->first) = conn->next;
    *(conn->next ? &conn->next->prev : &conns->last) = conn->prev;
    conns->count--;
    conns->closed++;
    if (!conn_is_proven(conn))
        conns->unproven[conn->origin]--;
    pthread_mutex_unlock(&conns->lock);
}

void conns_prove(struct conns *conns, struct conn *conn)
{
    if (conn_is_proven(conn))
        return;
    pthread_mutex_lock(&conns->lock);
    atomic_store_explicit(&conn->proven, true, memory_order_relaxed);
    conns->unproven[conn->origin]--;
    pthread_mutex_unlock(&conns->lock);
}

void conn_begin(struct conn *conn)
{
    set_state(conn, HTTPD_BUSY, CONN_BUSY_MS);
}

void conn_end(struct conn *conn)
{
    set_state(conn, HTTPD_IDLE, CONN_IDLE_MS);
}

void conns_cut_late(struct conns *conns)
{
    static const enum httpd_shed causes[HTTPD_PHASES] = {
        [HTTPD_FRESH] = HTTPD_SHED_NO_REQUEST,
        [HTTPD_BUSY] = HTTPD_SHED_SLOW,
        [HTTPD_IDLE] = HTTPD_SHED_IDLE,
    };
    uint64_t now = (uint64_t)clock_boot_ms();
    pthread_mutex_lock(&conns->lock);
    for (struct conn *conn = conns->first; conn; conn = conn->next) {
        uint64_t state = state_of(conn);
        if (!conn->cut && deadline_of(state) < now)
            cut(conns, conn, causes[phase_of(state)]);
    }
    pthread_mutex_unlock(&conns->lock);
}

void conns_count(struct conns *conns, struct httpd_stats *stats)
{
    pthread_mutex_lock(&conns->lock);
    for (struct conn *conn = conns->first; conn; conn = conn->next)
        stats->connections[phase_of(state_of(conn))]++;
    for (int cause = 0; cause < HTTPD_SHEDS; cause++)
        stats->shed[cause] += conns->cut[cause];
    stats->accepted = conns->accepted;
    pthread_mutex_unlock(&conns->lock);
}

bool conns_calm_after_burst(struct conns *conns)
{
    bool calm = true;
    pthread_mutex_lock(&conns->lock);
    calm = conns->closed >= BURST;
    for (struct conn *conn = conns->first; calm && conn; conn = conn->next)
        calm = phase_of(state_of(conn)) == HTTPD_IDLE;
    if (calm)
        conns->closed = 0;
    pthread_mutex_unlock(&conns->lock);
    return calm;
}
