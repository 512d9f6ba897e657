/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objectmeta: who an object of an API server is and how new, and its text without what only the
 * server has a use for: that which is kept of thousands of objects.
 */
#ifndef PINNACE_OBJECTMETA_H
#define PINNACE_OBJECTMETA_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

struct object_meta {
    struct str namespace, name, uid, resource_version;
    struct str owner_uid;      /* of the owner that controls it; .len 0: nobody does */
    struct str managed_fields; /* the bytes of that member, a part of the text; .len 0: none */
};

/* Refuses an object without name, uid or resourceVersion. Strings are in the arena or parts of json. */
int object_meta_read(struct str json, struct arena *arena, struct object_meta *ret_meta,
                     struct err *err);

/* The length of the text with null in the place of its managedFields, and the text itself. */
size_t object_meta_bare_len(struct str json, const struct object_meta *meta);
void object_meta_bare(struct str json, const struct object_meta *meta, char *out);

/*
 * Whether version a of an object comes before version b of it. API servers count them up; of what is
 * not written as a number nobody can tell, and nothing is said to be older.
 */
bool object_version_older(struct str a, struct str b);

#endif
