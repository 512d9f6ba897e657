/* SPDX-License-Identifier: Apache-2.0 */
/* byhand: see the header. */
#include "byhand.h"

#include "targetkinds.h"

#include "pinnace/imageapply.h"

#include "pinnace/banned.h"

/* As the controller, so that the fields stay its own. */
static int apply(struct kube *kube, const struct imageapply *what, struct str body,
                 struct arena *arena)
{
    const struct kube_request asking = {
        .verb = KUBE_APPLY,
        .path = kube_path(arena, target_resources[what->target->kind], what->spec->namespace,
                          what->target->name, "?fieldManager=pinnace&force=true"),
        .body = body};
    struct kube_error error;
    struct str answer;
    return kube_ask(kube, &asking, arena, &answer, &error) < 0 ? cluster_error(&error) : EXIT_CLEAN;
}

static int patch_target(struct kube *kube, const struct imageapply *what, struct arena *arena,
                        struct buf *notes)
{
    const struct trackspec_target *target = what->target;
    const struct kube_request asking = {.verb = KUBE_GET,
                                        .path =
                                            kube_path(arena, target_resources[target->kind],
                                                      what->spec->namespace, target->name, NULL)};
    struct kube_error error;
    struct str json, body;
    struct err err;
    if (kube_ask(kube, &asking, arena, &json, &error) < 0)
        return cluster_error(&error);
    if (imageapply_write(what, json, arena, &body, &err) < 0)
        return cli_error("%.*s/%.*s: %s", STR_FMT(target_kind_names[target->kind]),
                         STR_FMT(target->name), err.text);
    if (body.len && apply(kube, what, body, arena) != EXIT_CLEAN)
        return EXIT_BAD_INPUT;
    buf_addf(notes, "%.*s/%.*s %s.\n", STR_FMT(target_kind_names[target->kind]),
             STR_FMT(target->name), body.len ? "was changed by hand" : "has it already");
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
    int code = EXIT_CLEAN;
    struct str cause;
    struct err err;
    if (write_cause(word, arena, &cause, &err) < 0)
        return cli_error("%s", err.text);
    for (size_t i = 0; i < spec->target_count; i++) {
        const struct imageapply what = {.spec = spec,
                                        .target = &spec->targets[i],
                                        .tag = tag,
                                        .digest = word->digest,
                                        .cause = cause};
        int one = patch_target(kube, &what, arena, notes);
        code = code == EXIT_CLEAN ? one : code;
    }
    return code;
}
