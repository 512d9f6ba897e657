/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the bytes: what is taken when skipped is taken when read, and by cJSON too, which then
 * says the same; what is read as an object is read so again; what is refused has one line to say.
 */
#include <cJSON.h>
#include <stdlib.h>

#include "pinnace/object.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, LARGEST = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(const struct err *err)
{
    must(err->kind == ERR_INPUT || err->kind == ERR_LIMIT || err->kind == ERR_MEMORY);
    size_t len = strlen(err->text);
    must(len > 0 && len < sizeof(err->text));
    for (size_t i = 0; i < len; i++)
        must(err->text[i] >= ' ' && err->text[i] < 0x7f);
}

static void compare(struct scan *scan, const cJSON *value);

static void compare_object(struct scan *scan, const cJSON *value)
{
    const cJSON *member = value->child;
    struct str key = STR_NONE;
    struct scan_members members = scan_object(scan);
    must(cJSON_IsObject(value));
    for (; scan_any_member(scan, &members, &key); member = member->next) {
        must(member && str_eq(key, str_of(member->string)));
        compare(scan, member);
    }
    must(!member);
}

static void compare_array(struct scan *scan, const cJSON *value)
{
    const cJSON *element = value->child;
    struct scan_elements elements = scan_array(scan);
    must(cJSON_IsArray(value));
    for (; scan_element(scan, &elements); element = element->next) {
        must(element != NULL);
        compare(scan, element);
    }
    must(!element);
}

/* Reads the next value beside the tree that cJSON made of it. */
static void compare(struct scan *scan, const cJSON *value)
{
    switch (scan_peek(scan)) {
    case SCAN_OBJECT:
        compare_object(scan, value);
        return;
    case SCAN_ARRAY:
        compare_array(scan, value);
        return;
    case SCAN_STRING:
        must(cJSON_IsString(value) && str_eq(scan_string(scan), str_of(value->valuestring)));
        return;
    case SCAN_NUMBER:
        must(cJSON_IsNumber(value) && scan_value(scan).len > 0);
        return;
    case SCAN_BOOL:
        must(cJSON_IsBool(value));
        must(str_eq(scan_value(scan), cJSON_IsTrue(value) ? STR("true") : STR("false")));
        return;
    case SCAN_NULL:
        must(cJSON_IsNull(value) && str_eq(scan_value(scan), STR("null")));
        return;
    case SCAN_INVALID:
        abort();
    }
}

/* The walk of a reader that wants everything, for texts that may be broken. */
static void walk(struct scan *scan)
{
    struct str key;
    enum scan_type type = scan_peek(scan);
    if (type == SCAN_OBJECT) {
        struct scan_members members = scan_object(scan);
        while (scan_any_member(scan, &members, &key))
            walk(scan);
    } else if (type == SCAN_ARRAY) {
        struct scan_elements elements = scan_array(scan);
        while (scan_element(scan, &elements))
            walk(scan);
    } else if (type == SCAN_STRING) {
        scan_string(scan);
    } else {
        scan_value(scan);
    }
}

static bool skips(struct str text, bool deep, struct str *ret_value)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct err err = {ERR_NONE, ""};
    struct scan scan;
    scan_begin(&scan, text, &arena);
    scan.deep = deep;
    *ret_value = scan_value(&scan);
    must(scan_offset(&scan) <= text.len);
    int result = scan_finish(&scan, &err);
    if (result < 0)
        check_error(&err);
    return result == 0;
}

static bool walks(struct str text)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct scan scan;
    scan_begin(&scan, text, &arena);
    walk(&scan);
    return scan_finish(&scan, NULL) == 0;
}

static void check_taken(struct str text)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct scan scan;
    cJSON *tree = cJSON_ParseWithLengthOpts(text.ptr, text.len, NULL, 0);
    must(tree != NULL);
    scan_begin(&scan, text, &arena);
    compare(&scan, tree);
    must(scan_finish(&scan, NULL) == 0);
    cJSON_Delete(tree);
}

static bool sites_same(const struct object *a, const struct object *b)
{
    struct image_cursor at_a = {0}, at_b = {0};
    for (;;) {
        const struct image_site *one = object_next_image(a, &at_a);
        const struct image_site *two = object_next_image(b, &at_b);
        if (!one || !two)
            return one == two;
        must(one->offset < a->text.len);
        if (one->offset != two->offset || one->index != two->index || one->list != two->list ||
            !str_eq(site_name(one), site_name(two)) || !str_eq(site_image(one), site_image(two)))
            return false;
    }
}

static void check_object(struct str text, bool taken)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct object untouched = {.name = text};
    struct object object = untouched, again;
    struct err err = {ERR_NONE, ""};
    if (object_read(text, &arena, &object, &err) < 0) {
        must(memcmp(&object, &untouched, sizeof(object)) == 0);
        check_error(&err);
        return;
    }
    must(taken && object_read(text, &arena, &again, NULL) == 0);
    must(object.kind == again.kind && str_eq(object.name, again.name) &&
         str_eq(object.items, again.items) && sites_same(&object, &again));
    for (int place = 0; place < POD_PLACES; place++) {
        struct str value;
        must(str_eq(object.templates[place], again.templates[place]));
        must(object.templates[place].len == 0 || skips(object.templates[place], true, &value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, value, inner;
    struct json_place place;
    if (size > LARGEST)
        return 0;
    bool taken = skips(text, false, &value);
    must(walks(text) == taken);
    if (taken) {
        must(value.ptr >= text.ptr && value.ptr + value.len <= text.ptr + text.len);
        must(skips(value, false, &inner) && str_eq(inner, value));
        check_taken(text);
    }
    bool taken_deep = skips(text, true, &value);
    must(taken_deep || !taken);
    check_object(text, taken_deep);
    json_place_of(text, size ? data[0] * size / 256 : 0, &place);
    must(memchr(place.path, '\0', sizeof(place.path)) && place.line > 0 && place.column > 0);
    return 0;
}
