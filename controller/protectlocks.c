/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protectlocks: the jobs of a registry that has locks. An index is fetched for its children; what each
 * part may have done to it is read before anything is changed, and only what is as we would leave it
 * is let go: a person who has locked more has meant it.
 */
#include "protector_inner.h"

#include "pinnace/regdoc.h"

#include "pinnace/banned.h"

static void ask_part(struct protector *protector, enum registry_verb verb,
                     protector_answered *answered)
{
    const struct book_lock *part = protector_part(protector);
    protector_ask(protector, verb, lock_manifest(part), part->tag, answered);
}

/* --- To look ----------------------------------------------------------------------------------- */

static void look_at_next(struct protector *protector);

static void drop_part(struct protector *protector)
{
    struct protect_job *job = &protector->outcome.job;
    job->part_count--;
    memmove(&job->parts[protector->at], &job->parts[protector->at + 1],
            (job->part_count - protector->at) * sizeof(job->parts[0]));
}

/* A child that is not there was never pushed; a tag that means other bytes is not of this release. */
static void part_seen(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    struct book_lock *part = protector_part(protector);
    if (protector_failed(protector, answer, true))
        return;
    bool other = part->tag.len && !str_eq(answer->attributes.digest, part->of);
    if (protector_missed(answer) && !part->tag.len && !part->digest.len) {
        part->state = LOCK_GONE;
        protector->outcome.job.part_count = 1;
        protector_finish(protector);
        return;
    }
    if (protector_missed(answer) || other) {
        drop_part(protector);
    } else {
        part->state = acr_is_locked(&answer->attributes) ? LOCK_OTHERS : LOCK_MEANT;
        protector->at++;
    }
    look_at_next(protector);
}

static void look_at_next(struct protector *protector)
{
    if (protector->at == protector->outcome.job.part_count)
        protector_finish(protector);
    else
        ask_part(protector, REGISTRY_ATTRIBUTES, part_seen);
}

static bool add_part(struct protector *protector, struct str digest, struct str tag)
{
    struct protect_job *job = &protector->outcome.job;
    for (size_t i = 0; i < job->part_count && digest.len; i++)
        if (str_eq(job->parts[i].digest, digest))
            return true;
    if (job->part_count == PROTECT_PARTS_MAX)
        return false;
    struct str kept = digest.len ? arena_copy(&protector->arena, digest) : STR_NONE;
    job->parts[job->part_count++] =
        (struct book_lock){.of = job->release, .digest = kept, .tag = tag};
    return kept.ptr || !digest.len;
}

/* Those of sha512 have no room in the book: nobody makes indexes of them. */
static bool add_parts(struct protector *protector, const struct registry_answer *answer,
                      struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * REGDOC_MANIFEST_MAX);
    struct protect_job *job = &protector->outcome.job;
    struct oci_manifest manifest;
    if (oci_manifest_read(answer->body, str_of(media_name(answer->media)), &arena, &manifest, err) <
        0)
        return false;
    bool added = add_part(protector, STR_NONE, STR_NONE);
    for (size_t i = 0; i < manifest.child_count; i++)
        added = str_starts(manifest.children[i].digest, STR("sha256:")) &&
                add_part(protector, manifest.children[i].digest, STR_NONE) && added;
    if (job->tag.len)
        added = add_part(protector, STR_NONE, job->tag) && added;
    if (!added)
        err_set(err, ERR_LIMIT, "its index has more children than can be locked (%d), or others",
                PROTECT_PARTS_MAX);
    return added;
}

static void release_fetched(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    struct protect_job *job = &protector->outcome.job;
    struct err err;
    if (protector_failed(protector, answer, true))
        return;
    job->part_count = 0;
    if (protector_missed(answer)) {
        job->parts[job->part_count++] = (struct book_lock){.of = job->release, .state = LOCK_GONE};
        protector_finish(protector);
    } else if (!add_parts(protector, answer, &err)) {
        protector_fail(protector, REGISTRY_TOO_LARGE, err.text);
    } else {
        look_at_next(protector);
    }
}

void protectlocks_look(struct protector *protector)
{
    protector_ask(protector, REGISTRY_FETCH, protector->outcome.job.release, STR_NONE,
                  release_fetched);
}

/* --- To lock ----------------------------------------------------------------------------------- */

static void other_tag_unlocked(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (protector_failed(protector, answer, true))
        return;
    protector_part(protector)->state = LOCK_GONE;
    protector->at++;
    protectlocks_lock(protector);
}

static void part_locked(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    struct book_lock *part = protector_part(protector);
    if (protector_failed(protector, answer, true))
        return;
    /* It was moved in this very moment: so it is not ours to hold. */
    if (!protector_missed(answer) && part->tag.len &&
        !str_eq(answer->attributes.digest, part->of)) {
        ask_part(protector, REGISTRY_UNLOCK, other_tag_unlocked);
        return;
    }
    part->state = protector_missed(answer) ? LOCK_GONE : LOCK_OURS;
    protector->at++;
    protectlocks_lock(protector);
}

void protectlocks_lock(struct protector *protector)
{
    if (protector->at == protector->outcome.job.part_count)
        protector_finish(protector);
    else
        ask_part(protector, REGISTRY_LOCK, part_locked);
}

/* --- To let go --------------------------------------------------------------------------------- */

static void part_let_go(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    if (protector_failed(protector, answer, true))
        return;
    protector->at++;
    protector_let_go(protector);
}

static bool is_as_we_left_it(const struct book_lock *part, const struct acr_attributes *now)
{
    return !now->can_delete && now->can_write == !part->tag.len;
}

static void part_looked_at(void *context, const struct registry_answer *answer)
{
    struct protector *protector = context;
    const struct book_lock *part = protector_part(protector);
    if (protector_failed(protector, answer, true))
        return;
    if (!protector_missed(answer) && is_as_we_left_it(part, &answer->attributes)) {
        ask_part(protector, REGISTRY_UNLOCK, part_let_go);
        return;
    }
    protector->at++;
    protector_let_go(protector);
}

void protectlocks_let_go(struct protector *protector)
{
    ask_part(protector, REGISTRY_ATTRIBUTES, part_looked_at);
}
