/* SPDX-License-Identifier: Apache-2.0 */
/* trackhistory: see the header. */
#include "pinnace/trackhistory.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { LINE_MAX_BYTES = 16 * 1024 };

/* --- Reading ----------------------------------------------------------------------------------- */

static const struct str manager_key = STR_INIT("app.kubernetes.io/managed-by");
static const struct str manager = STR_INIT("pinnace");

static void scan_labels(struct scan *scan, struct track_history *history)
{
    if (scan_peek(scan) == SCAN_NULL) {
        scan_value(scan);
        return;
    }
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, &manager_key, 1) != SCAN_END)
        history->foreign = !str_eq(scan_string(scan), manager);
}

static void scan_metadata(struct scan *scan, struct track_history *history)
{
    enum { UID, VERSION, LABELS, KEYS };
    static const struct str keys[] = {[UID] = STR_INIT("uid"),
                                      [VERSION] = STR_INIT("resourceVersion"),
                                      [LABELS] = STR_INIT("labels")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == LABELS)
            scan_labels(scan, history);
        else
            *(key == UID ? &history->uid : &history->resource_version) = scan_string(scan);
    }
}

static void scan_data(struct scan *scan, struct track_history *history)
{
    enum { ROWS, STATUS, KEYS };
    static const struct str keys[] = {[ROWS] = STR_INIT("rows"), [STATUS] = STR_INIT("status")};
    if (scan_peek(scan) == SCAN_NULL) {
        scan_value(scan);
        return;
    }
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == ROWS ? &history->rows : &history->status) = scan_string(scan);
}

int track_history_read(struct str json, struct arena *arena, struct track_history *ret_history,
                       struct err *err)
{
    enum { METADATA, DATA, KEYS };
    static const struct str keys[] = {[METADATA] = STR_INIT("metadata"), [DATA] = STR_INIT("data")};
    struct track_history history = {.foreign = true};
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == METADATA)
            scan_metadata(&scan, &history);
        else
            scan_data(&scan, &history);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    *ret_history = history;
    return 0;
}

/* --- Writing ----------------------------------------------------------------------------------- */

static void add_time(struct json_writer *json, const char *key, int64_t seconds)
{
    struct buf text = BUF_INIT(json->buf->arena, 64);
    struct str when;
    if (!seconds)
        return;
    buf_add_when(&text, seconds);
    if (buf_finish(&text, &when, NULL) < 0)
        json->buf->failed = true;
    else
        json_member(json, key, when);
}

static void add_text(struct json_writer *json, const char *key, struct str text)
{
    if (text.len)
        json_member(json, key, text);
}

static int write_line(const struct book_row *row, struct arena *arena, struct str *ret_line,
                      struct err *err)
{
    struct buf buf = BUF_INIT(arena, LINE_MAX_BYTES);
    struct json_writer json = {.buf = &buf};
    json_open(&json, '{');
    json_key(&json, "revision");
    json_number(&json, row->revision);
    add_text(&json, "tag", row->tag);
    json_member(&json, "digest", row->digest);
    json_member(&json, "state", row_state_names[row->state]);
    add_time(&json, "startedAt", row->started_at);
    add_time(&json, "endedAt", row->ended_at);
    add_text(&json, "why", row->why);
    add_text(&json, "by", row->by);
    json_close(&json, '}');
    return buf_finish(&buf, ret_line, err);
}

/* A line each; what ends the text without a line break is a line too. */
static struct str next_line(struct str *rest)
{
    size_t end = str_find(*rest, '\n');
    struct str line = end == STR_NOT_FOUND ? *rest : str_head(*rest, end);
    *rest = end == STR_NOT_FOUND ? STR_NONE : str_tail(*rest, end + 1);
    return line;
}

static bool has_line(struct str rows, struct str line)
{
    while (rows.len)
        if (str_eq(next_line(&rows), line))
            return true;
    return false;
}

static int add_rows(struct buf *rows, struct str before, const struct trackbook *book,
                    struct arena *arena, struct err *err)
{
    struct str line;
    buf_add(rows, before);
    if (before.len && before.ptr[before.len - 1] != '\n')
        buf_add_char(rows, '\n');
    for (size_t i = book->row_count; i > 0; i--) {
        if (write_line(&book->rows[i - 1], arena, &line, err) < 0)
            return -1;
        if (has_line(before, line))
            continue;
        buf_add(rows, line);
        buf_add_char(rows, '\n');
    }
    return 0;
}

static void add_metadata(struct json_writer *json, const struct track_history *history,
                         const struct trackspec *spec)
{
    struct buf name = BUF_INIT(json->buf->arena, 1024);
    struct str text = STR_NONE;
    buf_addf(&name, "%.*s-history", STR_FMT(spec->name));
    json->buf->failed = buf_finish(&name, &text, NULL) < 0 || json->buf->failed;
    json_key(json, "metadata");
    json_open(json, '{');
    json_member(json, "namespace", spec->namespace);
    json_member(json, "name", text);
    add_text(json, "uid", history->uid);
    add_text(json, "resourceVersion", history->resource_version);
    json_key(json, "labels");
    json_open(json, '{');
    json_member(json, manager_key.ptr, manager);
    json_close(json, '}');
    json_key(json, "annotations");
    json_open(json, '{');
    json_member(json, "pinnace.dev/track", spec->name);
    json_close(json, '}');
    json_close(json, '}');
}

static int write_status(const struct trackbook *book, struct arena *arena, struct str *ret_status,
                        struct err *err)
{
    struct buf buf = BUF_INIT(arena, HISTORY_STATUS_MAX_BYTES);
    trackbook_write(&buf, book);
    return buf_finish(&buf, ret_status, err);
}

int track_history_write(const struct track_history *history, const struct trackspec *spec,
                        const struct trackbook *book, struct arena *arena, struct str *ret_json,
                        struct err *err)
{
    struct buf rows = BUF_INIT(arena, HISTORY_MAX_BYTES);
    struct buf buf = BUF_INIT(arena, 4 * HISTORY_MAX_BYTES);
    struct json_writer json = {.buf = &buf};
    struct str lines, status;
    if (add_rows(&rows, history->rows, book, arena, err) < 0 ||
        buf_finish(&rows, &lines, err) < 0 || write_status(book, arena, &status, err) < 0)
        return -1;
    while (lines.len > HISTORY_ROWS_MAX_BYTES)
        next_line(&lines);
    json_open(&json, '{');
    json_member(&json, "apiVersion", STR("v1"));
    json_member(&json, "kind", STR("ConfigMap"));
    add_metadata(&json, history, spec);
    json_key(&json, "data");
    json_open(&json, '{');
    json_member(&json, "rows", lines);
    json_member(&json, "status", status);
    json_close(&json, '}');
    json_close(&json, '}');
    return buf_finish(&buf, ret_json, err);
}

/* --- Older rows -------------------------------------------------------------------------------- */

/* A Track that was made again counts its revisions anew. */
static bool is_same(const struct book_row *a, const struct book_row *b)
{
    return a->revision == b->revision && a->started_at == b->started_at;
}

static bool is_on_ledger(const struct trackbook *book, const struct book_row *row)
{
    for (size_t i = 0; i < book->row_count; i++)
        if (is_same(&book->rows[i], row))
            return true;
    return false;
}

/* A row stands there once for each state that it came to, mostly one behind the other. */
static void keep_row(struct history_rows *rows, const struct book_row *row)
{
    size_t at = rows->count;
    while (at > 0 && !is_same(&rows->items[at - 1], row))
        at--;
    rows->items[at ? at - 1 : rows->count++] = *row;
}

static void newest_first(struct history_rows *rows)
{
    for (size_t i = 0; i < rows->count / 2; i++) {
        struct book_row row = rows->items[i];
        rows->items[i] = rows->items[rows->count - 1 - i];
        rows->items[rows->count - 1 - i] = row;
    }
}

int track_history_older(const struct track_history *history, const struct trackbook *book,
                        struct arena *arena, struct history_rows *ret_rows, struct err *err)
{
    struct str rest = history->foreign ? STR_NONE : history->rows, text = rest;
    struct history_rows rows = {0};
    size_t lines = 0;
    while (text.len) {
        next_line(&text);
        lines++;
    }
    rows.items = arena_array(arena, struct book_row, lines + 1);
    if (!rows.items)
        return err_no_memory(err);
    while (rest.len) {
        struct book_row row;
        if (book_row_read(next_line(&rest), arena, &row, err) == 0) {
            if (!is_on_ledger(book, &row))
                keep_row(&rows, &row);
        } else if (err->kind == ERR_MEMORY) {
            return -1;
        } else {
            rows.unread++;
        }
    }
    newest_first(&rows);
    *ret_rows = rows;
    return 0;
}

/* --- Recalling --------------------------------------------------------------------------------- */

static int64_t last_revision(const struct trackbook *book)
{
    int64_t last = book->current.revision;
    for (size_t i = 0; i < book->row_count; i++)
        if (book->rows[i].revision > last)
            last = book->rows[i].revision;
    return last < BOOK_REVISION_END ? last : 0;
}

int track_history_recall(const struct track_history *history, struct arena *arena,
                         struct trackbook *book, struct err *err)
{
    struct buf buf = BUF_INIT(arena, 2 * HISTORY_MAX_BYTES);
    struct trackbook *lost = arena_new(arena, struct trackbook);
    struct str json;
    if (history->foreign || !history->status.len)
        return 0;
    buf_add(&buf, STR("{\"status\":"));
    buf_add(&buf, history->status);
    buf_add_char(&buf, '}');
    if (!lost)
        return err_no_memory(err);
    if (buf_finish(&buf, &json, err) < 0 || trackbook_read(json, arena, lost, err) < 0)
        return -1;
    memcpy(book->quarantined, lost->quarantined, sizeof(lost->quarantined));
    book->quarantined_count = lost->quarantined_count;
    book->current.revision = last_revision(lost);
    return 0;
}
