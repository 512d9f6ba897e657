/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload, a pod or a Job as an API server may show it: read as each of them, and then judged. A
 * verdict has a sentence, and none is passed on what the template does not hold.
 */
#include <stdlib.h>

#include "pinnace/rollout.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_judgement(const struct workload_facts *facts, const struct pod_facts *pod,
                            struct arena *arena)
{
    struct trackspec spec = {.target_count = 1};
    struct str tag, digest;
    struct rollout rollout;
    struct err err = {ERR_NONE, ""};
    must(imageref_parse(STR("registry.test:5000/shop/web"), &spec.image) == IMAGEREF_OK);
    enum target_holds holds = target_holds(&spec, &spec.targets[0], facts, &tag, &digest);
    must((holds == HOLDS_ONE) == (digest.len > 0));
    if (rollout_read(&spec, &spec.targets[0], facts, pod, pod ? 1 : 0, digest, arena, &rollout,
                     &err) < 0) {
        must(err.kind == ERR_MEMORY);
        return;
    }
    must(rollout.why.len > 0 && (holds == HOLDS_ONE) == (rollout.state != ROLLOUT_OTHER));
    must(pod || (!rollout.sound && rollout.restarts == 0));
}

static bool read_pod(struct str json, struct arena *arena, struct pod_facts *pod)
{
    struct err err = {ERR_NONE, ""};
    if (pod_read(json, arena, pod, &err) < 0) {
        must(err.kind != ERR_NONE);
        return false;
    }
    for (size_t i = 0; i < pod->image_count; i++)
        must(pod->images[i].fault.len <= 1024 && pod->images[i].obstacle.len <= 1024);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * 1024 * 1024);
    const struct str json = {(const char *)data, size};
    struct workload_facts facts;
    struct pod_facts pod;
    bool has_pod = read_pod(json, &arena, &pod);
    for (int kind = 0; kind < TARGET_KINDS; kind++) {
        struct err err = {ERR_NONE, ""};
        if (workload_read(json, (enum target_kind)kind, &arena, &facts, &err) < 0) {
            must(err.kind != ERR_NONE);
            continue;
        }
        must(facts.image_count <= ROLLOUT_CONTAINERS_MAX);
        check_judgement(&facts, NULL, &arena);
        if (has_pod)
            check_judgement(&facts, &pod, &arena);
    }
    return 0;
}
