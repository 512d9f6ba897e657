/* SPDX-License-Identifier: Apache-2.0 */
/* pullnames: which Secrets the pods of a workload pull their images with. */
#ifndef PINNACE_PULLNAMES_H
#define PINNACE_PULLNAMES_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { PULLNAMES_MAX = 16 };

struct pullnames {
    struct str secrets[PULLNAMES_MAX]; /* those beyond that are not tried */
    size_t count;
    struct str account; /* the ServiceAccount that pods run as; "default" where none is named */
};

/* Adds what the pod template of a workload says, of whatever kind. */
int pullnames_add_workload(struct pullnames *names, struct str json, struct arena *arena,
                           struct err *err);
/* Adds what a ServiceAccount says. */
int pullnames_add_account(struct pullnames *names, struct str json, struct arena *arena,
                          struct err *err);

#endif
