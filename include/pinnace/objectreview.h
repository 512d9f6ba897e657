/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objectreview: reviews of what Pinnace goes by rather than of what makes pods: a PinPolicy, an
 * Exemption, and the levels of a Namespace.
 */
#ifndef PINNACE_OBJECTREVIEW_H
#define PINNACE_OBJECTREVIEW_H

#include "pinnace/review.h"

enum { NSLOOK_LINES = 10 };

/* What is in a namespace and could not be made again under the level it is about to get. */
struct nslook {
    enum mode mode;
    enum level level;
    struct str lines[NSLOOK_LINES]; /* one for each of the first */
    size_t kept, count;
    struct str trouble; /* why not everything was looked at; .len 0: it was */
};

/* "Deployment "web": container "web": NoDigest: …" */
void buf_add_nslook_line(struct buf *buf, const struct object *object,
                         const struct finding *finding);

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
