/* SPDX-License-Identifier: Apache-2.0 */
/* trackbook_read: a status as the API server shows it, into a book; see trackbook.h. */
#include "pinnace/trackbook.h"

#include "trackbook_schema.h"

#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

static struct str read_digest(struct scan *scan)
{
    size_t at = scan_offset(scan);
    struct str digest = scan_string(scan);
    if (digest.len && digest_check(digest) != IMAGEREF_OK)
        scan_fail(scan, "a digest such as sha256:... was expected here", at);
    return digest;
}

static struct str read_sha256(struct scan *scan)
{
    size_t at = scan_offset(scan);
    struct str digest = read_digest(scan);
    if (digest.len && !str_starts(digest, STR("sha256:")))
        scan_fail(scan, "a digest of sha256 was expected here", at);
    return digest;
}

/* With the characters that tags have: escapes would make more of it than is reckoned with. */
static struct str read_tag(struct scan *scan)
{
    static const struct tag_follow any = {.tag = STR_INIT("")};
    struct semver version;
    size_t at = scan_offset(scan);
    struct str tag = scan_string(scan);
    if (tag.len && tag_judge(&any, tag, &version) == TAG_BAD)
        scan_fail(scan, "a tag was expected here", at);
    return tag;
}

static struct str read_text(struct scan *scan)
{
    size_t at = scan_offset(scan);
    struct str text = scan_string(scan);
    if (text.len > BOOK_TEXT_MAX)
        scan_fail(scan, "longer than any such text is", at);
    return text;
}

static int64_t read_number(struct scan *scan)
{
    size_t at = scan_offset(scan);
    int64_t number = scan_integer(scan);
    if (number < 0)
        scan_fail(scan, "a whole number from 0 on was expected here", at);
    return number;
}

static int64_t read_when(struct scan *scan)
{
    static const int64_t last = 253402300799; /* of the year 9999 */
    int64_t seconds = 0;
    size_t at = scan_offset(scan);
    struct str text = scan_string(scan);
    if (text.ptr && (!when_parse(text, &seconds) || seconds <= 0 || seconds > last))
        scan_fail(scan, "a time such as 2026-11-21T09:30:00Z was expected here", at);
    return seconds;
}

static unsigned read_name(struct scan *scan, const struct field *field)
{
    size_t at = scan_offset(scan);
    struct str text = scan_string(scan);
    for (size_t i = 0; i < field->name_count; i++)
        if (str_eq(text, field->names[i]))
            return (unsigned)i;
    scan_fail(scan, "not one of the words that may stand here", at);
    return 0;
}

static void read_field(struct scan *scan, const struct field *field, void *thing)
{
    void *at = field_place(thing, field->offset);
    if (field->type == FIELD_TAG)
        *(struct str *)at = read_tag(scan);
    else if (field->type == FIELD_DIGEST)
        *(struct str *)at = read_digest(scan);
    else if (field->type == FIELD_SHA256)
        *(struct str *)at = read_sha256(scan);
    else if (field->type == FIELD_TEXT)
        *(struct str *)at = read_text(scan);
    else if (field->type == FIELD_NUMBER)
        *(int64_t *)at = read_number(scan);
    else if (field->type == FIELD_WHEN)
        *(int64_t *)at = read_when(scan);
    else if (field->type == FIELD_FLAG)
        *(bool *)at = scan_bool(scan);
    else
        *(unsigned *)at = read_name(scan, field);
}

static void read_fields(struct scan *scan, struct fields fields, void *thing)
{
    struct str keys[BOOK_FIELDS_MAX];
    for (size_t i = 0; i < fields.count; i++)
        keys[i] = fields.items[i].key;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, (int)fields.count)) != SCAN_END;)
        read_field(scan, &fields.items[key], thing);
}

static void read_list(struct scan *scan, const struct book_list *list, struct trackbook *book)
{
    size_t *count = field_place(book, list->count_offset);
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        if (*count == list->max) {
            scan_fail(scan, "more of them than are kept", scan_offset(scan));
            return;
        }
        read_fields(scan, list->fields, field_place(book, list->offset + *count * list->size));
        ++*count;
    }
}

/* A type that is not known is another's, and none of ours. */
static void read_condition(struct scan *scan, struct trackbook *book)
{
    static const struct str keys[] = {STR_INIT("type")};
    struct str type = STR_NONE;
    struct scan again = *scan;
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, keys, 1) != SCAN_END)
        type = scan_string(scan);
    if (scan->problem_kind != ERR_NONE)
        return;
    for (size_t i = 0; i < TRACK_CONDITIONS; i++) {
        if (!str_eq(type, track_condition_names[i]))
            continue;
        struct book_condition condition = {0};
        *scan = again;
        read_fields(scan, book_condition_fields, &condition);
        if (condition.reason.len) /* ours always have one */
            book->conditions[i] = condition;
        return;
    }
}

static void read_status(struct scan *scan, struct trackbook *book)
{
    enum { CONDITIONS = BOOK_OWN + BOOK_PARTS + BOOK_LISTS, KEYS };
    struct str keys[KEYS] = {[CONDITIONS] = STR_INIT("conditions")};
    for (size_t i = 0; i < BOOK_OWN; i++)
        keys[i] = book_own.items[i].key;
    for (size_t i = 0; i < BOOK_PARTS; i++)
        keys[BOOK_OWN + i] = book_parts[i].key;
    for (size_t i = 0; i < BOOK_LISTS; i++)
        keys[BOOK_OWN + BOOK_PARTS + i] = book_lists[i].key;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key < BOOK_OWN) {
            read_field(scan, &book_own.items[key], book);
        } else if (key < BOOK_OWN + BOOK_PARTS) {
            read_fields(scan, book_parts[key - BOOK_OWN].fields, book);
        } else if (key < CONDITIONS) {
            read_list(scan, &book_lists[key - BOOK_OWN - BOOK_PARTS], book);
        } else {
            struct scan_elements elements = scan_array(scan);
            while (scan_element(scan, &elements))
                read_condition(scan, book);
        }
    }
}

int trackbook_read(struct str json, struct arena *arena, struct trackbook *ret_book,
                   struct err *err)
{
    static const struct str keys[] = {STR_INIT("status")};
    if (json.len > TRACK_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "%zu bytes; of a Track at most %d are read", json.len,
                       TRACK_MAX_BYTES);
    struct trackbook *book = arena_new(arena, struct trackbook);
    if (!book)
        return err_no_memory(err);
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END) {
        if (scan_peek(&scan) == SCAN_NULL)
            scan_value(&scan);
        else
            read_status(&scan, book);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    for (size_t i = 0; i < book->row_count; i++)
        if (!book->rows[i].digest.len)
            return err_set(err, ERR_INPUT, "status.ledger[%zu].digest: is missing", i);
    for (size_t i = 0; i < book->lock_count; i++)
        if (!book->locks[i].of.len)
            return err_set(err, ERR_INPUT, "status.protected[%zu].of: is missing", i);
    *ret_book = *book;
    return 0;
}

int book_row_read(struct str json, struct arena *arena, struct book_row *ret_row, struct err *err)
{
    struct book_row row = {0};
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    read_fields(&scan, book_lists[BOOK_LEDGER].fields, &row);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!row.digest.len)
        return err_set(err, ERR_INPUT, "digest: is missing");
    *ret_row = row;
    return 0;
}
