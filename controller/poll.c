/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll: see the header. A look goes through up to three questions: the list of tags, if versions are
 * followed; the tag that is followed; and the one that runs, if that is another. What it finds is
 * taken over as a whole at its end, or not at all.
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
    ASKED_FOR_S = 60,      /* an answer about one digest is believed */
    UNKNOWN_FOR_S = 10,    /* then it is asked again */
    ASK_PATIENCE_MS = 5000 /* a person waits, or a rollout that is to go back */
};

struct look {
    struct tracked *tracked;
    struct registry_call *call;
    struct arena arena;
    struct trackspec *spec; /* of versions; NULL: a tag is followed */
    struct tag_pick pick;
    struct note running;
    bool running_listed;
    struct note tag, digest, running_digest;
    bool running_gone;
};

/* One digest that is asked for by itself. */
struct question {
    struct tracked *tracked;
    struct question *next;
    struct registry_call *call;
    struct note digest;
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

static bool same_note(const struct note *a, const struct note *b)
{
    return str_eq(note_str(a), note_str(b));
}

static void finish(struct look *look)
{
    struct tracked *tracked = look->tracked;
    struct poll *poll = &tracked->poll;
    bool moved = !same_note(&poll->tag, &look->tag) || !same_note(&poll->digest, &look->digest);
    bool news = moved || poll->at == 0 || poll->fault != REGISTRY_FINE ||
                !same_note(&poll->running_tag, &look->running) ||
                !same_note(&poll->running_digest, &look->running_digest) ||
                poll->running_tag_gone != look->running_gone;
    poll->at = poll->tried_at = clock_now();
    poll->fault = REGISTRY_FINE;
    poll->error[0] = '\0';
    poll->tag = look->tag;
    poll->digest = look->digest;
    poll->running_tag = look->running;
    poll->running_digest = look->running_digest;
    poll->running_tag_gone = look->running_gone;
    poll->look = NULL;
    look_free(look);
    wait_after_look(tracked, moved);
    if (news)
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
    } else if (look->digest.len && same_note(&look->tag, &look->running)) {
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
    look->running_gone = look->running.len && !look->running_listed;
    note_set(&look->tag, tag_picked(&look->pick));
    if (look->tag.len)
        ask(look, REGISTRY_RESOLVE, note_str(&look->tag), NULL, tag_resolved);
    else if (look->running_gone)
        finish(look);
    else
        ask_running(look);
}

/* --- A look ------------------------------------------------------------------------------------ */

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

static void begin_look(struct tracked *tracked)
{
    struct look *look = calloc(1, sizeof(*look));
    struct err err;
    if (!look) {
        wait_after_failure(tracked, 0);
        return;
    }
    look->tracked = tracked;
    look->arena = ARENA_INIT(READ_ROOM);
    tracked->poll.look = look;
    tracked->releases->counts.polls++;
    look->running = tracked->gist.running;
    if (tracked->gist.image.tag.len) {
        note_set(&look->tag, tracked->gist.image.tag);
        ask(look, REGISTRY_RESOLVE, note_str(&look->tag), NULL, tag_resolved);
    } else if (read_spec(look, &err) < 0) {
        fail_here(look, &err);
    } else {
        look->spec->follow.current = note_str(&look->running);
        ask(look, REGISTRY_TAGS, STR_NONE, take_tag, listed);
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

/* --- One digest -------------------------------------------------------------------------------- */

static void question_free(struct question *question)
{
    struct question **at = &question->tracked->poll.questions;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    if (question->call)
        registry_cancel(question->call);
    free(question);
}

void poll_end(struct tracked *tracked)
{
    poll_stop(tracked);
    while (tracked->poll.questions)
        question_free(tracked->poll.questions);
}

/* The place of the same digest, or of the oldest. */
static struct asked *place_of(struct poll *poll, const struct note *digest)
{
    struct asked *oldest = &poll->asked[0];
    for (size_t i = 0; i < ASKED_MAX; i++) {
        if (same_note(&poll->asked[i].digest, digest))
            return &poll->asked[i];
        if (poll->asked[i].at < oldest->at)
            oldest = &poll->asked[i];
    }
    return oldest;
}

static void answered(void *context, const struct registry_answer *answer)
{
    struct question *question = context;
    struct tracked *tracked = question->tracked;
    struct asked *asked = place_of(&tracked->poll, &question->digest);
    enum registry_fault fault = answer->error.fault;
    *asked = (struct asked){.digest = question->digest,
                            .at = clock_now(),
                            .presence = fault == REGISTRY_FINE        ? PRESENCE_THERE
                                        : fault == REGISTRY_NOT_FOUND ? PRESENCE_GONE
                                                                      : PRESENCE_UNKNOWN};
    if (asked->presence == PRESENCE_UNKNOWN) {
        releases_log(tracked, LOG_WARNING, "registry trouble", "error", str_of(answer->error.text));
        queue_add_in(&tracked->work, (UNKNOWN_FOR_S + 1) * INT64_C(1000));
    }
    question->call = NULL;
    question_free(question);
    queue_add(&tracked->work);
}

int poll_ask(struct tracked *tracked, const struct imageref *image, struct str digest,
             struct err *err)
{
    struct question *question;
    for (question = tracked->poll.questions; question; question = question->next)
        if (str_eq(note_str(&question->digest), digest))
            return 0;
    question = calloc(1, sizeof(*question));
    if (!question)
        return err_no_memory(err);
    question->tracked = tracked;
    question->next = tracked->poll.questions;
    tracked->poll.questions = question;
    note_set(&question->digest, digest);
    struct registry_request request = {.verb = REGISTRY_RESOLVE,
                                       .ref = *image,
                                       .patience_ms = ASK_PATIENCE_MS,
                                       .on_done = answered,
                                       .context = question};
    request.ref.tag = STR_NONE;
    request.ref.digest = note_str(&question->digest);
    pullsecrets_fill(tracked, &request);
    question->call = registry_send(tracked->releases->registry, &request, err);
    if (question->call)
        return 0;
    question_free(question);
    return -1;
}

static bool is_believed(const struct asked *asked, int64_t now)
{
    int64_t for_s = asked->presence == PRESENCE_UNKNOWN ? UNKNOWN_FOR_S : ASKED_FOR_S;
    return asked->digest.len && now - asked->at <= for_s;
}

int poll_facts(const struct tracked *tracked, struct arena *arena, struct registry_facts *ret_facts,
               struct err *err)
{
    const struct poll *poll = &tracked->poll;
    struct presence_fact *asked = arena_array(arena, struct presence_fact, ASKED_MAX);
    int64_t now = clock_now();
    size_t count = 0;
    if (!asked)
        return err_no_memory(err);
    for (size_t i = 0; i < ASKED_MAX; i++)
        if (is_believed(&poll->asked[i], now))
            asked[count++] =
                (struct presence_fact){note_str(&poll->asked[i].digest), poll->asked[i].presence};
    *ret_facts = (struct registry_facts){.at = poll->at,
                                         .error = str_of(poll->error),
                                         .tag = note_str(&poll->tag),
                                         .digest = note_str(&poll->digest),
                                         .running_tag = note_str(&poll->running_tag),
                                         .running_digest = note_str(&poll->running_digest),
                                         .running_tag_gone = poll->running_tag_gone,
                                         .asked = asked,
                                         .asked_count = count};
    return 0;
}
