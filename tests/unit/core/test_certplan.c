/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows say what is next; the years below live it, with API servers and webhooks that learn of
 * everything late and a controller that forgets all it knew between any two steps.
 */
#include "../check.h"

#include "pinnace/certplan.h"

#include "pinnace/banned.h"

#define DAY INT64_C(86400)
#define NOW (INT64_C(20000) * DAY)
#define NO_CERT                                                                                    \
    {                                                                                              \
        false, 0, 0                                                                                \
    }
/* of a life in days, so many of which have gone */
#define AGED(life, gone)                                                                           \
    {                                                                                              \
        true, NOW - (gone)*DAY, NOW + ((life) - (gone)) * DAY                                      \
    }

TEST(steps)
{
    static const struct {
        const char *name;
        struct certplan_facts facts;
        enum certplan_step step;
        int64_t until;
    } rows[] = {
        {"nothing is there",
         {.current = NO_CERT, .bundles = {.lack_current = true}},
         CERTPLAN_MAKE_CA,
         0},
        {"a CA and no bundle has it",
         {.current = AGED(300, 0), .bundles = {.lack_current = true}},
         CERTPLAN_SET_BUNDLES,
         0},
        {"a CA and no leaf: nobody waits for anything",
         {.current = AGED(300, 0), .bundles = {.right_since = NOW}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"all is in order: the leaf is next",
         {.current = AGED(300, 10),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW - 9}},
         CERTPLAN_WAIT,
         NOW + 50 * DAY},
        {"all is in order: the CA is next",
         {.current = AGED(300, 199),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW - 9}},
         CERTPLAN_WAIT,
         NOW + 1 * DAY},
        {"a third of the leaf is left",
         {.current = AGED(300, 60),
          .leaf = AGED(90, 60),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW - 9}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"a leaf for other names",
         {.current = AGED(300, 10),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = false,
          .bundles = {.right_since = NOW}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"a leaf of nobody's",
         {.current = AGED(300, 10),
          .leaf = AGED(90, 10),
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"a leaf that has ended",
         {.current = AGED(300, 95),
          .leaf = AGED(90, 90),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"a leaf from the future of a clock that was wrong",
         {.current = AGED(300, 10),
          .leaf = AGED(90, -1),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"somebody has reset a bundle",
         {.current = AGED(300, 10),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.lack_current = true}},
         CERTPLAN_SET_BUNDLES,
         0},
        {"somebody has put another CA beside ours",
         {.current = AGED(300, 10),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.have_others = true, .right_since = NOW}},
         CERTPLAN_SET_BUNDLES,
         0},
        {"a third of the CA is left",
         {.current = AGED(300, 200),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_MAKE_CA,
         0},
        {"but not of two CAs at once",
         {.current = AGED(300, 200),
          .previous = AGED(300, 250),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_DROP_PREVIOUS,
         0},
        {"the CA has ended",
         {.current = AGED(300, 300),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_MAKE_CA,
         0},
        {"a new CA is not in the bundles yet",
         {.current = AGED(300, 0),
          .previous = AGED(300, 200),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_PREVIOUS,
          .leaf_names = true,
          .bundles = {.lack_current = true}},
         CERTPLAN_SET_BUNDLES,
         0},
        {"the old one was taken out too early",
         {.current = AGED(300, 0),
          .previous = AGED(300, 200),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_PREVIOUS,
          .leaf_names = true,
          .bundles = {.lack_previous = true}},
         CERTPLAN_SET_BUNDLES,
         0},
        {"the bundles are right, and API servers read them",
         {.current = AGED(300, 0),
          .previous = AGED(300, 200),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_PREVIOUS,
          .leaf_names = true,
          .bundles = {.right_since = NOW - 29}},
         CERTPLAN_WAIT,
         NOW + 1},
        {"they have read them",
         {.current = AGED(300, 0),
          .previous = AGED(300, 200),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_PREVIOUS,
          .leaf_names = true,
          .bundles = {.right_since = NOW - 30}},
         CERTPLAN_ISSUE_LEAF,
         0},
        {"nobody has looked at the bundles since a restart",
         {.current = AGED(300, 0),
          .previous = AGED(300, 200),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_PREVIOUS,
          .leaf_names = true},
         CERTPLAN_WAIT,
         NOW + 1},
        {"the new leaf is out, and webhooks take it in",
         {.current = AGED(300, 1),
          .previous = AGED(300, 201),
          .leaf = AGED(90, 0),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_WAIT,
         NOW + CERTPLAN_BACKDATE_S + CERTPLAN_LOADED_S},
        {"they have",
         {.current = AGED(300, 1),
          .previous = AGED(300, 201),
          .leaf = AGED(90, 1),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_DROP_PREVIOUS,
         0},
        {"the old CA has ended by itself",
         {.current = AGED(300, 1),
          .previous = AGED(300, 300),
          .leaf = AGED(90, 0),
          .leaf_issuer = CERTPLAN_BY_CURRENT,
          .leaf_names = true,
          .bundles = {.right_since = NOW}},
         CERTPLAN_DROP_PREVIOUS,
         0},
        {"the CA's Secret is lost",
         {.leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_STRAY,
          .leaf_names = true,
          .bundles = {.lack_current = true, .have_others = true}},
         CERTPLAN_MAKE_CA,
         0},
        {"somebody has replaced the CA's Secret",
         {.current = AGED(300, 10),
          .leaf = AGED(90, 10),
          .leaf_issuer = CERTPLAN_BY_STRAY,
          .leaf_names = true,
          .bundles = {.lack_current = true, .have_others = true}},
         CERTPLAN_ADOPT_STRAY,
         0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct certplan_facts facts = rows[i].facts;
        facts.now = NOW;
        struct certplan plan = certplan_next(&facts);
        CHECK_INT(rows[i].name, plan.step, rows[i].step);
        CHECK_INT(rows[i].name, plan.until, rows[i].until);
        CHECK(rows[i].name, plan.why != NULL && plan.why[0]);
    }
}

/* --- Years ------------------------------------------------------------------------------------- */

enum {
    API_LAG = 20,      /* less than CERTPLAN_SEEN_S */
    WEBHOOK_LAG = 180, /* less than CERTPLAN_LOADED_S */
    STEP = 7,
    HISTORY = 64,
};

/* CAs are numbered, 0 is none; a bundle is the set of numbers below 64, as bits. */
struct ca {
    int number;
    struct certplan_cert cert;
};

struct leaf {
    int by;
    struct certplan_cert cert;
};

struct world {
    int64_t now;
    struct ca current, previous;
    struct leaf leaf;    /* in the Secret */
    uint64_t bundle;     /* in the webhook configurations */
    int64_t right_since; /* what the controller remembers */
    int cas;
    struct {
        int64_t at;
        uint64_t bundle;
        struct leaf leaf;
    } past[HISTORY]; /* what was stored from when on; a ring */
    int changes;
    int made_cas, made_leaves, drops;
};

static void remember(struct world *world)
{
    int slot = world->changes++ % HISTORY;
    world->past[slot].at = world->now;
    world->past[slot].bundle = world->bundle;
    world->past[slot].leaf = world->leaf;
}

/* What was stored so many seconds ago. */
static int slot_of(const struct world *world, int64_t ago)
{
    int i = world->changes - 1;
    while (i > 0 && world->changes - i < HISTORY && world->past[i % HISTORY].at > world->now - ago)
        i--;
    return i % HISTORY;
}

static uint64_t bit(int number)
{
    return number ? UINT64_C(1) << (number % 64) : 0;
}

static struct certplan_facts facts_of(struct world *world)
{
    struct certplan_facts facts = {.now = world->now,
                                   .current = world->current.cert,
                                   .previous = world->previous.cert,
                                   .leaf = world->leaf.cert,
                                   .leaf_names = true};
    int by = world->leaf.by;
    if (by && by == world->current.number)
        facts.leaf_issuer = CERTPLAN_BY_CURRENT;
    else if (by && by == world->previous.number)
        facts.leaf_issuer = CERTPLAN_BY_PREVIOUS;
    else if (by && (world->bundle & bit(by)))
        facts.leaf_issuer = CERTPLAN_BY_STRAY;
    uint64_t want = bit(world->current.number) | bit(world->previous.number);
    facts.bundles.lack_current = !(world->bundle & bit(world->current.number));
    facts.bundles.lack_previous =
        world->previous.number && !(world->bundle & bit(world->previous.number));
    facts.bundles.have_others = (world->bundle & ~want) != 0;
    if (facts.bundles.lack_current || facts.bundles.lack_previous)
        world->right_since = 0;
    else if (!world->right_since)
        world->right_since = world->now;
    facts.bundles.right_since = world->right_since;
    return facts;
}

static void make_ca(struct world *world, const struct certplan_facts *facts)
{
    if (world->current.number)
        world->previous = world->current;
    else if (facts->leaf_issuer == CERTPLAN_BY_STRAY)
        world->previous = (struct ca){world->leaf.by, world->leaf.cert};
    world->current = (struct ca){++world->cas, certplan_ca_life(world->now)};
    world->made_cas++;
}

/* Carries one step out; what is remembered of the bundles is lost if the controller then crashes. */
static struct certplan live(struct world *world)
{
    struct certplan_facts facts = facts_of(world);
    struct certplan plan = certplan_next(&facts);
    if (plan.step == CERTPLAN_MAKE_CA)
        make_ca(world, &facts);
    if (plan.step == CERTPLAN_ADOPT_STRAY)
        world->previous = (struct ca){world->leaf.by, world->leaf.cert};
    if (plan.step == CERTPLAN_SET_BUNDLES)
        world->bundle = bit(world->current.number) | bit(world->previous.number);
    if (plan.step == CERTPLAN_ISSUE_LEAF) {
        world->leaf = (struct leaf){world->current.number,
                                    certplan_leaf_life(world->now, &world->current.cert)};
        world->made_leaves++;
    }
    if (plan.step == CERTPLAN_DROP_PREVIOUS) {
        world->previous = (struct ca){0};
        world->drops++;
    }
    if (plan.step != CERTPLAN_WAIT)
        remember(world);
    return plan;
}

/* Each API server, up to date or late, trusts each webhook, up to date or late. */
static bool is_trusted(const struct world *world)
{
    const int64_t api[] = {0, API_LAG}, webhook[] = {0, WEBHOOK_LAG};
    for (size_t i = 0; i < COUNT(api); i++)
        for (size_t j = 0; j < COUNT(webhook); j++) {
            uint64_t bundle = world->past[slot_of(world, api[i])].bundle;
            struct leaf leaf = world->past[slot_of(world, webhook[j])].leaf;
            if (!leaf.by || !(bundle & bit(leaf.by)) || leaf.cert.not_before > world->now ||
                leaf.cert.not_after <= world->now)
                return false;
        }
    return true;
}

static void settle(struct world *world)
{
    remember(world);
    for (int i = 0; i < 10; i++)
        live(world);
    world->now += WEBHOOK_LAG + API_LAG;
}

/* Steps of seconds while something is under way, of hours otherwise; crash: after each nth step. */
static void live_years(struct world *world, int years, int crash)
{
    int64_t end = world->now + years * 365 * DAY;
    for (int steps = 1; world->now < end; steps++) {
        struct certplan plan = live(world);
        if (crash && steps % crash == 0)
            world->right_since = 0;
        char row[96];
        snprintf(row, sizeof(row), "day %lld, crash after %d, step %d (%s)",
                 (long long)((world->now - NOW) / DAY), crash, (int)plan.step, plan.why);
        CHECK(row, is_trusted(world));
        bool idle = plan.step == CERTPLAN_WAIT && plan.until > world->now + DAY;
        world->now += idle ? DAY / 4 : STEP;
    }
}

TEST(five_years)
{
    for (int crash = 0; crash < 12; crash++) {
        if (crash == 1)
            continue; /* who crashes after each step of 7 s never sees 30 s go by: see below */
        struct world world = {.now = NOW};
        settle(&world);
        live_years(&world, 5, crash > 1 ? crash * 5 : 0);
        CHECK_INT("CAs", world.made_cas, 8);
        CHECK_INT("one is dropped for each but the last", world.drops, world.made_cas - 1);
        CHECK("a leaf every two months", world.made_leaves > 28 && world.made_leaves < 45);
    }
}

/* Who crashes all the time stays where he is, with everybody trusted, until the leaf has ended. */
TEST(crash_after_each_step)
{
    struct world world = {.now = NOW};
    settle(&world);
    int64_t end = NOW + 260 * DAY;
    while (world.now < end) {
        live(&world);
        world.right_since = 0;
        CHECK("trusted", is_trusted(&world));
        world.now += DAY / 8;
    }
    CHECK_INT("two CAs side by side", world.made_cas, 2);
    CHECK_INT("and neither dropped", world.drops, 0);
}

TEST(losses)
{
    struct world world = {.now = NOW};
    settle(&world);
    int old = world.current.number;
    world.current = (struct ca){0};
    live(&world);
    CHECK_INT("the lost CA is known from the bundles", world.previous.number, old);
    live_years(&world, 1, 0);
    CHECK("and goes when nothing is by it", world.current.number != old && !world.previous.number);

    world.bundle = 0;
    struct certplan plan = live(&world);
    CHECK_INT("a bundle that was reset", plan.step, CERTPLAN_SET_BUNDLES);
    CHECK("is as it was", world.bundle == bit(world.current.number));

    world.leaf = (struct leaf){0};
    plan = live(&world);
    CHECK_INT("a leaf that was deleted", plan.step, CERTPLAN_ISSUE_LEAF);
    plan = live(&world);
    CHECK_INT("is made once", plan.step, CERTPLAN_WAIT);
}

TEST(lives)
{
    struct certplan_cert ca = certplan_ca_life(NOW), leaf = certplan_leaf_life(NOW, &ca);
    CHECK("a CA", ca.there && ca.not_before < NOW && ca.not_after == NOW + 365 * DAY);
    CHECK("a leaf", leaf.there && leaf.not_before < NOW && leaf.not_after == NOW + 90 * DAY);
    ca.not_after = NOW + DAY;
    leaf = certplan_leaf_life(NOW, &ca);
    CHECK_INT("not longer than its CA", leaf.not_after, ca.not_after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),
        cmocka_unit_test(five_years),
        cmocka_unit_test(crash_after_each_step),
        cmocka_unit_test(losses),
        cmocka_unit_test(lives),
    };
    return cmocka_run_group_tests_name("certplan", tests, NULL, NULL);
}
