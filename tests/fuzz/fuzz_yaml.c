/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the manifest: what is read is JSON for the strict scanner, its places are in order and
 * point at values, and what is refused has a sentence on one line.
 */
#include <stdlib.h>

#include "pinnace/scan.h"
#include "pinnace/yaml.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_json(struct str json)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct scan scan;
    scan_begin(&scan, json, &arena);
    scan_value(&scan);
    must(scan_finish(&scan, NULL) == 0);
}

static bool begins_value(char c)
{
    return c == '{' || c == '[' || c == '"' || c == '-' || c == 't' || c == 'f' || c == 'n' ||
           ascii_is_digit(c);
}

static void check_places(const struct yaml_document *document, struct str text)
{
    must(document->place_count > 0 && document->places[0].json_offset == 0);
    for (size_t i = 0; i < document->place_count; i++) {
        const struct yaml_place *place = &document->places[i];
        must(i == 0 || place->json_offset > place[-1].json_offset);
        must(place->json_offset < document->json.len);
        must(begins_value(document->json.ptr[place->json_offset]));
        must(place->line >= 1 && place->line <= text.len + 1);
        must(place->column >= 1 && place->column <= text.len + 1);
        struct yaml_place found = yaml_place_at(document, place->json_offset);
        must(found.json_offset == place->json_offset);
    }
}

static void check_error(const struct err *err)
{
    must(err->kind == ERR_INPUT || err->kind == ERR_LIMIT || err->kind == ERR_MEMORY);
    size_t len = strlen(err->text);
    must(len > 0 && len < sizeof(err->text) - 1);
    for (size_t i = 0; i < len; i++)
        must(err->text[i] >= ' ' && err->text[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    struct yaml_documents documents;
    struct err err = {ERR_NONE, ""};
    if (yaml_read(&arena, text, &documents, &err)) {
        check_error(&err);
        return 0;
    }
    for (size_t i = 0; i < documents.count; i++) {
        check_json(documents.items[i].json);
        check_places(&documents.items[i], text);
    }
    return 0;
}
