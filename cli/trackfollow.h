/* SPDX-License-Identifier: Apache-2.0 */
/* trackfollow: every change of some Tracks, until somebody has seen enough. */
#ifndef PINNACE_CLI_TRACKFOLLOW_H
#define PINNACE_CLI_TRACKFOLLOW_H

#include "trackaccess.h"

struct track_place {
    struct str namespace; /* .len 0: all of them */
    struct str name;      /* .len 0: all of the namespace */
};

enum { TRACK_PLACES_MAX = 32 };

struct track_follower {
    /* What view points to lives until it returns. deleted: as it was last; view is NULL
     * for a Track that was named and is not there. True: that is enough. */
    bool (*take)(void *context, const struct trackview *view, bool deleted);
    /* It is tried again by itself. */
    void (*trouble)(void *context, struct str text);
    void *context;
};

enum follow_end { FOLLOW_ENOUGH, FOLLOW_TIMEOUT, FOLLOW_ERROR };

/* Where to follow Tracks of a list: in the namespace, and in each other one that has some of them. */
size_t track_places(struct str namespace, const struct track_list *list,
                    struct track_place ret_places[TRACK_PLACES_MAX]);

/* timeout_s 0: for ever. First come all of them as they are. FOLLOW_ERROR was told on stderr. */
enum follow_end tracks_follow(struct kube *kube, const struct track_place *places, size_t count,
                              int64_t timeout_s, const struct track_follower *follower);

#endif
