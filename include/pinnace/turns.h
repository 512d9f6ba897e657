/* SPDX-License-Identifier: Apache-2.0 */
/* turns: so many may do something at a time; the others stand in line, in the order in which they came. */
#ifndef PINNACE_TURNS_H
#define PINNACE_TURNS_H

#include <stdbool.h>

struct turn {
    void *owner;
    struct turn *next;
    bool waits, has;
};

struct turns {
    unsigned most, taken;
    struct turn *first, *last;
};

/* True when it has its turn; else it is in line for it. */
bool turns_take(struct turns *turns, struct turn *turn);

/* Neither has its turn any more nor waits for it. Returns who has it instead; NULL: nobody. */
struct turn *turns_leave(struct turns *turns, struct turn *turn);

#endif
