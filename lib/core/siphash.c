/* SPDX-License-Identifier: Apache-2.0 */
/* siphash: see the header. */
#include "pinnace/siphash.h"

#include "pinnace/banned.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void round_once(struct state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    round_once(s);
    round_once(s);
    s->v0 ^= word;
}

static uint64_t squeeze(struct state *s)
{
    for (int i = 0; i < 4; i++)
        round_once(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Little-endian, as the algorithm is defined, whatever the machine; len is at most 8. */
static inline uint64_t load(const char *p, size_t len)
{
    uint64_t word = 0;
    if (len)
        memcpy(&word, p, len);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

struct hash128 siphash128(struct siphash_key key, struct str data)
{
    struct state s = {
        .v0 = 0x736f6d6570736575u ^ key.k0,
        .v1 = 0x646f72616e646f6du ^ key.k1 ^ 0xee,
        .v2 = 0x6c7967656e657261u ^ key.k0,
        .v3 = 0x7465646279746573u ^ key.k1,
    };
    const char *bytes = data.ptr ? data.ptr : "";
    size_t i = 0;
    for (; data.len - i >= 8; i += 8)
        absorb(&s, load(bytes + i, 8));
    absorb(&s, (uint64_t)data.len << 56 | load(bytes + i, data.len - i));
    struct hash128 hash;
    s.v2 ^= 0xee;
    hash.low = squeeze(&s);
    s.v1 ^= 0xdd;
    hash.high = squeeze(&s);
    return hash;
}
