/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objectreview: reviews of what Pinnace goes by rather than of what makes pods: a PinPolicy, an
 * Exemption, and the levels of a Namespace.
 */
#ifndef PINNACE_OBJECTREVIEW_H
#define PINNACE_OBJECTREVIEW_H

#include "pinnace/nslook.h"
#include "pinnace/review.h"

/*
 * True when the answer should tell what is in the namespace: a level is raised there. Then *ret_look
 * has mode and level, and the rest is for the caller to find out.
 */
bool objectreview_wants_look(const struct review *review, const struct review_path *path,
                             struct arena *arena, struct nslook *ret_look);

/* look: as it was found out, or NULL. */
int objectreview_answer(const struct review *review, const struct review_context *context,
                        const struct nslook *look, struct arena *arena, bool *ret_allowed,
                        struct str *ret_answer, struct err *err);

#endif
