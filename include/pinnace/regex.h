/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: regular expressions that users write, matched in a time that no pattern can blow up: all
 * ways through the pattern are followed at once (Thompson), so a byte of text costs at most one
 * look at each of REGEX_STEPS_MAX steps. libc's own needs exponential time or gigabytes for some
 * patterns of a few bytes, and its syntax is not the one people know.
 *
 * The syntax is RE2's, as in Go, for ASCII: . [a-z] [^x] [[:digit:]] \d \D \w \W \s \S \b \B ^ $ \A
 * \z (…) (?:…) (?P<name>…) | * + ? {2} {2,} {2,5}, lazy forms too, and (?i) at the beginning. What
 * RE2 has beside that (\p, \Q, \C, octal, other flags) is refused by name; so is what RE2 refuses.
 */
#ifndef PINNACE_REGEX_H
#define PINNACE_REGEX_H

#include "pinnace/err.h"
#include "pinnace/str.h"

enum { REGEX_MAX_BYTES = 256, REGEX_STEPS_MAX = 256, REGEX_REPEAT_MAX = 1000 };

struct regex_set {
    uint64_t bits[2]; /* one for each ASCII character */
};

enum regex_do {
    REGEX_TAKE,  /* one character of set a */
    REGEX_SPLIT, /* go on at a and at b */
    REGEX_GO,    /* go on at a */
    REGEX_BEGIN,
    REGEX_END,
    REGEX_WORD_EDGE,
    REGEX_NO_WORD_EDGE,
    REGEX_MATCH,
};

struct regex_step {
    uint16_t what, a, b;
};

/* Holds no pointers: it may be copied and kept. */
struct regex {
    struct regex_step steps[REGEX_STEPS_MAX];
    struct regex_set sets[REGEX_MAX_BYTES];
    uint16_t step_count, set_count;
};

int regex_compile(struct str pattern, struct regex *ret_regex, struct err *err);

/* Whether it matches anywhere in the text: "^" and "$" tie it down. */
bool regex_matches(const struct regex *regex, struct str text);

#endif
