/* SPDX-License-Identifier: Apache-2.0 */
/* saying: see the header. */
#include "saying.h"

#include <stdio.h>

#include "pinnace/when.h"

#include "trackwait.h"

#include "pinnace/banned.h"

enum { ATTEMPTS = 8 };

int saying_take(struct saying *saying, const struct cli_args *args, int found)
{
    if (cluster_take(&saying->access, found, args->value))
        return EXIT_CLEAN;
    switch (found) {
    case CLI_OPERAND:
        return track_operand(args, &saying->track);
    case SAYING_WAIT:
        saying->wait = true;
        return EXIT_CLEAN;
    case SAYING_DRY_RUN:
        return dry_run_take(args, &saying->dry_run);
    case SAYING_TIMEOUT:
        if (duration_parse(str_of(args->value), &saying->timeout))
            return EXIT_CLEAN;
        return cli_usage_error(args->verb,
                               "--timeout: a duration such as 90s or 10m was expected, not \"%s\"",
                               args->value);
    case SAYING_REASON:
        saying->word.reason = str_of(args->value);
        return EXIT_CLEAN;
    case SAYING_OUTPUT:
        return output_take(args, &saying->format);
    default:
        return EXIT_BAD_INPUT;
    }
}

static struct str namespace_of(const struct saying *saying)
{
    return saying->namespace ? str_of(saying->namespace) : kube_namespace(saying->kube);
}

/* ---- the look ---- */

static int look(struct saying *saying)
{
    struct kube_error error;
    if (track_look(saying->kube, namespace_of(saying), str_of(saying->track), saying->arena,
                   &saying->seen, &error) < 0)
        return cluster_error(&error);
    return EXIT_CLEAN;
}

/* While the word is decided on, for which registries may be asked, the answer comes. */
static void ask_who(struct saying *saying, struct cluster_question *who)
{
    who->request = cluster_who_request(saying->arena);
    cluster_send(saying->kube, who, saying->arena);
}

/* Once more, if whoever helps with a registry's login took all the time that the call had. */
static int learn_who(struct saying *saying, struct cluster_question *who)
{
    struct track_word *word = &saying->word;
    if (who->error.fault == KUBE_UNREACHABLE) {
        ask_who(saying, who);
        cluster_await(saying->kube, who);
    }
    if (who->error.fault != KUBE_FINE ||
        cluster_who_read(who->body, saying->arena, &word->by, &word->at, &who->error) < 0)
        return cluster_error(&who->error);
    return EXIT_CLEAN;
}

/* The word, and, asked once, whose it is. */
static int decide(struct saying *saying, bool first)
{
    struct cluster_question who = {.call = NULL};
    int code = look(saying);
    saying->notes.len = 0;
    if (code == EXIT_CLEAN && first)
        ask_who(saying, &who);
    if (code == EXIT_CLEAN)
        code = saying->decide(saying, saying->context);
    cluster_await(saying->kube, &who);
    return code == EXIT_CLEAN && first ? learn_who(saying, &who) : code;
}

/* ---- the patch ---- */

/* EXIT_CLEAN with *again when somebody came in between. */
static int patch(struct saying *saying, struct str *ret_body, bool *again)
{
    const struct trackspec *seen = saying->seen.spec;
    struct kube_request asking = {
        .verb = KUBE_PATCH_MERGE,
        .path = kube_path(saying->arena, track_resource, seen->namespace, seen->name,
                          saying->dry_run == DRY_SERVER ? "?dryRun=All" : NULL)};
    struct kube_error error;
    struct err err;
    *again = false;
    if (track_patch(seen, saying->wish, &saying->word, saying->arena, &asking.body, &err) < 0)
        return cli_error("%s", err.text);
    if (saying->dry_run == DRY_CLIENT) {
        saying->said = saying->seen;
        *ret_body = asking.body;
        return EXIT_CLEAN;
    }
    if (kube_ask(saying->kube, &asking, saying->arena, ret_body, &error) < 0) {
        *again = error.fault == KUBE_CONFLICT;
        return *again ? EXIT_CLEAN : cluster_error(&error);
    }
    if (track_view(*ret_body, seen->name, saying->arena, &saying->said, &error) < 0)
        return cluster_error(&error);
    return EXIT_CLEAN;
}

static int say(struct saying *saying, struct str *ret_body)
{
    bool again = true;
    for (int i = 0; again && i < ATTEMPTS; i++) {
        int code = decide(saying, i == 0);
        if (code == EXIT_CLEAN)
            code = patch(saying, ret_body, &again);
        if (code != EXIT_CLEAN)
            return code;
    }
    if (again)
        return cli_error("Track %s is being changed all the time: try again", saying->track);
    return EXIT_CLEAN;
}

/* ---- the outcome ---- */

/* "shop.example/web:v1.4.0@sha256:…", as it could be pulled. */
static void add_image(struct buf *out, const struct saying *saying)
{
    buf_add_repository(out, &saying->said.spec->image);
    if (saying->tag.len)
        buf_addf(out, ":%.*s", STR_FMT(saying->tag));
    buf_addf(out, "@%.*s", STR_FMT(saying->word.digest));
}

static void tell(struct buf *out, struct saying *saying)
{
    static const char *const done[] = {
        [WISH_HOLD] = "held at ",     [WISH_APPROVE] = "approved: ", [WISH_PROMOTE] = "promoted: ",
        [WISH_SUSPEND] = "suspended", [WISH_RESUME] = "resumed",
    };
    static const char *const endings[] = {
        [DRY_NONE] = "", [DRY_CLIENT] = " (nothing was sent)", [DRY_SERVER] = " (nothing is kept)"};
    const struct trackspec *spec = saying->said.spec;
    buf_addf(out, "track.pinnace.dev/%.*s of namespace %.*s %s", STR_FMT(spec->name),
             STR_FMT(spec->namespace), done[saying->wish]);
    bool wide = saying->format == OUTPUT_WIDE;
    if (saying->word.digest.len && wide)
        add_image(out, saying);
    else if (saying->word.digest.len)
        buf_add_bytes(out, saying->tag, saying->word.digest);
    if (wide)
        buf_addf(out, " by %.*s", STR_FMT(saying->word.by));
    buf_addf(out, "%s\n", endings[saying->dry_run]);
}

/* Of a word that did not need saying, the notes are all there is for people. */
static int finish(struct saying *saying, struct str body, struct str notes, int code)
{
    struct buf out = BUF_INIT(saying->arena, TRACK_ROOM);
    struct buf json = BUF_INIT(saying->arena, TRACK_ROOM);
    struct err err;
    if (output_is_text(saying->format)) {
        if (saying->said.spec)
            tell(&out, saying);
        buf_add(&out, notes);
        return cli_finish(&out, code);
    }
    fputs(notes.ptr ? notes.ptr : "", stderr);
    buf_add(&json, body);
    if (output_json(&out, &json, saying->format, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(&out, code);
}

static int wait_for_it(struct saying *saying)
{
    const struct track_goal goal =
        track_goal(&saying->said, saying->seen.book, saying->wish, &saying->word);
    return track_wait(saying->kube, saying->said.spec, &goal, saying->timeout);
}

static int speak(struct saying *saying, int (*after)(struct saying *saying))
{
    struct str body = STR_NONE, notes;
    struct err err;
    int code = say(saying, &body);
    if (code == EXIT_CLEAN && after && !saying->dry_run)
        code = after(saying);
    if (buf_finish(&saying->notes, &notes, &err) < 0)
        return cli_error("%s", err.text);
    if (code == SAYING_NOTHING)
        return finish(saying, saying->seen.json, notes, EXIT_CLEAN);
    if (code != EXIT_CLEAN && !saying->said.spec)
        return code;
    int told = finish(saying, body, notes, code);
    if (told != EXIT_CLEAN || !saying->wait || saying->dry_run)
        return told;
    return wait_for_it(saying);
}

int saying_run(struct saying *saying, int (*after)(struct saying *saying))
{
    struct cluster cluster CLUSTER_SCOPED = {NULL, NULL};
    struct err err;
    if (!saying->track)
        return cli_usage_error(saying->verb, "no Track was named");
    if (cluster_open(&cluster, &saying->access, &err) < 0)
        return cli_error("%s", err.text);
    saying->kube = cluster.kube;
    return speak(saying, after);
}
