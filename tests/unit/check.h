/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: what tests are written with. A test is a table whose rows have names, and a check that
 * does not hold prints the name of its row. JSON is written with ' for ", so that it can be read.
 */
#ifndef PINNACE_TESTS_CHECK_H
#define PINNACE_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pinnace/buf.h"

#define TEST(name) static void name(__attribute__((unused)) void **state)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Holds every arena of a test; what must run into a ceiling brings its own. */
enum { ROOM = 64 * 1024 * 1024 };
#define TEST_ARENA(name) struct arena name ARENA_SCOPED = ARENA_INIT(ROOM)

static inline void check_that(const char *row, bool holds, const char *what, const char *file,
                              int line)
{
    if (holds)
        return;
    print_error("row \"%s\": this does not hold: %s\n", row, what);
    _fail(file, line);
}

static inline void check_number(const char *row, long long got, long long want, const char *what,
                                const char *file, int line)
{
    if (got == want)
        return;
    print_error("row \"%s\": %s is %lld, not %lld\n", row, what, got, want);
    _fail(file, line);
}

static inline void check_text(const char *row, struct str got, struct str want, const char *what,
                              const char *file, int line)
{
    if (str_eq(got, want))
        return;
    print_error("row \"%s\": %s is\n  \"%.*s\", not\n  \"%.*s\"\n", row, what, STR_FMT(got),
                STR_FMT(want));
    _fail(file, line);
}

static inline bool text_has(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_starts(str_tail(text, i), part))
            return true;
    return false;
}

static inline void check_part(const char *row, struct str text, const char *part, const char *what,
                              const char *file, int line)
{
    if (text_has(text, str_of(part)))
        return;
    print_error("row \"%s\": %s is\n  \"%.*s\", without\n  \"%s\"\n", row, what, STR_FMT(text),
                part);
    _fail(file, line);
}

/* The row's name, then what is to hold of it. */
#define CHECK(row, holds) check_that((row), (holds), #holds, __FILE__, __LINE__)
#define CHECK_INT(row, got, want)                                                                  \
    check_number((row), (long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(row, got, want) check_text((row), (got), (want), #got, __FILE__, __LINE__)
#define CHECK_HAS(row, text, part) check_part((row), (text), (part), #text, __FILE__, __LINE__)

/* A text as JSON: every ' is a ". */
static inline struct str json_of(struct arena *arena, const char *text)
{
    struct str copy = arena_copy(arena, str_of(text));
    assert_non_null(copy.ptr);
    char *bytes = (char *)(uintptr_t)copy.ptr;
    for (size_t i = 0; i < copy.len; i++)
        if (bytes[i] == '\'')
            bytes[i] = '"';
    return copy;
}

/* The same after printf. */
__attribute__((format(printf, 2, 3))) static inline struct str json_format(struct arena *arena,
                                                                           const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    assert_true(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    assert_non_null(text);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return json_of(arena, text);
}

/* What was written to a buffer. */
static inline struct str finished(struct buf *buf)
{
    struct str text = STR_NONE;
    struct err err = {ERR_NONE, ""};
    assert_int_equal(buf_finish(buf, &text, &err), 0);
    return text;
}

/* A count of one byte: for what is just long enough, or one too long. */
static inline struct str run_of(struct arena *arena, char c, size_t count)
{
    char *bytes = arena_alloc(arena, count + 1);
    assert_non_null(bytes);
    memset(bytes, c, count);
    return (struct str){bytes, count};
}

/* {"a":{"a": ... {}}}, with so many levels. */
static inline struct str nested(struct arena *arena, size_t levels)
{
    struct buf buf = BUF_INIT(arena, 8 * levels);
    for (size_t i = 1; i < levels; i++)
        buf_add(&buf, STR("{\"a\":"));
    buf_add(&buf, STR("{}"));
    for (size_t i = 1; i < levels; i++)
        buf_add_char(&buf, '}');
    return finished(&buf);
}

/* Bytes in a block of their own without a NUL behind them, so that reading past the end shows. */
static inline struct str exact_copy(struct str text)
{
    char *bytes = malloc(text.len ? text.len : 1);
    assert_non_null(bytes);
    if (text.len)
        memcpy(bytes, text.ptr, text.len);
    return (struct str){bytes, text.len};
}

static inline void exact_free(struct str text)
{
    free((void *)(uintptr_t)text.ptr);
}

/* An err before a call that must not touch what it has no reason to. */
#define ERR_CLEAN ((struct err){ERR_NONE, ""})
#define ERR_TEXT(err) str_of((err).text)

#endif
