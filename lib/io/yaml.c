/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml: libyaml's events become a tree, document by document. The text is checked before libyaml
 * sees it, since its own complaints about bytes have no line, and depth is checked while events
 * come in, since libyaml takes quadratic time to find the end of deep nesting.
 */
#include "pinnace/yaml.h"

#include <yaml.h>

#include "pinnace/buf.h"
#include "pinnace/scan.h"
#include "pinnace/utf8.h"
#include "pinnace/yamltree.h"

#include "pinnace/banned.h"

enum {
    DEPTH_MAX = SCAN_DEPTH,
    DIRECTIVES_MAX = 64,     /* libyaml compares each %TAG with all before it */
    MERGED_MAX = 256 * 1024, /* keys brought by merges */
    JSON_MAX = 32 * 1024 * 1024,
    JSON_PER_INPUT = 16,
    JSON_SPARE = 1024 * 1024,
};

#define PARSER_SCOPED __attribute__((cleanup(yaml_parser_delete)))
#define EVENT_SCOPED __attribute__((cleanup(yaml_event_delete)))

struct reader {
    struct arena *arena;
    struct str text;
    struct yamltree tree;
    struct yamlbudget budget;
    uint32_t open[DEPTH_MAX]; /* the collections around the next node */
    unsigned depth;
    struct yaml_documents documents;
    uint32_t document_capacity;
};

/* A walk over the text that counts lines and columns as libyaml does. */
struct position {
    size_t at;
    uint32_t line, column;
};

static void step(struct str text, struct position *position, uint32_t code, size_t width)
{
    bool carriage =
        code == '\r' && position->at + 1 < text.len && text.ptr[position->at + 1] == '\n';
    bool end = code == '\n' || code == '\r' || code == 0x85 || code == 0x2028 || code == 0x2029;
    position->at += width;
    position->column++;
    if (end && !carriage) {
        position->line++;
        position->column = 1;
    }
}

/* YAML's printable characters, of which libyaml takes all and nothing else. */
static bool is_allowed(uint32_t code)
{
    if (code < 0x20)
        return code == '\t' || code == '\n' || code == '\r';
    if (code < 0xa0)
        return code < 0x7f || code == 0x85;
    return code != 0xfffe && code != 0xffff;
}

/*
 * kubectl ends a document at --- followed by any space Unicode has, libyaml by ASCII's only. What
 * stands before position on its line is ASCII, if it is what is looked for.
 */
static bool behind_separator(struct str text, struct position position)
{
    size_t before = position.column - 1;
    struct str line = {text.ptr + (position.at - before), before};
    if (!str_starts(line, STR("---")))
        return false;
    for (size_t i = 3; i < line.len; i++)
        if (line.ptr[i] != ' ' && line.ptr[i] != '\t')
            return false;
    return true;
}

static const char *problem_of(struct str text, struct position position, uint32_t code,
                              size_t width)
{
    if (width == 0)
        return "the bytes here are not UTF-8";
    if (!is_allowed(code))
        return "a control character cannot stand in YAML; in double quotes it may be written as an "
               "escape";
    if (code == 0xfeff && position.column == 1)
        return "a byte order mark (U+FEFF) stands inside the file; remove it";
    if (code >= 0x80 && behind_separator(text, position))
        return "only a comment may follow ---, and this character is not an ordinary space";
    return NULL;
}

/* How many characters from at on are ASCII, stay on their line and are not the sign %. */
static size_t plain_run(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.ptr[end] >= ' ' && text.ptr[end] < 0x7f && text.ptr[end] != '%')
        end++;
    return end - at;
}

static bool is_utf16(struct str text)
{
    return str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff")) ||
           (text.len >= 2 && (text.ptr[0] == '\0') != (text.ptr[1] == '\0'));
}

static int check_text(struct str text, struct err *err)
{
    unsigned directives = 0;
    if (is_utf16(text))
        return err_set(err, ERR_INPUT, "this is UTF-16; save the file as UTF-8");
    for (struct position position = {0, 1, 1}; position.at < text.len;) {
        size_t plain = plain_run(text, position.at);
        position.at += plain;
        position.column += (uint32_t)plain;
        if (position.at == text.len)
            break;
        uint32_t code = 0;
        size_t width = utf8_decode(str_tail(text, position.at), &code);
        const char *problem = problem_of(text, position, code, width);
        if (problem)
            return err_set(err, ERR_INPUT, "line %u, column %u: %s", (unsigned)position.line,
                           (unsigned)position.column, problem);
        if (code == '%' && position.column == 1 && ++directives > DIRECTIVES_MAX)
            return err_set(err, ERR_LIMIT, "line %u, column 1: more than %d lines begin with %%",
                           (unsigned)position.line, DIRECTIVES_MAX);
        step(text, &position, code, width);
    }
    return 0;
}

/* What libyaml says, and what it means for somebody who writes manifests. */
static const struct hint {
    const char *problem, *sentence;
    bool at_context; /* where it began says more than where it was noticed */
} hints[] = {
    {"mapping values are not allowed in this context",
     "a \": \" stands where no key can be; indent the line like its neighbours, or put a value "
     "that holds \": \" in quotes",
     false},
    {"did not find expected key",
     "a key was expected here; the indentation differs from the lines above, or a quote is not "
     "closed",
     false},
    {"did not find expected '-' indicator",
     "the next \"- \" was expected here; the indentation differs from the items above", false},
    {"could not find expected ':'", "this key has no \":\" behind it", true},
    {"found unexpected end of stream", "the quote that opens here is not closed", true},
    {"found unexpected document indicator", "the quote that opens here is not closed before ---",
     true},
    {"block sequence entries are not allowed in this context",
     "a \"- \" cannot stand here; begin the list on a line of its own", false},
    {"did not find expected ',' or '}'",
     "the { that opens here is not closed, or a comma is missing", true},
    {"did not find expected ',' or ']'",
     "the [ that opens here is not closed, or a comma is missing", true},
    {"did not find expected <document start>",
     "something stands here that belongs to no document; begin a new one with ---", false},
    {"found unknown escape character",
     "in double quotes there is no such escape; write \\\\ for a backslash or use single quotes",
     false},
    {"found undefined tag handle", "this tag's handle is not declared with %TAG", true},
    {"found incompatible YAML document", "only %YAML 1.1 and 1.2 can be read", false},
    {"found unexpected ':'", "a \":\" needs a space behind it here", false},
};

static char char_at(struct str text, size_t index)
{
    struct position position = {0, 1, 1};
    for (uint32_t code; index > 0 && position.at < text.len; index--)
        position.at += utf8_decode(str_tail(text, position.at), &code);
    return position.at < text.len ? text.ptr[position.at] : '\0';
}

static int refuse_at(yaml_mark_t mark, const char *sentence, struct err *err)
{
    return err_set(err, ERR_INPUT, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1,
                   sentence);
}

static int refuse_yaml(const struct reader *reader, const yaml_parser_t *parser, struct err *err)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return err_no_memory(err);
    const char *problem = parser->problem ? parser->problem : "this is not YAML";
    char c = char_at(reader->text, parser->problem_mark.index);
    if (c == '\t')
        return refuse_at(parser->problem_mark, "a tab stands here; YAML is indented with spaces",
                         err);
    if (strcmp(problem, "found character that cannot start any token") == 0)
        return err_set(err, ERR_INPUT,
                       "line %zu, column %zu: a value cannot begin with \"%c\"; put it in quotes",
                       parser->problem_mark.line + 1, parser->problem_mark.column + 1, c);
    for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
        if (strcmp(problem, hints[i].problem) == 0)
            return refuse_at(hints[i].at_context && parser->context ? parser->context_mark
                                                                    : parser->problem_mark,
                             hints[i].sentence, err);
    return refuse_at(parser->problem_mark, problem, err);
}

static struct str event_text(const yaml_char_t *text, size_t len)
{
    return (struct str){(const char *)text, len};
}

static struct str event_name(const yaml_char_t *name)
{
    return str_of((const char *)name);
}

static struct yamlnode *add_node(struct reader *reader, enum yamlnode_kind kind, yaml_mark_t mark,
                                 const yaml_char_t *anchor, struct err *err)
{
    if (anchor && yamltree_anchor(&reader->tree, event_name(anchor), err))
        return NULL;
    struct yamlnode *node =
        yamltree_add(&reader->tree, (struct yamlnode){.line = (uint32_t)mark.line + 1,
                                                      .column = (uint32_t)mark.column + 1,
                                                      .kind = (uint8_t)kind});
    if (!node)
        err_no_memory(err);
    return node;
}

static int open_collection(struct reader *reader, enum yamlnode_kind kind, yaml_mark_t mark,
                           const yaml_char_t *anchor, struct err *err)
{
    if (reader->depth == DEPTH_MAX)
        return err_set(err, ERR_LIMIT,
                       "line %zu, column %zu: nested deeper than %d levels; JSON may nest deeper",
                       mark.line + 1, mark.column + 1, DEPTH_MAX);
    reader->open[reader->depth++] = reader->tree.count;
    return add_node(reader, kind, mark, anchor, err) ? 0 : -1;
}

static void close_collection(struct reader *reader)
{
    if (reader->depth > 0)
        reader->tree.nodes[reader->open[--reader->depth]].end = reader->tree.count;
}

static int add_alias(struct reader *reader, const yaml_event_t *event, struct err *err)
{
    struct str name = arena_copy(reader->arena, event_name(event->data.alias.anchor));
    if (!name.ptr)
        return err_no_memory(err);
    struct yamlnode *node = add_node(reader, YAMLNODE_ALIAS, event->start_mark, NULL, err);
    if (!node)
        return -1;
    node->text = name.ptr;
    node->len = (uint32_t)name.len;
    return 0;
}

static int type_scalar(struct reader *reader, const yaml_event_t *event,
                       struct yamlscalar *ret_scalar, struct err *err)
{
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct str value = event_text(event->data.scalar.value, event->data.scalar.length);
    /* kubectl takes the comma of [!a, b] into the tag, and then b for its value. */
    if (plain && value.len == 0 && event->data.scalar.tag)
        return err_set(err, ERR_INPUT, "a tag stands here without a value; write \"\" behind it");
    struct yamlscalar scalar;
    if (yamlscalar_read(reader->arena, event_name(event->data.scalar.tag), plain, value, &scalar,
                        err))
        return -1;
    if (str_find(scalar.text, '\0') != STR_NOT_FOUND)
        return err_set(err, ERR_INPUT, "this string holds a NUL (\\0), which no reader agrees on");
    *ret_scalar = scalar;
    return 0;
}

static int add_scalar(struct reader *reader, const yaml_event_t *event, struct err *err)
{
    struct yamlnode *node =
        add_node(reader, YAMLNODE_SCALAR, event->start_mark, event->data.scalar.anchor, err);
    if (!node)
        return -1;
    struct yamlscalar scalar = {YAMLSCALAR_STRING, STR_NONE};
    if (type_scalar(reader, event, &scalar, err))
        return err && err->kind == ERR_MEMORY ? -1 : yamlnode_prefix(err, node);
    struct str text = scalar.text;
    struct str value = event_text(event->data.scalar.value, event->data.scalar.length);
    if (text.ptr == value.ptr) { /* libyaml's, which ends with the event */
        text = arena_copy(reader->arena, text);
        if (!text.ptr)
            return err_no_memory(err);
    }
    node->text = text.ptr;
    node->len = (uint32_t)text.len;
    node->type = (uint8_t)scalar.type;
    node->merges = str_eq(value, STR("<<")) &&
                   (event->data.scalar.plain_implicit ||
                    str_eq(event_name(event->data.scalar.tag), STR("tag:yaml.org,2002:merge")));
    return 0;
}

static void begin_document(struct reader *reader)
{
    reader->tree.count = 0;
    reader->tree.anchor_count = 0;
    reader->depth = 0;
}

/* kubectl passes over what is empty or null: the comments above a first "---", for one. */
static int finish_document(struct reader *reader, struct err *err)
{
    const struct yamlnode *root = reader->tree.nodes;
    if (reader->tree.count == 0)
        return 0;
    if (root->kind == YAMLNODE_SCALAR && root->type == YAMLSCALAR_NULL)
        return 0;
    if (reader->documents.count == reader->document_capacity) {
        struct yaml_document *more = yamltree_grow(reader->arena, reader->documents.items,
                                                   &reader->document_capacity, sizeof(*more));
        if (!more)
            return err_no_memory(err);
        reader->documents.items = more;
    }
    if (yamltree_json(&reader->tree, &reader->budget,
                      &reader->documents.items[reader->documents.count], err))
        return -1;
    reader->documents.count++;
    return 0;
}

static int take_event(struct reader *reader, const yaml_event_t *event, struct err *err)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        begin_document(reader);
        return 0;
    case YAML_DOCUMENT_END_EVENT:
        return finish_document(reader, err);
    case YAML_ALIAS_EVENT:
        return add_alias(reader, event, err);
    case YAML_SCALAR_EVENT:
        return add_scalar(reader, event, err);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(reader, YAMLNODE_SEQUENCE, event->start_mark,
                               event->data.sequence_start.anchor, err);
    case YAML_MAPPING_START_EVENT:
        return open_collection(reader, YAMLNODE_MAPPING, event->start_mark,
                               event->data.mapping_start.anchor, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_collection(reader);
        return 0;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        break;
    }
    return 0;
}

static int take_events(struct reader *reader, yaml_parser_t *parser, struct err *err)
{
    for (bool end = false; !end;) {
        yaml_event_t event EVENT_SCOPED = {0};
        if (!yaml_parser_parse(parser, &event))
            return refuse_yaml(reader, parser, err);
        if (take_event(reader, &event, err))
            return -1;
        end = event.type == YAML_STREAM_END_EVENT;
    }
    return 0;
}

static struct yamlbudget budget_for(struct str text)
{
    size_t json = text.len * JSON_PER_INPUT + JSON_SPARE;
    return (struct yamlbudget){json < JSON_MAX ? json : JSON_MAX, MERGED_MAX};
}

int yaml_read(struct arena *arena, struct str text, struct yaml_documents *ret_documents,
              struct err *err)
{
    if (text.len > YAML_INPUT_MAX)
        return err_set(err, ERR_LIMIT, "larger than the %d MiB that are read",
                       YAML_INPUT_MAX / (1024 * 1024));
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_tail(text, 3);
    if (check_text(text, err))
        return -1;
    struct reader reader = {.arena = arena, .text = text, .budget = budget_for(text)};
    reader.tree.arena = arena;
    yaml_parser_t parser PARSER_SCOPED = {0};
    if (!yaml_parser_initialize(&parser))
        return err_no_memory(err);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    const char *begin = text.len ? text.ptr : "";
    yaml_parser_set_input_string(&parser, (const unsigned char *)begin, text.len);
    if (take_events(&reader, &parser, err))
        return -1;
    *ret_documents = reader.documents;
    return 0;
}
