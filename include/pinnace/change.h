/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change: what an update changes. A pod keeps its containers, so each image is compared with the
 * one that had its place; a workload makes new pods of its template, so any change counts.
 */
#ifndef PINNACE_CHANGE_H
#define PINNACE_CHANGE_H

#include "pinnace/object.h"
#include "pinnace/siphash.h"

/*
 * Whether the pod templates say the same, in whatever order and spacing. Both objects are of the
 * kind of new_object and were read by scan, so their text is known to be sound.
 */
bool template_same(const struct object *new_object, const struct object *old_object,
                   struct siphash_key key, struct arena *arena);

/*
 * The images of an old pod, to be asked for by list, name and string. Asked in the order of the
 * new pod, the usual answer is found at the same place of the old one.
 */
struct old_images {
    const struct object *object;
    struct siphash_key key;
    struct arena *arena;
    struct image_cursor cursor;
    const struct image_site **slots; /* a table once one is needed; NULL slots are empty */
    size_t count;                    /* a power of two */
};

int old_images_have(struct old_images *images, const struct image_site *site, bool *ret_has,
                    struct err *err);

#endif
