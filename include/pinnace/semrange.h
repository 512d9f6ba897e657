/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semrange: ranges of versions, with the grammar and the meaning that Masterminds/semver v3 gives
 * them, since people bring them from Helm and Flux:
 *
 *     >=1.2, <2 || ~3.1 || 4.x || 5.0 - 5.3 || ^6
 *
 * "," and blanks mean "and", "||" means "or"; = != > < >= => <= =< ~ ~> ^; x, X and * stand for any
 * number, as one left out does. Pre-releases count only where the same and-group names one itself
 * (">=1.2.0-0"). Refused, since that library reads something in it that nobody means: "||" right
 * before the lower end of "1 - 2" without a blank between, and no separator behind its upper end.
 */
#ifndef PINNACE_SEMRANGE_H
#define PINNACE_SEMRANGE_H

#include "pinnace/err.h"
#include "pinnace/semver.h"

enum { SEMRANGE_MAX_BYTES = 512, SEMRANGE_TERMS_MAX = 64 };

enum semrange_operator {
    SEMRANGE_EQUAL,
    SEMRANGE_NOT_EQUAL,
    SEMRANGE_ABOVE,
    SEMRANGE_BELOW,
    SEMRANGE_AT_LEAST,
    SEMRANGE_AT_MOST,
    SEMRANGE_TILDE,
    SEMRANGE_CARET,
};

struct semrange_term {
    enum semrange_operator operator;
    struct semver version;          /* zeros for what was left open */
    bool any, any_minor, any_patch; /* something is; from the minor number on; the patch alone */
    unsigned group;                 /* which of the alternatives it belongs to */
};

struct semrange {
    struct semrange_term terms[SEMRANGE_TERMS_MAX];
    unsigned count, groups;
    uint64_t pre_groups; /* a bit for each group that takes pre-releases */
};

/* Its strings are slices of text. The error says where (column) and what is meant to stand there. */
int semrange_parse(struct str text, struct semrange *ret_range, struct err *err);

bool semrange_contains(const struct semrange *range, const struct semver *version);

/* Whether it is but for the pre-release: the range names none, and takes its release. */
bool semrange_wants_no_pre(const struct semrange *range, const struct semver *version);

#endif
