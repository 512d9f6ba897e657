/* SPDX-License-Identifier: Apache-2.0 */
/* sorted: see the header. */
#include "pinnace/sorted.h"

#include "pinnace/banned.h"

bool sorted_find(const void *items, size_t count, sorted_compare *compare, const void *key,
                 size_t *ret_index)
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
