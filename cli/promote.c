/* SPDX-License-Identifier: Apache-2.0 */
/* promote: the bytes that run on one Track go to another one now. */
#include "saying.h"

#include "pinnace/banned.h"

enum { OPTION_TO = SAYING_OPTIONS };

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    SAYING_OPTION_ROWS,
    SAYING_REASON_ROW,
    [OPTION_TO] = {'\0', "to", "NAMESPACE", NULL,
                   "where they are to run; NAMESPACE/TRACK if the "
                   "Track has another name there"},
    {0},
};

struct request {
    const char *source, *to;
    struct trackview from; /* .spec NULL: not looked at yet */
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

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct saying saying = SAYING_INIT(verb, &arena, WISH_PROMOTE);
    struct request request = {0};
    saying.decide = decide;
    saying.context = &request;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &saying, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    if (!request.source)
        return cli_usage_error(verb, "no Track was named");
    if (!request.to)
        return cli_usage_error(verb, "--to is missing: to which namespace?");
    if (read_place(&saying, &request) != EXIT_CLEAN)
        return EXIT_BAD_INPUT;
    return saying_run(&saying, NULL);
}

const struct cli_verb verb_promote = {
    .name = "promote",
    .arguments = "TRACK --to NAMESPACE [--reason TEXT] [-n NAMESPACE]",
    .summary = "Has the bytes that run on a Track run in another namespace now.",
    .details =
        "Reads what runs on the Track (of the namespace by -n) and tells the Track of the same\n"
        "name in the other namespace to run just that, whatever it follows and without waiting\n"
        "for its soak. What failed there, another repository, and a Track that is held are\n"
        "refused.\n\n"
        "Example:\n"
        "  kubectl pinnace promote web -n staging --to production --reason 'fix for the "
        "checkout'\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
