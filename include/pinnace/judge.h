/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: the decision. What is asked (a level, a policy, the ledger, an object and perhaps the one
 * it replaces) goes in; a verdict, which is data, comes out. No clock, no network.
 */
#ifndef PINNACE_JUDGE_H
#define PINNACE_JUDGE_H

#include "pinnace/change.h"
#include "pinnace/ledger.h"
#include "pinnace/level.h"
#include "pinnace/policy.h"

enum reason {
    REASON_NONE,
    REASON_NO_DIGEST,
    REASON_MUTABLE_TAG,
    REASON_NO_TAG,
    REASON_BAD_REFERENCE,
    REASON_BAD_DIGEST,
    REASON_REGISTRY_NOT_ALLOWED,
    REASON_NOT_RELEASED,
    REASON_TAG_MISMATCH,
    REASON_TAG_MOVED,
    REASONS,
};

/* "NoDigest" */
extern const struct str reason_names[REASONS];
/* One line of explanation for lists of rules. */
extern const struct str reason_summaries[REASONS];

struct question {
    enum level level;
    struct str namespace;
    const struct policy *policy;
    const struct ledger *ledger; /* NULL: there is none */
    int64_t now;                 /* seconds since 1970, for expiries */
    struct siphash_key key;      /* for change.h; secret where objects come from outside */
    const struct object *object;
    const struct object *old; /* what an update replaces, else NULL */
    size_t keep;              /* how many findings of each weight to keep; all are counted */
};

enum finding_weight {
    FINDING_REFUSED, /* against the level */
    FINDING_EXEMPT,  /* against it, but an exemption lets it pass */
    FINDING_ADVICE,  /* within it, and yet a person should know */
    FINDING_WEIGHTS,
};

struct finding {
    const struct image_site *site;
    enum reason reason;
    enum finding_weight weight;
    enum imageref_fault fault;         /* with BadReference and BadDigest */
    struct imageref ref;               /* without one */
    const struct exemption *exemption; /* when exempt */
    const struct track *track;         /* with NotReleased: whose container or repository it is */
    const struct ledger_row *row;      /* the row of the ledger that tells what to write instead */
    bool injected;                     /* the owner's template has no such container */
};

struct verdict {
    size_t images; /* looked at */
    size_t count[FINDING_WEIGHTS];
    struct finding *findings; /* the first of them, in the order of the object */
    size_t kept;
};

/* -1 when the question cannot be answered: "released" without a ledger, no memory. */
int judge(const struct question *question, struct arena *arena, struct verdict *ret_verdict,
          struct err *err);

/* One sentence for a person, with what to write instead where the ledger knows it. */
void buf_add_finding(struct buf *buf, const struct finding *finding);
/* The reference to paste instead, nothing where none is known. */
void buf_add_suggestion(struct buf *buf, const struct finding *finding);

#endif
