/* SPDX-License-Identifier: Apache-2.0 */
/* cmdline: see the header. */
#include "pinnace/cmdline.h"

#include <stdio.h>
#include <string.h>

#include "pinnace/banned.h"

enum cmdline_result cmdline_complain(const struct cmdline *cmdline, const char *what,
                                     const char *which)
{
    fprintf(stderr, "%s: error: %s%s\nSee '%s --help'.\n", cmdline->program, what, which,
            cmdline->program);
    return CMDLINE_BAD;
}

/* A letter may stand amid others, which getopt has not passed yet; so it is not the last argument. */
static enum cmdline_result complain_of_option(const struct cmdline *cmdline, const char *last)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    bool unknown = optopt > 0 && optopt < CMDLINE_HELP && !strchr(cmdline->letters, optopt);
    return cmdline_complain(cmdline, "there is no such option, or a value is missing or too much: ",
                            unknown ? letter : last);
}

enum cmdline_result cmdline_read(const struct cmdline *cmdline, int argc, char **argv,
                                 void *context)
{
    opterr = 0; /* told in our own words */
    for (int id; (id = getopt_long(argc, argv, cmdline->letters, cmdline->table, NULL)) != -1;) {
        if (id == '?')
            return complain_of_option(cmdline, argv[optind - 1]);
        if (id == CMDLINE_HELP || id == CMDLINE_VERSION) {
            if (id == CMDLINE_HELP)
                fputs(cmdline->help, stdout);
            else
                printf("pinnace %s\n", cmdline->version);
            return CMDLINE_DONE;
        }
        if (cmdline->take(context, id, optarg) != CMDLINE_RUN)
            return CMDLINE_BAD;
    }
    if (optind < argc)
        return cmdline_complain(cmdline, "options only are expected, not ", argv[optind]);
    return CMDLINE_RUN;
}
