/* SPDX-License-Identifier: Apache-2.0 */
/* manifestedit: see the header. */
#include "pinnace/manifestedit.h"

#include <stdlib.h>

#include "pinnace/buf.h"
#include "pinnace/utf8.h"

#include "pinnace/banned.h"

/* Where a change is in the text of the file. */
struct edit {
    size_t at; /* of the bytes that are replaced */
    struct str from, to;
};

/* The byte at which a line's character stands; the end of the line if there is none. */
static size_t byte_of(const struct manifest *manifest, struct manifest_place place)
{
    struct str line = manifest_line(manifest, place.line);
    size_t at = 0;
    for (size_t column = 1; column < place.column && at < line.len; column++) {
        uint32_t code;
        size_t width = utf8_decode(str_tail(line, at), &code);
        at += width ? width : 1;
    }
    return manifest->lines[place.line - 1] + at;
}

/* Whether a plain scalar can end here. */
static bool ends_plain(struct str rest)
{
    static const struct str enders = STR_INIT(" \t\r\n,]}");
    return rest.len == 0 || str_find(enders, rest.ptr[0]) != STR_NOT_FOUND;
}

/* A plain scalar may go on in the next line, which the text alone does not tell: the check does. */
static int find_place(const struct manifest *manifest, const struct manifest_change *change,
                      struct edit *ret_edit, struct err *err)
{
    const struct manifest_object *object = change->object;
    struct str text = manifest->text;
    size_t at = change->offset + (size_t)(object->json.ptr - object->document.ptr);
    if (object->source)
        at = byte_of(manifest, manifest_place_of(object, change->offset));
    bool quoted = at < text.len && (text.ptr[at] == '"' || text.ptr[at] == '\'');
    char quote = quoted ? text.ptr[at] : '\0';
    at += quoted;
    struct str rest = str_tail(text, at), behind = STR("");
    bool there = str_starts(rest, change->from);
    if (there)
        behind = str_tail(rest, change->from.len);
    if (there && (quoted ? behind.len && behind.ptr[0] == quote : ends_plain(behind))) {
        *ret_edit = (struct edit){at, change->from, change->to};
        return 0;
    }
    err_set(err, ERR_INPUT,
            "this image is written in a way that cannot be edited safely: as a block, over several "
            "lines, with escapes or with an anchor of its own; write it as a plain word");
    return manifest_prefix(object, change->offset, err);
}

static int by_place(const void *a, const void *b)
{
    const struct edit *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* One place that several objects share by way of an alias is edited once. */
static int drop_twins(struct edit *edits, size_t *count, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (kept && edits[i].at == edits[kept - 1].at) {
            if (!str_eq(edits[i].to, edits[kept - 1].to))
                return err_set(err, ERR_INPUT, "one place in the file is to become two images");
            continue;
        }
        edits[kept++] = edits[i];
    }
    *count = kept;
    return 0;
}

static int write_text(struct str text, const struct edit *edits, size_t count, struct arena *arena,
                      struct str *ret_text, struct err *err)
{
    struct buf buf = BUF_INIT(arena, 4 * (size_t)MANIFEST_MAX_BYTES);
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, str_tail(str_head(text, edits[i].at), done));
        buf_add(&buf, edits[i].to);
        done = edits[i].at + edits[i].from.len;
    }
    buf_add(&buf, str_tail(text, done));
    return buf_finish(&buf, ret_text, err);
}

/* --- The check --------------------------------------------------------------------------------- */

/* The object's JSON as it has to be afterwards. */
static int wanted_json(const struct manifest_object *object, const struct manifest_change **changes,
                       const struct manifest_change *end, struct buf *buf)
{
    size_t done = 0;
    for (; *changes < end && (*changes)->object == object; ++*changes) {
        const struct manifest_change *change = *changes;
        size_t begin = change->offset + 1; /* behind the quote */
        struct str there = str_tail(object->json, begin);
        if (begin < done || !str_starts(there, change->from))
            return -1;
        buf_add(buf, str_tail(str_head(object->json, begin), done));
        buf_add(buf, change->to);
        done = begin + change->from.len;
    }
    buf_add(buf, str_tail(object->json, done));
    return 0;
}

static bool says_what_it_should(const struct manifest *before, const struct manifest *after,
                                const struct manifest_change *changes, size_t count)
{
    const struct manifest_change *end = changes + count;
    const struct manifest_object *old = before->objects, *new = after->objects;
    for (; old && new; old = old->next, new = new->next) {
        struct arena arena ARENA_SCOPED = ARENA_INIT(16 * (size_t)MANIFEST_MAX_BYTES);
        struct buf buf = BUF_INIT(&arena, 8 * (size_t)MANIFEST_MAX_BYTES);
        struct str wanted;
        if (wanted_json(old, &changes, end, &buf) < 0 || buf_finish(&buf, &wanted, NULL) < 0 ||
            !str_eq(wanted, new->json))
            return false;
    }
    return !old && !new &&changes == end;
}

int manifest_edit(const struct manifest *manifest, const struct manifest_change *changes,
                  size_t count, struct arena *arena, struct str *ret_text, struct err *err)
{
    struct edit *edits = arena_array(arena, struct edit, count);
    struct manifest after;
    struct str text;
    size_t places = count;
    if (!edits)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++)
        if (find_place(manifest, &changes[i], &edits[i], err) < 0)
            return -1;
    qsort(edits, count, sizeof(*edits), by_place);
    if (drop_twins(edits, &places, err) < 0 ||
        write_text(manifest->text, edits, places, arena, &text, err) < 0)
        return -1;
    if (manifest_parse(manifest->file, text, arena, &after, err) < 0 ||
        !says_what_it_should(manifest, &after, changes, count))
        return err_set(err, ERR_INPUT,
                       "%s: its images cannot be edited without a change of something else; was "
                       "left as it is",
                       manifest->file);
    *ret_text = text;
    return 0;
}
