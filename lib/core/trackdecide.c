/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackdecide: see the header. The order of the questions stands here; each of them in a file of
 * its own. All work on the book as it will be: if that differs from the one that is written, it is
 * written, and nothing else is done before, but that a rollback by hand puts the image back first.
 */
#include "pinnace/trackdecide.h"

#include <stdarg.h>
#include <stdio.h>

#include "track_deciding.h"

#include "pinnace/banned.h"

/* --- What the parts share ----------------------------------------------------------------------- */

struct str deciding_text(struct deciding *d, const char *format, ...)
{
    char text[BOOK_TEXT_MAX + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    struct str copy = arena_copy(d->arena, (struct str){text, used});
    if (!copy.ptr)
        d->out_of_memory = true;
    return copy;
}

void deciding_event(struct deciding *d, const char *reason, bool warning, bool on_targets,
                    struct str text)
{
    struct track_decision *decision = d->decision;
    if (decision->event_count < DECISION_EVENTS_MAX)
        decision->events[decision->event_count++] = (struct track_event){
            .reason = reason, .warning = warning, .on_targets = on_targets, .text = text};
}

void deciding_again(struct deciding *d, int64_t at)
{
    int64_t *again_at = &d->decision->again_at;
    if (at > d->now && (*again_at == 0 || at < *again_at))
        *again_at = at;
}

struct str deciding_name(struct deciding *d, struct str tag, struct str digest)
{
    enum { SHORT_BYTES = sizeof("sha256:") - 1 + 12 };
    struct str brief = digest.len > SHORT_BYTES ? str_head(digest, SHORT_BYTES) : digest;
    if (!tag.len || !digest.len)
        return tag.len ? tag : brief;
    return deciding_text(d, "%.*s (%.*s)", STR_FMT(tag), STR_FMT(brief));
}

struct str deciding_target(struct deciding *d, const struct target_now *target)
{
    return deciding_text(d, "%.*s %.*s", STR_FMT(target_kind_names[target->target->kind]),
                         STR_FMT(target->target->name));
}

bool deciding_awaited(const struct deciding *d, struct str digest)
{
    for (size_t i = 0; i < d->facts->awaited_count; i++)
        if (digest.len && str_eq(d->facts->awaited[i], digest))
            return true;
    return false;
}

enum presence deciding_presence(struct deciding *d, struct str digest, bool *ret_tried)
{
    const struct registry_facts *registry = &d->facts->registry;
    *ret_tried = false;
    for (size_t i = 0; i < registry->asked_count; i++) {
        if (!str_eq(registry->asked[i].digest, digest))
            continue;
        *ret_tried = true;
        return registry->asked[i].presence;
    }
    if (!d->asked.len)
        d->asked = digest;
    return PRESENCE_UNKNOWN;
}

/* --- The targets -------------------------------------------------------------------------------- */

static int look_at_target(struct deciding *d, size_t index, struct err *err)
{
    struct target_now *target = &d->targets[index];
    target->target = &d->spec->targets[index];
    target->facts = &d->facts->targets[index];
    target->holds = HOLDS_NOTHING;
    if (!target->facts->workload)
        return 0;
    target->holds = target_holds(d->spec, target->target, target->facts->workload, &target->tag,
                                 &target->digest);
    if (!d->book->current.digest.len)
        return 0;
    size_t pods = target->facts->pods_known ? target->facts->pod_count : 0;
    return rollout_read(d->spec, target->target, target->facts->workload, target->facts->pods, pods,
                        d->book->current.digest, d->arena, &target->rollout, err);
}

/* A target of the same bytes elsewhere is missed as well as one that is not there at all. */
static void miss_targets(struct deciding *d)
{
    for (size_t i = 0; i < d->spec->target_count && !d->missing.len; i++) {
        const struct target_now *target = &d->targets[i];
        struct str name = deciding_target(d, target);
        if (!target->facts->workload)
            d->missing = deciding_text(d, "%.*s is not there", STR_FMT(name));
        else if (target->holds == HOLDS_NOTHING)
            d->missing =
                deciding_text(d, "%.*s has no container %.*s%s", STR_FMT(name),
                              STR_FMT(target->target->container),
                              target->target->container.len ? "" : "of the Track's repository");
    }
}

static int look_at_targets(struct deciding *d, struct err *err)
{
    for (size_t i = 0; i < d->spec->target_count; i++)
        if (look_at_target(d, i, err) < 0)
            return -1;
    miss_targets(d);
    return 0;
}

/* --- Other Tracks ------------------------------------------------------------------------------- */

static bool is_older(const struct trackspec *a, const struct trackspec *than)
{
    return a->created != than->created ? a->created < than->created
                                       : str_compare(a->name, than->name) < 0;
}

static bool has_target(const struct trackspec *spec, const struct trackspec *mine,
                       const struct trackspec_target *target)
{
    for (size_t i = 0; i < spec->target_count; i++) {
        const struct trackspec_target *its = &spec->targets[i];
        if (its->kind == target->kind && str_eq(its->name, target->name) &&
            containers_meet(target->container, &mine->image, its->container, &spec->image))
            return true;
    }
    return false;
}

/*
 * Of two Tracks that were written at the same moment neither may have been refused: the older one
 * has the container, the other does nothing at all, for what it knows of it is the other's doing.
 */
static void find_taken(struct deciding *d)
{
    for (size_t i = 0; i < d->facts->beside_count; i++) {
        const struct trackspec *other = d->facts->beside[i];
        if (other->deleted || !is_older(other, d->spec))
            continue;
        for (size_t k = 0; k < d->spec->target_count && !d->taken.len; k++)
            if (has_target(other, d->spec, &d->spec->targets[k]))
                d->taken = deciding_text(
                    d,
                    "a container of %.*s is moved by Track %.*s, which is older; two would fight "
                    "over it, so this one does nothing: change spec.targets of one of them, or "
                    "delete one",
                    STR_FMT(deciding_target(d, &d->targets[k])), STR_FMT(other->name));
    }
}

static void leave_it_alone(struct deciding *d)
{
    track_stand_still(d);
    memset(&d->next->candidate, 0, sizeof(d->next->candidate));
    d->stalled = true;
    d->obstacle_is = "TargetTaken";
    d->obstacle = d->taken;
    track_say(d);
}

/* --- The order of questions ---------------------------------------------------------------------- */

static bool has_current(const struct deciding *d, size_t index)
{
    return str_eq(d->targets[index].digest, d->next->current.digest);
}

/* What rolls out was put there, and something else is there: another hand did that since. */
static bool was_undone(const struct deciding *d, size_t index)
{
    const struct workload_facts *workload = d->targets[index].facts->workload;
    uint64_t revision;
    return workload && !has_current(d, index) && str_eq(workload->track, d->spec->name) &&
           semver_number(workload->revision, &revision) &&
           revision == (uint64_t)d->next->current.revision;
}

/* The list of targets may be another one: how far the rollout has come is seen by the targets. */
static void count_applied(struct deciding *d)
{
    struct trackbook *book = d->next;
    size_t applied = 0;
    while (applied < d->spec->target_count && has_current(d, applied))
        applied++;
    for (size_t i = applied; i < d->spec->target_count; i++)
        if (was_undone(d, i))
            applied = i + 1;
    book->rollout.applied = rows_rolling(book) ? (int64_t)applied : 0;
}

static void take_up_spec(struct deciding *d)
{
    struct trackbook *book = d->next;
    book->follows = d->spec->range.len ? d->spec->range : d->spec->follow.tag;
    if (book->generation == d->spec->generation)
        return;
    book->generation = d->spec->generation;
    count_applied(d);
}

static void not_later(int64_t *since, int64_t now)
{
    if (*since > now)
        *since = now;
}

/* What began later than now has been counted by a clock that was put back: it goes on from now. */
static void count_from_now(struct deciding *d)
{
    struct trackbook *book = d->next;
    not_later(&book->rollout.counted_at, d->now);
    not_later(&book->rollout.sound_since, d->now);
    not_later(&book->candidate.since, d->now);
    for (size_t i = 0; i < book->proof_count; i++)
        not_later(&book->proofs[i].since, d->now);
}

static void ask_everything(struct deciding *d)
{
    count_from_now(d);
    take_up_spec(d);
    find_taken(d);
    if (d->taken.len) {
        leave_it_alone(d);
        return;
    }
    if (!d->next->begun)
        track_adopt(d);
    track_resolve(d);
    if (d->next->begun) {
        track_hear(d);
        if (!d->heard && rows_rolling(d->next))
            track_roll(d);
        else if (!d->heard)
            track_settle(d);
        if (!d->heard)
            track_gate(d);
    }
    const struct book_row *good = rows_good(d->next, d->next->current.digest);
    d->next->previous_good.tag = good ? good->tag : STR_NONE;
    d->next->previous_good.digest = good ? good->digest : STR_NONE;
    track_protect(d);
    track_say(d);
}

/* First what is known is written, then it is acted upon; a hold is written already, in the spec. */
static int conclude(struct deciding *d, struct err *err)
{
    struct track_decision *decision = d->decision;
    bool differs = !trackbook_equal(d->book, d->next);
    decision->book = d->next;
    if (differs) {
        decision->step = d->image_first && track_put_back(d) ? STEP_APPLY : STEP_WRITE;
    } else if (d->asked.len) {
        decision->step = STEP_ASK;
        decision->digest = d->asked;
    } else if (d->applies) {
        decision->step = STEP_APPLY;
    }
    if (decision->step == STEP_WRITE)
        return 0;
    decision->event_count = 0; /* they are told when the book is written */
    return differs || d->taken.len ? 0 : track_protect_plan(d, err);
}

int track_decide(const struct track_facts *facts, struct arena *arena,
                 struct track_decision *ret_decision, struct err *err)
{
    struct track_decision decision = {.step = STEP_REST};
    if (facts->spec->deleted) {
        *ret_decision = decision;
        return 0;
    }
    struct deciding d = {.facts = facts,
                         .spec = facts->spec,
                         .book = facts->book,
                         .next = arena_new(arena, struct trackbook),
                         .arena = arena,
                         .decision = &decision,
                         .now = facts->now};
    if (!d.next)
        return err_no_memory(err);
    *d.next = *facts->book;
    if (look_at_targets(&d, err) < 0)
        return -1;
    ask_everything(&d);
    if (d.out_of_memory)
        return err_no_memory(err);
    if (conclude(&d, err) < 0)
        return -1;
    *ret_decision = decision;
    return 0;
}
