/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: text that grows in an arena up to a ceiling. An append that does not fit marks the buffer
 * as failed and later appends do nothing, so that a writer checks once, at the end, in buf_finish.
 */
#ifndef PINNACE_BUF_H
#define PINNACE_BUF_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

struct buf {
    struct arena *arena;
    char *ptr;
    size_t len, cap, limit;
    bool failed;
};

#define BUF_INIT(in_arena, ceiling) ((struct buf){.arena = (in_arena), .limit = (ceiling)})

void buf_add(struct buf *buf, struct str s);
void buf_add_char(struct buf *buf, char c);
__attribute__((format(printf, 2, 3))) void buf_addf(struct buf *buf, const char *format, ...);

/* What was written so far, NUL behind it; -1 when an append failed. */
int buf_finish(struct buf *buf, struct str *ret_text, struct err *err);

/*
 * For people: s in double quotes, at most max bytes of it, with everything that is not printable
 * ASCII written out (\n, U+0445), so that a look-alike letter is seen and no message is torn.
 */
void buf_add_quoted(struct buf *buf, struct str s, size_t max);

#endif
