/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A head whose framing is found sound has one reading: at most one of the fields that say where
 * the body ends, and that one plain. Each line is a field, "name:value"; a first byte of "0" makes
 * it HTTP/1.0.
 */
#include <stdlib.h>

#include "pinnace/httphead.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* How many fields of the text have the name, and the last one's value. */
static unsigned count(struct str text, struct str name, struct str *ret_value)
{
    unsigned found = 0;
    while (text.len) {
        size_t end = str_find(text, '\n');
        struct str line = end == STR_NOT_FOUND ? text : str_head(text, end);
        text = str_tail(text, line.len + (end != STR_NOT_FOUND));
        size_t colon = str_find(line, ':');
        if (colon == STR_NOT_FOUND || !str_eq_nocase(str_head(line, colon), name))
            continue;
        *ret_value = str_tail(line, colon + 1);
        found++;
    }
    return found;
}

static void read_head(struct str text, struct http_head *head)
{
    while (text.len) {
        size_t end = str_find(text, '\n');
        struct str line = end == STR_NOT_FOUND ? text : str_head(text, end);
        text = str_tail(text, line.len + (end != STR_NOT_FOUND));
        size_t colon = str_find(line, ':');
        if (colon != STR_NOT_FOUND)
            http_head_add(head, str_head(line, colon), str_tail(line, colon + 1));
    }
}

static void check_length(const struct http_head *head, struct str text)
{
    uint64_t length = http_head_length(head), value = 0;
    must(text.len > 0);
    for (size_t i = 0; i < text.len; i++) {
        must(ascii_is_digit(text.ptr[i]));
        if (text.len < 19)
            value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    must(text.len >= 19 || length == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, length = STR_NONE, encoding = STR_NONE, other;
    struct http_head head = {0};
    if (size == 0)
        return 0;
    head.version_1_0 = text.ptr[0] == '0';
    text = str_tail(text, 1);
    read_head(text, &head);
    if (http_head_fault(&head))
        return 0;
    unsigned lengths = count(text, STR("content-length"), &length);
    unsigned encodings = count(text, STR("transfer-encoding"), &encoding);
    must(lengths + encodings <= 1);
    must(encodings == 0 || (str_eq_nocase(encoding, STR("chunked")) && !head.version_1_0));
    must(count(text, STR("host"), &other) <= 1 && count(text, STR("content-type"), &other) <= 1);
    must(head.version_1_0 || count(text, STR("host"), &other) == 1);
    if (lengths)
        check_length(&head, length);
    else
        must(http_head_length(&head) == 0);
    must(
        !http_type_is(head.type, STR("application/json")) ||
        (head.type.len >= 16 && (head.type.len == 16 || count(text, STR("content-type"), &other))));
    return 0;
}
