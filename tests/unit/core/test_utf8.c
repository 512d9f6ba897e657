/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/utf8.h"

#include "pinnace/banned.h"

/* Well-formed sequences, row by row as the Unicode standard lists them (table 3-7). */
static const struct {
    unsigned char low[4], high[4];
    size_t len;
} well_formed[] = {
    {{0x00}, {0x7f}, 1},
    {{0xc2, 0x80}, {0xdf, 0xbf}, 2},
    {{0xe0, 0xa0, 0x80}, {0xe0, 0xbf, 0xbf}, 3},
    {{0xe1, 0x80, 0x80}, {0xec, 0xbf, 0xbf}, 3},
    {{0xed, 0x80, 0x80}, {0xed, 0x9f, 0xbf}, 3},
    {{0xee, 0x80, 0x80}, {0xef, 0xbf, 0xbf}, 3},
    {{0xf0, 0x90, 0x80, 0x80}, {0xf0, 0xbf, 0xbf, 0xbf}, 4},
    {{0xf1, 0x80, 0x80, 0x80}, {0xf3, 0xbf, 0xbf, 0xbf}, 4},
    {{0xf4, 0x80, 0x80, 0x80}, {0xf4, 0x8f, 0xbf, 0xbf}, 4},
};

static bool fits(size_t row, const unsigned char *bytes, size_t len)
{
    if (len < well_formed[row].len)
        return false;
    for (size_t i = 0; i < well_formed[row].len; i++)
        if (bytes[i] < well_formed[row].low[i] || bytes[i] > well_formed[row].high[i])
            return false;
    return true;
}

static size_t expected_length(const unsigned char *bytes, size_t len)
{
    for (size_t row = 0; row < COUNT(well_formed); row++)
        if (fits(row, bytes, len))
            return well_formed[row].len;
    return 0;
}

static void compare_with_table(const unsigned char *bytes, size_t len)
{
    uint32_t code = 0xdead;
    size_t got = utf8_decode((struct str){(const char *)bytes, len}, &code);
    size_t want = expected_length(bytes, len);
    if (got == want && (got > 0) == (code != 0xdead))
        return;
    print_error("%02x %02x %02x %02x, %zu of them: %zu, not %zu\n", bytes[0], bytes[1], bytes[2],
                bytes[3], len, got, want);
    fail();
}

TEST(every_sequence_of_up_to_three_bytes)
{
    for (uint32_t n = 0; n < 1u << 24; n++) {
        unsigned char bytes[4] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                  (unsigned char)n, 0};
        if ((n & 0xffff) == 0)
            compare_with_table(bytes, 1);
        if ((n & 0xff) == 0)
            compare_with_table(bytes, 2);
        if (bytes[0] >= 0xe0)
            compare_with_table(bytes, 3);
    }
}

/* All leading bytes of four, with every value of each other byte at its edges. */
TEST(sequences_of_four_bytes)
{
    static const unsigned char edges[] = {0x00, 0x22, 0x7f, 0x80, 0x8f,
                                          0x90, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned first = 0xee; first <= 0xff; first++)
        for (unsigned second = 0; second <= 0xff; second++)
            for (size_t third = 0; third < COUNT(edges); third++)
                for (size_t fourth = 0; fourth < COUNT(edges); fourth++) {
                    unsigned char bytes[4] = {(unsigned char)first, (unsigned char)second,
                                              edges[third], edges[fourth]};
                    compare_with_table(bytes, 4);
                }
}

TEST(every_code_point_comes_back)
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        char bytes[4];
        uint32_t back = 0xdead;
        size_t len = utf8_encode(code, bytes);
        size_t want = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        if (len != want || utf8_decode((struct str){bytes, len}, &back) != len || back != code)
            fail_msg("U+%04X became %zu bytes and U+%04X", code, len, back);
        if (len > 1 && utf8_decode((struct str){bytes, len - 1}, &back) != 0)
            fail_msg("U+%04X was read although its last byte is missing", code);
    }
}

TEST(only_the_first_is_read)
{
    uint32_t code = 0;
    assert_int_equal(utf8_decode(STR("ab"), &code), 1);
    assert_int_equal(code, 'a');
    assert_int_equal(utf8_decode(STR("\xc3\xa4\xff"), &code), 2);
    assert_int_equal(code, 0xe4);
    assert_int_equal(utf8_decode(STR("\0x"), &code), 1);
    assert_int_equal(code, 0);
}

TEST(there_is_none_at_the_end)
{
    uint32_t code = 7;
    assert_int_equal(utf8_decode(STR_NONE, &code), 0);
    assert_int_equal(utf8_decode(STR(""), &code), 0);
    assert_int_equal(code, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence_of_up_to_three_bytes),
        cmocka_unit_test(sequences_of_four_bytes),
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(only_the_first_is_read),
        cmocka_unit_test(there_is_none_at_the_end),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
