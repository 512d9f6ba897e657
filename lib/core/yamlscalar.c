/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yamlscalar: see the header. The order of the attempts is go-yaml's, since what one of them does
 * not take (08 is no octal number, 1e400 no float) falls to the next and at last to the strings.
 */
#include "pinnace/yamlscalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pinnace/base64.h"
#include "pinnace/buf.h"
#include "pinnace/utf8.h"

#include "pinnace/banned.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

enum {
    WORD_MAX = 5,     /* the longest of the words below */
    NUMBER_MAX = 400, /* room for any double in decimals */
};

static const struct word {
    struct str word;
    struct yamlscalar scalar;
} words[] = {
#define WORD(word, type, json)                                                                     \
    {                                                                                              \
        STR_INIT(word),                                                                            \
        {                                                                                          \
            type, STR_INIT(json)                                                                   \
        }                                                                                          \
    }
#define WORD_TRUE(word) WORD(word, YAMLSCALAR_BOOL, "true")
#define WORD_FALSE(word) WORD(word, YAMLSCALAR_BOOL, "false")
#define WORD_NULL(word) WORD(word, YAMLSCALAR_NULL, "null")
#define WORD_INF(word) WORD(word, YAMLSCALAR_NOT_FINITE, ".inf")
#define WORD_LESS_INF(word) WORD(word, YAMLSCALAR_NOT_FINITE, "-.inf")
#define WORD_NAN(word) WORD(word, YAMLSCALAR_NOT_FINITE, ".nan")
    WORD_TRUE("true"),   WORD_TRUE("True"),      WORD_TRUE("TRUE"),      WORD_TRUE("y"),
    WORD_TRUE("Y"),      WORD_TRUE("yes"),       WORD_TRUE("Yes"),       WORD_TRUE("YES"),
    WORD_TRUE("on"),     WORD_TRUE("On"),        WORD_TRUE("ON"),        WORD_FALSE("false"),
    WORD_FALSE("False"), WORD_FALSE("FALSE"),    WORD_FALSE("n"),        WORD_FALSE("N"),
    WORD_FALSE("no"),    WORD_FALSE("No"),       WORD_FALSE("NO"),       WORD_FALSE("off"),
    WORD_FALSE("Off"),   WORD_FALSE("OFF"),      WORD_NULL(""),          WORD_NULL("~"),
    WORD_NULL("null"),   WORD_NULL("Null"),      WORD_NULL("NULL"),      WORD_INF(".inf"),
    WORD_INF(".Inf"),    WORD_INF(".INF"),       WORD_INF("+.inf"),      WORD_INF("+.Inf"),
    WORD_INF("+.INF"),   WORD_LESS_INF("-.inf"), WORD_LESS_INF("-.Inf"), WORD_LESS_INF("-.INF"),
    WORD_NAN(".nan"),    WORD_NAN(".NaN"),       WORD_NAN(".NAN"),
};

static const struct yamlscalar *find_word(struct str text)
{
    if (text.len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (str_eq(words[i].word, text))
            return &words[i].scalar;
    return NULL;
}

/* Takes one sign off the front of *text. */
static bool take_sign(struct str *text, bool *ret_negative)
{
    bool sign = text->len > 0 && (text->ptr[0] == '-' || text->ptr[0] == '+');
    *ret_negative = sign && text->ptr[0] == '-';
    if (sign)
        *text = str_tail(*text, 1);
    return sign;
}

/* Takes 0x, 0o, 0b or the 0 of an old octal number off the front of *text. */
static unsigned take_base(struct str *text)
{
    if (text->len < 2 || text->ptr[0] != '0')
        return 10;
    char letter = ascii_lower(text->ptr[1]);
    unsigned base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    *text = str_tail(*text, base ? 2 : 1);
    return base ? base : 8;
}

static unsigned digit_of(char c)
{
    if (ascii_is_digit(c))
        return (unsigned)(c - '0');
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Go's ParseInt, then its ParseUint, which takes no sign but one bit more. */
static bool read_int(struct str text, bool *ret_negative, uint64_t *ret_magnitude)
{
    bool negative;
    bool sign = take_sign(&text, &negative);
    unsigned base = take_base(&text);
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = digit_of(text.ptr[i]);
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    uint64_t most = !sign ? UINT64_MAX : (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (text.len == 0 || value > most)
        return false;
    *ret_negative = negative && value > 0;
    *ret_magnitude = value;
    return true;
}

static size_t skip_digits(struct str text, size_t from)
{
    while (from < text.len && ascii_is_digit(text.ptr[from]))
        from++;
    return from;
}

/* A sign, digits with at most one dot among them, an exponent; 5. and .5 too, no hexadecimals. */
static bool is_float(struct str text)
{
    bool negative;
    take_sign(&text, &negative);
    size_t at = skip_digits(text, 0);
    size_t digits = at;
    if (at < text.len && text.ptr[at] == '.') {
        size_t behind = skip_digits(text, at + 1);
        digits += behind - at - 1;
        at = behind;
    }
    if (digits == 0)
        return false;
    if (at < text.len && ascii_lower(text.ptr[at]) == 'e') {
        struct str exponent = str_tail(text, at + 1);
        take_sign(&exponent, &negative);
        return exponent.len > 0 && skip_digits(exponent, 0) == exponent.len;
    }
    return at == text.len;
}

/* A number as Go writes it: exponents only for what is smaller or larger than the two bounds. */
struct float_format {
    unsigned digits_max; /* of a significand that comes back as the same number */
    int least, most;     /* the exponents written without an e */
    bool padded;         /* e-07, not e-7 */
    bool single_precision;
};

static const struct float_format json_format = {17, -6, 20, false, false};
static const struct float_format key_format = {9, -4, 5, true, true};

/* The shortest "d.ddde±xx" that reads as value. */
static void shortest(double value, const struct float_format *format, char *out, size_t size)
{
    for (unsigned digits = 1; digits <= format->digits_max; digits++) {
        snprintf(out, size, "%.*e", (int)digits - 1, value);
        if (format->single_precision ? strtof(out, NULL) == (float)value
                                     : strtod(out, NULL) == value)
            return;
    }
}

/* Moves the point of the digits ("12345", the point behind the first) by exponent places. */
static void add_decimals(struct buf *buf, struct str digits, int exponent)
{
    if (exponent < 0) {
        buf_add(buf, STR("0."));
        for (int i = -1; i > exponent; i--)
            buf_add_char(buf, '0');
        buf_add(buf, digits);
        return;
    }
    size_t whole = (size_t)exponent + 1;
    buf_add(buf, str_head(digits, whole < digits.len ? whole : digits.len));
    for (size_t i = digits.len; i < whole; i++)
        buf_add_char(buf, '0');
    if (whole < digits.len) {
        buf_add_char(buf, '.');
        buf_add(buf, str_tail(digits, whole));
    }
}

static int format_float(struct arena *arena, double value, const struct float_format *format,
                        struct str *ret_text, struct err *err)
{
    char text[64], digits[32];
    shortest(fabs(value), format, text, sizeof(text));
    struct str all = str_of(text);
    size_t e = str_find(all, 'e');
    int exponent = (int)strtol(text + e + 1, NULL, 10);
    size_t count = 0;
    for (size_t i = 0; i < e && count < sizeof(digits); i++)
        if (text[i] != '.')
            digits[count++] = text[i];
    struct str significand = {digits, count};
    struct buf buf = BUF_INIT(arena, NUMBER_MAX);
    if (signbit(value))
        buf_add_char(&buf, '-');
    if (exponent >= format->least && exponent <= format->most) {
        add_decimals(&buf, significand, exponent);
    } else {
        add_decimals(&buf, significand, 0);
        buf_addf(&buf, format->padded ? "e%c%02d" : "e%c%d", exponent < 0 ? '-' : '+',
                 abs(exponent));
    }
    return buf_finish(&buf, ret_text, err);
}

/* Behind a leading dot go-yaml wants each underscore between two digits. */
static bool underscores_separate(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '_' &&
            (i == 0 || i + 1 == text.len || !ascii_is_digit(text.ptr[i - 1]) ||
             !ascii_is_digit(text.ptr[i + 1])))
            return false;
    return true;
}

static struct str without_underscores(struct arena *arena, struct str text)
{
    if (str_find(text, '_') == STR_NOT_FOUND)
        return text;
    char *copy = arena_alloc(arena, text.len + 1);
    if (!copy)
        return STR_NONE;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '_')
            copy[len++] = text.ptr[i];
    return (struct str){copy, len};
}

/* Most integers are written as JSON has them, and text is handed out as it is. */
static int set_int(struct arena *arena, struct str text, bool negative, uint64_t magnitude,
                   struct yamlscalar *ret_scalar, struct err *err)
{
    char digits[32];
    snprintf(digits, sizeof(digits), "%s%" PRIu64, negative ? "-" : "", magnitude);
    struct str json = str_eq(str_of(digits), text) ? text : arena_copy(arena, str_of(digits));
    if (!json.ptr)
        return err_no_memory(err);
    *ret_scalar = (struct yamlscalar){YAMLSCALAR_INT, json};
    return 0;
}

/* Leaves *ret_scalar alone when the text is no number that a double can hold. */
static int read_float(struct arena *arena, struct str text, struct yamlscalar *ret_scalar,
                      struct err *err)
{
    if (!is_float(text))
        return 0;
    struct str copy = arena_copy(arena, text); /* strtod wants a NUL behind it */
    if (!copy.ptr)
        return err_no_memory(err);
    double value = strtod(copy.ptr, NULL);
    if (!isfinite(value))
        return 0;
    struct str json;
    if (format_float(arena, value, &json_format, &json, err))
        return -1;
    *ret_scalar = (struct yamlscalar){YAMLSCALAR_FLOAT, json};
    return 0;
}

/* Only what such a number may be made of, so that a digest is not copied to find out. */
static bool may_be_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (digit_of(text.ptr[i]) == 16 && !memchr("+-._oOxX", text.ptr[i], 8))
            return false;
    return true;
}

/* go-yaml's last attempt at binary numbers lets a second sign through: 0b-1 is a number. */
static bool read_odd_binary(struct str text, bool *ret_negative, uint64_t *ret_magnitude)
{
    if (text.len < 4 || !str_starts(text, STR("0b")))
        return false;
    struct str behind = str_tail(text, 2);
    if (!take_sign(&behind, ret_negative))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < behind.len; i++) {
        if (digit_of(behind.ptr[i]) > 1 || value >> 62)
            return false;
        value = value << 1 | digit_of(behind.ptr[i]);
    }
    *ret_magnitude = value;
    return true;
}

static int read_number(struct arena *arena, struct str text, struct yamlscalar *ret_scalar,
                       struct err *err)
{
    bool dot = text.ptr[0] == '.';
    if (!may_be_number(text) || (dot && !underscores_separate(text)))
        return 0;
    struct str number = without_underscores(arena, text);
    if (!number.ptr)
        return err_no_memory(err);
    bool negative;
    uint64_t magnitude;
    if (!dot &&
        (read_int(number, &negative, &magnitude) || read_odd_binary(number, &negative, &magnitude)))
        return set_int(arena, text, negative, magnitude, ret_scalar, err);
    return read_float(arena, number, ret_scalar, err);
}

/* Without regard to tags and quotes. */
static int read_plain(struct arena *arena, struct str text, struct yamlscalar *ret_scalar,
                      struct err *err)
{
    *ret_scalar = (struct yamlscalar){YAMLSCALAR_STRING, text};
    const struct yamlscalar *word = find_word(text);
    if (word)
        *ret_scalar = *word;
    else if (ascii_is_digit(text.ptr[0]) || memchr("+-.", text.ptr[0], 3))
        return read_number(arena, text, ret_scalar, err);
    return 0;
}

static bool is_utf8(struct str text)
{
    uint32_t code;
    for (size_t i = 0, width; i < text.len; i += width)
        if ((width = utf8_decode(str_tail(text, i), &code)) == 0)
            return false;
    return true;
}

static int read_binary(struct arena *arena, struct str text, struct yamlscalar *ret_scalar,
                       struct err *err)
{
    struct str decoded;
    if (base64_decode(text, arena, &decoded, err))
        return -1;
    if (!is_utf8(decoded))
        return err_set(err, ERR_INPUT,
                       "what follows !!binary is not text once decoded; give it as a base64 string "
                       "without the tag");
    *ret_scalar = (struct yamlscalar){YAMLSCALAR_STRING, decoded};
    return 0;
}

static int disagree(struct arena *arena, struct str tag, struct str text, struct err *err)
{
    struct buf quoted = BUF_INIT(arena, 512);
    buf_add_quoted(&quoted, text, 60);
    struct str shown;
    if (buf_finish(&quoted, &shown, err))
        return -1;
    return err_set(err, ERR_INPUT, "%.*s is not a !!%.*s", STR_FMT(shown), STR_FMT(tag));
}

/* The tags of YAML's own types; tag is the short name. */
static int read_tagged(struct arena *arena, struct str tag, struct str text,
                       struct yamlscalar *ret_scalar, struct err *err)
{
    struct yamlscalar scalar;
    if (str_eq(tag, STR("binary")))
        return read_binary(arena, text, ret_scalar, err);
    if (read_plain(arena, text, &scalar, err))
        return -1;
    bool integer = scalar.type == YAMLSCALAR_INT;
    bool number = scalar.type == YAMLSCALAR_FLOAT || scalar.type == YAMLSCALAR_NOT_FINITE;
    bool fits = (str_eq(tag, STR("int")) && integer) ||
                (str_eq(tag, STR("float")) && (integer || number)) ||
                (str_eq(tag, STR("bool")) && scalar.type == YAMLSCALAR_BOOL) ||
                (str_eq(tag, STR("null")) && scalar.type == YAMLSCALAR_NULL);
    if (!fits)
        return disagree(arena, tag, text, err);
    *ret_scalar = scalar;
    return integer && str_eq(tag, STR("float")) ? read_float(arena, scalar.text, ret_scalar, err)
                                                : 0;
}

int yamlscalar_read(struct arena *arena, struct str tag, bool plain, struct str text,
                    struct yamlscalar *ret_scalar, struct err *err)
{
    static const struct str typed[] = {STR_INIT("int"), STR_INIT("float"), STR_INIT("bool"),
                                       STR_INIT("null"), STR_INIT("binary")};
    if (tag.len == 0 && plain)
        return read_plain(arena, text, ret_scalar, err);
    if (str_starts(tag, STR(TAG_PREFIX))) {
        struct str name = str_tail(tag, sizeof(TAG_PREFIX) - 1);
        for (size_t i = 0; i < sizeof(typed) / sizeof(*typed); i++)
            if (str_eq(name, typed[i]))
                return read_tagged(arena, name, text, ret_scalar, err);
    }
    *ret_scalar = (struct yamlscalar){YAMLSCALAR_STRING, text};
    return 0;
}

int yamlscalar_key(struct arena *arena, struct yamlscalar scalar, struct str *ret_key,
                   struct err *err)
{
    if (scalar.type == YAMLSCALAR_NULL)
        return err_set(err, ERR_INPUT, "a key must not be null; put it in quotes");
    if (scalar.type != YAMLSCALAR_FLOAT) {
        *ret_key = scalar.text;
        return 0;
    }
    struct str text = arena_copy(arena, scalar.text);
    if (!text.ptr)
        return err_no_memory(err);
    double value = strtod(text.ptr, NULL);
    if (isinf((float)value)) {
        *ret_key = value < 0 ? STR("-.inf") : STR(".inf");
        return 0;
    }
    return format_float(arena, value, &key_format, ret_key, err);
}
