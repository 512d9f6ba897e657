/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tagrule: which tags count as immutable by their name. By default those that are a semantic
 * version, with one "v" in front if you like; "latest", "1.27" and "main" are moved by habit.
 */
#ifndef PINNACE_TAGRULE_H
#define PINNACE_TAGRULE_H

#include "pinnace/str.h"

struct tag_rules {
    bool semver;                 /* semantic versions are immutable */
    const struct str *immutable; /* globs for further immutable tags */
    size_t immutable_count;
    const struct str *moving; /* globs for tags that are moving in spite of the above */
    size_t moving_count;
};

/* Semantic versions by their form, moved all the same by the habit of their makers: "*-SNAPSHOT". */
enum { TAG_MOVING_BUILTIN_COUNT = 4 };
extern const struct str tag_moving_builtin[TAG_MOVING_BUILTIN_COUNT];

/* MAJOR.MINOR.PATCH[-PRE][_BUILD]: semver 2.0, with "_" where a tag cannot have "+". */
bool tag_is_semver(struct str tag);

bool tag_is_immutable(const struct tag_rules *rules, struct str tag);

#endif
