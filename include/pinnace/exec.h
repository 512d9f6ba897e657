/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: runs another program and takes what it writes. No shell; it gets no descriptor but the
 * standard ones, and its standard error is ours, so that it can talk to whoever sits there.
 */
#ifndef PINNACE_EXEC_H
#define PINNACE_EXEC_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { EXEC_INPUT_MAX = 4096 }; /* what a pipe takes without a reader */

struct exec_request {
    const char *const *argv; /* argv[0] without a slash is looked for in PATH; ended by NULL */
    const char *const *env;  /* all of it; ended by NULL */
    bool has_stdin;          /* ours; or else it reads input */
    struct str input;        /* at most EXEC_INPUT_MAX bytes */
    size_t output_max;
    int timeout_ms;
};

/* 0 when it ended by itself with exit status 0; the error names it and says what happened. */
int exec_run(const struct exec_request *request, struct arena *arena, struct str *ret_output,
             struct err *err);

#endif
