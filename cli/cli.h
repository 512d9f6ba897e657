/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: what the verbs of kubectl-pinnace share. A verb is one file and one row of the table in
 * main.c; its options are data, from which parsing, help and completion are made.
 */
#ifndef PINNACE_CLI_H
#define PINNACE_CLI_H

#include "pinnace/arena.h"
#include "pinnace/buf.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

/* Every verb: 0 all is well, 1 what was looked for was found wanting, 2 it could not be done. */
enum exit_code {
    EXIT_CLEAN = 0,
    EXIT_FINDINGS = 1,
    EXIT_BAD_INPUT = 2,
};

struct cli_option {
    char letter; /* '\0': the long form only */
    const char *name;
    const char *value; /* what the value is called in help; NULL: a flag */
    /* The values there are, separated by spaces; or FILE, CONTEXT, NAMESPACE, or RELEASE (of the Track
     * that is the operand): those there are at the time; or NULL. */
    const char *choices;
    const char *help;
};

/* What completion offers for the first operand, besides files where there is --filename. */
enum cli_operand {
    CLI_COMPLETES_NOTHING,
    CLI_COMPLETES_TRACK,    /* the names of Tracks, as the cluster has them */
    CLI_COMPLETES_WAITING,  /* likewise, and then what may be approved */
    CLI_COMPLETES_WORKLOAD, /* targets of Tracks, as KIND/NAME and NAME */
};

struct cli_verb {
    const char *name;
    const char *arguments;            /* "REF..." in the usage line */
    const char *summary;              /* one line */
    const char *details;              /* paragraphs, an example among them */
    const struct cli_option *options; /* ended by one without a name */
    enum cli_operand operand;
    int (*run)(const struct cli_verb *verb, int argc, char **argv);
};

extern const struct cli_verb verb_check;
extern const struct cli_verb verb_ref;
extern const struct cli_verb verb_review;
extern const struct cli_verb verb_audit;
extern const struct cli_verb verb_break_glass;
extern const struct cli_verb verb_doctor;
extern const struct cli_verb verb_select;
extern const struct cli_verb verb_resolve;
extern const struct cli_verb verb_hook;
extern const struct cli_verb verb_pin;
extern const struct cli_verb verb_status;
extern const struct cli_verb verb_history;
extern const struct cli_verb verb_explain;
extern const struct cli_verb verb_promote;
extern const struct cli_verb verb_approve;
extern const struct cli_verb verb_rollback;
extern const struct cli_verb verb_resume;
extern const struct cli_verb verb_suspend;
extern const struct cli_verb verb_completion;
extern const struct cli_verb verb_version;

/* All verbs, ended by NULL. */
extern const struct cli_verb *const cli_verbs[];

/* Walks the arguments of a verb: options may stand before, between and behind the others. */
struct cli_args {
    const struct cli_verb *verb;
    char **argv;
    int argc, next;
    const char *letters; /* within "-ab" */
    bool only_operands;  /* "--" was seen */
    const char *value;   /* of the option or operand just taken */
};

enum {
    CLI_END = -1,
    CLI_OPERAND = -2,
    CLI_BAD = -3, /* was told on stderr */
};

/* The index of the next option in the verb's table, or one of the above. */
int cli_next(struct cli_args *args);

/* "kubectl-pinnace: error: …" on stderr; returns EXIT_BAD_INPUT. */
__attribute__((format(printf, 1, 2))) int cli_error(const char *format, ...);
/* The same and how the verb is used. */
__attribute__((format(printf, 2, 3))) int cli_usage_error(const struct cli_verb *verb,
                                                          const char *format, ...);

void cli_print_help(const struct cli_verb *verb);

/* Writes the text to stdout; a full disk or a closed pipe is EXIT_BAD_INPUT, else code. */
int cli_finish(struct buf *text, int code);

#endif
