/* SPDX-License-Identifier: Apache-2.0 */
/* health: /healthz, /readyz and /metrics. Answered by other threads than the one they are about. */
#ifndef PINNACE_CONTROLLER_HEALTH_H
#define PINNACE_CONTROLLER_HEALTH_H

#include <stdatomic.h>

#include "pinnace/httpd.h"
#include "pinnace/log.h"

#include "certs.h"
#include "push.h"
#include "releasepage.h"

struct health {
    atomic_bool ready; /* the cluster answers, and we lead or know who does */
    atomic_bool leads;
    atomic_llong turned_at;       /* clock_boot_ms of the loop's last turn */
    atomic_llong longest_turn_ms; /* of the last minute */
    struct certs *certs;
    const struct push *push;
    struct releasepage *releases;
    struct log *log;
    struct bytes metrics; /* that were answered last: one thread answers */
};

void health_answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply);

#endif
