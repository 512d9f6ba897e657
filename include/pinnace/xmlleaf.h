/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xmlleaf: the few texts that matter of a small XML answer: elements that hold nothing but text, found
 * by their names wherever they stand. No document type, no entities but XML's own five and characters
 * by number, at most 16 levels.
 */
#ifndef PINNACE_XMLLEAF_H
#define PINNACE_XMLLEAF_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { XMLLEAF_DEPTH = 16, XMLLEAF_NAMES_MAX = 16 };

/*
 * ret_texts[i] is that of names[i], without white space at its ends; .ptr NULL: it is not there. Names
 * are compared without their prefix. One that is there twice is an error, and so is what is not
 * well-formed.
 */
int xml_leaves_read(struct str text, const struct str names[], size_t count, struct arena *arena,
                    struct str ret_texts[], struct err *err);

#endif
