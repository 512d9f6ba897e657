/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_say: what people and programs are told: the phase and the conditions. A text alone, with
 * the numbers of the moment, is no reason to write: it comes along with the next change.
 */
#include "track_deciding.h"

#include "pinnace/banned.h"

struct saying {
    enum condition_status status;
    const char *reason;
    struct str message;
};

static struct saying yes(const char *reason, struct str message)
{
    return (struct saying){CONDITION_TRUE, reason, message};
}

static struct saying no(const char *reason, struct str message)
{
    return (struct saying){CONDITION_FALSE, reason, message};
}

/* --- The conditions ------------------------------------------------------------------------------- */

static struct saying say_tag_moved(struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    const struct trackbook *book = d->next;
    if (d->resolution == RESOLUTION_MOVED)
        return yes("OtherBytes",
                   deciding_text(d,
                                 "the registry has %.*s by now, and the tag has meant other bytes "
                                 "before: they are not rolled out; push them under a new tag",
                                 STR_FMT(deciding_name(d, registry->tag, registry->digest))));
    for (size_t i = 0; i < book->row_count; i++)
        if (book->rows[i].moved_to.len && str_eq(book->rows[i].digest, book->current.digest))
            return yes(
                "OtherBytes",
                deciding_text(d, "%.*s runs; in the registry its tag means %.*s by now",
                              STR_FMT(deciding_name(d, book->rows[i].tag, book->rows[i].digest)),
                              STR_FMT(book->rows[i].moved_to)));
    return no("SameBytes", STR_NONE);
}

static struct saying say_resolved(struct deciding *d)
{
    const struct registry_facts *registry = &d->facts->registry;
    struct str name = deciding_name(d, registry->tag, registry->digest);
    struct str current = deciding_name(d, d->next->current.tag, d->next->current.digest);
    switch (d->resolution) {
    case RESOLUTION_UNKNOWN:
        return (struct saying){CONDITION_UNKNOWN, "NotAsked", STR("the registry is being asked")};
    case RESOLUTION_ERROR:
        return no("RegistryFailed", registry->error);
    case RESOLUTION_NOTHING:
        return no("NothingFits", deciding_text(d, "no tag of the repository fits %.*s",
                                               STR_FMT(d->next->follows)));
    case RESOLUTION_GONE:
        return no("RunningTagGone",
                  deciding_text(d,
                                "the registry's list lacks %.*s, which runs: it is not believed, "
                                "and nothing moves by itself",
                                STR_FMT(current)));
    case RESOLUTION_LOWER:
        return no("LowerVersion",
                  deciding_text(d, "%.*s is below %.*s, which runs: nothing goes down by itself",
                                STR_FMT(name), STR_FMT(current)));
    case RESOLUTION_MOVED:
        return no("TagMoved", say_tag_moved(d).message);
    case RESOLUTION_FOUND:
        break;
    }
    return yes("Resolved", name);
}

static struct saying say_rolled_out(struct deciding *d)
{
    const struct trackbook *book = d->next;
    if (!book->row_count || !book->current.digest.len)
        return (struct saying){CONDITION_UNKNOWN, "NothingReleased", STR_NONE};
    const struct book_row *row = &book->rows[0];
    struct str name = deciding_name(d, row->tag, row->digest);
    switch (row->state) {
    case ROW_ROLLING_OUT:
        return no(book->rollout.sound_since  ? "Soaking"
                  : book->rollout.going_back ? "RollingBack"
                                             : "RollingOut",
                  name);
    case ROW_FAILED:
        return no("Failed", deciding_text(d, "%.*s: %.*s", STR_FMT(name), STR_FMT(row->why)));
    case ROW_ABANDONED:
        return no("Abandoned", name);
    case ROW_HEALTHY:
    case ROW_APPLIED:
    case ROW_ADOPTED:
    case ROW_STATES:
        break;
    }
    return yes(row_state_names[row->state].ptr, name);
}

static struct saying say_stalled(const struct deciding *d)
{
    if (d->untold.len)
        return yes("RegistryCannotTell", d->untold);
    if (d->stalled)
        return yes(d->obstacle_is, d->obstacle);
    if (d->missing.len)
        return yes("TargetMissing", d->missing);
    return no("NothingInTheWay", STR_NONE);
}

static struct saying say_ready(struct deciding *d)
{
    const struct trackbook *book = d->next;
    if (d->taken.len)
        return no("TargetTaken", d->taken);
    if (!book->begun)
        return no("NothingThere", d->missing);
    if (d->drift.len)
        return no("Drifted", d->drift);
    if (book->stopped.len)
        return no("Stopped", deciding_text(d, "%.*s; when that is mended: kubectl pinnace resume",
                                           STR_FMT(book->stopped)));
    if (d->stalled || d->missing.len)
        return no("Stalled", d->stalled ? d->obstacle : d->missing);
    if (!book->row_count || !book->current.digest.len)
        return no("NothingReleased", STR_NONE);
    if (rows_rolling(book))
        return no("RollingOut", STR_NONE);
    if (book->rows[0].state == ROW_FAILED)
        return no("Failed", book->rows[0].why);
    return yes("Current", STR_NONE);
}

/* --- Taking note ----------------------------------------------------------------------------------- */

/* Some tell what a person may act on: there a new text is news. */
static bool text_counts(enum track_condition which)
{
    return which == TRACK_TAG_MOVED || which == TRACK_DRIFTED || which == TRACK_NEVER_PROVED;
}

static void set(struct deciding *d, enum track_condition which, struct saying saying)
{
    struct book_condition *condition = &d->next->conditions[which];
    struct str reason = str_of(saying.reason);
    bool turned = condition->status != saying.status || !condition->reason.len;
    bool other = turned || !str_eq(condition->reason, reason);
    if (other || text_counts(which) || condition->generation != d->spec->generation)
        condition->message = saying.message;
    condition->reason = reason;
    condition->status = saying.status;
    condition->generation = d->spec->generation;
    if (turned)
        condition->since = d->now;
    bool bad = which == TRACK_TAG_MOVED || which == TRACK_DRIFTED || which == TRACK_STALLED ||
               which == TRACK_NEVER_PROVED;
    if (other && bad && saying.status == CONDITION_TRUE)
        deciding_event(d, track_condition_names[which].ptr, true, which == TRACK_DRIFTED,
                       saying.message);
}

/* Whatever the registry does not keep is told by its own name: it is no news that it is kept. */
static void set_protected(struct deciding *d)
{
    struct book_condition *condition = &d->next->conditions[TRACK_PROTECTED];
    struct protect_saying protect = track_protect_say(d);
    bool same = condition->status == protect.status && protect.reason &&
                str_eq(condition->reason, str_of(protect.reason));
    if (!protect.said)
        return;
    if (!protect.reason) {
        *condition = (struct book_condition){0};
        return;
    }
    set(d, TRACK_PROTECTED, (struct saying){protect.status, protect.reason, protect.message});
    if (protect.is_news && !same)
        deciding_event(d, "Unprotected", true, false, protect.message);
}

static enum track_phase phase_of(const struct deciding *d)
{
    const struct trackbook *book = d->next;
    if (d->taken.len)
        return PHASE_STALLED;
    if (!book->begun)
        return PHASE_NEW;
    if (d->drift.len)
        return PHASE_DRIFTED;
    if (rows_rolling(book))
        return d->stalled                  ? PHASE_STALLED
               : book->rollout.sound_since ? PHASE_SOAKING
                                           : PHASE_ROLLING;
    if (book->row_count && book->rows[0].state == ROW_FAILED)
        return PHASE_FAILED;
    if (d->spec->hold.said || book->stopped.len)
        return PHASE_HELD;
    if (d->missing.len)
        return PHASE_STALLED;
    if (d->spec->suspend)
        return PHASE_SUSPENDED;
    if (book->candidate.digest.len)
        return PHASE_WAITING;
    return book->current.digest.len ? PHASE_CURRENT : PHASE_NEW;
}

/*
 * What was learnt of the registry holds until it says something else, whoever asks by then. While a
 * word waits for its answer nothing new is said: it may explain what is seen.
 */
void track_say(struct deciding *d)
{
    if (d->asked.len || d->pending)
        return;
    bool told = d->resolution != RESOLUTION_UNKNOWN && d->resolution != RESOLUTION_ERROR;
    if (!d->blind)
        d->next->phase = phase_of(d);
    if (d->resolution != RESOLUTION_UNKNOWN || !d->next->conditions[TRACK_RESOLVED].reason.len)
        set(d, TRACK_RESOLVED, say_resolved(d));
    if (told)
        set(d, TRACK_TAG_MOVED, say_tag_moved(d));
    set(d, TRACK_ROLLED_OUT, say_rolled_out(d));
    if (!d->blind)
        set(d, TRACK_STALLED, say_stalled(d));
    set(d, TRACK_DRIFTED, d->drift.len ? yes("AnotherHand", d->drift) : no("AsReleased", STR_NONE));
    if (told)
        set(d, TRACK_NEVER_PROVED,
            d->never_proved.len ? yes("NotRunThere", d->never_proved) : no("Proving", STR_NONE));
    if (!d->blind)
        set(d, TRACK_READY, say_ready(d));
    set_protected(d);
}
