/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/yamlscalar.h"

#include "pinnace/banned.h"

#define TYPE_STRING YAMLSCALAR_STRING
#define TYPE_NULL YAMLSCALAR_NULL
#define TYPE_BOOL YAMLSCALAR_BOOL
#define TYPE_INT YAMLSCALAR_INT
#define TYPE_FLOAT YAMLSCALAR_FLOAT
#define TYPE_NOT_FINITE YAMLSCALAR_NOT_FINITE

#define TAG(name) "tag:yaml.org,2002:" name

/* Plain scalars and what they are; where text is NULL, the scalar as it is written. */
static const struct plain_row {
    const char *scalar;
    enum yamlscalar_type type;
    const char *text;
} plain_rows[] = {
    {"", TYPE_NULL, "null"},
    {"~", TYPE_NULL, "null"},
    {"null", TYPE_NULL, "null"},
    {"Null", TYPE_NULL, "null"},
    {"NULL", TYPE_NULL, "null"},
    {"nULL", TYPE_STRING, NULL},
    {"y", TYPE_BOOL, "true"},
    {"Y", TYPE_BOOL, "true"},
    {"yes", TYPE_BOOL, "true"},
    {"YES", TYPE_BOOL, "true"},
    {"on", TYPE_BOOL, "true"},
    {"On", TYPE_BOOL, "true"},
    {"True", TYPE_BOOL, "true"},
    {"n", TYPE_BOOL, "false"},
    {"N", TYPE_BOOL, "false"},
    {"No", TYPE_BOOL, "false"},
    {"off", TYPE_BOOL, "false"},
    {"OFF", TYPE_BOOL, "false"},
    {"FALSE", TYPE_BOOL, "false"},
    {"yEs", TYPE_STRING, NULL},
    {"tRUE", TYPE_STRING, NULL},
    {"yess", TYPE_STRING, NULL},
    {"o", TYPE_STRING, NULL},
    {" true", TYPE_STRING, NULL},
    {"0", TYPE_INT, "0"},
    {"-0", TYPE_INT, "0"},
    {"+0", TYPE_INT, "0"},
    {"00", TYPE_INT, "0"},
    {"8080", TYPE_INT, "8080"},
    {"+12", TYPE_INT, "12"},
    {"-12", TYPE_INT, "-12"},
    {"010", TYPE_INT, "8"},
    {"-010", TYPE_INT, "-8"},
    {"0o17", TYPE_INT, "15"},
    {"0O17", TYPE_INT, "15"},
    {"0x1F", TYPE_INT, "31"},
    {"-0Xff", TYPE_INT, "-255"},
    {"0b101", TYPE_INT, "5"},
    {"-0b11", TYPE_INT, "-3"},
    {"0b-11", TYPE_INT, "-3"},
    {"0b+1", TYPE_INT, "1"},
    {"1_000", TYPE_INT, "1000"},
    {"1_", TYPE_INT, "1"},
    {"0x_f__f", TYPE_INT, "255"},
    {"9223372036854775807", TYPE_INT, NULL},
    {"-9223372036854775808", TYPE_INT, NULL},
    {"18446744073709551615", TYPE_INT, NULL},
    {"0xffffffffffffffff", TYPE_INT, "18446744073709551615"},
    {"+9223372036854775808", TYPE_FLOAT, "9223372036854776000"},
    {"-9223372036854775809", TYPE_FLOAT, "-9223372036854776000"},
    {"18446744073709551616", TYPE_FLOAT, "18446744073709552000"},
    {"0777777777777777777777777", TYPE_FLOAT, "7.777777777777778e+23"},
    {"08", TYPE_FLOAT, "8"},
    {"0129", TYPE_FLOAT, "129"},
    {"1.5", TYPE_FLOAT, "1.5"},
    {"-1.50", TYPE_FLOAT, "-1.5"},
    {"5.", TYPE_FLOAT, "5"},
    {".5", TYPE_FLOAT, "0.5"},
    {"+.5", TYPE_FLOAT, "0.5"},
    {".5_0", TYPE_FLOAT, "0.5"},
    {"1_0.5_0", TYPE_FLOAT, "10.5"},
    {"1e3", TYPE_FLOAT, "1000"},
    {"1E+3", TYPE_FLOAT, "1000"},
    {"0e1", TYPE_FLOAT, "0"},
    {"-0.0", TYPE_FLOAT, "-0"},
    {"0.1", TYPE_FLOAT, "0.1"},
    {"0.30000000000000004", TYPE_FLOAT, NULL},
    {"123456.789", TYPE_FLOAT, NULL},
    {"1e-6", TYPE_FLOAT, "0.000001"},
    {"1.5e-7", TYPE_FLOAT, "1.5e-7"},
    {"1e-400", TYPE_FLOAT, "0"},
    {"1e20", TYPE_FLOAT, "100000000000000000000"},
    {"1e21", TYPE_FLOAT, "1e+21"},
    {"1.7976931348623157e308", TYPE_FLOAT, "1.7976931348623157e+308"},
    {"5e-324", TYPE_FLOAT, "5e-324"},
    {".inf", TYPE_NOT_FINITE, ".inf"},
    {"+.INF", TYPE_NOT_FINITE, ".inf"},
    {"-.Inf", TYPE_NOT_FINITE, "-.inf"},
    {".NaN", TYPE_NOT_FINITE, ".nan"},
    {"-.nan", TYPE_STRING, NULL},
    {"1e400", TYPE_STRING, NULL},
    {"-1e400", TYPE_STRING, NULL},
    {".5_", TYPE_STRING, NULL},
    {"._5", TYPE_STRING, NULL},
    {".", TYPE_STRING, NULL},
    {"...", TYPE_STRING, NULL},
    {".e1", TYPE_STRING, NULL},
    {"1e", TYPE_STRING, NULL},
    {"1e+", TYPE_STRING, NULL},
    {"1.2.3", TYPE_STRING, NULL},
    {"0x", TYPE_STRING, NULL},
    {"0xg", TYPE_STRING, NULL},
    {"0o8", TYPE_STRING, NULL},
    {"0b12", TYPE_STRING, NULL},
    {"0b", TYPE_STRING, NULL},
    {"0b-", TYPE_STRING, NULL},
    {"0x1p3", TYPE_STRING, NULL},
    {"_1", TYPE_STRING, NULL},
    {"-", TYPE_STRING, NULL},
    {"+", TYPE_STRING, NULL},
    {"--1", TYPE_STRING, NULL},
    {"-_", TYPE_STRING, NULL},
    {"nan", TYPE_STRING, NULL},
    {"1:30", TYPE_STRING, NULL},
    {"2001-12-14", TYPE_STRING, NULL},
    {"2001-12-14T21:59:43Z", TYPE_STRING, NULL},
    {"500m", TYPE_STRING, NULL},
    {"128Mi", TYPE_STRING, NULL},
    {"1e3Mi", TYPE_STRING, NULL},
    {"127.0.0.1", TYPE_STRING, NULL},
    {"0123456789abcdef", TYPE_STRING, NULL},
    {"nginx:1.27", TYPE_STRING, NULL},
    {"<<", TYPE_STRING, NULL},
};

TEST(plain_scalars)
{
    for (size_t i = 0; i < COUNT(plain_rows); i++) {
        const struct plain_row *row = &plain_rows[i];
        TEST_ARENA(arena);
        struct str text = exact_copy(str_of(row->scalar));
        struct yamlscalar scalar;
        struct err err = ERR_CLEAN;
        CHECK_INT(row->scalar, yamlscalar_read(&arena, STR_NONE, true, text, &scalar, &err), 0);
        CHECK_INT(row->scalar, scalar.type, row->type);
        CHECK_STR(row->scalar, scalar.text, str_of(row->text ? row->text : row->scalar));
        exact_free(text);
    }
}

TEST(quoted_scalars_are_strings)
{
    for (size_t i = 0; i < COUNT(plain_rows); i++) {
        const struct plain_row *row = &plain_rows[i];
        TEST_ARENA(arena);
        struct str text = str_of(row->scalar);
        struct yamlscalar scalar;
        CHECK_INT(row->scalar, yamlscalar_read(&arena, STR_NONE, false, text, &scalar, NULL), 0);
        CHECK_INT(row->scalar, scalar.type, TYPE_STRING);
        CHECK_STR(row->scalar, scalar.text, text);
        CHECK_INT(row->scalar, arena.taken, 0);
    }
}

static const struct tag_row {
    const char *tag, *scalar;
    enum yamlscalar_type type;
    const char *text;
} tag_rows[] = {
    {TAG("str"), "12", TYPE_STRING, "12"},
    {TAG("str"), "", TYPE_STRING, ""},
    {TAG("str"), "yes", TYPE_STRING, "yes"},
    {TAG("int"), "0x10", TYPE_INT, "16"},
    {TAG("float"), "1", TYPE_FLOAT, "1"},
    {TAG("float"), "9223372036854775807", TYPE_FLOAT, "9223372036854776000"},
    {TAG("float"), "1.5", TYPE_FLOAT, "1.5"},
    {TAG("float"), ".inf", TYPE_NOT_FINITE, ".inf"},
    {TAG("bool"), "on", TYPE_BOOL, "true"},
    {TAG("null"), "", TYPE_NULL, "null"},
    {TAG("null"), "~", TYPE_NULL, "null"},
    {TAG("binary"), "", TYPE_STRING, ""},
    {TAG("binary"), "YQ==", TYPE_STRING, "a"},
    {TAG("binary"), "YWI=", TYPE_STRING, "ab"},
    {TAG("binary"), "YWJj", TYPE_STRING, "abc"},
    {TAG("binary"), "YW\nJj\r\n", TYPE_STRING, "abc"},
    {TAG("binary"), "w7w=", TYPE_STRING, "\xc3\xbc"},
    {TAG("timestamp"), "2001-01-01", TYPE_STRING, "2001-01-01"},
    {TAG("merge"), "12", TYPE_STRING, "12"},
    {"!", "12", TYPE_STRING, "12"},
    {"!mine", "true", TYPE_STRING, "true"},
    {"tag:example.com,2024:int", "1", TYPE_STRING, "1"},
};

TEST(tags_decide)
{
    for (size_t i = 0; i < COUNT(tag_rows); i++)
        for (int plain = 0; plain < 2; plain++) {
            const struct tag_row *row = &tag_rows[i];
            char name[80];
            snprintf(name, sizeof(name), "%s %s", row->tag, row->scalar);
            TEST_ARENA(arena);
            struct yamlscalar scalar;
            CHECK_INT(name,
                      yamlscalar_read(&arena, str_of(row->tag), plain, str_of(row->scalar), &scalar,
                                      NULL),
                      0);
            CHECK_INT(name, scalar.type, row->type);
            CHECK_STR(name, scalar.text, str_of(row->text));
        }
}

static const struct refused_row {
    const char *tag, *scalar, *message;
} refused_rows[] = {
    {TAG("int"), "a", "\"a\" is not a !!int"},
    {TAG("int"), "1.5", "\"1.5\" is not a !!int"},
    {TAG("int"), "", "\"\" is not a !!int"},
    {TAG("float"), "yes", "\"yes\" is not a !!float"},
    {TAG("bool"), "1", "\"1\" is not a !!bool"},
    {TAG("bool"), "tRUE", "\"tRUE\" is not a !!bool"},
    {TAG("null"), "a\nb", "\"a\\nb\" is not a !!null"},
    {TAG("binary"), "YQ", "not base64"},
    {TAG("binary"), "YQ=", "not base64"},
    {TAG("binary"), "Y===", "not base64"},
    {TAG("binary"), "====", "not base64"},
    {TAG("binary"), "YQ==YQ==", "not base64"},
    {TAG("binary"), "YQ=a", "not base64"},
    {TAG("binary"), "YW Jj", "not base64"},
    {TAG("binary"), "YW-_", "not base64"},
    {TAG("binary"), "/w==", "not text once decoded"},
};

TEST(tags_that_do_not_fit)
{
    for (size_t i = 0; i < COUNT(refused_rows); i++) {
        const struct refused_row *row = &refused_rows[i];
        TEST_ARENA(arena);
        struct yamlscalar scalar = {YAMLSCALAR_NULL, STR("untouched")};
        struct err err = ERR_CLEAN;
        CHECK_INT(
            row->scalar,
            yamlscalar_read(&arena, str_of(row->tag), true, str_of(row->scalar), &scalar, &err),
            -1);
        CHECK_INT(row->scalar, err.kind, ERR_INPUT);
        CHECK_HAS(row->scalar, ERR_TEXT(err), row->message);
        CHECK_STR(row->scalar, scalar.text, STR("untouched"));
    }
}

static const struct key_row {
    const char *scalar, *key;
} key_rows[] = {
    {"image", "image"},
    {"yes", "true"},
    {"off", "false"},
    {"0x10", "16"},
    {"18446744073709551615", "18446744073709551615"},
    {"1.5", "1.5"},
    {"1.0", "1"},
    {"-0.0", "-0"},
    {"0.1234567891", "0.12345679"},
    {"100000.0", "100000"},
    {"1e6", "1e+06"},
    {"1234567.0", "1.234567e+06"},
    {"0.0001", "0.0001"},
    {"0.00001", "1e-05"},
    {"3.4028235e38", "3.4028235e+38"},
    {"1e39", ".inf"},
    {"-1e39", "-.inf"},
    {".inf", ".inf"},
    {"-.INF", "-.inf"},
    {".nan", ".nan"},
};

TEST(keys_become_strings)
{
    for (size_t i = 0; i < COUNT(key_rows); i++) {
        const struct key_row *row = &key_rows[i];
        TEST_ARENA(arena);
        struct yamlscalar scalar;
        struct str key;
        CHECK_INT(row->scalar,
                  yamlscalar_read(&arena, STR_NONE, true, str_of(row->scalar), &scalar, NULL), 0);
        CHECK_INT(row->scalar, yamlscalar_key(&arena, scalar, &key, NULL), 0);
        CHECK_STR(row->scalar, key, str_of(row->key));
    }
}

TEST(null_is_no_key)
{
    TEST_ARENA(arena);
    struct yamlscalar null = {YAMLSCALAR_NULL, STR("null")};
    struct str key = STR("untouched");
    struct err err = ERR_CLEAN;
    assert_int_equal(yamlscalar_key(&arena, null, &key, &err), -1);
    CHECK_HAS("null", ERR_TEXT(err), "must not be null");
    CHECK_STR("null", key, STR("untouched"));
}

TEST(full_arenas)
{
    static const char *const scalars[] = {"0x10", "1_0", "1.5"};
    for (size_t i = 0; i < COUNT(scalars); i++) {
        struct arena arena ARENA_SCOPED = ARENA_INIT(1);
        struct yamlscalar scalar;
        struct err err = ERR_CLEAN;
        CHECK_INT(scalars[i],
                  yamlscalar_read(&arena, STR_NONE, true, str_of(scalars[i]), &scalar, &err), -1);
        CHECK_INT(scalars[i], err.kind, ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars),       cmocka_unit_test(quoted_scalars_are_strings),
        cmocka_unit_test(tags_decide),         cmocka_unit_test(tags_that_do_not_fit),
        cmocka_unit_test(keys_become_strings), cmocka_unit_test(null_is_no_key),
        cmocka_unit_test(full_arenas),
    };
    return cmocka_run_group_tests_name("yamlscalar", tests, NULL, NULL);
}
