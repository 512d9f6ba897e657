/* SPDX-License-Identifier: Apache-2.0 */
/* trackbook_write: a book as the status of its Track; see trackbook.h. */
#include "pinnace/trackbook.h"

#include "trackbook_schema.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

static bool is_empty(const struct field *field, const void *thing)
{
    if (field_is_text(field))
        return field_text(field, thing).len == 0;
    if (field->type == FIELD_NAME)
        return field_name(field, thing) == 0;
    return field->type == FIELD_FLAG ? !field_flag(field, thing) : field_number(field, thing) == 0;
}

static void write_when(struct json_writer *writer, int64_t seconds)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4096);
    struct buf text = BUF_INIT(&arena, 64);
    struct str when = STR_NONE;
    buf_add_when(&text, seconds);
    if (buf_finish(&text, &when, NULL) < 0)
        writer->buf->failed = true;
    else
        json_string(writer, when);
}

static void write_field(struct json_writer *writer, const struct field *field, const void *thing)
{
    if (field->type != FIELD_NAME && is_empty(field, thing))
        return;
    json_key(writer, field->key.ptr);
    if (field_is_text(field))
        json_string(writer, field_text(field, thing));
    else if (field->type == FIELD_NUMBER)
        json_number(writer, field_number(field, thing));
    else if (field->type == FIELD_WHEN)
        write_when(writer, field_number(field, thing));
    else if (field->type == FIELD_FLAG)
        json_bool(writer, true);
    else
        json_string(writer, field->names[field_name(field, thing)]);
}

static void write_fields(struct json_writer *writer, struct fields fields, const void *thing)
{
    for (size_t i = 0; i < fields.count; i++)
        write_field(writer, &fields.items[i], thing);
}

static bool part_is_empty(const struct book_part *part, const struct trackbook *book)
{
    for (size_t i = 0; i < part->fields.count; i++)
        if (!is_empty(&part->fields.items[i], book))
            return false;
    return true;
}

/* For tables: "sha256:0123456789ab". */
static void write_short(struct json_writer *writer, const struct trackbook *book)
{
    enum { SHORT_BYTES = sizeof("sha256:") - 1 + 12 };
    if (book->current.digest.len > SHORT_BYTES)
        json_member(writer, "short", str_head(book->current.digest, SHORT_BYTES));
}

static void write_part(struct json_writer *writer, const struct book_part *part,
                       const struct trackbook *book)
{
    if (part_is_empty(part, book))
        return;
    json_key(writer, part->key.ptr);
    json_open(writer, '{');
    write_fields(writer, part->fields, book);
    if (part == &book_parts[0])
        write_short(writer, book);
    json_close(writer, '}');
}

static void write_list(struct json_writer *writer, const struct book_list *list,
                       const struct trackbook *book)
{
    if (!list_count(book, list))
        return;
    json_key(writer, list->key.ptr);
    json_open(writer, '[');
    for (size_t i = 0; i < list_count(book, list); i++) {
        json_open(writer, '{');
        write_fields(writer, list->fields, list_item(book, list, i));
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

/* One that was never said has no reason. */
static void write_conditions(struct json_writer *writer, const struct trackbook *book)
{
    json_key(writer, "conditions");
    json_open(writer, '[');
    for (size_t i = 0; i < TRACK_CONDITIONS; i++) {
        if (!book->conditions[i].reason.len)
            continue;
        json_open(writer, '{');
        json_member(writer, "type", track_condition_names[i]);
        write_fields(writer, book_condition_fields, &book->conditions[i]);
        if (!book->conditions[i].message.len) /* the schema of conditions wants one */
            json_member(writer, "message", STR(""));
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

void trackbook_write(struct buf *buf, const struct trackbook *book)
{
    struct json_writer writer = {.buf = buf};
    json_open(&writer, '{');
    write_fields(&writer, book_own, book);
    for (size_t i = 0; i < BOOK_PARTS; i++)
        write_part(&writer, &book_parts[i], book);
    write_conditions(&writer, book);
    for (size_t i = 0; i < BOOK_LISTS; i++)
        write_list(&writer, &book_lists[i], book);
    json_close(&writer, '}');
}
