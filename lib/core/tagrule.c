/* SPDX-License-Identifier: Apache-2.0 */
/* tagrule: see the header. */
#include "pinnace/tagrule.h"

#include "pinnace/glob.h"

#include "pinnace/banned.h"

const struct str tag_moving_builtin[TAG_MOVING_BUILTIN_COUNT] = {
    STR_INIT("*-latest"),
    STR_INIT("*-SNAPSHOT"),
    STR_INIT("*-snapshot"),
    STR_INIT("*-nightly"),
};

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_digit(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool is_number(struct str s)
{
    return all_digits(s) && (s.len == 1 || s.ptr[0] != '0');
}

/* Takes what stands before the first dot off *rest; *rest.ptr is NULL after the last part. */
static struct str next_part(struct str *rest)
{
    size_t dot = str_find(*rest, '.');
    struct str part = dot == STR_NOT_FOUND ? *rest : str_head(*rest, dot);
    *rest = dot == STR_NOT_FOUND ? STR_NONE : str_tail(*rest, dot + 1);
    return part;
}

/* Dot-separated identifiers; in a pre-release a number has no leading zero. */
static bool identifiers_ok(struct str s, bool pre_release)
{
    do {
        struct str part = next_part(&s);
        if (part.len == 0 || (pre_release && all_digits(part) && !is_number(part)))
            return false;
        for (size_t i = 0; i < part.len; i++)
            if (!ascii_is_digit(part.ptr[i]) && !ascii_is_alpha(part.ptr[i]) && part.ptr[i] != '-')
                return false;
    } while (s.ptr);
    return true;
}

bool tag_is_semver(struct str tag)
{
    if (str_starts(tag, STR("v")))
        tag = str_tail(tag, 1);
    size_t build = str_find(tag, '_');
    if (build != STR_NOT_FOUND) {
        if (!identifiers_ok(str_tail(tag, build + 1), false))
            return false;
        tag = str_head(tag, build);
    }
    size_t pre = str_find(tag, '-');
    if (pre != STR_NOT_FOUND) {
        if (!identifiers_ok(str_tail(tag, pre + 1), true))
            return false;
        tag = str_head(tag, pre);
    }
    for (int i = 0; i < 3; i++)
        if (!tag.ptr || !is_number(next_part(&tag)))
            return false;
    return tag.ptr == NULL;
}

static bool matches_any(const struct str globs[], size_t count, struct str tag)
{
    for (size_t i = 0; i < count; i++)
        if (glob_match(globs[i], tag))
            return true;
    return false;
}

bool tag_is_immutable(const struct tag_rules *rules, struct str tag)
{
    if (matches_any(rules->moving, rules->moving_count, tag))
        return false;
    return (rules->semver && tag_is_semver(tag)) ||
           matches_any(rules->immutable, rules->immutable_count, tag);
}
