/* SPDX-License-Identifier: Apache-2.0 */
/* yamlwrite: see the header. Whatever a reader could take for something else is quoted, as JSON is. */
#include "pinnace/yamlwrite.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { INDENT = 2 };

struct writer {
    struct buf *buf;
    struct scan *scan;
};

/* Where a value stands: after "key:", after "- ", or alone. */
enum place { PLACE_TOP, PLACE_KEY, PLACE_DASH };

static void write_value(const struct writer *writer, size_t depth, enum place place);

static bool is_word_char(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/' ||
           c == '@' || c == ':';
}

/* A reader of YAML 1.1 takes these for other than strings. */
static bool is_reserved(struct str s)
{
    static const struct str words[] = {STR_INIT("y"),    STR_INIT("n"),     STR_INIT("yes"),
                                       STR_INIT("no"),   STR_INIT("on"),    STR_INIT("off"),
                                       STR_INIT("true"), STR_INIT("false"), STR_INIT("null")};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_eq_nocase(s, words[i]))
            return true;
    return false;
}

static bool is_plain(struct str s)
{
    if (!s.len || !(ascii_is_alpha(s.ptr[0]) || s.ptr[0] == '_' || s.ptr[0] == '/') ||
        s.ptr[s.len - 1] == ':' || is_reserved(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_word_char(s.ptr[i]))
            return false;
    return true;
}

static void write_string(const struct writer *writer, struct str s)
{
    struct json_writer json = {.buf = writer->buf};
    if (is_plain(s))
        buf_add(writer->buf, s);
    else
        json_string(&json, s);
}

static void begin_line(const struct writer *writer, size_t depth)
{
    for (size_t i = 0; i < depth * INDENT; i++)
        buf_add_char(writer->buf, ' ');
}

static void write_object(const struct writer *writer, size_t depth, enum place place)
{
    struct scan_members members = scan_object(writer->scan);
    struct str key;
    bool first = true;
    while (scan_any_member(writer->scan, &members, &key)) {
        if (first && place == PLACE_KEY)
            buf_add_char(writer->buf, '\n');
        if (!(first && place == PLACE_DASH))
            begin_line(writer, depth);
        first = false;
        write_string(writer, key);
        buf_add_char(writer->buf, ':');
        write_value(writer, depth + 1, PLACE_KEY);
    }
    if (first)
        buf_add(writer->buf, place == PLACE_KEY ? STR(" {}\n") : STR("{}\n"));
}

/* A list stands as far left as its key. */
static void write_array(const struct writer *writer, size_t depth, enum place place)
{
    struct scan_elements elements = scan_array(writer->scan);
    size_t left = place == PLACE_KEY ? depth - 1 : depth;
    bool first = true;
    while (scan_element(writer->scan, &elements)) {
        if (first && place == PLACE_KEY)
            buf_add_char(writer->buf, '\n');
        if (!(first && place == PLACE_DASH))
            begin_line(writer, left);
        first = false;
        buf_add(writer->buf, STR("- "));
        write_value(writer, left + 1, PLACE_DASH);
    }
    if (first)
        buf_add(writer->buf, place == PLACE_KEY ? STR(" []\n") : STR("[]\n"));
}

static void write_value(const struct writer *writer, size_t depth, enum place place)
{
    enum scan_type type = scan_peek(writer->scan);
    if (type == SCAN_OBJECT) {
        write_object(writer, depth, place);
        return;
    }
    if (type == SCAN_ARRAY) {
        write_array(writer, depth, place);
        return;
    }
    if (place == PLACE_KEY)
        buf_add_char(writer->buf, ' ');
    if (type == SCAN_STRING)
        write_string(writer, scan_string(writer->scan));
    else
        buf_add(writer->buf,
                scan_value(writer->scan)); /* a number, true, false, null: as in YAML */
    buf_add_char(writer->buf, '\n');
}

int buf_add_yaml(struct buf *buf, struct str json, struct arena *arena, struct err *err)
{
    struct scan scan;
    const struct writer writer = {buf, &scan};
    scan_begin(&scan, json, arena);
    write_value(&writer, 0, PLACE_TOP);
    return scan_finish(&scan, err);
}
