/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protecttags: the jobs of a registry that has no locks: a tag of our own means the release, so that
 * nothing that cleans up what has no tag takes it. A tag that means anything else is not ours.
 */
#include "protector_inner.h"

#include <stdio.h>

#include "pinnace/banned.h"

enum { LEFT_MAX = 512 };

static void end_with(struct protector *protector, struct str tag, enum lock_state state)
{
    struct protect_job *job = &protector->outcome.job;
    job->parts[0] = (struct book_lock){.of = job->release, .tag = tag, .state = state};
    job->part_count = 1;
    protector_finish(protector);
}

/* --- To look ----------------------------------------------------------------------------------- */

static void tag_seen(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    const struct protect_job *job = &protector->outcome.job;
    if (protector_failed(protector, answer, true))
        return;
    if (protector_missed(answer))
        end_with(protector, job->tag, LOCK_MEANT);
    else if (str_eq(answer->digest, job->release))
        end_with(protector, job->tag, LOCK_OURS);
    else
        protector_fail(protector, REGISTRY_MISMATCH,
                       "the tag that is to retain a release means other bytes: delete it");
}

static void release_seen(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (protector_failed(protector, answer, true))
        return;
    if (protector_missed(answer))
        end_with(protector, STR_NONE, LOCK_GONE);
    else
        protector_ask(protector, REGISTRY_RESOLVE, STR_NONE, protector->outcome.job.tag, tag_seen);
}

void protecttags_look(struct protector *protector)
{
    protector_ask(protector, REGISTRY_RESOLVE, protector->outcome.job.release, STR_NONE,
                  release_seen);
}

/* --- To put the tag ---------------------------------------------------------------------------- */

static void tag_checked(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (protector_failed(protector, answer, false))
        return;
    if (str_eq(answer->digest, protector->outcome.job.release))
        end_with(protector, protector_part(protector)->tag, LOCK_OURS);
    else
        protector_fail(protector, REGISTRY_MISMATCH,
                       "the registry has taken a tag for a release, and it means other bytes");
}

static void tag_put(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (!protector_failed(protector, answer, false))
        protector_ask(protector, REGISTRY_RESOLVE, STR_NONE, protector_part(protector)->tag,
                      tag_checked);
}

static void release_fetched(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (protector_failed(protector, answer, true))
        return;
    if (protector_missed(answer)) {
        end_with(protector, protector_part(protector)->tag, LOCK_GONE);
        return;
    }
    protector->body = arena_copy(&protector->arena, answer->body);
    protector->media = answer->media;
    if (protector->body.ptr)
        protector_ask(protector, REGISTRY_TAG, STR_NONE, protector_part(protector)->tag, tag_put);
    else
        protector_fail(protector, REGISTRY_TOO_LARGE, "memory is out");
}

void protecttags_put(struct protector *protector)
{
    protector_ask(protector, REGISTRY_FETCH, protector->outcome.job.release, STR_NONE,
                  release_fetched);
}

/* --- To let go --------------------------------------------------------------------------------- */

static void next_part(struct protector *protector)
{
    protector->at++;
    protector_let_go(protector);
}

/* Many registries delete no tags. What stays is told, once, and is a person's from then on. */
static bool cannot_be_deleted(const struct registry_error *error)
{
    return error->status == 400 || error->status == 405 || error->status == 501;
}

static void leave(struct protector *protector, const struct registry_error *error)
{
    struct protect_outcome *outcome = &protector->outcome;
    char text[LEFT_MAX];
    snprintf(text, sizeof(text),
             "the tag %.*s is needed no more, and the registry deletes no tags (%d): delete it by "
             "its own means",
             STR_FMT(protector_part(protector)->tag), error->status);
    outcome->left = arena_copy(&protector->arena, str_of(text));
    protector->call = NULL;
    next_part(protector);
}

static void tag_deleted(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (cannot_be_deleted(&answer->error))
        leave(protector, &answer->error);
    else if (!protector_failed(protector, answer, true))
        next_part(protector);
}

static void tag_looked_at(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    const struct book_lock *part = protector_part(protector);
    if (protector_failed(protector, answer, true))
        return;
    if (!protector_missed(answer) && str_eq(answer->digest, part->of))
        protector_ask(protector, REGISTRY_UNTAG, STR_NONE, part->tag, tag_deleted);
    else
        next_part(protector);
}

void protecttags_let_go(struct protector *protector)
{
    protector_ask(protector, REGISTRY_RESOLVE, STR_NONE, protector_part(protector)->tag,
                  tag_looked_at);
}
