/* SPDX-License-Identifier: Apache-2.0 */
/* hook_read: what receivers make hints with; see hook_inner.h. */
#include "hook_inner.h"

#include <stdio.h>

#include "pinnace/regdoc.h"

#include "pinnace/banned.h"

enum { NAME_MAX_BYTES = 512 };

/* --- Hints -------------------------------------------------------------------------------------- */

void hook_pass_over(struct hook_reading *reading, const char *why)
{
    if (!reading->passed_over)
        reading->passed_over = why;
}

/*
 * The parts of HOST/REPOSITORY:TAG must be found again as they went in. Without a host, the first
 * part of the repository is one if it looks like one, unless it is said to be none.
 */
static enum imageref_fault read_name(struct str host, bool none_in_name, struct str repository,
                                     struct str tag, struct push_hint *ret_hint)
{
    char text[NAME_MAX_BYTES];
    struct imageref ref;
    struct str under = none_in_name ? STR("localhost") : host;
    int len = snprintf(text, sizeof(text), "%.*s%s%.*s:%.*s", STR_FMT(under), under.len ? "/" : "",
                       STR_FMT(repository), STR_FMT(tag));
    if (len < 0 || (size_t)len >= sizeof(text))
        return IMAGEREF_TOO_LONG;
    enum imageref_fault fault = imageref_parse((struct str){text, (size_t)len}, &ref);
    if (fault != IMAGEREF_OK)
        return fault;
    if (!str_eq(ref.tag, tag) || ref.digest.len)
        return IMAGEREF_BAD_TAG;
    size_t before = under.len ? under.len + 1 : 0, path = (size_t)(ref.path.ptr - text);
    if (path < before || (under.len && path != before))
        return IMAGEREF_BAD_HOST;
    path -= before;
    *ret_hint = (struct push_hint){path ? str_head(repository, path - 1) : host,
                                   str_tail(repository, path), tag};
    return IMAGEREF_OK;
}

static void add(struct hook_reading *reading, const struct push_hint *hint)
{
    struct push_hints *hints = &reading->hints;
    if (hints->count == PUSH_HINTS_MAX) {
        reading->too_many = true;
        return;
    }
    if ((hints->count & (hints->count - 1)) == 0) {
        size_t room = hints->count ? hints->count * 2 : 1;
        struct push_hint *bigger = arena_array(reading->arena, struct push_hint, room);
        if (!bigger) {
            reading->no_memory = true;
            return;
        }
        if (hints->count)
            memcpy(bigger, hints->items, hints->count * sizeof(*bigger));
        hints->items = bigger;
    }
    hints->items[hints->count++] = *hint;
}

static void add_if_named(struct hook_reading *reading, struct str host, bool none_in_name,
                         struct str repository, struct str tag)
{
    struct push_hint hint;
    if (!tag.len)
        hook_pass_over(reading, HOOK_NO_TAG);
    else if (read_name(host, none_in_name, repository, tag, &hint) != IMAGEREF_OK)
        hook_pass_over(reading, digest_check(tag) == IMAGEREF_OK ? HOOK_NO_TAG : HOOK_NO_NAME);
    else
        add(reading, &hint);
}

void hook_add(struct hook_reading *reading, struct str host, struct str repository, struct str tag)
{
    add_if_named(reading, host, host.len == 0, repository, tag);
}

void hook_add_name(struct hook_reading *reading, struct str name, struct str tag)
{
    add_if_named(reading, STR_NONE, false, name, tag);
}

void hook_add_reference(struct hook_reading *reading, struct str reference)
{
    size_t colon = str_rfind(reference, ':'), slash = str_rfind(reference, '/');
    bool is_port = slash != STR_NOT_FOUND && colon < slash;
    if (colon == STR_NOT_FOUND || is_port || str_find(reference, '@') != STR_NOT_FOUND)
        hook_pass_over(reading, HOOK_NO_TAG);
    else
        hook_add_name(reading, str_head(reference, colon), str_tail(reference, colon + 1));
}

void hook_add_both(struct hook_reading *reading, struct str key, struct str name, struct str tag)
{
    struct buf path = BUF_INIT(reading->arena, reading->body.len + 2);
    struct str with_key;
    buf_add(&path, key);
    buf_add_char(&path, '/');
    buf_add(&path, name);
    hook_add(reading, STR_NONE, name, tag);
    if (buf_finish(&path, &with_key, NULL) < 0)
        reading->no_memory = true;
    else
        hook_add(reading, STR_NONE, with_key, tag);
}

enum imageref_fault hook_name_fault(struct str name, struct str tag)
{
    struct push_hint hint;
    return read_name(STR_NONE, false, name, tag, &hint);
}

struct str hook_lower(struct hook_reading *reading, struct str text)
{
    struct str copy = arena_copy(reading->arena, text);
    if (!copy.ptr) {
        reading->no_memory = true;
        return STR_NONE;
    }
    for (char *c = (char *)(uintptr_t)copy.ptr; c < copy.ptr + copy.len; c++)
        *c = ascii_lower(*c);
    return copy;
}

void hook_add_acr(struct hook_reading *reading, const struct hook_acr *push)
{
    if (!str_eq(push->action, STR("push")))
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (push->media_type.len && media_of(push->media_type) == MEDIA_OTHER)
        hook_pass_over(reading, HOOK_NO_IMAGE);
    else
        hook_add(reading, push->host, push->repository, push->tag);
}

/* --- Members by their paths --------------------------------------------------------------------- */

/* A set of fields, one bit for each; and how much of their paths has been walked. */
struct walk {
    struct hook_field *fields;
    size_t count;
};

static bool path_goes_on(const char *path, size_t walked, struct str key)
{
    const char *rest = path + walked;
    return strncmp(rest, key.ptr, key.len) == 0 && (rest[key.len] == '.' || rest[key.len] == '\0');
}

static uint32_t find_fields(const struct walk *walk, uint32_t active, size_t walked, struct str key)
{
    uint32_t found = 0;
    if (!key.len || str_find(key, '.') != STR_NOT_FOUND)
        return 0;
    for (size_t i = 0; i < walk->count; i++)
        if ((active >> i & 1) && path_goes_on(walk->fields[i].path, walked, key))
            found |= 1u << i;
    return found;
}

static void pick(struct scan *scan, const struct walk *walk, uint32_t active, size_t walked);

static void take_value(struct scan *scan, const struct walk *walk, uint32_t found, size_t walked)
{
    struct hook_field *field = &walk->fields[__builtin_ctz(found)];
    if (field->path[walked] == '.') {
        if (!scan_null(scan))
            pick(scan, walk, found, walked + 1);
    } else if (scan_null(scan)) {
        field->value = STR_NONE;
    } else {
        field->value = field->raw ? scan_value(scan) : scan_string(scan);
    }
}

static void pick(struct scan *scan, const struct walk *walk, uint32_t active, size_t walked)
{
    struct scan_members members = scan_object(scan);
    uint32_t seen = 0;
    struct str key;
    while (scan_any_member(scan, &members, &key)) {
        uint32_t found = find_fields(walk, active, walked, key);
        if (found & seen)
            scan_fail(scan, "this key is given twice", scan_offset(scan));
        else if (found)
            take_value(scan, walk, found, walked + key.len);
        else
            scan_value(scan);
        seen |= found;
    }
}

void hook_pick(struct scan *scan, struct hook_field *fields, size_t count)
{
    const struct walk walk = {fields, count};
    pick(scan, &walk, (uint32_t)((1ull << count) - 1), 0);
}

int hook_pick_body(struct hook_reading *reading, struct hook_field *fields, size_t count,
                   struct err *err)
{
    struct scan scan;
    scan_begin(&scan, reading->body, reading->arena);
    hook_pick(&scan, fields, count);
    return scan_finish(&scan, err);
}

int hook_each(struct hook_reading *reading, struct str array,
              void (*take)(struct hook_reading *reading, struct scan *scan), struct err *err)
{
    struct scan scan;
    if (!array.len)
        return 0;
    scan_begin(&scan, array, reading->arena);
    struct scan_elements elements = scan_array(&scan);
    while (scan_element(&scan, &elements))
        take(reading, &scan);
    return scan_finish(&scan, err);
}
