/* SPDX-License-Identifier: Apache-2.0 */
/* leader: keeps the Lease, as lease.h decides, for as long as the loop turns. */
#ifndef PINNACE_CONTROLLER_LEADER_H
#define PINNACE_CONTROLLER_LEADER_H

#include "pinnace/kube.h"
#include "pinnace/lease.h"
#include "pinnace/log.h"

struct leader {
    struct kube *kube;
    struct log *log;
    struct str name;
    struct lease lease;
    enum lease_step step;
    struct kube_call *call;
    struct timer timer;
    bool led;   /* when it was last told */
    bool heard; /* the API server has answered once */
    bool away;  /* and the last time it did not */
    void (*changed)(void *context, bool leads);
    void (*returned)(void *context); /* it answers again */
    void *context;
};

/* kube, log, name, changed, returned and context are set before. */
int leader_start(struct leader *leader, struct err *err);

/* Gives the Lease back if we hold it, so that nobody has to wait for its end. */
void leader_stop(struct leader *leader);

bool leader_may_act(const struct leader *leader);
/* How long a call may take at most. */
int leader_left_ms(const struct leader *leader);

#endif
