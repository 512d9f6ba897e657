/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: what a platform team may set: the PinPolicy named "default" for the cluster, and
 * Exemptions, the break-glass of a namespace. Decoded once, then never changed.
 */
#ifndef PINNACE_POLICY_H
#define PINNACE_POLICY_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/glob.h"
#include "pinnace/object.h"
#include "pinnace/tagrule.h"

#define PINNACE_API_VERSION "pinnace.dev/v1alpha1"

enum { POLICY_MAX_BYTES = 1024 * 1024 }; /* what an API server keeps of one object, roughly */

struct image_globs {
    const struct image_glob *items;
    size_t count;
};

bool image_globs_match(const struct image_globs *globs, const struct imageref *ref);

/* Images that pass in spite of the level: a standing one of the PinPolicy, or an Exemption. */
struct exemption {
    const struct exemption *next;
    struct str name;              /* of the Exemption; .len 0 for a standing one */
    struct str namespace;         /* where the Exemption lies */
    const struct str *namespaces; /* globs, of a standing one */
    size_t namespace_count;
    struct image_globs images;
    struct str reason, by;
    int64_t created; /* seconds since 1970; 0: not known, as in a file */
    int64_t expires; /* 0: never, for standing ones only */
};

struct policy {
    struct tag_rules tags;
    struct image_globs registries; /* allowed ones; count 0: all */
    struct image_globs free;       /* not followed by any Track, fine at "released" all the same */
    int64_t longest_exemption;     /* seconds */
    const struct exemption *exemptions;
};

/* What holds without a PinPolicy. */
extern const struct policy policy_builtin;

/*
 * The exemption in force for an image in a namespace at a time, or NULL. Exemptions are tenants', and
 * so are images: what is found out takes steps, and when none are left there is no exemption.
 */
const struct exemption *policy_exempts(const struct policy *policy, struct str namespace,
                                       const struct imageref *ref, int64_t now, size_t *steps);

/*
 * Reads one object, a PinPolicy or an Exemption, into *policy (which begins as policy_builtin).
 * A field that is unknown or cannot be meant is an error with its path; *policy is then unchanged.
 */
int policy_add(struct policy *policy, struct str json, struct arena *arena, struct err *err);

/*
 * The same object with nothing but what policy_add reads of it: for whoever keeps many, since what
 * else stands in them is as long as their authors like.
 */
int policy_essence(struct str json, struct arena *arena, struct str *ret_json, struct err *err);

#endif
