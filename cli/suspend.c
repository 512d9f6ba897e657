/* SPDX-License-Identifier: Apache-2.0 */
/* suspend: a Track does nothing by itself until it is resumed. */
#include "saying.h"

#include "pinnace/banned.h"

static const struct cli_option options[] = {CLUSTER_OPTION_ROWS, SAYING_OPTION_ROWS, {0}};

static int decide(struct saying *saying, void *context)
{
    (void)context;
    if (!saying->seen.spec->suspend)
        return EXIT_CLEAN;
    buf_addf(&saying->notes, "Track %s is suspended already: nothing was changed.\n",
             saying->track);
    return SAYING_NOTHING;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct saying saying = SAYING_INIT(verb, &arena, WISH_SUSPEND);
    saying.decide = decide;
    for (int found; (found = cli_next(&args)) != CLI_END;)
        if (saying_take(&saying, &args, found) != EXIT_CLEAN)
            return EXIT_BAD_INPUT;
    return saying_run(&saying, NULL);
}

const struct cli_verb verb_suspend = {
    .name = "suspend",
    .arguments = "TRACK [-n NAMESPACE]",
    .summary = "Keeps a Track from moving by itself.",
    .details =
        "What runs goes on running, and a rollout that is under way is followed to its end;\n"
        "nothing new begins until 'kubectl pinnace resume'. To go back to earlier bytes and\n"
        "stay there, use 'rollback'.\n\n"
        "Example:\n"
        "  kubectl pinnace suspend web -n production\n",
    .options = options,
    .operand = CLI_COMPLETES_TRACK,
    .run = run,
};
