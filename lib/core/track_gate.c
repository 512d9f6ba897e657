/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_gate: what comes next, and what it has to wait for. Bytes come out of the registry, or out
 * of the book of the Track that proves them; they go when nothing is in their way.
 */
#include "track_deciding.h"

#include "pinnace/policy.h"

#include "pinnace/banned.h"

/* --- What the registry says ---------------------------------------------------------------------- */

/* What an immutable tag has meant here, if that is something else than it means now. */
static bool has_moved(const struct trackbook *book, struct str tag, struct str digest)
{
    bool other = false;
    if (!tag_is_immutable(&policy_builtin.tags, tag))
        return false;
    if (str_eq(book->current.tag, tag) && book->current.digest.len)
        return !str_eq(book->current.digest, digest);
    for (size_t i = 0; i < book->proof_count; i++) {
        if (!str_eq(book->proofs[i].tag, tag))
            continue;
        if (str_eq(book->proofs[i].digest, digest))
            return false;
        other = true;
    }
    return other;
}

/* The version that nothing goes below: that of what runs, or of what ran before if that has none. */
static bool version_floor(const struct trackbook *book, struct semver *ret_version)
{
    if (semver_parse(book->current.tag, ret_version))
        return true;
    for (size_t i = 0; i < book->row_count; i++) {
        enum row_state state = book->rows[i].state;
        if (state != ROW_FAILED && state != ROW_ABANDONED &&
            semver_parse(book->rows[i].tag, ret_version))
            return true;
    }
    return false;
}

static bool is_lower(const struct deciding *d, struct str tag)
{
    struct semver floor, version;
    return d->spec->follow.range && version_floor(d->next, &floor) && semver_parse(tag, &version) &&
           semver_compare(&version, &floor) < 0;
}

/* A list is believed only if it was asked whether it has the tag that runs. */
static bool is_about_what_runs(const struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    struct str running = d->next->current.tag;
    return !d->spec->follow.range || !running.len || str_eq(registry->running_tag, running) ||
           (registry->digest.len && str_eq(registry->tag, running));
}

/*
 * Another one that leads, by a Lease of its own, may have rolled out what is newer than what was
 * answered here before: that is no reason to take it back. Who asks now hears what it means now.
 */
static bool is_overtaken(const struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    const struct trackbook *book = d->book;
    return registry->revision != book->current.revision &&
           !str_eq(registry->digest, book->current.digest);
}

static enum resolution resolve(struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    if (registry->error.len)
        return RESOLUTION_ERROR;
    if (!registry->at)
        return RESOLUTION_UNKNOWN;
    d->decision->look_anew = !is_about_what_runs(d) || is_overtaken(d);
    if (d->decision->look_anew)
        return RESOLUTION_UNKNOWN;
    if (registry->running_tag_gone && d->spec->follow.range &&
        str_eq(registry->running_tag, d->next->current.tag))
        return RESOLUTION_GONE;
    if (!registry->digest.len)
        return RESOLUTION_NOTHING;
    if (has_moved(d->next, registry->tag, registry->digest))
        return RESOLUTION_MOVED;
    return is_lower(d, registry->tag) ? RESOLUTION_LOWER : RESOLUTION_FOUND;
}

/* Rows tell what their tag means by now, for those who look into them and for the webhook. */
static void note_moved(struct deciding *d, struct str tag, struct str digest)
{
    struct trackbook *book = d->next;
    for (size_t i = 0; i < book->row_count && tag.len && digest.len; i++)
        if (str_eq(book->rows[i].tag, tag) && tag_is_immutable(&policy_builtin.tags, tag))
            book->rows[i].moved_to = str_eq(book->rows[i].digest, digest) ? STR_NONE : digest;
}

void track_resolve(struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    d->resolution = resolve(d);
    if (!d->next->begun || d->resolution == RESOLUTION_ERROR)
        return;
    note_moved(d, registry->tag, registry->digest);
    note_moved(d, registry->running_tag, registry->running_digest);
    if (d->resolution == RESOLUTION_FOUND)
        rows_see(d, registry->tag, registry->digest);
}

/* --- The Track that proves ----------------------------------------------------------------------- */

static bool is_proved(const struct deciding *d, struct str digest)
{
    const struct trackbook *source = d->facts->source.book;
    const struct book_proof *proof = source ? book_proof_of(source, digest) : NULL;
    return proof && !book_quarantine_of(source, digest) &&
           proof_seconds(proof, d->now) >= d->spec->from.soak;
}

/* Both of one book, which has them in the order in which they were seen. */
static bool seen_later(const struct book_proof *proof, const struct book_proof *than)
{
    return proof > than;
}

/* Newer than what runs here, by the order in which the source saw them, and by the version. */
static bool is_newer(const struct deciding *d, const struct book_proof *proof)
{
    const struct book_proof *current =
        book_proof_of(d->facts->source.book, d->next->current.digest);
    return !str_eq(proof->digest, d->next->current.digest) && !is_lower(d, proof->tag) &&
           (current ? seen_later(proof, current) : proof->seen_at > d->next->current.since);
}

/* Of the source's bytes, those that would have been ours at some time under our own tag. */
static bool is_ours(const struct deciding *d, const struct book_proof *proof)
{
    struct semver version;
    const struct source_facts *source = &d->facts->source;
    return imageref_same_repository(&source->spec->image, &d->spec->image) &&
           tag_judge(&d->spec->follow, proof->tag, &version) == TAG_FITS && is_newer(d, proof) &&
           !has_moved(d->next, proof->tag, proof->digest) &&
           !book_quarantine_of(source->book, proof->digest) &&
           !book_quarantine_of(d->next, proof->digest);
}

/*
 * While bytes come faster than they are proved, what has come through is taken, then what is being
 * proved, rather than what is newest: else nothing would ever arrive.
 */
static const struct book_proof *choose_at_source(const struct deciding *d)
{
    const struct trackbook *source = d->facts->source.book;
    const struct book_proof *best = NULL;
    for (size_t i = 0; i < source->proof_count; i++) {
        const struct book_proof *proof = &source->proofs[i];
        if (is_ours(d, proof) && is_proved(d, proof->digest) && (!best || seen_later(proof, best)))
            best = proof;
    }
    const struct book_proof *running = book_proof_of(source, source->current.digest);
    if (!best && running && is_ours(d, running))
        best = running;
    return best;
}

/* --- What comes next ------------------------------------------------------------------------------ */

struct choice {
    struct str tag, digest;
    bool is_picked; /* it is what the registry names now */
};

static struct choice picked(const struct deciding *d)
{
    return (struct choice){d->facts->registry.tag, d->facts->registry.digest, true};
}

/* Bytes that a Track downstream waits for and that were passed over since what runs began. */
static const struct book_proof *choose_awaited(const struct deciding *d)
{
    const struct trackbook *book = d->next;
    const struct book_proof *current = book_proof_of(book, book->current.digest);
    for (size_t i = 0; i < book->proof_count; i++) {
        const struct book_proof *proof = &book->proofs[i];
        if (deciding_awaited(d, proof->digest) && !proof->seconds && !proof->since && current &&
            seen_later(proof, current) && !is_lower(d, proof->tag) &&
            !book_quarantine_of(book, proof->digest))
            return proof;
    }
    return NULL;
}

static bool choose(const struct deciding *d, struct choice *ret_choice)
{
    const struct source_facts *source = &d->facts->source;
    const struct registry_facts *registry = &d->facts->registry;
    const struct book_proof *other = NULL;
    if (d->resolution != RESOLUTION_FOUND)
        return false;
    *ret_choice = picked(d);
    other = choose_awaited(d);
    if (d->spec->from.track.len && other && !is_proved(d, other->digest))
        other = NULL;
    if (!other && source->spec && source->book && !is_proved(d, registry->digest))
        other = choose_at_source(d);
    if (other && !str_eq(other->digest, registry->digest))
        *ret_choice = (struct choice){other->tag, other->digest, false};
    return !str_eq(ret_choice->digest, d->next->current.digest) &&
           !str_eq(ret_choice->digest, d->next->overruled);
}

/* --- What is in its way ---------------------------------------------------------------------------- */

struct wait {
    enum candidate_wait waits;
    struct str waits_for;
    int64_t until;
};

static struct wait wait_for(enum candidate_wait waits, struct str waits_for)
{
    return (struct wait){waits, waits_for, 0};
}

/* When a version is pushed, whoever asks first knows it first: the source has its turn to look. */
enum {
    SOURCE_SPREAD = 10,  /* looks are up to this part of the interval late */
    SOURCE_ANSWERS = 10, /* seconds for a look, and for what comes of it */
};

static int64_t source_looks_by(const struct deciding *d, struct str digest)
{
    const struct trackbook *book = d->next;
    int64_t since = str_eq(book->candidate.digest, digest) ? book->candidate.since : d->now;
    int64_t interval = d->facts->source.spec->interval;
    return since + interval + interval / SOURCE_SPREAD + SOURCE_ANSWERS;
}

/* Whether the source can still prove it, as things stand. */
static bool may_be_proved(const struct deciding *d, struct str digest)
{
    const struct trackbook *source = d->facts->source.book;
    const struct book_proof *proof = book_proof_of(source, digest),
                            *current = book_proof_of(source, source->current.digest);
    if (book_quarantine_of(source, digest))
        return false;
    return str_eq(source->current.digest, digest) || str_eq(source->candidate.digest, digest) ||
           (proof && current && seen_later(proof, current));
}

static struct wait wait_for_proof(struct deciding *d, struct str digest)
{
    const struct trackspec *spec = d->spec;
    const struct source_facts *source = &d->facts->source;
    struct str from = deciding_text(d, "Track %.*s of namespace %.*s", STR_FMT(spec->from.track),
                                    STR_FMT(spec->from.namespace));
    if (!source->known)
        return wait_for(WAITS_FOR_PROOF, STR("the list of Tracks has not come yet"));
    if (!source->spec || !source->book)
        return wait_for(WAITS_FOR_PROOF, deciding_text(d, "%.*s is not there", STR_FMT(from)));
    const struct book_proof *proof = book_proof_of(source->book, digest);
    bool failed = book_quarantine_of(source->book, digest) != NULL;
    struct wait wait =
        wait_for(WAITS_FOR_PROOF, deciding_text(d, "%.*s has to run it soundly for %lld s",
                                                STR_FMT(from), (long long)spec->from.soak));
    if (may_be_proved(d, digest)) {
        wait.until = proof && proof->since ? proof->since + spec->from.soak - proof->seconds : 0;
    } else if (!failed && d->now < source_looks_by(d, digest)) {
        wait.waits_for =
            deciding_text(d, "%.*s has to see it: it looks into the registry every %lld s",
                          STR_FMT(from), (long long)source->spec->interval);
        deciding_again(d, source_looks_by(d, digest));
    } else {
        d->never_proved = wait.waits_for = deciding_text(
            d, "%.*s %s; promote it there to prove it, or promote it here to go past the proof",
            STR_FMT(from), failed ? "has quarantined it" : "does not run it and is not about to");
    }
    deciding_again(d, wait.until);
    return wait;
}

/* A rollout is seen through to its verdict, unless it stands still and nobody waits for it. */
static bool keeps_turn(const struct deciding *d)
{
    const struct trackbook *book = d->next;
    return rows_rolling(book) && (!d->stalled || book->rollout.going_back || d->drift.len ||
                                  deciding_awaited(d, book->current.digest));
}

/* What a Track downstream waits for is proved first, as long as that goes on. */
static bool proves_for_others(const struct deciding *d)
{
    const struct book_proof *proof = book_proof_of(d->next, d->next->current.digest);
    return proof && proof->since && deciding_awaited(d, proof->digest);
}

static struct wait obstacle(struct deciding *d, const struct choice *choice)
{
    const struct trackbook *book = d->next;
    const struct book_quarantined *quarantined = book_quarantine_of(book, choice->digest);
    if (quarantined)
        return wait_for(WAITS_QUARANTINED, deciding_text(d, "an approval: it is quarantined: %.*s",
                                                         STR_FMT(quarantined->reason)));
    if (d->spec->from.track.len && !is_proved(d, choice->digest))
        return wait_for_proof(d, choice->digest);
    if (d->spec->manual && !str_eq(book->approved, choice->digest))
        return wait_for(WAITS_FOR_APPROVAL, STR("an approval"));
    if (d->spec->hold.said)
        return wait_for(WAITS_FOR_RELEASE, STR("the end of the hold: kubectl pinnace resume"));
    if (d->spec->suspend)
        return wait_for(WAITS_FOR_RELEASE, STR("the end of the suspension"));
    if (book->stopped.len)
        return wait_for(WAITS_FOR_RELEASE, book->stopped);
    if (d->drift.len)
        return wait_for(WAITS_FOR_RELEASE, d->drift);
    if (keeps_turn(d))
        return wait_for(WAITS_FOR_TURN, STR("the verdict on what rolls out now"));
    if (proves_for_others(d))
        return wait_for(WAITS_FOR_SOAK, STR("the proof of what runs, for a Track downstream"));
    if (d->missing.len)
        return wait_for(WAITS_FOR_TURN, d->missing);
    return wait_for(WAITS_FOR_NOTHING, STR_NONE);
}

static void note_candidate(struct deciding *d, const struct choice *choice, struct wait wait)
{
    struct trackbook *book = d->next;
    if (!str_eq(book->candidate.digest, choice->digest))
        book->candidate.since = d->now;
    book->candidate.tag = choice->tag;
    book->candidate.digest = choice->digest;
    book->candidate.waits = wait.waits;
    book->candidate.waits_for = wait.waits_for;
    book->candidate.until = wait.until;
}

static void begin(struct deciding *d, const struct choice *choice)
{
    const struct trackspec *spec = d->spec;
    struct row_reason reason = {
        .why = spec->range.len ? deciding_text(d, "in the range %.*s", STR_FMT(spec->range))
                               : deciding_text(d, "followed %.*s", STR_FMT(spec->follow.tag))};
    if (spec->manual)
        reason.by = spec->approve.by;
    rows_begin(d, choice->tag, choice->digest, reason);
    if (choice->is_picked)
        rows_see_again(d, choice->digest);
    deciding_event(d, "RollingOut", false, true,
                   deciding_text(d, "%.*s: %.*s",
                                 STR_FMT(deciding_name(d, choice->tag, choice->digest)),
                                 STR_FMT(reason.why)));
}

/* A name that the same bytes have now, if it is a higher one. */
static void rename_current(struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    struct trackbook *book = d->next;
    if (d->resolution == RESOLUTION_FOUND && book->row_count && !d->drift.len &&
        !rows_rolling(book) && str_eq(registry->digest, book->current.digest) && registry->tag.len)
        book->current.tag = registry->tag;
}

/*
 * What the registry does not name any more has to be there still; if it is gone, what is named is
 * taken. False while the answer is not there.
 */
static bool check_there(struct deciding *d, struct choice *choice, struct wait *wait)
{
    bool tried;
    enum presence presence = deciding_presence(d, choice->digest, &tried);
    if (presence == PRESENCE_UNKNOWN)
        *wait = wait_for(WAITS_FOR_TURN, STR("the registry: it has to have it still"));
    if (presence == PRESENCE_GONE) {
        *choice = picked(d);
        *wait = obstacle(d, choice);
    }
    return tried;
}

void track_gate(struct deciding *d)
{
    struct choice choice;
    if (d->resolution == RESOLUTION_ERROR || d->resolution == RESOLUTION_UNKNOWN || d->asked.len)
        return; /* what was waited for still is; a person's word comes first */
    rename_current(d);
    if (!str_eq(d->facts->registry.digest, d->next->overruled))
        d->next->overruled = STR_NONE;
    bool any = choose(d, &choice);
    struct wait wait = any ? obstacle(d, &choice) : wait_for(WAITS_FOR_NOTHING, STR_NONE);
    if (any && wait.waits == WAITS_FOR_NOTHING && !choice.is_picked) {
        if (!check_there(d, &choice, &wait))
            return;
        any = !str_eq(choice.digest, d->next->current.digest);
    }
    if (!any)
        memset(&d->next->candidate, 0, sizeof(d->next->candidate));
    else if (wait.waits == WAITS_FOR_NOTHING)
        begin(d, &choice);
    else
        note_candidate(d, &choice, wait);
}
