/* SPDX-License-Identifier: Apache-2.0 */
/* trackword: see the header. */
#include "pinnace/trackword.h"

#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { PATCH_MAX = 64 * 1024, TEXT_MAX = 16 * 1024, SHORTEST_PREFIX = 6 };

/* ---- the patch ---- */

/* null takes away what the word that stood there before may have had and this one has not. */
static void add_text(struct json_writer *json, const char *key, struct str value)
{
    json_key(json, key);
    if (value.len)
        json_string(json, value);
    else
        json_null(json);
}

static void add_word(struct json_writer *json, const char *key, const struct track_word *word)
{
    json_key(json, key);
    json_open(json, '{');
    if (word->digest.len)
        json_member(json, "digest", word->digest);
    add_text(json, "reason", word->reason);
    json_member(json, "by", word->by);
    json_key(json, "at");
    json_open(json, '"');
    buf_add_when(json->buf, word->at);
    json_close(json, '"');
    json_close(json, '}');
}

/* Only what is there is taken away, since each needs a right of its own. */
static void add_resume(struct json_writer *json, const struct trackspec *seen,
                       const struct track_word *word)
{
    add_word(json, "resume", word);
    if (seen->hold.said)
        add_text(json, "hold", STR_NONE);
    if (seen->suspend) {
        json_key(json, "suspend");
        json_bool(json, false);
    }
}

int track_patch(const struct trackspec *seen, enum track_wish wish, const struct track_word *word,
                struct arena *arena, struct str *ret_json, struct err *err)
{
    struct buf buf = BUF_INIT(arena, PATCH_MAX);
    struct json_writer json = {.buf = &buf};
    json_open(&json, '{');
    json_key(&json, "metadata");
    json_open(&json, '{');
    json_member(&json, "resourceVersion", seen->resource_version);
    json_close(&json, '}');
    json_key(&json, "spec");
    json_open(&json, '{');
    if (wish == WISH_RESUME) {
        add_resume(&json, seen, word);
    } else if (wish == WISH_SUSPEND) {
        json_key(&json, "suspend");
        json_bool(&json, true);
    } else {
        add_word(&json,
                 wish == WISH_HOLD      ? "hold"
                 : wish == WISH_APPROVE ? "approve"
                                        : "promote",
                 word);
    }
    json_close(&json, '}');
    json_close(&json, '}');
    return buf_finish(&buf, ret_json, err);
}

/* ---- what is meant ---- */

static bool is_good(const struct trackbook *book, const struct book_row *row)
{
    return (row->state == ROW_HEALTHY || row->state == ROW_APPLIED || row->state == ROW_ADOPTED) &&
           !book_quarantine_of(book, row->digest);
}

static struct track_meant meant_row(const struct book_row *row)
{
    return (struct track_meant){row->tag, row->digest, row};
}

static int find_last_good(const struct trackview *view, struct track_meant *ret_meant,
                          struct err *err)
{
    const struct trackbook *book = view->book;
    const struct book_row *row = book_newest(book, book->previous_good.digest);
    if (row && is_good(book, row) && !str_eq(row->digest, book->current.digest)) {
        *ret_meant = meant_row(row);
        return 0;
    }
    for (size_t i = 0; i < book->row_count; i++) {
        row = &book->rows[i];
        if (!is_good(book, row) || str_eq(row->digest, book->current.digest))
            continue;
        *ret_meant = meant_row(row);
        return 0;
    }
    return err_set(err, ERR_INPUT,
                   "nothing else ran soundly here that is still on the ledger; name what to run "
                   "with --to TAG or --to DIGEST ('kubectl pinnace history %.*s -n %.*s' shows "
                   "what ran)",
                   STR_FMT(view->spec->name), STR_FMT(view->spec->namespace));
}

static bool is_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.ptr[i]))
            return false;
    return text.len > 0 && text.len < 18;
}

static const struct book_row *row_of_revision(const struct trackbook *book, struct str text)
{
    int64_t number = 0;
    if (!is_number(text))
        return NULL;
    for (size_t i = 0; i < text.len; i++)
        number = number * 10 + (text.ptr[i] - '0');
    for (size_t i = 0; i < book->row_count; i++)
        if (book->rows[i].revision == number)
            return &book->rows[i];
    return NULL;
}

/* How often text names other bytes than those of the first row that it names. */
struct hits {
    const struct book_row *first, *other;
};

static void hit(struct hits *hits, const struct book_row *row)
{
    if (!row)
        return;
    if (!hits->first)
        hits->first = row;
    else if (!hits->other && !str_eq(row->digest, hits->first->digest))
        hits->other = row;
}

static bool begins_digest(struct str digest, struct str text)
{
    size_t colon = str_find(digest, ':');
    bool hex = colon != STR_NOT_FOUND && str_starts(str_tail(digest, colon + 1), text);
    return (hex && text.len >= SHORTEST_PREFIX) ||
           (str_find(text, ':') != STR_NOT_FOUND && str_starts(digest, text));
}

static void find_on_ledger(const struct trackbook *book, struct str text, struct hits *hits)
{
    hit(hits, row_of_revision(book, text));
    for (size_t i = 0; i < book->row_count; i++)
        if (str_eq(book->rows[i].tag, text))
            hit(hits, &book->rows[i]);
    for (size_t i = 0; i < book->row_count; i++)
        if (begins_digest(book->rows[i].digest, text))
            hit(hits, &book->rows[i]);
}

static int refuse_several(const struct hits *hits, struct str text, struct err *err)
{
    struct str one = digest_short(hits->first->digest), other = digest_short(hits->other->digest);
    return err_set(err, ERR_INPUT,
                   "\"%.*s\" may mean revision %lld (%.*s) or revision %lld (%.*s); name the one "
                   "you mean by its digest",
                   STR_FMT(text), (long long)hits->first->revision, STR_FMT(one),
                   (long long)hits->other->revision, STR_FMT(other));
}

static bool is_tag(struct str text)
{
    const struct tag_follow follow = {.tag = text};
    struct semver version;
    return tag_judge(&follow, text, &version) == TAG_FITS;
}

int track_find(const struct trackview *view, struct str text, struct track_meant *ret_meant,
               struct err *err)
{
    struct hits hits = {NULL, NULL};
    if (!text.len)
        return find_last_good(view, ret_meant, err);
    find_on_ledger(view->book, text, &hits);
    if (hits.other)
        return refuse_several(&hits, text, err);
    if (hits.first)
        *ret_meant = meant_row(hits.first);
    else if (digest_check(text) == IMAGEREF_OK)
        *ret_meant = (struct track_meant){STR_NONE, text, NULL};
    else if (is_tag(text))
        *ret_meant = (struct track_meant){text, STR_NONE, NULL};
    else
        return err_set(err, ERR_INPUT,
                       "\"%.*s\" is no revision, tag or digest of the ledger, and can be no other "
                       "tag or digest: %s",
                       STR_FMT(text), imageref_fault_text(digest_check(text)));
    return 0;
}

static int64_t distance(const struct book_row *row, int64_t revision)
{
    return row->revision > revision ? row->revision - revision : revision - row->revision;
}

static bool is_among(const struct book_row *const rows[], size_t count, struct str digest)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i]->digest, digest))
            return true;
    return false;
}

size_t track_nearest(const struct trackbook *book, const struct track_meant *meant,
                     const struct book_row *ret_rows[TRACK_NEAREST_MAX])
{
    int64_t from = meant->row ? meant->row->revision : book->row_count ? book->rows[0].revision : 0;
    size_t count = 0;
    while (count < TRACK_NEAREST_MAX) {
        const struct book_row *best = NULL;
        for (size_t i = 0; i < book->row_count; i++) {
            const struct book_row *row = &book->rows[i];
            if (!is_good(book, row) || str_eq(row->digest, meant->digest) ||
                str_eq(row->digest, book->current.digest) || is_among(ret_rows, count, row->digest))
                continue;
            if (!best || distance(row, from) <= distance(best, from))
                best = row; /* of two, the one that is older */
        }
        if (!best)
            break;
        ret_rows[count++] = best;
    }
    return count;
}

/* ---- how far it has come ---- */

static const enum track_progress row_progress[ROW_STATES] = {
    [ROW_HEALTHY] = PROGRESS_DONE,     [ROW_APPLIED] = PROGRESS_DONE,
    [ROW_ADOPTED] = PROGRESS_DONE,     [ROW_FAILED] = PROGRESS_FAILED,
    [ROW_ABANDONED] = PROGRESS_FAILED,
};

static const enum track_progress phase_progress[TRACK_PHASES] = {
    [PHASE_CURRENT] = PROGRESS_DONE,  [PHASE_WAITING] = PROGRESS_DONE,
    [PHASE_HELD] = PROGRESS_DONE,     [PHASE_SUSPENDED] = PROGRESS_DONE,
    [PHASE_FAILED] = PROGRESS_FAILED,
};

struct track_goal track_goal(const struct trackview *said, const struct trackbook *before,
                             enum track_wish wish, const struct track_word *word)
{
    struct track_goal goal = {.generation = said->spec->generation,
                              .digest = word->digest,
                              .wish = wish,
                              .said_at = word->at};
    for (size_t i = 0; i < before->row_count && !goal.settled; i++)
        if (before->rows[i].state != ROW_ROLLING_OUT)
            goal.settled = before->rows[i].revision;
    return goal;
}

/* "Rolling: v1.4.0"; what comes next is told to those alone who wait for no bytes of their own. */
static void tell(struct buf *buf, const struct trackview *view, const struct track_goal *goal,
                 int64_t now)
{
    const struct trackbook *book = view->book;
    const struct book_condition *condition = &book->conditions[TRACK_ROLLED_OUT];
    bool rolls = book->phase == PHASE_ROLLING || book->phase == PHASE_SOAKING;
    buf_add(buf, track_phase_names[book->phase]);
    if (rolls && condition->message.len)
        buf_addf(buf, ": %.*s", STR_FMT(condition->message));
    size_t before = buf->len;
    buf_add(buf, STR("; "));
    if (goal->digest.len)
        buf_add_trackview_rollout(buf, view, now);
    else
        buf_add_trackview_message(buf, view, now);
    if (buf->len == before + 2)
        buf->len = before;
}

/* It was heard, but no row came of it: the registry does not have the bytes any more, say. */
static bool was_refused(const struct trackbook *book, const struct track_goal *goal)
{
    const struct book_heard *heard = goal->wish == WISH_HOLD      ? &book->heard.hold
                                     : goal->wish == WISH_PROMOTE ? &book->heard.promote
                                                                  : NULL;
    return heard && heard->at == goal->said_at && str_eq(heard->digest, goal->digest);
}

enum track_progress track_progress(const struct trackview *view, const struct track_goal *goal,
                                   int64_t now, struct buf *buf)
{
    const struct trackbook *book = view->book;
    const struct book_row *row = book_newest(book, goal->digest);
    bool is_new = row && row->revision > goal->settled;
    bool runs = row && str_eq(book->current.digest, goal->digest);
    if (book->generation < goal->generation) {
        buf_add(buf, STR("waits for the controller"));
        return PROGRESS_GOES_ON;
    }
    if (is_new && row_progress[row->state] == PROGRESS_FAILED) {
        buf_addf(buf, "%.*s: %.*s", STR_FMT(row_state_names[row->state]), STR_FMT(row->why));
        return PROGRESS_FAILED;
    }
    if (!is_new && !runs && was_refused(book, goal)) {
        buf_add(buf, STR("Refused: "));
        buf_add(buf, book->stopped.len ? book->stopped : STR("the Events of the Track tell why"));
        return PROGRESS_FAILED;
    }
    tell(buf, view, goal, now);
    if (!goal->digest.len)
        return phase_progress[book->phase];
    return runs && row_progress[row->state] == PROGRESS_DONE ? PROGRESS_DONE : PROGRESS_GOES_ON;
}
