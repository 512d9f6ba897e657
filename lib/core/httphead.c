/* SPDX-License-Identifier: Apache-2.0 */
/* httphead: see the header. */
#include "pinnace/httphead.h"

#include "pinnace/banned.h"

void http_head_add(struct http_head *head, struct str name, struct str value)
{
    if (str_eq_nocase(name, STR("Host"))) {
        head->hosts++;
    } else if (str_eq_nocase(name, STR("Content-Length"))) {
        head->lengths++;
        head->length = value;
    } else if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
        head->encodings++;
        head->encoding = value;
    } else if (str_eq_nocase(name, STR("Content-Type"))) {
        head->types++;
        head->type = value;
    }
}

static bool is_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.ptr[i]))
            return false;
    return text.len > 0;
}

const char *http_head_fault(const struct http_head *head)
{
    if (head->lengths && head->encodings)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (head->lengths > 1)
        return "there is more than one Content-Length";
    if (head->lengths && !is_number(head->length))
        return "Content-Length is not a number";
    if (head->encodings > 1 || (head->encodings && !str_eq_nocase(head->encoding, STR("chunked"))))
        return "no Transfer-Encoding but chunked is understood";
    if (head->encodings && head->version_1_0)
        return "HTTP/1.0 has no Transfer-Encoding";
    if (head->hosts > 1 || (head->hosts == 0 && !head->version_1_0))
        return "exactly one Host is needed";
    if (head->types > 1)
        return "there is more than one Content-Type";
    return NULL;
}

uint64_t http_head_length(const struct http_head *head)
{
    uint64_t length = 0;
    for (size_t i = 0; i < head->length.len; i++) {
        uint64_t digit = (uint64_t)(head->length.ptr[i] - '0');
        if (__builtin_mul_overflow(length, 10, &length) ||
            __builtin_add_overflow(length, digit, &length))
            return UINT64_MAX;
    }
    return length;
}

bool http_type_is(struct str header, struct str type)
{
    size_t end = str_find(header, ';');
    return str_eq_nocase(str_trimmed(end == STR_NOT_FOUND ? header : str_head(header, end)), type);
}
