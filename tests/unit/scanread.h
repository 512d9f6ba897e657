/* SPDX-License-Identifier: Apache-2.0 */
/* scanread: documents are read in three ways: skipped whole, walked value by value, and walked with known
 * keys. What one of them takes all of them take. */
#ifndef PINNACE_TESTS_SCANREAD_H
#define PINNACE_TESTS_SCANREAD_H

#include "check.h"

#include "pinnace/scan.h"

enum reader { BY_VALUE, BY_WALK, BY_MEMBER, READERS };

static const char *const reader_names[READERS] = {"skipped", "walked", "by members"};

static inline void walk_value(struct scan *scan, enum reader reader);

static inline void walk_object(struct scan *scan, enum reader reader)
{
    static const struct str none[] = {STR_INIT("a key that no document here has")};
    static const struct str known[] = {STR_INIT("k0"), STR_INIT("k1")};
    struct scan_members members = scan_object(scan);
    struct str key;
    if (reader == BY_WALK) {
        while (scan_any_member(scan, &members, &key))
            walk_value(scan, reader);
    } else if (scan->depth % 2) {
        while (scan_member(scan, &members, known, 2) != SCAN_END)
            walk_value(scan, reader);
    } else {
        while (scan_member(scan, &members, none, 1) != SCAN_END)
            walk_value(scan, reader);
    }
}

static inline void walk_value(struct scan *scan, enum reader reader)
{
    struct scan_elements elements;
    switch (scan_peek(scan)) {
    case SCAN_OBJECT:
        walk_object(scan, reader);
        break;
    case SCAN_ARRAY:
        elements = scan_array(scan);
        while (scan_element(scan, &elements))
            walk_value(scan, reader);
        break;
    case SCAN_STRING:
        scan_string(scan);
        break;
    case SCAN_NUMBER:
    case SCAN_BOOL:
    case SCAN_NULL:
    case SCAN_INVALID:
        scan_value(scan);
        break;
    }
}

/* Reads a copy that ends where its block ends. */
static inline int read_document(struct str text, enum reader reader, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str copy = exact_copy(text);
    struct scan scan;
    scan_begin(&scan, copy, &arena);
    if (reader == BY_VALUE)
        scan_value(&scan);
    else
        walk_value(&scan, reader);
    int result = scan_finish(&scan, err);
    exact_free(copy);
    return result;
}

static inline void check_document(const char *row, struct str text, int want)
{
    for (int reader = 0; reader < READERS; reader++) {
        char name[128];
        struct err err = ERR_CLEAN;
        snprintf(name, sizeof(name), "%.90s, %s", row, reader_names[reader]);
        CHECK_INT(name, read_document(text, (enum reader)reader, &err), want);
        CHECK_INT(name, err.kind, want ? ERR_INPUT : ERR_NONE);
        CHECK_INT(name, err.text[0] != '\0', want != 0);
    }
}

#endif
