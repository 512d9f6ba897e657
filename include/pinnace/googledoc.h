/* SPDX-License-Identifier: Apache-2.0 */
/*
 * googledoc: what Google's token services answer with: the one that gives a token of a Google account
 * to who may be it, and the errors of both that say no, which are of two kinds.
 */
#ifndef PINNACE_GOOGLEDOC_H
#define PINNACE_GOOGLEDOC_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { GOOGLEDOC_MAX_BYTES = 256 * 1024 };

struct google_token {
    struct str token;
    int64_t expires; /* seconds since 1970 */
};
int google_token_read(struct str body, struct arena *arena, struct google_token *ret_token,
                      struct err *err);

struct google_error {
    struct str code;    /* "invalid_grant", "PERMISSION_DENIED"; .len 0: there is none */
    struct str message; /* its first line */
};
/* Whatever the body is: without an error in it, both are empty. */
void google_error_read(struct str body, struct arena *arena, struct google_error *ret_error);

/*
 * The pool of identities that the accounts of a cluster of GKE are in, by the issuer of their tokens:
 * "PROJECT.svc.id.goog". .len 0: it is no cluster of GKE, or memory is out.
 */
struct str google_pool_of(struct str issuer, struct arena *arena);

#endif
