/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifestedit: other images in a manifest, and not another byte of it: comments, quotes and layout
 * stay. What was edited is read again, and must say the same but for the images.
 */
#ifndef PINNACE_MANIFESTEDIT_H
#define PINNACE_MANIFESTEDIT_H

#include "pinnace/manifest.h"

struct manifest_change {
    const struct manifest_object *object;
    size_t offset;       /* of the value in the object's JSON */
    struct str from, to; /* without quotes; nothing in them needs to be escaped */
};

/*
 * Changes must be in the order of the objects, and of offsets within one. Several may be about one
 * place, where an alias or a merge leads; they have to agree then. -1 with the line where a value is
 * written in a way that cannot be edited safely: as a block, over several lines, with escapes or an
 * anchor.
 */
int manifest_edit(const struct manifest *manifest, const struct manifest_change *changes,
                  size_t count, struct arena *arena, struct str *ret_text, struct err *err);

#endif
