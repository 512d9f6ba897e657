/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/scan.h"
#include "pinnace/yaml.h"

#include "pinnace/banned.h"

enum { LARGE_ROOM = 512 * 1024 * 1024 };

/* All documents behind one another, a space between them. */
static struct str read_all(struct arena *arena, const char *row, struct str text)
{
    struct yaml_documents documents;
    struct err err = ERR_CLEAN;
    if (yaml_read(arena, text, &documents, &err)) {
        print_error("row \"%s\": %s\n", row, err.text);
        fail();
    }
    struct buf buf = BUF_INIT(arena, ROOM);
    for (size_t i = 0; i < documents.count; i++) {
        if (i > 0)
            buf_add_char(&buf, ' ');
        buf_add(&buf, documents.items[i].json);
    }
    return finished(&buf);
}

static void check_error(const char *row, struct str text, enum err_kind kind, const char *message)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(LARGE_ROOM);
    struct yaml_documents documents = {NULL, 77};
    struct err err = ERR_CLEAN;
    CHECK_INT(row, yaml_read(&arena, text, &documents, &err), -1);
    CHECK_INT(row, err.kind, kind);
    CHECK_HAS(row, ERR_TEXT(err), message);
    CHECK_INT(row, documents.count, 77);
    CHECK_INT(row, yaml_read(&arena, text, &documents, NULL), -1);
}

/* YAML and its JSON, ' for ". */
static const struct json_row {
    const char *name, *yaml, *json;
} json_rows[] = {
    {"nothing", "", ""},
    {"a pod", "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: b:1\n",
     "{'kind':'Pod','spec':{'containers':[{'name':'a','image':'b:1'}]}}"},
    {"indented list", "a:\n  - b\n  - - c\n    - d\n", "{'a':['b',['c','d']]}"},
    {"flow", "{a: [b, {c: d}], 'e': \"f\"}", "{'a':['b',{'c':'d'}],'e':'f'}"},
    {"json", "{\"a\":{\"b\":[1,2.50,true,null]}}", "{'a':{'b':[1,2.5,true,null]}}"},
    {"types", "[yes, 010, 1e3, ~, 2024-01-01, 'yes', 0x10]",
     "[true,8,1000,null,'2024-01-01','yes',16]"},
    {"empty values", "a:\nb: ''\nc: []\nd: {}\n", "{'a':null,'b':'','c':[],'d':{}}"},
    {"key order", "b: 1\na: 2\n", "{'b':1,'a':2}"},
    {"keys of other types", "on: 1\n0x10: 2\n1.50: 3\n'y': 4\n", "{'true':1,'16':2,'1.5':3,'y':4}"},
    {"literal", "a: |\n  b\n   c\n\nd: |-\n  e\n", "{'a':'b\\n c\\n','d':'e'}"},
    {"folded", "a: >\n  b\n  c\n\n  d\n", "{'a':'b c\\nd\\n'}"},
    {"many lines", "a: b\n  c\nd: \"e\n  f\"\n", "{'a':'b c','d':'e f'}"},
    {"escapes", "a: \"\\t\\x01\\u00e9\\\\\\\"\\e\"\n", "{'a':'\\t\\u0001\xc3\xa9\\\\\\'\\u001b'}"},
    {"not ascii", "\xc3\xa4: \xf0\x9f\x98\x80\n", "{'\xc3\xa4':'\xf0\x9f\x98\x80'}"},
    {"comments", "# a\na: b # c\n# d\n", "{'a':'b'}"},
    {"tags", "a: !!str 12\nb: !mine 12\nc: !!int \"12\"\nd: ! 12\ne: !!binary YWI=\nf: !!set {g}\n",
     "{'a':'12','b':'12','c':12,'d':'12','e':'ab','f':{'g':null}}"},
    {"carriage returns", "a: b\r\nc: |\r\n  d\r\n  e\r\n---\r\nf: g\r\n",
     "{'a':'b','c':'d\\ne\\n'} {'f':'g'}"},
    {"byte order mark",
     "\xef\xbb\xbf"
     "a: b\n",
     "{'a':'b'}"},
    {"documents", "---\na: 1\n---\nb: 2\n...\n---\nc: 3\n", "{'a':1} {'b':2} {'c':3}"},
    {"empty documents", "# a\n---\n---\n# b\n---\nnull\n---\n~\n---\na: 1\n---\n", "{'a':1}"},
    {"directives", "%YAML 1.1\n%TAG !e! tag:example.com,2024:\n---\na: !e!b 1\n", "{'a':'1'}"},
    {"a scalar", "--- a\n", "'a'"},
    {"explicit keys", "? a\n: b\n? |\n  c\n: d\n", "{'a':'b','c\\n':'d'}"},
    {"alias of a scalar", "a: &x 010\nb: *x\nc: [*x]\n", "{'a':8,'b':8,'c':[8]}"},
    {"alias of a map", "a: &x {b: [c]}\nd: *x\n", "{'a':{'b':['c']},'d':{'b':['c']}}"},
    {"anchor given anew", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{'a':1,'b':1,'c':2,'d':2}"},
    {"anchor within an anchor", "a: &x [&x 1, *x]\nb: *x\n", "{'a':[1,1],'b':1}"},
    {"alias as a key", "a: &x 1.50\n*x : b\n", "{'a':1.5,'1.5':'b'}"},
    {"merge", "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n  e: 4\n",
     "{'a':{'b':1,'c':2},'d':{'c':3,'e':4,'b':1}}"},
    {"merge of a map in place", "<<: {a: 1}\nb: 2\n", "{'b':2,'a':1}"},
    {"merge of a list", "- &x {a: 1, b: 1}\n- &y {b: 2, c: 2}\n- <<: [*y, *x, {a: 3, d: 3}]\n",
     "[{'a':1,'b':1},{'b':2,'c':2},{'b':2,'c':2,'a':1,'d':3}]"},
    {"merge of merges", "- &x {a: 1, b: 1}\n- &y {<<: *x, b: 2}\n- {<<: *y, c: 3}\n",
     "[{'a':1,'b':1},{'b':2,'a':1},{'c':3,'b':2,'a':1}]"},
    {"merge of nothing", "<<: []\n", "{}"},
    {"merge below another key", "a: 1\n<<: {b: 2}\n", "{'a':1,'b':2}"},
    {"merge keeps the depth", "- &x {a: {b: 1, c: 2}}\n- <<: *x\n  a: {b: 3}\n",
     "[{'a':{'b':1,'c':2}},{'a':{'b':3}}]"},
    {"merge by converted key", "<<: {yes: 1}\n'true': 2\n", "{'true':2}"},
    {"merge sign in quotes", "'<<': {a: 1}\n", "{'<<':{'a':1}}"},
    {"merge sign as a value", "a: <<\nb: [<<]\n", "{'a':'<<','b':['<<']}"},
    {"merge sign by tag", "!!merge '<<': {a: 1}\n", "{'a':1}"},
};

TEST(yaml_as_json)
{
    for (size_t i = 0; i < COUNT(json_rows); i++) {
        const struct json_row *row = &json_rows[i];
        TEST_ARENA(arena);
        struct str text = exact_copy(str_of(row->yaml));
        CHECK_STR(row->name, read_all(&arena, row->name, text), json_of(&arena, row->json));
        exact_free(text);
    }
}

#define HIGH "\xc3\xa4"
#define NBSP "\xc2\xa0"

static const struct error_row {
    const char *name, *yaml;
    enum err_kind kind;
    const char *message;
} error_rows[] = {
    {"tab", "a:\n\tb: c\n", ERR_INPUT, "line 2, column 1: a tab stands here; YAML is indented"},
    {"tab behind spaces", "a:\n  \tb: c\n", ERR_INPUT, "line 2, column 3: a tab stands here"},
    {"tab before a list", "a:\n- b\n\t- c\n", ERR_INPUT, "line 3, column 1: a tab stands here"},
    {"two colons", "a: b: c\n", ERR_INPUT, "line 1, column 5: a \": \" stands where no key can be"},
    {"columns are characters", HIGH HIGH ": b: c\n", ERR_INPUT, "line 1, column 6: "},
    {"indented too little", "a:\n    b: c\n  d: e\n", ERR_INPUT,
     "line 3, column 3: a key was expected here; the indentation differs"},
    {"indented too little in a list", "- a\n -b\n- c\n d\n:\n", ERR_INPUT, "line 5, column 1: "},
    {"no colon", "a: b\nc\nd: e\n", ERR_INPUT, "line 2, column 1: this key has no \":\""},
    {"quote not closed", "a: 1\nb: \"c\nd: e\n", ERR_INPUT, "line 2, column 4: the quote that"},
    {"quote up to a separator", "b: 'c\n---\n", ERR_INPUT,
     "line 1, column 4: the quote that opens"},
    {"bracket not closed", "a: [b\nc: d\n", ERR_INPUT, "line 1, column 4: the [ that opens here"},
    {"brace not closed", "a: {b: c\n", ERR_INPUT, "line 1, column 4: the { that opens here"},
    {"list behind a key", "a: - b\n", ERR_INPUT, "line 1, column 4: a \"- \" cannot stand here"},
    {"at sign", "a: @b\n", ERR_INPUT, "line 1, column 4: a value cannot begin with \"@\"; put it"},
    {"template", "a: {{ .Values.b }}\n", ERR_INPUT, "line 1, column 5: a key must be"},
    {"escape", "a: \"\\q\"\n", ERR_INPUT, "line 1, column 5: in double quotes there is no such"},
    {"text behind a document", "a: b\n...\nc: d\n", ERR_INPUT,
     "line 3, column 1: something stands"},
    {"version", "%YAML 1.3\n---\na\n", ERR_INPUT, "only %YAML 1.1 and 1.2"},
    {"tag handle", "a: !x!y z\n", ERR_INPUT, "line 1, column 4: this tag's handle"},
    {"tag", "a: !!int b\n", ERR_INPUT, "line 1, column 4: \"b\" is not a !!int"},
    {"tag without a value", "[!a, b]\n", ERR_INPUT, "line 1, column 2: a tag stands here without"},
    {"key twice", "a: 1\nb: 2\na: 3\n", ERR_INPUT,
     "line 3, column 1: the key \"a\" is already on line 1"},
    {"key twice below", "a:\n- b: 1\n  b: 1\n", ERR_INPUT, "line 3, column 3: the key \"b\""},
    {"key twice, otherwise written", "on: 1\ntrue: 2\n", ERR_INPUT, "line 2, column 1: the key"},
    {"key twice, number and text", "0x10: 1\n'16': 2\n", ERR_INPUT, "the key \"16\" is already"},
    {"key twice, in json", "{\"image\": \"a\",\n \"im\\u0061ge\": \"b\"}", ERR_INPUT,
     "line 2, column 2: the key \"image\" is already on line 1"},
    {"key twice, by an alias", "a: &x b\n*x : 1\nb: 2\n", ERR_INPUT, "line 3, column 1: the key"},
    {"key twice in what is merged", "<<: {a: 1, a: 2}\n", ERR_INPUT, "line 1, column 12: the key"},
    {"list as a key", "[a]: b\n", ERR_INPUT, "line 1, column 1: a key must be a single word"},
    {"map as a key", "? {a: b}\n: c\n", ERR_INPUT, "line 1, column 3: a key must be a single word"},
    {"list as a key by an alias", "a: &x [b]\n*x : c\n", ERR_INPUT, "line 2, column 1: a key must"},
    {"null as a key", "a:\n  ~: b\n", ERR_INPUT, "line 2, column 3: a key must not be null"},
    {"merge below its own key", "a: 1\nb: 2\n<<: {b: 3}\n", ERR_INPUT,
     "line 3, column 1: this merge brings the key \"b\" too, which stands above it on line 2"},
    {"second merge", "<<: {a: 1}\n<<: {b: 1}\n", ERR_INPUT,
     "line 2, column 1: a second << after the one on line 1"},
    {"merge of a scalar", "<<: a\n", ERR_INPUT, "line 1, column 5: << takes a map"},
    {"merge of a list by an alias", "a: &x [{b: 1}]\nc: {<<: *x}\n", ERR_INPUT, "line 2, column 9"},
    {"merge of scalars", "<<: [{a: 1}, b]\n", ERR_INPUT, "line 1, column 14: << takes a map"},
    {"unknown anchor", "a: *b\n", ERR_INPUT, "line 1, column 4: the anchor \"b\" is not set above"},
    {"anchor of another document", "a: &x 1\n---\nb: *x\n", ERR_INPUT,
     "line 3, column 4: the anchor"},
    {"anchor below", "a: *x\nb: &x 1\n", ERR_INPUT, "line 1, column 4: the anchor \"x\" is not"},
    {"list that contains itself", "a: &x [b, *x]\n", ERR_INPUT,
     "line 1, column 11: the anchor \"x\" would contain itself"},
    {"map that contains itself", "a: &x\n  b: *x\n", ERR_INPUT,
     "line 2, column 6: the anchor \"x\" would"},
    {"map that merges itself", "a: &x\n  <<: *x\n", ERR_INPUT,
     "line 2, column 7: the anchor \"x\""},
    {"infinity", "a: [.inf]\n", ERR_INPUT, "line 1, column 5: JSON has no .inf"},
    {"not a number", "a: .NaN\n", ERR_INPUT, "line 1, column 4: JSON has no .nan"},
    {"binary", "a: !!binary gA==\n", ERR_INPUT, "line 1, column 4: what follows !!binary"},
    {"escaped NUL", "a:\n- \"b\\0\"\n", ERR_INPUT, "line 2, column 3: this string holds a NUL"},
    {"NUL in base64", "!!binary TRUA\n", ERR_INPUT, "line 1, column 1: this string holds a NUL"},
    {"control character", "a: b\n c\x1b[0m", ERR_INPUT, "line 2, column 3: a control character"},
    {"delete", "a: \x7f\n", ERR_INPUT, "line 1, column 4: a control character"},
    {"non-character", "a: \xef\xbf\xbe\n", ERR_INPUT, "line 1, column 4: a control character"},
    {"cut utf-8", HIGH ": \xc3", ERR_INPUT, "line 1, column 4: the bytes here are not UTF-8"},
    {"surrogate", "a: \xed\xa0\x80\n", ERR_INPUT, "line 1, column 4: the bytes here are not UTF-8"},
    {"latin-1", "a: b\r\rc: \xe4\n", ERR_INPUT, "line 3, column 4: the bytes here are not UTF-8"},
    {"byte order mark inside", "a: 1\n\xef\xbb\xbf---\n", ERR_INPUT,
     "line 2, column 1: a byte order"},
    {"two byte order marks",
     "\xef\xbb\xbf\xef\xbb\xbf"
     "a: 1\n",
     ERR_INPUT, "line 1, column 1: a byte order mark"},
    {"separator kubectl sees", "--- |\n a\n---" NBSP "\nb: 1\n", ERR_INPUT,
     "line 3, column 4: only a comment may follow ---"},
    {"separator behind a blank", "--- \t" NBSP "\n- x\n", ERR_INPUT, "line 1, column 6: only a"},
};

TEST(errors_have_a_line)
{
    for (size_t i = 0; i < COUNT(error_rows); i++) {
        struct str text = exact_copy(str_of(error_rows[i].yaml));
        check_error(error_rows[i].name, text, error_rows[i].kind, error_rows[i].message);
        exact_free(text);
    }
}

TEST(bytes_that_are_no_text)
{
    check_error("NUL", (struct str){"a: b\0c", 6}, ERR_INPUT,
                "line 1, column 5: a control character");
    check_error("little end first", (struct str){"\xff\xfe\x61\0", 4}, ERR_INPUT, "UTF-16");
    check_error("big end first", (struct str){"\xfe\xff\0\x61", 4}, ERR_INPUT, "UTF-16");
    check_error("without a mark", (struct str){"a\0:\0", 4}, ERR_INPUT, "UTF-16");
    check_error("without a mark, big", (struct str){"\0a\0:", 4}, ERR_INPUT, "UTF-16");
}

static const struct place_row {
    const char *name, *yaml, *json;
    const char *places; /* "line:column " for each value */
} place_rows[] = {
    {"a map", "a: b\nc:\n  d: [e, 1]\n", "{'a':'b','c':{'d':['e',1]}}",
     "1:1 1:4 3:3 3:6 3:7 3:10 "},
    {"a list of maps", "- name: a\n  image: b\n-\n  image: c\n",
     "[{'name':'a','image':'b'},{'image':'c'}]", "1:1 1:3 1:9 2:10 4:3 4:10 "},
    {"empty value", "a:\nb: 1\n", "{'a':null,'b':1}", "1:1 1:3 2:4 "},
    {"behind a byte order mark",
     "\xef\xbb\xbf"
     "a: b\n",
     "{'a':'b'}", "1:1 1:4 "},
    {"not ascii", HIGH ": [" HIGH ", b]\n", "{'" HIGH "':['" HIGH "','b']}", "1:1 1:4 1:5 1:8 "},
    {"carriage returns", "a: 1\r\nb:\r\n- c\r\n", "{'a':1,'b':['c']}", "1:1 1:4 3:1 3:3 "},
    {"block scalar", "a: |\n  b\nc: >-\n  d\n", "{'a':'b\\n','c':'d'}", "1:1 1:4 3:4 "},
    {"alias", "a: &x\n  image: b\nc: *x\n", "{'a':{'image':'b'},'c':{'image':'b'}}",
     "1:1 1:4 2:10 1:4 2:10 "},
    {"merge", "a: &x\n  image: b\nc:\n  <<: *x\n  d: e\n",
     "{'a':{'image':'b'},'c':{'d':'e','image':'b'}}", "1:1 1:4 2:10 4:3 5:6 2:10 "},
    {"second document", "# none\n---\n# a\na: 1\n", "{'a':1}", "4:1 4:4 "},
};

static bool begins_value(char c)
{
    return c == '{' || c == '[' || c == '"' || c == '-' || ascii_is_alpha(c) || ascii_is_digit(c);
}

static void check_places(const char *row, const struct yaml_document *document)
{
    for (size_t i = 0; i < document->place_count; i++) {
        const struct yaml_place *place = &document->places[i];
        CHECK(row, i == 0 ? place->json_offset == 0 : place->json_offset > place[-1].json_offset);
        CHECK(row, place->json_offset < document->json.len);
        CHECK(row, begins_value(document->json.ptr[place->json_offset]));
        size_t end = i + 1 < document->place_count ? place[1].json_offset : document->json.len + 9;
        struct yaml_place found = yaml_place_at(document, place->json_offset);
        CHECK_INT(row, found.json_offset, place->json_offset);
        found = yaml_place_at(document, end - 1);
        CHECK_INT(row, found.json_offset, place->json_offset);
    }
}

TEST(places)
{
    for (size_t i = 0; i < COUNT(place_rows); i++) {
        const struct place_row *row = &place_rows[i];
        TEST_ARENA(arena);
        struct yaml_documents documents;
        CHECK_INT(row->name, yaml_read(&arena, str_of(row->yaml), &documents, NULL), 0);
        CHECK_INT(row->name, documents.count, 1);
        const struct yaml_document *document = &documents.items[0];
        CHECK_STR(row->name, document->json, json_of(&arena, row->json));
        struct buf buf = BUF_INIT(&arena, ROOM);
        for (size_t k = 0; k < document->place_count; k++)
            buf_addf(&buf, "%u:%u ", (unsigned)document->places[k].line,
                     (unsigned)document->places[k].column);
        CHECK_STR(row->name, finished(&buf), str_of(row->places));
        CHECK_INT(row->name, document->line, document->places[0].line);
        check_places(row->name, document);
    }
}

/* before, then part count times, then after. */
static struct str repeated(struct arena *arena, const char *before, const char *part, size_t count,
                           const char *after)
{
    struct buf buf = BUF_INIT(arena, LARGE_ROOM);
    buf_add(&buf, str_of(before));
    for (size_t i = 0; i < count; i++)
        buf_add(&buf, str_of(part));
    buf_add(&buf, str_of(after));
    return finished(&buf);
}

static const struct deep_row {
    const char *name, *before, *part;
    size_t count;
    enum err_kind kind;
    const char *message;
} deep_rows[] = {
    {"flow maps", "", "{a: ", 60000, ERR_LIMIT, "line 1, column 257: nested deeper than 64 levels"},
    {"flow lists", "", "[", 1000000, ERR_LIMIT, "line 1, column 65: nested deeper than 64 levels"},
    {"flow lists by line", "", "[\n", 60000, ERR_LIMIT, "line 65, column 1: nested deeper"},
    {"block lists", "", "- ", 1000000, ERR_LIMIT, "line 1, column 129: nested deeper"},
    {"complex keys", "", "? ", 1000000, ERR_LIMIT, "line 1, column 129: nested deeper"},
    {"directives", "", "%TAG !a! b\n", 60000, ERR_LIMIT, "line 65, column 1: more than 64"},
    {"size", "", "0123456789abcdef", 1024 * 1024 + 1, ERR_LIMIT, "larger than the 16 MiB"},
};

TEST(what_would_take_long_is_refused)
{
    for (size_t i = 0; i < COUNT(deep_rows); i++) {
        const struct deep_row *row = &deep_rows[i];
        struct arena arena ARENA_SCOPED = ARENA_INIT(LARGE_ROOM);
        struct str text = repeated(&arena, row->before, row->part, row->count, "");
        check_error(row->name, text, row->kind, row->message);
    }
}

TEST(as_deep_as_the_scanner_goes)
{
    TEST_ARENA(arena);
    struct str text = repeated(&arena, "", "- ", SCAN_DEPTH, "a");
    struct scan scan;
    scan_begin(&scan, read_all(&arena, "64 levels", text), &arena);
    scan_value(&scan);
    struct err err = ERR_CLEAN;
    CHECK_INT("64 levels", scan_finish(&scan, &err), 0);
    text = repeated(&arena, "a: &x ", "[", SCAN_DEPTH - 1, "");
    text = repeated(&arena, text.ptr, "]", SCAN_DEPTH - 1, "\nb: *x\n");
    read_all(&arena, "64 levels by an alias", text);
    text = repeated(&arena, text.ptr, "c: [*x]\n", 1, "");
    check_error("65 levels by an alias", text, ERR_LIMIT, "line 1, column 69: nested deeper than");
}

/* Twenty lines, each of which means the one above it nine times. */
static struct str laughs(struct arena *arena, const char *first, const char *before,
                         const char *after)
{
    struct buf buf = BUF_INIT(arena, ROOM);
    buf_addf(&buf, "- &a0 %s\n", first);
    for (int i = 1; i < 20; i++) {
        buf_addf(&buf, "- &a%d %s[", i, before);
        for (int k = 0; k < 9; k++)
            buf_addf(&buf, "%s*a%d", k ? "," : "", i - 1);
        buf_addf(&buf, "]%s\n", after);
    }
    return finished(&buf);
}

TEST(aliases_end_somewhere)
{
    TEST_ARENA(arena);
    check_error("lists", laughs(&arena, "lol", "", ""), ERR_LIMIT, "larger than is read");
    check_error("merges", laughs(&arena, "{a: b}", "{<<: ", "}"), ERR_LIMIT, "the merges (<<) up");
    check_error("empty merges", laughs(&arena, "{}", "{<<: ", "}"), ERR_LIMIT, "the merges (<<)");
    struct buf buf = BUF_INIT(&arena, ROOM);
    buf_add(&buf, STR("- &a0 {a: b}\n"));
    for (int i = 1; i < 70; i++)
        buf_addf(&buf, "- &a%d {<<: *a%d}\n", i, i - 1);
    check_error("chain", finished(&buf), ERR_LIMIT, "more than 64 merges (<<) within each other");
}

TEST(many_keys)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(LARGE_ROOM);
    struct buf buf = BUF_INIT(&arena, ROOM);
    for (int i = 0; i < 200000; i++)
        buf_addf(&buf, "key%d: %d\n", i, i);
    struct str text = finished(&buf);
    struct yaml_documents documents;
    assert_int_equal(yaml_read(&arena, text, &documents, NULL), 0);
    CHECK_INT("keys", documents.items[0].place_count, 200001);
    check_error("one twice", repeated(&arena, text.ptr, "key123: 0\n", 1, ""), ERR_INPUT,
                "line 200001, column 1: the key \"key123\" is already on line 124");
}

TEST(many_anchors)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(LARGE_ROOM);
    struct buf buf = BUF_INIT(&arena, ROOM);
    for (int i = 0; i < 50000; i++)
        buf_addf(&buf, "- &a%d x\n- *a%d\n", i, i / 2);
    struct yaml_documents documents;
    assert_int_equal(yaml_read(&arena, finished(&buf), &documents, NULL), 0);
    CHECK_INT("anchors", documents.items[0].place_count, 100001);
}

/* Every allocation in turn is the one that fails. */
TEST(full_arenas)
{
    struct str text = STR("a: &x {b: [1.5, 010, 'c'], d: e}\nf: {<<: *x, 1.5: g}\n---\n- h\n");
    size_t limit = 0;
    for (int result = -1; result != 0; limit += 8) {
        struct arena arena ARENA_SCOPED = ARENA_INIT(limit);
        struct yaml_documents documents = {NULL, 77};
        struct err err = ERR_CLEAN;
        result = yaml_read(&arena, text, &documents, &err);
        CHECK_INT("count", documents.count, result ? 77 : 2);
        if (result && err.kind != ERR_MEMORY)
            fail_msg("%zu bytes: %s", limit, err.text);
    }
    assert_true(limit > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_as_json),
        cmocka_unit_test(errors_have_a_line),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(places),
        cmocka_unit_test(what_would_take_long_is_refused),
        cmocka_unit_test(as_deep_as_the_scanner_goes),
        cmocka_unit_test(aliases_end_somewhere),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(many_anchors),
        cmocka_unit_test(full_arenas),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
