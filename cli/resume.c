/* SPDX-License-Identifier: Apache-2.0 */
/* resume: a Track goes on by itself after a rollback or a suspension. */
#include "saying.h"

#include "pinnace/banned.h"

static const struct cli_option options[] = {
    CLUSTER_OPTION_ROWS, SAYING_OPTION_ROWS, SAYING_REASON_ROW, {0}};

static int decide(struct saying *saying, void *context)
{
    const struct trackspec *spec = saying->seen.spec;
    const struct trackbook *book = saying->seen.book;
    bool stands = spec->hold.said || spec->suspend || book->stopped.len;
    (void)context;
    if (spec->hold.said) {
        buf_add(&saying->notes, STR("It was held at "));
        buf_add(&saying->notes, digest_short(spec->hold.digest));
        if (spec->hold.by.len)
            buf_addf(&saying->notes, " by %.*s", STR_FMT(spec->hold.by));
        if (spec->hold.reason.len)
            buf_addf(&saying->notes, ": %.*s", STR_FMT(spec->hold.reason));
        buf_add(&saying->notes, STR(".\n"));
    }
    if (book->stopped.len)
        buf_addf(&saying->notes, "It had stopped: %.*s.\n", STR_FMT(book->stopped));
    if (stands || book->conditions[TRACK_DRIFTED].status == CONDITION_TRUE)
        return EXIT_CLEAN;
    buf_addf(&saying->notes,
             "Track %s is neither held nor suspended, nor has it stopped: nothing was changed.\n",
             saying->track);
    return SAYING_NOTHING;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct saying saying = SAYING_INIT(verb, &arena, WISH_RESUME);
    saying.decide = decide;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (saying_take(&saying, &args, found) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    return saying_run(&saying, NULL);
}

const struct cli_verb verb_resume = {
    .name = "resume",
    .arguments = "TRACK [-n NAMESPACE]",
    .summary = "Lets a Track move by itself again, after a rollback or a suspension.",
    .details = "Takes spec.hold and spec.suspend away, and settles what another hand did. What the "
               "Track follows is then rolled out as\n"
               "soon as it may be; bytes that failed stay shut out until they are approved.\n\n"
               "Example:\n"
               "  kubectl pinnace resume web -n production --wait\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
