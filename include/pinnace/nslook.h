/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nslook: what is in a namespace and could not be made again under the level it is about to get,
 * object by object, judged as any that is made. What comes of another object is not looked at, as
 * that one is; nor is what has come to its end, which nobody makes again.
 */
#ifndef PINNACE_NSLOOK_H
#define PINNACE_NSLOOK_H

#include "pinnace/judge.h"

enum { NSLOOK_LINES = 10 };

struct nslook {
    enum mode mode;
    enum level level;
    struct str uid;                 /* of the namespace, as the review has it */
    struct str lines[NSLOOK_LINES]; /* one for each of the first */
    size_t kept, count;
    struct str trouble; /* why not everything was looked at; .len 0: it was */
};

/*
 * json: an object of the kind, which it need not say itself: in lists it does not. question has all but
 * the object; the line is kept in lines, scratch is needed until it returns. -1 when it cannot be
 * read or judged.
 */
int nslook_add(struct nslook *look, const struct question *question, const struct kind *kind,
               struct str json, struct arena *lines, struct arena *scratch, struct err *err);

#endif
