/* SPDX-License-Identifier: Apache-2.0 */
/* rollout_stand_in: rollout.h, until its own code is here. */
#ifndef PINNACE_TESTS_ROLLOUT_STAND_IN_H
#define PINNACE_TESTS_ROLLOUT_STAND_IN_H

#include "pinnace/rollout.h"

static bool means(const struct trackspec *spec, const struct trackspec_target *target,
                  const struct workload_image *image, struct imageref *ref)
{
    if (imageref_parse(image->image, ref) != IMAGEREF_OK)
        return false;
    return target->container.len ? str_eq(target->container, image->container)
                                 : imageref_same_repository(ref, &spec->image);
}

enum target_holds target_holds(const struct trackspec *spec, const struct trackspec_target *target,
                               const struct workload_facts *facts, struct str *ret_tag,
                               struct str *ret_digest)
{
    enum target_holds holds = HOLDS_NOTHING;
    for (size_t i = 0; i < facts->image_count; i++) {
        struct imageref ref;
        if (!means(spec, target, &facts->images[i], &ref))
            continue;
        if (holds == HOLDS_ONE && !str_eq(*ret_digest, ref.digest))
            return HOLDS_SEVERAL;
        *ret_tag = ref.tag;
        *ret_digest = ref.digest;
        holds = ref.digest.len ? HOLDS_ONE : HOLDS_TAG;
    }
    return holds;
}

static bool pod_has(const struct pod_facts *pod, struct str digest)
{
    for (size_t i = 0; i < pod->image_count; i++)
        if (text_has(pod->images[i].image, digest))
            return true;
    return false;
}

int rollout_read(const struct trackspec *spec, const struct trackspec_target *target,
                 const struct workload_facts *facts, const struct pod_facts *pods, size_t pod_count,
                 struct str digest, struct arena *arena, struct rollout *ret_rollout,
                 struct err *err)
{
    struct rollout rollout = {.state = ROLLOUT_UNDER_WAY, .why = STR("some pods are new")};
    struct str tag, held = STR_NONE;
    (void)arena, (void)err;
    enum target_holds holds = target_holds(spec, target, facts, &tag, &held);
    for (size_t i = 0; i < pod_count; i++) {
        if (!pod_has(&pods[i], digest))
            continue;
        rollout.restarts += pods[i].restarts;
        rollout.sound = rollout.sound || pods[i].ready;
    }
    bool done = facts->updated == facts->replicas && facts->available == facts->replicas &&
                facts->all == facts->replicas;
    if (holds != HOLDS_ONE || !str_eq(held, digest))
        rollout.state = ROLLOUT_OTHER;
    else if (facts->kind == TARGET_CRON_JOB)
        rollout.state = rollout.sound ? ROLLOUT_COMPLETE : ROLLOUT_WAITING;
    else if (facts->paused)
        rollout.state = ROLLOUT_WAITING;
    else if (facts->replicas == 0)
        rollout.state = ROLLOUT_APPLIED;
    else if (done)
        rollout.state = ROLLOUT_COMPLETE;
    for (size_t i = 0; i < pod_count && rollout.state != ROLLOUT_OTHER; i++)
        if (pod_has(&pods[i], digest) && (pods[i].fault.len || pods[i].obstacle.len)) {
            rollout.state = pods[i].fault.len ? ROLLOUT_FAILED : ROLLOUT_BLOCKED;
            rollout.why = pods[i].fault.len ? pods[i].fault : pods[i].obstacle;
        }
    if (rollout.state == ROLLOUT_UNDER_WAY && facts->replica_failure.len) {
        rollout.state = ROLLOUT_BLOCKED;
        rollout.why = facts->replica_failure;
    }
    *ret_rollout = rollout;
    return 0;
}

#endif
