/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: escapes, and bytes that do not belong there, wherever they stand. */
#include "../scanread.h"

#include "pinnace/utf8.h"

#include "pinnace/banned.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(odd_bytes_at_every_offset),
        cmocka_unit_test(strings_at_every_alignment),
        cmocka_unit_test(escaped_keys_of_any_length),
        cmocka_unit_test(a_string_may_be_null),
        cmocka_unit_test(no_room_for_an_unescaped_string),
    };
    return cmocka_run_group_tests_name("scan_string", tests, NULL, NULL);
}
