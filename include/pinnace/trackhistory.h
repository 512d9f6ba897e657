/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackhistory: what ran, as it stands in the ConfigMap TRACK-history: "rows" has a line of JSON for
 * each row of the ledger and each state it came to, oldest first; "status" has the book as it was
 * written last, out of which a Track that was lost and made again learns what is quarantined.
 */
#ifndef PINNACE_TRACKHISTORY_H
#define PINNACE_TRACKHISTORY_H

#include "pinnace/trackbook.h"

enum {
    HISTORY_ROWS_MAX_BYTES = 192 * 1024, /* then the oldest go */
    HISTORY_STATUS_MAX_BYTES = 768 * 1024,
    HISTORY_MAX_BYTES = 1024 * 1024 + 16 * 1024,
};

struct track_history {
    struct str uid, resource_version;
    bool foreign; /* the ConfigMap is somebody else's, and not to be touched */
    struct str rows, status;
};

/* The ConfigMap. */
int track_history_read(struct str json, struct arena *arena, struct track_history *ret_history,
                       struct err *err);

/* The ConfigMap with what the book has and it has not; history of a new one is {0}. */
int track_history_write(const struct track_history *history, const struct trackspec *spec,
                        const struct trackbook *book, struct arena *arena, struct str *ret_json,
                        struct err *err);

/* Rows that the ledger has no more, newest first, each as it was written last. */
struct history_rows {
    struct book_row *items;
    size_t count;
    size_t unread; /* lines that are none */
};
int track_history_older(const struct track_history *history, const struct trackbook *book,
                        struct arena *arena, struct history_rows *ret_rows, struct err *err);

/*
 * A book that has not begun gets what the one that was lost held against bytes, and goes on counting
 * its revisions.
 */
int track_history_recall(const struct track_history *history, struct arena *arena,
                         struct trackbook *book, struct err *err);

#endif
