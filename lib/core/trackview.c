/* SPDX-License-Identifier: Apache-2.0 */
/* trackview: see the header. What both tables and the JSON are made of; the rows of "status". */
#include "pinnace/trackview.h"

#include <stdlib.h>

#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { CELL_MAX = 16 * 1024, SHORT_DIGITS = 12 };

int trackview_read(struct str json, struct arena *arena, struct trackview *ret_view,
                   struct err *err)
{
    struct trackspec *spec = arena_new(arena, struct trackspec);
    struct trackbook *book = arena_new(arena, struct trackbook);
    if (!spec || !book)
        return err_no_memory(err);
    if (trackspec_read(json, arena, spec, err) < 0 || trackbook_read(json, arena, book, err) < 0)
        return -1;
    *ret_view = (struct trackview){spec, book, json};
    return 0;
}

/* ---- words for what is in a Track ---- */

struct str digest_short(struct str digest)
{
    size_t colon = str_find(digest, ':');
    struct str hex = colon == STR_NOT_FOUND ? digest : str_tail(digest, colon + 1);
    return str_head(hex, hex.len < SHORT_DIGITS ? hex.len : SHORT_DIGITS);
}

void buf_add_bytes(struct buf *buf, struct str tag, struct str digest)
{
    struct str few = digest_short(digest);
    if (tag.len)
        buf_addf(buf, "%.*s (%.*s)", STR_FMT(tag), STR_FMT(few));
    else
        buf_add(buf, few);
}

struct str trackspec_follows(const struct trackspec *spec)
{
    return spec->follow.tag.len ? spec->follow.tag : spec->range;
}

const struct book_row *book_newest(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->row_count; i++)
        if (str_eq(book->rows[i].digest, digest))
            return &book->rows[i];
    return NULL;
}

bool book_row_is_current(const struct trackbook *book, const struct book_row *row)
{
    for (size_t i = 0; i < book->row_count; i++)
        if (&book->rows[i] == row)
            return row->revision == book->current.revision;
    return false;
}

/* ---- what should be known ---- */

static void add_part(struct buf *buf, struct str text)
{
    if (!text.len)
        return;
    if (buf->len)
        buf_add(buf, STR("; "));
    buf_add(buf, text);
}

static void add_word(struct buf *buf, const char *what, const struct track_word *word)
{
    buf_addf(buf, "%s%s", buf->len ? "; " : "", what);
    if (word->by.len)
        buf_addf(buf, " by %.*s", STR_FMT(word->by));
    if (word->reason.len)
        buf_addf(buf, ": %.*s", STR_FMT(word->reason));
}

/* What waits for a person to end something is told with that. */
static bool is_told(const struct trackbook *book)
{
    return book->candidate.digest.len && book->candidate.waits_for.len &&
           book->candidate.waits != WAITS_FOR_RELEASE;
}

static void add_candidate(struct buf *buf, const struct trackbook *book, int64_t now)
{
    if (!is_told(book))
        return;
    buf_addf(buf, "%sNEXT waits: %.*s", buf->len ? "; " : "", STR_FMT(book->candidate.waits_for));
    if (book->candidate.until > now) {
        buf_add(buf, STR(" (in "));
        buf_add_age(buf, book->candidate.until - now);
        buf_add_char(buf, ')');
    }
}

static void add_rollout(struct buf *buf, const struct trackview *view, int64_t now)
{
    const struct trackbook *book = view->book;
    int64_t left = view->spec->deadline - book->rollout.deadline_used;
    if (book->rollout.counting)
        left -= now - book->rollout.counted_at;
    if (book->phase == PHASE_SOAKING && book->rollout.sound_since) {
        buf_addf(buf, "%ssound for ", buf->len ? "; " : "");
        buf_add_age(buf, now - book->rollout.sound_since);
        buf_add(buf, STR(" of "));
        buf_add_duration(buf, view->spec->soak);
    } else if (book->phase == PHASE_ROLLING && left > 0) {
        buf_add(buf, buf->len ? STR("; ") : STR(""));
        buf_add_age(buf, left);
        buf_add(buf, STR(" left to become sound"));
    }
}

/* The conditions that a person should hear of, and the status in which that is so. */
static const struct {
    enum track_condition type;
    enum condition_status status;
} bad_news[] = {
    {TRACK_STALLED, CONDITION_TRUE},      {TRACK_DRIFTED, CONDITION_TRUE},
    {TRACK_ROLLED_OUT, CONDITION_FALSE},  {TRACK_TAG_MOVED, CONDITION_TRUE},
    {TRACK_NEVER_PROVED, CONDITION_TRUE}, {TRACK_RESOLVED, CONDITION_FALSE},
    {TRACK_PROTECTED, CONDITION_FALSE},
};

/* While a rollout goes on, that it is not done is no news; nor is what will be so in a moment. */
static bool is_news(const struct trackbook *book, enum track_condition type)
{
    if (type == TRACK_PROTECTED)
        return book->conditions[type].message.len > 0 &&
               !str_eq(book->conditions[type].reason, STR("LettingGo"));
    return type != TRACK_ROLLED_OUT || book->phase == PHASE_FAILED;
}

static void add_conditions(struct buf *buf, const struct trackbook *book)
{
    /* One sentence may stand in two conditions, or be what the candidate waits for. */
    struct str before = STR_NONE, waits = is_told(book) ? book->candidate.waits_for : STR_NONE;
    for (size_t i = 0; i < sizeof(bad_news) / sizeof(bad_news[0]); i++) {
        const struct book_condition *condition = &book->conditions[bad_news[i].type];
        if (condition->status != bad_news[i].status || !is_news(book, bad_news[i].type) ||
            str_eq(condition->message, before) || str_eq(condition->message, waits))
            continue;
        before = condition->message;
        add_part(buf, condition->message);
    }
}

static void add_parts(struct buf *buf, struct buf *parts)
{
    struct str text;
    if (buf_finish(parts, &text, NULL) < 0)
        buf->failed = true;
    else
        buf_add(buf, text);
}

void buf_add_trackview_rollout(struct buf *buf, const struct trackview *view, int64_t now)
{
    struct buf parts = BUF_INIT(buf->arena, CELL_MAX);
    add_part(&parts, view->book->stopped);
    add_rollout(&parts, view, now);
    add_conditions(&parts, view->book);
    add_parts(buf, &parts);
}

void buf_add_trackview_message(struct buf *buf, const struct trackview *view, int64_t now)
{
    const struct trackspec *spec = view->spec;
    struct buf parts = BUF_INIT(buf->arena, CELL_MAX);
    if (spec->deleted)
        add_part(&parts, STR("deleted"));
    if (spec->generation > view->book->generation)
        add_part(&parts, STR("not yet seen by the controller"));
    if (spec->hold.said)
        add_word(&parts, "held", &spec->hold);
    if (spec->suspend)
        add_part(&parts, STR("suspended"));
    add_part(&parts, view->book->stopped);
    add_rollout(&parts, view, now);
    add_candidate(&parts, view->book, now);
    add_conditions(&parts, view->book);
    add_parts(buf, &parts);
}

/* ---- staging before production ---- */

bool trackview_follows(const struct trackview *view, const struct trackview *source)
{
    return view->spec->from.track.len && str_eq(view->spec->from.track, source->spec->name) &&
           str_eq(view->spec->from.namespace, source->spec->namespace);
}

static int by_name(const struct trackview *a, const struct trackview *b)
{
    int order = str_compare(a->spec->namespace, b->spec->namespace);
    return order ? order : str_compare(a->spec->name, b->spec->name);
}

static int compare(const void *a, const void *b)
{
    return by_name(a, b);
}

struct order {
    const struct trackview *views;
    size_t count, done;
    bool *taken;
    struct trackview *sorted;
    size_t *stack; /* those whose followers come next, the last one first */
};

static bool has_source(const struct order *order, size_t index)
{
    for (size_t i = 0; i < order->count; i++)
        if (i != index && trackview_follows(&order->views[index], &order->views[i]))
            return true;
    return false;
}

/* The Track and then, depth first, all that follow it; each once, though they went in circles. */
static void take_chain(struct order *order, size_t first)
{
    size_t depth = 0;
    order->stack[depth++] = first;
    order->taken[first] = true;
    order->sorted[order->done++] = order->views[first];
    while (depth) {
        const struct trackview *source = &order->views[order->stack[depth - 1]];
        size_t next = 0;
        while (next < order->count &&
               (order->taken[next] || !trackview_follows(&order->views[next], source)))
            next++;
        if (next == order->count) {
            depth--;
            continue;
        }
        order->stack[depth++] = next;
        order->taken[next] = true;
        order->sorted[order->done++] = order->views[next];
    }
}

int trackview_order(struct trackview *views, size_t count, struct arena *arena, struct err *err)
{
    struct order order = {.views = views,
                          .count = count,
                          .taken = arena_array(arena, bool, count),
                          .sorted = arena_array(arena, struct trackview, count),
                          .stack = arena_array(arena, size_t, count)};
    if (!order.taken || !order.sorted || !order.stack)
        return err_no_memory(err);
    if (count == 0)
        return 0;
    qsort(views, count, sizeof(views[0]), compare);
    for (size_t i = 0; i < count; i++)
        if (!order.taken[i] && !has_source(&order, i))
            take_chain(&order, i);
    for (size_t i = 0; i < count; i++) /* those that take from each other in a circle */
        if (!order.taken[i])
            take_chain(&order, i);
    memcpy(views, order.sorted, count * sizeof(views[0]));
    return 0;
}

/* ---- the table ---- */

enum {
    COLUMN_NAMESPACE,
    COLUMN_NAME,
    COLUMN_FOLLOWS,
    COLUMN_TAG,
    COLUMN_DIGEST,
    COLUMN_PHASE,
    COLUMN_SINCE,
    COLUMN_NEXT,
    COLUMN_IMAGE,
    COLUMN_FROM,
    COLUMN_REVISION,
    COLUMN_GOOD,
    COLUMN_TARGETS,
    COLUMN_MESSAGE,
    COLUMNS,
};

static const struct str all_heads[COLUMNS] = {
    [COLUMN_NAMESPACE] = STR_INIT("NAMESPACE"), [COLUMN_NAME] = STR_INIT("NAME"),
    [COLUMN_FOLLOWS] = STR_INIT("FOLLOWS"),     [COLUMN_TAG] = STR_INIT("TAG"),
    [COLUMN_DIGEST] = STR_INIT("DIGEST"),       [COLUMN_PHASE] = STR_INIT("PHASE"),
    [COLUMN_SINCE] = STR_INIT("SINCE"),         [COLUMN_NEXT] = STR_INIT("NEXT"),
    [COLUMN_IMAGE] = STR_INIT("IMAGE"),         [COLUMN_FROM] = STR_INIT("FROM"),
    [COLUMN_REVISION] = STR_INIT("REVISION"),   [COLUMN_GOOD] = STR_INIT("BEFORE"),
    [COLUMN_TARGETS] = STR_INIT("TARGETS"),     [COLUMN_MESSAGE] = STR_INIT("MESSAGE"),
};

void trackview_begin(struct table *table, struct arena *arena, const struct trackview_look *look)
{
    struct str *heads = arena_array(arena, struct str, COLUMNS);
    table_begin(table, arena, heads, COLUMNS);
    if (!heads) {
        table->columns = 0;
        table->failed = true;
        return;
    }
    memcpy(heads, all_heads, sizeof(all_heads));
    if (!look->namespaces)
        heads[COLUMN_NAMESPACE] = STR_NONE;
    for (int i = COLUMN_IMAGE; !look->wide && i <= COLUMN_TARGETS; i++)
        heads[i] = STR_NONE;
}

/* A cell that is made up; the table fails when it cannot be. */
static struct str cell_of(struct table *table, struct buf *buf)
{
    struct str text = STR_NONE;
    if (buf_finish(buf, &text, NULL) < 0)
        table->failed = true;
    return text;
}

static struct str age_cell(struct table *table, int64_t since, int64_t now)
{
    struct buf buf = BUF_INIT(table->arena, 64);
    if (since)
        buf_add_age(&buf, now - since);
    return cell_of(table, &buf);
}

static struct str number_cell(struct table *table, int64_t number)
{
    struct buf buf = BUF_INIT(table->arena, 64);
    if (number)
        buf_addf(&buf, "%lld", (long long)number);
    return cell_of(table, &buf);
}

static struct str bytes_cell(struct table *table, struct str tag, struct str digest)
{
    struct buf buf = BUF_INIT(table->arena, CELL_MAX);
    if (digest.len)
        buf_add_bytes(&buf, tag, digest);
    return cell_of(table, &buf);
}

static struct str image_cell(struct table *table, const struct trackspec *spec)
{
    struct buf buf = BUF_INIT(table->arena, CELL_MAX);
    buf_add_repository(&buf, &spec->image);
    return cell_of(table, &buf);
}

static struct str source_cell(struct table *table, const struct trackspec *spec)
{
    struct buf buf = BUF_INIT(table->arena, CELL_MAX);
    if (spec->from.track.len)
        buf_addf(&buf, "%.*s/%.*s", STR_FMT(spec->from.namespace), STR_FMT(spec->from.track));
    return cell_of(table, &buf);
}

static struct str targets_cell(struct table *table, const struct trackspec *spec)
{
    struct buf buf = BUF_INIT(table->arena, CELL_MAX);
    for (size_t i = 0; i < spec->target_count; i++)
        buf_addf(&buf, "%s%.*s/%.*s", i ? "," : "",
                 STR_FMT(target_kind_names[spec->targets[i].kind]), STR_FMT(spec->targets[i].name));
    return cell_of(table, &buf);
}

static struct str message_cell(struct table *table, const struct trackview *view, int64_t now)
{
    struct buf buf = BUF_INIT(table->arena, CELL_MAX);
    buf_add_trackview_message(&buf, view, now);
    return cell_of(table, &buf);
}

static struct str next_of(const struct trackbook *book)
{
    if (!book->candidate.digest.len)
        return STR_NONE;
    bool moved_only = str_eq(book->candidate.tag, book->current.tag);
    return book->candidate.tag.len && !moved_only ? book->candidate.tag
                                                  : digest_short(book->candidate.digest);
}

void trackview_row(struct table *table, const struct trackview *view, int64_t now)
{
    const struct trackspec *spec = view->spec;
    const struct trackbook *book = view->book;
    struct str *cells = table_row(table);
    cells[COLUMN_NAMESPACE] = spec->namespace;
    cells[COLUMN_NAME] = spec->name;
    cells[COLUMN_FOLLOWS] = trackspec_follows(spec);
    cells[COLUMN_TAG] = book->current.tag;
    cells[COLUMN_DIGEST] = digest_short(book->current.digest);
    cells[COLUMN_PHASE] = track_phase_names[book->phase];
    cells[COLUMN_SINCE] = age_cell(table, book->current.since, now);
    cells[COLUMN_NEXT] = next_of(book);
    cells[COLUMN_IMAGE] = image_cell(table, spec);
    cells[COLUMN_FROM] = source_cell(table, spec);
    cells[COLUMN_REVISION] = number_cell(table, book->current.revision);
    cells[COLUMN_GOOD] = bytes_cell(table, book->previous_good.tag, book->previous_good.digest);
    cells[COLUMN_TARGETS] = targets_cell(table, spec);
    cells[COLUMN_MESSAGE] = message_cell(table, view, now);
}
