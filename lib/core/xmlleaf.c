/* SPDX-License-Identifier: Apache-2.0 */
/* xmlleaf: see the header. Elements are closed in the order they were opened, or it is no answer. */
#include "pinnace/xmlleaf.h"

#include "pinnace/buf.h"
#include "pinnace/utf8.h"

#include "pinnace/banned.h"

struct reader {
    struct str rest;
    struct arena *arena;
    const struct str *names;
    size_t count;
    struct str open[XMLLEAF_DEPTH];
    size_t depth;
    struct str found[XMLLEAF_NAMES_MAX];
    const char *text; /* of the element that was opened last; NULL: another ended since */
    const char *problem;
    bool out_of_memory;
};

static void fail(struct reader *reader, const char *problem)
{
    if (!reader->problem)
        reader->problem = problem;
    reader->rest = STR_NONE;
}

/* The index of part in text, or STR_NOT_FOUND. */
static size_t find(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_starts(str_tail(text, i), part))
            return i;
    return STR_NOT_FOUND;
}

/* --- Text -------------------------------------------------------------------------------------- */

static bool add_number(struct buf *out, struct str digits)
{
    char bytes[4];
    uint64_t code = 0;
    bool is_hex = str_starts(digits, STR("x"));
    struct str rest = is_hex ? str_tail(digits, 1) : digits;
    if (rest.len == 0 || rest.len > 7)
        return false;
    for (size_t i = 0; i < rest.len; i++) {
        int value = is_hex || ascii_is_digit(rest.ptr[i]) ? ascii_hex_value(rest.ptr[i]) : -1;
        if (value < 0)
            return false;
        code = code * (is_hex ? 16 : 10) + (uint64_t)value;
    }
    if (code < ' ' || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return false;
    buf_add(out, (struct str){bytes, utf8_encode((uint32_t)code, bytes)});
    return true;
}

static bool add_entity(struct buf *out, struct str name)
{
    static const struct {
        struct str name;
        char c;
    } entities[] = {{STR_INIT("amp"), '&'},
                    {STR_INIT("lt"), '<'},
                    {STR_INIT("gt"), '>'},
                    {STR_INIT("quot"), '"'},
                    {STR_INIT("apos"), '\''}};
    if (str_starts(name, STR("#")))
        return add_number(out, str_tail(name, 1));
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
        if (str_eq(name, entities[i].name)) {
            buf_add_char(out, entities[i].c);
            return true;
        }
    return false;
}

static struct str unescaped(struct reader *reader, struct str text)
{
    struct buf out = BUF_INIT(reader->arena, text.len);
    struct str result = STR_NONE;
    while (text.len) {
        size_t mark = str_find(text, '&');
        buf_add(&out, mark == STR_NOT_FOUND ? text : str_head(text, mark));
        if (mark == STR_NOT_FOUND)
            break;
        text = str_tail(text, mark + 1);
        size_t end = str_find(text, ';');
        if (end == STR_NOT_FOUND || !add_entity(&out, str_head(text, end))) {
            fail(reader, "an entity that is none of XML's own");
            return STR_NONE;
        }
        text = str_tail(text, end + 1);
    }
    if (buf_finish(&out, &result, NULL) < 0)
        reader->out_of_memory = true;
    return result;
}

/* --- Elements ---------------------------------------------------------------------------------- */

static void keep(struct reader *reader, struct str name, struct str text)
{
    size_t colon = str_rfind(name, ':');
    struct str local = colon == STR_NOT_FOUND ? name : str_tail(name, colon + 1);
    for (size_t i = 0; i < reader->count; i++) {
        if (!str_eq(local, reader->names[i]))
            continue;
        if (reader->found[i].ptr)
            fail(reader, "an element that is there twice");
        else
            reader->found[i] = unescaped(reader, str_trimmed(text));
        return;
    }
}

/* What stands between < and >: a name, perhaps attributes, perhaps a slash at its end. */
static struct str name_of(struct str tag)
{
    size_t len = 0;
    while (len < tag.len && !ascii_is_space(tag.ptr[len]) && tag.ptr[len] != '/')
        len++;
    return str_head(tag, len);
}

static void open_element(struct reader *reader, struct str tag)
{
    bool is_empty = str_ends(tag, STR("/"));
    struct str name = name_of(tag);
    if (!name.len) {
        fail(reader, "an element without a name");
    } else if (is_empty) {
        reader->text = NULL;
        keep(reader, name, (struct str){"", 0});
    } else if (reader->depth == XMLLEAF_DEPTH) {
        fail(reader, "more than 16 levels");
    } else {
        reader->open[reader->depth++] = name;
        reader->text = reader->rest.ptr;
    }
}

/* before: where the closing tag begins. */
static void close_element(struct reader *reader, struct str tag, const char *before)
{
    struct str name = str_trimmed(tag);
    if (!reader->depth || !str_eq(name, reader->open[reader->depth - 1])) {
        fail(reader, "an element that is closed without being open");
        return;
    }
    reader->depth--;
    if (reader->text)
        keep(reader, name, str_between(reader->text, before));
    reader->text = NULL;
}

/* The end of a tag: a > within quotes is none. */
static size_t end_of_tag(struct str text)
{
    char quote = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i;
    }
    return STR_NOT_FOUND;
}

/* Comments and the like; the text around them is no leaf's then. */
static bool skip(struct reader *reader, struct str begin, struct str end)
{
    if (!str_starts(reader->rest, begin))
        return false;
    size_t at = find(str_tail(reader->rest, begin.len), end);
    reader->text = NULL;
    if (at == STR_NOT_FOUND)
        fail(reader, "it ends too early");
    else
        reader->rest = str_tail(reader->rest, begin.len + at + end.len);
    return true;
}

static void take_tag(struct reader *reader)
{
    const char *before = reader->rest.ptr;
    if (skip(reader, STR("<!--"), STR("-->")) || skip(reader, STR("<?"), STR("?>")))
        return;
    if (str_starts(reader->rest, STR("<!"))) {
        fail(reader, "a document type, or bytes as they are, which such an answer has no need of");
        return;
    }
    struct str tag = str_tail(reader->rest, 1);
    size_t end = end_of_tag(tag);
    if (end == STR_NOT_FOUND) {
        fail(reader, "it ends too early");
        return;
    }
    reader->rest = str_tail(tag, end + 1);
    tag = str_head(tag, end);
    if (str_starts(tag, STR("/")))
        close_element(reader, str_tail(tag, 1), before);
    else
        open_element(reader, tag);
}

int xml_leaves_read(struct str text, const struct str names[], size_t count, struct arena *arena,
                    struct str ret_texts[], struct err *err)
{
    struct reader reader = {.rest = text, .arena = arena, .names = names, .count = count};
    bool any = false;
    while (reader.rest.len && !reader.out_of_memory) {
        size_t mark = str_find(reader.rest, '<');
        struct str between = str_head(reader.rest, mark == STR_NOT_FOUND ? reader.rest.len : mark);
        if (!reader.depth && str_trimmed(between).len) {
            fail(&reader, "text outside of all elements");
            break;
        }
        reader.rest = str_tail(reader.rest, between.len);
        if (reader.rest.len) {
            any = true;
            take_tag(&reader);
        }
    }
    if (reader.out_of_memory)
        return err_no_memory(err);
    if (reader.problem)
        return err_set(err, ERR_INPUT, "no XML that is understood: %s", reader.problem);
    if (reader.depth || !any)
        return err_set(err, ERR_INPUT, "no XML that is understood: it ends too early");
    memcpy(ret_texts, reader.found, count * sizeof(*ret_texts));
    return 0;
}
