/* SPDX-License-Identifier: Apache-2.0 */
/* hook_inner: what the receivers share. */
#ifndef PINNACE_HOOK_INNER_H
#define PINNACE_HOOK_INNER_H

#include "pinnace/hook.h"
#include "pinnace/scan.h"

/* A body on its way to hints. */
struct hook_reading {
    struct str body; /* JSON */
    struct arena *arena;
    struct push_hints hints;
    struct str answer;
    const char *passed_over; /* why the first thing in it that is no hint is none */
    bool too_many, no_memory;
};

/* One for each receiver. What cannot be meant is an error; what is no push is passed over. */
int hook_read_acr(struct hook_reading *reading, struct err *err);
int hook_read_distribution(struct hook_reading *reading, struct err *err);
int hook_read_dockerhub(struct hook_reading *reading, struct err *err);
int hook_read_ecr(struct hook_reading *reading, struct err *err);
int hook_read_eventgrid(struct hook_reading *reading, struct err *err);
int hook_read_gcr(struct hook_reading *reading, struct err *err);
int hook_read_generic(struct hook_reading *reading, struct err *err);
int hook_read_gitea(struct hook_reading *reading, struct err *err);
int hook_read_github(struct hook_reading *reading, struct err *err);
int hook_read_gitlab(struct hook_reading *reading, struct err *err);
int hook_read_harbor(struct hook_reading *reading, struct err *err);
int hook_read_jfrog(struct hook_reading *reading, struct err *err);
int hook_read_nexus(struct hook_reading *reading, struct err *err);
int hook_read_quay(struct hook_reading *reading, struct err *err);

#define HOOK_NO_PUSH "what it tells of is no push"
#define HOOK_NO_IMAGE "what was pushed is no image"
#define HOOK_NO_TAG "what was pushed has no tag, and only tags are followed"
#define HOOK_NO_NAME "what was pushed has a name that no image can have"

/* This part of it is no hint. */
void hook_pass_over(struct hook_reading *reading, const char *why);

/* An image was pushed, under this host (.len 0: of any) and path; or it is passed over. */
void hook_add(struct hook_reading *reading, struct str host, struct str repository, struct str tag);
/* The same where the host, if there is one, is the first part of the name. */
void hook_add_name(struct hook_reading *reading, struct str name, struct str tag);
/* The same for "NAME:TAG". */
void hook_add_reference(struct hook_reading *reading, struct str reference);

/* On any host, both as NAME and as KEY/NAME. */
void hook_add_both(struct hook_reading *reading, struct str key, struct str name, struct str tag);

/* What hook_add_name would say of it. */
enum imageref_fault hook_name_fault(struct str name, struct str tag);

/* Names are lower case where they are pulled, whatever an account is called; NULL: no memory. */
struct str hook_lower(struct hook_reading *reading, struct str text);

/*
 * A member somewhere in an object, by its path: "target.tag". null is as good as nothing. Each may be
 * given once.
 */
struct hook_field {
    const char *path;
    bool raw; /* the value may be anything, and is given as its bytes */
    struct str value;
};

/* The next value, an object: what stands at these paths, at most 32. The rest is checked. */
void hook_pick(struct scan *scan, struct hook_field *fields, size_t count);

/* The same for all of the body. */
int hook_pick_body(struct hook_reading *reading, struct hook_field *fields, size_t count,
                   struct err *err);

/* Each element of an array that stands in the body; a body that has none has no elements. */
int hook_each(struct hook_reading *reading, struct str array,
              void (*take)(struct hook_reading *reading, struct scan *scan), struct err *err);

/* A push that an ACR tells of, whoever brings the word. */
struct hook_acr {
    struct str action, media_type, host, repository, tag;
};
void hook_add_acr(struct hook_reading *reading, const struct hook_acr *push);

/* Proofs: whether the request has one, and whether that fits one of the secrets. */
struct hook_proof {
    const char *header; /* NULL: "secret" in the query */
    const char *prefix; /* of its value */
    enum hook_sum sum;  /* in hex, unless it is the secret */
};

enum hook_proven {
    HOOK_NO_PROOF,
    HOOK_AMBIGUOUS, /* it has one twice */
    HOOK_WRONG,
    HOOK_LATER, /* the body will tell */
    HOOK_PROVEN,
};

enum hook_proven hook_prove(const struct hook_proof *proofs, size_t count,
                            const struct hook_request *request, bool whole,
                            const struct push_secrets *secrets, const struct hook_tools *tools);

/*
 * The value of a name in "a=1&b=2", with what is escaped in it: how often it is there, with the last
 * one, in room, which has as many bytes as form. 0 too when an escape is none.
 */
size_t hook_form_value(struct str form, struct str name, char *room, struct str *ret_value);

#endif
