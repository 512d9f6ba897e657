/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says how large the chunks are, the second how long a line may be. However a stream
 * is cut, the lines are those that a search for line breaks finds, up to one that is too long.
 */
#include <stdlib.h>

#include "pinnace/lines.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The next line of text by hand; false when there is none that ends. */
static bool expected_line(struct str *text, struct str *ret_line)
{
    size_t end = str_find(*text, '\n');
    if (end == STR_NOT_FOUND)
        return false;
    *ret_line = str_head(*text, end);
    *text = str_tail(*text, end + 1);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t chunk = (size_t)data[0] + 1, limit = data[1];
    struct str text = {(const char *)data + 2, size - 2}, left = text, line, want = STR_NONE;
    struct lines lines = LINES_INIT(limit);
    struct err err = {ERR_NONE, ""};
    int code = 0;
    while (text.len && code == 0) {
        struct str piece = str_head(text, text.len < chunk ? text.len : chunk);
        text = str_tail(text, piece.len);
        code = lines_add(&lines, piece, &err);
        while (code == 0 && lines_next(&lines, &line)) {
            must(expected_line(&left, &want) && str_eq(line, want));
            must(line.len <= limit);
        }
        must(lines.cap <= 2 * (limit + chunk) + 32 * 1024);
    }
    if (code == 0)
        must(!expected_line(&left, &want) && left.len <= limit);
    else
        must(err.kind == ERR_LIMIT);
    lines_free(&lines);
    return 0;
}
