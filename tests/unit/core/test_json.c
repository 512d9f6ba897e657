/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/json.h"

#include "pinnace/banned.h"

enum { MAX_BYTES = 1024 * 1024 };

/* A tree and the fields of its root, freed with the scope. */
#define READ(tree, fields, arena, text)                                                            \
    JSON_SCOPED struct cJSON *tree = read_good(arena, text);                                       \
    const struct json_fields fields = {.object = tree}

static struct cJSON *read_good(struct arena *arena, const char *text)
{
    struct cJSON *tree = NULL;
    struct err err = ERR_CLEAN;
    if (json_read(json_of(arena, text), MAX_BYTES, &tree, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    assert_non_null(tree);
    return tree;
}

TEST(reading)
{
    static const char *const rows[] = {
        "{}",
        "[]",
        "1",
        "'x'",
        "null",
        " {'a':{'b':[1,{'c':'d'}]}}\n",
        "{'a':1,'A':2,'a ':3}",
        "{'a':{'x':1},'b':{'x':1}}",
        "[{'x':1},{'x':1}]",
        "{'':1}",
        "{'a':1e999}",
        "{'n':123456789012345678901234567890123456789012345678901234567890}",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cJSON *tree = NULL;
        struct err err = ERR_CLEAN;
        struct str text = exact_copy(json_of(&arena, rows[i]));
        CHECK_INT(rows[i], json_read(text, MAX_BYTES, &tree, &err), 0);
        CHECK(rows[i], tree != NULL);
        json_free(&tree);
        exact_free(text);
    }
}

TEST(refusing)
{
    static const struct {
        struct str text;
        const char *err;
    } rows[] = {
        {STR_INIT(""), "a value was expected here (line 1, column 1)"},
        {{NULL, 0}, "a value was expected here"},
        {STR_INIT("{} x"), "something follows the value (line 1, column 4)"},
        {STR_INIT("{}\0"), "a NUL byte follows the value"},
        {STR_INIT("[01]"), "[0]: not a number"},
        {STR_INIT("[1.]"), "[0]: not a number"},
        {STR_INIT("{\"a\":\"\x01\"}"), "a: a control character inside a string"},
        {STR_INIT("{\"a\":\"\xff\"}"), "a: bytes that are not UTF-8"},
        {STR_INIT("{\"a\":\"x\0y\"}"), "a: a control character inside a string"},
        {STR_INIT("{\"a\":\"x\\u0000y\"}"), "NUL"},
        {STR_INIT("{\"a\":\n\"\\ud800\"}"), "half a surrogate pair (line 2, column 2)"},
        {STR_INIT("\xef\xbb\xbf{}"), "a value was expected here"},
        {STR_INIT("{\"a\":1,\"a\":2}"), "\"a\" is given twice"},
        {STR_INIT("{\"a\":1,\"b\":2,\"\\u0061\":2}"), "\"a\" is given twice"},
        {STR_INIT("{\"x\":{\"y\":[{\"b\":1,\"a\":1,\"b\":2}]}}"), "\"b\" is given twice"},
        {STR_INIT("{\"\":1,\"\":2}"), "\"\" is given twice"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cJSON *tree = NULL;
        struct err err = ERR_CLEAN;
        const char *row = rows[i].text.ptr ? rows[i].text.ptr : "none";
        struct str text = exact_copy(rows[i].text);
        CHECK_INT(row, json_read(text, MAX_BYTES, &tree, &err), -1);
        exact_free(text);
        CHECK(row, tree == NULL);
        CHECK_INT(row, err.kind, ERR_INPUT);
        CHECK_HAS(row, ERR_TEXT(err), rows[i].err);
    }
}

TEST(size)
{
    TEST_ARENA(arena);
    struct str text = json_format(&arena, "{'a':'%s'}", run_of(&arena, 'x', 1000).ptr);
    struct cJSON *tree = NULL;
    struct err err = ERR_CLEAN;
    assert_int_equal(json_read(text, text.len - 1, &tree, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_null(tree);
    assert_int_equal(json_read(text, text.len, &tree, &err), 0);
    json_free(&tree);
}

TEST(nesting)
{
    TEST_ARENA(arena);
    for (size_t depth = 64; depth <= 65; depth++) {
        struct cJSON *tree = NULL;
        struct err err = ERR_CLEAN;
        struct str open = run_of(&arena, '[', depth), close = run_of(&arena, ']', depth);
        struct str text = json_format(&arena, "%s%s", open.ptr, close.ptr);
        assert_int_equal(json_read(text, MAX_BYTES, &tree, &err), depth == 64 ? 0 : -1);
        assert_int_equal(err.kind, depth == 64 ? ERR_NONE : ERR_INPUT);
        json_free(&tree);
    }
}

/* JSON bounds no number; what is well-formed is read, or refused for what it is. */
TEST(long_numbers)
{
    TEST_ARENA(arena);
    for (size_t digits = 60; digits < 70; digits++) {
        char row[32];
        struct cJSON *tree = NULL;
        struct err err = ERR_CLEAN;
        snprintf(row, sizeof(row), "%zu digits", digits);
        struct str text = json_format(&arena, "{'a':%s}", run_of(&arena, '7', digits).ptr);
        json_read(text, MAX_BYTES, &tree, &err);
        json_free(&tree);
        CHECK(row, err.kind != ERR_MEMORY);
    }
}

/* The ceiling is the document's size, not the number of its objects. */
TEST(many_small_objects)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, MAX_BYTES);
    struct cJSON *tree = NULL;
    struct err err = ERR_CLEAN;
    buf_add(&buf, STR("[{}"));
    while (buf.len + 16 < MAX_BYTES)
        buf_add(&buf, STR(",{\"\":0}"));
    buf_add_char(&buf, ']');
    int result = json_read(finished(&buf), MAX_BYTES, &tree, &err);
    json_free(&tree);
    CHECK_STR("a full document", ERR_TEXT(err), STR(""));
    assert_int_equal(result, 0);
}

TEST(many_keys)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 2 * MAX_BYTES);
    struct cJSON *tree = NULL;
    struct err err = ERR_CLEAN;
    buf_add_char(&buf, '{');
    for (int i = 0; i < 50000; i++)
        buf_addf(&buf, "%s\"k%d\":%d", i ? "," : "", i * 7919 % 50000, i);
    struct buf twin = buf;
    buf_add_char(&buf, '}');
    assert_int_equal(json_read(finished(&buf), 2 * MAX_BYTES, &tree, &err), 0);
    json_free(&tree);
    buf_add(&twin, STR(",\"k4711\":0}"));
    assert_int_equal(json_read(finished(&twin), 2 * MAX_BYTES, &tree, &err), -1);
    assert_true(text_has(ERR_TEXT(err), STR("\"k4711\" is given twice")));
}

TEST(getting)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    READ(tree, root, &arena,
         "{'s':'text','e':'','t':true,'f':false,'o':{'p':{'s':'deep'}},'n':null,'\\u0075':'\\n'}");
    struct str text = STR("untouched");
    struct json_fields fields = {.path = "untouched"};
    bool truth = false;
    assert_int_equal(json_get_string(&root, "s", &arena, &text, &err), 0);
    CHECK_STR("s", text, STR("text"));
    CHECK_INT("NUL behind", text.ptr[text.len], '\0');
    assert_int_equal(json_get_string(&root, "e", &arena, &text, &err), 0);
    CHECK("e", text.ptr && text.len == 0);
    assert_int_equal(json_get_string(&root, "u", &arena, &text, &err), 0);
    CHECK_STR("u", text, STR("\n"));
    assert_int_equal(json_get_bool(&root, "t", &truth, &err), 0);
    assert_true(truth);
    assert_int_equal(json_get_bool(&root, "f", &truth, &err), 0);
    assert_false(truth);
    assert_int_equal(json_get_object(&root, "o", &fields, &err), 0);
    assert_string_equal(fields.path, "o");
    assert_int_equal(json_get_object(&fields, "p", &fields, &err), 0);
    assert_string_equal(fields.path, "o.p");
    assert_int_equal(json_get_string(&fields, "s", &arena, &text, &err), 0);
    CHECK_STR("o.p.s", text, STR("deep"));
    assert_int_equal(err.kind, ERR_NONE);
}

/* Absent and null leave what is there, and so do names in other letters. */
TEST(getting_whole_numbers)
{
    static const struct {
        const char *name;
        int64_t got; /* -1: refused */
    } rows[] = {{"low", 1},    {"high", 50},  {"even", 3},       {"power", 20},
                {"below", -1}, {"above", -1}, {"half", -1},      {"text", -1},
                {"truth", -1}, {"huge", -1},  {"nothing", 4711}, {"absent", 4711}};
    TEST_ARENA(arena);
    READ(tree, root, &arena,
         "{'low':1,'high':50,'even':3.0,'power':2e1,'below':0,'above':51,'half':1.5,'text':'1',"
         "'truth':true,'huge':1e999,'nothing':null}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        int64_t got = 4711;
        bool good = rows[i].got >= 0;
        CHECK_INT(rows[i].name, json_get_whole(&root, rows[i].name, 1, 50, &got, &err), good - 1);
        CHECK_INT(rows[i].name, got, good ? rows[i].got : 4711);
        if (!good)
            CHECK_HAS(rows[i].name, ERR_TEXT(err), "a whole number from 1 to 50 was expected here");
    }
}

TEST(getting_what_is_not_there)
{
    static const char *const names[] = {"n", "absent", "S", ""};
    TEST_ARENA(arena);
    READ(tree, root, &arena, "{'s':'text','n':null,'l':[1]}");
    const struct json_fields nothing = {.object = NULL};
    const struct json_fields *const where[] = {&root, &nothing};
    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; i < COUNT(names); i++) {
            struct err err = ERR_CLEAN;
            struct str text = STR("untouched");
            struct json_fields fields = {.path = "untouched"};
            struct json_list list = {.present = true, .count = 7};
            bool truth = true;
            CHECK_INT(names[i], json_get_string(where[w], names[i], &arena, &text, &err), 0);
            CHECK_STR(names[i], text, STR("untouched"));
            CHECK_INT(names[i], json_get_bool(where[w], names[i], &truth, &err), 0);
            CHECK(names[i], truth);
            CHECK_INT(names[i], json_get_object(where[w], names[i], &fields, &err), 0);
            CHECK_STR(names[i], str_of(fields.path), STR("untouched"));
            CHECK_INT(names[i], json_get_list(where[w], names[i], &list, &err), 0);
            CHECK(names[i], !list.present || list.count == 7);
            list.next = NULL;
            CHECK_INT(names[i], json_next_string(&list, &arena, &text, &err), 0);
            CHECK_STR(names[i], text, STR("untouched"));
            CHECK_INT(names[i], err.kind, ERR_NONE);
        }
}

TEST(getting_another_type)
{
    static const struct {
        const char *name, *type; /* the type it has */
    } rows[] = {
        {"s", "string"}, {"i", "number"}, {"b", "bool"}, {"o", "object"}, {"l", "list"},
    };
    TEST_ARENA(arena);
    READ(tree, root, &arena, "{'at':{'s':'text','i':1,'b':true,'o':{},'l':[]}}");
    struct json_fields at = {0};
    assert_int_equal(json_get_object(&root, "at", &at, NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct str text = STR("untouched");
        struct json_fields fields = {.path = "untouched"};
        struct json_list list = {.count = 7};
        bool truth = true;
        char path[32];
        snprintf(path, sizeof(path), "at.%s: ", rows[i].name);
        bool is_string = strcmp(rows[i].type, "string") == 0;
        bool is_bool = strcmp(rows[i].type, "bool") == 0;
        bool is_object = strcmp(rows[i].type, "object") == 0;
        bool is_list = strcmp(rows[i].type, "list") == 0;
        CHECK_INT(path, json_get_string(&at, rows[i].name, &arena, &text, &err), is_string - 1);
        CHECK(path, is_string || (str_eq(text, STR("untouched")) &&
                                  str_starts(ERR_TEXT(err), str_of(path))));
        CHECK_INT(path, json_get_bool(&at, rows[i].name, &truth, &err), is_bool - 1);
        CHECK(path, truth && (is_bool || str_starts(ERR_TEXT(err), str_of(path))));
        CHECK_INT(path, json_get_object(&at, rows[i].name, &fields, &err), is_object - 1);
        CHECK(path, is_object || (strcmp(fields.path, "untouched") == 0 &&
                                  str_starts(ERR_TEXT(err), str_of(path))));
        CHECK_INT(path, json_get_list(&at, rows[i].name, &list, &err), is_list - 1);
        CHECK(path, is_list || (list.count == 7 && str_starts(ERR_TEXT(err), str_of(path))));
        CHECK_INT(path, err.kind, ERR_INPUT);
    }
}

TEST(lists_of_objects)
{
    TEST_ARENA(arena);
    READ(tree, root, &arena, "{'a':{'l':[{'x':'0'},{'x':'1'}]}}");
    struct json_fields a = {0}, item = {0};
    struct json_list list;
    struct err err = ERR_CLEAN;
    struct str text;
    assert_int_equal(json_get_object(&root, "a", &a, &err), 0);
    assert_int_equal(json_get_list(&a, "l", &list, &err), 0);
    assert_true(list.present);
    assert_int_equal(list.count, 2);
    for (int i = 0; i < 2; i++) {
        char path[32], digit[2] = {(char)('0' + i), '\0'};
        snprintf(path, sizeof(path), "a.l[%d]", i);
        assert_int_equal(json_next_object(&list, &item, &err), 1);
        assert_string_equal(item.path, path);
        assert_int_equal(json_get_string(&item, "x", &arena, &text, &err), 0);
        CHECK_STR(path, text, str_of(digit));
    }
    assert_int_equal(json_next_object(&list, &item, &err), 0);
    assert_int_equal(json_next_object(&list, &item, &err), 0);
}

TEST(lists_of_strings)
{
    TEST_ARENA(arena);
    READ(tree, root, &arena, "{'l':['a','','c'],'e':[]}");
    static const struct str want[] = {STR_INIT("a"), STR_INIT(""), STR_INIT("c")};
    struct json_list list;
    struct err err = ERR_CLEAN;
    struct str text = STR("untouched");
    assert_int_equal(json_get_list(&root, "l", &list, &err), 0);
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(json_next_string(&list, &arena, &text, &err), 1);
        CHECK_STR(want[i].ptr, text, want[i]);
    }
    assert_int_equal(json_next_string(&list, &arena, &text, &err), 0);
    assert_int_equal(json_get_list(&root, "e", &list, &err), 0);
    assert_true(list.present);
    assert_int_equal(list.count, 0);
    assert_int_equal(json_next_string(&list, &arena, &text, &err), 0);
}

/* An element of another type, null too, is told with its index. */
TEST(lists_of_other_things)
{
    static const char *const rows[] = {"{'l':['a',1]}", "{'l':['a',null]}", "{'l':['a',{}]}",
                                       "{'l':['a',[]]}", "{'l':['a',true]}"};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(tree, root, &arena, rows[i]);
        struct json_list list;
        struct err err = ERR_CLEAN;
        struct str text;
        struct json_fields fields = {.path = "untouched"};
        CHECK_INT(rows[i], json_get_list(&root, "l", &list, &err), 0);
        CHECK_INT(rows[i], json_next_object(&list, &fields, &err), -1);
        CHECK_STR(rows[i], ERR_TEXT(err), STR("l[0]: an object was expected here"));
        CHECK_STR(rows[i], str_of(fields.path), STR("untouched"));
        CHECK_INT(rows[i], json_next_string(&list, &arena, &text, &err), 1);
        CHECK_INT(rows[i], json_next_string(&list, &arena, &text, &err), -1);
        CHECK_STR(rows[i], text, STR("a"));
        CHECK_STR(rows[i], ERR_TEXT(err), STR("l[1]: a string was expected here"));
    }
}

TEST(only_known_fields)
{
    static const char *const known[] = {"images", "reason", NULL}, *const none[] = {NULL};
    static const struct {
        const char *text, *err; /* NULL: fine */
    } rows[] = {
        {"{'o':{}}", NULL},
        {"{'o':{'images':1,'reason':null}}", NULL},
        {"{'o':{'reasons':1}}", "o.reasons: no such field here; there are: images, reason"},
        {"{'o':{'Images':1}}", "o.Images: no such field here; there are: images, reason"},
        {"{'o':{'images':1,'':2}}", "o.: no such field here"},
        {"{'o':{'image':null}}", "o.image: no such field here"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(tree, root, &arena, rows[i].text);
        struct json_fields o = {0};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, json_get_object(&root, "o", &o, &err), 0);
        CHECK_INT(rows[i].text, json_only(&o, known, &err), rows[i].err ? -1 : 0);
        CHECK_HAS(rows[i].text, ERR_TEXT(err), rows[i].err ? rows[i].err : "");
    }
    const struct json_fields absent = {.object = NULL};
    assert_int_equal(json_only(&absent, none, NULL), 0);
}

/* Names and paths longer than the room for them. */
TEST(long_names)
{
    TEST_ARENA(arena);
    static const char *const known[] = {
        "a-rather-long-name-of-a-field-that-fills-the-room-for-the-names-of-all-of-them-1",
        "a-rather-long-name-of-a-field-that-fills-the-room-for-the-names-of-all-of-them-2",
        "a-rather-long-name-of-a-field-that-fills-the-room-for-the-names-of-all-of-them-3",
        "a-rather-long-name-of-a-field-that-fills-the-room-for-the-names-of-all-of-them-4", NULL};
    const char *name = run_of(&arena, 'n', 300).ptr;
    struct str text =
        json_format(&arena, "{'%s':{'%s':{'%s':[{'%s':1}]}}}", name, name, name, name);
    READ(tree, root, &arena, text.ptr);
    struct json_fields one = {0}, two = {0}, item = {0};
    struct json_list list;
    struct err err = ERR_CLEAN;
    struct str value;
    assert_int_equal(json_get_object(&root, name, &one, &err), 0);
    assert_int_equal(json_get_object(&one, name, &two, &err), 0);
    assert_int_equal(json_get_list(&two, name, &list, &err), 0);
    assert_int_equal(json_next_object(&list, &item, &err), 1);
    assert_true(strlen(item.path) < sizeof(item.path));
    assert_true(str_ends(str_of(item.path), STR("[0]")));
    assert_int_equal(json_get_string(&item, name, &arena, &value, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_int_equal(json_only(&item, known, &err), -1);
    assert_true(strlen(err.text) < sizeof(err.text));
}

TEST(no_room_for_a_string)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(4);
    READ(tree, root, &arena, "{'s':'longer than that','l':['longer than that']}");
    struct str text = STR("untouched");
    struct json_list list;
    struct err err = ERR_CLEAN;
    assert_int_equal(json_get_string(&root, "s", &small, &text, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_int_equal(json_get_list(&root, "l", &list, NULL), 0);
    assert_int_equal(json_next_string(&list, &small, &text, &err), -1);
    CHECK_STR("text", text, STR("untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(refusing),
        cmocka_unit_test(size),
        cmocka_unit_test(nesting),
        cmocka_unit_test(long_numbers),
        cmocka_unit_test(many_small_objects),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(getting),
        cmocka_unit_test(getting_whole_numbers),
        cmocka_unit_test(getting_what_is_not_there),
        cmocka_unit_test(getting_another_type),
        cmocka_unit_test(lists_of_objects),
        cmocka_unit_test(lists_of_strings),
        cmocka_unit_test(lists_of_other_things),
        cmocka_unit_test(only_known_fields),
        cmocka_unit_test(long_names),
        cmocka_unit_test(no_room_for_a_string),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
