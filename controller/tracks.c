/* SPDX-License-Identifier: Apache-2.0 */
/* tracks: see the header. */
#include "tracks.h"

#include <stdlib.h>

#include "pinnace/policy.h"

#include "act.h"
#include "history.h"
#include "poll.h"
#include "protector.h"
#include "pullsecrets.h"
#include "releases.h"
#include "targets.h"

#include "pinnace/banned.h"

enum { READ_ROOM = 64 * 1024 * 1024 };

const struct kube_resource tracks_resource = {"/apis/" PINNACE_API_VERSION, "tracks"};

void note_set(struct note *note, struct str text)
{
    note->len = text.len <= sizeof(note->text) ? (uint8_t)text.len : 0;
    if (note->len)
        memcpy(note->text, text.ptr, note->len);
}

struct tracked *tracks_find(const struct releases *releases, struct shelf_key key)
{
    const struct kept *kept = collection_find(&releases->tracks, key);
    return kept ? kept->owner : NULL;
}

/* --- The gist ---------------------------------------------------------------------------------- */

static struct str append(char **end, struct str s)
{
    struct str copied = {*end, s.len};
    if (s.len)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return copied;
}

static int set_gist(struct tracked *tracked, const struct trackspec *spec,
                    const struct trackbook *book, struct err *err)
{
    struct track_gist gist = {.readable = !spec->deleted,
                              .protects = spec->protect || book->lock_count,
                              .tag_moved =
                                  book->conditions[TRACK_TAG_MOVED].status == CONDITION_TRUE,
                              .generation = spec->generation,
                              .interval = spec->interval,
                              .soak = spec->from.soak,
                              .revision = book->current.revision,
                              .phase = book->phase};
    const struct imageref *image = &spec->image;
    gist.names = malloc(spec->from.namespace.len + spec->from.track.len + image->host.len +
                        image->path.len + spec->follow.tag.len + 1);
    if (!gist.names)
        return err_no_memory(err);
    char *end = gist.names;
    gist.from.namespace = append(&end, spec->from.namespace);
    gist.from.name = append(&end, spec->from.track);
    gist.image.in_library = image->in_library;
    gist.image.host = append(&end, image->host);
    gist.image.path = append(&end, image->path);
    gist.image.tag = append(&end, spec->follow.tag);
    note_set(&gist.running, book->current.tag);
    if (book_awaits_proof(book))
        note_set(&gist.awaits, book->candidate.digest);
    free(tracked->gist.names);
    tracked->gist = gist;
    return 0;
}

static int read_track(struct tracked *tracked, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(READ_ROOM);
    struct trackspec *spec = arena_new(&arena, struct trackspec);
    struct trackbook *book = arena_new(&arena, struct trackbook);
    if (!spec || !book)
        return err_no_memory(err);
    if (trackspec_read(tracked->kept->json, &arena, spec, err) < 0 ||
        trackbook_read(tracked->kept->json, &arena, book, err) < 0 ||
        targets_set(tracked, spec, err) < 0)
        return -1;
    return set_gist(tracked, spec, book, err);
}

/* --- Who is concerned -------------------------------------------------------------------------- */

static bool same_key(struct shelf_key a, struct shelf_key b)
{
    return str_eq(a.namespace, b.namespace) && str_eq(a.name, b.name);
}

/* Those whose proofs come from it, and the one that it has its proofs from. */
static void add_neighbours(const struct tracked *tracked)
{
    const struct collection *all = &tracked->releases->tracks;
    struct tracked *source = tracks_find(tracked->releases, tracked->gist.from);
    if (tracked->gist.from.name.len && source)
        queue_add(&source->work);
    for (size_t i = 0; i < all->count; i++) {
        struct tracked *other = all->items[i]->owner;
        if (other && other->gist.readable && same_key(other->gist.from, tracked->kept->key))
            queue_add(&other->work);
    }
}

/* --- What comes of the cluster ----------------------------------------------------------------- */

static struct tracked *new_tracked(struct releases *releases, struct kept *kept)
{
    struct tracked *tracked = calloc(1, sizeof(*tracked));
    if (!tracked)
        return NULL;
    tracked->releases = releases;
    tracked->kept = kept;
    work_begin(&tracked->work, &releases->queue);
    poll_begin(tracked);
    tracked->apply_error = BYTES_INIT(APPLY_ERROR_MAX);
    kept->owner = tracked;
    return tracked;
}

static void end_tracked(struct tracked *tracked)
{
    act_end(tracked);
    history_end(tracked);
    protector_end(tracked);
    pullsecrets_end(tracked);
    poll_end(tracked);
    work_end(&tracked->work);
    targets_leave(tracked);
    bytes_free(&tracked->apply_error);
    free(tracked->gist.names);
    free(tracked);
}

static void cannot_be_read(struct tracked *tracked, const struct err *err)
{
    tracked->gist.readable = false;
    tracked->releases->counts.unreadable++;
    poll_stop(tracked);
    releases_log(tracked, LOG_ERROR, "track cannot be read", "error", str_of(err->text));
}

static void take(struct tracked *tracked)
{
    int64_t generation = tracked->gist.generation;
    bool readable = tracked->gist.readable;
    struct err err;
    targets_tell_others(tracked); /* of those that it leaves as well */
    if (read_track(tracked, &err) < 0) {
        cannot_be_read(tracked, &err);
    } else if (!readable || tracked->gist.generation != generation) {
        work_forgive(&tracked->work);
        act_forgive(tracked);
        protector_forgive(tracked);
        poll_soon(tracked);
    }
    queue_add(&tracked->work);
    targets_tell_others(tracked);
    add_neighbours(tracked);
}

static void track_changed(void *context, struct kept *kept, bool gone)
{
    struct releases *releases = context;
    struct tracked *tracked = kept->owner;
    if (gone && tracked) {
        kept->owner = NULL;
        tracked->gist.readable = false;
        targets_tell_others(tracked);
        add_neighbours(tracked);
        end_tracked(tracked);
    }
    if (gone)
        return;
    if (!tracked)
        tracked = new_tracked(releases, kept);
    if (!tracked)
        return; /* memory is out: the next change or list brings it again */
    tracked->kept = kept;
    take(tracked);
}

/* Whatever they have as targets comes with the lists of these. */
static void tracks_are_whole(void *context)
{
    struct releases *releases = context;
    struct err err;
    for (size_t i = 0; i < releases->tracks.count; i++) {
        struct tracked *tracked = releases->tracks.items[i]->owner;
        if (tracked)
            queue_add(&tracked->work);
        else /* memory was out as it came */
            track_changed(releases, releases->tracks.items[i], false);
    }
    if (releases->workloads.started || workloads_start(&releases->workloads, &err) == 0)
        return;
    const struct log_field field = LOG_TEXT("error", str_of(err.text));
    log_write(releases->log, LOG_ERROR, "workloads are not followed", &field, 1);
}

/* --- From outside ------------------------------------------------------------------------------ */

int tracks_start(struct releases *releases, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024);
    releases->tracks = (struct collection){.kube = releases->kube,
                                           .log = releases->log,
                                           .name = "Track",
                                           .changed = track_changed,
                                           .came_whole = tracks_are_whole,
                                           .context = releases};
    return collection_start(&releases->tracks,
                            kube_path(&arena, tracks_resource, STR_NONE, STR_NONE, NULL), err);
}

void tracks_stop(struct releases *releases)
{
    for (size_t i = 0; i < releases->tracks.count; i++)
        if (releases->tracks.items[i]->owner)
            end_tracked(releases->tracks.items[i]->owner);
    collection_stop(&releases->tracks);
}

void tracks_put(struct tracked *tracked, struct str json)
{
    struct err err;
    if (collection_put(&tracked->releases->tracks, json, &err) < 0)
        releases_log(tracked, LOG_ERROR, "track cannot be read", "error", str_of(err.text));
}
