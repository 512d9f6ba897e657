/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt: what a token says of itself. Nothing is verified: it is not we whom a token has to convince,
 * but how long it will be taken stands in it, and often nowhere else.
 */
#ifndef PINNACE_JWT_H
#define PINNACE_JWT_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { JWT_MAX_BYTES = 64 * 1024, JWT_LIFE_MOST_S = 366 * 24 * 3600 };

struct jwt {
    struct str issuer, subject;
    int64_t expires,
        issued; /* seconds since 1970 by the clock of who made it; 0: it does not say */
};

int jwt_read(struct str token, struct arena *arena, struct jwt *ret_jwt, struct err *err);

/*
 * How many seconds it lives from the moment it is made. That is known without a clock of ours, which
 * may be wrong; only if it does not say when it was made, now is needed. 0 when it has ended, or
 * does not say when it ends.
 */
int64_t jwt_life(const struct jwt *jwt, int64_t now);

#endif
