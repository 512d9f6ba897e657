/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_read: Tracks and workloads as the API server shows them, into a ledger; see the header. */
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
    track->namespace = object->namespace;
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

static int add_workload(struct ledger *ledger, const struct object *object, struct arena *arena,
                        struct err *err)
{
    struct workload *workload = arena_new(arena, struct workload);
    if (!workload)
        return err_no_memory(err);
    *workload = (struct workload){.next = ledger->workloads, .object = *object};
    ledger->workloads = workload;
    return 0;
}

/* A StatefulSet and a DaemonSet keep old templates in revisions, under "data". */
static int add_revision(struct ledger *ledger, const struct object *revision, struct arena *arena,
                        struct err *err)
{
    struct object held;
    if (object_read(revision->data, arena, &held, err) < 0)
        return err_prefix(err, "data: ");
    held.kind = kind_find(STR("apps"), STR("StatefulSet"));
    held.kind_name = revision->kind_name;
    held.name = revision->name;
    held.namespace = revision->namespace;
    held.owner_kind = revision->owner_kind;
    held.owner_name = revision->owner_name;
    return add_workload(ledger, &held, arena, err);
}

static int add_track(struct ledger *ledger, struct str json, const struct object *object,
                     struct arena *arena, struct err *err)
{
    struct track *track = arena_new(arena, struct track);
    if (!track)
        return err_no_memory(err);
    if (read_track(json, object, arena, track, err) < 0)
        return -1;
    track->next = ledger->tracks;
    ledger->tracks = track;
    return 0;
}

int ledger_add(struct ledger *ledger, struct str json, struct arena *arena, struct err *err)
{
    struct object object;
    if (object_read(json, arena, &object, err) < 0)
        return -1;
    if (!object.namespace.len)
        object.namespace = STR("default");
    if (object.kind)
        return add_workload(ledger, &object, arena, err);
    if (str_eq(object.kind_name, STR("ControllerRevision")) && object.data.ptr)
        return add_revision(ledger, &object, arena, err);
    if (str_eq(object.api_version, STR(PINNACE_API_VERSION)) &&
        str_eq(object.kind_name, STR("Track")))
        return add_track(ledger, json, &object, arena, err);
    return err_set(err, ERR_INPUT,
                   "\"%.*s\" of \"%.*s\": a ledger is made of Tracks of " PINNACE_API_VERSION
                   " and of workloads",
                   STR_FMT(object.kind_name), STR_FMT(object.api_version));
}
