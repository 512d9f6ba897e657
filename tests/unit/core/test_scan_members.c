/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoder takes out of a document: members, values and the bytes of both. */
#include "../scanread.h"

#include "pinnace/banned.h"

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
        cmocka_unit_test(members),
        cmocka_unit_test(keys_given_twice),
        cmocka_unit_test(thirty_two_known_keys),
        cmocka_unit_test(keys_given_twice_are_named),
        cmocka_unit_test(keys_that_are_data),
        cmocka_unit_test(peeking),
        cmocka_unit_test(spans_of_values),
        cmocka_unit_test(same_values),
        cmocka_unit_test(same_values_that_are_broken),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(after_a_problem),
        cmocka_unit_test(a_problem_of_the_decoder),
        cmocka_unit_test(none_is_read_as_nothing),
    };
    return cmocka_run_group_tests_name("scan_members", tests, NULL, NULL);
}
