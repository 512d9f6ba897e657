/* SPDX-License-Identifier: Apache-2.0 */
/* health: /healthz, /readyz and /metrics, on a listener of their own. */
#ifndef PINNACE_WEBHOOK_HEALTH_H
#define PINNACE_WEBHOOK_HEALTH_H

#include "pinnace/httpd.h"
#include "pinnace/log.h"

#include "counters.h"
#include "snapshot.h"

struct health {
    struct snapshots *snapshots;
    struct counters *counters;
    struct log *log;
    struct httpd *webhook; /* whose numbers are shown */
    atomic_bool draining;
};

/* For struct httpd_handler; the context is a struct health. */
void health_answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply);

#endif
