/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: snapshots out of the PinPolicy, the Exemptions and the Tracks of a cluster, followed for as
 * long as the loop turns. Nothing is in force before all were read once; afterwards what cannot be
 * read leaves in force what was read before. A cluster that has no kind of Tracks has no ledger.
 */
#ifndef PINNACE_WEBHOOK_RULES_H
#define PINNACE_WEBHOOK_RULES_H

#include "pinnace/kubewatch.h"
#include "pinnace/log.h"
#include "pinnace/shelf.h"

#include "counters.h"
#include "snapshot.h"

enum rule_kind {
    RULE_PIN_POLICY,
    RULE_EXEMPTION,
    RULE_TRACK,
    RULE_KINDS,
};

struct rules;

struct rules_kind {
    struct rules *rules;
    enum rule_kind kind;
    struct kube_watch *watch;
    struct shelf shelf;
    bool whole;  /* it was read once */
    size_t lost; /* objects came that could not even be told by their names, or kept */
    bool absent; /* the cluster does not know the kind; asked_at, on clock_boot_ms, it said so */
    int64_t asked_at;
    struct timer list_again, make_room;
};

/* What it points to must stay where it is. */
struct rules {
    struct kube *kube;
    struct log *log;
    struct snapshots *snapshots;
    struct counters *counters;
    struct rules_kind kinds[RULE_KINDS];
    struct timer publish;
    int64_t published_at; /* on clock_boot_ms; 0: never yet */
    int64_t changed_at;   /* when what is in force ceased to be all that is known; 0: it is */
};

/* kube, log, snapshots and counters are set before. */
int rules_start(struct rules *rules, struct err *err);
void rules_stop(struct rules *rules);

/* When, on clock_boot_ms, what is in force was last known to be right; 0: never yet. */
int64_t rules_fresh_at(const struct rules *rules);

#endif
