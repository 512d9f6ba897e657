/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hookconfig: what matters to us of a ValidatingWebhookConfiguration: whom its entries trust, and
 * who owns it; and the patch that puts both right and touches nothing else.
 */
#ifndef PINNACE_HOOKCONFIG_H
#define PINNACE_HOOKCONFIG_H

#include "pinnace/buf.h"

enum { HOOKCONFIG_MAX_BYTES = 4 * 1024 * 1024, HOOKCONFIG_MAX_ENTRIES = 256 };

struct hookconfig_owner {
    struct str name, uid; /* of a Namespace */
};

int hookconfig_owner_read(struct str json, struct arena *arena, struct hookconfig_owner *ret_owner,
                          struct err *err);

struct hookconfig {
    struct str version;
    struct str *bundles; /* PEM, of each entry in its order; .len 0: it has none */
    size_t count;
    bool has_owners; /* somebody's */
    bool is_owned;   /* by the one that was asked for */
};

int hookconfig_read(struct str json, struct str owner_uid, struct arena *arena,
                    struct hookconfig *ret_config, struct err *err);

/*
 * A JSON patch that fails with a conflict if the object is not the one that was read. Every entry
 * gets the bundle, and owner is made an owner; either may be left out (.len 0, NULL).
 */
void buf_add_hookconfig_patch(struct buf *buf, const struct hookconfig *config, struct str bundle,
                              const struct hookconfig_owner *owner);

#endif
