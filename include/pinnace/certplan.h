/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certplan: the next step on the way to a serving certificate that every API server trusts, decided
 * from what is stored and nothing else, so that whoever crashes goes on where he was.
 *
 * A CA is followed by another one without a moment in which somebody is not trusted:
 * make it and keep the old one beside it; both into every bundle; wait until API servers have seen
 * that; a leaf of the new CA; wait until every webhook serves it; the old CA goes, from the Secret
 * and then from the bundles.
 */
#ifndef PINNACE_CERTPLAN_H
#define PINNACE_CERTPLAN_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CERTPLAN_CA_LIFE_S = 365 * 86400,
    CERTPLAN_LEAF_LIFE_S = 90 * 86400,
    CERTPLAN_BACKDATE_S = 300, /* so that a clock that is behind takes it */
    CERTPLAN_SEEN_S = 30,    /* until each API server works with a changed webhook configuration */
    CERTPLAN_LOADED_S = 600, /* until each webhook has the new Secret from its kubelet */
};

struct certplan_cert {
    bool there; /* and can be used: well-formed, its key fits, it is a CA if it has to be */
    int64_t not_before, not_after;
};

enum certplan_issuer {
    CERTPLAN_BY_NOBODY, /* whom we know */
    CERTPLAN_BY_CURRENT,
    CERTPLAN_BY_PREVIOUS,
    CERTPLAN_BY_STRAY, /* a CA that is in a bundle, but not in the Secret, which was lost perhaps */
};

/* Of all webhook configurations together; without any, all of it is in order. */
struct certplan_bundles {
    bool lack_current, lack_previous; /* one of them does */
    bool have_others;                 /* something else is in one of them, or it cannot be read */
    int64_t right_since;              /* when they were first seen to lack nothing; 0: not yet */
};

struct certplan_facts {
    int64_t now;
    struct certplan_cert current, previous, leaf;
    enum certplan_issuer leaf_issuer;
    bool leaf_names; /* it is for the names that we serve under */
    struct certplan_bundles bundles;
};

enum certplan_step {
    CERTPLAN_WAIT,          /* until .until */
    CERTPLAN_MAKE_CA,       /* the one there is, or else the stray one, becomes the previous one */
    CERTPLAN_ADOPT_STRAY,   /* it becomes the previous one */
    CERTPLAN_SET_BUNDLES,   /* to the current and the previous CA */
    CERTPLAN_ISSUE_LEAF,    /* by the current CA */
    CERTPLAN_DROP_PREVIOUS, /* from the Secret */
};

struct certplan {
    enum certplan_step step;
    int64_t until; /* when to look again, of CERTPLAN_WAIT */
    const char *why;
};

struct certplan certplan_next(const struct certplan_facts *facts);

/* The life of what is made now; a leaf does not outlive its CA. */
struct certplan_cert certplan_ca_life(int64_t now);
struct certplan_cert certplan_leaf_life(int64_t now, const struct certplan_cert *ca);

#endif
