/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: memory with one owner and one end: a request, a file, a snapshot. Nothing in it is freed
 * alone. Every arena has a ceiling, so that what an outsider sends can never take more.
 */
#ifndef PINNACE_ARENA_H
#define PINNACE_ARENA_H

#include "pinnace/str.h"

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t taken; /* bytes asked of malloc so far */
    size_t limit;
    size_t first; /* the size of its first block; 0: the usual one */
};

#define ARENA_INIT(ceiling) ((struct arena){.limit = (ceiling)})
/* For what stands about by the thousand, and mostly has a few strings. */
#define ARENA_SMALL_INIT(ceiling) ((struct arena){.limit = (ceiling), .first = 1024})

/* Zeroed and aligned for any type; NULL when the ceiling or malloc says no. size 0 is allowed. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same for count things of a size; NULL too when the product overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
/* A copy with a NUL behind it (not counted in len); .ptr is NULL on failure. */
struct str arena_copy(struct arena *arena, struct str s);

/* Gives everything back but one block of the usual size, for the next request of the thread. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))

/* struct arena a ARENA_SCOPED = ARENA_INIT(…): freed when the scope is left. */
#define ARENA_SCOPED __attribute__((cleanup(arena_free)))

#endif
