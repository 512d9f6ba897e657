/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob: the only pattern language of policies. "*" is any run of characters without "/", "**" any
 * run at all, "?" one character that is not "/"; everything else is itself. So "*.azurecr.io"
 * cannot be stretched over a slash to fit "evil.example/x.azurecr.io".
 */
#ifndef PINNACE_GLOB_H
#define PINNACE_GLOB_H

#include "pinnace/imageref.h"
#include "pinnace/str.h"

bool glob_match(struct str pattern, struct str text);

/*
 * The same for patterns and texts of people who mean no good: each step takes one of *steps, and
 * when there are none left nothing matches.
 */
bool glob_match_within(struct str pattern, struct str text, size_t *steps);

/*
 * A pattern for images: HOST[/PATH][:TAG]. Without a path it means the whole registry, without a
 * tag any tag and digest. The host is compared in its normal form.
 */
struct image_glob {
    struct str host, path, tag; /* path and tag: .len 0 stands for anything */
};

/* NULL when pattern can be meant, else what is wrong with it; *ret_glob holds slices of it. */
const char *image_glob_parse(struct str pattern, struct image_glob *ret_glob);
bool image_glob_match(const struct image_glob *glob, const struct imageref *ref);
bool image_glob_match_within(const struct image_glob *glob, const struct imageref *ref,
                             size_t *steps);

#endif
