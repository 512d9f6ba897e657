/* SPDX-License-Identifier: Apache-2.0 */
/* protector: see the header. How jobs begin and end; what they ask stands in protect*.c beside it. */
#include "protector.h"

#include <stdio.h>
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "protector_inner.h"
#include "pullsecrets.h"
#include "releases.h"

#include "pinnace/banned.h"

enum {
    ROOM = 64 * 1024 * 1024,
    LATER = 10, /* times as long as other things: what is refused here waits for a person mostly */
    LOGINS_COME_MS = 1000,
    WATCH_MS = 10 * 60 * 1000,  /* one release each */
    FIRST_WATCH_MS = 10 * 1000, /* nobody has looked while nobody led */
};

static struct timers *timers_of(const struct protector *protector)
{
    return http_timers(kube_http(protector->tracked->releases->kube));
}

/* Sometime in the span: not all at once. */
static void watch_within(struct protector *protector, int64_t from_ms, int64_t span_ms)
{
    timer_set(timers_of(protector), &protector->watch,
              clock_boot_ms() + from_ms + (int64_t)(random_u32() % (uint64_t)span_ms));
}

static void watch_is_due(void *context)
{
    struct protector *protector = context;
    protector->due = true;
    queue_add(&protector->tracked->work);
}

static struct protector *of(struct tracked *tracked)
{
    struct protector *protector = tracked->protector;
    if (protector)
        return protector;
    protector = calloc(1, sizeof(*protector));
    if (!protector)
        return NULL;
    protector->tracked = tracked;
    protector->arena = ARENA_INIT(ROOM);
    protector->error = BYTES_INIT(BOOK_TEXT_MAX);
    work_begin(&protector->work, &tracked->releases->protection);
    protector->watch = (struct timer){.fire = watch_is_due, .context = protector};
    watch_within(protector, 0, FIRST_WATCH_MS);
    tracked->protector = protector;
    return protector;
}

static void rest(struct protector *protector)
{
    protector->busy = false;
    if (protector->call)
        registry_cancel(protector->call);
    protector->call = NULL;
    if (protector->work.busy)
        queue_done(&protector->work);
}

/* --- How a job ends ---------------------------------------------------------------------------- */

void protector_finish(struct protector *protector)
{
    struct tracked *tracked = protector->tracked;
    if (protector->due && protector->outcome.job.what == PROTECT_LOOK) {
        protector->due = false;
        protector->turn++;
        watch_within(protector, WATCH_MS / 2, WATCH_MS);
    }
    protector->done = true;
    protector->backoff.failures = 0;
    protector->not_before = 0;
    protector->fault = REGISTRY_FINE;
    protector->error.len = 0;
    rest(protector);
    queue_add(&tracked->work);
}

/* Another sentence about the same fault is no news, and that a registry is left alone none at all. */
static void keep_error(struct protector *protector, enum registry_fault fault, const char *why)
{
    const char *advice = protect_advice(protector->has_locks, fault);
    char text[BOOK_TEXT_MAX];
    if (fault == REGISTRY_PAUSED || (protector->error.len && fault == protector->fault))
        return;
    protector->fault = fault;
    protector->error.len = 0;
    snprintf(text, sizeof(text), "%.240s%s%s", why, advice ? "; " : "", advice ? advice : "");
    bytes_add(&protector->error, str_of(text));
    releases_log(protector->tracked, LOG_WARNING, "not protected", "error",
                 bytes_str(&protector->error));
}

static void fail_for(struct protector *protector, enum registry_fault fault, const char *why,
                     int64_t asked_s)
{
    struct tracked *tracked = protector->tracked;
    int64_t wait_ms = LATER * backoff_next(&protector->backoff, random_u32());
    if (wait_ms < asked_s * 1000)
        wait_ms = asked_s * 1000;
    keep_error(protector, fault, why);
    protector->not_before = clock_boot_ms() + wait_ms;
    rest(protector);
    queue_add(&tracked->work);
}

void protector_fail(struct protector *protector, enum registry_fault fault, const char *why)
{
    fail_for(protector, fault, why, 0);
}

/* --- What is asked ----------------------------------------------------------------------------- */

void protector_ask(struct protector *protector, enum registry_verb verb, struct str digest,
                   struct str tag, protector_answered *answered)
{
    struct tracked *tracked = protector->tracked;
    struct registry_request request = {.verb = verb,
                                       .ref = tracked->gist.image,
                                       .body = verb == REGISTRY_TAG ? protector->body : STR_NONE,
                                       .media = protector->media,
                                       .aside = true,
                                       .on_done = answered,
                                       .context = protector};
    struct err err;
    request.ref.digest = digest;
    request.ref.tag = tag;
    if (!leader_may_act(tracked->releases->leader)) {
        rest(protector); /* whoever leads has the book, in which it is still to be done */
        return;
    }
    pullsecrets_fill(tracked, &request);
    protector->call = registry_send(tracked->releases->registry, &request, &err);
    if (!protector->call)
        protector_fail(protector, REGISTRY_TOO_LARGE, err.text);
}

bool protector_failed(struct protector *protector, const struct registry_answer *answer,
                      bool missing_is_fine)
{
    const struct registry_error *error = &answer->error;
    protector->call = NULL;
    if (error->fault == REGISTRY_FINE || (missing_is_fine && error->fault == REGISTRY_NOT_FOUND))
        return false;
    fail_for(protector, error->fault, error->text, error->retry_after_s);
    return true;
}

/* --- How a job begins -------------------------------------------------------------------------- */

static struct str copy(struct protector *protector, struct str text, bool *ok)
{
    if (!text.len)
        return STR_NONE;
    struct str copied = arena_copy(&protector->arena, text);
    *ok = *ok && copied.ptr;
    return copied;
}

/* What comes next is said in words of what came last, which go only afterwards. */
static bool keep_job(struct protector *protector, const struct protect_job *job)
{
    struct arena before = protector->arena;
    struct protect_job *kept = &protector->outcome.job;
    bool ok = true;
    protector->arena = ARENA_INIT(ROOM);
    protector->outcome = (struct protect_outcome){.job = *job};
    protector->body = STR_NONE;
    kept->release = copy(protector, job->release, &ok);
    kept->tag = copy(protector, job->tag, &ok);
    for (size_t i = 0; i < kept->part_count; i++) {
        kept->parts[i].of = kept->release;
        kept->parts[i].digest = copy(protector, job->parts[i].digest, &ok);
        kept->parts[i].tag = copy(protector, job->parts[i].tag, &ok);
    }
    arena_free(&before);
    return ok;
}

void protector_do(struct tracked *tracked, const struct protect_job *job)
{
    struct protector *protector = of(tracked);
    if (!protector || protector->busy || job->what == PROTECT_NOTHING)
        return;
    int64_t left_ms = protector->not_before - clock_boot_ms();
    if (left_ms <= 0 && !pullsecrets_there(tracked))
        left_ms = LOGINS_COME_MS;
    if (left_ms > 0) {
        queue_add_in(&tracked->work, left_ms);
        return;
    }
    protector->done = false;
    if (!keep_job(protector, job))
        return;
    protector->has_locks = registry_is_acr(tracked->releases->registry, &tracked->gist.image);
    protector->at = 0;
    protector->busy = true;
    queue_add(&protector->work);
}

void protector_let_go(struct protector *protector)
{
    const struct protect_job *job = &protector->outcome.job;
    if (protector->at == job->part_count)
        protector_finish(protector);
    else if (str_starts(job->parts[protector->at].tag, STR(TAG_RETAIN_PREFIX)))
        protecttags_let_go(protector);
    else
        protectlocks_let_go(protector);
}

void protector_take(struct work *work)
{
    struct protector *protector =
        (struct protector *)((char *)work - offsetof(struct protector, work));
    enum protect_do what = protector->outcome.job.what;
    if (!protector->busy)
        return;
    queue_busy(work);
    if (what == PROTECT_LET_GO)
        protector_let_go(protector);
    else if (what == PROTECT_LOOK)
        (protector->has_locks ? protectlocks_look : protecttags_look)(protector);
    else
        (protector->has_locks ? protectlocks_lock : protecttags_put)(protector);
}

/* --- From outside ------------------------------------------------------------------------------ */

/* Before the registry has answered for the Track itself it is not asked for more. */
void protector_facts(const struct tracked *tracked, struct protect_facts *ret_facts)
{
    const struct protector *protector = tracked->protector;
    *ret_facts = (struct protect_facts){
        .able = tracked->poll.at != 0,
        .has_locks = registry_is_acr(tracked->releases->registry, &tracked->gist.image)};
    if (!protector)
        return;
    ret_facts->due = protector->due;
    ret_facts->turn = protector->turn;
    ret_facts->outcome = protector->done ? &protector->outcome : NULL;
    ret_facts->fault = protector->fault;
    ret_facts->error = bytes_str(&protector->error);
}

bool protector_asks(const struct tracked *tracked)
{
    return tracked->protector && tracked->protector->call;
}

void protector_forgive(struct tracked *tracked)
{
    if (!tracked->protector)
        return;
    tracked->protector->done = false; /* what was found may be so no more */
    tracked->protector->backoff.failures = 0;
    tracked->protector->not_before = 0;
}

void protector_stop(struct tracked *tracked)
{
    if (tracked->protector)
        rest(tracked->protector);
}

void protector_end(struct tracked *tracked)
{
    struct protector *protector = tracked->protector;
    if (!protector)
        return;
    rest(protector);
    work_end(&protector->work);
    timer_clear(timers_of(protector), &protector->watch);
    bytes_free(&protector->error);
    arena_free(&protector->arena);
    free(protector);
    tracked->protector = NULL;
}
