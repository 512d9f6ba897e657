/* SPDX-License-Identifier: Apache-2.0 */
/* when: see the header. Days are counted by hand: libc's calendar has hidden state and a locale. */
#include "pinnace/when.h"

#include "pinnace/banned.h"

/* Takes exactly digits decimal digits off *rest. */
static bool take_number(struct str *rest, size_t digits, int64_t *ret_number)
{
    if (rest->len < digits)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!ascii_is_digit(rest->ptr[i]))
            return false;
        number = number * 10 + (rest->ptr[i] - '0');
    }
    *rest = str_tail(*rest, digits);
    *ret_number = number;
    return true;
}

static bool take_char(struct str *rest, char c)
{
    if (rest->len == 0 || ascii_lower(rest->ptr[0]) != ascii_lower(c))
        return false;
    *rest = str_tail(*rest, 1);
    return true;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the first of the year, by the rule for leap years. */
static int64_t days_before_year(int64_t year)
{
    int64_t y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

/* From 1970-01-01 on. */
static bool days_of(int64_t year, int64_t month, int64_t day, int64_t *ret_days)
{
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ret_days = days_before_year(year) + day - 1;
    for (int64_t m = 1; m < month; m++)
        *ret_days += days_in_month(year, m);
    return true;
}

static bool take_date(struct str *rest, int64_t *ret_days)
{
    int64_t year, month, day;
    return take_number(rest, 4, &year) && take_char(rest, '-') && take_number(rest, 2, &month) &&
           take_char(rest, '-') && take_number(rest, 2, &day) &&
           days_of(year, month, day, ret_days);
}

static bool take_clock(struct str *rest, int64_t *ret_seconds)
{
    int64_t hour, minute, second;
    if (!take_number(rest, 2, &hour) || !take_char(rest, ':') || !take_number(rest, 2, &minute) ||
        !take_char(rest, ':') || !take_number(rest, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *ret_seconds = hour * 3600 + minute * 60 + second;
    if (!take_char(rest, '.'))
        return true;
    size_t digits = 0;
    while (digits < rest->len && ascii_is_digit(rest->ptr[digits]))
        digits++;
    *rest = str_tail(*rest, digits);
    return digits > 0;
}

static bool take_zone(struct str *rest, int64_t *ret_offset)
{
    int64_t hours, minutes;
    *ret_offset = 0;
    if (take_char(rest, 'Z'))
        return true;
    int sign = take_char(rest, '-') ? -1 : take_char(rest, '+') ? 1 : 0;
    if (sign == 0 || !take_number(rest, 2, &hours) || !take_char(rest, ':') ||
        !take_number(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool when_parse(struct str text, int64_t *ret_seconds)
{
    int64_t days, seconds, offset;
    if (!take_date(&text, &days) || !take_char(&text, 'T') || !take_clock(&text, &seconds) ||
        !take_zone(&text, &offset) || text.len > 0)
        return false;
    *ret_seconds = days * 86400 + seconds - offset;
    return true;
}

/* The place of a three-letter name in a list of them, from 1; 0: it is none. */
static int64_t take_name(struct str *rest, struct str names)
{
    for (size_t i = 0; i + 3 <= names.len && rest->len >= 3; i += 3) {
        if (!str_eq_nocase(str_head(*rest, 3), str_head(str_tail(names, i), 3)))
            continue;
        *rest = str_tail(*rest, 3);
        return (int64_t)(i / 3) + 1;
    }
    return 0;
}

bool http_date_parse(struct str text, int64_t *ret_seconds)
{
    int64_t year, month, day, days, seconds;
    if (!take_name(&text, STR("SunMonTueWedThuFriSat")) || !take_char(&text, ',') ||
        !take_char(&text, ' ') || !take_number(&text, 2, &day) || !take_char(&text, ' '))
        return false;
    month = take_name(&text, STR("JanFebMarAprMayJunJulAugSepOctNovDec"));
    if (!take_char(&text, ' ') || !take_number(&text, 4, &year) || !take_char(&text, ' ') ||
        !take_clock(&text, &seconds) || !str_eq_nocase(text, STR(" GMT")) ||
        !days_of(year, month, day, &days))
        return false;
    *ret_seconds = days * 86400 + seconds;
    return true;
}

enum { UNITS = 3 };

static const struct {
    char unit;
    int64_t seconds;
} units[UNITS] = {{'h', 3600}, {'m', 60}, {'s', 1}};

bool duration_parse(struct str text, int64_t *ret_seconds)
{
    int64_t sum = 0;
    for (size_t i = 0; i < UNITS && text.len > 0; i++) {
        size_t digits = 0;
        while (digits < text.len && ascii_is_digit(text.ptr[digits]))
            digits++;
        if (digits == 0 || digits > 9 || digits == text.len)
            return false;
        if (text.ptr[digits] != units[i].unit)
            continue;
        int64_t number = 0;
        take_number(&text, digits, &number);
        take_char(&text, units[i].unit);
        sum += number * units[i].seconds;
    }
    if (text.len > 0 || sum == 0)
        return false;
    *ret_seconds = sum;
    return true;
}

void buf_add_when(struct buf *buf, int64_t seconds)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t year = 1970 + days / 366;
    while (days_before_year(year + 1) <= days)
        year++;
    while (days_before_year(year) > days)
        year--;
    days -= days_before_year(year);
    int64_t month = 1;
    for (; days >= days_in_month(year, month); month++)
        days -= days_in_month(year, month);
    buf_addf(buf, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month, (int)days + 1,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

void buf_add_duration(struct buf *buf, int64_t seconds)
{
    if (seconds <= 0)
        buf_add(buf, STR("0s"));
    for (size_t i = 0; i < UNITS && seconds > 0; i++) {
        int64_t count = seconds / units[i].seconds;
        if (count)
            buf_addf(buf, "%lld%c", (long long)count, units[i].unit);
        seconds %= units[i].seconds;
    }
}

/* With the smaller unit only while the larger one alone would say too little. */
static void add_two(struct buf *buf, int64_t seconds, int64_t large, char large_unit, int64_t small,
                    char small_unit)
{
    int64_t rest = seconds % large / small;
    buf_addf(buf, "%lld%c", (long long)(seconds / large), large_unit);
    if (rest)
        buf_addf(buf, "%lld%c", (long long)rest, small_unit);
}

void buf_add_age(struct buf *buf, int64_t seconds)
{
    enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, YEAR = 365 * DAY };
    if (seconds < 0)
        seconds = 0;
    if (seconds < 2 * MINUTE)
        buf_addf(buf, "%llds", (long long)seconds);
    else if (seconds < 10 * MINUTE)
        add_two(buf, seconds, MINUTE, 'm', 1, 's');
    else if (seconds < 3 * HOUR)
        buf_addf(buf, "%lldm", (long long)(seconds / MINUTE));
    else if (seconds < 8 * HOUR)
        add_two(buf, seconds, HOUR, 'h', MINUTE, 'm');
    else if (seconds < 2 * DAY)
        buf_addf(buf, "%lldh", (long long)(seconds / HOUR));
    else if (seconds < 8 * DAY)
        add_two(buf, seconds, DAY, 'd', HOUR, 'h');
    else if (seconds < 2 * (int64_t)YEAR)
        buf_addf(buf, "%lldd", (long long)(seconds / DAY));
    else
        add_two(buf, seconds, YEAR, 'y', DAY, 'd');
}
