/* SPDX-License-Identifier: Apache-2.0 */
/* base64: see the header. */
#include "pinnace/base64.h"

#include "pinnace/banned.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct decoder {
    char *out;
    size_t len;
    uint32_t bits;
    unsigned digits, padding; /* of the group of four that is being read */
};

/* What is wrong with c here, or NULL. */
static const char *take(struct decoder *decoder, char c)
{
    int value = c == '=' ? 0 : value_of(c);
    if (value < 0)
        return "a character that base64 does not have";
    if (c == '=' ? decoder->digits < 2 : decoder->padding > 0)
        return "\"=\" belongs at its end only";
    decoder->padding += c == '=';
    decoder->bits = decoder->bits << 6 | (uint32_t)value;
    if (++decoder->digits < 4)
        return NULL;
    unsigned bytes = 3 - decoder->padding;
    if (decoder->bits & ((1u << 8 * decoder->padding) - 1))
        return "bits are left over at its end: something is missing there";
    for (unsigned i = 0; i < bytes; i++)
        decoder->out[decoder->len++] = (char)(decoder->bits >> (16 - 8 * i));
    decoder->bits = 0;
    decoder->digits = 0;
    return NULL;
}

int base64_decode(struct str text, struct arena *arena, struct str *ret_bytes, struct err *err)
{
    struct decoder decoder = {.out = arena_alloc(arena, text.len / 4 * 3 + 4)};
    const char *problem = NULL;
    if (!decoder.out)
        return err_no_memory(err);
    for (size_t i = 0; i < text.len && !problem; i++) {
        char c = text.ptr[i];
        if (c == '\n' || c == '\r')
            continue;
        problem = decoder.padding && decoder.digits == 0 ? "something follows its end"
                                                         : take(&decoder, c);
    }
    if (!problem && decoder.digits)
        problem = "its end is missing";
    if (problem)
        return err_set(err, ERR_INPUT, "this is not base64: %s", problem);
    *ret_bytes = (struct str){decoder.out, decoder.len};
    return 0;
}

void buf_add_base64(struct buf *buf, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
        if (left > 1)
            bits |= (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8;
        if (left > 2)
            bits |= (unsigned char)bytes.ptr[i + 2];
        char group[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                         left > 1 ? alphabet[bits >> 6 & 63] : '=',
                         left > 2 ? alphabet[bits & 63] : '='};
        buf_add(buf, (struct str){group, sizeof(group)});
    }
}
