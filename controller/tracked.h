/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracked: all that the controller has about one Track: how it was last read, the targets it follows
 * for it, what the registry said, and what is under way. Each part is the business of one file.
 */
#ifndef PINNACE_CONTROLLER_TRACKED_H
#define PINNACE_CONTROLLER_TRACKED_H

#include "pinnace/registry.h"
#include "pinnace/trackdecide.h"

#include "queue.h"
#include "workloads.h"

struct releases;

enum { DIGEST_MAX_BYTES = 136, ASKED_MAX = 8, POLL_ERROR_MAX = 256, APPLY_ERROR_MAX = 512 };

/* A short text that is kept. */
struct note {
    uint8_t len;
    char text[DIGEST_MAX_BYTES];
};

/* What the whole controller must know of it without reading it again. */
struct track_gist {
    bool readable;
    bool protects;  /* it is told to, or has something locked */
    bool tag_moved; /* the condition of that name */
    int64_t generation, interval;
    int64_t soak; /* that it asks of its source, in seconds */
    enum track_phase phase;
    char *names; /* holds the strings below */
    struct shelf_key from;
    struct imageref image; /* the repository, and the tag that is followed, unless versions are */
    struct note awaits;    /* a digest that it waits for its source to prove */
    struct note running;   /* the tag that runs by the book */
    int64_t revision;      /* likewise */
};

struct asked {
    struct note digest;
    enum presence presence;
    int64_t at;
};

/* poll.c: what the registry said, and when to ask again. */
struct poll {
    struct timer timer;
    struct look *look;          /* that is under way */
    struct question *questions; /* likewise */
    bool hinted;                /* while it looked */
    uint8_t hint_looks;         /* how many more a hint may take */
    struct backoff backoff;
    int64_t at; /* when it last went well, seconds since 1970 */
    int64_t tried_at;
    struct note tag, digest, running_tag, running_digest;
    bool running_tag_gone;
    int64_t revision;          /* of the book as it was asked */
    uint64_t newest;           /* what the newest tags came to when all were listed; 0: not known */
    int64_t listed_at;         /* seconds since 1970 */
    enum registry_fault fault; /* of the last try, and its words */
    char error[POLL_ERROR_MAX];
    struct asked asked[ASKED_MAX];
};

struct tracked {
    struct releases *releases;
    struct kept *kept; /* as it was last read */
    struct track_gist gist;
    struct target *targets;
    size_t target_count;
    int64_t following_since; /* the targets, as the one who leads; seconds since 1970 */
    struct work work;
    unsigned term; /* of leading, in which it was last read for certain */
    struct poll poll;
    struct act *act;             /* that is under way */
    struct history *history;     /* likewise */
    struct protector *protector; /* NULL: nothing was to be kept by the registry yet */
    struct pullsecrets *logins;  /* NULL: none are known */
    unsigned conflicts;          /* in a row */
    unsigned steps;              /* since it rested */
    unsigned pods_waited;        /* looks for which its pods were not followed, though they count */
    struct bytes apply_error;    /* of the last try; .len 0: it went well */
    struct backoff apply_backoff;
    int64_t apply_not_before;
};

static inline struct str note_str(const struct note *note)
{
    return (struct str){note->text, note->len};
}

static inline bool note_same(const struct note *a, const struct note *b)
{
    return str_eq(note_str(a), note_str(b));
}

static inline struct tracked *tracked_of(struct work *work)
{
    return (struct tracked *)((char *)work - offsetof(struct tracked, work));
}

/* What is too long for any tag or digest counts as none. */
void note_set(struct note *note, struct str text);

#endif
