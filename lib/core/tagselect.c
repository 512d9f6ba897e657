/* SPDX-License-Identifier: Apache-2.0 */
/* tagselect: see the header. */
#include "pinnace/tagselect.h"

#include "pinnace/banned.h"

static bool is_tag(struct str tag)
{
    static const struct str others = STR_INIT("_.-");
    if (tag.len == 0 || tag.len > TAG_MAX_BYTES || tag.ptr[0] == '.' || tag.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < tag.len; i++)
        if (!ascii_is_alpha(tag.ptr[i]) && !ascii_is_digit(tag.ptr[i]) &&
            str_find(others, tag.ptr[i]) == STR_NOT_FOUND)
            return false;
    return true;
}

/* Where cosign and the fallback for referrers keep what belongs to an image. */
static bool is_signature(struct str tag)
{
    return str_starts(tag, STR("sha256-")) || str_starts(tag, STR("sha512-")) ||
           str_ends(tag, STR(".sig")) || str_ends(tag, STR(".att")) || str_ends(tag, STR(".sbom"));
}

enum tag_verdict tag_judge(const struct tag_follow *follow, struct str tag,
                           struct semver *ret_version)
{
    if (!is_tag(tag))
        return TAG_BAD;
    if (is_signature(tag))
        return TAG_SIGNATURE;
    if (str_starts(tag, STR(TAG_RETAIN_PREFIX)))
        return TAG_RETAINS;
    if (follow->pattern && !regex_matches(follow->pattern, tag))
        return TAG_OFF_PATTERN;
    if (!follow->range)
        return str_eq(tag, follow->tag) ? TAG_FITS : TAG_OTHER;
    if (!semver_parse(tag, ret_version))
        return TAG_NO_VERSION;
    if (semrange_contains(follow->range, ret_version))
        return TAG_FITS;
    return semrange_wants_no_pre(follow->range, ret_version) ? TAG_PRE_RELEASE : TAG_OUTSIDE;
}

const char *tag_verdict_text(enum tag_verdict verdict)
{
    static const char *const texts[] = {
        [TAG_FITS] = "fits",
        [TAG_BAD] = "is not a tag: letters, digits, \"_\", \".\" and \"-\", 128 at most",
        [TAG_SIGNATURE] = "belongs to an image (signature, attestation, SBOM) and is none itself",
        [TAG_RETAINS] =
            "only keeps an image in the registry, made by Pinnace, and names no release",
        [TAG_OFF_PATTERN] = "does not match the pattern",
        [TAG_OTHER] = "is not the tag that is followed",
        [TAG_NO_VERSION] = "is not a semantic version (MAJOR.MINOR.PATCH)",
        [TAG_PRE_RELEASE] = "is a pre-release, and the range takes none (\">=1.2.3-0\" would)",
        [TAG_OUTSIDE] = "is not in the range",
    };
    return texts[verdict];
}

static int compare_bytes(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/*
 * Of equal versions the tag that runs now wins, then the one with "v", then the one with the build
 * metadata that comes last: any order would do, but it has to be one.
 */
static bool is_better(const struct tag_follow *follow, struct str tag, const struct semver *version,
                      const struct tag_pick *pick)
{
    struct str picked = tag_picked(pick);
    int order = semver_compare(version, &pick->version);
    if (order)
        return order > 0;
    if (str_eq(picked, follow->current) || str_eq(tag, follow->current))
        return str_eq(tag, follow->current);
    if (version->has_v != pick->version.has_v)
        return version->has_v;
    return compare_bytes(tag, picked) > 0;
}

void tag_pick_add(struct tag_pick *pick, const struct tag_follow *follow, struct str tag)
{
    struct semver version = {0};
    pick->seen++;
    if (tag_judge(follow, tag, &version) != TAG_FITS)
        return;
    pick->fitting++;
    if (pick->len && (!follow->range || !is_better(follow, tag, &version, pick)))
        return;
    memcpy(pick->text, tag.ptr, tag.len);
    pick->len = (uint8_t)tag.len;
    if (follow->range)
        semver_parse(tag_picked(pick), &pick->version);
}
