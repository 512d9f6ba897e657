/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tagselect: which of a repository's tags a Track follows: the one it names, or the highest version
 * of a range. Tags come one by one in any order and in any number; the pick does not depend on it.
 */
#ifndef PINNACE_TAGSELECT_H
#define PINNACE_TAGSELECT_H

#include "pinnace/regex.h"
#include "pinnace/semrange.h"

enum { TAG_MAX_BYTES = 128 };

/* What tags begin with that only keep bytes in a registry (see protect.h). */
#define TAG_RETAIN_PREFIX "pinnace-keep-"

/* What to follow: a tag, or else a range; the pattern narrows either. */
struct tag_follow {
    struct str tag;               /* .len 0: the range */
    const struct semrange *range; /* NULL: the tag */
    const struct regex *pattern;  /* NULL: any */
    struct str current;           /* runs now: of two names of one version this one stays */
};

enum tag_verdict {
    TAG_FITS,
    TAG_BAD,         /* no tag by the grammar */
    TAG_SIGNATURE,   /* sha256-… or *.sig, *.att, *.sbom: belongs to an image, is none */
    TAG_RETAINS,     /* pinnace-keep-…: keeps an image in the registry, names no release */
    TAG_OFF_PATTERN, /* the pattern does not match */
    TAG_OTHER,       /* not the tag that is followed */
    TAG_NO_VERSION,  /* no semantic version, or its numbers are too large */
    TAG_PRE_RELEASE, /* the range takes none */
    TAG_OUTSIDE,     /* of the range */
};

/* *ret_version is set for all but TAG_BAD, TAG_SIGNATURE, TAG_RETAINS, TAG_OFF_PATTERN,
 * TAG_NO_VERSION, and where no range is followed. */
enum tag_verdict tag_judge(const struct tag_follow *follow, struct str tag,
                           struct semver *ret_version);

/* "is not in the range": behind a tag, for people. */
const char *tag_verdict_text(enum tag_verdict verdict);

/* Begin with {0}; it points into itself, so that it cannot be copied. */
struct tag_pick {
    char text[TAG_MAX_BYTES];
    uint8_t len;           /* 0: none fits so far */
    struct semver version; /* of a range; its strings are within text */
    uint64_t seen, fitting;
};

/* Takes note of one tag. */
void tag_pick_add(struct tag_pick *pick, const struct tag_follow *follow, struct str tag);

static inline struct str tag_picked(const struct tag_pick *pick)
{
    return (struct str){pick->text, pick->len};
}

#endif
