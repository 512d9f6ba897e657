/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines: a stream that comes in chunks of any size, handed out line by line. A line longer than
 * the ceiling ends it: whoever sends that is not the one we took him for.
 */
#ifndef PINNACE_LINES_H
#define PINNACE_LINES_H

#include "pinnace/err.h"
#include "pinnace/str.h"

struct lines {
    char *bytes;
    size_t begin, len, cap; /* what is not yet handed out stands from begin to len */
    size_t searched;        /* no line ends before this: long lines are not searched again */
    size_t limit;
};

#define LINES_INIT(ceiling) ((struct lines){.limit = (ceiling)})

int lines_add(struct lines *lines, struct str chunk, struct err *err);

/* The next whole line, without its end; it lives until the next lines_add. */
bool lines_next(struct lines *lines, struct str *ret_line);

/* Forgets half a line, for the next stream, and gives the memory back. */
void lines_free(struct lines *lines);

#endif
