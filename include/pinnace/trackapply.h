/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackapply: tracked apply. Who applies a manifest that names an image by its repository alone, by
 * "latest" or by the tag that a Track follows, means what the Track runs: that is put in its place,
 * so that a manifest out of git undoes no release. Digests and other tags are left for others to
 * judge.
 */
#ifndef PINNACE_TRACKAPPLY_H
#define PINNACE_TRACKAPPLY_H

#include "pinnace/review.h"

/*
 * Writes the answer, an AdmissionReview with a JSONPatch if something is to be replaced; so many
 * images are. It always allows.
 */
int trackapply_answer(const struct review *review, const struct ledger *ledger, struct arena *arena,
                      size_t *ret_replaced, struct str *ret_answer, struct err *err);

#endif
