/* SPDX-License-Identifier: Apache-2.0 */
/* releasepage: see the header. */
#include "releasepage.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/http.h"
#include "pinnace/metrics.h"

#include "releases.h"

#include "pinnace/banned.h"

enum {
    HOSTS_MAX = 64,
    PATIENCE_MS = 1000, /* of those who read; a turn of the loop takes milliseconds */
};

static void add_labelled(const struct metric_family *family, const char *name, struct str value,
                         uint64_t number)
{
    const struct metric_label labels[] = {{name, value}, {NULL, STR_NONE}};
    metric_add(family, labels, (int64_t)number);
}

static void add_phases(struct buf *out, const struct releases *releases)
{
    uint64_t phases[TRACK_PHASES] = {0}, unreadable = 0, moved = 0;
    for (size_t i = 0; i < releases->tracks.count; i++) {
        const struct tracked *tracked = releases->tracks.items[i]->owner;
        if (!tracked || !tracked->gist.readable) {
            unreadable++;
            continue;
        }
        phases[tracked->gist.phase]++;
        moved += tracked->gist.tag_moved;
    }
    struct metric_family family =
        metric_open(out, "pinnace_tracks", METRIC_GAUGE, "Tracks by the phase in their status");
    for (int i = 0; i < TRACK_PHASES; i++)
        add_labelled(&family, "phase", track_phase_names[i], phases[i]);
    metric_write(out, "pinnace_tracks_unreadable", METRIC_GAUGE,
                 "Tracks that cannot be read or are about to go, and are not acted on",
                 (int64_t)unreadable);
    metric_write(out, "pinnace_tracks_tag_moved", METRIC_GAUGE,
                 "Tracks with a tag that means other bytes than it meant, which are not rolled out",
                 (int64_t)moved);
}

static void add_counts(struct buf *out, const struct releases *releases)
{
    const struct release_counts *counts = &releases->counts;
    struct metric_family polls = metric_open(out, "pinnace_track_polls_total", METRIC_COUNTER,
                                             "Looks into registries, by how they ended");
    add_labelled(&polls, "result", STR("begun"), counts->polls);
    add_labelled(&polls, "result", STR("failed"), counts->failed_polls);
    struct metric_family writes =
        metric_open(out, "pinnace_release_writes_total", METRIC_COUNTER,
                    "What was written to the API server, and what came in between");
    add_labelled(&writes, "what", STR("status"), counts->status_writes);
    add_labelled(&writes, "what", STR("image"), counts->applies);
    add_labelled(&writes, "what", STR("refused"), counts->refused_applies);
    add_labelled(&writes, "what", STR("conflict"), counts->conflicts);
    struct metric_family rollouts =
        metric_open(out, "pinnace_rollouts_total", METRIC_COUNTER, "Rollouts of Tracks");
    add_labelled(&rollouts, "what", STR("begun"), counts->rollouts);
    add_labelled(&rollouts, "what", STR("back"), counts->rollbacks);
    add_labelled(&rollouts, "what", STR("failed"), counts->failures);
    metric_write(out, "pinnace_release_queue_length", METRIC_GAUGE, "Tracks to be looked at",
                 (int64_t)releases->queue.length);
    metric_write(out, "pinnace_release_calls", METRIC_GAUGE, "Tracks with a call under way",
                 (int64_t)releases->queue.busy);
    metric_write(out, "pinnace_events_dropped_total", METRIC_COUNTER,
                 "Events that could not be told", (int64_t)releases->events.dropped);
}

static void add_registries(struct buf *out, const struct releases *releases)
{
    struct registry_state states[HOSTS_MAX];
    size_t count = registry_states(releases->registry, states, HOSTS_MAX);
    struct metric_family paused =
        metric_open(out, "pinnace_registry_paused_seconds", METRIC_GAUGE,
                    "For how long a registry is left alone, since it failed or asked for it");
    for (size_t i = 0; i < count; i++)
        add_labelled(&paused, "host", states[i].host, (uint64_t)(states[i].paused_ms + 999) / 1000);
    struct metric_family waiting = metric_open(out, "pinnace_registry_requests", METRIC_GAUGE,
                                               "Requests that wait or are under way");
    for (size_t i = 0; i < count; i++)
        add_labelled(&waiting, "host", states[i].host, states[i].waiting + states[i].under_way);
}

/* Only of those that say it. */
static void add_rates(struct buf *out, const struct releases *releases)
{
    struct registry_state states[HOSTS_MAX];
    size_t count = registry_states(releases->registry, states, HOSTS_MAX);
    struct metric_family limit =
        metric_open(out, "pinnace_registry_pulls_limit", METRIC_GAUGE,
                    "How many images a registry lets be pulled in its span of time");
    for (size_t i = 0; i < count; i++)
        if (states[i].counts_pulls)
            add_labelled(&limit, "host", states[i].host, (uint64_t)states[i].rate.limit);
    struct metric_family left = metric_open(out, "pinnace_registry_pulls_left", METRIC_GAUGE,
                                            "How many of them are left, when it was asked last");
    for (size_t i = 0; i < count; i++)
        if (states[i].counts_pulls)
            add_labelled(&left, "host", states[i].host, (uint64_t)states[i].rate.left);
}

static int by_look(const void *a, const void *b)
{
    const struct tracked *const *first = a, *const *second = b;
    int64_t left = (*first)->poll.at, right = (*second)->poll.at;
    return (left > right) - (left < right);
}

/* Only while we lead: the other one does not look. */
static void add_looks(struct buf *out, const struct releases *releases)
{
    size_t all = releases->leads ? releases->tracks.count : 0, count = 0;
    const struct tracked **tracks = arena_array(out->arena, const struct tracked *, all);
    struct metric_family family =
        metric_open(out, "pinnace_track_looked_timestamp_seconds", METRIC_GAUGE,
                    "When the registry last answered for a Track in full; 0 if not yet");
    for (size_t i = 0; tracks && i < all; i++)
        if (releases->tracks.items[i]->owner)
            tracks[count++] = releases->tracks.items[i]->owner;
    if (count > RELEASEPAGE_TRACKS_MAX) {
        qsort(tracks, count, sizeof(struct tracked *), by_look);
        count = RELEASEPAGE_TRACKS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        const struct metric_label labels[] = {{"namespace", tracks[i]->kept->key.namespace},
                                              {"track", tracks[i]->kept->key.name},
                                              {NULL, STR_NONE}};
        metric_add(&family, labels, tracks[i]->poll.at);
    }
}

static bool write_page(struct releases *releases, struct arena *arena, struct str *ret_text)
{
    struct buf out = BUF_INIT(arena, RELEASEPAGE_MAX_BYTES);
    add_phases(&out, releases);
    add_counts(&out, releases);
    add_registries(&out, releases);
    add_rates(&out, releases);
    add_looks(&out, releases);
    return buf_finish(&out, ret_text, NULL) == 0;
}

void releasepage_serve(struct releasepage *page, struct releases *releases)
{
    if (!atomic_load(&page->wanted))
        return;
    struct arena arena ARENA_SCOPED = ARENA_INIT(4 * RELEASEPAGE_MAX_BYTES);
    struct str text;
    bool whole = write_page(releases, &arena, &text);
    pthread_mutex_lock(&page->mutex);
    if (whole) {
        page->text.len = 0;
        bytes_add(&page->text, text);
    }
    atomic_store(&page->wanted, false);
    pthread_cond_broadcast(&page->written);
    pthread_mutex_unlock(&page->mutex);
}

bool releasepage_read(struct releasepage *page, struct bytes *text)
{
    const struct timespec until = clock_deadline(PATIENCE_MS);
    pthread_mutex_lock(&page->mutex);
    atomic_store(&page->wanted, true);
    http_wake(page->http);
    while (atomic_load(&page->wanted) &&
           pthread_cond_timedwait(&page->written, &page->mutex, &until) == 0)
        continue;
    bool added = bytes_add(text, bytes_str(&page->text));
    pthread_mutex_unlock(&page->mutex);
    return added;
}

void releasepage_begin(struct releasepage *page, struct http *http)
{
    clock_cond_init(&page->written);
    pthread_mutex_init(&page->mutex, NULL);
    page->http = http;
    page->text = BYTES_INIT(RELEASEPAGE_MAX_BYTES);
}

void releasepage_free(struct releasepage *page)
{
    bytes_free(&page->text);
}
