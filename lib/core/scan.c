/* SPDX-License-Identifier: Apache-2.0 */
/* scan: see the header. Skipping what nobody asked for comes first, then what decoders call. */
#include "pinnace/scan.h"

#include "scan_string.h"

#include "pinnace/banned.h"

enum { KEY_MAX = 64 }; /* longer than any key we know */

void scan_fail(struct scan *scan, const char *problem, size_t offset)
{
    if (scan->problem_kind == ERR_NONE) {
        scan->problem_kind = ERR_INPUT;
        scan->problem = problem;
        scan->problem_at = offset;
    }
    scan->cur = scan->end; /* so that every loop above ends by itself */
}

void scan_out_of_memory(struct scan *scan)
{
    if (scan->problem_kind == ERR_NONE)
        scan->problem_kind = ERR_MEMORY;
    scan->cur = scan->end;
}

static inline void skip_space(struct scan *scan)
{
    while (scan->cur < scan->end && ascii_is_space(*scan->cur))
        scan->cur++;
}

/* The next byte after white space, or NUL at the end, which no value begins with. */
static inline char next_byte(struct scan *scan)
{
    skip_space(scan);
    return scan->cur < scan->end ? *scan->cur : '\0';
}

static void skip_literal(struct scan *scan, struct str literal)
{
    if (str_starts(str_between(scan->cur, scan->end), literal))
        scan->cur += literal.len;
    else
        scan_fail_here(scan, "a value was expected here");
}

static bool skip_digits(struct scan *scan)
{
    const char *begin = scan->cur;
    while (scan->cur < scan->end && ascii_is_digit(*scan->cur))
        scan->cur++;
    return scan->cur > begin;
}

static bool skip_char(struct scan *scan, char c)
{
    if (scan->cur == scan->end || *scan->cur != c)
        return false;
    scan->cur++;
    return true;
}

static void skip_number(struct scan *scan)
{
    skip_char(scan, '-');
    bool good = skip_char(scan, '0') || skip_digits(scan);
    if (good && skip_char(scan, '.'))
        good = skip_digits(scan);
    if (good && (skip_char(scan, 'e') || skip_char(scan, 'E'))) {
        if (!skip_char(scan, '+'))
            skip_char(scan, '-');
        good = skip_digits(scan);
    }
    if (!good || (scan->cur < scan->end && ascii_is_digit(*scan->cur)))
        scan_fail_here(scan, "not a number as JSON writes it");
}

static void skip_scalar(struct scan *scan, char first)
{
    bool escaped;
    if (first == '"')
        scan_raw_string(scan, &escaped);
    else if (first == '-' || ascii_is_digit(first))
        skip_number(scan);
    else if (first == 't')
        skip_literal(scan, STR("true"));
    else if (first == 'f')
        skip_literal(scan, STR("false"));
    else
        skip_literal(scan, STR("null"));
}

/* A key and its colon, when the cursor is before a key. */
static struct str raw_key(struct scan *scan, bool *ret_escaped)
{
    *ret_escaped = false;
    if (next_byte(scan) != '"') {
        scan_fail_here(scan, "a key in double quotes was expected here");
        return STR_NONE;
    }
    struct str key = scan_raw_string(scan, ret_escaped);
    if (next_byte(scan) == ':')
        scan->cur++;
    else
        scan_fail_here(scan, "a colon was expected after the key");
    return key;
}

static bool enter(struct scan *scan, unsigned more, unsigned most)
{
    if (scan->depth + more < most)
        return true;
    scan_fail_here(scan, most == SCAN_DEPTH ? "more than 64 levels of nesting"
                                            : "more than 16384 levels of nesting");
    return false;
}

/*
 * Where a walk through nested values is: one bit a level says whether that is an object. Of the last
 * 64 levels they are at hand, each 64 above them are put aside.
 */
enum { AT_HAND = 64 };
struct nesting {
    uint64_t objects;
    unsigned depth;
    uint64_t aside[SCAN_DEEP / AT_HAND + 1];
};

static void nesting_push(struct nesting *nesting, bool is_object)
{
    if (nesting->depth > 0 && nesting->depth % AT_HAND == 0)
        nesting->aside[nesting->depth / AT_HAND - 1] = nesting->objects;
    nesting->objects = nesting->objects << 1 | is_object;
    nesting->depth++;
}

static void nesting_pop(struct nesting *nesting)
{
    nesting->depth--;
    nesting->objects >>= 1;
    if (nesting->depth > 0 && nesting->depth % AT_HAND == 0)
        nesting->objects = nesting->aside[nesting->depth / AT_HAND - 1];
}

static char closing_of(const struct nesting *nesting)
{
    return nesting->objects & 1 ? '}' : ']';
}

static void skip_key(struct scan *scan, const struct nesting *nesting)
{
    bool escaped;
    if (nesting->objects & 1)
        raw_key(scan, &escaped);
}

/* Goes into the object or array that begins here; true when a value in it comes next. */
static bool open_value(struct scan *scan, struct nesting *nesting)
{
    if (!enter(scan, nesting->depth, scan->deep ? SCAN_DEEP : SCAN_DEPTH))
        return false;
    nesting_push(nesting, *scan->cur++ == '{');
    if (next_byte(scan) == closing_of(nesting))
        return false;
    skip_key(scan, nesting);
    return true;
}

/* Closes all that ends with the value just read; true when a comma asks for the next one. */
static bool close_values(struct scan *scan, struct nesting *nesting)
{
    while (nesting->depth > 0 && next_byte(scan) == closing_of(nesting)) {
        scan->cur++;
        nesting_pop(nesting);
    }
    if (nesting->depth == 0 || scan->problem_kind != ERR_NONE)
        return false;
    if (!skip_char(scan, ',')) {
        scan_fail_here(scan, "a comma or a closing bracket was expected here");
        return false;
    }
    skip_key(scan, nesting);
    return true;
}

/* Skips a whole object or array, without recursion. */
static void skip_nested(struct scan *scan)
{
    struct nesting nesting;
    nesting.objects = nesting.depth = 0; /* and not the rest, which is large */
    do {
        char c;
        while ((c = next_byte(scan)) == '{' || c == '[')
            if (!open_value(scan, &nesting))
                break;
        if (c != '{' && c != '[')
            skip_scalar(scan, c);
    } while (close_values(scan, &nesting));
}

static void skip_value(struct scan *scan)
{
    char c = next_byte(scan);
    scan->passing = scan->deep;
    if (c == '{' || c == '[')
        skip_nested(scan);
    else
        skip_scalar(scan, c);
    scan->passing = false;
}

void scan_begin(struct scan *scan, struct str text, struct arena *arena)
{
    const char *begin = text.ptr ? text.ptr : "";
    *scan = (struct scan){
        .text = {begin, text.len}, .cur = begin, .end = begin + text.len, .arena = arena};
}

int scan_finish(struct scan *scan, struct err *err)
{
    if (scan->problem_kind == ERR_NONE && next_byte(scan) != '\0')
        scan_fail_here(scan, "something follows the value");
    if (scan->problem_kind == ERR_NONE && scan->cur < scan->end)
        scan_fail_here(scan, "a NUL byte follows the value");
    if (scan->problem_kind == ERR_NONE)
        return 0;
    if (scan->problem_kind == ERR_MEMORY)
        return err_no_memory(err);
    struct json_place place;
    json_place_of(scan->text, scan->problem_at, &place);
    err_set(err, scan->problem_kind, "%s%s%s", place.path, place.path[0] ? ": " : "",
            scan->problem);
    return scan->derived ? -1 : err_add_line(err, place.line, place.column);
}

enum scan_type scan_peek(struct scan *scan)
{
    char c = next_byte(scan);
    if (c == '{')
        return SCAN_OBJECT;
    if (c == '[')
        return SCAN_ARRAY;
    if (c == '"')
        return SCAN_STRING;
    if (c == '-' || ascii_is_digit(c))
        return SCAN_NUMBER;
    if (c == 't' || c == 'f')
        return SCAN_BOOL;
    return c == 'n' ? SCAN_NULL : SCAN_INVALID;
}

size_t scan_offset(struct scan *scan)
{
    skip_space(scan);
    return (size_t)(scan->cur - scan->text.ptr);
}

struct scan_members scan_object(struct scan *scan)
{
    if (next_byte(scan) != '{')
        scan_fail_here(scan, "an object was expected here");
    else if (enter(scan, 0, SCAN_DEPTH)) {
        scan->cur++;
        scan->depth++;
    }
    return (struct scan_members){0};
}

/* True when another key or element follows; else the closing bracket was taken, or all is over. */
static bool goes_on(struct scan *scan, bool *begun, char closing)
{
    if (scan->problem_kind != ERR_NONE)
        return false;
    char c = next_byte(scan);
    if (c == closing) {
        scan->cur++;
        scan->depth--;
        return false;
    }
    if (*begun && !skip_char(scan, ',')) {
        scan_fail_here(scan, "a comma or a closing bracket was expected here");
        return false;
    }
    *begun = true;
    return true;
}

static int find_key(struct str key, const struct str keys[], int count)
{
    for (int i = 0; i < count; i++)
        if (str_eq(key, keys[i]))
            return i;
    return SCAN_END;
}

static int known_key(struct str raw, bool escaped, const struct str keys[], int count)
{
    if (!escaped)
        return find_key(raw, keys, count);
    char plain[KEY_MAX * 6];
    if (raw.len > sizeof(plain))
        return SCAN_END;
    return find_key((struct str){plain, string_unescape(raw, plain)}, keys, count);
}

int scan_member(struct scan *scan, struct scan_members *members, const struct str keys[], int count)
{
    while (goes_on(scan, &members->begun, '}')) {
        bool escaped;
        size_t offset = scan_offset(scan);
        struct str raw = raw_key(scan, &escaped);
        if (scan->problem_kind != ERR_NONE)
            break;
        int key = known_key(raw, escaped, keys, count);
        if (key == SCAN_END) {
            skip_value(scan);
            continue;
        }
        if (members->seen & 1u << key) {
            scan_fail(scan, "this key is given twice in one object", offset);
            break;
        }
        members->seen |= 1u << key;
        return key;
    }
    return SCAN_END;
}

/* raw as a plain string: itself, or a copy in the arena without the escapes. */
static struct str plain_string(struct scan *scan, struct str raw, bool escaped)
{
    if (!escaped || scan->problem_kind != ERR_NONE)
        return raw;
    char *plain = arena_alloc(scan->arena, raw.len);
    if (!plain) {
        scan_out_of_memory(scan);
        return STR_NONE;
    }
    return (struct str){plain, string_unescape(raw, plain)};
}

bool scan_any_member(struct scan *scan, struct scan_members *members, struct str *ret_key)
{
    if (!goes_on(scan, &members->begun, '}'))
        return false;
    bool escaped;
    struct str raw = raw_key(scan, &escaped);
    struct str key = plain_string(scan, raw, escaped);
    if (scan->problem_kind != ERR_NONE)
        return false;
    *ret_key = key;
    return true;
}

struct scan_elements scan_array(struct scan *scan)
{
    if (next_byte(scan) != '[')
        scan_fail_here(scan, "an array was expected here");
    else if (enter(scan, 0, SCAN_DEPTH)) {
        scan->cur++;
        scan->depth++;
    }
    return (struct scan_elements){0};
}

bool scan_element(struct scan *scan, struct scan_elements *elements)
{
    return goes_on(scan, &elements->begun, ']');
}

struct str scan_string(struct scan *scan)
{
    char c = next_byte(scan);
    if (c == 'n')
        skip_literal(scan, STR("null"));
    else if (c != '"')
        scan_fail_here(scan, "a string was expected here");
    if (c != '"')
        return STR_NONE;
    bool escaped;
    struct str raw = scan_raw_string(scan, &escaped);
    return plain_string(scan, raw, escaped);
}

struct str scan_text(struct scan *scan)
{
    scan->passing = scan->deep;
    struct str text = scan_string(scan);
    scan->passing = false;
    if (str_find(text, '\0') == STR_NOT_FOUND)
        return text;
    char *plain = (char *)(uintptr_t)text.ptr; /* unescaped, so it is ours */
    for (size_t i = 0; i < text.len; i++)
        plain[i] = plain[i] ? plain[i] : ' ';
    return text;
}

int64_t scan_integer(struct scan *scan)
{
    enum { DIGITS = 18 };
    size_t offset = scan_offset(scan);
    enum scan_type type = scan_peek(scan);
    struct str text = scan_value(scan);
    bool negative = type == SCAN_NUMBER && text.len && text.ptr[0] == '-';
    int64_t number = 0;
    if (type != SCAN_NUMBER && type != SCAN_NULL)
        scan_fail(scan, "a number was expected here", offset);
    if (type != SCAN_NUMBER || !text.len)
        return 0;
    text = str_tail(text, negative);
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.ptr[i]) || i == DIGITS) {
            scan_fail(scan, "a whole number of at most 18 digits was expected here", offset);
            return 0;
        }
        number = number * 10 + (text.ptr[i] - '0');
    }
    return negative ? -number : number;
}

bool scan_bool(struct scan *scan)
{
    size_t offset = scan_offset(scan);
    enum scan_type type = scan_peek(scan);
    struct str text = scan_value(scan);
    if (type != SCAN_BOOL && type != SCAN_NULL)
        scan_fail(scan, "true or false was expected here", offset);
    return str_eq(text, STR("true"));
}

bool scan_null(struct scan *scan)
{
    if (scan_peek(scan) != SCAN_NULL)
        return false;
    scan_value(scan);
    return true;
}

struct str scan_value(struct scan *scan)
{
    skip_space(scan);
    const char *begin = scan->cur;
    skip_value(scan);
    return scan->problem_kind == ERR_NONE ? str_between(begin, scan->cur) : STR_NONE;
}

bool scan_same_value(struct scan *a, struct scan *b)
{
    char first = next_byte(a);
    if (first != next_byte(b) || (first != '{' && first != '['))
        return false;
    const char *begin = a->cur;
    struct str value = scan_value(a);
    if (value.ptr && str_starts(str_between(b->cur, b->end), value)) {
        b->cur += value.len;
        return true;
    }
    if (value.ptr) /* else the text is no JSON, and both scans will say so */
        a->cur = begin;
    return false;
}
