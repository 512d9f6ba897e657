/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackbook: the status of a Track: its ledger of what ran, what it proves, what it waits for. All
 * that the controller knows for longer than a moment stands here, so that another one can go on
 * from it at any time. Times are seconds since 1970; 0: not yet.
 */
#ifndef PINNACE_TRACKBOOK_H
#define PINNACE_TRACKBOOK_H

#include "pinnace/trackspec.h"

enum {
    BOOK_ROWS_MAX = TRACK_KEEP_MAX + 2,
    BOOK_PROOFS_MAX = 200,
    BOOK_QUARANTINED_MAX = 64,
    BOOK_LOCKS_MAX = 240,
    BOOK_TEXT_MAX = 512,         /* of a reason, of a message; longer ones are cut when written */
    BOOK_MAX_BYTES = 768 * 1024, /* whatever stands in it, written it is not larger */
};

/* What became of bytes that were to run. */
enum row_state {
    ROW_ROLLING_OUT, /* meant to run, not yet sound everywhere */
    ROW_HEALTHY,     /* sound everywhere, for the soak */
    ROW_APPLIED,     /* in place, but nothing runs that could show whether it is sound */
    ROW_ADOPTED,     /* ran when the ledger began: let in, no proof */
    ROW_FAILED,      /* unsound: quarantined */
    ROW_ABANDONED,   /* something else came before it was sound; nothing is known against it */
    ROW_STATES,
};

/* What counts up from 1 never comes here: a higher revision is somebody's invention. */
#define BOOK_REVISION_END INT64_C(1000000000)

extern const struct str row_state_names[ROW_STATES]; /* "RollingOut" */

struct book_row {
    int64_t revision; /* counts up from 1 */
    struct str tag, digest;
    enum row_state state;
    int64_t started_at, ended_at; /* ended: healthy, failed or abandoned since then */
    struct str why;               /* "followed latest", "rolled back: too slow" */
    struct str by;                /* a person; .len 0: by itself */
    struct str moved_to;          /* what the tag means in the registry by now, if that differs */
};

/*
 * Bytes that this Track has seen under its tag, and how long they have run soundly on every target
 * of it, in sum.
 */
struct book_proof {
    struct str tag, digest;
    int64_t seen_at;
    int64_t seconds;   /* up to "since" */
    int64_t since;     /* they do so since then, which is to be added; 0: not now */
    int64_t proved_at; /* when that became the Track's own soak; 0: not yet */
};

/* Something that is to keep bytes in the registry, by whose doing. */
enum lock_state {
    LOCK_MEANT,  /* it was free: it is about to be locked, which is written before that is done */
    LOCK_OURS,   /* locked by us: it is let go when nobody needs it any more */
    LOCK_OTHERS, /* it was locked by somebody else: it is never touched */
    LOCK_GONE,   /* the registry does not have it */
    LOCK_STATES,
};

extern const struct str lock_state_names[LOCK_STATES]; /* "Ours" */

/*
 * Of a release the image itself, if neither digest nor tag is there; a child of its index; or a tag:
 * of a version, or one that retains it. Only digests of sha256, so that as many have room.
 */
struct book_lock {
    struct str of, digest, tag;
    enum lock_state state;
};

/* The manifest that it is; of a tag .len 0. */
static inline struct str lock_manifest(const struct book_lock *lock)
{
    return lock->tag.len || lock->digest.len ? lock->digest : lock->of;
}

/* With what still goes on. */
int64_t proof_seconds(const struct book_proof *proof, int64_t now);

struct book_quarantined {
    struct str tag, digest, reason;
    int64_t at;
};

enum track_condition {
    TRACK_READY,
    TRACK_RESOLVED,
    TRACK_ROLLED_OUT,
    TRACK_TAG_MOVED,
    TRACK_STALLED,
    TRACK_DRIFTED,
    TRACK_NEVER_PROVED,
    TRACK_PROTECTED,
    TRACK_CONDITIONS,
};

extern const struct str track_condition_names[TRACK_CONDITIONS];

enum condition_status { CONDITION_UNKNOWN, CONDITION_TRUE, CONDITION_FALSE };

struct book_condition {
    enum condition_status status;
    struct str reason, message; /* "PullFailed", and a sentence */
    int64_t since, generation;
};

enum track_phase {
    PHASE_NEW,     /* what ought to run is not known yet: which bytes */
    PHASE_CURRENT, /* runs what it should */
    PHASE_WAITING, /* the candidate waits: for its proof, for a word */
    PHASE_ROLLING, /* the rollout goes on */
    PHASE_SOAKING, /* everywhere, and watched */
    PHASE_STALLED, /* something that is not the image's fault is in the way */
    PHASE_HELD,    /* a person rolled back or a rollback failed: nothing moves by itself */
    PHASE_DRIFTED, /* another hand put something else there */
    PHASE_SUSPENDED,
    PHASE_FAILED, /* unsound, and what to go back to is not there or failed as well */
    TRACK_PHASES,
};

extern const struct str track_phase_names[TRACK_PHASES];

/* What the candidate waits for. */
enum candidate_wait {
    WAITS_FOR_NOTHING, /* there is none, or it goes next */
    WAITS_FOR_TURN,    /* what runs has no verdict yet */
    WAITS_FOR_PROOF,   /* from the Track that spec.from names */
    WAITS_FOR_APPROVAL,
    WAITS_FOR_SOAK,    /* a Track downstream waits for what runs here */
    WAITS_FOR_RELEASE, /* of the hold, the suspension, the drift, the stop: a person's word */
    WAITS_QUARANTINED, /* it has failed here */
    CANDIDATE_WAITS,
};

extern const struct str candidate_wait_names[CANDIDATE_WAITS]; /* "Proof" */

/* A word that was heard; .digest.len 0 and .at 0: none. */
struct book_heard {
    struct str digest;
    int64_t at;
};

struct trackbook {
    bool begun; /* there is a ledger; else what runs is adopted first */
    enum track_phase phase;
    int64_t generation; /* observedGeneration */
    struct str follows; /* "latest", ">=1.0.0": for tables */

    struct { /* what ought to run by the ledger's word */
        struct str tag, digest;
        int64_t revision, since;
    } current;
    struct { /* to go back to */
        struct str tag, digest;
    } previous_good;
    struct { /* what would come next */
        struct str tag, digest;
        enum candidate_wait waits;
        struct str waits_for; /* a sentence */
        int64_t since, until; /* until: by then it has what it waits for, if all goes well */
    } candidate;
    struct {                   /* of the newest row, while it is in state ROW_ROLLING_OUT */
        int64_t deadline_used; /* by counted_at; it is counted while nobody else is to blame */
        int64_t counted_at;
        bool counting;
        int64_t sound_since; /* everywhere; 0: not yet */
        int64_t restarts;    /* at that time; more of them are a failure */
        int64_t applied;     /* so many targets, in their order, have been seen with it */
        bool going_back;     /* it is itself the way back: from a failure, or by a person's hold */
    } rollout;

    struct {
        struct book_heard hold, approve, promote, resume;
    } heard;
    struct str approved;  /* a digest that may go, until it does: what waits for no word has none */
    struct str overruled; /* what the registry named when a person promoted something else */
    struct str stopped;   /* why nothing moves by itself until a person says so; .len 0: it does */

    struct book_row rows[BOOK_ROWS_MAX]; /* newest first */
    size_t row_count;
    struct book_proof proofs[BOOK_PROOFS_MAX]; /* in the order in which they were seen */
    size_t proof_count;
    struct book_quarantined quarantined[BOOK_QUARANTINED_MAX];
    size_t quarantined_count;
    struct book_lock locks[BOOK_LOCKS_MAX]; /* those of one release stand together */
    size_t lock_count;
    struct book_condition conditions[TRACK_CONDITIONS];
};

/* Of the whole Track; without a status an empty book. Strings as in trackspec_read. */
int trackbook_read(struct str json, struct arena *arena, struct trackbook *ret_book,
                   struct err *err);

/* One row of the ledger, an object of JSON. */
int book_row_read(struct str json, struct arena *arena, struct book_row *ret_row, struct err *err);

/* The status as JSON: what trackbook_read reads. */
void trackbook_write(struct buf *buf, const struct trackbook *book);

/* Whether the same would be written. */
bool trackbook_equal(const struct trackbook *a, const struct trackbook *b);

/* NULL when there is none. */
const struct book_proof *book_proof_of(const struct trackbook *book, struct str digest);
const struct book_quarantined *book_quarantine_of(const struct trackbook *book, struct str digest);
/* Whether "released" lets pods of the row's bytes in. */
bool book_lets_in(const struct trackbook *book, const struct book_row *row);
/* Whether its candidate waits for a proof of the Track that its spec.from names. */
bool book_awaits_proof(const struct trackbook *book);

#endif
