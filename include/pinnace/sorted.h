/* SPDX-License-Identifier: Apache-2.0 */
/* sorted: looks things up in what is kept in order. */
#ifndef PINNACE_SORTED_H
#define PINNACE_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/* How the item at index stands to key: below 0 when it comes before, 0 when it is the one. */
typedef int sorted_compare(const void *items, size_t index, const void *key);

/*
 * Whether there is one; *ret_index is where the first is, or where it would be. Inline, so that the
 * comparison is too, and analysers follow the index.
 */
static inline bool sorted_find(const void *items, size_t count, sorted_compare *compare,
                               const void *key, size_t *ret_index)
{
    size_t low = 0, high = count;
    bool found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(items, middle, key);
        found = found || order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_index = low;
    return found;
}

#endif
