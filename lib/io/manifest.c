/* SPDX-License-Identifier: Apache-2.0 */
/* manifest: see the header. */
#include "pinnace/manifest.h"

#include "pinnace/file.h"
#include "pinnace/object.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { LIST_DEPTH = 4 }; /* a List of Lists exists, further down nobody goes in earnest */

struct reader {
    struct arena *arena;
    struct manifest *manifest;
    const struct manifest_object **tail;
};

static int add_objects(struct reader *reader, const struct manifest_object *object, int depth,
                       struct err *err);

static const char *shown(const char *file)
{
    return strcmp(file, "-") == 0 ? "standard input" : file;
}

int manifest_prefix(const struct manifest_object *object, size_t offset, struct err *err)
{
    struct manifest_place place = manifest_place_of(object, offset);
    return err_prefix(err, "%s:%zu: ", shown(object->manifest->file), place.line);
}

static int add_items(struct reader *reader, const struct manifest_object *list, struct str items,
                     int depth, struct err *err)
{
    struct scan scan;
    scan_begin(&scan, items, reader->arena);
    scan.deep = true;
    if (scan_peek(&scan) != SCAN_ARRAY) {
        err_set(err, ERR_INPUT, "items: a list was expected here");
        return manifest_prefix(list, (size_t)(items.ptr - list->json.ptr), err);
    }
    struct scan_elements elements = scan_array(&scan);
    while (scan_element(&scan, &elements)) {
        struct manifest_object item = *list;
        item.json = scan_value(&scan);
        if (add_objects(reader, &item, depth + 1, err) < 0)
            return -1;
    }
    return 0;
}

static bool is_list(const struct object *object)
{
    return object->items.ptr && str_ends(object->kind_name, STR("List"));
}

/* Adds one object, or all that a List holds. The JSON was not checked before. */
static int add_objects(struct reader *reader, const struct manifest_object *object, int depth,
                       struct err *err)
{
    struct object header;
    struct scan scan;
    scan_begin(&scan, object->json, reader->arena);
    scan.deep = true;
    scan.derived = true; /* the file and its line are told here */
    if (scan_peek(&scan) != SCAN_OBJECT) {
        err_set(err, ERR_INPUT, "a Kubernetes object (apiVersion, kind, ...) was expected here");
        return manifest_prefix(object, 0, err);
    }
    object_scan(&scan, &header);
    if (scan_finish(&scan, err) < 0)
        return manifest_prefix(object, scan.problem_at, err);
    if (is_list(&header) && depth < LIST_DEPTH)
        return add_items(reader, object, header.items, depth, err);
    struct manifest_object *added = arena_new(reader->arena, struct manifest_object);
    if (!added)
        return err_no_memory(err);
    *added = *object;
    added->next = NULL;
    *reader->tail = added;
    reader->tail = &added->next;
    return 0;
}

/* As kubectl does: one JSON value after another. */
static int parse_json(struct reader *reader, struct err *err)
{
    struct str text = reader->manifest->text;
    struct scan scan;
    scan_begin(&scan, text, reader->arena);
    scan.deep = true;
    while (scan_peek(&scan) != SCAN_INVALID) {
        struct manifest_object object = {.manifest = reader->manifest, .document = text};
        object.json = scan_value(&scan);
        if (scan.problem_kind != ERR_NONE)
            break;
        if (add_objects(reader, &object, 0, err) < 0)
            return -1;
    }
    if (scan_finish(&scan, err) == 0)
        return 0;
    return err_prefix(err, "%s: ", shown(reader->manifest->file));
}

static int parse_yaml(struct reader *reader, struct err *err)
{
    struct yaml_documents documents;
    if (yaml_read(reader->arena, reader->manifest->text, &documents, err) < 0)
        return err_prefix(err, "%s: ", shown(reader->manifest->file));
    for (size_t i = 0; i < documents.count; i++) {
        struct manifest_object object = {.manifest = reader->manifest,
                                         .json = documents.items[i].json,
                                         .document = documents.items[i].json,
                                         .source = &documents.items[i]};
        if (add_objects(reader, &object, 0, err) < 0)
            return -1;
    }
    return 0;
}

static int index_lines(struct manifest *manifest, struct arena *arena, struct err *err)
{
    struct str text = manifest->text;
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    uint32_t *lines = arena_array(arena, uint32_t, count);
    if (!lines)
        return err_no_memory(err);
    for (size_t i = 0, line = 1; i < text.len; i++)
        if (text.ptr[i] == '\n')
            lines[line++] = (uint32_t)i + 1;
    manifest->lines = lines;
    manifest->line_count = count;
    return 0;
}

static bool looks_like_json(struct str text)
{
    struct scan scan;
    scan_begin(&scan, text, NULL);
    return scan_peek(&scan) == SCAN_OBJECT;
}

int manifest_parse(const char *file, struct str text, struct arena *arena,
                   struct manifest *ret_manifest, struct err *err)
{
    *ret_manifest = (struct manifest){.file = file, .text = text};
    struct reader reader = {arena, ret_manifest, &ret_manifest->objects};
    if (index_lines(ret_manifest, arena, err) < 0)
        return -1;
    if (!looks_like_json(text))
        return parse_yaml(&reader, err);
    if (parse_json(&reader, err) == 0)
        return 0;
    /* A brace begins YAML too. If it is not that either, what was wrong with the JSON is told. */
    struct err ignored;
    reader.tail = &ret_manifest->objects;
    ret_manifest->objects = NULL;
    return str_ends(str_of(file), STR(".json")) ? -1 : parse_yaml(&reader, &ignored);
}

int manifest_read(const char *file, struct arena *arena, struct manifest *ret_manifest,
                  struct err *err)
{
    struct str text;
    if (file_read(file, MANIFEST_MAX_BYTES, arena, &text, err) < 0)
        return -1;
    return manifest_parse(file, text, arena, ret_manifest, err);
}

struct str manifest_line(const struct manifest *manifest, size_t line)
{
    size_t begin = manifest->lines[line - 1];
    struct str rest = str_tail(manifest->text, begin);
    size_t end = str_find(rest, '\n');
    rest = end == STR_NOT_FOUND ? rest : str_head(rest, end);
    return str_ends(rest, STR("\r")) ? str_head(rest, rest.len - 1) : rest;
}

struct manifest_place manifest_place_of(const struct manifest_object *object, size_t offset)
{
    offset += (size_t)(object->json.ptr - object->document.ptr);
    if (object->source) {
        struct yaml_place place = yaml_place_at(object->source, offset);
        return (struct manifest_place){place.line, place.column};
    }
    const struct manifest *manifest = object->manifest;
    size_t low = 0, high = manifest->line_count; /* the line is in low..high-1 */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (manifest->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return (struct manifest_place){low + 1, offset - manifest->lines[low] + 1};
}
