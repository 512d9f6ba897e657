/* SPDX-License-Identifier: Apache-2.0 */
/* bytes: see the header. */
#include "pinnace/bytes.h"

#include <stdlib.h>

#include "pinnace/banned.h"

bool bytes_add(struct bytes *bytes, struct str more)
{
    if (more.len > bytes->limit - bytes->len)
        return false;
    if (more.len > bytes->cap - bytes->len) {
        size_t cap = bytes->cap ? bytes->cap : 4096;
        while (cap < bytes->len + more.len)
            cap *= 2;
        char *bigger = realloc(bytes->ptr, cap);
        if (!bigger)
            return false;
        bytes->ptr = bigger;
        bytes->cap = cap;
    }
    if (more.len)
        memcpy(bytes->ptr + bytes->len, more.ptr, more.len);
    bytes->len += more.len;
    return true;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->ptr);
    *bytes = BYTES_INIT(bytes->limit);
}
