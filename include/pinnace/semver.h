/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semver: versions as semver.org 2.0 has them, strictly: three numbers, none left out, no leading
 * zeros; and one "v" in front if you like. "1", "1.2" and "20240501" are none, or else the hash of
 * a commit would be one. Where a tag cannot have "+", build metadata follows a "_".
 */
#ifndef PINNACE_SEMVER_H
#define PINNACE_SEMVER_H

#include "pinnace/str.h"

struct semver {
    uint64_t major, minor, patch;
    struct str pre, build; /* slices of the text, without "-" and "+"; .len 0: none */
    bool has_v;
};

/* Whether the text has the form of a version, however large its numbers. */
bool semver_has_form(struct str text);

/* False too for numbers beyond 64 bits; nothing wraps. *ret_version is then untouched. */
bool semver_parse(struct str text, struct semver *ret_version);

/* Dot-separated identifiers of letters, digits and "-"; in a pre-release no leading zeros. */
bool semver_identifiers_ok(struct str text, bool pre_release);

/* Decimal digits that fit in 64 bits; leading zeros may be there. */
bool semver_number(struct str digits, uint64_t *ret_number);

/* The precedence of semver 2.0: below 0, 0 or above; build metadata and "v" do not count. */
int semver_compare(const struct semver *a, const struct semver *b);

#endif
