/* SPDX-License-Identifier: Apache-2.0 */
/* polldigest: single digests that a registry is asked for, and what is known by polls: see poll.h. */
#include <stdlib.h>

#include "pinnace/file.h"

#include "poll.h"
#include "pullsecrets.h"
#include "releases.h"

#include "pinnace/banned.h"

enum {
    ASKED_FOR_S = 60,      /* an answer about one digest is believed */
    UNKNOWN_FOR_S = 10,    /* then it is asked again */
    ASK_PATIENCE_MS = 5000 /* a person waits, or a rollout that is to go back */
};

/* One digest that is asked for by itself. */
struct question {
    struct tracked *tracked;
    struct question *next;
    struct registry_call *call;
    struct note digest;
};

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
        if (note_same(&poll->asked[i].digest, digest))
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
                                         .revision = poll->revision,
                                         .asked = asked,
                                         .asked_count = count};
    return 0;
}
