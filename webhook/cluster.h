/* SPDX-License-Identifier: Apache-2.0 */
/* cluster: the thread that talks to the API server, so that no request has to. */
#ifndef PINNACE_WEBHOOK_CLUSTER_H
#define PINNACE_WEBHOOK_CLUSTER_H

#include "counters.h"
#include "fresh.h"
#include "looks.h"
#include "snapshot.h"

#include "pinnace/log.h"

struct cluster_options {
    const char *kubeconfig, *context; /* NULL: the account of the pod */
    struct snapshots *snapshots;
    struct counters *counters;
    struct log *log;
};

struct cluster;

/* From here on there are snapshots as soon as the cluster answers. */
int cluster_start(const struct cluster_options *options, struct cluster **ret_cluster,
                  struct err *err);

/* For looks into namespaces. */
struct looks *cluster_looks(struct cluster *cluster);
/* For what is asked before an image is refused as not released. */
struct fresh *cluster_fresh(struct cluster *cluster);

/* The thread ends, and nobody waits for it any more. NULL is fine, here and below. */
void cluster_halt(struct cluster *cluster);
/* When no request is under way any more; *cluster is NULL then. */
void cluster_close(struct cluster **cluster);

#endif
