/* SPDX-License-Identifier: Apache-2.0 */
/* trackview_history: the table of what ran on a Track; see trackview.h. */
#include "pinnace/trackview.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum {
    COLUMN_REVISION,
    COLUMN_TAG,
    COLUMN_DIGEST,
    COLUMN_STATE,
    COLUMN_STARTED,
    COLUMN_ENDED,
    COLUMN_BY,
    COLUMN_MOVED,
    COLUMN_WHY,
    COLUMNS,
};

static const struct str few_heads[COLUMNS] = {
    [COLUMN_REVISION] = STR_INIT("REVISION"), [COLUMN_TAG] = STR_INIT("TAG"),
    [COLUMN_DIGEST] = STR_INIT("DIGEST"),     [COLUMN_STATE] = STR_INIT("STATE"),
    [COLUMN_STARTED] = STR_INIT("STARTED"),   [COLUMN_BY] = STR_INIT("BY"),
    [COLUMN_WHY] = STR_INIT("WHY"),
};
static const struct str all_heads[COLUMNS] = {
    [COLUMN_REVISION] = STR_INIT("REVISION"),
    [COLUMN_TAG] = STR_INIT("TAG"),
    [COLUMN_DIGEST] = STR_INIT("DIGEST"),
    [COLUMN_STATE] = STR_INIT("STATE"),
    [COLUMN_STARTED] = STR_INIT("STARTED"),
    [COLUMN_ENDED] = STR_INIT("ENDED"),
    [COLUMN_BY] = STR_INIT("BY"),
    [COLUMN_MOVED] = STR_INIT("TAG MEANS NOW"),
    [COLUMN_WHY] = STR_INIT("WHY"),
};

void history_begin(struct table *table, struct arena *arena, const struct trackview_look *look)
{
    table_begin(table, arena, look->wide ? all_heads : few_heads, COLUMNS);
}

/* A cell that is made up; the table fails when it cannot be. */
static struct str cell_of(struct table *table, struct buf *buf)
{
    struct str text = STR_NONE;
    if (buf_finish(buf, &text, NULL) < 0)
        table->failed = true;
    return text;
}

static struct str when_cell(struct table *table, int64_t seconds)
{
    struct buf buf = BUF_INIT(table->arena, 64);
    if (seconds)
        buf_add_when(&buf, seconds);
    return cell_of(table, &buf);
}

/* "12", or "12 *" for what runs now. */
static struct str revision_cell(struct table *table, const struct trackbook *book,
                                const struct book_row *row)
{
    struct buf buf = BUF_INIT(table->arena, 64);
    buf_addf(&buf, "%lld%s", (long long)row->revision, book_row_is_current(book, row) ? " *" : "");
    return cell_of(table, &buf);
}

static struct str state_of(const struct trackbook *book, const struct book_row *row)
{
    bool shut_out = row->state != ROW_FAILED && book_quarantine_of(book, row->digest);
    return shut_out ? STR("Quarantined") : row_state_names[row->state];
}

void history_row(struct table *table, const struct trackview *view, const struct book_row *row)
{
    struct str *cells = table_row(table);
    bool wide = table->heads == all_heads;
    cells[COLUMN_REVISION] = revision_cell(table, view->book, row);
    cells[COLUMN_TAG] = row->tag;
    cells[COLUMN_DIGEST] = wide ? row->digest : digest_short(row->digest);
    cells[COLUMN_STATE] = state_of(view->book, row);
    cells[COLUMN_STARTED] = when_cell(table, row->started_at);
    cells[COLUMN_ENDED] = when_cell(table, row->ended_at);
    cells[COLUMN_BY] = row->by;
    cells[COLUMN_MOVED] = digest_short(row->moved_to);
    cells[COLUMN_WHY] = row->why;
}
