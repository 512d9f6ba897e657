/* SPDX-License-Identifier: Apache-2.0 */
/* judge: see the header. One function a rule; the order of the rules is in judge_image. */
#include "pinnace/judge.h"

#include "pinnace/banned.h"

const struct str reason_names[REASONS] = {
    [REASON_NONE] = STR_INIT(""),
    [REASON_NO_DIGEST] = STR_INIT("NoDigest"),
    [REASON_MUTABLE_TAG] = STR_INIT("MutableTag"),
    [REASON_NO_TAG] = STR_INIT("NoTag"),
    [REASON_BAD_REFERENCE] = STR_INIT("BadReference"),
    [REASON_BAD_DIGEST] = STR_INIT("BadDigest"),
    [REASON_REGISTRY_NOT_ALLOWED] = STR_INIT("RegistryNotAllowed"),
    [REASON_NOT_RELEASED] = STR_INIT("NotReleased"),
    [REASON_TAG_MISMATCH] = STR_INIT("TagMismatch"),
    [REASON_TAG_MOVED] = STR_INIT("TagMoved"),
};

/* For the exemptions of all images of an object: some ten milliseconds. */
enum { EXEMPTION_STEPS = 4 * 1000 * 1000 };

static const struct ledger no_ledger;

static const struct ledger *ledger_of(const struct question *question)
{
    return question->ledger ? question->ledger : &no_ledger;
}

/* The name must be one that runtimes pull, whatever else is asked of it. */
static enum reason judge_form(struct str image, struct finding *finding)
{
    finding->fault = imageref_parse(image, &finding->ref);
    if (finding->fault == IMAGEREF_OK)
        return REASON_NONE;
    return imageref_fault_in_digest(finding->fault) ? REASON_BAD_DIGEST : REASON_BAD_REFERENCE;
}

static enum reason judge_registry(const struct question *question, const struct finding *finding)
{
    const struct image_globs *allowed = &question->policy->registries;
    bool fine = allowed->count == 0 || image_globs_match(allowed, &finding->ref);
    return fine ? REASON_NONE : REASON_REGISTRY_NOT_ALLOWED;
}

/* "tagged": a digest, or a tag that by its name, and as far as is known, stays what it is. */
static enum reason judge_tag(const struct question *question, const struct finding *finding)
{
    const struct imageref *ref = &finding->ref;
    if (ref->digest.len)
        return REASON_NONE;
    if (!ref->tag.len)
        return REASON_NO_TAG;
    if (!tag_is_immutable(&question->policy->tags, ref->tag))
        return REASON_MUTABLE_TAG;
    return finding->row && finding->row->moved_to.len ? REASON_TAG_MOVED : REASON_NONE;
}

static struct ledger_query query_of(const struct question *question, const struct finding *finding)
{
    bool in_volume = finding->site->list == LIST_VOLUMES;
    return (struct ledger_query){.namespace = question->namespace,
                                 .object = question->object,
                                 .container = in_volume ? STR_NONE : site_name(finding->site),
                                 .ref = &finding->ref};
}

/* A tag beside a digest is only a label, but one that never meant these bytes is a lie. */
static bool tag_lies(const struct question *question, const struct finding *finding)
{
    return finding->ref.tag.len && finding->ref.digest.len && finding->row &&
           !ledger_tag_meant(ledger_of(question), &finding->ref);
}

static enum reason judge_release(const struct question *question, struct finding *finding)
{
    const struct ledger *ledger = question->ledger;
    struct ledger_query query = query_of(question, finding);
    const struct track *owner = ledger_track_of(ledger, &query);
    finding->track = owner ? owner : ledger_track(ledger, &query);
    if (owner && !imageref_same_repository(&owner->image, &finding->ref))
        return REASON_NOT_RELEASED;
    if (!finding->track)
        return image_globs_match(&question->policy->free, &finding->ref) ? REASON_NONE
                                                                         : REASON_NOT_RELEASED;
    if (!ledger_released(ledger, finding->track, finding->ref.digest))
        return REASON_NOT_RELEASED;
    return tag_lies(question, finding) ? REASON_TAG_MISMATCH : REASON_NONE;
}

static enum reason judge_image(const struct question *question, struct finding *finding)
{
    enum reason reason = judge_form(site_image(finding->site), finding);
    if (reason != REASON_NONE)
        return reason;
    struct ledger_query query = query_of(question, finding);
    finding->row = ledger_tag(ledger_of(question), &query);
    reason = judge_registry(question, finding);
    if (reason == REASON_NONE && question->level == LEVEL_TAGGED)
        reason = judge_tag(question, finding);
    if (reason == REASON_NONE && question->level >= LEVEL_PINNED && !finding->ref.digest.len)
        reason = REASON_NO_DIGEST;
    if (reason == REASON_NONE && question->level == LEVEL_RELEASED)
        reason = judge_release(question, finding);
    return reason;
}

/*
 * The row that tells what to write instead: of the tag that was asked for, if that would be let
 * in, else what the Track runs now.
 */
static const struct ledger_row *better_row(const struct question *question,
                                           const struct finding *finding)
{
    struct ledger_query query = query_of(question, finding);
    bool passes = question->level < LEVEL_RELEASED || (finding->row && finding->row->released);
    if (finding->row && passes && finding->reason != REASON_NOT_RELEASED)
        return finding->row;
    const struct track *track = finding->track;
    if (!track)
        track = ledger_track(ledger_of(question), &query);
    const struct ledger_row *current = track ? track_current(track) : NULL;
    return current && (question->level < LEVEL_RELEASED || current->released) ? current : NULL;
}

static enum finding_weight weigh(const struct question *question, struct finding *finding,
                                 size_t *steps)
{
    if (finding->fault != IMAGEREF_OK)
        return FINDING_REFUSED; /* what cannot be read is let in by nobody */
    finding->exemption =
        policy_exempts(question->policy, question->namespace, &finding->ref, question->now, steps);
    return finding->exemption ? FINDING_EXEMPT : FINDING_REFUSED;
}

/* False when there is nothing to say of the image. */
static bool find(const struct question *question, const struct image_site *site, size_t *steps,
                 struct finding *finding)
{
    *finding = (struct finding){.site = site};
    finding->reason = judge_image(question, finding);
    if (finding->reason != REASON_NONE) {
        finding->weight = weigh(question, finding, steps);
        return true;
    }
    finding->reason = REASON_TAG_MISMATCH;
    finding->weight = FINDING_ADVICE;
    return tag_lies(question, finding);
}

/* What only a finding that is shown needs to know. */
static void explain(const struct question *question, struct finding *finding)
{
    struct ledger_query query = query_of(question, finding);
    if (finding->fault == IMAGEREF_OK && finding->weight != FINDING_ADVICE)
        finding->row = better_row(question, finding);
    finding->injected = finding->site->list != LIST_VOLUMES &&
                        !ledger_owner_has(ledger_of(question), &query, finding->site);
}

static int keep(const struct question *question, struct finding *finding, struct arena *arena,
                struct verdict *verdict, struct err *err)
{
    enum { FIRST = 4 };
    size_t kept = verdict->kept;
    if (verdict->count[finding->weight]++ >= question->keep)
        return 0;
    bool full = kept == 0 || (kept >= FIRST && (kept & (kept - 1)) == 0);
    if (full) {
        struct finding *more = arena_array(arena, struct finding, kept ? kept * 2 : FIRST);
        if (!more)
            return err_no_memory(err);
        if (kept)
            memcpy(more, verdict->findings, kept * sizeof(*more));
        verdict->findings = more;
    }
    explain(question, finding);
    verdict->findings[verdict->kept++] = *finding;
    return 0;
}

/* Whether an update leaves all as it was, so that no image need be looked at. */
static bool changes_nothing(const struct question *question, struct arena *arena)
{
    return question->old && question->object->kind->place != POD_AT_SPEC &&
           template_same(question->object, question->old, question->key, arena);
}

/* Whether the image stood in the old pod as it stands in the new one. */
static int was_there(const struct question *question, struct old_images *old,
                     const struct image_site *site, bool *ret_was, struct err *err)
{
    *ret_was = false;
    if (!question->old || question->object->kind->place != POD_AT_SPEC)
        return 0;
    return old_images_have(old, site, ret_was, err);
}

int judge(const struct question *question, struct arena *arena, struct verdict *ret_verdict,
          struct err *err)
{
    struct verdict verdict = {0};
    struct old_images old = {.object = question->old, .key = question->key, .arena = arena};
    const struct image_site *site;
    struct finding finding;
    size_t steps = EXEMPTION_STEPS;
    bool unchanged;
    bool nothing =
        question->level == LEVEL_OFF || !question->object->kind || changes_nothing(question, arena);
    for (struct image_cursor at = {0};
         !nothing && (site = object_next_image(question->object, &at));) {
        if (was_there(question, &old, site, &unchanged, err) < 0)
            return -1;
        if (unchanged)
            continue;
        if (question->level == LEVEL_RELEASED && !question->ledger)
            return err_set(err, ERR_INPUT,
                           "level \"released\" is judged by a ledger, and there is none");
        verdict.images++;
        if (find(question, site, &steps, &finding) &&
            keep(question, &finding, arena, &verdict, err) < 0)
            return -1;
    }
    *ret_verdict = verdict;
    return 0;
}
