/* SPDX-License-Identifier: Apache-2.0 */
/* approve: a person's word that bytes may go, for Tracks that wait for one and for what failed. */
#include "saying.h"

#include "pinnace/banned.h"

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS, SAYING_OPTION_ROWS, SAYING_REASON_ROW, {0}};

struct request {
    const char *bytes;   /* NULL: the candidate */
    struct str approved; /* the candidate of the first look */
};

static bool is_candidate(const struct trackbook *book, struct str text)
{
    struct str digest = book->candidate.digest, few = digest_short(digest);
    return digest.len && (str_eq(text, digest) || str_eq(text, book->candidate.tag) ||
                          (few.len && text.len >= 6 && str_starts(few, text)));
}

static int take_candidate(struct saying *saying, struct request *request)
{
    const struct trackbook *book = saying->seen.book;
    if (!book->candidate.digest.len)
        return cli_error("nothing waits on Track %s; what failed is approved by its digest, which "
                         "'kubectl pinnace history %s -n %.*s' shows",
                         saying->track, saying->track, STR_FMT(saying->seen.spec->namespace));
    if (request->approved.len && !str_eq(request->approved, book->candidate.digest))
        return cli_error("something else came while it was approved: look again with 'kubectl "
                         "pinnace status %s -n %.*s'",
                         saying->track, STR_FMT(saying->seen.spec->namespace));
    request->approved = saying->word.digest = book->candidate.digest;
    saying->tag = book->candidate.tag;
    return EXIT_CLEAN;
}

static int take_named(struct saying *saying, struct str text)
{
    struct track_meant meant;
    struct err err;
    if (track_find(&saying->seen, text, &meant, &err) < 0)
        return cli_error("%s", err.text);
    if (!meant.digest.len)
        return cli_error("tag %.*s is not on the ledger of Track %s, and nothing of it waits; name "
                         "the digest, which 'kubectl pinnace resolve' tells",
                         STR_FMT(text), saying->track);
    saying->word.digest = meant.digest;
    saying->tag = meant.tag;
    return EXIT_CLEAN;
}

static int decide(struct saying *saying, void *context)
{
    struct request *request = context;
    const struct trackbook *book = saying->seen.book;
    bool candidate = !request->bytes || is_candidate(book, str_of(request->bytes));
    int code =
        candidate ? take_candidate(saying, request) : take_named(saying, str_of(request->bytes));
    if (code != EXIT_CLEAN)
        return code;
    const struct book_quarantined *out = book_quarantine_of(book, saying->word.digest);
    if (out)
        buf_addf(&saying->notes, "It was shut out, and no longer is: %.*s.\n",
                 STR_FMT(out->reason));
    return EXIT_CLEAN;
}

static int take_option(struct cli_args *args, int found, struct saying *saying,
                       struct request *request)
{
    if (found != CLI_OPERAND || !saying->track)
        return saying_take(saying, args, found);
    if (request->bytes)
        return cli_usage_error(args->verb, "one DIGEST at a time, not \"%s\" too", args->value);
    request->bytes = args->value;
    return EXIT_CLEAN;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct saying saying = SAYING_INIT(verb, &arena, WISH_APPROVE);
    struct request request = {0};
    saying.decide = decide;
    saying.context = &request;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (take_option(&args, found, &saying, &request) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    return saying_run(&saying, NULL);
}

const struct cli_verb verb_approve = {
    .name = "approve",
    .arguments = "TRACK [DIGEST] [-n NAMESPACE]",
    .summary = "Lets bytes go that wait for a person's word, or that failed before.",
    .details =
        "Without DIGEST: what waits now, as 'status' shows it under NEXT. If that changes in the\n"
        "same moment, nothing is approved. DIGEST may also be a tag, a revision or the beginning\n"
        "of a digest of the ledger; what had failed may then be tried again.\n\n"
        "Example:\n"
        "  kubectl pinnace approve web -n production --wait\n",
    .options = options,
    .operand = CLI_COMPLETES_WAITING,
    .run = run,
};
