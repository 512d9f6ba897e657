/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracks: the Tracks of the cluster. One that cannot be read is told and not acted on: what it said
 * before may be the very thing that somebody wanted changed.
 */
#ifndef PINNACE_CONTROLLER_TRACKS_H
#define PINNACE_CONTROLLER_TRACKS_H

#include "tracked.h"

/* Of the collection of releases. */
int tracks_start(struct releases *releases, struct err *err);
void tracks_stop(struct releases *releases);

/* NULL: there is none. */
struct tracked *tracks_find(const struct releases *releases, struct shelf_key key);

/* The Track as an answer of the API server shows it. */
void tracks_put(struct tracked *tracked, struct str json);

extern const struct kube_resource tracks_resource;

#endif
