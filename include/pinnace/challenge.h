/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge: what a WWW-Authenticate header asks for. Several challenges may stand in one header
 * and several headers in one answer, and a comma may be within quotes.
 */
#ifndef PINNACE_CHALLENGE_H
#define PINNACE_CHALLENGE_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { CHALLENGE_MAX_BYTES = 16 * 1024, CHALLENGES_MAX = 8 };

enum challenge_scheme { CHALLENGE_OTHER, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
    enum challenge_scheme scheme;
    struct str realm, service, scope, error; /* .ptr NULL: not given */
};

/* Start with {0}. */
struct challenges {
    struct challenge items[CHALLENGES_MAX];
    unsigned count;
};

/* Adds what one header's value says. Strings are slices of it or, unescaped, in the arena. */
int challenges_add(struct challenges *challenges, struct str value, struct arena *arena,
                   struct err *err);

/* Bearer with a realm before Basic; NULL if neither is there. */
const struct challenge *challenges_pick(const struct challenges *challenges);

#endif
