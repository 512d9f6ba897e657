/* SPDX-License-Identifier: Apache-2.0 */
/* acrdoc: the documents of Azure Container Registry that other registries do not have. */
#ifndef PINNACE_ACRDOC_H
#define PINNACE_ACRDOC_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { ACRDOC_MAX_BYTES = 4 * 1024 * 1024 };

/* The refresh token that an exchange answers with. */
int acr_exchange_read(struct str body, struct arena *arena, struct str *ret_token, struct err *err);

/*
 * What the newest tags of a repository come to, as one number that is not 0: it stays the same as
 * long as nothing is pushed, moved or tagged.
 */
int acr_newest_read(struct str body, struct arena *arena, uint64_t *ret_mark, struct err *err);

/* What may be done to a manifest or a tag. */
struct acr_attributes {
    struct str digest; /* of a tag, what it means */
    bool tagged;       /* of a manifest: some tag means it */
    bool can_delete, can_write;
};

/* Of one manifest, or of one tag. */
int acr_attributes_read(struct str body, struct arena *arena, struct acr_attributes *ret_attributes,
                        struct err *err);

/* Whether somebody has seen to it that it stays: each of both is enough. */
static inline bool acr_is_locked(const struct acr_attributes *attributes)
{
    return !attributes->can_delete || !attributes->can_write;
}

#endif
