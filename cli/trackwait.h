/* SPDX-License-Identifier: Apache-2.0 */
/* trackwait: waits for a Track by watching it, and tells on stderr how it goes. */
#ifndef PINNACE_CLI_TRACKWAIT_H
#define PINNACE_CLI_TRACKWAIT_H

#include "pinnace/trackword.h"

#include "cluster.h"

/* Returns an exit code: done, failed (EXIT_FINDINGS), or not known in time (EXIT_BAD_INPUT). */
int track_wait(struct kube *kube, const struct trackspec *track, const struct track_goal *goal,
               int64_t timeout_s);

#endif
