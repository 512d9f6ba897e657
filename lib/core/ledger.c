/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: what is asked of it; ledger_read.c makes it. See the header. */
#include "pinnace/ledger.h"

#include "pinnace/banned.h"

static const struct object *find_workload(const struct ledger *ledger, struct str namespace,
                                          struct str kind, struct str name)
{
    for (const struct workload *w = ledger->workloads; w; w = w->next)
        if (str_eq(w->object.kind_name, kind) && str_eq(w->object.name, name) &&
            str_eq(w->object.namespace, namespace))
            return &w->object;
    return NULL;
}

/* Kinds that a person knows by what made them: under its name, a dash and a hash or a time. */
static const struct {
    struct str made, maker;
} makers[] = {
    {STR_INIT("ReplicaSet"), STR_INIT("Deployment")},
    {STR_INIT("Job"), STR_INIT("CronJob")},
};

/* Whether the object's owner was in turn made by the workload, as far as can be known. */
static bool owner_made_by(const struct ledger *ledger, struct str namespace,
                          const struct object *object, const struct track_target *target)
{
    const struct object *owner =
        find_workload(ledger, namespace, object->owner_kind, object->owner_name);
    if (owner)
        return str_eq(owner->owner_kind, target->kind) && str_eq(owner->owner_name, target->name);
    size_t dash = str_rfind(object->owner_name, '-');
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
        if (str_eq(object->owner_kind, makers[i].made) && str_eq(target->kind, makers[i].maker))
            return dash != STR_NOT_FOUND &&
                   str_eq(str_head(object->owner_name, dash), target->name);
    return false;
}

/* Whether the object is the target's workload, or one that it made. */
static bool belongs_to(const struct ledger *ledger, struct str namespace,
                       const struct object *object, const struct track_target *target)
{
    if (!target->kind.len || !target->name.len) /* as those of an object without an owner are */
        return false;
    return (str_eq(object->kind_name, target->kind) && str_eq(object->name, target->name)) ||
           (str_eq(object->owner_kind, target->kind) && str_eq(object->owner_name, target->name)) ||
           owner_made_by(ledger, namespace, object, target);
}

static bool is_targeted(const struct ledger *ledger, const struct track *track,
                        const struct object *object)
{
    for (const struct track_target *target = track->targets; target; target = target->next)
        if (belongs_to(ledger, track->namespace, object, target))
            return true;
    return false;
}

/* How well a Track that follows the repository speaks for the image: the highest counts. */
static int standing(const struct ledger *ledger, const struct track *track,
                    const struct ledger_query *query)
{
    if (!str_eq(track->namespace, query->namespace) ||
        !imageref_same_repository(&track->image, query->ref))
        return 0;
    if (is_targeted(ledger, track, query->object))
        return 3;
    return ledger_released(ledger, track, query->ref->digest) ? 2 : 1;
}

const struct track *ledger_track(const struct ledger *ledger, const struct ledger_query *query)
{
    const struct track *best = NULL;
    int best_standing = 0;
    for (const struct track *track = ledger->tracks; track; track = track->next) {
        int its = standing(ledger, track, query);
        if (its <= best_standing)
            continue;
        best = track;
        best_standing = its;
    }
    return best;
}

const struct track *ledger_track_of(const struct ledger *ledger, const struct ledger_query *query)
{
    for (const struct track *track = ledger->tracks; track; track = track->next) {
        if (!str_eq(track->namespace, query->namespace))
            continue;
        for (const struct track_target *target = track->targets; target; target = target->next)
            if (target->container.len && str_eq(target->container, query->container) &&
                belongs_to(ledger, track->namespace, query->object, target))
                return track;
    }
    return NULL;
}

static const struct ledger_row *row_of_tag(const struct track *track, struct str tag)
{
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        if (str_eq(row->tag, tag))
            return row;
    return NULL;
}

const struct ledger_row *ledger_tag(const struct ledger *ledger, const struct ledger_query *query)
{
    const struct ledger_row *elsewhere = NULL;
    if (!query->ref->tag.len)
        return NULL;
    for (const struct track *track = ledger->tracks; track; track = track->next) {
        if (!imageref_same_repository(&track->image, query->ref))
            continue;
        const struct ledger_row *row = row_of_tag(track, query->ref->tag);
        if (row && str_eq(track->namespace, query->namespace))
            return row;
        if (row)
            elsewhere = row;
    }
    return elsewhere;
}

bool ledger_tag_meant(const struct ledger *ledger, const struct imageref *ref)
{
    for (const struct track *track = ledger->tracks; track; track = track->next) {
        if (!imageref_same_repository(&track->image, ref))
            continue;
        for (const struct ledger_row *row = track->rows; row; row = row->next)
            if (str_eq(row->tag, ref->tag) && str_eq(row->digest, ref->digest))
                return true;
    }
    return false;
}

const struct ledger_row *track_current(const struct track *track)
{
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        if (track->current.len && str_eq(row->digest, track->current))
            return row;
    return NULL;
}

/*
 * Whether pods of it may still be made: not of a ReplicaSet that is kept for its history, nor of an
 * old revision of a StatefulSet. A DaemonSet does not say which of its revisions are old.
 */
static bool is_live(const struct ledger *ledger, const struct object *revision)
{
    if (str_eq(revision->replicas, STR("0")))
        return false;
    const struct object *owner =
        find_workload(ledger, revision->namespace, revision->owner_kind, revision->owner_name);
    bool of_stateful_set = str_eq(revision->kind_name, STR("ControllerRevision")) && owner &&
                           str_eq(owner->kind_name, STR("StatefulSet"));
    return !of_stateful_set || str_eq(revision->name, owner->revisions[0]) ||
           str_eq(revision->name, owner->revisions[1]);
}

/* Whether what a target made, a ReplicaSet or the like, is live and has the digest. */
static bool revision_holds(const struct ledger *ledger, const struct object *revision,
                           const struct track *track, struct str digest)
{
    const struct image_site *site;
    struct imageref ref;
    if (!revision->owner_kind.len || !str_eq(revision->namespace, track->namespace) ||
        !is_targeted(ledger, track, revision) || !is_live(ledger, revision))
        return false;
    for (struct image_cursor at = {0}; (site = object_next_image(revision, &at));)
        if (imageref_parse(site_image(site), &ref) == IMAGEREF_OK && str_eq(ref.digest, digest) &&
            imageref_same_repository(&ref, &track->image))
            return true;
    return false;
}

bool ledger_released(const struct ledger *ledger, const struct track *track, struct str digest)
{
    if (!digest.len)
        return false;
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        if (row->released && str_eq(row->digest, digest))
            return true;
    for (const struct workload *w = ledger->workloads; w; w = w->next)
        if (revision_holds(ledger, &w->object, track, digest))
            return true;
    return false;
}

bool ledger_wants(const struct ledger *ledger, const struct object *object)
{
    if (str_eq(object->replicas, STR("0")) && object->owner_kind.len)
        return false;
    for (const struct track *track = ledger->tracks; track; track = track->next)
        if (str_eq(track->namespace, object->namespace) && is_targeted(ledger, track, object))
            return true;
    return false;
}

static int copy_tracks(const struct track *tracks, struct str namespace, bool of_namespace,
                       struct arena *arena, const struct track **first, struct err *err)
{
    for (; tracks; tracks = tracks->next) {
        if (str_eq(tracks->namespace, namespace) != of_namespace)
            continue;
        struct track *copy = arena_new(arena, struct track);
        if (!copy)
            return err_no_memory(err);
        *copy = *tracks;
        copy->next = *first;
        *first = copy;
    }
    return 0;
}

int ledger_refresh(const struct ledger *base, const struct ledger *fresh, struct str namespace,
                   struct arena *arena, struct ledger *ret_ledger, struct err *err)
{
    struct ledger ledger = {.workloads = fresh->workloads};
    if (copy_tracks(base->tracks, namespace, false, arena, &ledger.tracks, err) < 0 ||
        copy_tracks(fresh->tracks, namespace, true, arena, &ledger.tracks, err) < 0)
        return -1;
    *ret_ledger = ledger;
    return 0;
}

bool ledger_owner_has(const struct ledger *ledger, const struct ledger_query *query,
                      const struct image_site *site)
{
    const struct object *object = query->object;
    const struct object *owner =
        find_workload(ledger, query->namespace, object->owner_kind, object->owner_name);
    const struct image_site *own;
    if (!object->owner_kind.len || !owner)
        return true;
    for (struct image_cursor at = {0}; (own = object_next_image(owner, &at));)
        if (own->list == site->list && str_eq(site_name(own), site_name(site)))
            return true;
    return false;
}
