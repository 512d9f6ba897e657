/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods: those of a target, and only while they count: by its selector, or of a CronJob the Jobs that
 * it controls.
 */
#ifndef PINNACE_CONTROLLER_PODS_H
#define PINNACE_CONTROLLER_PODS_H

#include "pinnace/rollout.h"

#include "workloads.h"

/* Begins, or goes on if it is the same workload with the same selector. */
int pods_follow(struct target *target, const struct workload_facts *workload, struct err *err);
void pods_leave(struct target *target);

#endif
