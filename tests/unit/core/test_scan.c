/* SPDX-License-Identifier: Apache-2.0 */
/* What is a document and what is none, how deep it may be, and what is said of a bad one. */
#include "../scanread.h"

#include <cJSON.h>

#include "pinnace/banned.h"

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

/* A container may leave any bytes as its last words. */
TEST(NUL_in_what_nobody_asked_for)
{
    static const struct {
        const char *json;
        bool deep;
        int want;
    } rows[] = {
        {"{'a':'x\\u0000'}", false, -1},
        {"{'a':'x\\u0000'}", true, 0},
        {"{'\\u0000':1}", true, -1},
        {"{'a':{'\\u0000':['\\u0000']}}", true, 0},
        {"{'a':'x\\u000'}", true, -1},
        {"{'a':'\\ud800'}", true, -1},
        {"{'name':'x\\u0000'}", true, -1},
        {"{'text':'x\\u0000y\\n'}", true, 0},
        {"{'text':'x\\u0000y\\n'}", false, -1},
    };
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("text")};
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct scan scan;
        struct err err = ERR_CLEAN;
        scan_begin(&scan, json_of(&arena, rows[i].json), &arena);
        scan.deep = rows[i].deep;
        struct scan_members members = scan_object(&scan);
        for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;) {
            struct str text = key == 0 ? scan_string(&scan) : scan_text(&scan);
            if (key == 1 && text.ptr)
                CHECK_STR(rows[i].json, text, STR("x y\n"));
        }
        CHECK_INT(rows[i].json, scan_finish(&scan, &err), rows[i].want);
    }
}

TEST(whole_numbers_and_booleans)
{
    static const struct {
        const char *json;
        int64_t number;
        bool truth;
        const char *problem;
    } rows[] = {
        {"{'n':12,'b':true}", 12, true, NULL},
        {"{'b':false,'n':-3}", -3, false, NULL},
        {"{'n':null,'b':null}", 0, false, NULL},
        {"{'n':999999999999999999}", 999999999999999999, false, NULL},
        {"{'n':1999999999999999999}", 0, false, "at most 18 digits"},
        {"{'n':1.5}", 0, false, "a whole number"},
        {"{'n':1e3}", 0, false, "a whole number"},
        {"{'n':'1'}", 0, false, "n: a number was expected here"},
        {"{'n':true}", 0, false, "n: a number was expected here"},
        {"{'n':}", 0, false, ""},
        {"{'b':1}", 0, false, "b: true or false was expected here"},
        {"{'b':'true'}", 0, false, "b: true or false was expected here"},
        {"{'b':tru}", 0, false, ""},
    };
    static const struct str keys[] = {STR_INIT("n"), STR_INIT("b")};
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct scan scan;
        struct err err = ERR_CLEAN;
        int64_t number = 0;
        bool truth = false;
        scan_begin(&scan, json_of(&arena, rows[i].json), &arena);
        struct scan_members members = scan_object(&scan);
        for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;) {
            if (key == 0)
                number = scan_integer(&scan);
            else
                truth = scan_bool(&scan);
        }
        CHECK_INT(rows[i].json, scan_finish(&scan, &err), rows[i].problem ? -1 : 0);
        if (rows[i].problem)
            CHECK_HAS(rows[i].json, ERR_TEXT(err), rows[i].problem);
        else
            CHECK(rows[i].json, number == rows[i].number && truth == rows[i].truth);
    }
}

TEST(a_NUL_behind_the_value)
{
    struct err err = ERR_CLEAN;
    assert_int_equal(read_document(STR("{}\0{}"), BY_VALUE, &err), -1);
    assert_string_equal(err.text, "a NUL byte follows the value (line 1, column 3)");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents),
        cmocka_unit_test(cut_documents),
        cmocka_unit_test(corrupted_documents),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(numbers),
        cmocka_unit_test(depth),
        cmocka_unit_test(depth_of_what_is_skipped),
        cmocka_unit_test(deep),
        cmocka_unit_test(breadth_is_not_depth),
        cmocka_unit_test(problems_say_where),
        cmocka_unit_test(NUL_in_what_nobody_asked_for),
        cmocka_unit_test(whole_numbers_and_booleans),
        cmocka_unit_test(a_NUL_behind_the_value),
        cmocka_unit_test(problems_are_printable),
    };
    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
