/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook: what those who tell of pushes send to /hooks/NAME, and what they are answered. Each sender
 * that is understood is a receiver: a row of one table and one file, hook_NAME.c, which makes hints
 * of a body. The controller, which is asked over HTTP, and the command line, which is shown a body,
 * get the same verdict here.
 */
#ifndef PINNACE_HOOK_H
#define PINNACE_HOOK_H

#include "pinnace/pushevent.h"

enum { HOOK_RECEIVERS = 14, HOOK_SUM_MAX_BYTES = 32, HOOK_QUERY_MAX = 1024 };

#define HOOK_PATHS                                                                                 \
    "/hooks/acr, distribution, dockerhub, ecr, eventgrid, gcr, generic, gitea, github, gitlab, "   \
    "harbor, jfrog, nexus and quay"

enum hook_sum {
    HOOK_SECRET, /* no sum: the secret itself */
    HOOK_SHA1,
    HOOK_SHA256,
};

/* What proofs are checked with, which takes a library. */
struct hook_tools {
    /* The HMAC of data: how many bytes it has; 0: it could not be computed. */
    size_t (*hmac)(enum hook_sum sum, struct str key, struct str data,
                   unsigned char ret_sum[HOOK_SUM_MAX_BYTES]);
    bool (*equal)(struct str a, struct str b); /* in a time that says nothing of the bytes */
};

struct hook_request {
    struct str method, path, query, type, body; /* body: empty while only the head is there */
    /* How often a header field came, with the value it had last. */
    size_t (*header)(const void *context, const char *name, struct str *ret_value);
    const void *context;
};

struct hook_verdict {
    bool accepted;
    unsigned status; /* of HTTP, as this sender has to be told */
    struct push_hints hints;
    struct str reason; /* why it is refused, or taken without a hint: one sentence, no full stop */
    struct str answer; /* the JSON that the sender waits for; mostly .len 0 */
    const char *allow, *challenge; /* header fields of a refusal, literals; or NULL */
    bool allows_origin;            /* a CloudEvents handshake: any origin may send, at any rate */
};

struct hook_receiver;

/* By "/hooks/NAME". NULL: there is none. */
const struct hook_receiver *hook_find(struct str path);
/* The receivers by number; NULL behind the last. */
const struct hook_receiver *hook_at(size_t number);
size_t hook_number(const struct hook_receiver *receiver);
struct str hook_name(const struct hook_receiver *receiver);
const char *hook_path(const struct hook_receiver *receiver);

/*
 * What can be said by the head alone: true with the verdict when that is a refusal. The secrets are
 * those of the receiver; NULL: nobody has to prove anything.
 */
bool hook_refused(const struct hook_receiver *receiver, const struct hook_request *request,
                  const struct push_secrets *secrets, const struct hook_tools *tools,
                  struct hook_verdict *ret_verdict);

/* The verdict on the whole request; its strings are in the arena, parts of the body, or literals. */
void hook_judge(const struct hook_receiver *receiver, const struct hook_request *request,
                const struct push_secrets *secrets, const struct hook_tools *tools,
                struct arena *arena, struct hook_verdict *ret_verdict);

/* Another path than any receiver's, or one that has no secrets and so no senders. */
void hook_refuse_path(struct hook_verdict *ret_verdict);
void hook_refuse_all(struct hook_verdict *ret_verdict);

#endif
