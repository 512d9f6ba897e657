/* SPDX-License-Identifier: Apache-2.0 */
/* releases: see the header. */
#include "releases.h"

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "history.h"
#include "pods.h"
#include "poll.h"
#include "protector.h"
#include "reconcile.h"
#include "tracks.h"

#include "pinnace/banned.h"

enum {
    CALL_LEAST_MS = 500,  /* with less than that left of the Lease, nothing is begun */
    SPREAD_MS = 20,       /* for each Track, so that a registry is not asked by all at once */
    GATHER_PODS_MS = 100, /* many pods change at a time */
    READ_ROOM = 16 * 1024 * 1024,
    TRACKS_BUSY_MAX = 32,
    HISTORIES_BUSY_MAX = 4,
    PROTECTORS_BUSY_MAX =
        16, /* registries that hang keep others waiting only when there are many */
};

void releases_log(const struct tracked *tracked, enum log_severity severity, const char *event,
                  const char *key, struct str text)
{
    const struct log_field fields[] = {
        LOG_TEXT("namespace", tracked->kept->key.namespace),
        LOG_TEXT("name", tracked->kept->key.name),
        LOG_TEXT(key, text),
    };
    log_write(tracked->releases->log, severity, event, fields, 3);
}

int releases_left_ms(const struct releases *releases)
{
    int left_ms = leader_may_act(releases->leader) ? leader_left_ms(releases->leader) : 0;
    if (left_ms > KUBE_TIMEOUT_MS)
        left_ms = KUBE_TIMEOUT_MS;
    return left_ms < CALL_LEAST_MS ? 0 : left_ms;
}

static int left_ms(const void *context)
{
    return releases_left_ms(context);
}

static void target_changed(void *context, const struct target *target)
{
    (void)context;
    queue_add_in(&target->tracked->work, target->pods_path.len ? GATHER_PODS_MS : 0);
}

void releases_lead(struct releases *releases, bool leads)
{
    releases->leads = leads;
    if (leads)
        releases->term++;
    for (size_t i = 0; i < releases->tracks.count; i++) {
        struct tracked *tracked = releases->tracks.items[i]->owner;
        if (!tracked)
            continue;
        if (leads) {
            /* nobody has looked, or not at what is so now */
            tracked->following_since = clock_now();
            queue_add(&tracked->work);
            poll_within(tracked, (int64_t)releases->tracks.count * SPREAD_MS);
            continue;
        }
        poll_stop(tracked);
        protector_stop(tracked);
        for (size_t k = 0; k < tracked->target_count; k++)
            pods_leave(&tracked->targets[k]);
    }
}

void releases_ask_again(struct releases *releases)
{
    kube_watch_ask_again(releases->tracks.watch);
    workloads_ask_again(&releases->workloads);
    for (size_t i = 0; i < releases->tracks.count; i++) {
        struct tracked *tracked = releases->tracks.items[i]->owner;
        for (size_t k = 0; tracked && k < tracked->target_count; k++)
            if (tracked->targets[k].pods.watch)
                kube_watch_ask_again(tracked->targets[k].pods.watch);
    }
}

static bool concerns(const struct tracked *tracked, const struct push_hint *hint)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(READ_ROOM);
    struct trackspec spec;
    struct err err;
    /* Its end is compared first: most follow another repository, and need not be read. */
    return tracked->gist.readable && str_ends(hint->repository, tracked->gist.image.path) &&
           trackspec_read(tracked->kept->json, &arena, &spec, &err) == 0 &&
           push_concerns(hint, &spec.image, &spec.follow);
}

void releases_hint(struct releases *releases, const struct push_hint *hint)
{
    for (size_t i = 0; i < releases->tracks.count; i++) {
        struct tracked *tracked = releases->tracks.items[i]->owner;
        if (tracked && concerns(tracked, hint))
            poll_hint(tracked);
    }
}

int releases_start(struct releases *releases, struct err *err)
{
    struct timers *timers = http_timers(kube_http(releases->kube));
    queue_begin(&releases->queue, timers, TRACKS_BUSY_MAX, reconcile);
    queue_begin(&releases->archive, timers, HISTORIES_BUSY_MAX, history_take);
    queue_begin(&releases->protection, timers, PROTECTORS_BUSY_MAX, protector_take);
    releases->events.kube = releases->kube;
    releases->events.log = releases->log;
    releases->events.left_ms = left_ms;
    releases->events.context = releases;
    events_start(&releases->events);
    releases->workloads.kube = releases->kube;
    releases->workloads.log = releases->log;
    releases->workloads.changed = target_changed;
    releases->workloads.context = releases;
    workloads_begin(&releases->workloads);
    return tracks_start(releases, err);
}

void releases_stop(struct releases *releases)
{
    if (!releases->queue.timers)
        return;
    queue_end(&releases->queue);
    queue_end(&releases->archive);
    queue_end(&releases->protection);
    tracks_stop(releases);
    workloads_stop(&releases->workloads);
    events_stop(&releases->events);
}
