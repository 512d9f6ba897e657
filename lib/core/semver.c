/* SPDX-License-Identifier: Apache-2.0 */
/* semver: see the header. */
#include "pinnace/semver.h"

#include "pinnace/banned.h"

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_digit(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool has_leading_zero(struct str s)
{
    return s.len > 1 && s.ptr[0] == '0';
}

/* Takes what stands before the first dot off *rest; rest->ptr is NULL after the last part. */
static struct str next_part(struct str *rest)
{
    size_t dot = str_find(*rest, '.');
    struct str part = dot == STR_NOT_FOUND ? *rest : str_head(*rest, dot);
    *rest = dot == STR_NOT_FOUND ? STR_NONE : str_tail(*rest, dot + 1);
    return part;
}

bool semver_identifiers_ok(struct str text, bool pre_release)
{
    do {
        struct str part = next_part(&text);
        if (part.len == 0 || (pre_release && all_digits(part) && has_leading_zero(part)))
            return false;
        for (size_t i = 0; i < part.len; i++)
            if (!ascii_is_digit(part.ptr[i]) && !ascii_is_alpha(part.ptr[i]) && part.ptr[i] != '-')
                return false;
    } while (text.ptr);
    return true;
}

/* Cuts the text at the first of the marks and returns what follows it. */
static bool cut(struct str *text, struct str marks, struct str *ret_tail)
{
    for (size_t i = 0; i < text->len; i++) {
        if (str_find(marks, text->ptr[i]) == STR_NOT_FOUND)
            continue;
        *ret_tail = str_tail(*text, i + 1);
        *text = str_head(*text, i);
        return true;
    }
    return false;
}

struct parts {
    struct str numbers[3], pre, build;
    bool has_v;
};

static bool split(struct str text, struct parts *ret_parts)
{
    struct parts parts = {.has_v = str_starts(text, STR("v"))};
    if (parts.has_v)
        text = str_tail(text, 1);
    if (cut(&text, STR("+_"), &parts.build) && !semver_identifiers_ok(parts.build, false))
        return false;
    if (cut(&text, STR("-"), &parts.pre) && !semver_identifiers_ok(parts.pre, true))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!text.ptr)
            return false;
        parts.numbers[i] = next_part(&text);
        if (!all_digits(parts.numbers[i]) || has_leading_zero(parts.numbers[i]))
            return false;
    }
    *ret_parts = parts;
    return text.ptr == NULL;
}

bool semver_has_form(struct str text)
{
    struct parts parts;
    return split(text, &parts);
}

bool semver_number(struct str digits, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (!all_digits(digits))
        return false;
    for (size_t i = 0; i < digits.len; i++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(digits.ptr[i] - '0'), &number))
            return false;
    *ret_number = number;
    return true;
}

bool semver_parse(struct str text, struct semver *ret_version)
{
    struct parts parts;
    struct semver version;
    if (!split(text, &parts) || !semver_number(parts.numbers[0], &version.major) ||
        !semver_number(parts.numbers[1], &version.minor) ||
        !semver_number(parts.numbers[2], &version.patch))
        return false;
    version.pre = parts.pre;
    version.build = parts.build;
    version.has_v = parts.has_v;
    *ret_version = version;
    return true;
}

static int compare_text(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Numbers without leading zeros: the longer one is larger, so none is too large. */
static int compare_part(struct str a, struct str b)
{
    bool a_number = all_digits(a), b_number = all_digits(b);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number && a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return compare_text(a, b);
}

static int compare_pre(struct str a, struct str b)
{
    if (a.len == 0 || b.len == 0)
        return (a.len == 0) - (b.len == 0);
    while (a.ptr && b.ptr) {
        int order = compare_part(next_part(&a), next_part(&b));
        if (order)
            return order;
    }
    return (a.ptr != NULL) - (b.ptr != NULL);
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    if (a->major != b->major)
        return a->major < b->major ? -1 : 1;
    if (a->minor != b->minor)
        return a->minor < b->minor ? -1 : 1;
    if (a->patch != b->patch)
        return a->patch < b->patch ? -1 : 1;
    return compare_pre(a->pre, b->pre);
}
