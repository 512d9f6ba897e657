/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: blocks that double in size. Under AddressSanitizer every allocation gets a block of its
 * own, so that a write past its end is seen and not swallowed by a neighbour.
 */
#include "pinnace/arena.h"

#include <stdlib.h>

#include "pinnace/banned.h"

#if defined(__SANITIZE_ADDRESS__)
#define ONE_BLOCK_EACH true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BLOCK_EACH true
#endif
#endif
#ifndef ONE_BLOCK_EACH
#define ONE_BLOCK_EACH false
#endif

enum {
    ALIGN = 16,
    BLOCK_MIN = 16 * 1024,
    BLOCK_MAX = 1024 * 1024,
};

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(ALIGN) char bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t need)
{
    size_t size = need;
    if (!ONE_BLOCK_EACH) {
        size_t first = arena->first ? arena->first : BLOCK_MIN;
        size_t usual = arena->head ? arena->head->size * 2 : first;
        if (usual > BLOCK_MAX)
            usual = BLOCK_MAX;
        if (size < usual)
            size = usual;
    }
    size_t left = arena->limit - arena->taken;
    if (need > left)
        return NULL;
    if (size > left)
        size = left;
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    *block = (struct arena_block){.next = arena->head, .size = size};
    arena->head = block;
    arena->taken += size;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t need = ONE_BLOCK_EACH ? size : (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct arena_block *block = arena->head;
    if (!block || ONE_BLOCK_EACH || need > block->size - block->used)
        block = add_block(arena, need);
    if (!block)
        return NULL;
    void *at = block->bytes + block->used;
    block->used += need;
    memset(at, 0, size);
    return at;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_alloc(arena, bytes);
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);
    if (!copy)
        return STR_NONE;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

/* Keeps the oldest block: it is the smallest, and most requests fit in it. One odd one does not stay. */
void arena_reset(struct arena *arena)
{
    while (arena->head && arena->head->next) {
        struct arena_block *block = arena->head;
        arena->head = block->next;
        free(block);
    }
    if (arena->head && arena->head->size > BLOCK_MAX) {
        free(arena->head);
        arena->head = NULL;
    }
    arena->taken = arena->head ? arena->head->size : 0;
    if (arena->head)
        arena->head->used = 0;
}

void arena_free(struct arena *arena)
{
    arena_reset(arena);
    free(arena->head);
    arena->head = NULL;
    arena->taken = 0;
}
