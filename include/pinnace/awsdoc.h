/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsdoc: what AWS answers with on the way to a registry: credentials that end, out of STS (XML), the
 * metadata service of a machine or the agent of EKS (JSON); the token of ECR; and errors, with what
 * people can do about them.
 */
#ifndef PINNACE_AWSDOC_H
#define PINNACE_AWSDOC_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { AWSDOC_MAX_BYTES = 256 * 1024, ECR_TOKEN_LIFE_S = 12 * 3600 };

/* Who signs: only what a header can carry. */
struct aws_key {
    struct str id, secret, token;
};

int sts_answer_read(struct str body, struct arena *arena, struct aws_key *ret_key, struct err *err);
int aws_key_read(struct str body, struct arena *arena, struct aws_key *ret_key, struct err *err);

/* The first line of a list of roles, as a part of a path can have it. */
int aws_role_read(struct str body, struct str *ret_role, struct err *err);
/* A session of the metadata service: one word. */
int aws_session_read(struct str body, struct str *ret_token, struct err *err);

struct ecr_token {
    struct str username, password;
    int64_t expires; /* seconds since 1970 */
};
/* is_public: the API of public registries writes one where the other has a list. */
int ecr_token_read(struct str body, bool is_public, struct arena *arena,
                   struct ecr_token *ret_token, struct err *err);

struct aws_error {
    struct str code;    /* "AccessDeniedException"; .len 0: there is none */
    struct str message; /* its first line */
};
/* Whatever the body is, XML or JSON: without an error in it, both are empty. */
void aws_error_read(struct str body, struct arena *arena, struct aws_error *ret_error);

/* What to do about an error of STS or of ECR: a sentence without its full stop, or NULL. */
const char *aws_advice(struct str code, bool of_sts);
/* It wants to be left alone, or it is its own fault: the same again, later, may go well. */
bool aws_is_throttled(struct str code);
bool aws_is_passing(struct str code);
/* The time that we sign with is not theirs. */
bool aws_is_about_time(struct str code);

#endif
