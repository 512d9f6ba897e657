/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: what went wrong, for a person and for the caller's next step. It lives on the caller's
 * stack and is the last parameter; a function that fails fills it and returns -1, and leaves its
 * ret_ outputs as they were. What is refused by policy is a verdict, not an err.
 */
#ifndef PINNACE_ERR_H
#define PINNACE_ERR_H

#include <stddef.h>

enum err_kind {
    ERR_NONE,
    ERR_INPUT,  /* the bytes given cannot be meant; again would not help */
    ERR_LIMIT,  /* well-formed perhaps, but larger or deeper than is read */
    ERR_MEMORY, /* nothing wrong with the input; again may help */
    ERR_SYSTEM, /* a file, a socket, a clock: errno's kind of trouble */
};

struct err {
    enum err_kind kind;
    char text[512]; /* one sentence, no newline at the end */
};

/*
 * Fills *err (which may be NULL: the caller does not care) and returns -1. In errors about input,
 * what is not printable ASCII becomes a question mark; the names of files may be in any script.
 */
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, enum err_kind kind,
                                                  const char *format, ...);

/* Puts where it happened in front of what happened ("deploy.yaml: …") and returns -1. */
__attribute__((format(printf, 2, 3))) int err_prefix(struct err *err, const char *format, ...);

/* Puts " (line 3, column 14)" behind what happened and returns -1. */
int err_add_line(struct err *err, size_t line, size_t column);

/* The one sentence for an allocation that failed or would pass its ceiling. */
int err_no_memory(struct err *err);

/* Compilers and analysers cannot see into err.c; so they know that these return -1. */
static inline int err_minus_one(int always)
{
    (void)always;
    return -1;
}
#define err_set(...) err_minus_one(err_set(__VA_ARGS__))
#define err_prefix(...) err_minus_one(err_prefix(__VA_ARGS__))
#define err_add_line(...) err_minus_one(err_add_line(__VA_ARGS__))
#define err_no_memory(...) err_minus_one(err_no_memory(__VA_ARGS__))

#endif
