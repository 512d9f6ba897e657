/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmdline: the command line of a program that has options and nothing else: help and version on
 * standard output, what cannot be meant on standard error.
 */
#ifndef PINNACE_CMDLINE_H
#define PINNACE_CMDLINE_H

#include <getopt.h>
#include <stdbool.h>

enum cmdline_result {
    CMDLINE_RUN,
    CMDLINE_DONE, /* help or version was asked for and printed */
    CMDLINE_BAD,  /* told on standard error */
};

/* What an option is known by in the table, if it has no letter. */
enum {
    CMDLINE_HELP = 256, /* no letter has such a number */
    CMDLINE_VERSION,
    CMDLINE_OWN, /* the program's own begin here */
};

struct cmdline {
    const char *program, *version, *help;
    const char *letters;        /* as getopt has them: "n:" */
    const struct option *table; /* help and version among them */
    /* Takes an option; CMDLINE_BAD when its value cannot be meant, which it has told. */
    enum cmdline_result (*take)(void *context, int id, const char *value);
};

/* Values are parts of argv. */
enum cmdline_result cmdline_read(const struct cmdline *cmdline, int argc, char **argv,
                                 void *context);

/* Says what is wrong, and where help is; returns CMDLINE_BAD. */
enum cmdline_result cmdline_complain(const struct cmdline *cmdline, const char *what,
                                     const char *which);

#endif
