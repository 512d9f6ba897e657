/* SPDX-License-Identifier: Apache-2.0 */
/* jsonwrite: see the header. */
#include "pinnace/jsonwrite.h"

#include <inttypes.h>

#include "pinnace/utf8.h"

#include "pinnace/banned.h"

static void begin_value(struct json_writer *writer)
{
    if (writer->comma)
        buf_add_char(writer->buf, ',');
    writer->comma = true;
}

void json_open(struct json_writer *writer, char bracket)
{
    begin_value(writer);
    buf_add_char(writer->buf, bracket);
    writer->comma = false;
}

void json_close(struct json_writer *writer, char bracket)
{
    buf_add_char(writer->buf, bracket);
    writer->comma = true;
}

static void add_escaped(struct buf *buf, char c)
{
    if (c == '"' || c == '\\')
        buf_addf(buf, "\\%c", c);
    else if (c == '\n')
        buf_add(buf, STR("\\n"));
    else if (c == '\t')
        buf_add(buf, STR("\\t"));
    else
        buf_addf(buf, "\\u%04x", (unsigned char)c);
}

/* How much of s from i on needs no escape; *ret_width is 0 when it ends before bytes not UTF-8. */
static size_t plain_run(struct str s, size_t i, size_t *ret_width)
{
    size_t width = 1;
    uint32_t code;
    while (i < s.len) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < ' ' || c == '"' || c == '\\')
            break;
        width = c < 0x80 ? 1 : utf8_decode(str_tail(s, i), &code);
        if (width == 0)
            break;
        i += width;
    }
    *ret_width = width;
    return i;
}

static void add_string(struct buf *buf, struct str s)
{
    buf_add_char(buf, '"');
    for (size_t i = 0; i < s.len;) {
        size_t width, run = plain_run(s, i, &width);
        buf_add(buf, str_between(s.ptr + i, s.ptr + run));
        if (run < s.len && width == 0)
            buf_add(buf, STR("\xef\xbf\xbd"));
        else if (run < s.len)
            add_escaped(buf, s.ptr[run]);
        i = run + (run < s.len);
    }
    buf_add_char(buf, '"');
}

void json_key(struct json_writer *writer, const char *key)
{
    begin_value(writer);
    add_string(writer->buf, str_of(key));
    buf_add_char(writer->buf, ':');
    writer->comma = false;
}

void json_string(struct json_writer *writer, struct str value)
{
    begin_value(writer);
    add_string(writer->buf, value);
}

void json_number(struct json_writer *writer, int64_t value)
{
    begin_value(writer);
    buf_addf(writer->buf, "%" PRId64, value);
}

void json_bool(struct json_writer *writer, bool value)
{
    begin_value(writer);
    buf_add(writer->buf, value ? STR("true") : STR("false"));
}

void json_null(struct json_writer *writer)
{
    begin_value(writer);
    buf_add(writer->buf, STR("null"));
}

void json_member(struct json_writer *writer, const char *key, struct str value)
{
    json_key(writer, key);
    json_string(writer, value);
}
