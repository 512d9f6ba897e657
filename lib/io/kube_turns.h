/* SPDX-License-Identifier: Apache-2.0 */
/* kube_turns: whose list is on its way, of all that watch by one kube. */
#ifndef PINNACE_KUBE_TURNS_H
#define PINNACE_KUBE_TURNS_H

#include "pinnace/kube.h"
#include "pinnace/turns.h"

struct turns *kube_lists(struct kube *kube);

#endif
