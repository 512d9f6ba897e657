/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entra: what Microsoft Entra's token endpoint and a machine's metadata service answer with, and
 * what people can do about their errors.
 */
#ifndef PINNACE_ENTRA_H
#define PINNACE_ENTRA_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { ENTRA_ANSWER_MAX = 256 * 1024 };

/* The access token of an answer that went well. */
int entra_token_read(struct str body, struct arena *arena, struct str *ret_token, struct err *err);

struct entra_error {
    struct str code;        /* "AADSTS700024", or as OAuth calls it; .len 0: there is none */
    struct str description; /* its first sentence */
};
/* Whatever the body is: without an error in it, both are empty. */
void entra_error_read(struct str body, struct arena *arena, struct entra_error *ret_error);

/* What to do about an error: a sentence without its full stop, or NULL. */
const char *entra_advice(struct str code);

#endif
