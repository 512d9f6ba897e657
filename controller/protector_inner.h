/* SPDX-License-Identifier: Apache-2.0 */
/* protector_inner: what the files of protector share: a job goes from part to part until it ends. */
#ifndef PINNACE_CONTROLLER_PROTECTOR_INNER_H
#define PINNACE_CONTROLLER_PROTECTOR_INNER_H

#include "protector.h"

struct protector {
    struct tracked *tracked;
    struct work work;
    struct arena arena; /* holds the job */
    struct protect_outcome outcome;
    size_t at; /* the part that it is about */
    struct registry_call *call;
    struct str body; /* of the release, to be put under a tag */

    struct timer watch; /* to look anew at what is kept, one release after the other */
    size_t turn;

    struct bytes error; /* of the last try; what it was is in fault */
    int64_t not_before;
    struct backoff backoff;
    enum registry_fault fault;
    enum media media;
    bool has_locks; /* the registry */
    bool busy;      /* with a job */
    bool done;      /* the outcome is one */
    bool due;       /* to look anew */
};

static inline struct book_lock *protector_part(struct protector *protector)
{
    return &protector->outcome.job.parts[protector->at];
}

/* What was asked about is not there. */
static inline bool protector_missed(const struct registry_answer *answer)
{
    return answer->error.fault == REGISTRY_NOT_FOUND;
}

typedef void protector_answered(void *context, const struct registry_answer *answer);

/* Asks about the release itself (digest), or about a tag of it. */
void protector_ask(struct protector *protector, enum registry_verb verb, struct str digest,
                   struct str tag, protector_answered *answered);
/* The call has come back. True: it failed, which was told. missing_is_fine: that it is not there is an answer. */
bool protector_failed(struct protector *protector, const struct registry_answer *answer,
                      bool missing_is_fine);
void protector_fail(struct protector *protector, enum registry_fault fault, const char *why);
void protector_finish(struct protector *protector);

/* protectlocks.c and protecttags.c: begin a job of each kind. */
void protectlocks_look(struct protector *protector);
void protectlocks_lock(struct protector *protector);
void protecttags_look(struct protector *protector);
void protecttags_put(struct protector *protector);
/* Goes on with the next part that is to be let go. */
void protector_let_go(struct protector *protector);
void protectlocks_let_go(struct protector *protector);
void protecttags_let_go(struct protector *protector);

#endif
