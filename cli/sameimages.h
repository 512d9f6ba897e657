/* SPDX-License-Identifier: Apache-2.0 */
/* sameimages: whether two indexes of a repository are of the very same images, asked of its registry. */
#ifndef PINNACE_CLI_SAMEIMAGES_H
#define PINNACE_CLI_SAMEIMAGES_H

#include "asking.h"

/* False as well when one is no index, or nobody can say. */
bool same_images(struct asking *asking, const struct imageref *repository, struct str one,
                 struct str other);

#endif
