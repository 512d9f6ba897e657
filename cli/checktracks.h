/* SPDX-License-Identifier: Apache-2.0 */
/* checktracks: doctor's part about Tracks and their registries. */
#ifndef PINNACE_CLI_CHECKTRACKS_H
#define PINNACE_CLI_CHECKTRACKS_H

#include "pinnace/doctor.h"

#include "asking.h"
#include "cluster.h"

void check_tracks(struct doctor *doctor, struct kube *kube, struct asking *asking, int64_t now);

#endif
