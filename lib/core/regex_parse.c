/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_parse: see the header. By recursive descent, whose depth is bounded, into nodes of a fixed
 * number: a pattern of REGEX_MAX_BYTES makes at most four for each of its bytes.
 */
#include "regex_parse.h"

#include "pinnace/banned.h"

enum { DEPTH_MAX = 32 };

struct parser {
    struct str text;
    size_t at;
    unsigned depth;
    bool no_case;
    struct regex_tree *tree;
    struct regex *regex;
    struct err *err;
};

static int refuse(const struct parser *parser, size_t at, const char *what)
{
    return err_set(parser->err, ERR_INPUT, "the pattern \"%.*s\", column %zu: %s",
                   STR_FMT(parser->text), at + 1, what);
}

static bool at_end(const struct parser *parser)
{
    return parser->at == parser->text.len;
}

static char peek(const struct parser *parser)
{
    return at_end(parser) ? '\0' : parser->text.ptr[parser->at];
}

static bool take(struct parser *parser, struct str word)
{
    if (!str_starts(str_tail(parser->text, parser->at), word))
        return false;
    parser->at += word.len;
    return true;
}

static uint16_t add_node(struct parser *parser, struct regex_node node)
{
    parser->tree->nodes[parser->tree->count] = node;
    return parser->tree->count++;
}

/* --- Sets of characters ------------------------------------------------------------------------ */

static void set_range(struct regex_set *set, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to; c++)
        set->bits[c / 64] |= (uint64_t)1 << (c % 64);
}

static void set_invert(struct regex_set *set)
{
    set->bits[0] = ~set->bits[0];
    set->bits[1] = ~set->bits[1];
}

/* Each letter in both cases, if the pattern does not care. */
static void set_fold(struct regex_set *set)
{
    uint64_t letters = (((uint64_t)1 << 26) - 1) << 1;
    uint64_t upper = set->bits[1] & letters, lower = (set->bits[1] >> 32) & letters;
    set->bits[1] |= (upper | lower) | (upper | lower) << 32;
}

/* The classes \d, \w and \s, and with an upper-case letter all others. */
static bool set_perl(struct regex_set *set, char name)
{
    struct regex_set class = {{0, 0}};
    switch (ascii_lower(name)) {
    case 'd':
        set_range(&class, '0', '9');
        break;
    case 'w':
        set_range(&class, '0', '9');
        set_range(&class, 'A', 'Z');
        set_range(&class, 'a', 'z');
        set_range(&class, '_', '_');
        break;
    case 's':
        set_range(&class, '\t', '\n');
        set_range(&class, '\f', '\r');
        set_range(&class, ' ', ' ');
        break;
    default:
        return false;
    }
    if (name < 'a')
        set_invert(&class);
    set->bits[0] |= class.bits[0];
    set->bits[1] |= class.bits[1];
    return true;
}

/* "[:digit:]" and the like, within brackets. */
static bool take_posix(struct parser *parser, struct regex_set *set)
{
    static const struct {
        const char *name, *ranges; /* pairs of first and last */
    } classes[] = {
        {"alnum", "09AZaz"},   {"alpha", "AZaz"},
        {"blank", "\t\t  "},   {"cntrl", "\x01\x1f\x7f\x7f"},
        {"digit", "09"},       {"graph", "!~"},
        {"lower", "az"},       {"print", " ~"},
        {"punct", "!/:@[`{~"}, {"space", "\t\r  "},
        {"upper", "AZ"},       {"word", "09AZaz__"},
        {"xdigit", "09AFaf"},
    };
    struct str rest = str_tail(parser->text, parser->at);
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        struct str name = str_of(classes[i].name);
        bool inverted = str_starts(rest, STR("[:^"));
        size_t before = inverted ? 3 : 2;
        if (!str_starts(rest, STR("[:")) || !str_starts(str_tail(rest, before), name) ||
            !str_starts(str_tail(rest, before + name.len), STR(":]")))
            continue;
        struct regex_set class = {{0, 0}};
        for (const char *range = classes[i].ranges; *range; range += 2)
            set_range(&class, (unsigned char)range[0], (unsigned char)range[1]);
        if (classes[i].ranges[0] == '\x01')
            set_range(&class, 0, 0);
        if (inverted)
            set_invert(&class);
        set->bits[0] |= class.bits[0];
        set->bits[1] |= class.bits[1];
        parser->at += before + name.len + 2;
        return true;
    }
    return false;
}

/* "[:" alone is a bracket and a colon; with ":]" somewhere behind, a name was meant. */
static bool looks_like_posix(struct str rest)
{
    if (!str_starts(rest, STR("[:")))
        return false;
    for (size_t i = 2; i + 1 < rest.len; i++)
        if (rest.ptr[i] == ':' && rest.ptr[i + 1] == ']')
            return true;
    return false;
}

/* What stands behind a backslash, if it is one character. */
static int take_escaped(struct parser *parser, unsigned *ret_char)
{
    static const char names[] = "aftnrv", values[] = "\a\f\t\n\r\v";
    size_t begin = parser->at - 1;
    if (at_end(parser))
        return refuse(parser, begin, "nothing follows the backslash");
    char c = parser->text.ptr[parser->at++];
    const char *name = strchr(names, c);
    struct str rest = str_tail(parser->text, parser->at);
    if (c == 'x' && rest.len >= 2 && ascii_hex_value(rest.ptr[0]) >= 0 &&
        ascii_hex_value(rest.ptr[1]) >= 0) {
        *ret_char = (unsigned)(ascii_hex_value(rest.ptr[0]) * 16 + ascii_hex_value(rest.ptr[1]));
        parser->at += 2;
        return *ret_char < 128 ? 0 : refuse(parser, begin, "only ASCII can be in a tag");
    }
    if (name) {
        *ret_char = (unsigned char)values[name - names];
        return 0;
    }
    if (ascii_is_alpha(c) || ascii_is_digit(c))
        return refuse(parser, begin, "this escape is not supported; see \\d, \\w, \\s, \\b, \\x2d");
    *ret_char = (unsigned char)c;
    return 0;
}

/* One end of a range within brackets. */
static int take_member(struct parser *parser, unsigned *ret_char)
{
    if (take(parser, STR("\\")))
        return take_escaped(parser, ret_char);
    *ret_char = (unsigned char)parser->text.ptr[parser->at++];
    return 0;
}

static int take_range(struct parser *parser, struct regex_set *set)
{
    size_t begin = parser->at;
    unsigned from = 0, to = 0;
    if (take_member(parser, &from) < 0)
        return -1;
    to = from;
    struct str rest = str_tail(parser->text, parser->at);
    if (rest.len >= 2 && rest.ptr[0] == '-' && rest.ptr[1] != ']') {
        parser->at++;
        if (take_member(parser, &to) < 0)
            return -1;
    }
    if (to < from)
        return refuse(parser, begin, "a range that ends before it begins");
    set_range(set, from, to);
    return 0;
}

static int take_brackets(struct parser *parser, struct regex_set *set)
{
    size_t begin = parser->at - 1;
    bool inverted = take(parser, STR("^"));
    for (bool first = true; first || peek(parser) != ']'; first = false) {
        struct str rest = str_tail(parser->text, parser->at);
        if (at_end(parser))
            return refuse(parser, begin, "the closing ] is missing");
        if (take_posix(parser, set))
            continue;
        if (rest.len >= 2 && rest.ptr[0] == '\\' && set_perl(set, rest.ptr[1]))
            parser->at += 2;
        else if (looks_like_posix(rest))
            return refuse(parser, parser->at, "there is no class of characters of that name");
        else if (take_range(parser, set) < 0)
            return -1;
    }
    parser->at++;
    if (parser->no_case)
        set_fold(set);
    if (inverted)
        set_invert(set);
    return 0;
}

/* --- The tree ---------------------------------------------------------------------------------- */

static int take_choice(struct parser *parser, uint16_t *ret_node);

static int add_set(struct parser *parser, struct regex_set set, uint16_t *ret_node)
{
    uint16_t index = parser->regex->set_count++;
    parser->regex->sets[index] = set;
    *ret_node = add_node(parser, (struct regex_node){.kind = NODE_SET, .set = index});
    return 0;
}

static int add_edge(struct parser *parser, enum regex_do edge, uint16_t *ret_node)
{
    *ret_node = add_node(parser, (struct regex_node){.kind = NODE_EDGE, .edge = edge});
    return 0;
}

/* "?:" or "?P<name>" behind the bracket that opens a group. */
static int take_group_head(struct parser *parser)
{
    size_t begin = parser->at;
    if (!take(parser, STR("?")) || take(parser, STR(":")))
        return 0;
    take(parser, STR("P"));
    if (!take(parser, STR("<")))
        return refuse(parser, begin,
                      "of the groups (?...) only (?:...) and (?P<name>...) are known");
    size_t name = parser->at;
    while (ascii_is_alpha(peek(parser)) || ascii_is_digit(peek(parser)) || peek(parser) == '_')
        parser->at++;
    if (parser->at == name || !take(parser, STR(">")))
        return refuse(parser, begin, "the name of the group is not sound");
    return 0;
}

static int take_group(struct parser *parser, uint16_t *ret_node)
{
    size_t begin = parser->at - 1;
    if (parser->depth == DEPTH_MAX)
        return refuse(parser, begin, "brackets are nested too deeply");
    parser->depth++;
    if (take_group_head(parser) < 0 || take_choice(parser, ret_node) < 0)
        return -1;
    parser->depth--;
    return take(parser, STR(")")) ? 0 : refuse(parser, begin, "the closing ) is missing");
}

static int take_backslash(struct parser *parser, uint16_t *ret_node)
{
    static const char edges[] = "AzbB";
    static const enum regex_do meanings[] = {REGEX_BEGIN, REGEX_END, REGEX_WORD_EDGE,
                                             REGEX_NO_WORD_EDGE};
    struct regex_set set = {{0, 0}};
    char c = peek(parser);
    unsigned escaped = 0;
    const char *edge = c ? strchr(edges, c) : NULL;
    if (edge) {
        parser->at++;
        return add_edge(parser, meanings[edge - edges], ret_node);
    }
    if (set_perl(&set, c)) {
        parser->at++;
        return add_set(parser, set, ret_node);
    }
    if (take_escaped(parser, &escaped) < 0)
        return -1;
    set_range(&set, escaped, escaped);
    if (parser->no_case)
        set_fold(&set);
    return add_set(parser, set, ret_node);
}

static int take_literal(struct parser *parser, char c, uint16_t *ret_node)
{
    struct regex_set set = {{0, 0}};
    if (c == '.') {
        set_range(&set, '\n', '\n');
        set_invert(&set);
    } else {
        set_range(&set, (unsigned char)c, (unsigned char)c);
        if (parser->no_case)
            set_fold(&set);
    }
    return add_set(parser, set, ret_node);
}

/* At most four digits; more are no count that can be meant. */
static bool take_count(struct parser *parser, int *ret_count)
{
    int count = 0, digits = 0;
    for (; ascii_is_digit(peek(parser)); digits++, parser->at++)
        count = count > REGEX_REPEAT_MAX ? count : count * 10 + (peek(parser) - '0');
    *ret_count = count;
    return digits > 0;
}

/* "{2,5}"; a brace that begins no such thing is a brace. */
static bool take_braces(struct parser *parser, int *ret_least, int *ret_most)
{
    size_t begin = parser->at;
    if (take(parser, STR("{")) && take_count(parser, ret_least)) {
        *ret_most = *ret_least;
        if (take(parser, STR(",")) && !take_count(parser, ret_most))
            *ret_most = -1;
        if (take(parser, STR("}")))
            return true;
    }
    parser->at = begin;
    return false;
}

static bool take_repeat(struct parser *parser, int *ret_least, int *ret_most)
{
    char c = peek(parser);
    *ret_least = c == '+';
    *ret_most = c == '?' ? 1 : -1;
    if (c == '{')
        return take_braces(parser, ret_least, ret_most);
    parser->at += c == '*' || c == '+' || c == '?';
    return c == '*' || c == '+' || c == '?';
}

static int take_atom(struct parser *parser, uint16_t *ret_node)
{
    struct regex_set set = {{0, 0}};
    int least, most;
    size_t begin = parser->at;
    if (take_repeat(parser, &least, &most))
        return refuse(parser, begin, "nothing to repeat stands before this");
    char c = parser->text.ptr[parser->at++];
    switch (c) {
    case '(':
        return take_group(parser, ret_node);
    case '[':
        return take_brackets(parser, &set) < 0 ? -1 : add_set(parser, set, ret_node);
    case '\\':
        return take_backslash(parser, ret_node);
    case '^':
        return add_edge(parser, REGEX_BEGIN, ret_node);
    case '$':
        return add_edge(parser, REGEX_END, ret_node);
    default:
        return take_literal(parser, c, ret_node);
    }
}

static int take_repeated(struct parser *parser, uint16_t *ret_node)
{
    int least, most;
    if (take_atom(parser, ret_node) < 0)
        return -1;
    size_t begin = parser->at;
    if (!take_repeat(parser, &least, &most))
        return 0;
    if (least > REGEX_REPEAT_MAX || most > REGEX_REPEAT_MAX || (most >= 0 && most < least))
        return refuse(parser, begin, "this cannot be a number of repetitions");
    take(parser, STR("?")); /* lazy: where a match ends is nobody's question here */
    *ret_node = add_node(
        parser,
        (struct regex_node){.kind = NODE_REPEAT, .left = *ret_node, .least = least, .most = most});
    begin = parser->at;
    if (take_repeat(parser, &least, &most))
        return refuse(parser, begin, "a repetition of a repetition; put brackets around the first");
    return 0;
}

static int take_sequence(struct parser *parser, uint16_t *ret_node)
{
    uint16_t node = add_node(parser, (struct regex_node){.kind = NODE_EMPTY}), next = 0;
    while (!at_end(parser) && peek(parser) != '|' && peek(parser) != ')') {
        if (take_repeated(parser, &next) < 0)
            return -1;
        node =
            add_node(parser, (struct regex_node){.kind = NODE_JOIN, .left = node, .right = next});
    }
    *ret_node = node;
    return 0;
}

static int take_choice(struct parser *parser, uint16_t *ret_node)
{
    uint16_t node, next = 0;
    if (take_sequence(parser, &node) < 0)
        return -1;
    while (take(parser, STR("|"))) {
        if (take_sequence(parser, &next) < 0)
            return -1;
        node =
            add_node(parser, (struct regex_node){.kind = NODE_CHOICE, .left = node, .right = next});
    }
    *ret_node = node;
    return 0;
}

int regex_parse(struct str pattern, struct regex_tree *ret_tree, struct regex *regex,
                struct err *err)
{
    struct parser parser = {.text = pattern, .tree = ret_tree, .regex = regex, .err = err};
    ret_tree->count = 0;
    if (pattern.len > REGEX_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a pattern of %zu bytes; at most %d are read", pattern.len,
                       (int)REGEX_MAX_BYTES);
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.ptr[i] <= 0 || pattern.ptr[i] >= 0x7f)
            return refuse(&parser, i, "only ASCII can be in a tag, and so in its pattern");
    parser.no_case = take(&parser, STR("(?i)"));
    if (take_choice(&parser, &ret_tree->root) < 0)
        return -1;
    return at_end(&parser) ? 0 : refuse(&parser, parser.at, "this ) closes nothing");
}
