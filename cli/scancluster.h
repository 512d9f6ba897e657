/* SPDX-License-Identifier: Apache-2.0 */
/* scancluster: reads what is in a cluster into an audit. */
#ifndef PINNACE_CLI_SCANCLUSTER_H
#define PINNACE_CLI_SCANCLUSTER_H

#include "pinnace/audit.h"

#include "cluster.h"

/*
 * What the namespace, or all of them when it is .len 0, is judged by. What cannot be read is told on
 * stderr and counted in *unread.
 */
void scan_policy(struct kube *kube, struct str namespace, struct arena *arena,
                 struct policy *ret_policy, size_t *unread);

/* All that makes pods there. What cannot be read is told and counted too; the rest is there. */
void scan_cluster(struct kube *kube, struct str namespace, struct audit *audit);

#endif
