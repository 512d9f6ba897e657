/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackword: a person's word to a Track: which bytes are meant by what was typed, the patch that
 * says so, and how far the controller has come with it.
 */
#ifndef PINNACE_TRACKWORD_H
#define PINNACE_TRACKWORD_H

#include "pinnace/trackview.h"

enum track_wish {
    WISH_HOLD,    /* run this until it is taken away */
    WISH_APPROVE, /* this one may go */
    WISH_PROMOTE, /* this one now */
    WISH_SUSPEND, /* do nothing by yourself */
    WISH_RESUME,  /* go on by yourself: takes hold and suspend away */
};

/*
 * A merge patch, good only for the very state of the Track that was looked at. word: of all but
 * WISH_SUSPEND; its .at is when it is said.
 */
int track_patch(const struct trackspec *seen, enum track_wish wish, const struct track_word *word,
                struct arena *arena, struct str *ret_json, struct err *err);

/* Bytes that somebody means. */
struct track_meant {
    struct str tag, digest;     /* .digest.len 0: only the registry knows what the tag means */
    const struct book_row *row; /* the newest of them; NULL: the ledger does not know them */
};

/*
 * What to go back to: text is a revision ("7"), a tag, a digest, or the beginning of one that is on
 * the ledger; .len 0: the last good one that is not what runs now.
 */
int track_find(const struct trackview *view, struct str text, struct track_meant *ret_meant,
               struct err *err);

enum { TRACK_NEAREST_MAX = 8 };

/*
 * Rows of other bytes that ran soundly, those first that ran closest to these; what was written of
 * them before revision numbers, if row is NULL, counts from the newest. Returns how many.
 */
size_t track_nearest(const struct trackbook *book, const struct track_meant *meant,
                     const struct book_row *ret_rows[TRACK_NEAREST_MAX]);

enum track_progress { PROGRESS_GOES_ON, PROGRESS_DONE, PROGRESS_FAILED };

/* What somebody waits for. */
struct track_goal {
    int64_t generation; /* of the Track with his word in it */
    struct str digest;  /* that is to run; .len 0: whatever it does then */
    enum track_wish wish;
    int64_t said_at;
    int64_t settled; /* what became of this revision and earlier ones was known before */
};

/* said: the Track with the word in it; before: its book as it was looked at. */
struct track_goal track_goal(const struct trackview *said, const struct trackbook *before,
                             enum track_wish wish, const struct track_word *word);

/* Writes one line of how it goes. */
enum track_progress track_progress(const struct trackview *view, const struct track_goal *goal,
                                   int64_t now, struct buf *buf);

#endif
