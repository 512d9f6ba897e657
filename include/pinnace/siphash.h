/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siphash: SipHash-2-4 with 128 bits of output (Aumasson and Bernstein). Keyed, so that nobody
 * who sends us objects can make two of them collide or fill one bucket of a table.
 */
#ifndef PINNACE_SIPHASH_H
#define PINNACE_SIPHASH_H

#include "pinnace/str.h"

struct siphash_key {
    uint64_t k0, k1;
};

struct hash128 {
    uint64_t low, high;
};

struct hash128 siphash128(struct siphash_key key, struct str data);

#endif
