/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: files as people feed them to kubectl: YAML or JSON, many documents, Lists within.
 * Each object comes out as JSON text, and an offset in it leads back to the line of the file.
 */
#ifndef PINNACE_MANIFEST_H
#define PINNACE_MANIFEST_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"
#include "pinnace/yaml.h"

enum { MANIFEST_MAX_BYTES = 16 * 1024 * 1024 };

struct manifest_object {
    const struct manifest_object *next;
    struct str json;
    const struct manifest *manifest;
    struct str document;                /* the text of which json is a part */
    const struct yaml_document *source; /* NULL: the file is JSON, and document a part of it */
};

struct manifest {
    const char *file; /* for messages; "-" is standard input */
    struct str text;
    const struct manifest_object *objects; /* in the order of the file, Lists taken apart */
    const uint32_t *lines;                 /* where each line of text begins */
    size_t line_count;
};

struct manifest_place {
    size_t line, column; /* both from 1 */
};

/* text must live as long as the manifest; errors begin with the file and name the line. */
int manifest_parse(const char *file, struct str text, struct arena *arena,
                   struct manifest *ret_manifest, struct err *err);

/* Reads the file, or standard input for "-", and parses it. */
int manifest_read(const char *file, struct arena *arena, struct manifest *ret_manifest,
                  struct err *err);

/* A line of the file, from 1, without its end. */
struct str manifest_line(const struct manifest *manifest, size_t line);

/* Where in the file the byte at offset of the object's JSON text comes from. */
struct manifest_place manifest_place_of(const struct manifest_object *object, size_t offset);

/* Puts file and line of that place in front of the error and returns -1. */
int manifest_prefix(const struct manifest_object *object, size_t offset, struct err *err);

#endif
