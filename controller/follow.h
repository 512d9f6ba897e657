/* SPDX-License-Identifier: Apache-2.0 */
/* follow: one object by its name, as it is stored now, or that it is not there. */
#ifndef PINNACE_CONTROLLER_FOLLOW_H
#define PINNACE_CONTROLLER_FOLLOW_H

#include "pinnace/bytes.h"
#include "pinnace/kubewatch.h"
#include "pinnace/log.h"

struct follow {
    struct kube_watch *watch;
    struct log *log;
    const char *name;
    struct bytes json; /* .len 0: it is not there */
    bool whole;        /* we know at all */
    bool seen;         /* in the list that is being read */
    void (*changed)(void *context);
    void *context;
};

/* changed is called whenever json may be another. What follow points to must stay where it is. */
int follow_start(struct follow *follow, struct kube *kube, struct kube_resource resource,
                 struct str namespace, struct err *err);
void follow_stop(struct follow *follow);

/* What the answer to a write says is newer than what the watch has brought. */
void follow_set(struct follow *follow, struct str json);

#endif
