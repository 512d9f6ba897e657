/* SPDX-License-Identifier: Apache-2.0 */
/* scratch: see the header. A thread that ends frees its own. */
#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

#include "pinnace/review.h"

#include "pinnace/banned.h"

enum { KEPT_BYTES = 64 * 1024 }; /* from one request to the next; a large one's goes back */

static pthread_key_t key;

static void free_scratch(void *scratch)
{
    arena_free(scratch);
    free(scratch);
}

int scratch_init(void)
{
    return pthread_key_create(&key, free_scratch) == 0 ? 0 : -1;
}

struct arena *scratch_take(void)
{
    struct arena *arena = pthread_getspecific(key);
    if (arena) {
        arena_reset(arena);
        if (arena->taken > KEPT_BYTES)
            arena_free(arena);
        return arena;
    }
    arena = malloc(sizeof(*arena));
    if (!arena)
        return NULL;
    *arena = ARENA_INIT(REVIEW_MAX_MEMORY);
    if (pthread_setspecific(key, arena) == 0)
        return arena;
    free(arena);
    return NULL;
}
