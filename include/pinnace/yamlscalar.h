/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yamlscalar: what one YAML scalar is for kubectl, which reads YAML 1.1 as go-yaml v2 does: yes, on
 * and y are booleans, 010 is eight, 1_000 a thousand, and a timestamp stays the string it was.
 */
#ifndef PINNACE_YAMLSCALAR_H
#define PINNACE_YAMLSCALAR_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum yamlscalar_type {
    YAMLSCALAR_STRING,
    YAMLSCALAR_NULL,
    YAMLSCALAR_BOOL,
    YAMLSCALAR_INT,
    YAMLSCALAR_FLOAT,
    YAMLSCALAR_NOT_FINITE, /* .inf and .nan: a key may be that, a JSON value cannot */
};

/* The text of a string without quotes; of all others but NOT_FINITE the JSON as it is written. */
struct yamlscalar {
    enum yamlscalar_type type;
    struct str text;
};

/*
 * tag is as the parser resolved it ("tag:yaml.org,2002:int"; no bytes: none given); plain: not in
 * quotes and not a block. The result may point into text. -1 when the tag and the text disagree.
 */
int yamlscalar_read(struct arena *arena, struct str tag, bool plain, struct str text,
                    struct yamlscalar *ret_scalar, struct err *err);

/* The same as the key of an object: Kubernetes rounds a float to 32 bits there. null is refused. */
int yamlscalar_key(struct arena *arena, struct yamlscalar scalar, struct str *ret_key,
                   struct err *err);

#endif
