/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/base64.h"

#include "pinnace/banned.h"

TEST(good)
{
    static const struct {
        const char *name;
        struct str text, bytes;
    } rows[] = {
        {"nothing", STR_INIT(""), STR_INIT("")},
        {"one byte", STR_INIT("Zg=="), STR_INIT("f")},
        {"two", STR_INIT("Zm8="), STR_INIT("fo")},
        {"three", STR_INIT("Zm9v"), STR_INIT("foo")},
        {"six", STR_INIT("Zm9vYmFy"), STR_INIT("foobar")},
        {"the last digits", STR_INIT("+/+/"), STR_INIT("\xfb\xff\xbf")},
        {"NUL", STR_INIT("AAAA"), STR_INIT("\0\0\0")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str bytes = STR_NONE;
        CHECK_INT(rows[i].name, base64_decode(rows[i].text, &arena, &bytes, &err), 0);
        CHECK_STR(rows[i].name, bytes, rows[i].bytes);
        struct buf buf = BUF_INIT(&arena, 64);
        buf_add_base64(&buf, rows[i].bytes);
        CHECK_STR(rows[i].name, finished(&buf), rows[i].text);
    }
}

TEST(wrapped)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct str bytes = STR_NONE;
    CHECK_INT("line breaks", base64_decode(STR("Zm\n9v\r\nYmFy\n"), &arena, &bytes, &err), 0);
    CHECK_STR("line breaks", bytes, STR("foobar"));
    CHECK_INT("behind the end", base64_decode(STR("Zg==\n"), &arena, &bytes, &err), 0);
    CHECK_STR("behind the end", bytes, STR("f"));
}

TEST(bad)
{
    static const struct {
        const char *name;
        struct str text;
        const char *says;
    } rows[] = {
        {"no padding", STR_INIT("Zg"), "its end is missing"},
        {"half of it", STR_INIT("Zg="), "its end is missing"},
        {"one digit", STR_INIT("Z"), "its end is missing"},
        {"too much padding", STR_INIT("Z==="), "at its end only"},
        {"padding alone", STR_INIT("===="), "at its end only"},
        {"padding within", STR_INIT("Zg=g"), "at its end only"},
        {"something behind", STR_INIT("Zg==Zg=="), "follows its end"},
        {"bits left over", STR_INIT("Zh=="), "bits are left over"},
        {"bits left over", STR_INIT("Zm9="), "bits are left over"},
        {"the other alphabet", STR_INIT("-_-_"), "does not have"},
        {"a space", STR_INIT("Zm 9v"), "does not have"},
        {"NUL", STR_INIT("Zm9\0"), "does not have"},
        {"not ASCII", STR_INIT("Zm9\xc3"), "does not have"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str text = exact_copy(rows[i].text), bytes = STR("untouched");
        CHECK_INT(rows[i].name, base64_decode(text, &arena, &bytes, &err), -1);
        exact_free(text);
        CHECK_STR(rows[i].name, bytes, STR("untouched"));
        CHECK_INT(rows[i].name, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

TEST(all_lengths)
{
    TEST_ARENA(arena);
    for (size_t len = 0; len < 300; len++) {
        char raw[300];
        for (size_t i = 0; i < len; i++)
            raw[i] = (char)(i * 37 + len);
        struct buf buf = BUF_INIT(&arena, 1024);
        struct str bytes = STR_NONE;
        struct err err = ERR_CLEAN;
        buf_add_base64(&buf, (struct str){raw, len});
        CHECK_INT("there and back", base64_decode(finished(&buf), &arena, &bytes, &err), 0);
        CHECK_STR("there and back", bytes, ((struct str){raw, len}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(wrapped),
        cmocka_unit_test(bad),
        cmocka_unit_test(all_lengths),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
