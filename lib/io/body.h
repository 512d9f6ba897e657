/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body: the bytes of a request as they come, under a ceiling of their own and under one that all
 * requests share. Memory is taken for bytes that came, never for bytes that were promised.
 */
#ifndef PINNACE_IO_BODY_H
#define PINNACE_IO_BODY_H

#include <stdatomic.h>

#include "pinnace/str.h"

enum {
    BODY_FREE_BYTES = 16 * 1024, /* of each request, counted with its connection */
};

struct body_budget {
    size_t max_body;   /* of one request */
    size_t max_bodies; /* of all together; clients that are not proven get half of it */
    atomic_size_t taken;
};

enum body_fault {
    BODY_WHOLE,
    BODY_TOO_LARGE, /* for one request */
    BODY_NO_ROOM,   /* what all share is used up */
};

/* All zero is an empty one. After a fault it takes no more bytes and holds none. */
struct body {
    char *bytes;
    size_t len, room;
    size_t counted; /* of the budget */
    enum body_fault fault;
};

/* expected: the length the head announced, 0 if it did not. */
void body_add(struct body *body, struct body_budget *budget, struct str chunk, uint64_t expected,
              bool proven);
void body_free(struct body *body, struct body_budget *budget);

#endif
