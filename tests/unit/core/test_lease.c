/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two replicas and a stored Lease, with calls that are slow, lost, or done and not answered, for
 * many seeds: never two at once, and soon another one after the first is killed.
 */
#include "../check.h"

#include "pinnace/lease.h"

#include "pinnace/banned.h"

/* --- The record -------------------------------------------------------------------------------- */

TEST(records)
{
    static const struct {
        const char *name, *json;
        struct str holder;
        int64_t duration_s, transitions;
    } rows[] = {
        {"as it is stored",
         "{'kind':'Lease','metadata':{'name':'x','resourceVersion':'7'},'spec':{'holderIdentity':"
         "'a','leaseDurationSeconds':15,'renewTime':'2026-11-21T09:30:00.000000Z',"
         "'leaseTransitions':3}}",
         STR_INIT("a"), 15, 3},
        {"keys in another order, others beside them",
         "{'spec':{'strategy':'x','leaseTransitions':1,'holderIdentity':'b'},'metadata':"
         "{'uid':'u','resourceVersion':'7','labels':{'a':'b'}}}",
         STR_INIT("b"), 0, 1},
        {"nobody's", "{'metadata':{'resourceVersion':'7'},'spec':{}}", STR_INIT(""), 0, 0},
        {"nulls",
         "{'metadata':{'resourceVersion':'7'},'spec':{'holderIdentity':null,"
         "'leaseDurationSeconds':null,'leaseTransitions':null}}",
         STR_INIT(""), 0, 0},
        {"no spec", "{'metadata':{'resourceVersion':'7'}}", STR_INIT(""), 0, 0},
        {"numbers that cannot be meant",
         "{'metadata':{'resourceVersion':'7'},'spec':{'leaseDurationSeconds':-5,"
         "'leaseTransitions':99999999999999999999}}",
         STR_INIT(""), 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct lease_record record = {0};
        int code = lease_record_read(json_of(&arena, rows[i].json), &arena, &record, &err);
        CHECK_INT(rows[i].name, code, 0);
        CHECK_STR(rows[i].name, record.holder, rows[i].holder);
        CHECK_STR(rows[i].name, record.version, STR("7"));
        CHECK_INT(rows[i].name, record.duration_s, rows[i].duration_s);
        CHECK_INT(rows[i].name, record.transitions, rows[i].transitions);
    }
}

TEST(no_records)
{
    static const struct {
        const char *name, *json, *says;
    } rows[] = {
        {"no JSON", "{", ""},
        {"no version", "{'spec':{}}", "metadata.resourceVersion"},
        {"a holder that is a number",
         "{'metadata':{'resourceVersion':'7'},'spec':{'holderIdentity':5}}", "spec.holderIdentity"},
        {"a list", "[]", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct lease_record record = {.transitions = 77};
        CHECK_INT(rows[i].name,
                  lease_record_read(json_of(&arena, rows[i].json), &arena, &record, &err), -1);
        CHECK_INT(rows[i].name, record.transitions, 77);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct lease_record record;
    struct str run = run_of(&arena, 'x', LEASE_TEXT_SIZE);
    struct str json = json_format(
        &arena, "{'metadata':{'resourceVersion':'1'},'spec':{'holderIdentity':'%s'}}", run.ptr);
    CHECK_INT("a holder of endless length", lease_record_read(json, &arena, &record, &err), -1);
    CHECK_INT("a holder of endless length", err.kind, ERR_LIMIT);
}

TEST(bodies)
{
    TEST_ARENA(arena);
    struct lease lease;
    lease_begin(&lease, STR("me"));
    struct buf buf = BUF_INIT(&arena, 4096);
    buf_add_lease(&buf, &lease, STR("pinnace-controller"), false, INT64_C(1795512600000042));
    CHECK_STR("the first", finished(&buf),
              json_of(&arena,
                      "{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':{'name':"
                      "'pinnace-controller'},'spec':{'holderIdentity':'me','leaseDurationSeconds':"
                      "10,'renewTime':'2026-11-24T09:30:00.000042Z','acquireTime':"
                      "'2026-11-24T09:30:00.000042Z','leaseTransitions':0}}"));
    struct lease_record other = {STR("5"), STR("you"), STR("t"), 10, 3};
    lease_sent(&lease, LEASE_READ, 0);
    lease_answered(&lease, &other, 0);
    buf = BUF_INIT(&arena, 4096);
    buf_add_lease(&buf, &lease, STR("l"), false, 0);
    struct str text = finished(&buf);
    CHECK_HAS("taken from another", text, "\"resourceVersion\":\"5\"");
    CHECK_HAS("taken from another", text, "\"leaseTransitions\":4");
    struct lease_record ours = {STR("6"), STR("me"), STR("u"), 10, 4};
    lease_sent(&lease, LEASE_WRITE, 0);
    lease_answered(&lease, &ours, 0);
    buf = BUF_INIT(&arena, 4096);
    buf_add_lease(&buf, &lease, STR("l"), false, 0);
    text = finished(&buf);
    CHECK("a renewal changes no hands",
          !text_has(text, STR("acquireTime")) && !text_has(text, STR("leaseTransitions")));
    buf = BUF_INIT(&arena, 4096);
    buf_add_lease(&buf, &lease, STR("l"), true, 0);
    text = finished(&buf);
    CHECK_HAS("given back", text, "\"holderIdentity\":\"\",\"leaseDurationSeconds\":1");
}

/* --- One replica, step by step ----------------------------------------------------------------- */

#define PLAN(row, at, want_step, want_until)                                                       \
    do {                                                                                           \
        struct lease_plan plan_ = lease_next(&lease, (at));                                        \
        CHECK_INT(row, plan_.step, (want_step));                                                   \
        CHECK_INT(row, plan_.until, (want_until));                                                 \
    } while (0)

TEST(first_one)
{
    struct lease lease;
    lease_begin(&lease, STR("me"));
    PLAN("it looks first", 100, LEASE_READ, 100);
    lease_sent(&lease, LEASE_READ, 100);
    PLAN("one call at a time", 101, LEASE_WAIT, 100 + LEASE_CALL_MS);
    lease_missed(&lease, false, 110);
    PLAN("there is none", 110, LEASE_CREATE, 110);
    lease_sent(&lease, LEASE_CREATE, 110);
    struct lease_record ours = {STR("1"), STR("me"), STR("t"), 10, 0};
    lease_answered(&lease, &ours, 900);
    CHECK("it acts", lease_may_act(&lease, 900));
    CHECK_INT("from before the call was sent", lease_left_ms(&lease, 900),
              110 + LEASE_DURATION_MS - LEASE_MARGIN_MS - 900);
    CHECK("and no longer than that",
          !lease_may_act(&lease, 110 + LEASE_DURATION_MS - LEASE_MARGIN_MS));
    PLAN("it renews in time", 900, LEASE_WAIT, 110 + LEASE_RENEW_MS);
    PLAN("it renews", 110 + LEASE_RENEW_MS, LEASE_WRITE, 110 + LEASE_RENEW_MS);
    struct lease_plan late = lease_next(&lease, 110 + LEASE_DURATION_MS - LEASE_MARGIN_MS - 300);
    CHECK_INT("a late renewal ends before the lease does", late.timeout_ms, 300);
}

TEST(troubles)
{
    struct lease lease;
    struct lease_record ours = {STR("1"), STR("me"), STR("t"), 10, 0};
    struct lease_record theirs = {STR("2"), STR("you"), STR("t"), 10, 1};
    lease_begin(&lease, STR("me"));
    lease_sent(&lease, LEASE_WRITE, 0);
    lease_answered(&lease, &ours, 1);

    lease_sent(&lease, LEASE_WRITE, 3000);
    lease_failed(&lease, 5500);
    CHECK("a renewal without an answer ends nothing", lease_may_act(&lease, 5501));
    PLAN("not at once again", 5501, LEASE_WAIT, 5500 + LEASE_RETRY_MS);
    PLAN("it reads first", 6500, LEASE_READ, 6500);
    lease_sent(&lease, LEASE_READ, 6500);
    lease_answered(&lease, &ours, 6501);
    CHECK("reading is no renewal", !lease_may_act(&lease, 9000));
    PLAN("then it renews", 6501, LEASE_WRITE, 6501);

    lease_sent(&lease, LEASE_WRITE, 6501);
    lease_missed(&lease, true, 6502);
    CHECK("somebody has written: nothing is done until that is read", !lease_may_act(&lease, 6502));
    PLAN("at once", 6502, LEASE_READ, 6502);
    lease_sent(&lease, LEASE_READ, 6502);
    lease_answered(&lease, &theirs, 6503);
    CHECK("it is another's", !lease_may_act(&lease, 6503));
    PLAN("it looks from time to time", 6503, LEASE_WAIT, 6503 + LEASE_LOOK_MS);

    lease_sent(&lease, LEASE_READ, 8503);
    lease_missed(&lease, false, 8504);
    PLAN("a Lease that was deleted", 8504, LEASE_CREATE, 8504);
    lease_sent(&lease, LEASE_CREATE, 8504);
    lease_missed(&lease, true, 8505);
    PLAN("another one was quicker", 8505, LEASE_READ, 8505);
}

TEST(takeover)
{
    static const struct {
        const char *name;
        struct lease_record record;
        int64_t free_after;
    } rows[] = {
        {"ten seconds", {STR_INIT("1"), STR_INIT("you"), STR_INIT("t"), 10, 1}, 10000},
        {"as its holder says", {STR_INIT("1"), STR_INIT("you"), STR_INIT("t"), 15, 1}, 15000},
        {"but not for ever",
         {STR_INIT("1"), STR_INIT("you"), STR_INIT("t"), 999999, 1},
         LEASE_DURATION_MOST_MS},
        {"nothing said", {STR_INIT("1"), STR_INIT("you"), STR_INIT("t"), 0, 1}, LEASE_DURATION_MS},
        {"given back", {STR_INIT("1"), STR_INIT(""), STR_INIT("t"), 1, 1}, 0},
        {"our own", {STR_INIT("1"), STR_INIT("me"), STR_INIT("t"), 10, 1}, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lease lease;
        lease_begin(&lease, STR("me"));
        int64_t now = 50;
        lease_sent(&lease, LEASE_READ, now);
        lease_answered(&lease, &rows[i].record, now);
        struct lease_plan plan;
        while ((plan = lease_next(&lease, now)).step != LEASE_WRITE && now < 200000) {
            now = plan.step == LEASE_WAIT ? plan.until : now;
            if (plan.step != LEASE_READ)
                continue;
            struct lease_record labelled = rows[i].record;
            labelled.version = STR("another label"); /* changes nothing */
            lease_sent(&lease, LEASE_READ, now);
            lease_answered(&lease, &labelled, now);
        }
        CHECK_INT(rows[i].name, now - 50, rows[i].free_after);
    }
}

/* --- Two replicas ------------------------------------------------------------------------------ */

struct server {
    int version;
    bool exists;
    char holder[8], renewed[32];
    int64_t transitions, duration_s;
};

struct replica {
    struct lease lease;
    bool alive;
    enum lease_step step;
    int64_t answer_at, done_at; /* of the call under way */
    bool done, lost;            /* by the server; the answer goes astray */
    int known_version;
    bool knew_any;
    enum { FINE, MISSED, NONE } outcome;
    struct server seen;
};

static uint32_t dice(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void serve(struct server *server, struct replica *replica, int64_t now)
{
    bool creates = replica->step == LEASE_CREATE;
    replica->done = true;
    replica->outcome = FINE;
    if (replica->step == LEASE_READ) {
        replica->outcome = server->exists ? FINE : NONE;
    } else if (creates ? server->exists : server->version != replica->known_version) {
        replica->outcome = MISSED;
    } else {
        bool hands = strcmp(server->holder, replica->lease.identity) != 0;
        server->transitions += server->exists && hands;
        server->exists = true;
        server->version++;
        server->duration_s = LEASE_DURATION_MS / 1000;
        snprintf(server->holder, sizeof(server->holder), "%.7s", replica->lease.identity);
        snprintf(server->renewed, sizeof(server->renewed), "%lld", (long long)now);
    }
    replica->seen = *server;
}

static void hear(struct replica *replica, int64_t now)
{
    char version[16];
    snprintf(version, sizeof(version), "%d", replica->seen.version);
    struct lease_record record = {str_of(version), str_of(replica->seen.holder),
                                  str_of(replica->seen.renewed), replica->seen.duration_s,
                                  replica->seen.transitions};
    if (replica->lost || !replica->done)
        lease_failed(&replica->lease, now);
    else if (replica->outcome == FINE)
        lease_answered(&replica->lease, &record, now);
    else
        lease_missed(&replica->lease, replica->outcome == MISSED, now);
    if (!replica->lost && replica->done && replica->outcome == FINE)
        replica->known_version = replica->seen.version;
}

enum weather { CALM, STORM, CUT_OFF }; /* calls are quick; slow and lost; never arrive */

static void begin_call(struct replica *replica, struct lease_plan plan, int64_t now, uint32_t *seed,
                       enum weather weather)
{
    bool storm = weather == STORM;
    int64_t slow = weather == CUT_OFF ? 1000000 : dice(seed) % (storm ? 4000 : 40);
    replica->step = plan.step;
    replica->done = false;
    replica->done_at = now + slow; /* the server may come to it after we have given up */
    replica->answer_at = now + slow + (int64_t)(dice(seed) % (storm ? 1000 : 20));
    replica->lost = replica->answer_at > now + plan.timeout_ms;
    if (replica->lost)
        replica->answer_at = now + plan.timeout_ms;
    lease_sent(&replica->lease, plan.step, now);
}

static void live(struct replica *replica, struct server *server, int64_t now, uint32_t *seed,
                 enum weather weather)
{
    if (replica->lease.busy && !replica->done && now >= replica->done_at)
        serve(server, replica, now);
    if (!replica->alive)
        return;
    if (replica->lease.busy && now >= replica->answer_at)
        hear(replica, now);
    struct lease_plan plan = lease_next(&replica->lease, now);
    if (plan.step != LEASE_WAIT)
        begin_call(replica, plan, now, seed, weather);
}

TEST(two_replicas)
{
    int64_t longest = 0;
    for (uint32_t start = 1; start <= 150; start++) {
        uint32_t seed = start;
        struct server server = {.version = 1};
        struct replica replicas[2] = {{.alive = true}, {.alive = true}};
        lease_begin(&replicas[0].lease, STR("a"));
        lease_begin(&replicas[1].lease, STR("b"));
        int64_t killed_at = 0, taken_after = -1;
        for (int64_t now = 1; now < 90000; now += 10) {
            enum weather weather = now > 15000 && now < 35000 ? STORM : CALM;
            for (int i = 0; i < 2; i++) {
                bool cut = now > 35000 + i * 15000 + start * 37 && now < 48000 + i * 15000;
                live(&replicas[i], &server, now, &seed, cut ? CUT_OFF : weather);
            }
            bool a = lease_may_act(&replicas[0].lease, now) && replicas[0].alive;
            bool b = lease_may_act(&replicas[1].lease, now) && replicas[1].alive;
            char row[64];
            snprintf(row, sizeof(row), "seed %u at %lld ms", start, (long long)now);
            CHECK(row, !(a && b));
            if (!killed_at && now > 70000 && (a || b)) {
                replicas[a ? 0 : 1].alive = false;
                killed_at = now;
            } else if (killed_at && taken_after < 0 && (a || b)) {
                taken_after = now - killed_at;
            }
        }
        CHECK("somebody takes over", taken_after >= 0);
        if (taken_after > longest)
            longest = taken_after;
    }
    CHECK("within 15 s", longest < 15000);
    print_message("the longest takeover took %lld ms\n", (long long)longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),      cmocka_unit_test(no_records), cmocka_unit_test(bodies),
        cmocka_unit_test(first_one),    cmocka_unit_test(troubles),   cmocka_unit_test(takeover),
        cmocka_unit_test(two_replicas),
    };
    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
