/* SPDX-License-Identifier: Apache-2.0 */
/* semrange: see the header. Reading comes first, then comparing. */
#include "pinnace/semrange.h"

#include "pinnace/banned.h"

/* --- Reading ----------------------------------------------------------------------------------- */

struct reader {
    struct str text;
    size_t at;
    bool was_hyphen; /* the condition before was "A - B" */
    struct semrange *range;
    struct err *err;
};

static int refuse(const struct reader *reader, size_t at, const char *what)
{
    return err_set(reader->err, ERR_INPUT, "the range \"%.*s\", column %zu: %s",
                   STR_FMT(reader->text), at + 1, what);
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->text.len ? reader->text.ptr[reader->at] : '\0';
}

static bool is_blank(char c)
{
    return ascii_is_space(c) || c == '\f';
}

static size_t skip_blanks(struct reader *reader)
{
    size_t begin = reader->at;
    while (is_blank(peek(reader)))
        reader->at++;
    return reader->at - begin;
}

static bool take(struct reader *reader, struct str word)
{
    if (!str_starts(str_tail(reader->text, reader->at), word))
        return false;
    reader->at += word.len;
    return true;
}

static struct str take_run(struct reader *reader, struct str others)
{
    size_t begin = reader->at;
    for (char c; (c = peek(reader)); reader->at++)
        if (!ascii_is_digit(c) && str_find(others, c) == STR_NOT_FOUND)
            break;
    return str_tail(str_head(reader->text, reader->at), begin);
}

/* Identifiers behind "-" or "+", as many as can be read. */
static struct str take_identifiers(struct reader *reader)
{
    size_t begin = reader->at;
    for (char c; (c = peek(reader)); reader->at++) {
        bool next_is_one = reader->at + 1 < reader->text.len;
        char next = next_is_one ? reader->text.ptr[reader->at + 1] : '\0';
        bool joins = c == '.' && reader->at > begin &&
                     (ascii_is_digit(next) || ascii_is_alpha(next) || next == '-');
        if (!joins && !ascii_is_digit(c) && !ascii_is_alpha(c) && c != '-')
            break;
    }
    return str_tail(str_head(reader->text, reader->at), begin);
}

static bool is_any(struct str part)
{
    return part.len == 0 || str_eq(part, STR("x")) || str_eq(part, STR("X")) ||
           str_eq(part, STR("*"));
}

/* What is open ends what counts: in "1.x.3" the 3 says nothing. */
static bool set_numbers(const struct str parts[3], struct semrange_term *term)
{
    term->any = is_any(parts[0]) || is_any(parts[1]) || is_any(parts[2]);
    if (is_any(parts[0]))
        return true;
    term->any_minor = is_any(parts[1]);
    term->any_patch = !term->any_minor && is_any(parts[2]);
    struct semver *version = &term->version;
    return semver_number(parts[0], &version->major) &&
           (term->any_minor || semver_number(parts[1], &version->minor)) &&
           (term->any || semver_number(parts[2], &version->patch));
}

static int take_version(struct reader *reader, struct semrange_term *term)
{
    static const struct str any = STR_INIT("xX*");
    struct str parts[3] = {STR_NONE, STR_NONE, STR_NONE};
    size_t begin = reader->at;
    take(reader, STR("v"));
    parts[0] = take_run(reader, any);
    if (parts[0].len == 0)
        return refuse(reader, begin, "a version is missing here, such as 1.2.3, 1.2 or 1.x");
    for (int i = 1; i < 3; i++) {
        size_t dot = reader->at;
        if (!take(reader, STR(".")))
            break;
        parts[i] = take_run(reader, any);
        if (parts[i].len == 0)
            return refuse(reader, dot, "a number, x or * has to follow the dot");
    }
    if (take(reader, STR("-"))) {
        term->version.pre = take_identifiers(reader);
        if (!semver_identifiers_ok(term->version.pre, true))
            return refuse(reader, begin, "what follows the \"-\" is no pre-release");
    }
    if (take(reader, STR("+")) && take_identifiers(reader).len == 0)
        return refuse(reader, begin, "what follows the \"+\" is no build metadata");
    if (!set_numbers(parts, term))
        return refuse(reader, begin, "a number is too large, or mixed with x or *");
    return 0;
}

static enum semrange_operator take_operator(struct reader *reader)
{
    static const struct {
        struct str text;
        enum semrange_operator operator;
    } operators[] = {
        /* The longer ones first. */
        {STR_INIT("!="), SEMRANGE_NOT_EQUAL}, {STR_INIT(">="), SEMRANGE_AT_LEAST},
        {STR_INIT("=>"), SEMRANGE_AT_LEAST},  {STR_INIT("<="), SEMRANGE_AT_MOST},
        {STR_INIT("=<"), SEMRANGE_AT_MOST},   {STR_INIT("~>"), SEMRANGE_TILDE},
        {STR_INIT("="), SEMRANGE_EQUAL},      {STR_INIT(">"), SEMRANGE_ABOVE},
        {STR_INIT("<"), SEMRANGE_BELOW},      {STR_INIT("~"), SEMRANGE_TILDE},
        {STR_INIT("^"), SEMRANGE_CARET},
    };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (take(reader, operators[i].text))
            return operators[i].operator;
    return SEMRANGE_EQUAL;
}

static int add_term(struct reader *reader, const struct semrange_term *term)
{
    struct semrange *range = reader->range;
    if (range->count == SEMRANGE_TERMS_MAX)
        return refuse(reader, reader->at, "too many conditions; 64 at most");
    range->terms[range->count] = *term;
    range->terms[range->count++].group = range->groups;
    if (term->version.pre.len)
        range->pre_groups |= (uint64_t)1 << range->groups;
    return 0;
}

/* " - " behind a version: it was the lower end. Leaves the place as it is if there is none. */
static bool take_hyphen(struct reader *reader)
{
    size_t begin = reader->at;
    if (skip_blanks(reader) && take(reader, STR("-")) && skip_blanks(reader))
        return true;
    reader->at = begin;
    return false;
}

enum before { BEFORE_START, BEFORE_OR, BEFORE_COMMA, BEFORE_BLANK };

static int take_upper_end(struct reader *reader, size_t begin, enum before before,
                          struct semrange_term *lower)
{
    struct semrange_term upper = {.operator= SEMRANGE_AT_MOST };
    if (before == BEFORE_BLANK && !reader->was_hyphen)
        return refuse(reader, begin, "a comma has to stand before \"A - B\"");
    if (before == BEFORE_OR && !is_blank(reader->text.ptr[begin - 1]))
        return refuse(reader, begin, "a blank has to stand between \"||\" and \"A - B\"");
    lower->operator= SEMRANGE_AT_LEAST;
    if (add_term(reader, lower) < 0 || take_version(reader, &upper) < 0)
        return -1;
    return add_term(reader, &upper);
}

static int take_term(struct reader *reader, enum before before)
{
    struct semrange_term term = {0};
    size_t begin = reader->at;
    term.operator= take_operator(reader);
    bool bare = reader->at == begin;
    skip_blanks(reader);
    if (take_version(reader, &term) < 0)
        return -1;
    bool hyphen = bare && take_hyphen(reader);
    if ((hyphen ? take_upper_end(reader, begin, before, &term) : add_term(reader, &term)) < 0)
        return -1;
    reader->was_hyphen = hyphen;
    return 0;
}

/* 1: another condition of the group follows; 0: its end; -1: neither. */
static int take_separator(struct reader *reader, enum before *ret_before)
{
    bool blank = skip_blanks(reader) > 0;
    if (reader->at == reader->text.len || peek(reader) == '|')
        return 0;
    *ret_before = BEFORE_BLANK;
    if (take(reader, STR(","))) {
        *ret_before = BEFORE_COMMA;
        skip_blanks(reader);
    } else if (!blank) {
        return refuse(reader, reader->at, "a comma, a blank or \"||\" is missing here");
    }
    return 1;
}

static int take_group(struct reader *reader)
{
    enum before before = reader->range->groups ? BEFORE_OR : BEFORE_START;
    int more = 1;
    skip_blanks(reader);
    while (more > 0) {
        if (take_term(reader, before) < 0)
            return -1;
        more = take_separator(reader, &before);
    }
    reader->range->groups++;
    return more;
}

int semrange_parse(struct str text, struct semrange *ret_range, struct err *err)
{
    struct semrange range = {.count = 0};
    struct reader reader = {.text = text, .range = &range, .err = err};
    if (text.len > SEMRANGE_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a range of %zu bytes; at most %d are read", text.len,
                       (int)SEMRANGE_MAX_BYTES);
    if (take_group(&reader) < 0)
        return -1;
    while (reader.at < text.len) {
        if (!take(&reader, STR("||")))
            return refuse(&reader, reader.at, "\"or\" is written \"||\"");
        if (take_group(&reader) < 0)
            return -1;
    }
    *ret_range = range;
    return 0;
}

/* --- Comparing --------------------------------------------------------------------------------- */

static bool is_within_tilde(const struct semrange_term *term, const struct semver *version)
{
    const struct semver *base = &term->version;
    if (semver_compare(version, base) < 0)
        return false;
    if (!base->major && !base->minor && !base->patch && !term->any_minor && !term->any_patch)
        return true; /* also "*"; and "~0.0.0", as that library has it */
    return version->major == base->major && (term->any_minor || version->minor == base->minor);
}

/* What comes before the first number that is not 0 has to be the same. */
static bool is_within_caret(const struct semrange_term *term, const struct semver *version)
{
    const struct semver *base = &term->version;
    if (semver_compare(version, base) < 0 || version->major != base->major)
        return false;
    if (base->major > 0 || term->any_minor)
        return true;
    if (base->minor > 0 || term->any_patch)
        return version->minor == base->minor;
    return version->minor == 0 && version->patch == base->patch;
}

static bool is_other(const struct semrange_term *term, const struct semver *version)
{
    const struct semver *base = &term->version;
    if (!term->any)
        return semver_compare(version, base) != 0;
    if (version->major != base->major)
        return true;
    if (term->any_minor)
        return false;
    if (version->minor != base->minor)
        return true;
    if (term->any_patch)
        return !str_eq(version->pre, base->pre);
    return semver_compare(version, base) != 0;
}

static bool is_above(const struct semrange_term *term, const struct semver *version)
{
    const struct semver *base = &term->version;
    if (!term->any || version->major != base->major)
        return semver_compare(version, base) > 0;
    if (term->any_minor)
        return false;
    if (term->any_patch)
        return version->minor > base->minor;
    return semver_compare(version, base) > 0;
}

static bool is_at_most(const struct semrange_term *term, const struct semver *version)
{
    const struct semver *base = &term->version;
    if (!term->any)
        return semver_compare(version, base) <= 0;
    return version->major < base->major ||
           (version->major == base->major && (version->minor <= base->minor || term->any_minor));
}

static bool is_met(const struct semrange_term *term, const struct semver *version)
{
    switch (term->operator) {
    case SEMRANGE_EQUAL:
        return term->any ? is_within_tilde(term, version)
                         : semver_compare(version, &term->version) == 0;
    case SEMRANGE_NOT_EQUAL:
        return is_other(term, version);
    case SEMRANGE_ABOVE:
        return is_above(term, version);
    case SEMRANGE_BELOW:
        return semver_compare(version, &term->version) < 0;
    case SEMRANGE_AT_LEAST:
        return semver_compare(version, &term->version) >= 0;
    case SEMRANGE_AT_MOST:
        return is_at_most(term, version);
    case SEMRANGE_TILDE:
        return is_within_tilde(term, version);
    case SEMRANGE_CARET:
        return is_within_caret(term, version);
    }
    return false;
}

bool semrange_contains(const struct semrange *range, const struct semver *version)
{
    uint64_t refused = version->pre.len ? ~range->pre_groups : 0;
    for (unsigned i = 0; i < range->count; i++)
        if (!is_met(&range->terms[i], version))
            refused |= (uint64_t)1 << range->terms[i].group;
    uint64_t all = range->groups < 64 ? ((uint64_t)1 << range->groups) - 1 : UINT64_MAX;
    return (refused & all) != all;
}

bool semrange_wants_no_pre(const struct semrange *range, const struct semver *version)
{
    struct semver release = *version;
    release.pre = STR_NONE;
    return version->pre.len > 0 && !semrange_contains(range, version) &&
           semrange_contains(range, &release);
}
