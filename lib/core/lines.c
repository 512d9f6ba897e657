/* SPDX-License-Identifier: Apache-2.0 */
/* lines: see the header. The buffer is its own, not an arena's: streams live for hours. */
#include "pinnace/lines.h"

#include <stdlib.h>

#include "pinnace/banned.h"

enum { USUAL = 16 * 1024 }; /* kept between chunks; what one long line took is given back */

static void drop_consumed(struct lines *lines)
{
    if (lines->begin == 0)
        return;
    lines->len -= lines->begin;
    memmove(lines->bytes, lines->bytes + lines->begin, lines->len);
    lines->searched -= lines->begin;
    lines->begin = 0;
    if (lines->len == 0 && lines->cap > USUAL)
        lines_free(lines);
}

static int make_room(struct lines *lines, size_t need, struct err *err)
{
    size_t cap = lines->cap ? lines->cap : USUAL;
    while (cap < need)
        cap *= 2;
    if (cap == lines->cap)
        return 0;
    char *bigger = realloc(lines->bytes, cap);
    if (!bigger)
        return err_no_memory(err);
    lines->bytes = bigger;
    lines->cap = cap;
    return 0;
}

/* Whether a line that ends in the chunk, or its last one as far as it goes, is too long. */
static bool too_long(const struct lines *lines, struct str chunk)
{
    size_t before = lines->len - lines->begin;
    for (size_t end; (end = str_find(chunk, '\n')) != STR_NOT_FOUND; before = 0) {
        if (before + end > lines->limit)
            return true;
        chunk = str_tail(chunk, end + 1);
    }
    return before + chunk.len > lines->limit;
}

int lines_add(struct lines *lines, struct str chunk, struct err *err)
{
    drop_consumed(lines);
    if (chunk.len == 0)
        return 0;
    if (too_long(lines, chunk))
        return err_set(err, ERR_LIMIT, "a line of more than %zu bytes", lines->limit);
    if (make_room(lines, lines->len + chunk.len, err) < 0)
        return -1;
    memcpy(lines->bytes + lines->len, chunk.ptr, chunk.len);
    lines->len += chunk.len;
    return 0;
}

bool lines_next(struct lines *lines, struct str *ret_line)
{
    if (lines->searched == lines->len)
        return false;
    struct str rest = {lines->bytes + lines->searched, lines->len - lines->searched};
    size_t end = str_find(rest, '\n');
    if (end == STR_NOT_FOUND) {
        lines->searched = lines->len;
        return false;
    }
    end += lines->searched;
    *ret_line = (struct str){lines->bytes + lines->begin, end - lines->begin};
    lines->begin = lines->searched = end + 1;
    return true;
}

void lines_free(struct lines *lines)
{
    free(lines->bytes);
    *lines = LINES_INIT(lines->limit);
}
