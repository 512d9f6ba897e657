/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents are read in three ways: skipped whole, walked value by value, and walked with known
 * keys. What one of them takes all of them take.
 */
#include "../check.h"

#include <cJSON.h>

#include "pinnace/scan.h"
#include "pinnace/utf8.h"

#include "pinnace/banned.h"

enum reader { BY_VALUE, BY_WALK, BY_MEMBER, READERS };

static const char *const reader_names[READERS] = {"skipped", "walked", "by members"};

static void walk_value(struct scan *scan, enum reader reader);

static void walk_object(struct scan *scan, enum reader reader)
{
    static const struct str none[] = {STR_INIT("a key that no document here has")};
    static const struct str known[] = {STR_INIT("k0"), STR_INIT("k1")};
    struct scan_members members = scan_object(scan);
    struct str key;
    if (reader == BY_WALK) {
        while (scan_any_member(scan, &members, &key))
            walk_value(scan, reader);
    } else if (scan->depth % 2) {
        while (scan_member(scan, &members, known, 2) != SCAN_END)
            walk_value(scan, reader);
    } else {
        while (scan_member(scan, &members, none, 1) != SCAN_END)
            walk_value(scan, reader);
    }
}

static void walk_value(struct scan *scan, enum reader reader)
{
    struct scan_elements elements;
    switch (scan_peek(scan)) {
    case SCAN_OBJECT:
        walk_object(scan, reader);
        break;
    case SCAN_ARRAY:
        elements = scan_array(scan);
        while (scan_element(scan, &elements))
            walk_value(scan, reader);
        break;
    case SCAN_STRING:
        scan_string(scan);
        break;
    case SCAN_NUMBER:
    case SCAN_BOOL:
    case SCAN_NULL:
    case SCAN_INVALID:
        scan_value(scan);
        break;
    }
}

/* Reads a copy that ends where its block ends. */
static int read_document(struct str text, enum reader reader, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str copy = exact_copy(text);
    struct scan scan;
    scan_begin(&scan, copy, &arena);
    if (reader == BY_VALUE)
        scan_value(&scan);
    else
        walk_value(&scan, reader);
    int result = scan_finish(&scan, err);
    exact_free(copy);
    return result;
}

static void check_document(const char *row, struct str text, int want)
{
    for (int reader = 0; reader < READERS; reader++) {
        char name[128];
        struct err err = ERR_CLEAN;
        snprintf(name, sizeof(name), "%.90s, %s", row, reader_names[reader]);
        CHECK_INT(name, read_document(text, (enum reader)reader, &err), want);
        CHECK_INT(name, err.kind, want ? ERR_INPUT : ERR_NONE);
        CHECK_INT(name, err.text[0] != '\0', want != 0);
    }
}

static const struct str documents[] = {
    STR_INIT("{}"),
    STR_INIT("[]"),
    STR_INIT("\"\""),
    STR_INIT("[[],{},[{}],{\"a\":[]}]"),
    STR_INIT("{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}"),
    STR_INIT("{\"k0\":{\"k1\":[{\"k0\":\"x\"},{\"k1\":-0.5e+10}]},\"k1\":{}}"),
    STR_INIT("[0,-0,1,10,-1.5,0.25,1e5,1E-5,1.5e+5,123456789012345678901234567890]"),
    STR_INIT(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } }"),
    STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\ud83d\\udc33\""),
    STR_INIT("\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3 \x7f\""),
    STR_INIT("{\"\":{\"\":\"\"},\"\\u0061\":\"\\u0001\"}"),
    STR_INIT("{\"metadata\":{\"labels\":{\"app.kubernetes.io/name\":\"a longer value than "
             "sixteen bytes\"}}}"),
};

TEST(good_documents)
{
    for (size_t i = 0; i < COUNT(documents); i++)
        check_document(documents[i].ptr, documents[i], 0);
    static const char *const scalars[] = {"0",    "-0",    "1.5",   "-1e1",   " 7 ",  "true",
                                          "null", "false", "\"x\"", "\"x\" ", "[1]\n"};
    for (size_t i = 0; i < COUNT(scalars); i++)
        check_document(scalars[i], str_of(scalars[i]), 0);
}

TEST(cut_documents)
{
    for (size_t i = 0; i < COUNT(documents); i++)
        for (size_t len = 0; len < documents[i].len; len++)
            check_document(documents[i].ptr, str_head(documents[i], len), -1);
}

static bool cjson_takes(struct str text)
{
    cJSON *tree = cJSON_ParseWithLengthOpts(text.ptr, text.len, NULL, 0);
    cJSON_Delete(tree);
    return tree != NULL;
}

/* One byte changed to any other: refused or taken, but by all readers alike, and by cJSON too. */
TEST(corrupted_documents)
{
    char text[256];
    for (size_t i = 0; i < COUNT(documents); i++)
        for (size_t at = 0; at < documents[i].len; at++)
            for (int c = 0; c < 256; c++) {
                struct str damaged = {text, documents[i].len};
                memcpy(text, documents[i].ptr, documents[i].len);
                text[at] = (char)c;
                int whole = read_document(damaged, BY_VALUE, NULL);
                if (read_document(damaged, BY_WALK, NULL) != whole)
                    fail_msg("byte %02x at %zu of %s", (unsigned)c, at, documents[i].ptr);
                if (whole == 0 && !cjson_takes(damaged))
                    fail_msg("byte %02x at %zu of %s: not by cJSON", (unsigned)c, at,
                             documents[i].ptr);
            }
}

TEST(bad_documents)
{
    static const struct str rows[] = {
        STR_INIT(""),
        STR_INIT(" "),
        STR_INIT("\xef\xbb\xbf{}"),
        STR_INIT("{} {}"),
        STR_INIT("{},"),
        STR_INIT("{}x"),
        STR_INIT("{}\0"),
        STR_INIT("1\0"),
        STR_INIT("[1] 2"),
        STR_INIT("{}//"),
        STR_INIT("/**/{}"),
        STR_INIT("{}}"),
        STR_INIT("[]]"),
        STR_INIT("[1}"),
        STR_INIT("{\"a\":1]"),
        STR_INIT("[,]"),
        STR_INIT("[1,]"),
        STR_INIT("[,1]"),
        STR_INIT("[1,,2]"),
        STR_INIT("[1 2]"),
        STR_INIT("[1;2]"),
        STR_INIT("{,}"),
        STR_INIT("{\"a\":1,}"),
        STR_INIT("{,\"a\":1}"),
        STR_INIT("{\"a\":1 \"b\":2}"),
        STR_INIT("{\"a\" 1}"),
        STR_INIT("{\"a\"}"),
        STR_INIT("{\"a\":}"),
        STR_INIT("{\"a\"::1}"),
        STR_INIT("{\"a\",1}"),
        STR_INIT("{a:1}"),
        STR_INIT("{'a':1}"),
        STR_INIT("{1:1}"),
        STR_INIT("{null:1}"),
        STR_INIT("{[]:1}"),
        STR_INIT("['a']"),
        STR_INIT("[a]"),
        STR_INIT("[tru]"),
        STR_INIT("[True]"),
        STR_INIT("[truefalse]"),
        STR_INIT("[nul]"),
        STR_INIT("[nulll]"),
        STR_INIT("[undefined]"),
        STR_INIT("[NaN]"),
        STR_INIT("[Infinity]"),
        STR_INIT("[-Infinity]"),
        STR_INIT("[\v1]"),
        STR_INIT("[\f1]"),
        STR_INIT("[1\0]"),
        STR_INIT("\xc2\xa0[]"),
        STR_INIT("}"),
        STR_INIT("]"),
        STR_INIT(":"),
        STR_INIT("\"a\":1"),
        STR_INIT("yaml: true"),
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_document(rows[i].ptr, rows[i], -1);
}

TEST(numbers)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"0", true},     {"-0", true},     {"9", true},         {"10", true},     {"-1", true},
        {"0.0", true},   {"1.0", true},    {"0.5e5", true},     {"1e5", true},    {"1E5", true},
        {"1e+5", true},  {"1e-5", true},   {"1e05", true},      {"0e0", true},    {"-0.0e-0", true},
        {"1e999", true}, {"", false},      {"-", false},        {"+1", false},    {"01", false},
        {"-01", false},  {"00", false},    {"0x1", false},      {".5", false},    {"1.", false},
        {"1.e5", false}, {"1e", false},    {"1e+", false},      {"1e5.0", false}, {"1.5.5", false},
        {"--1", false},  {"-a", false},    {"1a", false},       {"1_000", false}, {"1,000", false},
        {"1 0", false},  {"1e+-5", false}, {"1e 5", false},     {"- 1", false},   {"1-", false},
        {"0b1", false},  {"1f", false},    {"\xd9\xa3", false},
    };
    char text[64];
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_document(rows[i].text, str_of(rows[i].text), rows[i].good ? 0 : -1);
        snprintf(text, sizeof(text), "{\"k0\":%s}", rows[i].text);
        check_document(text, str_of(text), rows[i].good ? 0 : -1);
        if (!rows[i].text[0] || strchr(rows[i].text, ','))
            continue; /* a list without numbers, or with two */
        snprintf(text, sizeof(text), "[%s]", rows[i].text);
        check_document(text, str_of(text), rows[i].good ? 0 : -1);
    }
}

TEST(strings)
{
    static const struct {
        struct str json, value; /* value.ptr NULL: refused */
    } rows[] = {
        {STR_INIT("\"\""), STR_INIT("")},
        {STR_INIT("\"abc\""), STR_INIT("abc")},
        {STR_INIT("\"\\u0061\""), STR_INIT("a")},
        {STR_INIT("\"\\u0001\""), STR_INIT("\x01")},
        {STR_INIT("\"\\u007f\\u0080\""), STR_INIT("\x7f\xc2\x80")},
        {STR_INIT("\"\\u07ff\\u0800\""), STR_INIT("\xdf\xbf\xe0\xa0\x80")},
        {STR_INIT("\"\\ud7ff\\ue000\\uffff\""), STR_INIT("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
        {STR_INIT("\"\\ud800\\udc00\""), STR_INIT("\xf0\x90\x80\x80")},
        {STR_INIT("\"\\uDBFF\\uDFFF\""), STR_INIT("\xf4\x8f\xbf\xbf")},
        {STR_INIT("\"\\\\u0061\""), STR_INIT("\\u0061")},
        {STR_INIT("\"\\\"\""), STR_INIT("\"")},
        {STR_INIT("\"a\\/b\""), STR_INIT("a/b")},
        {STR_INIT("\"\\b\\f\\n\\r\\t\""), STR_INIT("\b\f\n\r\t")},
        {STR_INIT("\"\\u0000\""), {NULL, 0}},
        {STR_INIT("\"nginx\\u0000:1\""), {NULL, 0}},
        {STR_INIT("\"nginx\0:1\""), {NULL, 0}},
        {STR_INIT("\"\\0\""), {NULL, 0}},
        {STR_INIT("\"\\\0\""), {NULL, 0}},
        {STR_INIT("\"\\a\""), {NULL, 0}},
        {STR_INIT("\"\\v\""), {NULL, 0}},
        {STR_INIT("\"\\'\""), {NULL, 0}},
        {STR_INIT("\"\\x41\""), {NULL, 0}},
        {STR_INIT("\"\\U0041\""), {NULL, 0}},
        {STR_INIT("\"\\u\""), {NULL, 0}},
        {STR_INIT("\"\\u12\""), {NULL, 0}},
        {STR_INIT("\"\\u123\""), {NULL, 0}},
        {STR_INIT("\"\\u123g\""), {NULL, 0}},
        {STR_INIT("\"\\u+123\""), {NULL, 0}},
        {STR_INIT("\"\\u 123\""), {NULL, 0}},
        {STR_INIT("\"\\ud800\""), {NULL, 0}},
        {STR_INIT("\"\\ud800x\""), {NULL, 0}},
        {STR_INIT("\"\\ud800\\n\""), {NULL, 0}},
        {STR_INIT("\"\\ud800\\u0041\""), {NULL, 0}},
        {STR_INIT("\"\\ud800\\ud800\""), {NULL, 0}},
        {STR_INIT("\"\\ud800\\ue000\""), {NULL, 0}},
        {STR_INIT("\"\\udc00\""), {NULL, 0}},
        {STR_INIT("\"\\udc00\\ud800\""), {NULL, 0}},
        {STR_INIT("\"\\ud800\\udc0\""), {NULL, 0}},
        {STR_INIT("\"\x1f\""), {NULL, 0}},
        {STR_INIT("\"\n\""), {NULL, 0}},
        {STR_INIT("\"\t\""), {NULL, 0}},
        {STR_INIT("\"\r\""), {NULL, 0}},
        {STR_INIT("\"\x01\""), {NULL, 0}},
        {STR_INIT("\"\x80\""), {NULL, 0}},
        {STR_INIT("\"\xbf\""), {NULL, 0}},
        {STR_INIT("\"\xc0\x80\""), {NULL, 0}},
        {STR_INIT("\"\xc1\xbf\""), {NULL, 0}},
        {STR_INIT("\"\xc3\""), {NULL, 0}},
        {STR_INIT("\"\xc3(\""), {NULL, 0}},
        {STR_INIT("\"\xe0\x80\x80\""), {NULL, 0}},
        {STR_INIT("\"\xe0\x9f\xbf\""), {NULL, 0}},
        {STR_INIT("\"\xe2\x82\""), {NULL, 0}},
        {STR_INIT("\"\xe2(\xa1\""), {NULL, 0}},
        {STR_INIT("\"\xed\xa0\x80\""), {NULL, 0}},
        {STR_INIT("\"\xed\xbf\xbf\""), {NULL, 0}},
        {STR_INIT("\"\xed\xa0\xbd\xed\xb0\xb3\""), {NULL, 0}},
        {STR_INIT("\"\xf0\x80\x80\x80\""), {NULL, 0}},
        {STR_INIT("\"\xf0\x8f\xbf\xbf\""), {NULL, 0}},
        {STR_INIT("\"\xf0\x9f\x90\""), {NULL, 0}},
        {STR_INIT("\"\xf4\x90\x80\x80\""), {NULL, 0}},
        {STR_INIT("\"\xf5\x80\x80\x80\""), {NULL, 0}},
        {STR_INIT("\"\xf8\x88\x80\x80\x80\""), {NULL, 0}},
        {STR_INIT("\"\xfe\""), {NULL, 0}},
        {STR_INIT("\"\xff\""), {NULL, 0}},
        {STR_INIT("\"caf\xe9\""), {NULL, 0}},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan;
        check_document(rows[i].json.ptr, rows[i].json, rows[i].value.ptr ? 0 : -1);
        scan_begin(&scan, rows[i].json, &arena);
        struct str value = scan_string(&scan);
        if (rows[i].value.ptr) {
            CHECK_INT(rows[i].json.ptr, scan_finish(&scan, NULL), 0);
            CHECK_STR(rows[i].json.ptr, value, rows[i].value);
        } else {
            CHECK(rows[i].json.ptr, !value.ptr && value.len == 0);
        }
    }
}

/* What may stand in the way of a loop over sixteen bytes at once, and what becomes of it. */
static const struct {
    const char *name;
    struct str json, value; /* value.ptr NULL: refused */
} odd[] = {
    {"nothing odd", STR_INIT(""), STR_INIT("")},
    {"escape", STR_INIT("\\n"), STR_INIT("\n")},
    {"long escape", STR_INIT("\\u20ac"), STR_INIT("\xe2\x82\xac")},
    {"pair", STR_INIT("\\ud83d\\udc33"), STR_INIT("\xf0\x9f\x90\xb3")},
    {"two bytes", STR_INIT("\xc3\xa4"), STR_INIT("\xc3\xa4")},
    {"three bytes", STR_INIT("\xe2\x82\xac"), STR_INIT("\xe2\x82\xac")},
    {"four bytes", STR_INIT("\xf0\x9f\x90\xb3"), STR_INIT("\xf0\x9f\x90\xb3")},
    {"delete", STR_INIT("\x7f"), STR_INIT("\x7f")},
    {"first plain byte", STR_INIT(" !"), STR_INIT(" !")},
    {"neighbours of quote and backslash", STR_INIT("!#[]"), STR_INIT("!#[]")},
    {"control", STR_INIT("\x1f"), {NULL, 0}},
    {"NUL", STR_INIT("\0"), {NULL, 0}},
    {"no UTF-8", STR_INIT("\x80"), {NULL, 0}},
    {"last byte value", STR_INIT("\xff"), {NULL, 0}},
    {"half a character", STR_INIT("\xe2\x82"), {NULL, 0}},
    {"no escape", STR_INIT("\\q"), {NULL, 0}},
    {"half a pair", STR_INIT("\\ud83d"), {NULL, 0}},
    {"a quote", STR_INIT("\""), {NULL, 0}},
};

static void check_odd(size_t i, size_t before, size_t behind)
{
    char json[160], want[160], row[100];
    size_t len = 0, want_len = 0;
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct scan scan;
    snprintf(row, sizeof(row), "%s after %zu and before %zu bytes", odd[i].name, before, behind);
    json[len++] = '"';
    memset(json + len, 'a', before);
    memcpy(json + len + before, odd[i].json.ptr, odd[i].json.len);
    memset(json + len + before + odd[i].json.len, 'b', behind);
    len += before + odd[i].json.len + behind;
    json[len++] = '"';
    struct str copy = exact_copy((struct str){json, len});
    scan_begin(&scan, copy, &arena);
    struct str value = scan_string(&scan);
    int result = scan_finish(&scan, NULL);
    CHECK_INT(row, result, odd[i].value.ptr ? 0 : -1);
    if (result == 0) {
        memset(want, 'a', before);
        memcpy(want + before, odd[i].value.ptr, odd[i].value.len);
        memset(want + before + odd[i].value.len, 'b', behind);
        want_len = before + odd[i].value.len + behind;
        CHECK_STR(row, value, ((struct str){want, want_len}));
    }
    CHECK_INT(row, read_document(copy, BY_VALUE, NULL), result);
    exact_free(copy);
}

TEST(odd_bytes_at_every_offset)
{
    for (size_t i = 0; i < COUNT(odd); i++)
        for (size_t before = 0; before <= 40; before++)
            for (size_t behind = 0; behind <= 20; behind++)
                check_odd(i, before, behind);
}

/* The same string at each alignment, closed at each length. */
TEST(strings_at_every_alignment)
{
    char room[128];
    TEST_ARENA(arena);
    for (size_t offset = 0; offset < 32; offset++)
        for (size_t len = 0; len < 64; len++) {
            struct scan scan;
            room[offset] = '"';
            memset(room + offset + 1, 'x', len);
            room[offset + 1 + len] = '"';
            scan_begin(&scan, (struct str){room + offset, len + 2}, &arena);
            assert_int_equal(scan_string(&scan).len, len);
            assert_int_equal(scan_finish(&scan, NULL), 0);
            scan_begin(&scan, (struct str){room + offset, len + 1}, &arena);
            assert_null(scan_string(&scan).ptr);
            assert_int_equal(scan_finish(&scan, NULL), -1);
        }
}

static void nest(char *text, size_t depth, int way)
{
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        bool object = way == 1 || (way == 2 && i % 2);
        memcpy(text + len, object ? "{\"k0\":" : "[", object ? 6 : 1);
        len += object ? 6 : 1;
    }
    text[len++] = '1';
    for (size_t i = depth; i-- > 0;)
        text[len++] = way == 1 || (way == 2 && i % 2) ? '}' : ']';
    text[len] = '\0';
}

TEST(depth)
{
    static const char *const ways[] = {"arrays", "objects", "both in turn"};
    static char text[1000];
    for (int way = 0; way < 3; way++) {
        nest(text, SCAN_DEPTH, way);
        check_document(ways[way], str_of(text), 0);
        nest(text, SCAN_DEPTH + 1, way);
        check_document(ways[way], str_of(text), -1);
        nest(text, 2 * SCAN_DEPTH, way);
        check_document(ways[way], str_of(text), -1);
    }
}

/* Levels that were entered and levels that are skipped count together. */
TEST(depth_of_what_is_skipped)
{
    static char text[1000];
    TEST_ARENA(arena);
    for (unsigned entered = 0; entered <= SCAN_DEPTH; entered++)
        for (unsigned more = 0; more < 2; more++) {
            struct scan scan;
            nest(text, SCAN_DEPTH + more, 0);
            scan_begin(&scan, str_of(text), &arena);
            struct scan_elements elements[SCAN_DEPTH];
            for (unsigned i = 0; i < entered; i++) {
                elements[i] = scan_array(&scan);
                assert_true(scan_element(&scan, &elements[i]));
            }
            scan_value(&scan);
            for (unsigned i = entered; i-- > 0;)
                assert_false(scan_element(&scan, &elements[i]));
            assert_int_equal(scan_finish(&scan, NULL), more ? -1 : 0);
        }
}

/* Up and down again more often than there are bits in a word, with a mistake at each level in turn. */
TEST(deep)
{
    static char text[8 * SCAN_DEEP + 8];
    TEST_ARENA(arena);
    struct scan scan;
    for (int way = 0; way < 3; way++)
        for (size_t more = 0; more < 2; more++) {
            nest(text, SCAN_DEEP + more, way);
            scan_begin(&scan, str_of(text), &arena);
            scan.deep = true;
            scan_value(&scan);
            assert_int_equal(scan_finish(&scan, NULL), more ? -1 : 0);
        }
    for (size_t depth = 1; depth < 400; depth++) {
        nest(text, 400, 2);
        char *closing = text + strlen(text) - depth;
        *closing = *closing == ']' ? '}' : ']';
        scan_begin(&scan, str_of(text), &arena);
        scan.deep = true;
        scan_value(&scan);
        assert_int_equal(scan_finish(&scan, NULL), -1);
    }
}

/* Closed levels are given back: breadth is no depth. */
TEST(breadth_is_not_depth)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 100000);
    buf_add_char(&buf, '[');
    for (int i = 0; i < 1000; i++)
        buf_addf(&buf, "%s[{\"k0\":[]}]", i ? "," : "");
    buf_add_char(&buf, ']');
    check_document("thousand lists", finished(&buf), 0);
}

TEST(members)
{
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("image"), STR_INIT("i")};
    TEST_ARENA(arena);
    struct scan scan;
    scan_begin(&scan,
               STR("{\"x\":[{}],\"image\":\"a\",\"im\":1,\"name\":\"b\",\"images\":{},\"\":0,"
                   "\"\\u0069\":\"c\"}"),
               &arena);
    struct scan_members members = scan_object(&scan);
    assert_int_equal(scan_member(&scan, &members, keys, 3), 1);
    CHECK_STR("image", scan_string(&scan), STR("a"));
    assert_int_equal(scan_member(&scan, &members, keys, 3), 0);
    CHECK_STR("name", scan_string(&scan), STR("b"));
    assert_int_equal(scan_member(&scan, &members, keys, 3), 2);
    CHECK_STR("i", scan_string(&scan), STR("c"));
    assert_int_equal(scan_member(&scan, &members, keys, 3), SCAN_END);
    assert_int_equal(scan_finish(&scan, NULL), 0);
}

TEST(keys_given_twice)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"{'name':1,'name':1}", false},
        {"{'name':1,'image':2,'name':3}", false},
        {"{'name':1,'\\u006eame':1}", false},
        {"{'\\u006e\\u0061\\u006d\\u0065':1,'name':1}", false},
        {"{'image':1,'\\u0069mage':1}", false},
        {"{'name':null,'name':1}", false},
        {"{'x':1,'x':2}", true},
        {"{'x':1,'\\u0078':2}", true},
        {"{'name':1,'Name':2,'NAME':3}", true},
        {"{'name':1,'name ':2}", true},
        {"{'x':{'name':1,'name':2}}", true},
        {"{'name':{'name':1}}", true},
    };
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("image")};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan;
        struct err err = ERR_CLEAN;
        scan_begin(&scan, json_of(&arena, rows[i].text), &arena);
        struct scan_members members = scan_object(&scan);
        while (scan_member(&scan, &members, keys, 2) != SCAN_END)
            scan_value(&scan);
        CHECK_INT(rows[i].text, scan_finish(&scan, &err), rows[i].good ? 0 : -1);
        if (!rows[i].good)
            CHECK_HAS(rows[i].text, ERR_TEXT(err), "given twice");
    }
}

/* Each of as many known keys as there may be is found and found again. */
TEST(thirty_two_known_keys)
{
    enum { MOST = 32 };
    static char names[MOST][16];
    struct str keys[MOST];
    TEST_ARENA(arena);
    for (int i = 0; i < MOST; i++) {
        snprintf(names[i], sizeof(names[i]), "k%d", i);
        keys[i] = str_of(names[i]);
    }
    for (int twice = 0; twice < MOST; twice++) {
        struct buf buf = BUF_INIT(&arena, 2000);
        struct scan scan;
        int found = 0;
        for (int i = 0; i < MOST; i++)
            buf_addf(&buf, "%c\"k%d\":0", i ? ',' : '{', i);
        buf_addf(&buf, ",\"k%d\":0}", twice);
        scan_begin(&scan, finished(&buf), &arena);
        struct scan_members members = scan_object(&scan);
        for (int key; (key = scan_member(&scan, &members, keys, MOST)) != SCAN_END; found++) {
            assert_int_equal(key, found);
            scan_value(&scan);
        }
        assert_int_equal(found, MOST);
        assert_int_equal(scan_finish(&scan, NULL), -1);
    }
}

/* A key written out in escapes alone is known; one too long for any we know is skipped. */
TEST(escaped_keys_of_any_length)
{
    static const struct str keys[] = {STR_INIT("ephemeralContainers")};
    TEST_ARENA(arena);
    struct buf known = BUF_INIT(&arena, 1000);
    buf_add(&known, STR("{\""));
    for (size_t i = 0; i < keys[0].len; i++)
        buf_addf(&known, "\\u%04x", (unsigned)keys[0].ptr[i]);
    buf_add(&known, STR("\":1}"));
    struct scan scan;
    scan_begin(&scan, finished(&known), &arena);
    struct scan_members members = scan_object(&scan);
    assert_int_equal(scan_member(&scan, &members, keys, 1), 0);
    for (size_t len = 0; len < 1000; len += len < 380 || len > 400 ? 19 : 1) {
        struct buf buf = BUF_INIT(&arena, 8000);
        buf_addf(&buf, "{\"\\u0065%s\":{\"x\":1}}", run_of(&arena, 'x', len).ptr);
        struct str text = exact_copy(finished(&buf));
        scan_begin(&scan, text, &arena);
        members = scan_object(&scan);
        assert_int_equal(scan_member(&scan, &members, keys, 1), SCAN_END);
        assert_int_equal(scan_finish(&scan, NULL), 0);
        exact_free(text);
    }
}

TEST(keys_given_twice_are_named)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {"{'name':1,'name':1}", "name: this key is given twice in one object (line 1, column 11)"},
        {"{'name':1,\n'image':2,\n'name':3}",
         "name: this key is given twice in one object (line 3, column 1)"},
    };
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("image")};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan;
        struct err err = ERR_CLEAN;
        scan_begin(&scan, json_of(&arena, rows[i].text), &arena);
        struct scan_members members = scan_object(&scan);
        while (scan_member(&scan, &members, keys, 2) != SCAN_END)
            scan_value(&scan);
        CHECK_INT(rows[i].text, scan_finish(&scan, &err), -1);
        CHECK_STR(rows[i].text, ERR_TEXT(err), str_of(rows[i].err));
    }
}

TEST(keys_that_are_data)
{
    static const struct str want[] = {STR_INIT("a"), STR_INIT("a"), STR_INIT(""),
                                      STR_INIT("app.kubernetes.io/name"), STR_INIT("\xc3\xa4\n")};
    TEST_ARENA(arena);
    struct scan scan;
    struct str key = STR_NONE;
    size_t i = 0;
    scan_begin(&scan,
               STR("{\"a\":1,\"\\u0061\":[2],\"\":{},\"app.kubernetes.io\\/name\":\"x\","
                   "\"\\u00e4\\n\":0}"),
               &arena);
    struct scan_members members = scan_object(&scan);
    for (; scan_any_member(&scan, &members, &key); i++) {
        CHECK_STR("key", key, want[i]);
        scan_value(&scan);
    }
    assert_int_equal(i, COUNT(want));
    assert_int_equal(scan_finish(&scan, NULL), 0);
}

TEST(peeking)
{
    static const struct {
        struct str text;
        enum scan_type type;
    } rows[] = {
        {STR_INIT("{"), SCAN_OBJECT},    {STR_INIT(" ["), SCAN_ARRAY},
        {STR_INIT("\n\""), SCAN_STRING}, {STR_INIT("\t-"), SCAN_NUMBER},
        {STR_INIT("\r0"), SCAN_NUMBER},  {STR_INIT("9"), SCAN_NUMBER},
        {STR_INIT("t"), SCAN_BOOL},      {STR_INIT("f"), SCAN_BOOL},
        {STR_INIT("n"), SCAN_NULL},      {STR_INIT(""), SCAN_INVALID},
        {STR_INIT("}"), SCAN_INVALID},   {STR_INIT("]"), SCAN_INVALID},
        {STR_INIT(","), SCAN_INVALID},   {STR_INIT("T"), SCAN_INVALID},
        {STR_INIT("+"), SCAN_INVALID},   {STR_INIT("'"), SCAN_INVALID},
        {STR_INIT("\0"), SCAN_INVALID},  {STR_INIT("\xc2\xa0"), SCAN_INVALID},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan;
        scan_begin(&scan, rows[i].text, &arena);
        CHECK_INT(rows[i].text.ptr, scan_peek(&scan), rows[i].type);
        CHECK_INT(rows[i].text.ptr, scan_peek(&scan), rows[i].type);
    }
}

TEST(spans_of_values)
{
    static const struct {
        const char *text, *value;
    } rows[] = {
        {"  {'a' : [1, 2]}  ", "{'a' : [1, 2]}"},
        {"\n[ ]", "[ ]"},
        {" -1.5e3 ", "-1.5e3"},
        {"'a\\n'", "'a\\n'"},
        {" null", "null"},
        {"true ", "true"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan;
        struct str text = json_of(&arena, rows[i].text), want = json_of(&arena, rows[i].value);
        scan_begin(&scan, text, &arena);
        size_t offset = scan_offset(&scan);
        struct str value = scan_value(&scan);
        CHECK_STR(rows[i].text, value, want);
        CHECK(rows[i].text, value.ptr == text.ptr + offset);
        CHECK_INT(rows[i].text, scan_finish(&scan, NULL), 0);
    }
}

/* Taken from both or from neither. */
TEST(same_values)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{}", "{}", true},
        {"[]", " []", true},
        {"\n{'a':[1,{'b':'}'}]}", "{'a':[1,{'b':'}'}]}", true},
        {"{'a':1}", "{'a':1},{'b':2}", true},
        {"[1,2]", "[1,2]]", true},
        {"{'a':1},x", "{'a':1}", true},
        {"{'a':1}", "{'a':2}", false},
        {"{'a':1}", "{ 'a':1}", false},
        {"{'a':1,'b':2}", "{'b':2,'a':1}", false},
        {"[1]", "[1,2]", false},
        {"[1,2]", "[1]", false},
        {"[12]", "[1", false},
        {"[]", "{}", false},
        {"1", "1", false},
        {"'a'", "'a'", false},
        {"null", "null", false},
        {"", "", false},
        {"[]", "", false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[100];
        struct scan a, b;
        struct str text_a = exact_copy(json_of(&arena, rows[i].a));
        struct str text_b = exact_copy(json_of(&arena, rows[i].b));
        snprintf(row, sizeof(row), "%s and %s", rows[i].a, rows[i].b);
        scan_begin(&a, text_a, &arena);
        scan_begin(&b, text_b, &arena);
        size_t at_a = scan_offset(&a), at_b = scan_offset(&b);
        CHECK_INT(row, scan_same_value(&a, &b), rows[i].same);
        CHECK_INT(row, scan_offset(&a) == at_a, !rows[i].same);
        CHECK_INT(row, scan_offset(&b) == at_b, !rows[i].same);
        CHECK(row, a.problem_kind == ERR_NONE && b.problem_kind == ERR_NONE);
        exact_free(text_a);
        exact_free(text_b);
    }
}

/* Broken bytes are the same in nothing. */
TEST(same_values_that_are_broken)
{
    static const char *const rows[] = {"[", "{'a'}", "['\\x']", "[01]", "[1,]"};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan a, b;
        scan_begin(&a, json_of(&arena, rows[i]), &arena);
        scan_begin(&b, json_of(&arena, rows[i]), &arena);
        CHECK(rows[i], !scan_same_value(&a, &b));
        CHECK_INT(rows[i], scan_finish(&a, NULL), -1);
    }
}

TEST(a_string_may_be_null)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"null", true},  {"'x'", true}, {"nul", false}, {"1", false},
        {"true", false}, {"{}", false}, {"[]", false},  {"", false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan;
        scan_begin(&scan, json_of(&arena, rows[i].text), &arena);
        struct str value = scan_string(&scan);
        CHECK_INT(rows[i].text, value.ptr != NULL, rows[i].text[0] == '\'');
        CHECK_INT(rows[i].text, scan_finish(&scan, NULL), rows[i].good ? 0 : -1);
    }
}

TEST(wrong_types)
{
    static const char *const not_objects[] = {"[]", "1", "null", "'x'", "true", ""};
    static const char *const not_arrays[] = {"{}", "1", "null", "'x'", "true", ""};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(not_objects); i++) {
        struct scan scan;
        struct err err = ERR_CLEAN;
        struct str key = STR("untouched");
        scan_begin(&scan, json_of(&arena, not_objects[i]), &arena);
        struct scan_members members = scan_object(&scan);
        CHECK(not_objects[i], !scan_any_member(&scan, &members, &key));
        CHECK_STR(not_objects[i], key, STR("untouched"));
        CHECK_INT(not_objects[i], scan_finish(&scan, &err), -1);
        CHECK_HAS(not_objects[i], ERR_TEXT(err), "an object was expected here");
        scan_begin(&scan, json_of(&arena, not_arrays[i]), &arena);
        struct scan_elements elements = scan_array(&scan);
        CHECK(not_arrays[i], !scan_element(&scan, &elements));
        CHECK_INT(not_arrays[i], scan_finish(&scan, &err), -1);
        CHECK_HAS(not_arrays[i], ERR_TEXT(err), "an array was expected here");
    }
}

/* From the first problem on every call returns its empty value, and the problem stays the first. */
TEST(after_a_problem)
{
    static const struct str keys[] = {STR_INIT("a")};
    TEST_ARENA(arena);
    struct scan scan;
    struct err err = ERR_CLEAN;
    struct str key = STR("untouched");
    scan_begin(&scan, STR("[1,\n {\"a\": x}, \"s\", [2]]"), &arena);
    struct scan_elements elements = scan_array(&scan);
    assert_true(scan_element(&scan, &elements));
    scan_value(&scan);
    assert_true(scan_element(&scan, &elements));
    assert_null(scan_value(&scan).ptr);
    assert_false(scan_element(&scan, &elements));
    assert_null(scan_string(&scan).ptr);
    assert_null(scan_value(&scan).ptr);
    assert_int_equal(scan_peek(&scan), SCAN_INVALID);
    struct scan_members members = scan_object(&scan);
    assert_int_equal(scan_member(&scan, &members, keys, 1), SCAN_END);
    assert_false(scan_any_member(&scan, &members, &key));
    elements = scan_array(&scan);
    assert_false(scan_element(&scan, &elements));
    scan_fail(&scan, "later", 0);
    scan_out_of_memory(&scan);
    assert_int_equal(scan_finish(&scan, &err), -1);
    assert_string_equal(err.text, "[1].a: a value was expected here (line 2, column 8)");
    assert_int_equal(err.kind, ERR_INPUT);
    assert_true(str_eq(key, STR("untouched")));
    assert_int_equal(scan_finish(&scan, NULL), -1);
}

TEST(problems_say_where)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {"", "a value was expected here (line 1, column 1)"},
        {"{'a':1}x", "something follows the value (line 1, column 8)"},
        {"{\n'a':1,\n}", "a: a key in double quotes was expected here (line 3, column 1)"},
        {"{'a' 1}", "a: a colon was expected after the key (line 1, column 6)"},
        {"{'a':1 'b':2}", "a: a comma or a closing bracket was expected here (line 1, column 8)"},
        {"{'a':[1,{'b':01}]}", "a[1].b: not a number as JSON writes it (line 1, column 15)"},
        {"{'a':{'b':'x", "a.b: the text ends inside a string (line 1, column 13)"},
        {"{'a':'\\x'}", "a: an escape that JSON does not have, NUL, or half a surrogate pair "
                        "(line 1, column 7)"},
        {"{'a':'\n'}", "a: a control character inside a string (line 1, column 7)"},
        {"{'a':'\xff'}", "a: bytes that are not UTF-8 (line 1, column 7)"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, read_document(json_of(&arena, rows[i].text), BY_VALUE, &err), -1);
        CHECK_STR(rows[i].text, ERR_TEXT(err), str_of(rows[i].err));
    }
}

TEST(a_NUL_behind_the_value)
{
    struct err err = ERR_CLEAN;
    assert_int_equal(read_document(STR("{}\0{}"), BY_VALUE, &err), -1);
    assert_string_equal(err.text, "a NUL byte follows the value (line 1, column 3)");
}

TEST(a_problem_of_the_decoder)
{
    TEST_ARENA(arena);
    struct scan scan;
    struct err err = ERR_CLEAN;
    struct str text = STR("{\"spec\":\n{\"replicas\":-1}}");
    scan_begin(&scan, text, &arena);
    scan_fail(&scan, "fewer than none", text.len - 4);
    assert_int_equal(scan_finish(&scan, &err), -1);
    assert_string_equal(err.text, "spec.replicas: fewer than none (line 2, column 13)");
    scan_begin(&scan, text, &arena);
    scan.derived = true;
    scan_fail(&scan, "fewer than none", text.len - 4);
    assert_int_equal(scan_finish(&scan, &err), -1);
    assert_string_equal(err.text, "spec.replicas: fewer than none");
}

TEST(no_room_for_an_unescaped_string)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(8);
    struct scan scan;
    struct err err = ERR_CLEAN;
    scan_begin(&scan, STR("\"a plain string needs no room\""), &arena);
    assert_int_equal(scan_string(&scan).len, 28);
    assert_int_equal(scan_finish(&scan, &err), 0);
    scan_begin(&scan, STR("\"an escaped one\\n does\""), &arena);
    assert_null(scan_string(&scan).ptr);
    assert_int_equal(scan_finish(&scan, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    struct str key = STR("untouched");
    scan_begin(&scan, STR("{\"an escaped one\\n does\":1}"), &arena);
    struct scan_members members = scan_object(&scan);
    assert_false(scan_any_member(&scan, &members, &key));
    assert_true(str_eq(key, STR("untouched")));
    assert_int_equal(scan_finish(&scan, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
}

/* What a person reads in an error has no bytes that move the cursor, whatever was sent. */
TEST(problems_are_printable)
{
    static const struct str rows[] = {
        STR_INIT("{\"a\x1b[2Jb\":1}"),    STR_INIT("{\"a\nb\":1}"),     STR_INIT("{\"a\x7f\":x}"),
        STR_INIT("{\"\xe2\x80\xae\":x}"), STR_INIT("{\"\xc2\x9b\":x}"),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        char row[32];
        snprintf(row, sizeof(row), "row %zu", i);
        CHECK_INT(row, read_document(rows[i], BY_VALUE, &err), -1);
        for (const char *c = err.text; *c; c++)
            CHECK(row, *c >= ' ' && *c <= '~');
    }
}

TEST(none_is_read_as_nothing)
{
    TEST_ARENA(arena);
    struct scan scan;
    scan_begin(&scan, STR_NONE, &arena);
    assert_int_equal(scan_peek(&scan), SCAN_INVALID);
    assert_null(scan_value(&scan).ptr);
    assert_int_equal(scan_finish(&scan, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents),
        cmocka_unit_test(cut_documents),
        cmocka_unit_test(corrupted_documents),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(odd_bytes_at_every_offset),
        cmocka_unit_test(strings_at_every_alignment),
        cmocka_unit_test(depth),
        cmocka_unit_test(depth_of_what_is_skipped),
        cmocka_unit_test(deep),
        cmocka_unit_test(breadth_is_not_depth),
        cmocka_unit_test(members),
        cmocka_unit_test(keys_given_twice),
        cmocka_unit_test(thirty_two_known_keys),
        cmocka_unit_test(escaped_keys_of_any_length),
        cmocka_unit_test(keys_given_twice_are_named),
        cmocka_unit_test(keys_that_are_data),
        cmocka_unit_test(peeking),
        cmocka_unit_test(spans_of_values),
        cmocka_unit_test(same_values),
        cmocka_unit_test(same_values_that_are_broken),
        cmocka_unit_test(a_string_may_be_null),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(after_a_problem),
        cmocka_unit_test(problems_say_where),
        cmocka_unit_test(a_NUL_behind_the_value),
        cmocka_unit_test(a_problem_of_the_decoder),
        cmocka_unit_test(no_room_for_an_unescaped_string),
        cmocka_unit_test(problems_are_printable),
        cmocka_unit_test(none_is_read_as_nothing),
    };
    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
