/* SPDX-License-Identifier: Apache-2.0 */
/* review: the answer that the webhook would give to an AdmissionReview. */
#include "pinnace/objectreview.h"

#include "cli.h"

#include "pinnace/file.h"
#include "pinnace/load.h"
#include "pinnace/trackapply.h"

#include "pinnace/banned.h"

enum { OPTION_PATH, OPTION_POLICY, OPTION_LEDGER };

static const struct cli_option options[] = {
    [OPTION_PATH] =
        {'\0', "path", "PATH",
         "/enforce/tagged /enforce/pinned /enforce/released "
         "/enforce/unknown /warn/tagged /warn/pinned "
         "/warn/released /audit/tagged /audit/pinned "
         "/audit/released /namespaces /pinpolicies /exemptions",
         "where the webhook is asked: /MODE/LEVEL (default /enforce/pinned), or one of the others"},
    [OPTION_POLICY] = {'\0', "policy", "FILE", "FILE", "PinPolicy and Exemptions to judge by"},
    [OPTION_LEDGER] = {'\0', "ledger", "FILE", "FILE", "Tracks (and ReplicaSets) to judge by"},
    {0},
};

struct request {
    const char *policy_file, *ledger_file;
    struct review_path path;
};

static int read_request(struct cli_args *args, struct request *request)
{
    const char *path = "/enforce/pinned";
    for (int found; (found = cli_next(args)) != CLI_END;) {
        if (found == OPTION_PATH)
            path = args->value;
        else if (found == OPTION_POLICY)
            request->policy_file = args->value;
        else if (found == OPTION_LEDGER)
            request->ledger_file = args->value;
        else if (found == CLI_OPERAND)
            return cli_usage_error(args->verb, "the review is read from standard input, not \"%s\"",
                                   args->value);
        else
            return EXIT_BAD_INPUT;
    }
    if (!review_path_parse(str_of(path), &request->path))
        return cli_usage_error(args->verb, "no webhook answers at \"%s\"; it is " REVIEW_PATHS,
                               path);
    return EXIT_CLEAN;
}

static int answer(const struct request *request, struct arena *arena, struct str *ret_answer,
                  struct err *err)
{
    struct policy policy;
    struct ledger ledger = {0};
    struct review review;
    struct review_outcome outcome;
    size_t replaced;
    bool allowed;
    struct str text;
    struct review_context context = {.path = request->path,
                                     .policy = &policy,
                                     .ledger = request->ledger_file ? &ledger : NULL,
                                     .now = clock_now()};
    if (load_policy(request->policy_file, arena, &policy, err) < 0 ||
        load_ledger(request->ledger_file, arena, &ledger, err) < 0 ||
        random_key(&context.key, err) < 0 ||
        file_read("-", REVIEW_MAX_BYTES, arena, &text, err) < 0)
        return -1;
    if (review_decode(text, arena, &review, err) < 0)
        return err_prefix(err, "not an AdmissionReview that can be answered: ");
    if (request->path.subject == SUBJECT_PODS)
        return review_answer(&review, &context, arena, &outcome, ret_answer, err);
    if (request->path.subject == SUBJECT_TRACKED_APPLY)
        return trackapply_answer(&review, context.ledger, arena, &replaced, ret_answer, err);
    return objectreview_answer(&review, &context, NULL, arena, &allowed, ret_answer, err);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(1u << 30);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct request request = {0};
    struct str text;
    struct err err;
    int code = read_request(&args, &request);
    if (code != EXIT_CLEAN)
        return code;
    if (answer(&request, &arena, &text, &err) < 0)
        return cli_error("%s", err.text);
    struct buf out = BUF_INIT(&arena, text.len + 1);
    buf_add(&out, text);
    buf_add_char(&out, '\n');
    return cli_finish(&out, EXIT_CLEAN);
}

const struct cli_verb verb_review = {
    .name = "review",
    .arguments = "[--path /MODE/LEVEL] [--policy FILE] [--ledger FILE] < AdmissionReview.json",
    .summary = "Answers an AdmissionReview as the webhook would.",
    .details =
        "Reads one AdmissionReview (admission.k8s.io/v1) and prints the answer as JSON. Exit\n"
        "status 0 whatever the verdict, 2 for what is not a review.\n\n"
        "Example:\n  kubectl pinnace review --path /enforce/pinned < review.json\n",
    .options = options,
    .run = run,
};
