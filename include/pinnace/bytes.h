/* SPDX-License-Identifier: Apache-2.0 */
/* bytes: what comes from outside piece by piece, gathered on the heap up to a ceiling. */
#ifndef PINNACE_BYTES_H
#define PINNACE_BYTES_H

#include "pinnace/str.h"

struct bytes {
    char *ptr;
    size_t len, cap, limit;
};

#define BYTES_INIT(ceiling) ((struct bytes){.limit = (ceiling)})

/* False when it would be more than the ceiling, or memory is out; what was there stays. */
bool bytes_add(struct bytes *bytes, struct str more);
void bytes_free(struct bytes *bytes);

static inline struct str bytes_str(const struct bytes *bytes)
{
    return (struct str){bytes->ptr, bytes->len};
}

#define BYTES_SCOPED __attribute__((cleanup(bytes_free)))

#endif
