/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rollout: see the header. The numbers of a workload tell how far it is, by the rules of "kubectl
 * rollout status"; its pods tell why it does not get on. Of these only those count that run the
 * bytes in question: what the old ones do is no sign of anything.
 */
#include "pinnace/rollout.h"

#include "pinnace/imageref.h"

#include "pinnace/banned.h"

enum { WHY_MAX_BYTES = 2048 };

/* --- What a target holds ----------------------------------------------------------------------- */

bool target_means(const struct trackspec *spec, const struct trackspec_target *target,
                  const struct workload_image *image)
{
    struct imageref ref;
    if (target->container.len)
        return str_eq(target->container, image->container);
    return imageref_parse(image->image, &ref) == IMAGEREF_OK &&
           imageref_same_repository(&ref, &spec->image);
}

enum target_holds target_holds(const struct trackspec *spec, const struct trackspec_target *target,
                               const struct workload_facts *facts, struct str *ret_tag,
                               struct str *ret_digest)
{
    enum target_holds holds = HOLDS_NOTHING;
    struct str tag = STR_NONE, digest = STR_NONE;
    for (size_t i = 0; i < facts->image_count; i++) {
        struct imageref ref = {0};
        if (!target_means(spec, target, &facts->images[i]))
            continue;
        bool known = imageref_parse(facts->images[i].image, &ref) == IMAGEREF_OK &&
                     imageref_same_repository(&ref, &spec->image);
        if (!known || !ref.digest.len) {
            tag = known ? ref.tag : STR_NONE;
            holds = HOLDS_TAG;
            break;
        }
        if (holds == HOLDS_NOTHING) {
            tag = ref.tag;
            digest = ref.digest;
            holds = HOLDS_ONE;
        } else if (!str_eq(digest, ref.digest)) {
            holds = HOLDS_SEVERAL;
        }
    }
    *ret_tag = tag;
    *ret_digest = holds == HOLDS_ONE ? digest : STR_NONE;
    return holds;
}

/* --- Its pods ---------------------------------------------------------------------------------- */

struct look {
    const struct trackspec *spec;
    const struct trackspec_target *target;
    const struct workload_facts *facts;
    const struct pod_facts *pods;
    size_t pod_count;
    struct str digest;
    struct arena *arena;
    struct rollout rollout;
    bool out_of_memory;

    /* Of the pods that are new and alive: */
    size_t ready, starting, hindered;      /* starting: not ready, and nothing known against it */
    int64_t first_start;                   /* when the oldest of the starting ones was made */
    const struct pod_facts *faulty;        /* the first that shows a fault of the image */
    const struct pod_facts *hindered_pod;  /* the first that something else hinders */
    struct str fault, obstacle;            /* of these two */
    const struct pod_facts *old_not_ready; /* of other bytes */
};

static struct str name_of(const struct look *look, size_t index)
{
    const struct workload_image *image = &look->facts->images[index];
    return target_means(look->spec, look->target, image) ? image->container : STR_NONE;
}

static const struct pod_image *image_named(const struct pod_facts *pod, struct str name)
{
    for (size_t i = 0; i < pod->image_count; i++)
        if (str_eq(pod->images[i].container, name))
            return &pod->images[i];
    return NULL;
}

/*
 * Whether a pod runs the digest in every container that is meant. They are found by their names,
 * since a mirror may have put another host before the bytes.
 */
static bool is_new(const struct look *look, const struct pod_facts *pod)
{
    size_t meant = 0;
    for (size_t i = 0; i < look->facts->image_count; i++) {
        struct str name = name_of(look, i);
        const struct pod_image *image = name.len ? image_named(pod, name) : NULL;
        if (!name.len)
            continue;
        if (!image || !str_ends(image->image, look->digest))
            return false;
        meant++;
    }
    return meant > 0;
}

/* One that somebody else made is not: its labels are anybody's choice. A Deployment's ReplicaSets
 * are not known here, but their pods have an owner. */
static bool is_of_workload(const struct look *look, const struct pod_facts *pod)
{
    return look->facts->kind == TARGET_DEPLOYMENT ? pod->owner_uid.len > 0
                                                  : str_eq(pod->owner_uid, look->facts->uid);
}

static bool is_meant(const struct look *look, const struct pod_image *image)
{
    for (size_t i = 0; i < look->facts->image_count; i++)
        if (str_eq(name_of(look, i), image->container))
            return true;
    return false;
}

/* What another container does wrong is in the way, and no fault of this image. */
static void judge_images(struct look *look, const struct pod_facts *pod, struct str *fault,
                         struct str *obstacle)
{
    for (size_t i = 0; i < pod->image_count; i++) {
        const struct pod_image *image = &pod->images[i];
        bool meant = is_meant(look, image);
        if (meant)
            look->rollout.restarts += image->restarts + image->ended;
        if (meant && image->fault.len && !fault->len)
            *fault = image->fault;
        struct str other = image->obstacle.len ? image->obstacle : meant ? STR_NONE : image->fault;
        if (other.len && !obstacle->len)
            *obstacle = other;
    }
}

static void look_at_new(struct look *look, const struct pod_facts *pod)
{
    struct str fault = pod->fault, obstacle = pod->obstacle;
    judge_images(look, pod, &fault, &obstacle);
    if (fault.len && !look->faulty) {
        look->faulty = pod;
        look->fault = fault;
    }
    if (pod->ready) {
        look->ready++;
    } else if (obstacle.len) {
        look->hindered++;
        if (!look->hindered_pod) {
            look->hindered_pod = pod;
            look->obstacle = obstacle;
        }
    } else if (pod->begun) {
        look->starting++;
        if (!look->first_start || pod->created_at < look->first_start)
            look->first_start = pod->created_at;
    }
}

static void look_at_pods(struct look *look)
{
    for (size_t i = 0; i < look->pod_count; i++) {
        const struct pod_facts *pod = &look->pods[i];
        if (pod->deleted || pod->over || !is_of_workload(look, pod))
            continue;
        if (is_new(look, pod))
            look_at_new(look, pod);
        else if (!pod->ready && !look->old_not_ready)
            look->old_not_ready = pod;
    }
    look->rollout.sound = look->ready > 0;
}

/* --- What is said ------------------------------------------------------------------------------ */

static void end_with(struct look *look, enum rollout_state state, struct buf *why)
{
    struct str text;
    look->rollout.state = state;
    if (buf_finish(why, &text, NULL) < 0)
        look->out_of_memory = true;
    else
        look->rollout.why = text;
}

static void conclude(struct look *look, enum rollout_state state, struct str sentence)
{
    struct buf why = BUF_INIT(look->arena, WHY_MAX_BYTES);
    buf_add(&why, sentence);
    end_with(look, state, &why);
}

/* "pod web-7d4-x: container "web" ends again and again" */
static void conclude_of_pod(struct look *look, enum rollout_state state, const char *what,
                            const struct pod_facts *pod, struct str sentence)
{
    struct buf why = BUF_INIT(look->arena, WHY_MAX_BYTES);
    buf_addf(&why, "%s %.*s: %.*s", what, STR_FMT(pod->name), STR_FMT(sentence));
    end_with(look, state, &why);
}

static void conclude_numbers(struct look *look, enum rollout_state state)
{
    const struct workload_facts *facts = look->facts;
    struct buf why = BUF_INIT(look->arena, WHY_MAX_BYTES);
    int64_t kept = facts->partition < facts->replicas ? facts->partition : facts->replicas;
    buf_addf(&why, "%lld of %lld %s new, %lld available", (long long)facts->updated,
             (long long)(facts->replicas - kept), facts->replicas - kept == 1 ? "is" : "are",
             (long long)facts->available);
    if (kept > 0)
        buf_addf(&why, "; a partition keeps %lld as they are", (long long)kept);
    if (facts->kind == TARGET_DEPLOYMENT && facts->all > facts->updated)
        buf_addf(&why, ", %lld old still there", (long long)(facts->all - facts->updated));
    end_with(look, state, &why);
}

/* --- The rules --------------------------------------------------------------------------------- */

static bool is_complete(const struct workload_facts *facts)
{
    switch (facts->kind) {
    case TARGET_DEPLOYMENT:
        return facts->updated >= facts->replicas && facts->all <= facts->updated &&
               facts->available >= facts->updated;
    case TARGET_STATEFUL_SET:
        if (facts->ready < facts->replicas)
            return false;
        if (facts->partition > 0 || facts->on_delete)
            return facts->updated >= facts->replicas - facts->partition;
        return str_eq(facts->update_revision, facts->current_revision);
    case TARGET_DAEMON_SET:
        return facts->updated >= facts->replicas && facts->available >= facts->replicas;
    case TARGET_CRON_JOB:
    case TARGET_KINDS:
        break;
    }
    return false;
}

/*
 * A StatefulSet that goes in order waits for each of its pods, even for one that the new template
 * would mend: Kubernetes leaves it to people to take it away.
 */
static bool waits_for_old(const struct look *look)
{
    const struct workload_facts *facts = look->facts;
    return facts->kind == TARGET_STATEFUL_SET && !facts->in_parallel && look->old_not_ready;
}

static void conclude_stuck(struct look *look)
{
    struct buf why = BUF_INIT(look->arena, WHY_MAX_BYTES);
    struct str name = look->old_not_ready->name;
    buf_addf(&why,
             "pod %.*s, which has other bytes, is not ready, and its StatefulSet waits for that "
             "before it replaces any: kubectl delete pod %.*s -n %.*s",
             STR_FMT(name), STR_FMT(name), STR_FMT(look->facts->namespace));
    end_with(look, ROLLOUT_BLOCKED, &why);
}

/* Its own deadline may still stand there from what was before; pods that are older than that tell. */
static bool is_late(const struct look *look)
{
    return look->facts->late_since && look->starting && look->first_start &&
           look->first_start < look->facts->late_since;
}

/* It is neither failed nor complete, and meant to go on. */
static void judge_progress(struct look *look)
{
    const struct workload_facts *facts = look->facts;
    if (is_late(look)) {
        conclude(look, ROLLOUT_FAILED,
                 STR("it made no progress within its progressDeadlineSeconds"));
        return;
    }
    if (!look->starting && look->hindered_pod) {
        conclude_of_pod(look, ROLLOUT_BLOCKED, "pod", look->hindered_pod, look->obstacle);
        return;
    }
    if (!look->starting && facts->replica_failure.len) {
        conclude(look, ROLLOUT_BLOCKED, facts->replica_failure);
        return;
    }
    if (!look->starting && waits_for_old(look)) {
        conclude_stuck(look);
        return;
    }
    look->rollout.unmade = !look->starting && (int64_t)look->ready < facts->replicas;
    conclude_numbers(look, ROLLOUT_UNDER_WAY);
}

static void judge_replicated(struct look *look)
{
    const struct workload_facts *facts = look->facts;
    if (facts->generation > facts->observed_generation)
        conclude(look, ROLLOUT_UNSEEN, STR("its controller has not looked at the change yet"));
    else if (look->faulty)
        conclude_of_pod(look, ROLLOUT_FAILED, "pod", look->faulty, look->fault);
    else if (facts->replicas == 0)
        conclude(look, ROLLOUT_APPLIED, STR("nothing is to run: zero replicas"));
    else if (facts->kind == TARGET_STATEFUL_SET && facts->partition >= facts->replicas)
        conclude(look, ROLLOUT_WAITING, STR("its partition keeps all pods as they are"));
    else if (is_complete(facts))
        conclude_numbers(look, ROLLOUT_COMPLETE);
    else if (facts->paused)
        conclude(look, ROLLOUT_WAITING, STR("it is paused: kubectl rollout resume goes on"));
    else if (facts->on_delete)
        conclude(look, ROLLOUT_WAITING,
                 STR("its update strategy is OnDelete: a pod is new when it was deleted"));
    else
        judge_progress(look);
}

/* The last Job that came to its end counts. */
static void judge_jobs(struct look *look)
{
    const struct pod_facts *last = NULL;
    bool running = false;
    for (size_t i = 0; i < look->pod_count; i++) {
        const struct pod_facts *job = &look->pods[i];
        if (!is_of_workload(look, job) || !is_new(look, job))
            continue;
        running = running || !job->over;
        if (job->over && (!last || job->created_at >= last->created_at))
            last = job;
    }
    look->rollout.sound = last && last->ready;
    if (last && last->ready)
        conclude_of_pod(look, ROLLOUT_COMPLETE, "Job", last, STR("it succeeded"));
    else if (last && last->fault.len)
        conclude_of_pod(look, ROLLOUT_FAILED, "Job", last, last->fault);
    else if (last)
        conclude_of_pod(look, ROLLOUT_BLOCKED, "Job", last, last->obstacle);
    else if (running)
        conclude(look, ROLLOUT_WAITING, STR("its first Job is running"));
    else if (look->facts->suspended)
        conclude(look, ROLLOUT_APPLIED, STR("nothing is to run: it is suspended"));
    else
        conclude(look, ROLLOUT_WAITING, STR("its next run has to show how it does"));
}

int rollout_read(const struct trackspec *spec, const struct trackspec_target *target,
                 const struct workload_facts *facts, const struct pod_facts *pods, size_t pod_count,
                 struct str digest, struct arena *arena, struct rollout *ret_rollout,
                 struct err *err)
{
    struct look look = {.spec = spec,
                        .target = target,
                        .facts = facts,
                        .pods = pods,
                        .pod_count = pod_count,
                        .digest = digest,
                        .arena = arena};
    struct str tag, held;
    enum target_holds holds = target_holds(spec, target, facts, &tag, &held);
    if (holds != HOLDS_ONE || !str_eq(held, digest)) {
        conclude(&look, ROLLOUT_OTHER, STR("its template has another image"));
    } else if (facts->kind == TARGET_CRON_JOB) {
        judge_jobs(&look);
    } else {
        look_at_pods(&look);
        judge_replicated(&look);
    }
    if (look.out_of_memory)
        return err_no_memory(err);
    *ret_rollout = look.rollout;
    return 0;
}
