/* SPDX-License-Identifier: Apache-2.0 */
/* byhand: puts bytes into a Track's targets as the controller would, for when it is down. */
#ifndef PINNACE_CLI_BYHAND_H
#define PINNACE_CLI_BYHAND_H

#include "pinnace/trackspec.h"

#include "cluster.h"

/*
 * All targets, though one of them fails; notes tell what was done. word: its digest, and why and by
 * whom. Returns an exit code.
 */
int by_hand(struct kube *kube, const struct trackspec *spec, struct str tag,
            const struct track_word *word, struct arena *arena, struct buf *notes);

#endif
