/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_read: Tracks and workloads as the API server shows them, into a ledger; see the header. */
#include "pinnace/ledger.h"

#include <stdio.h>

#include "pinnace/json.h"
#include "pinnace/policy.h"

#include "pinnace/banned.h"

/* What an object says of itself, and the parts of a Track. */
struct head {
    struct str api_version, kind, namespace, name, spec, status;
};

static void read_metadata(struct scan *scan, struct head *head)
{
    enum { NAMESPACE, NAME, KEYS };
    static const struct str keys[] = {
        [NAMESPACE] = STR_INIT("namespace"), [NAME] = STR_INIT("name")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == NAME ? &head->name : &head->namespace) = scan_string(scan);
}

/* Everybody may nest the managedFields of his own Track; that must not hide what it says. */
static int read_head(struct str json, struct arena *arena, struct head *head, struct err *err)
{
    enum { API_VERSION, KIND, METADATA, SPEC, STATUS, KEYS };
    static const struct str keys[] = {
        [API_VERSION] = STR_INIT("apiVersion"), [KIND] = STR_INIT("kind"),
        [METADATA] = STR_INIT("metadata"),      [SPEC] = STR_INIT("spec"),
        [STATUS] = STR_INIT("status"),
    };
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == API_VERSION)
            head->api_version = scan_string(&scan);
        else if (key == KIND)
            head->kind = scan_string(&scan);
        else if (key == METADATA)
            read_metadata(&scan, head);
        else
            *(key == SPEC ? &head->spec : &head->status) = scan_value(&scan);
    }
    return scan_finish(&scan, err);
}

/* The states of a row in which its bytes may run. */
static bool state_is_released(struct str state)
{
    return str_eq(state, STR("RollingOut")) || str_eq(state, STR("Healthy")) ||
           str_eq(state, STR("Applied")) || str_eq(state, STR("Adopted"));
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

static int read_source(const struct json_fields *spec, struct arena *arena, struct track *track,
                       struct err *err)
{
    struct json_fields follow = {0}, from = {0};
    struct str namespace = track->namespace;
    if (json_get_object(spec, "follow", &follow, err) < 0 ||
        json_get_object(spec, "from", &from, err) < 0 ||
        json_get_string(&follow, "tag", arena, &track->follow_tag, err) < 0 ||
        json_get_string(&from, "namespace", arena, &namespace, err) < 0 ||
        json_get_string(&from, "track", arena, &track->from_track, err) < 0)
        return -1;
    if (track->from_track.len)
        track->from_namespace = namespace;
    return 0;
}

static int read_spec(const struct json_fields *spec, struct arena *arena, struct track *track,
                     struct err *err)
{
    if (read_image(spec, arena, track, err) < 0 || read_source(spec, arena, track, err) < 0)
        return -1;
    return read_targets(spec, arena, track, err);
}

static int read_status(const struct json_fields *status, struct arena *arena, struct track *track,
                       struct err *err)
{
    struct json_fields current = {0};
    struct ledger_row *rows = NULL;
    if (json_get_object(status, "current", &current, err) < 0 ||
        json_get_string(&current, "digest", arena, &track->current, err) < 0 ||
        read_rows(status, arena, &rows, err) < 0 || read_quarantined(status, arena, rows, err) < 0)
        return -1;
    track->rows = rows;
    return 0;
}

/* A part of the object, whatever stands beside it. */
static int read_part(struct str json, const char *name, struct cJSON **ret_tree,
                     struct json_fields *ret_fields, struct err *err)
{
    *ret_fields = (struct json_fields){0};
    snprintf(ret_fields->path, sizeof(ret_fields->path), "%s", name);
    if (!json.len || str_eq(json, STR("null")))
        return 0;
    if (json.ptr[0] != '{')
        return err_set(err, ERR_INPUT, "%s: an object was expected here", name);
    if (json_read(json, LEDGER_MAX_BYTES, ret_tree, err) < 0)
        return err_prefix(err, "%s: ", name);
    ret_fields->object = *ret_tree;
    return 0;
}

static int read_track(const struct head *head, struct arena *arena, struct track *track,
                      struct err *err)
{
    JSON_SCOPED struct cJSON *spec_tree = NULL;
    JSON_SCOPED struct cJSON *status_tree = NULL;
    struct json_fields spec, status;
    track->name = head->name;
    track->namespace = head->namespace;
    if (read_part(head->spec, "spec", &spec_tree, &spec, err) < 0 ||
        read_part(head->status, "status", &status_tree, &status, err) < 0 ||
        read_spec(&spec, arena, track, err) < 0)
        return -1;
    return read_status(&status, arena, track, err);
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

static int add_track(struct ledger *ledger, const struct head *head, size_t size,
                     struct arena *arena, struct err *err)
{
    struct track *track = arena_new(arena, struct track);
    if (!track)
        return err_no_memory(err);
    if (size > LEDGER_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "%zu bytes; of a Track at most %d are read", size,
                       LEDGER_MAX_BYTES);
    if (read_track(head, arena, track, err) < 0)
        return -1;
    track->next = ledger->tracks;
    ledger->tracks = track;
    return 0;
}

/* Who says no kind himself is of the list's. */
static int name_kind(struct object *object, struct str api_version, struct str kind,
                     struct err *err)
{
    if (object->kind_name.len || !kind.len)
        return 0;
    object->kind_name = kind;
    object->api_version = api_version;
    object->kind = kind_find(group_of(api_version), kind);
    return object_check(object, NULL, err);
}

static int add_other(struct ledger *ledger, struct str api_version, struct str kind,
                     struct str json, struct arena *arena, struct err *err)
{
    struct object object;
    if (object_read(json, arena, &object, err) < 0 ||
        name_kind(&object, api_version, kind, err) < 0)
        return -1;
    if (!object.namespace.len)
        object.namespace = STR("default");
    if (object.kind)
        return add_workload(ledger, &object, arena, err);
    if (str_eq(object.kind_name, STR("ControllerRevision")) && object.data.ptr)
        return add_revision(ledger, &object, arena, err);
    return err_set(err, ERR_INPUT,
                   "\"%.*s\" of \"%.*s\": a ledger is made of Tracks of " PINNACE_API_VERSION
                   " and of workloads",
                   STR_FMT(object.kind_name), STR_FMT(object.api_version));
}

int ledger_add_listed(struct ledger *ledger, struct str api_version, struct str kind,
                      struct str json, struct arena *arena, struct err *err)
{
    struct head head = {.namespace = STR("default")};
    if (read_head(json, arena, &head, err) < 0)
        return -1;
    if (!head.kind.len) {
        head.api_version = api_version;
        head.kind = kind;
    }
    if (str_eq(head.api_version, STR(PINNACE_API_VERSION)) && str_eq(head.kind, STR("Track")))
        return add_track(ledger, &head, json.len, arena, err);
    return add_other(ledger, api_version, kind, json, arena, err);
}

int ledger_add(struct ledger *ledger, struct str json, struct arena *arena, struct err *err)
{
    return ledger_add_listed(ledger, STR_NONE, STR_NONE, json, arena, err);
}
