/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll: see the header. A look goes through up to three questions: the list of tags, if versions are
 * followed; the tag that is followed; and the one that runs, if that is another. What it finds is
 * taken over as a whole at its end, or not at all.
 *
 * A registry that tells what is newest is asked that first: as long as it is what it was, the list is
 * what it was too, but for what was deleted, for whose sake it is read now and then all the same.
 */
#include "poll.h"

#include <stdio.h>
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "pullsecrets.h"
#include "releases.h"

#include "pinnace/banned.h"

enum {
    READ_ROOM = 16 * 1024 * 1024,
    JITTER = 10,           /* a tenth of the interval, to either side */
    COMPANY = 60,          /* a sixtieth of it, which is waited for others that are due */
    COMPANY_MS = 1000,     /* at the most */
    RETRY_MS = 2000,       /* after a failure, at the least */
    LIST_BELIEVED_S = 600, /* while nothing new is told */
};

struct look {
    struct tracked *tracked;
    struct registry_call *call;
    struct arena arena;
    struct trackspec *spec; /* of versions; NULL: a tag is followed */
    struct tag_pick pick;
    struct note running;
    bool running_listed;
    int64_t revision;
    struct note tag, digest, running_digest;
    bool running_gone;
    uint64_t newest;
    bool listed_anew;
};

static struct timers *timers_of(const struct tracked *tracked)
{
    return http_timers(kube_http(tracked->releases->kube));
}

static void look_free(struct look *look)
{
    if (!look)
        return;
    if (look->call)
        registry_cancel(look->call);
    arena_free(&look->arena);
    free(look);
}

/* --- When -------------------------------------------------------------------------------------- */

static void set_timer(struct tracked *tracked, int64_t wait_ms)
{
    timer_set(timers_of(tracked), &tracked->poll.timer, clock_boot_ms() + wait_ms);
}

static int64_t interval_ms(const struct tracked *tracked)
{
    int64_t interval = tracked->gist.interval * 1000, spread = interval / JITTER;
    return interval - spread + (int64_t)(random_u32() % (uint64_t)(2 * spread + 1));
}

/*
 * Looks go in company: most of what one costs is that the machine wakes for it. Their times are
 * multiples of a short while, so that those that come due within it are one turn of the loop.
 */
static void wait_interval(struct tracked *tracked)
{
    int64_t company = tracked->gist.interval * 1000 / COMPANY;
    int64_t due = clock_boot_ms() + interval_ms(tracked);
    if (company > COMPANY_MS)
        company = COMPANY_MS;
    if (company > 0)
        due += company - due % company;
    timer_set(timers_of(tracked), &tracked->poll.timer, due);
}

/*
 * Registries tell of a push before the tag means it, and some fail while they write it: a look that
 * comes of a hint may be too early, and is done again, later and later, until there is something.
 */
static const int hint_waits_ms[] = {10, 40, 200, 1000, 5000};

enum { HINT_LOOKS = sizeof(hint_waits_ms) / sizeof(hint_waits_ms[0]) };

static bool wait_for_hint(struct tracked *tracked)
{
    struct poll *poll = &tracked->poll;
    if (!poll->hint_looks)
        return false;
    set_timer(tracked, hint_waits_ms[HINT_LOOKS - poll->hint_looks--]);
    return true;
}

static void wait_after_look(struct tracked *tracked, bool moved)
{
    struct poll *poll = &tracked->poll;
    poll->backoff.failures = 0;
    if (poll->hinted) {
        set_timer(tracked, 0);
    } else if (moved || !wait_for_hint(tracked)) {
        poll->hint_looks = 0;
        wait_interval(tracked);
    }
    poll->hinted = false;
}

static void wait_after_failure(struct tracked *tracked, int64_t asked_s)
{
    int64_t wait_ms = RETRY_MS + backoff_next(&tracked->poll.backoff, random_u32());
    int64_t interval = interval_ms(tracked);
    if (wait_ms < asked_s * 1000)
        wait_ms = asked_s * 1000;
    set_timer(tracked, wait_ms < interval ? wait_ms : interval);
}

/* --- What is found ----------------------------------------------------------------------------- */

/* The book has come further while it was asked: who decides may want another look. */
static bool is_behind(const struct look *look)
{
    const struct track_gist *gist = &look->tracked->gist;
    return look->revision != gist->revision || !note_same(&look->running, &gist->running);
}

static void finish(struct look *look)
{
    struct tracked *tracked = look->tracked;
    struct poll *poll = &tracked->poll;
    bool moved = !note_same(&poll->tag, &look->tag) || !note_same(&poll->digest, &look->digest);
    bool news = moved || poll->at == 0 || poll->fault != REGISTRY_FINE ||
                !note_same(&poll->running_tag, &look->running) ||
                !note_same(&poll->running_digest, &look->running_digest) ||
                poll->running_tag_gone != look->running_gone || poll->revision != look->revision ||
                is_behind(look);
    poll->at = poll->tried_at = clock_now();
    poll->fault = REGISTRY_FINE;
    poll->error[0] = '\0';
    poll->tag = look->tag;
    poll->digest = look->digest;
    poll->running_tag = look->running;
    poll->running_digest = look->running_digest;
    poll->running_tag_gone = look->running_gone;
    poll->revision = look->revision;
    poll->newest = look->newest;
    if (look->listed_anew)
        poll->listed_at = poll->at;
    poll->look = NULL;
    look_free(look);
    wait_after_look(tracked, moved);
    /* What is on its way looks after itself; but if it ever forgot to, this is its end. */
    if (news || tracked->steps)
        queue_add(&tracked->work);
}

/* Another sentence about the same fault is no news: some have seconds in them. */
static void fail(struct look *look, const struct registry_error *error)
{
    struct tracked *tracked = look->tracked;
    struct poll *poll = &tracked->poll;
    bool news = poll->fault != error->fault && error->fault != REGISTRY_PAUSED;
    bool early = error->fault == REGISTRY_SERVER || error->fault == REGISTRY_NOT_FOUND;
    tracked->releases->counts.failed_polls++;
    poll->newest = 0;
    poll->tried_at = clock_now();
    if (early && wait_for_hint(tracked)) {
        poll->look = NULL;
        look_free(look);
        return;
    }
    if (news || poll->fault == REGISTRY_FINE) {
        snprintf(poll->error, sizeof(poll->error), "%.*s", POLL_ERROR_MAX - 1, error->text);
        poll->fault = error->fault;
        releases_log(tracked, LOG_WARNING, "registry trouble", "error", str_of(error->text));
        queue_add(&tracked->work);
    }
    poll->look = NULL;
    look_free(look);
    if (error->fault == REGISTRY_UNAUTHORIZED || error->fault == REGISTRY_FORBIDDEN)
        pullsecrets_doubt(tracked);
    wait_after_failure(tracked, error->retry_after_s);
}

static void fail_here(struct look *look, const struct err *err)
{
    struct registry_error error;
    registry_error_set(&error, REGISTRY_TOO_LARGE, STR_NONE, "%s", err->text);
    fail(look, &error);
}

/* --- The questions ----------------------------------------------------------------------------- */

static void ask(struct look *look, enum registry_verb verb, struct str tag,
                void (*on_tag)(void *, struct str),
                void (*on_done)(void *, const struct registry_answer *))
{
    /* Another image would be another generation, which begins anew. */
    struct registry_request request = {.verb = verb,
                                       .ref = look->tracked->gist.image,
                                       .on_tag = on_tag,
                                       .on_done = on_done,
                                       .context = look};
    struct err err;
    request.ref.tag = tag;
    pullsecrets_fill(look->tracked, &request);
    look->call = registry_send(look->tracked->releases->registry, &request, &err);
    if (!look->call)
        fail_here(look, &err);
}

static void running_resolved(void *context, const struct registry_answer *answer)
{
    struct look *look = context;
    look->call = NULL;
    if (answer->error.fault == REGISTRY_NOT_FOUND)
        look->running_gone = true;
    else if (answer->error.fault == REGISTRY_FINE)
        note_set(&look->running_digest, answer->digest);
    else {
        fail(look, &answer->error);
        return;
    }
    finish(look);
}

static void ask_running(struct look *look)
{
    if (!look->running.len) {
        finish(look);
    } else if (look->digest.len && note_same(&look->tag, &look->running)) {
        look->running_digest = look->digest;
        finish(look);
    } else {
        ask(look, REGISTRY_RESOLVE, note_str(&look->running), NULL, running_resolved);
    }
}

static void tag_resolved(void *context, const struct registry_answer *answer)
{
    struct look *look = context;
    look->call = NULL;
    if (answer->error.fault != REGISTRY_FINE) {
        fail(look, &answer->error);
        return;
    }
    note_set(&look->digest, answer->digest);
    ask_running(look);
}

static void ask_picked(struct look *look)
{
    if (look->tag.len)
        ask(look, REGISTRY_RESOLVE, note_str(&look->tag), NULL, tag_resolved);
    else if (look->running_gone)
        finish(look);
    else
        ask_running(look);
}

static void take_tag(void *context, struct str tag)
{
    struct look *look = context;
    if (look->running.len && str_eq(tag, note_str(&look->running)))
        look->running_listed = true;
    tag_pick_add(&look->pick, &look->spec->follow, tag);
}

static void listed(void *context, const struct registry_answer *answer)
{
    struct look *look = context;
    look->call = NULL;
    if (answer->error.fault != REGISTRY_FINE) {
        fail(look, &answer->error);
        return;
    }
    look->listed_anew = true;
    look->running_gone = look->running.len && !look->running_listed;
    note_set(&look->tag, tag_picked(&look->pick));
    ask_picked(look);
}

static int read_spec(struct look *look, struct err *err)
{
    struct tracked *tracked = look->tracked;
    look->spec = arena_new(&look->arena, struct trackspec);
    if (!look->spec)
        return err_no_memory(err);
    /* Its strings are to live on when the Track is another one. */
    struct str json = arena_copy(&look->arena, tracked->kept->json);
    if (!json.ptr)
        return err_no_memory(err);
    return trackspec_read(json, &look->arena, look->spec, err);
}

static void list_all(struct look *look)
{
    struct err err;
    if (read_spec(look, &err) < 0) {
        fail_here(look, &err);
        return;
    }
    look->spec->follow.current = note_str(&look->running);
    ask(look, REGISTRY_TAGS, STR_NONE, take_tag, listed);
}

/* The list need not be read if it is what it was, and would be read for the same running tag. */
static bool is_unchanged(const struct look *look)
{
    const struct poll *poll = &look->tracked->poll;
    return poll->newest && poll->newest == look->newest && poll->fault == REGISTRY_FINE &&
           clock_now() - poll->listed_at < LIST_BELIEVED_S && !poll->running_tag_gone &&
           note_same(&poll->running_tag, &look->running);
}

static void newest_told(void *context, const struct registry_answer *answer)
{
    struct look *look = context;
    look->call = NULL;
    if (answer->error.fault == REGISTRY_FINE)
        look->newest = answer->mark;
    if (!is_unchanged(look)) {
        list_all(look);
        return;
    }
    look->tag = look->tracked->poll.tag;
    ask_picked(look);
}

/* --- A look ------------------------------------------------------------------------------------ */

static void begin_look(struct tracked *tracked)
{
    struct look *look = calloc(1, sizeof(*look));
    if (!look) {
        wait_after_failure(tracked, 0);
        return;
    }
    look->tracked = tracked;
    look->arena = ARENA_INIT(READ_ROOM);
    tracked->poll.look = look;
    tracked->releases->counts.polls++;
    look->running = tracked->gist.running;
    look->revision = tracked->gist.revision;
    if (tracked->gist.image.tag.len) {
        note_set(&look->tag, tracked->gist.image.tag);
        ask(look, REGISTRY_RESOLVE, note_str(&look->tag), NULL, tag_resolved);
    } else if (registry_is_acr(tracked->releases->registry, &tracked->gist.image)) {
        ask(look, REGISTRY_NEWEST, STR_NONE, NULL, newest_told);
    } else {
        list_all(look);
    }
}

static void time_has_come(void *context)
{
    struct tracked *tracked = context;
    if (!tracked->gist.readable || !leader_may_act(tracked->releases->leader) || tracked->poll.look)
        return;
    if (pullsecrets_ready(tracked))
        begin_look(tracked);
}

void poll_begin(struct tracked *tracked)
{
    tracked->poll.timer = (struct timer){.fire = time_has_come, .context = tracked};
}

void poll_soon(struct tracked *tracked)
{
    look_free(tracked->poll.look);
    tracked->poll.look = NULL;
    tracked->poll.newest = 0; /* another Track may choose another tag of the same list */
    set_timer(tracked, 0);
}

void poll_anew(struct tracked *tracked)
{
    if (!tracked->poll.look)
        set_timer(tracked, 0);
}

void poll_hint(struct tracked *tracked)
{
    tracked->poll.hint_looks = HINT_LOOKS;
    if (tracked->poll.look)
        tracked->poll.hinted = true;
    else
        set_timer(tracked, 0);
}

void poll_within(struct tracked *tracked, int64_t within_ms)
{
    set_timer(tracked, (int64_t)(random_u32() % (uint64_t)(within_ms + 1)));
}

void poll_stop(struct tracked *tracked)
{
    look_free(tracked->poll.look);
    tracked->poll.look = NULL;
    tracked->poll.hinted = false;
    tracked->poll.hint_looks = 0;
    timer_clear(timers_of(tracked), &tracked->poll.timer);
}
