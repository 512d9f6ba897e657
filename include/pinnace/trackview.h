/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackview: Tracks for people and for programs: tables and JSON of what runs, what comes next,
 * what it waits for, and of what ran. Whoever asks says what time it is.
 */
#ifndef PINNACE_TRACKVIEW_H
#define PINNACE_TRACKVIEW_H

#include "pinnace/jsonwrite.h"
#include "pinnace/table.h"
#include "pinnace/trackbook.h"

/* A Track and its book. */
struct trackview {
    const struct trackspec *spec;
    const struct trackbook *book;
    struct str json; /* as it was read */
};

int trackview_read(struct str json, struct arena *arena, struct trackview *ret_view,
                   struct err *err);

/* Whether the source that the Track waits for is that one. */
bool trackview_follows(const struct trackview *view, const struct trackview *source);

/* By namespace and name, but each behind the Track that it takes from: staging before production. */
int trackview_order(struct trackview *views, size_t count, struct arena *arena, struct err *err);

/* What should be known of it beyond its phase, in a line; perhaps nothing. */
void buf_add_trackview_message(struct buf *buf, const struct trackview *view, int64_t now);
/* The same for somebody who follows one rollout: nothing of what comes after it, nor of the hold. */
void buf_add_trackview_rollout(struct buf *buf, const struct trackview *view, int64_t now);

/* Columns of "status" and of "history". */
struct trackview_look {
    bool wide;       /* more of them */
    bool namespaces; /* a column for them */
};
void trackview_begin(struct table *table, struct arena *arena, const struct trackview_look *look);
void trackview_row(struct table *table, const struct trackview *view, int64_t now);
void trackview_json(struct json_writer *json, const struct trackview *view);

void history_begin(struct table *table, struct arena *arena, const struct trackview_look *look);
/* row: of the view's book, or one that it has no more. */
void history_row(struct table *table, const struct trackview *view, const struct book_row *row);
void history_row_json(struct json_writer *json, const struct trackview *view,
                      const struct book_row *row);
/* older: rows that the book has no more. */
void history_json(struct json_writer *json, const struct trackview *view,
                  const struct book_row *older, size_t older_count);

/* What is meant to run now; an older row may have the same revision, of a Track before this one. */
bool book_row_is_current(const struct trackbook *book, const struct book_row *row);

/* The newest row of the digest; NULL: there is none. */
const struct book_row *book_newest(const struct trackbook *book, struct str digest);

/* "9f86d081884c": enough to be told apart by people; "TAG (9f86d081884c)". */
struct str digest_short(struct str digest);
void buf_add_bytes(struct buf *buf, struct str tag, struct str digest);
/* What the Track follows: the tag, or the range. */
struct str trackspec_follows(const struct trackspec *spec);

#endif
