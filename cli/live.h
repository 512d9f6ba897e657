/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live: names that only a kubeconfig or a cluster knows, for completion. What cannot be had in a
 * moment is left out, in silence: somebody sits there with a finger on the Tab key.
 */
#ifndef PINNACE_CLI_LIVE_H
#define PINNACE_CLI_LIVE_H

#include "pinnace/kube.h"

/* Takes one name, as often as there are names; about: what it is, in plain words; perhaps none. */
typedef void live_name(void *context, struct str name, struct str about);

/* Of all contexts in the kubeconfig. */
void live_contexts(const struct kube_options *access, struct arena *arena, live_name *name,
                   void *context);
/* Of the cluster's namespaces, which it is asked for. */
void live_namespaces(const struct kube_options *access, struct arena *arena, live_name *name,
                     void *context);
/* Of the Tracks in the namespace that is meant, likewise. */
void live_tracks(const struct kube_options *access, struct arena *arena, live_name *name,
                 void *context);

/* Of the targets of those Tracks, likewise: as "deployment/web" and "web", or behind another word for the
 * kind if word has one. */
void live_workloads(const struct kube_options *access, struct str word, struct arena *arena,
                    live_name *name, void *context);

/* What may be approved for a Track, likewise: what waits by tag and digest, what failed by digest. */
void live_waiting(const struct kube_options *access, const char *track, struct arena *arena,
                  live_name *name, void *context);

/* What a Track can be rolled back to: tags, revisions and digests of its ledger, likewise. */
void live_releases(const struct kube_options *access, const char *track, struct arena *arena,
                   live_name *name, void *context);

#endif
