/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs: the leader's first duty. The CA and the certificate that the webhook serves with are in
 * Secrets, the CA in every entry of the webhook configurations, and these go when the Namespace of
 * the installation goes. What somebody resets is put back.
 */
#ifndef PINNACE_CONTROLLER_CERTS_H
#define PINNACE_CONTROLLER_CERTS_H

#include <stdatomic.h>

#include "pinnace/hookconfig.h"

#include "follow.h"
#include "leader.h"

enum { CERTS_CONFIGS = 3 };

struct certs {
    struct kube *kube;
    struct log *log;
    const struct leader *leader;
    bool no_certificates; /* others see to them: only the owner is ours to set */

    struct follow ca, leaf, configs[CERTS_CONFIGS];
    struct arena arena;
    struct hookconfig_owner owner; /* the Namespace we are installed in, once it is known */
    struct str dns_name;
    int64_t right_since; /* see certplan.h */
    struct kube_call *call;
    struct follow *target;   /* what the call writes to */
    const char *doing, *why; /* what it is about, for the log */
    struct timer timer;
    struct backoff backoff;
    atomic_llong ca_expires, leaf_expires; /* for whoever asks, from other threads too */
};

/* kube, log, leader and no_certificates are set before. */
int certs_start(struct certs *certs, struct err *err);
void certs_stop(struct certs *certs);

/* Looks at everything again: something may have changed, we may lead now. */
void certs_look(struct certs *certs);

#endif
