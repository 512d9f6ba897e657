#include "cli.h"
static int run(const struct cli_verb *verb, int argc, char **argv)
{
    (void)verb;
    (void)argc;
    (void)argv;
    return 2;
}
const struct cli_verb verb_completion = {.name = "completion",
                                         .arguments = "",
                                         .summary = "",
                                         .details = "",
                                         .options = (const struct cli_option[]){{0}},
                                         .run = run};
