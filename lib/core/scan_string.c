/* SPDX-License-Identifier: Apache-2.0 */
/* scan_string: see the header. Most bytes of any object are in strings, so this is the hot loop. */
#include "scan_string.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "pinnace/utf8.h"

#include "pinnace/banned.h"

static inline bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* The first byte from p on that is a quote, a backslash, a control byte or not ASCII. */
static inline const char *plain_end(const char *p, const char *end)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    for (; end - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed: bytes from 0x80 on are negative, so one comparison finds them and controls. */
        __m128i odd = _mm_cmplt_epi8(bytes, space);
        odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, quote));
        odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, backslash));
        int mask = _mm_movemask_epi8(odd);
        if (mask)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    while (p < end && is_plain(*p))
        p++;
    return p;
}

/* The number behind a backslash-u; -1 when there are no four hex digits. */
static int32_t hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int32_t code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = ascii_hex_value(p[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

/* Reads the escape at p (a backslash): its length and what it stands for, or 0 if it is none. */
static size_t read_escape(const char *p, const char *end, uint32_t *ret_code)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2)
        return 0;
    const char *name = p[1] ? strchr(names, p[1]) : NULL;
    if (name) {
        *ret_code = (uint32_t)values[name - names];
        return 2;
    }
    int32_t code = p[1] == 'u' ? hex4(p + 2, end) : -1;
    if (code < 0)
        return 0;
    *ret_code = (uint32_t)code;
    if (code < 0xd800 || code > 0xdfff)
        return 6;
    int32_t low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, end) : -1;
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return 0;
    *ret_code = 0x10000 + (((uint32_t)code - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 12;
}

/* One step over what plain_end stopped at; false when the string cannot go on from there. */
static bool step_over_odd(struct scan *scan, bool *ret_escaped)
{
    const char *p = scan->cur;
    uint32_t code;
    if (p == scan->end) {
        scan_fail_here(scan, "the text ends inside a string");
        return false;
    }
    if (*p == '\\') {
        size_t len = read_escape(p, scan->end, &code);
        if (len > 0 && code == 0 && !scan->passing) /* it is in no name, and would end it in C */
            len = 0;
        if (len == 0)
            scan_fail_here(scan,
                           "an escape that JSON does not have, NUL, or half a surrogate pair");
        *ret_escaped = true;
        scan->cur += len;
        return len > 0;
    }
    size_t len = utf8_decode(str_between(p, scan->end), &code);
    if (len < 2) { /* ASCII here can only be a control byte */
        scan_fail_here(scan,
                       len ? "a control character inside a string" : "bytes that are not UTF-8");
        return false;
    }
    scan->cur += len;
    return true;
}

struct str scan_raw_string(struct scan *scan, bool *ret_escaped)
{
    const char *begin = ++scan->cur;
    *ret_escaped = false;
    for (;;) {
        scan->cur = plain_end(scan->cur, scan->end);
        if (scan->cur < scan->end && *scan->cur == '"')
            return str_between(begin, scan->cur++);
        if (!step_over_odd(scan, ret_escaped))
            return STR_NONE;
    }
}

/* No escape is shorter than its value, so the result fits. */
size_t string_unescape(struct str raw, char *out)
{
    const char *p = raw.ptr, *end = raw.ptr + raw.len;
    size_t len = 0;
    while (p < end) {
        if (*p != '\\') {
            out[len++] = *p++;
            continue;
        }
        uint32_t code = 0;
        p += read_escape(p, end, &code);
        len += utf8_encode(code, out + len);
    }
    return len;
}
