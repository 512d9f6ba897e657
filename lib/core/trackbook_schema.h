/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackbook_schema: what a status is made of, as tables, so that what is written is what is read.
 * For trackbook*.c alone.
 */
#ifndef PINNACE_CORE_TRACKBOOK_SCHEMA_H
#define PINNACE_CORE_TRACKBOOK_SCHEMA_H

#include "pinnace/trackbook.h"

enum field_type {
    FIELD_TAG,
    FIELD_DIGEST,
    FIELD_SHA256, /* a digest of that kind only */
    FIELD_TEXT,
    FIELD_NUMBER,
    FIELD_WHEN,
    FIELD_FLAG,
    FIELD_NAME, /* an enum, by the names */
};

/* What is empty, 0 or false is not written, a name always is. */
struct field {
    struct str key;
    enum field_type type;
    size_t offset;
    const struct str *names;
    size_t name_count;
};

struct fields {
    const struct field *items;
    size_t count;
};

/* Objects of the status, each written when something of it is. */
struct book_part {
    struct str key;
    struct fields fields;
};

/* Lists of the status. */
struct book_list {
    struct str key;
    struct fields fields;
    size_t offset, count_offset, size, max;
};

enum { BOOK_LEDGER, BOOK_PROOFS, BOOK_QUARANTINED, BOOK_LOCKS, BOOK_LISTS };
enum { BOOK_OWN = 7, BOOK_PARTS = 8, BOOK_FIELDS_MAX = 16 };

extern const struct fields book_own, book_condition_fields;
extern const struct book_part book_parts[BOOK_PARTS];
extern const struct book_list book_lists[BOOK_LISTS];

/* Where a field is. */
static inline void *field_place(void *thing, size_t offset)
{
    return (char *)thing + offset;
}

static inline const void *field_look(const void *thing, size_t offset)
{
    return (const char *)thing + offset;
}

static inline size_t list_count(const struct trackbook *book, const struct book_list *list)
{
    return *(const size_t *)field_look(book, list->count_offset);
}

static inline const void *list_item(const struct trackbook *book, const struct book_list *list,
                                    size_t index)
{
    return field_look(book, list->offset + index * list->size);
}

/* What a field holds, by its type: a text as it is written, cut to its size. */
bool field_is_text(const struct field *field);
struct str field_text(const struct field *field, const void *thing);
int64_t field_number(const struct field *field, const void *thing);
unsigned field_name(const struct field *field, const void *thing);
bool field_flag(const struct field *field, const void *thing);

#endif
