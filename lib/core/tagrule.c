/* SPDX-License-Identifier: Apache-2.0 */
/* tagrule: see the header. */
#include "pinnace/tagrule.h"

#include "pinnace/glob.h"
#include "pinnace/semver.h"

#include "pinnace/banned.h"

const struct str tag_moving_builtin[TAG_MOVING_BUILTIN_COUNT] = {
    STR_INIT("*-latest"),
    STR_INIT("*-SNAPSHOT"),
    STR_INIT("*-snapshot"),
    STR_INIT("*-nightly"),
};

bool tag_is_semver(struct str tag)
{
    return str_find(tag, '+') == STR_NOT_FOUND && semver_has_form(tag);
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
