/* SPDX-License-Identifier: Apache-2.0 */
/* promote: the bytes that run on one Track go to another one now. */
#include "sameimages.h"
#include "saying.h"

#include "pinnace/banned.h"

enum { OPTION_TO = SAYING_OPTIONS, OPTION_ASKING, REGISTRY_MS = 5000 };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    SAYING_OPTION_ROWS,
    SAYING_REASON_ROW,
    [OPTION_TO] = {'\0', "to", "NAMESPACE", "NAMESPACE",
                   "where they are to run; NAMESPACE/TRACK if the "
                   "Track has another name there"},
    ASKING_ACCESS_OPTIONS(OPTION_ASKING),
    {0},
};

struct request {
    const char *source, *to;
    struct trackview from; /* .spec NULL: not looked at yet */
    struct asking asking;
    struct str compared; /* the candidate over there that was, with what is promoted */
    bool same;           /* it is of the same images */
};

/* ---- the source ---- */

static int look_at_source(struct saying *saying, struct request *request)
{
    struct kube_error error;
    if (track_look(saying->kube, kube_namespace(saying->kube), str_of(request->source),
                   saying->arena, &request->from, &error) < 0)
        return cluster_error(&error);
    if (!request->from.book->current.digest.len)
        return cli_error("nothing runs on Track %s of namespace %.*s yet", request->source,
                         STR_FMT(request->from.spec->namespace));
    return EXIT_CLEAN;
}

/* ---- the word ---- */

static int refuse(const struct saying *saying, const char *why)
{
    return cli_error("Track %s of namespace %s %s", saying->track, saying->namespace, why);
}

static int check_target(const struct saying *saying, const struct trackview *from)
{
    const struct trackview *to = &saying->seen;
    struct str digest = from->book->current.digest;
    const struct book_quarantined *out = book_quarantine_of(to->book, digest);
    if (!imageref_same_repository(&from->spec->image, &to->spec->image))
        return refuse(saying, "follows another repository: what it should run has to be there");
    if (to->spec->hold.said)
        return refuse(saying, "is held: 'kubectl pinnace resume' first, if that is over");
    if (!out)
        return EXIT_CLEAN;
    return cli_error("these bytes failed on Track %s of namespace %s (%.*s): 'kubectl pinnace "
                     "approve %s %.*s -n %s' lets them try again",
                     saying->track, saying->namespace, STR_FMT(out->reason), saying->track,
                     STR_FMT(digest), saying->namespace);
}

static void warn(struct saying *saying, const struct trackview *from)
{
    const struct book_row *row = book_newest(from->book, from->book->current.digest);
    if (row && row->state == ROW_ROLLING_OUT)
        buf_addf(&saying->notes,
                 "Mind that it is not proved on Track %.*s of namespace %.*s: the "
                 "rollout there goes on.\n",
                 STR_FMT(from->spec->name), STR_FMT(from->spec->namespace));
}

/*
 * A version that somebody made an index of its own for is never proved, though nothing that runs is
 * another: whoever promotes past that should hear how not to have to.
 */
static void compare(struct saying *saying, struct request *request)
{
    const struct trackbook *there = saying->seen.book;
    struct str proved = saying->word.digest, waits = there->candidate.digest;
    if (!waits.len || there->candidate.waits != WAITS_FOR_PROOF || str_eq(waits, proved))
        return;
    if (!str_eq(waits, request->compared))
        request->same = same_images(&request->asking, &saying->seen.spec->image, proved, waits);
    request->compared = waits;
    if (!request->same)
        return;
    buf_addf(&saying->notes, "Track %s there waits for the proof of ", saying->track);
    buf_add_bytes(&saying->notes, there->candidate.tag, waits);
    buf_add(
        &saying->notes,
        STR(", which is another index of the very same images.\n"
            "Those are what runs now, under the index that was proved. A version that is a copy "
            "of it, not an\nindex made anew ('skopeo copy --all', say), goes by itself.\n"));
}

static int decide(struct saying *saying, void *context)
{
    struct request *request = context;
    if (!request->from.spec) {
        int code = look_at_source(saying, request);
        if (code != EXIT_CLEAN)
            return code;
    }
    const struct trackview *from = &request->from;
    const struct book_row *row = book_newest(from->book, from->book->current.digest);
    if (row && (row->state == ROW_FAILED || book_quarantine_of(from->book, row->digest)))
        return cli_error("what runs on Track %s of namespace %.*s failed there: %.*s",
                         request->source, STR_FMT(from->spec->namespace), STR_FMT(row->why));
    int code = check_target(saying, from);
    if (code != EXIT_CLEAN)
        return code;
    saying->word.digest = from->book->current.digest;
    saying->tag = from->book->current.tag;
    warn(saying, from);
    compare(saying, request);
    if (!str_eq(saying->seen.book->current.digest, saying->word.digest))
        return EXIT_CLEAN;
    buf_addf(&saying->notes, "Track %s of namespace %s runs it already: nothing was changed.\n",
             saying->track, saying->namespace);
    return SAYING_NOTHING;
}

/* ---- the verb ---- */

static int take_option(struct cli_args *args, int found, struct saying *saying,
                       struct request *request)
{
    if (found == CLI_OPERAND)
        return track_operand(args, &request->source);
    if (found >= OPTION_ASKING)
        return asking_option(&request->asking, args, found - OPTION_ASKING);
    if (found == OPTION_TO)
        request->to = args->value;
    else
        return saying_take(saying, args, found);
    return EXIT_CLEAN;
}

/* "NAMESPACE" or "NAMESPACE/TRACK". */
static int read_place(struct saying *saying, const struct request *request)
{
    const char *slash = strchr(request->to, '/');
    struct str place = slash ? str_between(request->to, slash) : str_of(request->to);
    struct str namespace = arena_copy(saying->arena, place);
    if (!namespace.ptr)
        return cli_error("there is no memory");
    saying->namespace = namespace.ptr;
    saying->track = slash ? slash + 1 : request->source;
    if (namespace.len && *saying->track && !strchr(saying->track, '/'))
        return EXIT_CLEAN;
    return cli_usage_error(saying->verb, "--to: \"%s\" is neither NAMESPACE nor NAMESPACE/TRACK",
                           request->to);
}

static int promote(struct saying *saying, struct request *request)
{
    if (!request->source)
        return cli_usage_error(saying->verb, "no Track was named");
    if (!request->to)
        return cli_usage_error(saying->verb, "--to is missing: to which namespace?");
    if (read_place(saying, request) != EXIT_CLEAN)
        return EXIT_BAD_INPUT;
    int code = saying_run(saying, NULL);
    asking_close(&request->asking);
    return code;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct saying saying = SAYING_INIT(verb, &arena, WISH_PROMOTE);
    struct request request = {.asking = ASKING_INIT(&arena)};
    saying.decide = decide;
    saying.context = &request;
    request.asking.patience_ms = 0;
    request.asking.options.timeout_ms = REGISTRY_MS;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &saying, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    return promote(&saying, &request);
}

const struct cli_verb verb_promote = {
    .name = "promote",
    .arguments = "TRACK --to NAMESPACE [--reason TEXT] [-n NAMESPACE]",
    .summary = "Has the bytes that run on a Track run in another namespace now.",
    .details =
        "Reads what runs on the Track (of the namespace by -n) and tells the Track of the same\n"
        "name in the other namespace to run just that, whatever it follows and without waiting\n"
        "for its soak. What failed there, another repository, and a Track that is held are\n"
        "refused. When what that Track waits for is only another index of the very same images,\n"
        "it says so.\n\n"
        "Example:\n"
        "  kubectl pinnace promote web -n staging --to production --reason 'fix for the "
        "checkout'\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
