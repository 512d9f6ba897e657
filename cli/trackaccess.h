/* SPDX-License-Identifier: Apache-2.0 */
/* trackaccess: Tracks of a cluster, for the verbs about them. */
#ifndef PINNACE_CLI_TRACKACCESS_H
#define PINNACE_CLI_TRACKACCESS_H

#include "pinnace/trackview.h"

#include "cluster.h"

enum {
    TRACK_ROOM = 64 * 1024 * 1024, /* for what a verb asks about one Track */
    TRACKS_MAX = 10000,
    TRACKS_ROOM = 1 << 30,
};

extern const struct kube_resource track_resource;

/*
 * Takes "web", "track/web" or "tracks.pinnace.dev/web" as the one operand of a verb; returns an
 * exit code.
 */
int track_operand(const struct cli_args *args, const char **name);

/* What to ask for one Track, and what the answer means. */
struct kube_request track_request(struct str namespace, struct str name, struct arena *arena);
int track_view(struct str json, struct str name, struct arena *arena, struct trackview *ret_view,
               struct kube_error *error);

/* Both: one question. */
int track_look(struct kube *kube, struct str namespace, struct str name, struct arena *arena,
               struct trackview *ret_view, struct kube_error *error);

/* Why a Track could not be read. */
struct track_unread {
    const struct track_unread *next;
    struct str why;
};

struct track_list {
    struct trackview *items;
    size_t count, capacity;
    size_t unread;
    const struct track_unread *reasons; /* of those that track_list found */
};

/* All Tracks of a namespace, or of all. */
int track_list(struct kube *kube, struct str namespace, struct arena *arena,
               struct track_list *ret_list, struct kube_error *error);
/* What could not be read, on stderr. */
void track_list_tell(const struct track_list *list);
int track_list_add(struct track_list *list, struct trackview view, struct arena *arena,
                   struct err *err);

#endif
