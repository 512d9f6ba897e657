/* SPDX-License-Identifier: Apache-2.0 */
/* presence: whether a registry still has bytes, asked with a person's own credentials. */
#ifndef PINNACE_CLI_PRESENCE_H
#define PINNACE_CLI_PRESENCE_H

#include "pinnace/trackdecide.h"

#include "asking.h"

struct presence_answer {
    enum presence presence;
    struct str digest; /* that is there */
    char why[512];     /* unless it is there */
};

/* Of a repository: the digest, or what the tag means if there is no digest. It never fails: who
 * cannot ask does not know. */
void presence_ask(struct asking *asking, const struct imageref *repository, struct str tag,
                  struct str digest, struct presence_answer *ret_answer);

/* The same for several digests at once; answers[i].presence is that of digests[i]. */
void presence_ask_all(struct asking *asking, const struct imageref *repository,
                      const struct str *digests, size_t count, struct presence_answer *answers);

#endif
