/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_protect: what the registry is to keep for the Track. It goes its own way: nothing that a
 * registry says of it, or fails to say, changes what is rolled out.
 */
#include "track_deciding.h"

#include "pinnace/banned.h"

/* Every target runs what it should to its last pod: nothing that fell out can be pulled any more. */
static bool is_at_rest(const struct deciding *d)
{
    if (!d->next->begun || rows_rolling(d->next) || d->blind || d->drift.len || d->missing.len)
        return false;
    for (size_t i = 0; i < d->spec->target_count; i++)
        if (d->targets[i].rollout.state != ROLLOUT_COMPLETE &&
            d->targets[i].rollout.state != ROLLOUT_APPLIED)
            return false;
    return true;
}

static struct protect_question question_of(const struct deciding *d)
{
    return (struct protect_question){.spec = d->spec,
                                     .book = d->next,
                                     .facts = &d->facts->protect,
                                     .others = d->facts->sharing,
                                     .other_count = d->facts->sharing_count,
                                     .at_rest = is_at_rest(d)};
}

/* A person who changes the Track may have pushed again what was gone. */
static void doubt_gone(struct deciding *d)
{
    struct trackbook *book = d->next;
    size_t kept = 0;
    if (d->book->generation == d->spec->generation)
        return;
    for (size_t i = 0; i < book->lock_count; i++)
        if (book->locks[i].state != LOCK_GONE)
            book->locks[kept++] = book->locks[i];
    book->lock_count = kept;
}

void track_protect(struct deciding *d)
{
    const struct protect_question question = question_of(d);
    const struct protect_outcome *outcome = d->facts->protect.outcome;
    size_t before = d->next->lock_count;
    doubt_gone(d);
    protect_note(&question, d->next);
    if (outcome && outcome->left.len && d->next->lock_count < before)
        deciding_event(d, "NotLetGo", true, false, outcome->left);
}

struct protect_saying track_protect_say(struct deciding *d)
{
    const struct protect_question question = question_of(d);
    return protect_say(&question, d->arena);
}

int track_protect_plan(struct deciding *d, struct err *err)
{
    const struct protect_question question = question_of(d);
    return protect_plan(&question, d->arena, &d->decision->protect, err);
}
