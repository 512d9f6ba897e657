/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_words: what people say to a Track. A hold counts for as long as it stands there; the others
 * are heard once.
 */
#include "track_deciding.h"

#include "pinnace/banned.h"

/* Words of an earlier life of a Track, as in a backup of it, are not said to this one. */
static bool is_stale(const struct deciding *d, const struct track_word *word)
{
    return word->at && word->at < d->spec->created;
}

static bool is_same(const struct track_word *word, const struct book_heard *heard)
{
    return (heard->digest.len || heard->at) && str_eq(word->digest, heard->digest) &&
           word->at == heard->at;
}

static bool is_new(const struct deciding *d, const struct track_word *word,
                   const struct book_heard *heard)
{
    return word->said && !is_same(word, heard) && !is_stale(d, word);
}

static void hear(struct book_heard *heard, const struct track_word *word)
{
    heard->digest = word->digest;
    heard->at = word->at;
}

/* What is taken away can be said again. */
static void forget(const struct track_word *word, struct book_heard *heard)
{
    if (!word->said)
        memset(heard, 0, sizeof(*heard));
}

/* "rolled back by ann: too slow" */
static struct row_reason reason_of(struct deciding *d, const char *did,
                                   const struct track_word *word, bool going_back)
{
    bool why = word->reason.len > 0;
    struct str who = word->by.len ? word->by : STR("somebody");
    return (struct row_reason){.why = deciding_text(d, "%s by %.*s%s%.*s", did, STR_FMT(who),
                                                    why ? ": " : "", STR_FMT(word->reason)),
                               .by = word->by,
                               .going_back = going_back};
}

/* What the bytes are called, unless that name means others by now. */
static struct str tag_of(const struct deciding *d, struct str digest)
{
    const struct registry_facts *registry = &d->facts->registry;
    const struct trackbook *source = d->facts->source.book;
    const struct book_proof *proof = book_proof_of(d->next, digest);
    if (str_eq(registry->digest, digest))
        return d->resolution == RESOLUTION_MOVED ? STR_NONE : registry->tag;
    for (size_t i = 0; i < d->next->row_count; i++)
        if (str_eq(d->next->rows[i].digest, digest))
            return d->next->rows[i].tag;
    if (!proof && source)
        proof = book_proof_of(source, digest);
    return proof ? proof->tag : STR_NONE;
}

static bool runs_well(const struct deciding *d, struct str digest)
{
    const struct trackbook *book = d->next;
    if (!str_eq(book->current.digest, digest))
        return false;
    for (size_t i = 0; i < d->spec->target_count; i++)
        if (d->targets[i].holds != HOLDS_NOTHING && !str_eq(d->targets[i].digest, digest))
            return rows_rolling(book);
    return !book->row_count || book->rows[0].state != ROW_FAILED;
}

static void begin(struct deciding *d, const char *event, const struct track_word *word,
                  struct row_reason reason)
{
    struct str tag = tag_of(d, word->digest);
    d->next->stopped = STR_NONE;
    rows_begin(d, tag, word->digest, reason);
    deciding_event(d, event, false, true,
                   deciding_text(d, "%.*s: %.*s", STR_FMT(deciding_name(d, tag, word->digest)),
                                 STR_FMT(reason.why)));
    d->heard = true;
}

/* --- Approve and resume ------------------------------------------------------------------------- */

static void hear_approve(struct deciding *d)
{
    const struct track_word *word = &d->spec->approve;
    forget(word, &d->next->heard.approve);
    if (!word->said || !d->spec->manual)
        d->next->approved = STR_NONE;
    if (!is_new(d, word, &d->next->heard.approve))
        return;
    hear(&d->next->heard.approve, word);
    rows_release(d, word->digest);
    if (d->spec->manual && !runs_well(d, word->digest))
        d->next->approved = word->digest;
    d->next->stopped = STR_NONE;
    deciding_event(d, "Approved", false, false,
                   deciding_text(d, "%.*s: %.*s", STR_FMT(deciding_name(d, STR_NONE, word->digest)),
                                 STR_FMT(reason_of(d, "approved", word, false).why)));
}

/* What the ledger says, unless that failed: then what was good before. */
static void undo_drift(struct deciding *d, struct row_reason reason)
{
    struct trackbook *book = d->next;
    const struct book_row *good = NULL;
    if (rows_rolling(book)) {
        book->rollout.applied = 0;
    } else if (!book_quarantine_of(book, book->current.digest)) {
        rows_begin(d, book->current.tag, book->current.digest, reason);
    } else if ((good = rows_good(book, book->current.digest))) {
        struct book_row to = *good; /* rows move when one begins */
        rows_begin(d, to.tag, to.digest, reason);
    } else {
        return;
    }
    d->heard = true;
    d->drift = STR_NONE;
}

static void hear_resume(struct deciding *d)
{
    struct trackbook *book = d->next;
    const struct track_word *word = &d->spec->resume;
    forget(word, &book->heard.resume);
    if (!is_new(d, word, &book->heard.resume))
        return;
    hear(&book->heard.resume, word);
    book->stopped = STR_NONE;
    book->overruled = STR_NONE;
    struct str why = reason_of(d, "resumed", word, false).why;
    deciding_event(d, "Resumed", false, false, why);
    track_find_drift(d, rows_rolling(book) ? (size_t)book->rollout.applied : d->spec->target_count);
    if (d->drift.len)
        undo_drift(d, (struct row_reason){.why = why, .by = word->by, .going_back = true});
}

/* --- Promote ------------------------------------------------------------------------------------ */

/* Or else it would come again at the end of a hold by somebody who had thought better of it. */
static bool is_overtaken(const struct deciding *d, const struct track_word *word)
{
    return d->spec->hold.said && word->at && d->spec->hold.at > word->at;
}

/* Past the soak and the approval, never past a quarantine nor for what is not there. */
static void hear_promote(struct deciding *d)
{
    struct trackbook *book = d->next;
    const struct track_word *word = &d->spec->promote;
    const struct book_quarantined *quarantined = book_quarantine_of(book, word->digest);
    struct str name = deciding_name(d, STR_NONE, word->digest);
    bool tried = false;
    forget(word, &book->heard.promote);
    if (!is_new(d, word, &book->heard.promote))
        return;
    if (is_overtaken(d, word)) {
        hear(&book->heard.promote, word);
        deciding_event(d, "PromoteRefused", true, false,
                       deciding_text(d, "%.*s: a rollback was said after it", STR_FMT(name)));
        return;
    }
    if (d->spec->hold.said)
        return;
    d->pending = d->resolution == RESOLUTION_UNKNOWN;
    if (d->pending)
        return;
    if (runs_well(d, word->digest)) {
        hear(&book->heard.promote, word);
        return;
    }
    if (quarantined) {
        hear(&book->heard.promote, word);
        deciding_event(d, "PromoteRefused", true, false,
                       deciding_text(d, "%.*s is quarantined: %.*s; approve it first",
                                     STR_FMT(name), STR_FMT(quarantined->reason)));
        return;
    }
    enum presence presence = deciding_presence(d, word->digest, &tried);
    if (presence == PRESENCE_UNKNOWN && tried)
        d->untold = deciding_text(d, "the registry cannot tell whether it has %.*s, to promote it",
                                  STR_FMT(name));
    if (presence == PRESENCE_UNKNOWN)
        return;
    hear(&book->heard.promote, word);
    if (presence == PRESENCE_GONE)
        deciding_event(d, "PromoteRefused", true, false,
                       deciding_text(d, "the registry does not have %.*s", STR_FMT(name)));
    else
        begin(d, "Promoted", word, reason_of(d, "promoted", word, false));
    if (d->heard) /* what is named now is no news any more, what is named next is */
        book->overruled = d->facts->registry.digest;
}

/* --- Hold --------------------------------------------------------------------------------------- */

/* The nearest bytes but those that run that ran well and are there; asks for one after another. */
static bool nearest_there(struct deciding *d, struct str gone, struct str *ret_name)
{
    for (size_t i = 0; i < d->next->row_count; i++) {
        const struct book_row *row = &d->next->rows[i];
        bool tried, good = row->state == ROW_HEALTHY || row->state == ROW_ADOPTED;
        if (!good || str_eq(row->digest, gone) || str_eq(row->digest, d->next->current.digest) ||
            book_quarantine_of(d->next, row->digest))
            continue;
        enum presence presence = deciding_presence(d, row->digest, &tried);
        if (presence == PRESENCE_THERE)
            *ret_name = deciding_name(d, row->tag, row->digest);
        if (presence == PRESENCE_THERE || !tried)
            return tried;
    }
    return true;
}

static void refuse_hold(struct deciding *d)
{
    const struct track_word *word = &d->spec->hold;
    struct str name = deciding_name(d, tag_of(d, word->digest), word->digest), there = STR_NONE;
    if (!nearest_there(d, word->digest, &there))
        return;
    hear(&d->next->heard.hold, word);
    d->next->stopped =
        deciding_text(d, "cannot go back to %.*s: the registry does not have it%s%.*s",
                      STR_FMT(name), there.len ? "; it has " : "", STR_FMT(there));
    deciding_event(d, "RollbackRefused", true, false, d->next->stopped);
}

/* As the ledger stands, and under this name. */
static bool is_let_in(const struct trackbook *book, struct str tag, struct str digest)
{
    for (size_t i = 0; i < book->row_count; i++) {
        const struct book_row *row = &book->rows[i];
        if (str_eq(row->digest, digest) && str_eq(row->tag, tag) && book_lets_in(book, row))
            return true;
    }
    return false;
}

/*
 * The hold outlives us as the book does, and says the same to whoever takes over: where nothing
 * refuses the bytes, the image need not wait until the book has been written.
 */
static void go_back(struct deciding *d)
{
    const struct track_word *word = &d->spec->hold;
    d->image_first =
        is_let_in(d->book, tag_of(d, word->digest), word->digest) && !d->facts->apply_error.len;
    hear(&d->next->heard.hold, word);
    rows_release(d, word->digest);
    begin(d, "RollingBack", word, reason_of(d, "rolled back", word, true));
}

/*
 * For bytes of the ledger no registry is asked, which may hang: nodes pull by the digest, so it is
 * these or none, and what is none fails as any rollout does.
 */
static void hear_hold(struct deciding *d)
{
    struct trackbook *book = d->next;
    const struct track_word *word = &d->spec->hold;
    bool tried = false;
    if (!word->said && book->heard.hold.digest.len) {
        book->stopped = STR_NONE;
        deciding_event(d, "Resumed", false, false, STR("the hold was taken away"));
    }
    forget(word, &book->heard.hold);
    if (!word->said || is_same(word, &book->heard.hold))
        return;
    if (runs_well(d, word->digest)) {
        hear(&book->heard.hold, word);
        book->stopped = STR_NONE;
        return;
    }
    if (rows_has(book, word->digest)) {
        go_back(d);
        return;
    }
    enum presence presence = deciding_presence(d, word->digest, &tried);
    if (presence == PRESENCE_GONE) {
        refuse_hold(d);
    } else if (presence == PRESENCE_THERE) {
        go_back(d);
    } else if (tried) {
        d->untold =
            deciding_text(d, "the registry cannot tell whether it has %.*s, to go back to it",
                          STR_FMT(deciding_name(d, STR_NONE, word->digest)));
    }
}

void track_hear(struct deciding *d)
{
    hear_hold(d);
    if (!d->heard)
        hear_approve(d);
    if (!d->heard)
        hear_promote(d);
    if (!d->heard)
        hear_resume(d);
}
