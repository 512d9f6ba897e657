/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_rollout: the rollout of the newest row: its targets one after another, the deadline, the
 * soak, the verdict, and the one way back.
 */
#include "track_deciding.h"

#include "pinnace/workloadpatch.h"

#include "pinnace/banned.h"

/* --- Verdicts ----------------------------------------------------------------------------------- */

static void go_back(struct deciding *d, const struct book_row *good, struct str why)
{
    const struct row_reason reason = {.why = deciding_text(d, "rolled back: %.*s", STR_FMT(why)),
                                      .going_back = true};
    struct book_row to = *good; /* rows move when one begins */
    struct str name = deciding_name(d, to.tag, to.digest);
    rows_begin(d, to.tag, to.digest, reason);
    deciding_event(d, "RollingBack", true, true,
                   deciding_text(d, "back to %.*s: %.*s", STR_FMT(name), STR_FMT(why)));
}

static bool is_held(const struct deciding *d, struct str digest)
{
    return d->spec->hold.said && str_eq(d->spec->hold.digest, digest);
}

/* Of what failed nothing is tried again; of the way back neither, nor of what a person holds. */
static void fail(struct deciding *d, struct str why)
{
    struct trackbook *book = d->next;
    struct str tag = book->current.tag, digest = book->current.digest;
    struct str name = deciding_name(d, tag, digest);
    bool stays = book->rollout.going_back || is_held(d, digest);
    rows_count_proof(d, false);
    rows_end(d, ROW_FAILED, why);
    if (!stays)
        rows_quarantine(d, tag, digest, why);
    deciding_event(d, "Failed", true, true,
                   deciding_text(d, "%.*s: %.*s", STR_FMT(name), STR_FMT(why)));
    const struct book_row *good = rows_good(book, digest);
    if (stays)
        book->stopped = deciding_text(d, "%s %.*s failed: %.*s",
                                      book->rollout.going_back ? "the way back to" : "the hold of",
                                      STR_FMT(name), STR_FMT(why));
    else if (d->spec->hold_on_failure)
        book->stopped = deciding_text(d, "%.*s failed, and spec.rollout.onFailure is Hold: %.*s",
                                      STR_FMT(name), STR_FMT(why));
    else if (good)
        go_back(d, good, why);
    if (!rows_rolling(book))
        rows_reset_rollout(d);
}

static void succeed(struct deciding *d, enum row_state state)
{
    struct trackbook *book = d->next;
    struct book_proof *proof = rows_proof(book, book->current.digest);
    struct str name = deciding_name(d, book->current.tag, book->current.digest);
    int64_t restarts = book->rollout.restarts;
    rows_end(d, state, STR_NONE);
    if (state == ROW_HEALTHY && proof && !proof->proved_at)
        proof->proved_at = d->now;
    if (!track_gathers_proof(d))
        rows_count_proof(d, false);
    deciding_event(d, row_state_names[state].ptr, false, true,
                   deciding_text(d,
                                 state == ROW_HEALTHY
                                     ? "%.*s is sound everywhere, for its soak"
                                     : "%.*s is in place; nothing runs that could show how it does",
                                 STR_FMT(name)));
    book->rollout.going_back = false;
    rows_reset_rollout(d);
    book->rollout.restarts = restarts;
    book->rollout.deadline_used = book->rollout.counted_at = 0;
}

/* --- The deadline ------------------------------------------------------------------------------- */

/* What was before anybody looked counts on no deadline. */
static int64_t counted_from(const struct deciding *d)
{
    int64_t counted_at = d->next->rollout.counted_at, since = d->facts->following_since;
    return since > counted_at && since <= d->now ? since : counted_at;
}

static int64_t time_used(const struct deciding *d)
{
    int64_t from = counted_from(d), used = d->next->rollout.deadline_used;
    return d->next->rollout.counting && d->now > from ? used + d->now - from : used;
}

/* True when the time is up, by the deadline that the Track has now. */
static bool count_deadline(struct deciding *d, bool counting)
{
    struct trackbook *book = d->next;
    int64_t used = time_used(d);
    if (book->rollout.counting != counting) {
        book->rollout.deadline_used = used;
        book->rollout.counted_at = d->now;
        book->rollout.counting = counting;
    }
    if (counting)
        deciding_again(d, d->now + d->spec->deadline - used);
    return counting && used >= d->spec->deadline;
}

/* --- The targets -------------------------------------------------------------------------------- */

struct progress {
    const struct target_now *slow;   /* the first that is under way */
    const struct target_now *failed; /* the first that failed */
    size_t complete, idle;           /* idle: nothing is to run there */
    bool done;                       /* all of them have it */
};

static void stall(struct deciding *d, const char *is, struct str why)
{
    if (d->stalled)
        return;
    d->stalled = true;
    d->obstacle_is = is;
    d->obstacle = why;
}

static void apply(struct deciding *d, size_t index)
{
    const struct trackbook *book = d->next;
    if (workload_patch_image(d->spec, book->current.tag, book->current.digest, d->arena,
                             &d->decision->image, NULL) < 0)
        d->out_of_memory = true;
    d->applies = true;
    d->decision->target = index;
    d->decision->digest = book->current.digest;
    d->decision->revision = book->current.revision;
    if (d->facts->apply_error.len)
        stall(d, "NotApplied",
              deciding_text(d, "%.*s could not be changed: %.*s",
                            STR_FMT(deciding_target(d, &d->targets[index])),
                            STR_FMT(d->facts->apply_error)));
}

/*
 * What a target that has it has come to; true when the next one may follow. Without its pods nobody
 * can tell what is in the way.
 */
static bool judge(struct deciding *d, const struct target_now *target, struct progress *progress)
{
    struct str why = deciding_text(d, "%.*s: %.*s", STR_FMT(deciding_target(d, target)),
                                   STR_FMT(target->rollout.why));
    if (!target->facts->pods_known && target->rollout.state != ROLLOUT_APPLIED) {
        d->blind = true;
        return false;
    }
    switch (target->rollout.state) {
    case ROLLOUT_COMPLETE:
        if (!target->rollout.sound)
            break;
        progress->complete++;
        return true;
    case ROLLOUT_APPLIED:
        progress->idle++;
        return true;
    case ROLLOUT_WAITING:
        stall(d, "Waiting", why);
        return true;
    case ROLLOUT_BLOCKED:
        stall(d, "Blocked", why);
        return false;
    case ROLLOUT_FAILED:
        if (!progress->failed)
            progress->failed = target;
        return false;
    case ROLLOUT_OTHER:
    case ROLLOUT_UNSEEN:
    case ROLLOUT_UNDER_WAY:
        break;
    }
    if (!progress->slow)
        progress->slow = target;
    return false;
}

static bool has_it(const struct deciding *d, size_t index)
{
    return d->targets[index].holds == HOLDS_ONE &&
           str_eq(d->targets[index].digest, d->next->current.digest);
}

bool track_put_back(struct deciding *d)
{
    for (size_t i = 0; i < d->spec->target_count && !d->applies; i++)
        if (d->targets[i].holds != HOLDS_NOTHING && !has_it(d, i))
            apply(d, i);
    return d->applies;
}

/*
 * One after another: the next is touched when the one before it has come through. On the way back
 * nothing waits for another.
 */
static void look_at_progress(struct deciding *d, struct progress *progress)
{
    struct trackbook *book = d->next;
    bool may_follow = true;
    progress->done = true;
    for (size_t i = 0; i < d->spec->target_count; i++) {
        if ((size_t)book->rollout.applied == i && may_follow && has_it(d, i))
            book->rollout.applied++;
        bool touched = i < (size_t)book->rollout.applied, through = false;
        if (touched && has_it(d, i))
            through = judge(d, &d->targets[i], progress);
        else if (d->targets[i].holds == HOLDS_NOTHING && may_follow)
            stall(d, "TargetMissing", d->missing);
        else if (!touched && may_follow && !d->drift.len && !d->applies)
            apply(d, i);
        progress->done = progress->done && through;
        may_follow = may_follow && (through || (touched && book->rollout.going_back));
    }
}

/* --- The soak ----------------------------------------------------------------------------------- */

static int64_t all_restarts(const struct deciding *d)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d->spec->target_count; i++)
        sum += d->targets[i].rollout.restarts;
    return sum;
}

static void soak(struct deciding *d, bool any_idle)
{
    struct trackbook *book = d->next;
    int64_t restarts = all_restarts(d);
    if (!book->rollout.sound_since) {
        book->rollout.sound_since = d->now;
        book->rollout.restarts = restarts;
    }
    if (restarts > book->rollout.restarts) {
        fail(d, STR("containers were restarted during the soak"));
        return;
    }
    book->rollout.restarts = restarts;
    rows_count_proof(d, !any_idle);
    int64_t end = book->rollout.sound_since + d->spec->soak;
    if (d->now >= end)
        succeed(d, any_idle ? ROW_APPLIED : ROW_HEALTHY);
    else
        deciding_again(d, end);
}

static void stop_soak(struct deciding *d)
{
    d->next->rollout.sound_since = 0;
    rows_count_proof(d, false);
}

void track_stand_still(struct deciding *d)
{
    rows_count_proof(d, false);
    if (!rows_rolling(d->next))
        return;
    stop_soak(d);
    count_deadline(d, false);
}

/* A restart ends the soak at once, before the pod is ready again and without waiting for it. */
static bool restarted_in_soak(const struct deciding *d)
{
    return d->next->rollout.sound_since && all_restarts(d) > d->next->rollout.restarts;
}

void track_roll(struct deciding *d)
{
    struct trackbook *book = d->next;
    struct progress progress = {0};
    d->decision->follow_pods = true;
    track_find_drift(d, (size_t)book->rollout.applied);
    look_at_progress(d, &progress);
    size_t count = d->spec->target_count;
    if (d->drift.len)
        stall(d, "Drifted", d->drift);
    if (d->blind)
        return;
    if (progress.failed) {
        fail(d, deciding_text(d, "%.*s: %.*s", STR_FMT(deciding_target(d, progress.failed)),
                              STR_FMT(progress.failed->rollout.why)));
    } else if (restarted_in_soak(d)) {
        fail(d, STR("containers were restarted during the soak"));
    } else if (progress.done && progress.idle == count) {
        succeed(d, ROW_APPLIED);
    } else if (progress.done && progress.complete + progress.idle == count) {
        count_deadline(d, false);
        soak(d, progress.idle > 0);
    } else {
        stop_soak(d);
        bool counts = progress.slow && !d->stalled && !progress.slow->rollout.unmade;
        if (count_deadline(d, counts))
            fail(d, deciding_text(d, "%.*s was not complete in time: %.*s",
                                  STR_FMT(deciding_target(d, progress.slow)),
                                  STR_FMT(progress.slow->rollout.why)));
    }
}
