/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imageapply: the body of a server-side apply that sets a workload's image and nothing else, for
 * the very object that was looked at: it can neither make one nor meet another of the same name.
 */
#ifndef PINNACE_IMAGEAPPLY_H
#define PINNACE_IMAGEAPPLY_H

#include "pinnace/trackspec.h"

struct imageapply {
    const struct trackspec *spec;
    const struct trackspec_target *target;
    struct str tag, digest; /* .tag may be none */
    struct str cause;       /* for "kubectl rollout history" */
};

/*
 * json: the workload as the API server shows it. *ret_body is none when no container of it is
 * meant, or when all that are have the image already.
 */
int imageapply_write(const struct imageapply *apply, struct str json, struct arena *arena,
                     struct str *ret_body, struct err *err);

#endif
