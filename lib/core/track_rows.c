/* SPDX-License-Identifier: Apache-2.0 */
/* track_rows: how a book changes: rows begin and end, bytes are seen, proved and quarantined. */
#include "track_deciding.h"

#include "pinnace/banned.h"

bool rows_rolling(const struct trackbook *book)
{
    return book->row_count > 0 && book->rows[0].state == ROW_ROLLING_OUT;
}

bool rows_has(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->row_count; i++)
        if (str_eq(book->rows[i].digest, digest))
            return true;
    return false;
}

/* --- Proofs --------------------------------------------------------------------------------------- */

struct book_proof *rows_proof(struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->proof_count; i++)
        if (str_eq(book->proofs[i].digest, digest))
            return &book->proofs[i];
    return NULL;
}

static bool is_in_use(const struct deciding *d, const struct book_proof *proof)
{
    return str_eq(proof->digest, d->next->current.digest) ||
           str_eq(proof->digest, d->next->candidate.digest) || deciding_awaited(d, proof->digest);
}

/* The first one that nobody needs makes room. */
static void forget_oldest_proof(struct deciding *d)
{
    struct trackbook *book = d->next;
    size_t at = 0;
    while (at + 1 < book->proof_count && is_in_use(d, &book->proofs[at]))
        at++;
    book->proof_count--;
    memmove(&book->proofs[at], &book->proofs[at + 1],
            (book->proof_count - at) * sizeof(book->proofs[0]));
}

void rows_see(struct deciding *d, struct str tag, struct str digest)
{
    struct trackbook *book = d->next;
    struct book_proof *proof = rows_proof(book, digest);
    if (proof && !proof->tag.len)
        proof->tag = tag;
    if (proof)
        return;
    if (book->proof_count == BOOK_PROOFS_MAX)
        forget_oldest_proof(d);
    book->proofs[book->proof_count++] =
        (struct book_proof){.tag = tag, .digest = digest, .seen_at = d->now};
}

/* What is named anew after others, as when a tag moves back, is the newest again. */
void rows_see_again(struct deciding *d, struct str digest)
{
    struct trackbook *book = d->next;
    struct book_proof *at = rows_proof(book, digest);
    if (!at)
        return;
    struct book_proof proof = *at;
    size_t index = (size_t)(at - book->proofs);
    memmove(at, at + 1, (book->proof_count - index - 1) * sizeof(*at));
    proof.seen_at = d->now;
    book->proofs[book->proof_count - 1] = proof;
}

void rows_count_proof(struct deciding *d, bool on)
{
    struct book_proof *proof = rows_proof(d->next, d->next->current.digest);
    if (!proof || on == (proof->since != 0))
        return;
    proof->seconds = proof_seconds(proof, d->now);
    proof->since = on ? d->now : 0;
}

/* --- Quarantine ----------------------------------------------------------------------------------- */

void rows_release(struct deciding *d, struct str digest)
{
    struct trackbook *book = d->next;
    size_t kept = 0;
    for (size_t i = 0; i < book->quarantined_count; i++)
        if (!str_eq(book->quarantined[i].digest, digest))
            book->quarantined[kept++] = book->quarantined[i];
    book->quarantined_count = kept;
}

/* Else it would be rolled out again by itself. */
static bool is_next(const struct deciding *d, struct str digest)
{
    return str_eq(digest, d->facts->registry.digest) || str_eq(digest, d->next->candidate.digest) ||
           deciding_awaited(d, digest);
}

/* The oldest one that is not about to come again makes room. */
static void forget_oldest_quarantine(struct deciding *d)
{
    struct trackbook *book = d->next;
    size_t at = 0;
    while (at + 1 < book->quarantined_count && is_next(d, book->quarantined[at].digest))
        at++;
    book->quarantined_count--;
    memmove(&book->quarantined[at], &book->quarantined[at + 1],
            (book->quarantined_count - at) * sizeof(book->quarantined[0]));
}

void rows_quarantine(struct deciding *d, struct str tag, struct str digest, struct str reason)
{
    struct trackbook *book = d->next;
    rows_release(d, digest);
    if (book->quarantined_count == BOOK_QUARANTINED_MAX)
        forget_oldest_quarantine(d);
    book->quarantined[book->quarantined_count++] =
        (struct book_quarantined){.tag = tag, .digest = digest, .reason = reason, .at = d->now};
}

/* --- Rows ----------------------------------------------------------------------------------------- */

static const struct book_row *newest_in(const struct trackbook *book, enum row_state state,
                                        struct str except)
{
    for (size_t i = 0; i < book->row_count; i++) {
        const struct book_row *row = &book->rows[i];
        if (row->state == state && !str_eq(row->digest, except) &&
            !book_quarantine_of(book, row->digest))
            return row;
    }
    return NULL;
}

const struct book_row *rows_good(const struct trackbook *book, struct str except)
{
    static const enum row_state states[] = {ROW_HEALTHY, ROW_ADOPTED, ROW_APPLIED};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        const struct book_row *row = newest_in(book, states[i], except);
        if (row)
            return row;
    }
    return NULL;
}

/* The two newest good ones: what is gone back to, by itself or by a person. */
static bool is_needed(const struct trackbook *book, const struct book_row *row)
{
    const struct book_row *good = rows_good(book, book->current.digest);
    return row == good || row == rows_good(book, good ? good->digest : STR_NONE);
}

/* So many of the newest are kept, and what is needed of the others. */
static void trim(struct deciding *d)
{
    struct trackbook *book = d->next;
    for (size_t i = book->row_count; i-- > d->spec->keep;) {
        if (is_needed(book, &book->rows[i]))
            continue;
        memmove(&book->rows[i], &book->rows[i + 1],
                (book->row_count - i - 1) * sizeof(book->rows[0]));
        book->row_count--;
    }
}

void rows_reset_rollout(struct deciding *d)
{
    bool going_back = d->next->rollout.going_back;
    memset(&d->next->rollout, 0, sizeof(d->next->rollout));
    d->next->rollout.deadline_used = 0;
    d->next->rollout.counted_at = d->now;
    d->next->rollout.going_back = going_back;
}

static void push_row(struct trackbook *book, struct book_row row)
{
    if (book->row_count == BOOK_ROWS_MAX)
        book->row_count--;
    memmove(&book->rows[1], &book->rows[0], book->row_count * sizeof(book->rows[0]));
    book->rows[0] = row;
    book->row_count++;
}

void rows_begin(struct deciding *d, struct str tag, struct str digest, struct row_reason reason)
{
    struct trackbook *book = d->next;
    int64_t last = book->row_count ? book->rows[0].revision : book->current.revision;
    if (rows_rolling(book))
        rows_end(d, ROW_ABANDONED, STR_NONE);
    rows_count_proof(d, false);
    push_row(book, (struct book_row){.revision = last + 1,
                                     .tag = tag,
                                     .digest = digest,
                                     .state = ROW_ROLLING_OUT,
                                     .started_at = d->now,
                                     .why = reason.why,
                                     .by = reason.by});
    book->current.tag = tag;
    book->current.digest = digest;
    book->current.revision = last + 1;
    book->current.since = d->now;
    book->rollout.going_back = reason.going_back;
    rows_reset_rollout(d);
    rows_see(d, tag, digest);
    memset(&book->candidate, 0, sizeof(book->candidate));
    if (str_eq(book->approved, digest))
        book->approved = STR_NONE;
    trim(d);
}

void rows_end(struct deciding *d, enum row_state state, struct str why)
{
    struct book_row *row = &d->next->rows[0];
    row->state = state;
    row->ended_at = d->now;
    if (why.len)
        row->why = deciding_text(d, "%.*s; %.*s", STR_FMT(row->why), STR_FMT(why));
}
