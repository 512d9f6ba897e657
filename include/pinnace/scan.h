/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: reads JSON once, from left to right, and believes nothing. A decoder written with it reads
 * like the schema: enter an object, take the members it knows by number, and let the rest be
 * checked and skipped. No tree is built; strings are slices of the input unless they hold escapes.
 *
 *     struct scan_members members = scan_object(scan);
 *     for (int key; (key = scan_member(scan, &members, keys, KEY_COUNT)) != SCAN_END;)
 *         if (key == KEY_NAME)
 *             name = scan_string(scan);
 *
 * The first thing wrong ends the scan: from there every call returns its empty value, and
 * scan_finish says what was wrong and where. Nothing read may be used before scan_finish says 0.
 *
 * Refused: bytes that are not UTF-8, NUL and other control characters in strings (escaped NUL and
 * lone surrogates too), more than SCAN_DEPTH levels (see deep), numbers outside JSON's grammar, a known key
 * given twice (compared after unescaping), anything after the value. Time is linear in the input.
 */
#ifndef PINNACE_SCAN_H
#define PINNACE_SCAN_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum {
    SCAN_DEPTH = 64,
    SCAN_DEEP = 16384, /* an API server reads 10000 levels, and puts them into reviews and lists */
};

struct scan {
    struct str text;
    const char *cur, *end;
    struct arena *arena; /* holds unescaped strings, at most as large as the input */
    unsigned depth;
    /* Set after scan_begin: what is skipped may nest as deep as SCAN_DEEP, and hold an escaped NUL.
     * For objects out of an API server, where everybody may nest the managedFields of his own, and a
     * container may leave any bytes as its last words. */
    bool deep;
    bool passing; /* the scanner's own: what it reads is nobody's business */
    bool derived; /* the text was made from another, so its lines would tell a person nothing */
    enum err_kind problem_kind; /* ERR_NONE while all is well */
    const char *problem;
    size_t problem_at;
};

enum scan_type {
    SCAN_OBJECT,
    SCAN_ARRAY,
    SCAN_STRING,
    SCAN_NUMBER,
    SCAN_BOOL,
    SCAN_NULL,
    SCAN_INVALID, /* no value begins here */
};

struct scan_members {
    uint32_t seen; /* one bit for each known key */
    bool begun;
};

struct scan_elements {
    bool begun;
};

#define SCAN_END (-1)

void scan_begin(struct scan *scan, struct str text, struct arena *arena);

/* 0 when exactly one well-formed value was read; else -1 with the problem, its path and line. */
int scan_finish(struct scan *scan, struct err *err);

/* What the next value is, by its first byte. */
enum scan_type scan_peek(struct scan *scan);

/* Enter an object, then take its members until SCAN_END. At most 32 known keys. */
struct scan_members scan_object(struct scan *scan);
int scan_member(struct scan *scan, struct scan_members *members, const struct str keys[],
                int count);

/* The same for an object whose keys are data: true with the key, unescaped, of the next member. */
bool scan_any_member(struct scan *scan, struct scan_members *members, struct str *ret_key);

/* Enter an array; true as long as another element is to be read. */
struct scan_elements scan_array(struct scan *scan);
bool scan_element(struct scan *scan, struct scan_elements *elements);

/* The next value, which must be a string; null counts as none (.ptr is NULL). */
struct str scan_string(struct scan *scan);

/*
 * The same for what is only shown to people and may be anybody's words, such as a container's last
 * ones: NUL, where deep lets it pass, becomes a space.
 */
struct str scan_text(struct scan *scan);

/* The next value, a whole number of at most 18 digits or true or false; null counts as 0, false. */
int64_t scan_integer(struct scan *scan);
bool scan_bool(struct scan *scan);

/* Takes null, if that comes next. */
bool scan_null(struct scan *scan);

/* Checks the next value whole and returns its bytes. */
struct str scan_value(struct scan *scan);

/*
 * Takes the next value from both scans when it is an object or array of the very same bytes; else
 * leaves both where they are and says false.
 */
bool scan_same_value(struct scan *a, struct scan *b);

/* Where the next value begins in the text. */
size_t scan_offset(struct scan *scan);

/* Ends the scan with a problem of the decoder's own, at an offset of the text. */
void scan_fail(struct scan *scan, const char *problem, size_t offset);

/* The same when the arena is full. */
void scan_out_of_memory(struct scan *scan);

/*
 * For messages: the path that leads to the offset ("request.object.spec.containers[3].image"), cut
 * to what fits in size bytes, and the line and column, both from 1.
 */
struct json_place {
    char path[256];
    size_t line, column;
};
void json_place_of(struct str text, size_t offset, struct json_place *ret_place);

#endif
