/* SPDX-License-Identifier: Apache-2.0 */
/* trackfollow: see the header. */
#include "trackfollow.h"

#include "pinnace/clock.h"
#include "pinnace/kubewatch.h"

#include "pinnace/banned.h"

enum { TURN_MS = 1000, PATHS_ROOM = 1024 * 1024 };

size_t track_places(struct str namespace, const struct track_list *list,
                    struct track_place ret_places[TRACK_PLACES_MAX])
{
    size_t count = 0;
    ret_places[count++] = (struct track_place){namespace, STR_NONE};
    for (size_t i = 0; i < list->count; i++) {
        struct str other = list->items[i].spec->namespace;
        size_t known = 0;
        while (known < count && !str_eq(ret_places[known].namespace, other))
            known++;
        if (known == count && count < TRACK_PLACES_MAX)
            ret_places[count++] = (struct track_place){other, STR_NONE};
    }
    return count;
}

struct following {
    const struct track_follower *follower;
    const struct track_place *place;
    struct kube_watch *watch;
    bool listed; /* something was in the list */
    bool enough;
};

static void begin(void *context)
{
    ((struct following *)context)->listed = false;
}

static void take(void *context, enum kube_change change, struct str json)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACK_ROOM);
    struct following *following = context;
    const struct track_follower *follower = following->follower;
    struct trackview view;
    struct err err;
    following->listed = true;
    if (trackview_read(json, &arena, &view, &err) < 0)
        follower->trouble(follower->context, str_of(err.text));
    else if (follower->take(follower->context, &view, change == KUBE_DELETED))
        following->enough = true;
}

static void whole(void *context)
{
    struct following *following = context;
    const struct track_follower *follower = following->follower;
    if (following->place->name.len && !following->listed &&
        follower->take(follower->context, NULL, true))
        following->enough = true;
}

static void trouble(void *context, const struct kube_error *error, int64_t again_ms)
{
    const struct track_follower *follower = ((struct following *)context)->follower;
    (void)again_ms;
    follower->trouble(follower->context, str_of(error->text));
}

static int start(struct kube *kube, struct following *following, struct arena *arena,
                 struct err *err)
{
    const struct kube_watch_handlers handlers = {
        .begin = begin, .object = take, .whole = whole, .trouble = trouble, .context = following};
    struct buf query = BUF_INIT(arena, 1024);
    struct str tail;
    if (following->place->name.len)
        buf_addf(&query, "?fieldSelector=metadata.name%%3D%.*s", STR_FMT(following->place->name));
    if (buf_finish(&query, &tail, err) < 0)
        return -1;
    return kube_watch_start(
        kube, kube_path(arena, track_resource, following->place->namespace, STR_NONE, tail.ptr),
        &handlers, &following->watch, err);
}

static bool has_enough(const struct following *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].enough)
            return true;
    return false;
}

static enum follow_end turn(struct kube *kube, const struct following *all, size_t count,
                            int64_t timeout_s)
{
    int64_t end = clock_boot_ms() + timeout_s * 1000;
    struct err err;
    while (!has_enough(all, count)) {
        int64_t left = timeout_s ? end - clock_boot_ms() : TURN_MS;
        if (left <= 0)
            return FOLLOW_TIMEOUT;
        if (http_turn(kube_http(kube), left < TURN_MS ? (int)left : TURN_MS, &err) < 0) {
            cli_error("%s", err.text);
            return FOLLOW_ERROR;
        }
    }
    return FOLLOW_ENOUGH;
}

enum follow_end tracks_follow(struct kube *kube, const struct track_place *places, size_t count,
                              int64_t timeout_s, const struct track_follower *follower)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PATHS_ROOM);
    struct following all[TRACK_PLACES_MAX];
    enum follow_end end = FOLLOW_ENOUGH;
    struct err err;
    size_t started = 0;
    if (count > TRACK_PLACES_MAX) {
        cli_error("Tracks of more than %d namespaces cannot be followed at once: use -A",
                  TRACK_PLACES_MAX);
        return FOLLOW_ERROR;
    }
    for (; started < count && end != FOLLOW_ERROR; started++) {
        all[started] = (struct following){.follower = follower, .place = &places[started]};
        if (start(kube, &all[started], &arena, &err) == 0)
            continue;
        cli_error("%s", err.text);
        end = FOLLOW_ERROR;
    }
    if (end != FOLLOW_ERROR)
        end = turn(kube, all, count, timeout_s);
    for (size_t i = 0; i < started; i++)
        kube_watch_stop(&all[i].watch);
    return end;
}
