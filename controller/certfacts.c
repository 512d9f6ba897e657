/* SPDX-License-Identifier: Apache-2.0 */
/* certfacts: see the header. */
#include "certfacts.h"

#include "pinnace/banned.h"

enum { BUNDLE_MAX_BYTES = 64 * 1024 };

static struct str json_of(const struct follow *follow)
{
    return bytes_str(&follow->json);
}

static bool sum_is_in(const struct sha256 *sum, const struct sha256 *sums, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sha256_eq(sum, &sums[i]))
            return true;
    return false;
}

/* A certificate, and its sum if there is one. */
static struct certplan_cert read_cert(struct str text, struct arena *arena,
                                      struct pki_facts *ret_facts)
{
    if (!text.len || pki_read(text, arena, ret_facts, NULL) < 0)
        return (struct certplan_cert){0};
    return (struct certplan_cert){.there = true,
                                  .not_before = ret_facts->span.not_before,
                                  .not_after = ret_facts->span.not_after};
}

static void read_cas(struct certstate *state, struct arena *arena, struct pki_facts *current,
                     struct pki_facts *previous)
{
    struct certplan_facts *facts = &state->facts;
    struct pki_pair pair = {state->ca.cert, state->ca.key};
    facts->current = read_cert(state->ca.cert, arena, current);
    facts->current.there = facts->current.there && current->is_ca && pki_key_fits(&pair);
    facts->previous = read_cert(state->ca.previous, arena, previous);
}

static void read_leaf(const struct certs *certs, struct certstate *state, struct arena *arena)
{
    struct certplan_facts *facts = &state->facts;
    struct pki_facts leaf = {0};
    struct pki_pair pair = {state->leaf.cert, state->leaf.key};
    facts->leaf = read_cert(state->leaf.cert, arena, &leaf);
    facts->leaf.there = facts->leaf.there && pki_key_fits(&pair);
    for (size_t i = 0; i < leaf.name_count; i++)
        if (str_eq(leaf.names[i], certs->dns_name))
            facts->leaf_names = true;
    if (facts->current.there && pki_signed_by(state->leaf.cert, state->ca.cert))
        facts->leaf_issuer = CERTPLAN_BY_CURRENT;
    else if (facts->previous.there && pki_signed_by(state->leaf.cert, state->ca.previous))
        facts->leaf_issuer = CERTPLAN_BY_PREVIOUS;
}

static int make_bundle(struct certstate *state, struct arena *arena, struct err *err)
{
    struct buf bundle = BUF_INIT(arena, BUNDLE_MAX_BYTES);
    if (state->facts.current.there)
        buf_add(&bundle, state->ca.cert);
    if (state->facts.previous.there)
        buf_add(&bundle, state->ca.previous);
    return buf_finish(&bundle, &state->bundle, err);
}

/* The CA of a bundle that signed the leaf, if nobody else did. */
static void look_for_stray(struct certstate *state, struct str bundle, const struct sha256 *sums,
                           size_t count, struct arena *arena)
{
    if (state->facts.leaf_issuer != CERTPLAN_BY_NOBODY || !state->facts.leaf.there)
        return;
    for (size_t i = 0; i < count; i++) {
        struct str cert;
        if (pki_pick(bundle, &sums[i], arena, &cert, NULL) < 0 ||
            !pki_signed_by(state->leaf.cert, cert))
            continue;
        state->facts.leaf_issuer = CERTPLAN_BY_STRAY;
        state->stray = cert;
        return;
    }
}

/* One entry of a webhook configuration; true when it is as it should be. */
static bool read_bundle(struct certstate *state, struct str bundle, const struct pki_facts *current,
                        const struct pki_facts *previous, struct arena *arena)
{
    struct certplan_bundles *all = &state->facts.bundles;
    struct sha256 *sums = NULL;
    size_t count = 0, wanted = 0;
    bool readable = pki_read_bundle(bundle, arena, &sums, &count, NULL) == 0;
    bool has_current = state->facts.current.there && sum_is_in(&current->sum, sums, count);
    bool has_previous = state->facts.previous.there && sum_is_in(&previous->sum, sums, count);
    wanted = (size_t)has_current + (size_t)has_previous;
    look_for_stray(state, bundle, sums, count, arena);
    all->lack_current = all->lack_current || !has_current;
    all->lack_previous = all->lack_previous || !has_previous;
    all->have_others = all->have_others || !readable || count > wanted;
    return readable && has_current && has_previous == state->facts.previous.there &&
           count == wanted;
}

static int read_config(const struct certs *certs, size_t index, struct certstate *state,
                       const struct pki_facts *current, const struct pki_facts *previous,
                       struct arena *arena, struct err *err)
{
    struct hookconfig *config = &state->configs[index];
    state->has_config[index] = certs->configs[index].json.len > 0;
    state->config_right[index] = true;
    if (!state->has_config[index])
        return 0;
    if (hookconfig_read(json_of(&certs->configs[index]), certs->owner.uid, arena, config, err) < 0)
        return err_prefix(err, "%s: ", certs->configs[index].name);
    for (size_t i = 0; i < config->count; i++)
        if (!read_bundle(state, config->bundles[i], current, previous, arena))
            state->config_right[index] = false;
    return 0;
}

int certfacts_read(const struct certs *certs, int64_t now, struct arena *arena,
                   struct certstate *ret_state, struct err *err)
{
    struct certstate state = {.facts = {.now = now}};
    struct pki_facts current = {0}, previous = {0};
    if (certs->ca.json.len && certsecret_read(json_of(&certs->ca), arena, &state.ca, err) < 0)
        return err_prefix(err, "%s: ", certs->ca.name);
    if (certs->leaf.json.len && certsecret_read(json_of(&certs->leaf), arena, &state.leaf, err) < 0)
        return err_prefix(err, "%s: ", certs->leaf.name);
    read_cas(&state, arena, &current, &previous);
    read_leaf(certs, &state, arena);
    if (make_bundle(&state, arena, err) < 0)
        return -1;
    for (size_t i = 0; i < CERTS_CONFIGS; i++)
        if (read_config(certs, i, &state, &current, &previous, arena, err) < 0)
            return -1;
    state.facts.bundles.right_since = certs->right_since;
    *ret_state = state;
    return 0;
}
