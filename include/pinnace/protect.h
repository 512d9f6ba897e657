/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protect: what has to stay in the registry for a Track, and what is to be done about it next. Where
 * the registry has locks (Azure's), those of a release are its index, each child of it and the tag of
 * its version; elsewhere a tag of our own retains it. One job at a time comes out: to look at a
 * release, to lock what was found free, or to let a release go that nobody needs any more. What we
 * locked stands in the book before it is done; what somebody else locked is never touched, but locked
 * anew when he lets it go.
 */
#ifndef PINNACE_PROTECT_H
#define PINNACE_PROTECT_H

#include "pinnace/regdoc.h"
#include "pinnace/trackbook.h"

enum {
    PROTECT_PARTS_MAX = 64,                  /* of one release; so much room is always made */
    PROTECT_RELEASES_MAX = BOOK_ROWS_MAX + 2 /* and what runs, and what is gone back to */
};

struct protect_release {
    struct str digest, tag; /* a tag that may be locked; .len 0: none */
};

/*
 * What has to stay: what is meant to run, what is gone back to, and whatever on the ledger nothing is
 * known against, newest first, each once; of more than there is room for, the newest.
 */
size_t protect_wanted(const struct trackspec *spec, const struct trackbook *book,
                      struct protect_release ret_wanted[PROTECT_RELEASES_MAX]);
bool protect_wants(const struct trackspec *spec, const struct trackbook *book, struct str digest);

/* A version's tag is never moved; one that is followed by its name is, and must not be locked. */
bool protect_may_lock_tag(const struct trackspec *spec, struct str tag);

/*
 * The tag that retains a release for this very Track and no other one, of another cluster neither:
 * "pinnace-keep-NAMESPACE-TRACK-" and the beginnings of its uid and of the digest.
 */
void buf_add_retain_tag(struct buf *buf, const struct trackspec *spec, struct str digest);

/* Whether any part of a release is in the book. */
bool protect_is_noted(const struct trackbook *book, struct str release);

enum protect_do {
    PROTECT_NOTHING,
    PROTECT_LOOK,   /* which parts a release has, and whether they are locked */
    PROTECT_LOCK,   /* parts that were free */
    PROTECT_LET_GO, /* parts that we locked and nobody needs */
};

/* Parts are as in struct book_lock; those of a job have no state. */
struct protect_job {
    enum protect_do what;
    struct str release; /* a digest */
    struct str tag;     /* PROTECT_LOOK: that may be locked, or retains it; .len 0: none */
    struct book_lock parts[PROTECT_PARTS_MAX];
    size_t part_count; /* of PROTECT_LET_GO perhaps 0: others need all of them */
};

/* A job that went well, until the book has it. */
struct protect_outcome {
    struct protect_job job; /* PROTECT_LOOK: with the parts that there are, and how they stand */
    struct str left;        /* a sentence: what could not be let go by anybody; .len 0: all was */
};

/* What whoever does these jobs knows. */
struct protect_facts {
    bool able;                             /* jobs can be done; else nothing is said of them */
    bool has_locks;                        /* the registry; else tags retain */
    const struct protect_outcome *outcome; /* NULL: none */
    /* It is time to look anew at a release, at each in its turn: another cluster may have let it go,
     * a person may have taken a lock away. */
    bool due;
    size_t turn;
    enum registry_fault fault; /* of the last try, and its words */
    struct str error;          /* .len 0: it went well */
};

/* A Track of the same repository, in the same cluster. */
struct protect_other {
    const struct trackspec *spec;
    const struct trackbook *book;
};

struct protect_question {
    const struct trackspec *spec;
    const struct trackbook *book;
    const struct protect_facts *facts;
    const struct protect_other *others; /* none, unless protect_asks_others */
    size_t other_count;
    bool at_rest; /* every target runs what it should, and nothing but that */
};

/*
 * Whether anything hangs on what others need and have locked: as long as all that is locked for the
 * Track is needed by itself, nothing does. outcome may be NULL.
 */
bool protect_asks_others(const struct trackspec *spec, const struct trackbook *book,
                         const struct protect_outcome *outcome);

/* Takes an outcome over into the book, which may be the question's own. */
void protect_note(const struct protect_question *question, struct trackbook *book);

/* What is to be done next; its strings are those of the question, or in the arena. */
int protect_plan(const struct protect_question *question, struct arena *arena,
                 struct protect_job *ret_job, struct err *err);

/* Whether what is gone back to has lost its tag to what runs, and nothing is to keep it. */
bool protect_is_exposed(const struct trackspec *spec, const struct trackbook *book);

/* What to do about a fault of a registry that protects with locks, or by tags; NULL: to wait. */
const char *protect_advice(bool has_locks, enum registry_fault fault);

/* How far it has come, for a condition; the reason is a literal. */
struct protect_saying {
    bool said; /* else there is nothing to say */
    enum condition_status status;
    const char *reason;
    struct str message;
    bool is_news; /* a person may do something about it */
};
struct protect_saying protect_say(const struct protect_question *question, struct arena *arena);

#endif
