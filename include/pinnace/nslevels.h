/* SPDX-License-Identifier: Apache-2.0 */
/* nslevels: what the labels of a namespace say of levels. */
#ifndef PINNACE_NSLEVELS_H
#define PINNACE_NSLEVELS_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/level.h"

struct nslevel {
    struct str value; /* of the label; .ptr NULL: there is none */
    bool known;       /* and it names a level */
    enum level level; /* off when there is no label, or it is not known */
};

struct nslevels {
    struct str uid; /* of the namespace */
    struct nslevel modes[MODES];
};

/* "pinnace.dev/enforce" */
extern const struct str nslevel_labels[MODES];

/* Of the JSON of a Namespace, which must live as long as what is returned. */
int nslevels_read(struct str json, struct arena *arena, struct nslevels *ret_levels,
                  struct err *err);

#endif
