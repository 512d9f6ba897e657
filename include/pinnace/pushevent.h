/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pushevent: what registries and pipelines tell when something was pushed. It is a hint to look now
 * and never more than that: which bytes a tag means is asked of the registry, so a digest that
 * stands in a notification is not even read.
 */
#ifndef PINNACE_PUSHEVENT_H
#define PINNACE_PUSHEVENT_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/imageref.h"
#include "pinnace/tagselect.h"

enum {
    PUSH_BODY_MAX = 1024 * 1024, /* what Event Grid sends at most */
    PUSH_HINTS_MAX = 1024,       /* of one body */
    PUSH_SECRETS_MAX = 4,
    PUSH_SECRET_MIN_BYTES = 16,
    PUSH_SECRET_MAX_BYTES = 256,
    PUSH_SECRETS_FILE_MAX = 4096,
};

struct push_hint {
    struct str host;       /* .len 0: of any registry, which is known to others by other names */
    struct str repository; /* the path */
    struct str tag;
};

struct push_hints {
    struct push_hint *items;
    size_t count;
};

/* Whether this may be what somebody waits for who follows these tags of this repository. */
bool push_concerns(const struct push_hint *hint, const struct imageref *image,
                   const struct tag_follow *follow);

/* What senders have to know: any of a few, so that they can be changed one after the other. */
struct push_secrets {
    struct str items[PUSH_SECRETS_MAX];
    size_t count;
};

/* A file of them, one a line; they are parts of text. */
int push_secrets_read(struct str text, struct push_secrets *ret_secrets, struct err *err);

#endif
