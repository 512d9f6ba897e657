/* SPDX-License-Identifier: Apache-2.0 */
/* objects: one of each kind that makes pods, and what is read of it. */
#ifndef PINNACE_TESTS_OBJECTS_H
#define PINNACE_TESTS_OBJECTS_H

#include "check.h"

#include "pinnace/object.h"

static inline struct object read_good(const char *row, struct arena *arena, struct str text)
{
    struct object object = {0};
    struct err err = ERR_CLEAN;
    int result = object_read(text, arena, &object, &err);
    CHECK_STR(row, ERR_TEXT(err), STR(""));
    CHECK_INT(row, result, 0);
    return object;
}

/* Every image on a line: field, holder, image. */
static inline struct str images_of(struct arena *arena, const struct object *object)
{
    struct buf buf = BUF_INIT(arena, 100000);
    const struct image_site *site;
    for (struct image_cursor at = {0}; (site = object_next_image(object, &at));) {
        buf_add_field(&buf, site);
        buf_add_char(&buf, ' ');
        buf_add_holder(&buf, site);
        buf_addf(&buf, " %.*s\n", STR_FMT(site_image(site)));
    }
    return finished(&buf);
}

#endif
