/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "../../../lib/io/conn.h"

#include "pinnace/banned.h"

enum { LIMIT = 16, NEAR = LIMIT - LIMIT / 8 };

struct peer {
    struct conn conn;
    int client; /* the other end */
};

static void join(struct conns *conns, struct peer *peer, const char *address)
{
    struct sockaddr_in client = {.sin_family = AF_INET};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(inet_pton(AF_INET, address, &client.sin_addr), 1);
    *peer = (struct peer){.client = ends[1]};
    conns_add(conns, &peer->conn, ends[0], (const struct sockaddr *)&client);
}

static void leave(struct conns *conns, struct peer *peer)
{
    conns_remove(conns, &peer->conn);
    close(peer->conn.fd);
    close(peer->client);
}

/* What the client sees: the end of the connection, or nothing yet. */
static bool was_cut(const struct peer *peer)
{
    char byte;
    return recv(peer->client, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Past its deadline, whatever phase it is in. */
static void make_late(struct peer *peer)
{
    peer->conn.state &= 3;
}

static struct httpd_stats stats_of(struct conns *conns)
{
    struct httpd_stats stats = {0};
    conns_count(conns, &stats);
    return stats;
}

TEST(each_phase_has_a_deadline)
{
    static const struct {
        const char *name;
        enum httpd_phase phase;
        enum httpd_shed cause;
    } rows[] = {
        {"no request", HTTPD_FRESH, HTTPD_SHED_NO_REQUEST},
        {"no answer", HTTPD_BUSY, HTTPD_SHED_SLOW},
        {"nothing more", HTTPD_IDLE, HTTPD_SHED_IDLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conns conns;
        struct peer peer, other;
        conns_init(&conns, LIMIT);
        join(&conns, &peer, "10.0.0.1");
        join(&conns, &other, "10.0.0.1");
        if (rows[i].phase != HTTPD_FRESH)
            conn_begin(&peer.conn);
        if (rows[i].phase == HTTPD_IDLE)
            conn_end(&peer.conn);
        CHECK_INT(rows[i].name, stats_of(&conns).connections[rows[i].phase],
                  rows[i].phase == HTTPD_FRESH ? 2 : 1);
        conns_cut_late(&conns);
        CHECK(rows[i].name, !was_cut(&peer));
        make_late(&peer);
        conns_cut_late(&conns);
        CHECK(rows[i].name, was_cut(&peer) && !was_cut(&other));
        conns_cut_late(&conns);
        CHECK_INT(rows[i].name, stats_of(&conns).shed[rows[i].cause], 1);
        leave(&conns, &peer);
        leave(&conns, &other);
        conns_destroy(&conns);
    }
}

TEST(the_next_request_has_a_deadline_of_its_own)
{
    struct conns conns;
    struct peer peer;
    conns_init(&conns, LIMIT);
    join(&conns, &peer, "10.0.0.1");
    for (int i = 0; i < 3; i++) {
        conn_begin(&peer.conn);
        make_late(&peer);
        conn_end(&peer.conn);
        conns_cut_late(&conns);
        CHECK("idle", !was_cut(&peer));
    }
    leave(&conns, &peer);
    conns_destroy(&conns);
}

/* Who goes when one more comes near the limit. */
TEST(near_the_limit_the_least_useful_goes)
{
    static const struct {
        const char *name;
        const char *addresses[2]; /* of the even and of the odd ones */
        int proven;               /* the first so many */
        bool busy;                /* all are */
        int cut;                  /* -1: nobody */
    } rows[] = {
        {"the oldest", {"10.0.0.1", "10.0.0.1"}, 0, false, 0},
        {"the oldest that is not proven", {"10.0.0.1", "10.0.0.1"}, 5, false, 5},
        {"of the origin with most", {"10.0.0.1", "10.0.0.2"}, 1, false, 1},
        {"busy ones that are not proven too", {"10.0.0.1", "10.0.0.1"}, 2, true, 2},
        {"the longest idle when all are proven", {"10.0.0.1", "10.0.0.1"}, NEAR, false, 0},
        {"nobody when all are proven and busy", {"10.0.0.1", "10.0.0.1"}, NEAR, true, -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conns conns;
        struct peer peers[NEAR], one_more;
        conns_init(&conns, LIMIT);
        for (int p = 0; p < NEAR; p++) {
            join(&conns, &peers[p], rows[i].addresses[p % 2]);
            conn_begin(&peers[p].conn);
            if (p < rows[i].proven)
                conns_prove(&conns, &peers[p].conn);
            if (!rows[i].busy)
                conn_end(&peers[p].conn);
        }
        join(&conns, &one_more, "10.0.0.9");
        for (int p = 0; p < NEAR; p++)
            CHECK_INT(rows[i].name, was_cut(&peers[p]) ? p : -1, p == rows[i].cut ? p : -1);
        CHECK(rows[i].name, !was_cut(&one_more));
        CHECK_INT(rows[i].name, stats_of(&conns).shed[HTTPD_SHED_EVICTED], rows[i].cut >= 0);
        for (int p = 0; p < NEAR; p++)
            leave(&conns, &peers[p]);
        leave(&conns, &one_more);
        for (int origin = 0; origin < CONN_ORIGINS; origin++)
            CHECK_INT(rows[i].name, conns.unproven[origin], 0);
        conns_destroy(&conns);
    }
}

TEST(many_of_one_origin_go_before_few_of_another)
{
    struct conns conns;
    struct peer first, flood[NEAR], one_more;
    conns_init(&conns, LIMIT);
    join(&conns, &first, "10.0.0.1"); /* older than all of the flood */
    for (int i = 0; i < NEAR; i++)
        join(&conns, &flood[i], "10.0.0.2");
    join(&conns, &one_more, "10.0.0.3");
    CHECK("few", !was_cut(&first) && !was_cut(&one_more));
    CHECK("many", was_cut(&flood[0]) && was_cut(&flood[1]) && !was_cut(&flood[2]));
    leave(&conns, &first);
    leave(&conns, &one_more);
    for (int i = 0; i < NEAR; i++)
        leave(&conns, &flood[i]);
    conns_destroy(&conns);
}

TEST(origins)
{
    static const struct {
        const char *name, *a, *b;
        bool same;
    } rows[] = {
        {"one network of a host", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
        {"two networks", "2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"IPv4 in IPv6", "::ffff:10.0.0.1", "::ffff:10.0.0.1", true},
        {"two of IPv4 in IPv6", "::ffff:10.0.0.1", "::ffff:10.0.0.2", false},
    };
    struct conns conns;
    conns_init(&conns, LIMIT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conn pair[2] = {0};
        for (int p = 0; p < 2; p++) {
            struct sockaddr_in6 client = {.sin6_family = AF_INET6};
            assert_int_equal(inet_pton(AF_INET6, p ? rows[i].b : rows[i].a, &client.sin6_addr), 1);
            conns_add(&conns, &pair[p], -1, (const struct sockaddr *)&client);
        }
        CHECK(rows[i].name, (pair[0].origin == pair[1].origin) == rows[i].same);
        conns_remove(&conns, &pair[0]);
        conns_remove(&conns, &pair[1]);
    }
    conns_destroy(&conns);
}

TEST(calm_after_a_burst)
{
    struct conns conns;
    struct peer stays, passing;
    conns_init(&conns, LIMIT);
    join(&conns, &stays, "10.0.0.1");
    conn_begin(&stays.conn);
    for (int i = 0; i < 100; i++) {
        join(&conns, &passing, "10.0.0.1");
        leave(&conns, &passing);
    }
    CHECK("busy", !conns_calm_after_burst(&conns));
    conn_end(&stays.conn);
    CHECK("calm", conns_calm_after_burst(&conns));
    CHECK("once", !conns_calm_after_burst(&conns));
    leave(&conns, &stays);
    conns_destroy(&conns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_phase_has_a_deadline),
        cmocka_unit_test(the_next_request_has_a_deadline_of_its_own),
        cmocka_unit_test(near_the_limit_the_least_useful_goes),
        cmocka_unit_test(many_of_one_origin_go_before_few_of_another),
        cmocka_unit_test(origins),
        cmocka_unit_test(calm_after_a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
