/* SPDX-License-Identifier: Apache-2.0 */
/* output: the choice of -o that verbs share which ask a cluster. */
#ifndef PINNACE_CLI_OUTPUT_H
#define PINNACE_CLI_OUTPUT_H

#include "cli.h"

enum output_format { OUTPUT_TEXT, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_YAML, OUTPUT_FORMATS };

/* For the table of options: the verbs have all of them, and wide is text and more. */
#define OUTPUT_CHOICES "text wide json yaml"

/* Reads the value of -o; returns an exit code. */
int output_take(const struct cli_args *args, enum output_format *ret_format);

static inline bool output_is_text(enum output_format format)
{
    return format == OUTPUT_TEXT || format == OUTPUT_WIDE;
}

/* Between what a watch told and what it tells now. */
void output_between(struct buf *out, enum output_format format);

/* What was written as JSON, as JSON or YAML. */
int output_json(struct buf *out, struct buf *json, enum output_format format, struct err *err);

#endif
