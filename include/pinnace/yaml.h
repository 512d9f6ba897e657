/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml: manifests as kubectl reads them, turned into JSON, so that one visitor sees files and
 * admission requests alike, with a map from offsets of that JSON back to lines of the file.
 *
 * Refused, with the line, since readers disagree about it or nobody can mean it: a key given twice
 * in one map (also on and true, which are one key), a merge (<<) behind a key that it brings too,
 * anchors that contain themselves, .inf and .nan, NUL in strings, keys that are no scalars, control
 * characters, UTF-16. Aliases and merges may make at most JSON of 16 times the input's size, and
 * nesting ends at 64 levels.
 */
#ifndef PINNACE_YAML_H
#define PINNACE_YAML_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { YAML_INPUT_MAX = 16 * 1024 * 1024 };

/* Where a value of the JSON is written in the file; line and column (in characters) from 1. */
struct yaml_place {
    uint32_t json_offset, line, column;
};

struct yaml_document {
    struct str json;
    struct yaml_place *places; /* one for each value, in the order of the JSON */
    size_t place_count;
    uint32_t line; /* of its first value */
};

struct yaml_documents {
    struct yaml_document *items;
    size_t count;
};

/*
 * All documents of a file but the empty ones. Everything lives in the arena, which needs room for
 * 100 to 200 bytes for each value.
 */
int yaml_read(struct arena *arena, struct str text, struct yaml_documents *ret_documents,
              struct err *err);

/*
 * The place of the last value that begins at or before the offset. What an alias or a merge brought
 * is placed where it is written, at the anchor.
 */
struct yaml_place yaml_place_at(const struct yaml_document *document, size_t json_offset);

#endif
