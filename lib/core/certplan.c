/* SPDX-License-Identifier: Apache-2.0 */
/* certplan: see the header. */
#include "pinnace/certplan.h"

#include "pinnace/banned.h"

static bool is_valid(const struct certplan_cert *cert, int64_t now)
{
    return cert->there && cert->not_before <= now && now < cert->not_after;
}

/* With a third of its life left. */
static int64_t renewal_of(const struct certplan_cert *cert)
{
    return cert->not_after - (cert->not_after - cert->not_before) / 3;
}

static struct certplan step(enum certplan_step what, const char *why)
{
    return (struct certplan){.step = what, .why = why};
}

static struct certplan wait_until(int64_t until, const char *why)
{
    return (struct certplan){.step = CERTPLAN_WAIT, .until = until, .why = why};
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* While one CA is on its way out it is not yet time for a third: its life is long enough for that. */
static bool in_rotation(const struct certplan_facts *facts)
{
    return is_valid(&facts->previous, facts->now);
}

static bool plan_ca(const struct certplan_facts *facts, struct certplan *ret_plan)
{
    const struct certplan_cert *current = &facts->current;
    if (!current->there)
        *ret_plan = step(CERTPLAN_MAKE_CA, "there is no CA");
    else if (!is_valid(current, facts->now))
        *ret_plan = step(CERTPLAN_MAKE_CA, "the CA is not valid now");
    else if (facts->leaf_issuer == CERTPLAN_BY_STRAY && is_valid(&facts->leaf, facts->now))
        *ret_plan =
            step(CERTPLAN_ADOPT_STRAY, "what is served is by a CA that only the bundles know");
    else if (facts->now >= renewal_of(current) && !in_rotation(facts))
        *ret_plan = step(CERTPLAN_MAKE_CA, "a third of the CA's life is left");
    else
        return false;
    return true;
}

/* A previous CA that is not valid any more need not be in the bundles: nobody can be by it. */
static bool plan_bundles(const struct certplan_facts *facts, struct certplan *ret_plan)
{
    const struct certplan_bundles *bundles = &facts->bundles;
    bool lacking = bundles->lack_current || (facts->previous.there && bundles->lack_previous);
    if (!lacking && !bundles->have_others)
        return false;
    *ret_plan =
        step(CERTPLAN_SET_BUNDLES, lacking ? "a webhook configuration does not have our CA"
                                           : "a webhook configuration has another CA beside ours");
    return true;
}

static bool plan_leaf(const struct certplan_facts *facts, struct certplan *ret_plan)
{
    bool serves = is_valid(&facts->leaf, facts->now) && facts->leaf_names &&
                  facts->leaf_issuer != CERTPLAN_BY_NOBODY;
    int64_t seen = facts->bundles.right_since + CERTPLAN_SEEN_S;
    if (!serves)
        *ret_plan = step(CERTPLAN_ISSUE_LEAF, "there is no certificate that could be served");
    else if (facts->leaf_issuer != CERTPLAN_BY_CURRENT && facts->bundles.right_since == 0)
        *ret_plan = wait_until(facts->now + 1, "the bundles are read back");
    else if (facts->leaf_issuer != CERTPLAN_BY_CURRENT && facts->now < seen)
        *ret_plan = wait_until(seen, "the API servers take the new CA in");
    else if (facts->leaf_issuer != CERTPLAN_BY_CURRENT)
        *ret_plan = step(CERTPLAN_ISSUE_LEAF, "the CA is a new one");
    else if (facts->now >= renewal_of(&facts->leaf))
        *ret_plan = step(CERTPLAN_ISSUE_LEAF, "a third of its life is left");
    else
        return false;
    return true;
}

struct certplan certplan_next(const struct certplan_facts *facts)
{
    struct certplan plan;
    if (plan_ca(facts, &plan) || plan_bundles(facts, &plan) || plan_leaf(facts, &plan))
        return plan;
    int64_t loaded = facts->leaf.not_before + CERTPLAN_BACKDATE_S + CERTPLAN_LOADED_S;
    bool previous = facts->previous.there;
    if (previous && (facts->now >= loaded || !is_valid(&facts->previous, facts->now)))
        return step(CERTPLAN_DROP_PREVIOUS, "nothing of the previous CA is served any more");
    if (previous)
        return wait_until(loaded, "every webhook takes the new certificate in");
    return wait_until(earlier(renewal_of(&facts->current), renewal_of(&facts->leaf)),
                      "all is in order");
}

struct certplan_cert certplan_ca_life(int64_t now)
{
    return (struct certplan_cert){.there = true,
                                  .not_before = now - CERTPLAN_BACKDATE_S,
                                  .not_after = now + CERTPLAN_CA_LIFE_S};
}

struct certplan_cert certplan_leaf_life(int64_t now, const struct certplan_cert *ca)
{
    return (struct certplan_cert){.there = true,
                                  .not_before = now - CERTPLAN_BACKDATE_S,
                                  .not_after = earlier(now + CERTPLAN_LEAF_LIFE_S, ca->not_after)};
}
