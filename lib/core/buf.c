/* SPDX-License-Identifier: Apache-2.0 */
/* buf: see the header. */
#include "pinnace/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "pinnace/utf8.h"

#include "pinnace/banned.h"

/* Makes room for more bytes and a NUL behind them. */
static bool reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more < buf->cap - buf->len)
        return true;
    if (more > buf->limit - buf->len)
        goto fail;
    size_t cap = buf->cap ? buf->cap * 2 : 256;
    if (cap < buf->len + more + 1)
        cap = buf->len + more + 1;
    if (cap > buf->limit + 1)
        cap = buf->limit + 1;
    char *bigger = arena_alloc(buf->arena, cap);
    if (!bigger)
        goto fail;
    if (buf->len)
        memcpy(bigger, buf->ptr, buf->len);
    buf->ptr = bigger;
    buf->cap = cap;
    return true;
fail:
    buf->failed = true;
    return false;
}

void buf_add(struct buf *buf, struct str s)
{
    if (!reserve(buf, s.len))
        return;
    if (s.len)
        memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, (struct str){&c, 1});
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[256];
    int len = vsnprintf(small, sizeof(small), format, args);
    if (len >= 0 && (size_t)len < sizeof(small)) {
        buf_add(buf, (struct str){small, (size_t)len});
    } else if (len >= 0 && reserve(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

int buf_finish(struct buf *buf, struct str *ret_text, struct err *err)
{
    if (!reserve(buf, 0))
        return err_no_memory(err);
    buf->ptr[buf->len] = '\0';
    *ret_text = (struct str){buf->ptr, buf->len};
    return 0;
}

void buf_add_quoted(struct buf *buf, struct str s, size_t max)
{
    buf_add_char(buf, '"');
    size_t end = buf->len + max;
    for (size_t i = 0; i < s.len;) {
        if (buf->len >= end) {
            buf_add(buf, STR("..."));
            break;
        }
        char c = s.ptr[i];
        uint32_t code;
        size_t width = utf8_decode(str_tail(s, i), &code);
        if (c == '"' || c == '\\')
            buf_addf(buf, "\\%c", c);
        else if (c >= ' ' && c < 0x7f)
            buf_add_char(buf, c);
        else if (c == '\n')
            buf_add(buf, STR("\\n"));
        else if (width == 0)
            buf_addf(buf, "<byte %02X>", (unsigned char)c);
        else
            buf_addf(buf, "<U+%04X>", (unsigned)code);
        i += width ? width : 1;
    }
    buf_add_char(buf, '"');
}
