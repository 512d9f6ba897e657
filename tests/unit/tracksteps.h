/* SPDX-License-Identifier: Apache-2.0 */
/* tracksteps: a world goes on: each Track is asked for its next step, which is then done. */
#ifndef PINNACE_TESTS_TRACKSTEPS_H
#define PINNACE_TESTS_TRACKSTEPS_H

#include "trackworld.h"

static inline void note(struct world *world, const struct sim_track *track, const char *what,
                        const char *rest, char digit)
{
    if (world->log.len)
        buf_add(&world->log, STR(", "));
    if (world->track_count > 1)
        buf_addf(&world->log, "%c:", track->where[0]);
    buf_addf(&world->log, "%s%s%s", what, rest[0] ? " " : "", rest);
    if (digit != '-')
        buf_addf(&world->log, " %c", digit);
}

/* The digit of the first digest in a text. */
static inline char digit_in(struct str text)
{
    for (size_t i = 0; i + 8 <= text.len; i++)
        if (str_starts(str_tail(text, i), STR("sha256:")))
            return text.ptr[i + 7];
    return '-';
}

static inline void do_write(struct world *world, struct sim_track *track,
                            const struct track_decision *decision)
{
    struct buf buf = BUF_INIT(world->arena, BOOK_MAX_BYTES);
    trackbook_write(&buf, decision->book);
    track->status = finished(&buf);
    for (size_t i = 0; i < decision->event_count; i++)
        note(world, track, decision->events[i].reason, "", digit_in(decision->events[i].text));
}

static inline void do_apply(struct world *world, struct sim_track *track,
                            const struct seen_track *seen, const struct track_decision *decision)
{
    struct str name = seen->spec.targets[decision->target].name;
    struct sim_workload *workload = workload_of(world, seen->spec.namespace, name);
    struct imageref ref;
    if (world->apply_refused)
        return;
    if (!workload || imageref_parse(decision->image, &ref) != IMAGEREF_OK ||
        !str_eq(ref.digest, decision->digest))
        WORLD_FAIL(world, "cannot apply %.*s to %.*s", STR_FMT(decision->image), STR_FMT(name));
    if (workload->digest == digit_of(ref.digest))
        WORLD_FAIL(world, "%.*s has %.*s already", STR_FMT(name), STR_FMT(decision->image));
    if (come_up(world, workload) || workload->before == '-')
        workload->before = workload->digest;
    workload->digest = digit_of(ref.digest);
    workload->changed_at = world->now;
    workload->job = 0;
    workload->generation++;
    /* What another hand has changed since is brought back by a person's word alone. */
    if (atoll(workload->revision) == decision->revision &&
        workload->rolled == digit_of(ref.digest) &&
        str_eq(str_of(workload->track), seen->spec.name) && !seen->spec.resume.said)
        WORLD_FAIL(world, "revision %s is applied to %.*s again", workload->revision,
                   STR_FMT(name));
    workload->rolled = workload->digest;
    snprintf(workload->tag, sizeof(workload->tag), "%.*s", STR_FMT(ref.tag));
    snprintf(workload->track, sizeof(workload->track), "%.*s", STR_FMT(seen->spec.name));
    snprintf(workload->revision, sizeof(workload->revision), "%lld", (long long)decision->revision);
    note(world, track, "apply", name_part(workload->where), workload->digest);
    buf_addf(&world->applies[workload - world->workloads], "%s=%c:%s@%lld ", workload->where,
             workload->digest, workload->tag, (long long)world->now);
}

static inline void lose_memory(struct world *world)
{
    for (size_t i = 0; i < world->track_count; i++) {
        world->tracks[i].blind = true;
        world->tracks[i].follows = false;
        world->tracks[i].looked = false;
        world->tracks[i].asked[0] = '\0';
        world->tracks[i].again_at = 0;
    }
}

/* Asks once, does what comes of it; false when it rests. */
static inline bool take_step(struct world *world, struct sim_track *track)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct seen_track *seen = see_track(world, track, &arena);
    struct track_facts facts = facts_for(world, track, seen, &arena);
    struct track_decision decision = {.step = STEP_REST};
    struct err err = ERR_CLEAN;
    if (track_decide(&facts, &arena, &decision, &err) < 0)
        WORLD_FAIL(world, "%s: %s", track->where, err.text);
    if (world->watch)
        world->watch(world, &facts, &decision);
    bool sees_more = track->blind || (decision.follow_pods && !track->follows);
    track->blind = false;
    track->follows = decision.follow_pods;
    track->again_at = decision.again_at;
    track->looked = track->looked && !decision.look_anew;
    if (decision.step == STEP_WRITE)
        do_write(world, track, &decision);
    else if (decision.step == STEP_APPLY)
        do_apply(world, track, seen, &decision);
    else if (decision.step == STEP_ASK && !world->registry_hangs)
        track->asked[strlen(track->asked)] = digit_of(decision.digest);
    if (decision.step == STEP_REST || (decision.step == STEP_APPLY && world->apply_refused) ||
        (decision.step == STEP_ASK && world->registry_hangs))
        return sees_more || decision.look_anew;
    world->steps++;
    /* An answer has to be heard in one life, or it is asked for ever. */
    bool each = world->crash_after < 0 && decision.step != STEP_ASK;
    if (each || world->steps == (unsigned)world->crash_after)
        lose_memory(world);
    return true;
}

static inline void wake_those_due(struct world *world)
{
    for (size_t i = 0; i < world->track_count; i++)
        if (world->now >= world->tracks[i].dozes_until)
            world->tracks[i].dozes = false;
}

static inline void settle(struct world *world)
{
    bool busy = true;
    wake_those_due(world);
    for (int rounds = 0; busy; rounds++) {
        busy = false;
        if (rounds > 500)
            WORLD_FAIL(world, "it does not come to rest: %.*s", STR_FMT(finished(&world->log)));
        for (size_t i = 0; i < world->track_count; i++)
            busy = take_step(world, &world->tracks[i]) || busy;
    }
}

static inline void earliest(int64_t *next, int64_t at, int64_t now)
{
    if (at > now && at < *next)
        *next = at;
}

static inline void wait_for_seconds(struct world *world, int64_t seconds)
{
    int64_t end = world->now + seconds;
    settle(world);
    while (world->now < end) {
        int64_t next = end;
        for (size_t i = 0; i < world->track_count; i++) {
            earliest(&next, world->tracks[i].again_at, world->now);
            earliest(&next, world->tracks[i].dozes_until, world->now);
        }
        for (size_t i = 0; i < world->workload_count; i++) {
            earliest(&next, world->workloads[i].changed_at + READY_AFTER, world->now);
            earliest(&next, world->workloads[i].changed_at + RESTART_AFTER, world->now);
        }
        world->now = next;
        for (size_t i = 0; i < world->track_count; i++) {
            world->tracks[i].asked[0] = '\0'; /* what is known of presence gets old */
            world->tracks[i].looked = false;
        }
        settle(world);
    }
}

#endif
