/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: see the header. The first half reads Tracks, the second answers questions. */
#include "pinnace/ledger.h"

#include "pinnace/json.h"
#include "pinnace/policy.h"

#include "pinnace/banned.h"

/* The states of a row in which its bytes may run. */
static bool state_is_released(struct str state)
{
    return str_eq(state, STR("RollingOut")) || str_eq(state, STR("Healthy")) ||
           str_eq(state, STR("Adopted"));
}

static int read_row(const struct json_fields *fields, struct arena *arena, struct ledger_row *row,
                    struct err *err)
{
    struct str state = STR_NONE;
    if (json_get_string(fields, "tag", arena, &row->tag, err) < 0 ||
        json_get_string(fields, "digest", arena, &row->digest, err) < 0 ||
        json_get_string(fields, "movedTo", arena, &row->moved_to, err) < 0 ||
        json_get_string(fields, "state", arena, &state, err) < 0)
        return -1;
    if (digest_check(row->digest) != IMAGEREF_OK)
        return err_set(err, ERR_INPUT, "%s.digest: a digest such as sha256:... was expected here",
                       fields->path);
    row->released = state_is_released(state);
    return 0;
}

/* status.ledger, in its order: newest first. */
static int read_rows(const struct json_fields *status, struct arena *arena,
                     struct ledger_row **ret_rows, struct err *err)
{
    struct json_list list;
    struct json_fields fields = {0};
    int more;
    if (json_get_list(status, "ledger", &list, err) < 0)
        return -1;
    for (struct ledger_row **tail = ret_rows; (more = json_next_object(&list, &fields, err)) > 0;
         tail = &(*tail)->next) {
        *tail = arena_new(arena, struct ledger_row);
        if (!*tail)
            return err_no_memory(err);
        if (read_row(&fields, arena, *tail, err) < 0)
            return -1;
    }
    return more;
}

static int read_quarantined(const struct json_fields *status, struct arena *arena,
                            struct ledger_row *rows, struct err *err)
{
    struct json_list list;
    struct json_fields fields = {0};
    int more;
    if (json_get_list(status, "quarantined", &list, err) < 0)
        return -1;
    while ((more = json_next_object(&list, &fields, err)) > 0) {
        struct str digest = STR_NONE;
        if (json_get_string(&fields, "digest", arena, &digest, err) < 0)
            return -1;
        for (struct ledger_row *row = rows; row; row = row->next)
            if (str_eq(row->digest, digest))
                row->released = false;
    }
    return more;
}

static int read_targets(const struct json_fields *spec, struct arena *arena, struct track *track,
                        struct err *err)
{
    struct json_list list;
    struct json_fields fields = {0};
    int more;
    if (json_get_list(spec, "targets", &list, err) < 0)
        return -1;
    while ((more = json_next_object(&list, &fields, err)) > 0) {
        struct track_target *target = arena_new(arena, struct track_target);
        if (!target)
            return err_no_memory(err);
        if (json_get_string(&fields, "kind", arena, &target->kind, err) < 0 ||
            json_get_string(&fields, "name", arena, &target->name, err) < 0 ||
            json_get_string(&fields, "container", arena, &target->container, err) < 0)
            return -1;
        target->next = track->targets;
        track->targets = target;
    }
    return more;
}

static int read_image(const struct json_fields *spec, struct arena *arena, struct track *track,
                      struct err *err)
{
    struct str image = STR_NONE;
    if (json_get_string(spec, "image", arena, &image, err) < 0)
        return -1;
    enum imageref_fault fault = imageref_parse(image, &track->image);
    if (fault != IMAGEREF_OK)
        return err_set(err, ERR_INPUT, "spec.image: %s", imageref_fault_text(fault));
    if (track->image.tag.len || track->image.digest.len)
        return err_set(err, ERR_INPUT,
                       "spec.image: a repository without tag and digest belongs "
                       "here; what is followed stands in spec.follow");
    return 0;
}

static int read_track(struct str json, const struct object *object, struct arena *arena,
                      struct track *track, struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    if (json_read(json, LEDGER_MAX_BYTES, &tree, err) < 0)
        return -1;
    struct json_fields root = {.object = tree}, spec = {0}, status = {0}, current = {0};
    struct ledger_row *rows = NULL;
    track->name = object->name;
    track->namespace = object->namespace.len ? object->namespace : STR("default");
    if (json_get_object(&root, "spec", &spec, err) < 0 ||
        json_get_object(&root, "status", &status, err) < 0 ||
        json_get_object(&status, "current", &current, err) < 0 ||
        json_get_string(&current, "digest", arena, &track->current, err) < 0 ||
        read_image(&spec, arena, track, err) < 0 || read_targets(&spec, arena, track, err) < 0 ||
        read_rows(&status, arena, &rows, err) < 0 ||
        read_quarantined(&status, arena, rows, err) < 0)
        return -1;
    track->rows = rows;
    return 0;
}

int ledger_add(struct ledger *ledger, struct str json, struct arena *arena, struct err *err)
{
    struct object object;
    if (object_read(json, arena, &object, err) < 0)
        return -1;
    if (object.kind) {
        struct workload *workload = arena_new(arena, struct workload);
        if (!workload)
            return err_no_memory(err);
        *workload = (struct workload){.next = ledger->workloads, .object = object};
        ledger->workloads = workload;
        return 0;
    }
    if (!str_eq(object.api_version, STR(PINNACE_API_VERSION)) ||
        !str_eq(object.kind_name, STR("Track")))
        return err_set(err, ERR_INPUT,
                       "\"%.*s\" of \"%.*s\": a ledger is made of Tracks of " PINNACE_API_VERSION
                       " and of workloads",
                       STR_FMT(object.kind_name), STR_FMT(object.api_version));
    struct track *track = arena_new(arena, struct track);
    if (!track)
        return err_no_memory(err);
    if (read_track(json, &object, arena, track, err) < 0)
        return -1;
    track->next = ledger->tracks;
    ledger->tracks = track;
    return 0;
}

const struct track *ledger_track(const struct ledger *ledger, struct str namespace,
                                 const struct imageref *ref)
{
    for (const struct track *track = ledger->tracks; track; track = track->next)
        if (str_eq(track->namespace, namespace) && imageref_same_repository(&track->image, ref))
            return track;
    return NULL;
}

/*
 * The workload a person knows an object by: itself, or the one that made it. A Deployment makes
 * its ReplicaSets, and they the pods, under its own name, a dash and a hash.
 */
struct known_as {
    struct str kind, name;
};

static struct known_as known_as(const struct object *object)
{
    struct known_as known = {object->kind_name, object->name};
    if (object->owner_kind.len)
        known = (struct known_as){object->owner_kind, object->owner_name};
    size_t dash = str_rfind(known.name, '-');
    if (str_eq(object->owner_kind, STR("ReplicaSet")) && dash != STR_NOT_FOUND)
        known = (struct known_as){STR("Deployment"), str_head(known.name, dash)};
    return known;
}

static const struct track_target *target_of(const struct track *track, struct known_as workload)
{
    for (const struct track_target *target = track->targets; target; target = target->next)
        if (str_eq(target->kind, workload.kind) && str_eq(target->name, workload.name))
            return target;
    return NULL;
}

const struct track *ledger_track_of(const struct ledger *ledger, struct str namespace,
                                    const struct object *object, struct str container)
{
    struct known_as workload = known_as(object);
    for (const struct track *track = ledger->tracks; track; track = track->next) {
        if (!str_eq(track->namespace, namespace))
            continue;
        const struct track_target *target = target_of(track, workload);
        if (target && target->container.len && str_eq(target->container, container))
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

const struct ledger_row *ledger_tag(const struct ledger *ledger, struct str namespace,
                                    const struct imageref *ref)
{
    const struct ledger_row *elsewhere = NULL;
    if (!ref->tag.len)
        return NULL;
    for (const struct track *track = ledger->tracks; track; track = track->next) {
        if (!imageref_same_repository(&track->image, ref))
            continue;
        const struct ledger_row *row = row_of_tag(track, ref->tag);
        if (row && str_eq(track->namespace, namespace))
            return row;
        if (row)
            elsewhere = row;
    }
    return elsewhere;
}

const struct ledger_row *track_current(const struct track *track)
{
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        if (track->current.len && str_eq(row->digest, track->current))
            return row;
    return NULL;
}

/* Whether a ReplicaSet or the like that a target of the Track made has the digest in its template. */
static bool workload_holds(const struct workload *workload, const struct track *track,
                           struct str digest)
{
    const struct image_site *site;
    struct imageref ref;
    if (!workload->object.owner_kind.len || !str_eq(workload->object.namespace, track->namespace) ||
        !target_of(track, known_as(&workload->object)))
        return false;
    for (struct image_cursor at = {0}; (site = object_next_image(&workload->object, &at));)
        if (imageref_parse(site_image(site), &ref) == IMAGEREF_OK && str_eq(ref.digest, digest) &&
            imageref_same_repository(&ref, &track->image))
            return true;
    return false;
}

bool ledger_released(const struct ledger *ledger, const struct track *track, struct str digest)
{
    for (const struct ledger_row *row = track->rows; row; row = row->next)
        if (row->released && str_eq(row->digest, digest))
            return true;
    for (const struct workload *workload = ledger->workloads; workload; workload = workload->next)
        if (workload_holds(workload, track, digest))
            return true;
    return false;
}

bool ledger_owner_has(const struct ledger *ledger, struct str namespace,
                      const struct object *object, const struct image_site *site)
{
    const struct image_site *own;
    if (!object->owner_kind.len)
        return true;
    for (const struct workload *workload = ledger->workloads; workload; workload = workload->next) {
        const struct object *owner = &workload->object;
        if (!str_eq(owner->namespace, namespace) || !str_eq(owner->kind_name, object->owner_kind) ||
            !str_eq(owner->name, object->owner_name))
            continue;
        for (struct image_cursor at = {0}; (own = object_next_image(owner, &at));)
            if (own->list == site->list && str_eq(site_name(own), site_name(site)))
                return true;
        return false;
    }
    return true;
}
