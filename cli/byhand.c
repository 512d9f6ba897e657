/* SPDX-License-Identifier: Apache-2.0 */
/* byhand: see the header. */
#include "byhand.h"

#include "targetkinds.h"

#include "pinnace/workloadpatch.h"

#include "pinnace/banned.h"

struct by_hand {
    struct kube *kube;
    const struct trackspec *spec;
    struct str image, digest, cause;
    struct arena *arena;
    struct buf *notes;
};

/*
 * As the controller does it, so that the fields stay its own; but for the very version that was seen: a
 * workload's status changes all the time, and who rolls back by hand is in a hurry.
 */
static int patch(const struct by_hand *what, const struct trackspec_target *target,
                 struct workload_facts *workload)
{
    const struct workload_patch patch = {.spec = what->spec,
                                         .target = target,
                                         .workload = workload,
                                         .image = what->image,
                                         .cause = what->cause};
    struct kube_request asking = {.verb = KUBE_PATCH_STRATEGIC,
                                  .path = kube_path(what->arena, target_resources[target->kind],
                                                    what->spec->namespace, target->name,
                                                    "?fieldManager=pinnace")};
    struct kube_error error;
    struct str answer;
    struct err err;
    workload->resource_version = STR_NONE;
    if (workload_patch_write(&patch, what->arena, &asking.body, &err) < 0)
        return cli_error("%s", err.text);
    return kube_ask(what->kube, &asking, what->arena, &answer, &error) < 0 ? cluster_error(&error)
                                                                           : EXIT_CLEAN;
}

static int patch_target(const struct by_hand *what, const struct trackspec_target *target)
{
    const struct kube_request asking = {.verb = KUBE_GET,
                                        .path =
                                            kube_path(what->arena, target_resources[target->kind],
                                                      what->spec->namespace, target->name, NULL)};
    struct workload_facts workload;
    struct kube_error error;
    struct str json, tag, digest;
    struct err err;
    if (kube_ask(what->kube, &asking, what->arena, &json, &error) < 0)
        return cluster_error(&error);
    if (workload_read(json, target->kind, what->arena, &workload, &err) < 0)
        return cli_error("%.*s/%.*s: %s", STR_FMT(target_kind_names[target->kind]),
                         STR_FMT(target->name), err.text);
    bool has_it = target_holds(what->spec, target, &workload, &tag, &digest) == HOLDS_ONE &&
                  str_eq(digest, what->digest);
    if (!has_it && patch(what, target, &workload) != EXIT_CLEAN)
        return EXIT_BAD_INPUT;
    buf_addf(what->notes, "%.*s/%.*s %s.\n", STR_FMT(target_kind_names[target->kind]),
             STR_FMT(target->name), has_it ? "has it already" : "was changed by hand");
    return EXIT_CLEAN;
}

static int write_cause(const struct track_word *word, struct arena *arena, struct str *ret_cause,
                       struct err *err)
{
    struct buf buf = BUF_INIT(arena, 4096);
    buf_addf(&buf, "rolled back by %.*s", STR_FMT(word->by));
    if (word->reason.len)
        buf_addf(&buf, ": %.*s", STR_FMT(word->reason));
    return buf_finish(&buf, ret_cause, err);
}

int by_hand(struct kube *kube, const struct trackspec *spec, struct str tag,
            const struct track_word *word, struct arena *arena, struct buf *notes)
{
    struct by_hand what = {
        .kube = kube, .spec = spec, .digest = word->digest, .arena = arena, .notes = notes};
    int code = EXIT_CLEAN;
    struct err err;
    if (write_cause(word, arena, &what.cause, &err) < 0 ||
        workload_patch_image(spec, tag, word->digest, arena, &what.image, &err) < 0)
        return cli_error("%s", err.text);
    for (size_t i = 0; i < spec->target_count; i++) {
        int one = patch_target(&what, &spec->targets[i]);
        code = code == EXIT_CLEAN ? one : code;
    }
    return code;
}
