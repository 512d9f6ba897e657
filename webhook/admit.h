/* SPDX-License-Identifier: Apache-2.0 */
/* admit: one AdmissionReview by HTTP: what is no review gets a status code and a sentence. */
#ifndef PINNACE_WEBHOOK_ADMIT_H
#define PINNACE_WEBHOOK_ADMIT_H

#include "pinnace/httpd.h"
#include "pinnace/log.h"
#include "pinnace/siphash.h"

#include "counters.h"
#include "fresh.h"
#include "looks.h"
#include "snapshot.h"

struct admit {
    struct snapshots *snapshots;
    struct counters *counters;
    struct log *log;
    bool log_allowed;
    struct siphash_key key;
    struct looks *looks; /* NULL without a cluster, as fresh is */
    struct fresh *fresh;
    _Atomic uint64_t last_error; /* the second in which one was logged */
};

/* For struct httpd_handler; the context is a struct admit. */
void admit_look(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply);
void admit_answer(void *context, const struct httpd_request *request,
                  struct httpd_reply *ret_reply);
void admit_wait(void *context, void *memo, struct httpd_waiting *waiting);
void admit_drop(void *context, void *memo);

#endif
