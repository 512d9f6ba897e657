/* SPDX-License-Identifier: Apache-2.0 */
/* rollback: earlier bytes run again, at once, and until somebody says "resume". */
#include "byhand.h"
#include "presence.h"
#include "saying.h"

#include <stdio.h>

#include "pinnace/banned.h"

enum {
    OPTION_TO = SAYING_OPTIONS,
    OPTION_NOW,
    OPTION_ASKING,
    REGISTRY_MS = 5000, /* who rolls back has no time for more */
};

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS,
    SAYING_OPTION_ROWS,
    SAYING_REASON_ROW,
    [OPTION_TO] = {'\0', "to", "WHAT", "RELEASE",
                   "a digest or the beginning of one, a tag, or a revision of 'history'"},
    [OPTION_NOW] = {'\0', "now", NULL, NULL,
                    "change the workloads too, without waiting for the controller"},
    ASKING_ACCESS_OPTIONS(OPTION_ASKING),
    {0},
};

struct request {
    const char *to;
    bool now;
    struct asking asking;
    struct str asked; /* the digest or the tag for which there is an answer */
    struct presence_answer answer;
};

/* ---- what is meant ---- */

static int already_held(struct saying *saying, const struct request *request)
{
    const struct trackspec *spec = saying->seen.spec;
    struct str few = digest_short(spec->hold.digest);
    if (request->now)
        return EXIT_CLEAN;
    return cli_error("Track %s is held at %.*s already, by %.*s; --to names something else to go "
                     "back to, 'kubectl pinnace resume %s -n %.*s' ends it",
                     saying->track, STR_FMT(few), STR_FMT(spec->hold.by), saying->track,
                     STR_FMT(spec->namespace));
}

static int find(struct saying *saying, const struct request *request, struct track_meant *ret_meant)
{
    const struct trackview *seen = &saying->seen;
    struct err err;
    if (!request->to && seen->spec->hold.said) {
        const struct book_row *row = book_newest(seen->book, seen->spec->hold.digest);
        *ret_meant = (struct track_meant){row ? row->tag : STR_NONE, seen->spec->hold.digest, row};
        return already_held(saying, request);
    }
    if (track_find(seen, str_of(request->to), ret_meant, &err) < 0)
        return cli_error("%s", err.text);
    return EXIT_CLEAN;
}

/* ---- what the registry has ---- */

static void ask(struct saying *saying, struct request *request, const struct track_meant *meant)
{
    struct str what = meant->digest.len ? meant->digest : meant->tag;
    if (str_eq(what, request->asked))
        return;
    const struct presence_question question = {&saying->seen.spec->image, meant->tag, meant->digest,
                                               &request->answer};
    presence_ask(&request->asking, &question, 1);
    request->asked = what;
}

/* Names the closest of those that ran soundly and are still there. */
static int refuse_gone(struct saying *saying, struct request *request,
                       const struct track_meant *meant)
{
    const struct book_row *rows[TRACK_NEAREST_MAX];
    struct presence_answer answers[TRACK_NEAREST_MAX];
    struct presence_question questions[TRACK_NEAREST_MAX];
    struct buf name = BUF_INIT(saying->arena, 1024);
    struct str text = STR_NONE;
    size_t there = 0, count = track_nearest(saying->seen.book, meant, rows);
    for (size_t i = 0; i < count; i++)
        questions[i] = (struct presence_question){&saying->seen.spec->image, STR_NONE,
                                                  rows[i]->digest, &answers[i]};
    presence_ask(&request->asking, questions, count);
    while (there < count && answers[there].presence != PRESENCE_THERE)
        there++;
    cli_error("%s; nothing was changed", request->answer.why);
    if (there == count) {
        fputs("None of the others that ran soundly here is known to be in the registry.\n", stderr);
        return EXIT_FINDINGS;
    }
    buf_add_bytes(&name, rows[there]->tag, rows[there]->digest);
    buf_finish(&name, &text, NULL);
    fprintf(stderr,
            "The nearest that is there is revision %lld, %.*s:\n"
            "  kubectl pinnace rollback %s -n %.*s --to %.*s\n",
            (long long)rows[there]->revision, STR_FMT(text), saying->track,
            STR_FMT(saying->seen.spec->namespace), STR_FMT(rows[there]->digest));
    return EXIT_FINDINGS;
}

static int check_presence(struct saying *saying, struct request *request, struct track_meant *meant)
{
    ask(saying, request, meant);
    const struct presence_answer *answer = &request->answer;
    if (answer->presence == PRESENCE_GONE)
        return refuse_gone(saying, request, meant);
    if (answer->presence == PRESENCE_THERE && !meant->digest.len)
        meant->digest = answer->digest;
    if (answer->presence == PRESENCE_THERE && !meant->row)
        buf_add(&saying->notes, STR("It is not on the ledger, but in the registry.\n"));
    if (answer->presence == PRESENCE_THERE)
        return EXIT_CLEAN;
    if (!meant->row)
        return cli_error("it is not on the ledger of Track %s, and the registry could not be "
                         "asked, so nothing was changed: %s",
                         saying->track, answer->why);
    buf_addf(&saying->notes,
             "The registry could not be asked whether it is still there (%s); it is on the "
             "ledger, so it was let through.\n",
             answer->why);
    return EXIT_CLEAN;
}

/* ---- the word ---- */

static int decide(struct saying *saying, void *context)
{
    struct request *request = context;
    struct track_meant meant;
    int code = find(saying, request, &meant);
    if (code == EXIT_CLEAN)
        code = check_presence(saying, request, &meant);
    if (code != EXIT_CLEAN)
        return code;
    saying->word.digest = meant.digest;
    saying->tag = meant.tag;
    const struct book_quarantined *out = book_quarantine_of(saying->seen.book, meant.digest);
    if (out)
        buf_addf(&saying->notes, "Mind that it failed before: %.*s.\n", STR_FMT(out->reason));
    if (!request->now)
        buf_addf(&saying->notes, "It stays there until 'kubectl pinnace resume %s -n %.*s'.\n",
                 saying->track, STR_FMT(saying->seen.spec->namespace));
    return EXIT_CLEAN;
}

static int patch_by_hand(struct saying *saying)
{
    return by_hand(saying->kube, saying->said.spec, saying->tag, &saying->word, saying->arena,
                   &saying->notes);
}

/* ---- the verb ---- */

static int take_option(struct cli_args *args, int found, struct saying *saying,
                       struct request *request)
{
    if (found >= OPTION_ASKING)
        return asking_option(&request->asking, args, found - OPTION_ASKING);
    if (found == OPTION_TO)
        request->to = args->value;
    else if (found == OPTION_NOW)
        request->now = true;
    else
        return saying_take(saying, args, found);
    if (found == OPTION_TO && !*request->to)
        return cli_usage_error(args->verb, "--to: what is to run?");
    return EXIT_CLEAN;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct saying saying = SAYING_INIT(verb, &arena, WISH_HOLD);
    struct request request = {.asking = ASKING_INIT(&arena)};
    int code = EXIT_CLEAN;
    saying.decide = decide;
    saying.context = &request;
    request.asking.patience_ms = 0;
    request.asking.options.timeout_ms = REGISTRY_MS;
    for (int found; code == EXIT_CLEAN && (found = cli_next(&args)) != CLI_END;)
        code = take_option(&args, found, &saying, &request);
    if (code == EXIT_CLEAN)
        code = saying_run(&saying, request.now ? patch_by_hand : NULL);
    asking_close(&request.asking);
    return code;
}

const struct cli_verb verb_rollback = {
    .name = "rollback",
    .arguments = "TRACK [--to DIGEST|TAG|REVISION] [--reason TEXT] [-n NAMESPACE]",
    .summary = "Runs earlier bytes again, and stays there until 'resume'.",
    .details =
        "Without --to: what ran soundly before. The registry is asked first, as docker logs in,\n"
        "whether it still has the bytes; if they are gone, nothing is changed and the nearest "
        "that\n"
        "is there is named. A registry that cannot be asked stops nobody from going back to what\n"
        "is on the ledger.\n\n"
        "The controller acts on the word. When it is down, --now changes the workloads as it "
        "would;\n"
        "it writes the ledger when it is back.\n\n"
        "Exit status: 0 said (with --wait: done), 1 the bytes are gone or failed, 2 it could not "
        "be\n"
        "said.\n\n"
        "Example:\n"
        "  kubectl pinnace rollback web -n production --reason 'the checkout is slow' --wait\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
