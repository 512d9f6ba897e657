/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/when.h"

#include "pinnace/banned.h"

TEST(points_in_time)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"1969-12-31T23:59:59Z", -1},
        {"2000-01-01T00:00:00Z", 946684800},
        {"2026-11-21T09:30:00Z", 1795253400},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2024-03-01T00:00:00Z", 1709251200},
        {"2023-12-31T23:59:59Z", 1704067199},
        {"2038-01-19T03:14:08Z", 2147483648},
        {"2100-03-01T00:00:00Z", 4107542400},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"0001-01-01T00:00:00Z", -62135596800},
        {"2026-11-21T09:30:00.5Z", 1795253400},
        {"2026-11-21T09:30:00.123456789Z", 1795253400},
        {"2026-11-21T09:30:00.000000000000000000000000000000Z", 1795253400},
        {"2026-11-21T11:30:00+02:00", 1795253400},
        {"2026-11-21T04:00:00-05:30", 1795253400},
        {"2026-11-21T09:30:00+00:00", 1795253400},
        {"2026-11-21T09:30:00.25+00:00", 1795253400},
        {"2026-11-22T09:29:00+23:59", 1795253400},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = 42;
        CHECK(rows[i].text, when_parse(str_of(rows[i].text), &seconds));
        CHECK_INT(rows[i].text, seconds, rows[i].seconds);
    }
}

TEST(no_points_in_time)
{
    static const char *const rows[] = {
        "",
        "2026-11-21",
        "2026-11-21T",
        "2026-11-21T09:30:00",
        "2026-11-21T09:30Z",
        "2026-11-21 09:30:00Z",
        "2026-11-21T09:30:00 Z",
        "2026-11-21T09:30:00Z ",
        " 2026-11-21T09:30:00Z",
        "2026-11-21T09:30:00Zx",
        "2026-11-21T09:30:00.Z",
        "2026-11-21T09:30:00,5Z",
        "2026-11-21T09:30:00.5",
        "2026-11-21T09:30:00+2",
        "2026-11-21T09:30:00+0200",
        "2026-11-21T09:30:00+02",
        "2026-11-21T09:30:00+24:00",
        "2026-11-21T09:30:00+02:60",
        "2026-11-21T09:30:00+-2:00",
        "2026-11-21T09:30:00UTC",
        "2026-11-21T24:00:00Z",
        "2026-11-21T09:60:00Z",
        "2026-11-21T09:30:61Z",
        "2026-00-21T09:30:00Z",
        "2026-13-21T09:30:00Z",
        "2026-11-00T09:30:00Z",
        "2026-11-31T09:30:00Z",
        "2026-12-32T09:30:00Z",
        "2026-02-29T09:30:00Z",
        "1900-02-29T09:30:00Z",
        "2100-02-29T09:30:00Z",
        "2024-02-30T09:30:00Z",
        "0000-01-01T00:00:00Z",
        "26-11-21T09:30:00Z",
        "02026-11-21T09:30:00Z",
        "-2026-11-21T09:30:00Z",
        "+2026-11-21T09:30:00Z",
        "2026-1-21T09:30:00Z",
        "2026-11-1T09:30:00Z",
        "2026-11-21T9:30:00Z",
        "2026/11/21T09:30:00Z",
        "2026-11-21T09.30.00Z",
        "20261121T093000Z",
        "2026-W47-6T09:30:00Z",
        "tomorrow",
        "1795253400",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = 42;
        CHECK(rows[i], !when_parse(str_of(rows[i]), &seconds));
        CHECK_INT(rows[i], seconds, 42);
    }
    int64_t seconds = 42;
    assert_false(when_parse(STR_NONE, &seconds));
    assert_false(when_parse(STR("2026-11-21T09:30:00Z\0"), &seconds));
}

/* Every beginning of a time is none. */
TEST(cut_short)
{
    static const struct str whole = STR_INIT("2026-11-21T09:30:00.125+02:00");
    int64_t seconds = 0;
    assert_true(when_parse(whole, &seconds));
    for (size_t len = 0; len < whole.len; len++) {
        struct str cut = exact_copy(str_head(whole, len));
        assert_false(when_parse(cut, &seconds));
        exact_free(cut);
    }
}

TEST(writing)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {-86400, "1969-12-31T00:00:00Z"},
        {-86401, "1969-12-30T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1709251199, "2024-02-29T23:59:59Z"},
        {1735603200, "2024-12-31T00:00:00Z"},
        {1795253400, "2026-11-21T09:30:00Z"},
        {4107542399, "2100-02-28T23:59:59Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {-62135596800, "0001-01-01T00:00:00Z"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = BUF_INIT(&arena, 64);
        buf_add_when(&buf, rows[i].seconds);
        CHECK_STR(rows[i].text, finished(&buf), str_of(rows[i].text));
    }
}

/* Every day of four hundred years, the period of the calendar, and then some. */
TEST(what_is_written_is_read)
{
    for (int64_t day = -200000; day < 200000; day++) {
        TEST_ARENA(arena);
        struct buf buf = BUF_INIT(&arena, 64);
        int64_t seconds = day * 86400 + (day * 7919 % 86400 + 86400) % 86400, back = 0;
        buf_add_when(&buf, seconds);
        struct str text = finished(&buf);
        CHECK(text.ptr, when_parse(text, &back));
        CHECK_INT(text.ptr, back, seconds);
    }
}

TEST(http_dates)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: none */
    } rows[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"sun, 06 nov 1994 08:49:37 gmt", 784111777},
        {"Sun, 31 Feb 2024 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun Nov  6 08:49:37 1994", -1},
        {"Xyz, 06 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Xyz 1994 08:49:37 GMT", -1},
        {"1994-11-06T08:49:37Z", -1},
        {"", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -1;
        struct str text = exact_copy(str_of(rows[i].text));
        CHECK_INT(rows[i].text, http_date_parse(text, &seconds), rows[i].seconds >= 0);
        CHECK_INT(rows[i].text, seconds, rows[i].seconds);
        exact_free(text);
    }
}

TEST(spans)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"72h", 259200},
        {"1h30m", 5400},
        {"90s", 90},
        {"1h1m1s", 3661},
        {"1h1s", 3601},
        {"5m3s", 303},
        {"0h1s", 1},
        {"1h0m0s", 3600},
        {"007m", 420},
        {"100m", 6000},
        {"999999999s", 999999999},
        {"999999999h", 3599999996400},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -1;
        CHECK(rows[i].text, duration_parse(str_of(rows[i].text), &seconds));
        CHECK_INT(rows[i].text, seconds, rows[i].seconds);
    }
}

TEST(spans_written)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {86400, "24h"}, {5400, "1h30m"}, {90, "1m30s"}, {3601, "1h1s"}, {0, "0s"}, {-5, "0s"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = BUF_INIT(&arena, 64);
        struct str text = STR_NONE;
        int64_t back = 0;
        buf_add_duration(&buf, rows[i].seconds);
        assert_int_equal(buf_finish(&buf, &text, NULL), 0);
        CHECK_STR(rows[i].text, text, str_of(rows[i].text));
        if (rows[i].seconds > 0)
            CHECK(rows[i].text, duration_parse(text, &back) && back == rows[i].seconds);
    }
}

TEST(no_spans)
{
    static const char *const rows[] = {
        "",      "0s",   "0h0m0s",  "h",           "72",
        "72 h",  " 72h", "72h ",    "72H",         "1d",
        "1.5h",  "-1h",  "+1h",     "1m1h",        "1s1m",
        "1h1h",  "1s1s", "1h30",    "ms",          "100ms",
        "1h-1m", "1hm",  "forever", "1000000000s", "1h1000000000000000000m",
        "1h\n",  "1w",   "0x1h",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = 42;
        CHECK(rows[i], !duration_parse(str_of(rows[i]), &seconds));
        CHECK_INT(rows[i], seconds, 42);
    }
    int64_t seconds = 42;
    assert_false(duration_parse(STR_NONE, &seconds));
    assert_false(duration_parse(STR("1h\0"), &seconds));
}

TEST(ages)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"0s", -5},         {"0s", 0},        {"119s", 119},      {"2m", 120},
        {"5m3s", 303},      {"9m59s", 599},   {"10m", 600},       {"179m", 10799},
        {"3h", 10800},      {"7h59m", 28799}, {"8h", 28800},      {"47h", 172799},
        {"2d", 172800},     {"3d4h", 273600}, {"7d23h", 691199},  {"8d", 691200},
        {"729d", 63071999}, {"2y", 63072000}, {"2y1d", 63158400}, {"9y364d", 315273600},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct buf buf = BUF_INIT(&arena, 64);
        buf_add_age(&buf, rows[i].seconds);
        CHECK_STR(rows[i].text, finished(&buf), str_of(rows[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_in_time),
        cmocka_unit_test(no_points_in_time),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(writing),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(http_dates),
        cmocka_unit_test(spans),
        cmocka_unit_test(spans_written),
        cmocka_unit_test(no_spans),
        cmocka_unit_test(ages),
    };
    return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
