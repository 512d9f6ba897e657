/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: columns for people, as kubectl prints them. Rows that come later, as in a watch, go on
 * below those that were printed, in columns that never become narrower. Outside text cannot leave
 * its cell: what would move the cursor is written as a question mark.
 */
#ifndef PINNACE_TABLE_H
#define PINNACE_TABLE_H

#include "pinnace/buf.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table_row {
    struct table_row *next;
    struct str cells[TABLE_COLUMNS_MAX]; /* .len 0: "<none>" */
};

struct table {
    struct arena *arena;
    const struct str *heads; /* .len 0: such a column is left out */
    size_t columns;
    size_t widths[TABLE_COLUMNS_MAX];
    struct table_row *rows, **tail; /* not yet printed */
    bool headed;
    bool failed; /* there was no memory for a row */
    struct table_row lost;
};

/* heads and what cells point to must live as long as the table. */
void table_begin(struct table *table, struct arena *arena, const struct str *heads, size_t columns);

/*
 * For what lasts longer than its rows: a table that goes on where that one is, in another arena;
 * then what it has come to.
 */
void table_go_on(struct table *table, const struct table *before, struct arena *arena);
void table_keep(struct table *before, const struct table *table);

/* The cells of a new row, to be filled; there is always one. */
struct str *table_row(struct table *table);

/* The heads if they were not printed yet, and the rows since the last time. */
int table_print(struct table *table, struct buf *buf, struct err *err);

#endif
