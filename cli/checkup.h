/* SPDX-License-Identifier: Apache-2.0 */
/* checkup: asks a cluster for all that doctor judges. */
#ifndef PINNACE_CLI_CHECKUP_H
#define PINNACE_CLI_CHECKUP_H

#include "pinnace/doctor.h"

#include "cluster.h"

void checkup(struct doctor *doctor, struct kube *kube);

#endif
