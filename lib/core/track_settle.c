/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_settle: what runs while nothing rolls out: it is adopted by a fresh ledger, it drifts, it
 * proves itself further.
 */
#include "track_deciding.h"

#include "pinnace/banned.h"

/* --- Adoption ----------------------------------------------------------------------------------- */

/* Revisions go on counting where a ledger that was lost had ended, by its history or by its marks. */
static int64_t last_revision(const struct deciding *d)
{
    int64_t highest = d->next->current.revision;
    for (size_t i = 0; i < d->spec->target_count; i++) {
        const struct workload_facts *workload = d->targets[i].facts->workload;
        uint64_t number;
        if (workload && semver_number(workload->revision, &number) && number < BOOK_REVISION_END &&
            (int64_t)number > highest)
            highest = (int64_t)number;
    }
    return highest;
}

static void adopt_target(struct deciding *d, const struct target_now *target, int64_t *revision)
{
    struct trackbook *book = d->next;
    if (target->holds != HOLDS_ONE || rows_has(book, target->digest))
        return;
    book->rows[book->row_count++] =
        (struct book_row){.revision = (*revision)--,
                          .tag = target->tag,
                          .digest = target->digest,
                          .state = ROW_ADOPTED,
                          .started_at = d->now,
                          .why = deciding_text(d, "ran in %.*s when the ledger began",
                                               STR_FMT(deciding_target(d, target)))};
    rows_see(d, target->tag, target->digest);
}

/* What ought to run is known only if all targets run the same. */
static void adopt_current(struct deciding *d, int64_t last)
{
    struct trackbook *book = d->next;
    bool same = book->row_count == 1;
    for (size_t i = 0; i < d->spec->target_count; i++)
        same = same && (d->targets[i].holds == HOLDS_ONE || d->targets[i].holds == HOLDS_NOTHING);
    book->current.revision = book->row_count ? book->rows[0].revision : last;
    book->current.since = d->now;
    if (same) {
        book->current.tag = book->rows[0].tag;
        book->current.digest = book->rows[0].digest;
    }
    for (size_t i = 0; i < d->spec->target_count && !book->current.tag.len; i++)
        book->current.tag = d->targets[i].tag;
}

void track_adopt(struct deciding *d)
{
    struct trackbook *book = d->next;
    bool any = false;
    for (size_t i = 0; i < d->spec->target_count; i++)
        any = any || d->targets[i].holds != HOLDS_NOTHING;
    if (!any)
        return;
    int64_t last = last_revision(d), revision = last + (int64_t)d->spec->target_count;
    for (size_t i = 0; i < d->spec->target_count; i++)
        adopt_target(d, &d->targets[i], &revision);
    adopt_current(d, last);
    book->begun = true;
    for (size_t i = 0; i < book->row_count; i++)
        deciding_event(
            d, "Adopted", false, false,
            deciding_text(d, "%.*s %.*s: it is let in, which proves nothing of it",
                          STR_FMT(deciding_name(d, book->rows[i].tag, book->rows[i].digest)),
                          STR_FMT(book->rows[i].why)));
}

/* --- Drift -------------------------------------------------------------------------------------- */

static struct str held(struct deciding *d, const struct target_now *target)
{
    if (target->holds == HOLDS_ONE)
        return deciding_name(d, target->tag, target->digest);
    if (target->holds == HOLDS_SEVERAL)
        return STR("different images");
    return deciding_text(d, "%.*s without a digest", STR_FMT(target->tag));
}

/* What another hand put there: neither fought nor taken for our own. */
void track_find_drift(struct deciding *d, size_t count)
{
    const struct trackbook *book = d->next;
    for (size_t i = 0; i < count && book->current.digest.len && !d->drift.len; i++) {
        const struct target_now *target = &d->targets[i];
        if (target->holds == HOLDS_NOTHING ||
            (target->holds == HOLDS_ONE && str_eq(target->digest, book->current.digest)))
            continue;
        d->drift = deciding_text(
            d,
            "%.*s runs %.*s, not %.*s: another hand did that; kubectl pinnace resume %.*s brings "
            "back what the ledger says, rollback %.*s --to DIGEST keeps what you name",
            STR_FMT(deciding_target(d, target)), STR_FMT(held(d, target)),
            STR_FMT(deciding_name(d, book->current.tag, book->current.digest)),
            STR_FMT(d->spec->name), STR_FMT(d->spec->name));
    }
}

/* --- Proof -------------------------------------------------------------------------------------- */

/* As long as somebody downstream asks for, at the least as long as it asks for itself. */
static int64_t proof_needed(const struct deciding *d)
{
    int64_t wanted = d->facts->proof_wanted;
    return wanted && wanted < d->spec->soak ? d->spec->soak : wanted;
}

bool track_gathers_proof(const struct deciding *d)
{
    const struct trackbook *book = d->next;
    const struct book_proof *proof = book_proof_of(book, book->current.digest);
    enum row_state state = book->rows[0].state;
    if (!proof || proof_seconds(proof, d->now) >= proof_needed(d) ||
        (state != ROW_HEALTHY && state != ROW_ADOPTED))
        return false;
    for (size_t i = 0; i < d->spec->target_count; i++)
        if (d->targets[i].rollout.state == ROLLOUT_APPLIED)
            return false;
    return true;
}

/* While its pods are not known yet, as in a new controller, the workload's own word counts. */
static bool is_sound(const struct target_now *target)
{
    if (target->facts->workload && target->target->kind == TARGET_CRON_JOB)
        return target->rollout.state == ROLLOUT_WAITING ||
               target->rollout.state == ROLLOUT_COMPLETE;
    return target->rollout.state == ROLLOUT_COMPLETE &&
           (target->rollout.sound || !target->facts->pods_known);
}

static bool knows_pods(const struct deciding *d)
{
    for (size_t i = 0; i < d->spec->target_count; i++)
        if (!d->targets[i].facts->pods_known)
            return false;
    return true;
}

/* Restarts since the soak: what was counted up to now proves nothing. */
static void watch_restarts(struct deciding *d, struct book_proof *proof)
{
    int64_t restarts = 0;
    for (size_t i = 0; i < d->spec->target_count; i++)
        restarts += d->targets[i].rollout.restarts;
    if (restarts > d->next->rollout.restarts) {
        proof->seconds = 0;
        proof->since = 0;
    }
    d->next->rollout.restarts = restarts;
}

/* Nothing is counted that nobody watches: what goes on unseen would hide restarts. */
static void count_proof(struct deciding *d)
{
    struct trackbook *book = d->next;
    struct book_proof *proof = rows_proof(book, book->current.digest);
    if (!proof)
        return;
    if (!proof->proved_at && proof_seconds(proof, d->now) >= d->spec->soak)
        proof->proved_at = d->now;
    d->decision->follow_pods = track_gathers_proof(d);
    if (!d->decision->follow_pods) {
        rows_count_proof(d, false);
        return;
    }
    bool known = knows_pods(d), sound = proof->since || known;
    for (size_t i = 0; i < d->spec->target_count; i++)
        sound = sound && is_sound(&d->targets[i]);
    if (known)
        watch_restarts(d, proof);
    rows_count_proof(d, sound);
    if (!proof->since)
        return;
    if (!proof->proved_at)
        deciding_again(d, proof->since + d->spec->soak - proof->seconds);
    deciding_again(d, proof->since + proof_needed(d) - proof->seconds);
}

/* What was put in place while nothing ran, and runs now, is judged as any rollout is. */
static bool runs_at_last(const struct deciding *d)
{
    if (d->next->rows[0].state != ROW_APPLIED)
        return false;
    for (size_t i = 0; i < d->spec->target_count; i++) {
        enum rollout_state state = d->targets[i].rollout.state;
        if (!d->targets[i].facts->workload || state == ROLLOUT_APPLIED ||
            state == ROLLOUT_WAITING || state == ROLLOUT_OTHER)
            return false;
    }
    return true;
}

void track_settle(struct deciding *d)
{
    struct trackbook *book = d->next;
    if (!book->row_count || !str_eq(book->rows[0].digest, book->current.digest))
        return;
    track_find_drift(d, d->spec->target_count);
    if (d->drift.len || d->missing.len) {
        rows_count_proof(d, false);
        return;
    }
    if (runs_at_last(d)) {
        book->rows[0].state = ROW_ROLLING_OUT;
        book->rows[0].ended_at = 0;
        rows_reset_rollout(d);
        book->rollout.applied = (int64_t)d->spec->target_count;
        return;
    }
    count_proof(d);
}
