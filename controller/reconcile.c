/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile: see the header. */
#include "reconcile.h"

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "act.h"
#include "history.h"
#include "pods.h"
#include "poll.h"
#include "protector.h"
#include "releases.h"
#include "targets.h"
#include "tracks.h"

#include "pinnace/banned.h"

enum {
    ROOM = 256 * 1024 * 1024, /* a thousand pods and more are read anew each time */
    STEPS_MAX = 64,           /* without a rest; no decision should need a tenth of that */
    REST_MS = 60 * 1000,
    LOOK_AGAIN_MS = 1000,
    PODS_WAIT_MAX = 10, /* so many looks */
    CLOCK_JUMP_MS = 5000,
};

/* --- Facts ------------------------------------------------------------------------------------- */

struct gathered {
    struct tracked *tracked;
    struct arena *arena;
    struct track_facts facts;
    struct trackspec *spec;
    struct trackbook *book;
    struct target_facts *targets;
};

static int read_one(const struct kept *kept, struct arena *arena, struct trackspec **ret_spec,
                    struct trackbook **ret_book, struct err *err)
{
    struct trackspec *spec = arena_new(arena, struct trackspec);
    struct trackbook *book = arena_new(arena, struct trackbook);
    if (!spec || !book)
        return err_no_memory(err);
    if (trackspec_read(kept->json, arena, spec, err) < 0 ||
        trackbook_read(kept->json, arena, book, err) < 0)
        return -1;
    *ret_spec = spec;
    *ret_book = book;
    return 0;
}

static int read_pods(const struct target *target, struct gathered *gathered,
                     struct target_facts *facts, struct err *err)
{
    size_t count = target->pods.count;
    struct pod_facts *pods = arena_array(gathered->arena, struct pod_facts, count);
    if (!pods)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++)
        if (pod_read(target->pods.items[i]->json, gathered->arena, &pods[i], err) < 0)
            return err_prefix(err, "%s %.*s: ", target->pods.name,
                              STR_FMT(target->pods.items[i]->key.name));
    facts->pods = pods;
    facts->pod_count = count;
    facts->pods_known = true;
    return 0;
}

/* What may be old is no ground for a verdict, and such time counts on no deadline. */
static bool sees_pods(struct gathered *gathered, const struct target *target)
{
    struct tracked *tracked = gathered->tracked;
    if (!target->pods_path.len || !target->pods.whole)
        return false;
    if (!target_is_behind(target))
        return true;
    tracked->following_since = clock_now();
    queue_add_in(&tracked->work, LOOK_AGAIN_MS);
    return false;
}

static int gather_target(struct gathered *gathered, size_t index, struct err *err)
{
    const struct target *target = &gathered->tracked->targets[index];
    struct target_facts *facts = &gathered->targets[index];
    const struct kept *kept = target_workload(target);
    if (!kept)
        return 0;
    struct workload_facts *workload = arena_new(gathered->arena, struct workload_facts);
    if (!workload)
        return err_no_memory(err);
    if (workload_read(kept->json, target->wanted->kind, gathered->arena, workload, err) < 0)
        return err_prefix(err, "%.*s %.*s: ", STR_FMT(target_kind_names[target->wanted->kind]),
                          STR_FMT(kept->key.name));
    facts->workload = workload;
    return sees_pods(gathered, target) ? read_pods(target, gathered, facts, err) : 0;
}

/* The Track that it has its proofs from: one that cannot be read proves nothing, yet it is there. */
static int gather_source(struct gathered *gathered, struct err *err)
{
    struct source_facts *source = &gathered->facts.source;
    const struct trackspec *spec = gathered->spec;
    struct trackspec *source_spec;
    struct trackbook *source_book;
    if (!spec->from.track.len)
        return 0;
    const struct shelf_key key = {spec->from.namespace, spec->from.track};
    const struct tracked *tracked = tracks_find(gathered->tracked->releases, key);
    source->known = !tracked || tracked->gist.readable;
    if (!tracked || !tracked->gist.readable)
        return 0;
    if (read_one(tracked->kept, gathered->arena, &source_spec, &source_book, err) < 0)
        return -1;
    source->spec = source_spec;
    source->book = source_book;
    return 0;
}

/* What Tracks downstream ask for, and what they wait for. */
static int gather_downstream(struct gathered *gathered, struct err *err)
{
    const struct collection *all = &gathered->tracked->releases->tracks;
    const struct shelf_key key = gathered->tracked->kept->key;
    struct str *awaited = arena_array(gathered->arena, struct str, all->count);
    size_t count = 0;
    if (!awaited)
        return err_no_memory(err);
    for (size_t i = 0; i < all->count; i++) {
        const struct tracked *other = all->items[i]->owner;
        if (!other || !other->gist.readable || !str_eq(other->gist.from.namespace, key.namespace) ||
            !str_eq(other->gist.from.name, key.name))
            continue;
        if (other->gist.soak > gathered->facts.proof_wanted)
            gathered->facts.proof_wanted = other->gist.soak;
        if (other->gist.awaits.len)
            awaited[count++] = note_str(&other->gist.awaits);
    }
    gathered->facts.awaited = awaited;
    gathered->facts.awaited_count = count;
    return 0;
}

static bool is_beside(const struct gathered *gathered, const struct trackspec **beside,
                      const struct tracked *other)
{
    for (size_t i = 0; i < gathered->facts.beside_count; i++)
        if (str_eq(beside[i]->name, other->kept->key.name))
            return true;
    return false;
}

static int add_beside(struct gathered *gathered, const struct trackspec **beside,
                      const struct tracked *other, struct err *err)
{
    struct trackspec *spec;
    if (other == gathered->tracked || !other->gist.readable || is_beside(gathered, beside, other))
        return 0;
    spec = arena_new(gathered->arena, struct trackspec);
    if (!spec)
        return err_no_memory(err);
    beside[gathered->facts.beside_count++] = spec;
    return trackspec_read(other->kept->json, gathered->arena, spec, err);
}

/* Tracks that want the same workloads; hardly ever there is one. */
static int gather_beside(struct gathered *gathered, struct err *err)
{
    const struct tracked *tracked = gathered->tracked;
    size_t room = targets_shared(tracked);
    const struct trackspec **beside = arena_array(gathered->arena, const struct trackspec *, room);
    if (!beside)
        return err_no_memory(err);
    gathered->facts.beside = beside;
    for (size_t i = 0; i < tracked->target_count; i++)
        for (struct target *at = tracked->targets[i].wanted->targets; at; at = at->next)
            if (add_beside(gathered, beside, at->tracked, err) < 0)
                return -1;
    return 0;
}

/* Those of the same repository, as what one lets go the other may need: all are read, so only then. */
static int gather_sharing(struct gathered *gathered, struct err *err)
{
    const struct tracked *tracked = gathered->tracked;
    const struct collection *all = &tracked->releases->tracks;
    struct protect_other *sharing;
    if (!tracked->gist.protects)
        return 0;
    protector_facts(tracked, &gathered->facts.protect);
    if (!protect_asks_others(gathered->spec, gathered->book, gathered->facts.protect.outcome))
        return 0;
    sharing = arena_array(gathered->arena, struct protect_other, all->count);
    if (!sharing)
        return err_no_memory(err);
    gathered->facts.sharing = sharing;
    for (size_t i = 0; i < all->count; i++) {
        const struct tracked *other = all->items[i]->owner;
        struct trackspec *spec;
        struct trackbook *book;
        if (!other || other == tracked || !other->gist.readable ||
            !imageref_same_repository(&other->gist.image, &tracked->gist.image))
            continue;
        if (read_one(other->kept, gathered->arena, &spec, &book, err) < 0)
            return -1;
        sharing[gathered->facts.sharing_count++] = (struct protect_other){spec, book};
    }
    return 0;
}

static int gather(struct gathered *gathered, struct err *err)
{
    struct tracked *tracked = gathered->tracked;
    struct track_facts *facts = &gathered->facts;
    gathered->targets = arena_array(gathered->arena, struct target_facts, tracked->target_count);
    if (!gathered->targets)
        return err_no_memory(err);
    for (size_t i = 0; i < tracked->target_count; i++)
        if (gather_target(gathered, i, err) < 0)
            return -1;
    if (gather_source(gathered, err) < 0 || gather_downstream(gathered, err) < 0 ||
        gather_beside(gathered, err) < 0 || gather_sharing(gathered, err) < 0 ||
        poll_facts(tracked, gathered->arena, &facts->registry, err) < 0)
        return -1;
    facts->spec = gathered->spec;
    facts->book = gathered->book;
    facts->targets = gathered->targets;
    facts->now = clock_now();
    facts->following_since = tracked->following_since;
    facts->apply_error = bytes_str(&tracked->apply_error);
    return 0;
}

/* Before that nobody knows whether a workload is there. */
static bool knows_targets(const struct tracked *tracked)
{
    return targets_known(tracked) && tracked->releases->tracks.whole;
}

/* --- The step ---------------------------------------------------------------------------------- */

/* Lists of pods would hold up those who wait for their own turn; but not for ever. */
static bool can_wait(struct tracked *tracked, const struct target *target)
{
    const struct queue *queue = &tracked->releases->queue;
    if (target->pods_path.len || queue->length < queue->most ||
        tracked->pods_waited >= PODS_WAIT_MAX)
        return false;
    tracked->pods_waited++;
    queue_add_in(&tracked->work, LOOK_AGAIN_MS);
    return true;
}

static void follow_pods(struct gathered *gathered, bool follow)
{
    struct tracked *tracked = gathered->tracked;
    struct err err;
    if (!follow)
        tracked->pods_waited = 0;
    for (size_t i = 0; i < tracked->target_count; i++) {
        const struct workload_facts *workload = gathered->targets[i].workload;
        if (!follow || !workload)
            pods_leave(&tracked->targets[i]);
        else if (can_wait(tracked, &tracked->targets[i]))
            continue;
        else if (pods_follow(&tracked->targets[i], workload, &err) < 0)
            releases_log(tracked, LOG_WARNING, "pods not followed", "error", str_of(err.text));
    }
}

static void rest(struct gathered *gathered, const struct track_decision *decision)
{
    struct tracked *tracked = gathered->tracked;
    tracked->steps = 0;
    work_forgive(&tracked->work);
    if (decision->again_at)
        queue_add_in(&tracked->work, (decision->again_at - gathered->facts.now) * 1000);
}

static void ask(struct gathered *gathered, const struct track_decision *decision)
{
    struct tracked *tracked = gathered->tracked;
    struct err err;
    if (poll_ask(tracked, &gathered->spec->image, decision->digest, &err) < 0) {
        releases_log(tracked, LOG_WARNING, "registry not asked", "error", str_of(err.text));
        queue_add_after_failure(&tracked->work, 0);
    }
}

static void take_step(struct gathered *gathered, const struct track_decision *decision)
{
    struct tracked *tracked = gathered->tracked;
    bool acts = decision->step == STEP_WRITE || decision->step == STEP_APPLY;
    if (acts && ++tracked->steps > STEPS_MAX) {
        tracked->steps = 0;
        releases_log(tracked, LOG_ERROR, "track does not come to rest", "error",
                     STR("each decision leads to another; it is left alone for a minute"));
        queue_add_after_failure(&tracked->work, REST_MS);
        return;
    }
    /* Another one may have acted since our watch brought this. */
    if (acts && tracked->term != tracked->releases->term)
        act_refresh(tracked);
    else if (decision->step == STEP_WRITE)
        act_write(tracked, gathered->book, decision);
    else if (decision->step == STEP_APPLY)
        act_apply(tracked, gathered->spec, gathered->targets[decision->target].workload, decision);
    else if (decision->step == STEP_ASK)
        ask(gathered, decision);
    else
        rest(gathered, decision);
}

/* --- A Track that cannot be read --------------------------------------------------------------- */

/* In its status too, if at least that can be read; not again while it says so already. */
static void tell_unreadable(struct tracked *tracked, struct arena *arena, const struct err *why)
{
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct trackbook *before = arena_new(arena, struct trackbook);
    const struct event_words words = {"Unreadable", true, str_of(why->text)};
    struct track_decision decision = {.book = book, .event_count = 1};
    struct err err;
    if (!book || !before || trackbook_read(tracked->kept->json, arena, book, &err) < 0) {
        act_tell(tracked, &words);
        return;
    }
    *before = *book;
    struct book_condition *ready = &book->conditions[TRACK_READY];
    ready->reason = str_of(words.reason);
    ready->message = words.note;
    ready->status = CONDITION_FALSE;
    if (trackbook_equal(before, book))
        return;
    ready->since = clock_now();
    decision.events[0] =
        (struct track_event){.reason = words.reason, .warning = true, .text = words.note};
    act_write(tracked, before, &decision);
}

/* --- A look ------------------------------------------------------------------------------------ */

static void log_failure(struct tracked *tracked, const struct err *err)
{
    releases_log(tracked, LOG_ERROR, "track cannot be decided", "error", str_of(err->text));
    queue_add_after_failure(&tracked->work, 0);
}

static void decide(struct gathered *gathered)
{
    struct track_decision decision = {.step = STEP_REST};
    struct err err;
    if (gather(gathered, &err) < 0 ||
        track_decide(&gathered->facts, gathered->arena, &decision, &err) < 0) {
        log_failure(gathered->tracked, &err);
        return;
    }
    follow_pods(gathered, decision.follow_pods);
    if (decision.look_anew)
        poll_anew(gathered->tracked);
    if (gathered->tracked->gist.protects && decision.step != STEP_WRITE)
        protector_do(gathered->tracked, &decision.protect);
    take_step(gathered, &decision);
}

/* When the clock was put on, no time has passed: what was before counts on no deadline. */
static void notice_clock(struct releases *releases)
{
    int64_t now = clock_now(), ahead_ms = now * 1000 - clock_boot_ms();
    bool put_on = ahead_ms - releases->clock_ahead_ms > CLOCK_JUMP_MS;
    releases->clock_ahead_ms = ahead_ms;
    for (size_t i = 0; put_on && i < releases->tracks.count; i++) {
        struct tracked *tracked = releases->tracks.items[i]->owner;
        if (tracked)
            tracked->following_since = now;
    }
}

void reconcile(struct work *work)
{
    struct tracked *tracked = tracked_of(work);
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct gathered gathered = {.tracked = tracked, .arena = &arena};
    struct err err;
    notice_clock(tracked->releases);
    if (!leader_may_act(tracked->releases->leader)) /* all are looked at when we lead again */
        return;
    if (read_one(tracked->kept, &arena, &gathered.spec, &gathered.book, &err) < 0)
        tell_unreadable(tracked, &arena, &err);
    else if (tracked->gist.readable && knows_targets(tracked) &&
             history_recall(tracked, &arena, gathered.book))
        decide(&gathered);
}
