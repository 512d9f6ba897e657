/* SPDX-License-Identifier: Apache-2.0 */
/* The published vectors of SipHash-2-4-128, and some of other keys made with OpenSSL's SIPHASH. */
#include "../check.h"

#include "pinnace/siphash.h"

#include "pinnace/banned.h"

static void hex_of(struct hash128 hash, char out[33])
{
    for (int i = 0; i < 16; i++) {
        uint64_t half = i < 8 ? hash.low : hash.high;
        snprintf(out + 2 * i, 3, "%02x", (unsigned)(half >> (8 * (i % 8)) & 0xff));
    }
}

/* Key 00 01 … 0f, input 00 01 … of so many bytes. */
TEST(published_vectors)
{
    static const struct {
        size_t len;
        const char *hash;
    } rows[] = {
        {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
        {2, "8177228da4a45dc7fca38bdef60affe4"},  {3, "9c70b60c5267a94e5f33b6b02985ed51"},
        {4, "f88164c12d9c8faf7d0f6e7c7bcd5579"},  {5, "1368875980776f8854527a07690e9627"},
        {6, "14eeca338b208613485ea0308fd7a15e"},  {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
        {8, "3b62a9ba6258f5610f83e264f31497b4"},  {9, "264499060ad9baabc47f8b02bb6d71ed"},
        {10, "00110dc378146956c95447d3f3d0fbba"}, {11, "0151c568386b6677a2b4dc6f81e5dc18"},
        {12, "d626b266905ef35882634df68532c125"}, {13, "9869e247e9c08b10d029934fc4b952f7"},
        {14, "31fcefac66d7de9c7ec7485fe4494902"}, {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
        {16, "6ee2a4ca67b054bbfd3315bf85230577"}, {17, "473d06e8738db89854c066c47ae47740"},
        {23, "c9d184ddd5a9f5e0cf8ce29a9abf691c"}, {24, "2db479ae78bd50d8882a8a178a6132ad"},
        {25, "8ece5f042d5e447b5051b9eacb8d8f6f"}, {31, "2939b0183223fafc1723de4f52c43d35"},
        {32, "7c3956ca5eeafc3e363e9d556546eb68"}, {63, "5150d1772f50834a503e069a973fbd7c"},
    };
    const struct siphash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    char input[64], hex[33];
    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (char)i;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str copy = exact_copy((struct str){input, rows[i].len});
        hex_of(siphash128(key, copy), hex);
        exact_free(copy);
        CHECK_STR(rows[i].hash, str_of(hex), str_of(rows[i].hash));
    }
}

TEST(other_keys)
{
    TEST_ARENA(arena);
    const struct {
        const char *name;
        struct siphash_key key;
        struct str text;
        const char *hash;
    } rows[] = {
        {"all ones", {UINT64_MAX, UINT64_MAX}, STR("nginx"), "b44bff848e5bf5be62db69771732fee0"},
        {"all zeros", {0, 0}, STR_NONE, "5049d74780a3e07d4202ab47d4cef2f4"},
        {"long text",
         {0x80, 0x0100000000000000u},
         run_of(&arena, 'a', 300),
         "361e0689ebfddc6407461823202b5d89"},
    };
    char hex[33];
    for (size_t i = 0; i < COUNT(rows); i++) {
        hex_of(siphash128(rows[i].key, rows[i].text), hex);
        CHECK_STR(rows[i].name, str_of(hex), str_of(rows[i].hash));
    }
}

/* Bytes that stand anywhere in memory hash alike. */
TEST(alignment_does_not_matter)
{
    const struct siphash_key key = {1, 2};
    char room[128];
    struct hash128 want = siphash128(key, STR("containers[0].image of a pod"));
    for (size_t offset = 0; offset < 17; offset++) {
        memcpy(room + offset, "containers[0].image of a pod", 28);
        struct hash128 got = siphash128(key, (struct str){room + offset, 28});
        assert_true(got.low == want.low && got.high == want.high);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(other_keys),
        cmocka_unit_test(alignment_does_not_matter),
    };
    return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
