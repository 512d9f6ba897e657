/* SPDX-License-Identifier: Apache-2.0 */
/* checkup: asks a cluster for all that doctor judges. */
#ifndef PINNACE_CLI_CHECKUP_H
#define PINNACE_CLI_CHECKUP_H

#include "pinnace/doctor.h"

#include "asking.h"
#include "cluster.h"

/* asking: for registries; it is opened if there are Tracks. */
void checkup(struct doctor *doctor, struct kube *kube, struct asking *asking);

#endif
