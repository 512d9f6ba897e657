/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workloadpatch: what puts an image into the containers of a target, and touches nothing else of it: a
 * strategic merge patch, which finds containers by their names. It is for one object as it was when
 * it was read: uid and resourceVersion are in it, so that nothing is made, and nothing overwritten
 * that nobody has looked at. Without a resourceVersion it is for that object whatever has become of
 * it.
 */
#ifndef PINNACE_WORKLOADPATCH_H
#define PINNACE_WORKLOADPATCH_H

#include "pinnace/rollout.h"

struct workload_patch {
    const struct trackspec *spec;
    const struct trackspec_target *target;
    const struct workload_facts *workload;
    struct str image; /* "repo:tag@digest" */
    int64_t revision; /* 0: not on the ledger yet */
    struct str cause; /* for "kubectl rollout history"; .len 0: none is told */
};

/* "repo:tag@digest"; the tag may be .len 0. */
int workload_patch_image(const struct trackspec *spec, struct str tag, struct str digest,
                         struct arena *arena, struct str *ret_image, struct err *err);

/* -1 when the target has no container of the workload: there is nothing to be put anywhere. */
int workload_patch_write(const struct workload_patch *patch, struct arena *arena,
                         struct str *ret_body, struct err *err);

#endif
