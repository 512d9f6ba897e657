/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include <cJSON.h>

#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

static void write_all(struct json_writer *json)
{
    json_open(json, '{');
    json_member(json, "a", STR("x"));
    json_key(json, "b");
    json_open(json, '[');
    json_number(json, 1);
    json_number(json, -2);
    json_bool(json, true);
    json_bool(json, false);
    json_null(json);
    json_string(json, STR("s"));
    json_open(json, '[');
    json_close(json, ']');
    json_open(json, '{');
    json_close(json, '}');
    json_close(json, ']');
    json_key(json, "c");
    json_open(json, '{');
    json_close(json, '}');
    json_key(json, "d");
    json_number(json, 3);
    json_close(json, '}');
}

TEST(structure)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 1000);
    struct json_writer json = {.buf = &buf};
    write_all(&json);
    CHECK_STR("all", finished(&buf),
              json_of(&arena, "{'a':'x','b':[1,-2,true,false,null,'s',[],{}],'c':{},'d':3}"));
}

TEST(numbers)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-1, "-1"},
        {9007199254740993, "9007199254740993"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = BUF_INIT(&arena, 100);
        struct json_writer json = {.buf = &buf};
        json_number(&json, rows[i].number);
        CHECK_STR(rows[i].text, finished(&buf), str_of(rows[i].text));
    }
}

TEST(strings)
{
    static const struct {
        const char *name;
        struct str text, json;
    } rows[] = {
        {"plain", STR_INIT("nginx:1.27"), STR_INIT("\"nginx:1.27\"")},
        {"empty", STR_INIT(""), STR_INIT("\"\"")},
        {"none", {NULL, 0}, STR_INIT("\"\"")},
        {"quote", STR_INIT("a\"b"), STR_INIT("\"a\\\"b\"")},
        {"backslash", STR_INIT("\\"), STR_INIT("\"\\\\\"")},
        {"newline and tab", STR_INIT("\n\t"), STR_INIT("\"\\n\\t\"")},
        {"controls", STR_INIT("\x01\x1f\r"), STR_INIT("\"\\u0001\\u001f\\u000d\"")},
        {"NUL", STR_INIT("a\0b"), STR_INIT("\"a\\u0000b\"")},
        {"delete", STR_INIT("\x7f"), STR_INIT("\"\x7f\"")},
        {"slash", STR_INIT("a/b"), STR_INIT("\"a/b\"")},
        {"UTF-8", STR_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3"),
         STR_INIT("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3\"")},
        {"no UTF-8", STR_INIT("a\xff\x62"), STR_INIT("\"a\xef\xbf\xbd\x62\"")},
        {"half a character", STR_INIT("\xe2\x82"), STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\"")},
        {"overlong", STR_INIT("\xc0\x80"), STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\"")},
        {"surrogate", STR_INIT("\xed\xa0\x80"),
         STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"")},
        {"no UTF-8 at the end", STR_INIT("a\n\x80"), STR_INIT("\"a\\n\xef\xbf\xbd\"")},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = BUF_INIT(&arena, 200);
        struct json_writer json = {.buf = &buf};
        struct str text = exact_copy(rows[i].text);
        json_string(&json, text);
        exact_free(text);
        CHECK_STR(rows[i].name, finished(&buf), rows[i].json);
    }
}

TEST(keys_are_escaped)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 200);
    struct json_writer json = {.buf = &buf};
    json_open(&json, '{');
    json_member(&json, "a\"b\n", STR("x"));
    json_close(&json, '}');
    CHECK_STR("key", finished(&buf), STR("{\"a\\\"b\\n\":\"x\"}"));
}

/* Two bytes at a time, every pair of them: what is written is read, by both readers. */
TEST(whatever_is_written_is_read)
{
    for (unsigned n = 0; n < 0x10000; n += n % 256 < 0x30 ? 1 : 3) {
        TEST_ARENA(arena);
        const char bytes[2] = {(char)(n >> 8), (char)n};
        struct buf buf = BUF_INIT(&arena, 100);
        struct json_writer json = {.buf = &buf};
        struct scan scan;
        json_string(&json, (struct str){bytes, 2});
        struct str text = finished(&buf);
        if (bytes[0] && bytes[1]) {
            scan_begin(&scan, text, &arena);
            struct str back = scan_string(&scan);
            CHECK_INT(text.ptr, scan_finish(&scan, NULL), 0);
            CHECK(text.ptr, n >= 0x8000 || n % 256 >= 0x80 || str_eq(back, (struct str){bytes, 2}));
        }
        cJSON *tree = cJSON_ParseWithLengthOpts(text.ptr, text.len, NULL, 0);
        CHECK(text.ptr, cJSON_IsString(tree) || !bytes[0] || !bytes[1]);
        cJSON_Delete(tree);
    }
}

TEST(a_full_buffer)
{
    TEST_ARENA(arena);
    struct buf whole = BUF_INIT(&arena, 1000);
    struct json_writer json = {.buf = &whole};
    write_all(&json);
    size_t len = finished(&whole).len;
    for (size_t ceiling = 0; ceiling <= len; ceiling++) {
        struct buf buf = BUF_INIT(&arena, ceiling);
        struct str text = STR("untouched");
        json = (struct json_writer){.buf = &buf};
        write_all(&json);
        assert_int_equal(buf_finish(&buf, &text, NULL), ceiling == len ? 0 : -1);
        assert_true(ceiling == len || str_eq(text, STR("untouched")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structure),
        cmocka_unit_test(numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(keys_are_escaped),
        cmocka_unit_test(whatever_is_written_is_read),
        cmocka_unit_test(a_full_buffer),
    };
    return cmocka_run_group_tests_name("jsonwrite", tests, NULL, NULL);
}
