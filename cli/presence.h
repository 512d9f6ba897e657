/* SPDX-License-Identifier: Apache-2.0 */
/* presence: whether registries still have bytes, asked with a person's own credentials. */
#ifndef PINNACE_CLI_PRESENCE_H
#define PINNACE_CLI_PRESENCE_H

#include "pinnace/trackdecide.h"

#include "asking.h"

struct presence_answer {
    enum presence presence;
    struct str digest;    /* that is there */
    const char *provider; /* as in struct registry_answer */
    char why[512];        /* unless it is there */
};

struct presence_question {
    const struct imageref *repository;
    struct str tag, digest; /* the digest, or what the tag means if there is none */
    struct presence_answer *answer;
};

/* All at once. It never fails: who cannot ask does not know. */
void presence_ask(struct asking *asking, const struct presence_question *questions, size_t count);

#endif
