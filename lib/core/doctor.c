/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: see the header. The lines, and what is not about the webhook configuration. */
#include "pinnace/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "pinnace/imageref.h"
#include "pinnace/json.h"
#include "pinnace/lease.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { OBJECT_MAX = 8 * 1024 * 1024, LINE_MAX = 1024, DAY = 86400 };

const struct str doctor_weight_names[DOCTOR_WEIGHTS] = {
    [DOCTOR_OK] = STR_INIT("ok"),
    [DOCTOR_WARNING] = STR_INIT("warning"),
    [DOCTOR_PROBLEM] = STR_INIT("problem"),
    [DOCTOR_UNKNOWN] = STR_INIT("unknown"),
};

void doctor_begin(struct doctor *doctor, struct arena *arena)
{
    *doctor = (struct doctor){.arena = arena};
    doctor->tail = &doctor->lines;
}

void doctor_say(struct doctor *doctor, enum doctor_weight weight, const char *subject,
                const char *remedy, const char *format, ...)
{
    struct doctor_line *line = arena_new(doctor->arena, struct doctor_line);
    char text[LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    doctor->count[weight]++;
    if (!line || !(line->text = arena_copy(doctor->arena, str_of(text))).ptr) {
        doctor->failed = true;
        return;
    }
    line->weight = weight;
    line->subject = subject;
    line->remedy = remedy;
    *doctor->tail = line;
    doctor->tail = &line->next;
    doctor->last = line;
}

void doctor_passes(struct doctor *doctor)
{
    if (doctor->last)
        doctor->last->passes = true;
}

static bool has_digit(struct str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (ascii_is_digit(word.ptr[i]))
            return true;
    return false;
}

static void add_without_numbers(struct buf *buf, struct str text)
{
    while (text.len) {
        size_t space = str_find(text, ' ');
        size_t len = space == STR_NOT_FOUND ? text.len : space + 1;
        if (!has_digit(str_head(text, len)))
            buf_add(buf, str_head(text, len));
        text = str_tail(text, len);
    }
}

void doctor_sight(struct buf *buf, const struct doctor *doctor)
{
    for (const struct doctor_line *line = doctor->lines; line; line = line->next) {
        buf_addf(buf, "%.*s %s: ", STR_FMT(doctor_weight_names[line->weight]), line->subject);
        /* What is not known is so by the words of another. */
        if (line->passes || line->weight == DOCTOR_UNKNOWN)
            add_without_numbers(buf, line->text);
        else
            buf_add(buf, line->text);
        buf_add_char(buf, '\n');
    }
}

static void cannot_read(struct doctor *doctor, const char *subject, const struct err *err)
{
    doctor_say(doctor, DOCTOR_PROBLEM, subject, "is this the cluster's own answer?", "%s",
               err->text);
}

/* ---- the API server ---- */

static int digits(struct str text)
{
    int number = 0;
    for (size_t i = 0; i < text.len && i < 6 && ascii_is_digit(text.ptr[i]); i++)
        number = number * 10 + (text.ptr[i] - '0');
    return number;
}

void doctor_version(struct doctor *doctor, struct str json)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct str major = STR_NONE, minor = STR_NONE;
    struct err err;
    if (json_read(json, OBJECT_MAX, &tree, &err) < 0) {
        cannot_read(doctor, "api server", &err);
        return;
    }
    const struct json_fields root = {.object = tree};
    if (json_get_string(&root, "major", doctor->arena, &major, &err) < 0 ||
        json_get_string(&root, "minor", doctor->arena, &minor, &err) < 0) {
        cannot_read(doctor, "api server", &err);
        return;
    }
    bool enough = digits(major) > 1 || (digits(major) == 1 && digits(minor) >= 30);
    doctor_say(doctor, enough ? DOCTOR_OK : DOCTOR_PROBLEM, "api server",
               enough ? NULL : "Pinnace needs Kubernetes 1.30 or later", "Kubernetes %d.%d",
               digits(major), digits(minor));
}

/* ---- kinds ---- */

static bool condition_holds(const struct json_fields *status, const char *type, struct arena *arena,
                            struct err *err)
{
    struct json_list list = {0};
    struct json_fields condition = {0};
    if (json_get_list(status, "conditions", &list, err) < 0)
        return false;
    while (json_next_object(&list, &condition, err) > 0) {
        struct str name = STR_NONE, value = STR_NONE;
        if (json_get_string(&condition, "type", arena, &name, err) == 0 &&
            json_get_string(&condition, "status", arena, &value, err) == 0 &&
            str_eq(name, str_of(type)))
            return str_eq(value, STR("True"));
    }
    return false;
}

void doctor_kind(struct doctor *doctor, struct str name, struct str json)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct json_fields root = {0}, status = {0};
    struct err err;
    if (json_read(json, OBJECT_MAX, &tree, &err) < 0) {
        cannot_read(doctor, "kinds", &err);
        return;
    }
    root.object = tree;
    bool served = json_get_object(&root, "status", &status, &err) == 0 &&
                  condition_holds(&status, "Established", doctor->arena, &err);
    doctor_say(doctor, served ? DOCTOR_OK : DOCTOR_PROBLEM, "kinds",
               served ? NULL : "kubectl apply -k manifests/crds", "%.*s is %sserved", STR_FMT(name),
               served ? "" : "there, but not ");
}

/* ---- Deployments ---- */

/* The first container's image. */
static int read_image(const struct json_fields *spec, struct arena *arena, struct str *ret_image,
                      struct err *err)
{
    struct json_fields template = {0}, pod = {0}, container = {0};
    struct json_list list = {0};
    if (json_get_object(spec, "template", &template, err) < 0 ||
        json_get_object(&template, "spec", &pod, err) < 0 ||
        json_get_list(&pod, "containers", &list, err) < 0)
        return -1;
    int more = json_next_object(&list, &container, err);
    return more > 0 ? json_get_string(&container, "image", arena, ret_image, err) : more;
}

static void tell_image(struct doctor *doctor, struct str name, struct str image)
{
    struct imageref ref;
    bool pinned = imageref_parse(image, &ref) == IMAGEREF_OK && ref.digest.len;
    doctor_say(doctor, pinned ? DOCTOR_OK : DOCTOR_WARNING, "image",
               pinned ? NULL : "name the digest in your overlay's images", "%.*s runs %.*s%s",
               STR_FMT(name), STR_FMT(image), pinned ? "" : ", which names no digest");
}

void doctor_deployment(struct doctor *doctor, struct str name, struct str json)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct json_fields root = {0}, spec = {0}, status = {0};
    struct str image = STR_NONE;
    struct err err;
    if (json_read(json, OBJECT_MAX, &tree, &err) < 0) {
        cannot_read(doctor, "deployment", &err);
        return;
    }
    root.object = tree;
    if (json_get_object(&root, "spec", &spec, &err) < 0 ||
        json_get_object(&root, "status", &status, &err) < 0 ||
        read_image(&spec, doctor->arena, &image, &err) < 0) {
        cannot_read(doctor, "deployment", &err);
        return;
    }
    bool available = condition_holds(&status, "Available", doctor->arena, &err);
    doctor_say(doctor, available ? DOCTOR_OK : DOCTOR_PROBLEM, "deployment",
               available ? NULL : "kubectl -n " DOCTOR_NAMESPACE " describe pods tells why",
               "%.*s is %savailable", STR_FMT(name), available ? "" : "not ");
    tell_image(doctor, name, image);
}

/* ---- endpoints ---- */

struct endpoints {
    size_t ready;
    struct str node; /* of the first */
    bool spread;
};

static int read_endpoint(const struct json_fields *endpoint, struct arena *arena,
                         struct endpoints *endpoints, struct err *err)
{
    struct json_fields conditions = {0};
    struct str node = STR_NONE;
    bool ready = false;
    if (json_get_object(endpoint, "conditions", &conditions, err) < 0 ||
        json_get_bool(&conditions, "ready", &ready, err) < 0 ||
        json_get_string(endpoint, "nodeName", arena, &node, err) < 0)
        return -1;
    if (!ready)
        return 0;
    if (endpoints->ready++ == 0)
        endpoints->node = node;
    else if (!str_eq(node, endpoints->node))
        endpoints->spread = true;
    return 0;
}

static int read_slices(const struct json_fields *root, struct arena *arena,
                       struct endpoints *endpoints, struct err *err)
{
    struct json_list slices = {0}, list = {0};
    struct json_fields slice = {0}, endpoint = {0};
    int more, code = json_get_list(root, "items", &slices, err);
    while (code == 0 && (more = json_next_object(&slices, &slice, err)) != 0) {
        if (more < 0 || json_get_list(&slice, "endpoints", &list, err) < 0)
            return -1;
        while (code == 0 && (more = json_next_object(&list, &endpoint, err)) != 0)
            code = more < 0 ? -1 : read_endpoint(&endpoint, arena, endpoints, err);
    }
    return code;
}

void doctor_endpoints(struct doctor *doctor, struct str json)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct endpoints endpoints = {0};
    struct json_fields root = {0};
    struct err err;
    int code = json_read(json, OBJECT_MAX, &tree, &err);
    root.object = tree;
    if (code < 0 || read_slices(&root, doctor->arena, &endpoints, &err) < 0) {
        cannot_read(doctor, "service", &err);
        return;
    }
    if (endpoints.ready == 0)
        doctor_say(doctor, DOCTOR_PROBLEM, "service",
                   "kubectl -n " DOCTOR_NAMESPACE " get pods tells why",
                   "no webhook is ready: nothing answers the API server");
    else if (endpoints.ready == 1)
        doctor_say(doctor, DOCTOR_WARNING, "service", "run two replicas of pinnace-webhook",
                   "only one webhook is ready: when it goes, nobody answers");
    else if (!endpoints.spread)
        doctor_say(doctor, DOCTOR_WARNING, "service",
                   "they spread by themselves over two nodes or more, when their pods are new",
                   "all %zu webhooks are on node %.*s: when it goes, nobody answers",
                   endpoints.ready, STR_FMT(endpoints.node));
    else
        doctor_say(doctor, DOCTOR_OK, "service", NULL, "%zu webhooks are ready, on several nodes",
                   endpoints.ready);
}

/* ---- the controller ---- */

void doctor_lease(struct doctor *doctor, struct str json, int64_t now)
{
    static const char *const remedy =
        "kubectl -n " DOCTOR_NAMESPACE " logs deployment/pinnace-controller tells why";
    struct lease_record lease;
    struct err err;
    int64_t renewed;
    if (lease_record_read(json, doctor->arena, &lease, &err) < 0) {
        cannot_read(doctor, "controller", &err);
        return;
    }
    if (!lease.holder.len)
        doctor_say(doctor, DOCTOR_PROBLEM, "controller", remedy,
                   "nobody holds the Lease: certificates are not renewed");
    else if (!when_parse(lease.renewed, &renewed) || now - renewed > 3 * lease.duration_s)
        doctor_say(doctor, DOCTOR_PROBLEM, "controller", remedy,
                   "%.*s holds the Lease, but has not renewed it since %.*s", STR_FMT(lease.holder),
                   STR_FMT(lease.renewed));
    else
        doctor_say(doctor, DOCTOR_OK, "controller", NULL, "%.*s leads", STR_FMT(lease.holder));
}

void doctor_certificate(struct doctor *doctor, int64_t not_after, int64_t now)
{
    long long days = (long long)((not_after - now) / DAY);
    bool over = now >= not_after, soon = not_after - now < 14 * DAY;
    doctor_say(doctor,
               over   ? DOCTOR_PROBLEM
               : soon ? DOCTOR_WARNING
                      : DOCTOR_OK,
               "certificate",
               over || soon ? "whoever makes it (the controller, or cert-manager) should have "
                              "renewed it: look at its logs"
                            : NULL,
               over ? "the serving certificate ended %lld days ago"
                    : "the serving certificate lasts %lld days",
               over ? -days : days);
    doctor_passes(doctor);
}

/* ---- namespaces and Exemptions ---- */

/* Nothing can be made any more in one that is being deleted. */
static bool is_ending(struct str json, struct arena *arena)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct json_fields root = {0}, metadata = {0};
    struct str since = STR_NONE;
    if (json_read(json, OBJECT_MAX, &tree, NULL) < 0)
        return false;
    root.object = tree;
    return json_get_object(&root, "metadata", &metadata, NULL) == 0 &&
           json_get_string(&metadata, "deletionTimestamp", arena, &since, NULL) == 0 && since.len;
}

void doctor_namespace(struct doctor *doctor, struct doctor_census *census, struct str json)
{
    struct arena scratch ARENA_SCOPED = ARENA_INIT(2 * OBJECT_MAX);
    struct nslevels levels;
    struct object object;
    struct err err;
    bool any = false;
    if (object_read(json, &scratch, &object, &err) < 0 ||
        nslevels_read(json, &scratch, &levels, &err) < 0) {
        cannot_read(doctor, "namespaces", &err);
        return;
    }
    if (levels.modes[MODE_ENFORCE].level != LEVEL_OFF && !census->probe.len &&
        !str_starts(object.name, STR("kube-")) && !str_eq(object.name, STR(DOCTOR_NAMESPACE)) &&
        !is_ending(json, &scratch))
        census->probe = arena_copy(doctor->arena, object.name);
    for (int mode = 0; mode < MODES; mode++) {
        const struct nslevel *level = &levels.modes[mode];
        any = any || level->value.ptr;
        if (level->value.ptr && !level->known)
            doctor_say(doctor, DOCTOR_PROBLEM, "namespaces",
                       "name one of off, tagged, pinned, released",
                       "%.*s has %.*s=%.*s, which is no level", STR_FMT(object.name),
                       STR_FMT(nslevel_labels[mode]), STR_FMT(level->value));
    }
    census->levelled += any;
    census->bare += !any;
}

void doctor_census_tell(struct doctor *doctor, const struct doctor_census *census)
{
    doctor_say(doctor, census->levelled ? DOCTOR_OK : DOCTOR_WARNING, "namespaces",
               census->levelled ? NULL : "kubectl label namespace NAME pinnace.dev/enforce=pinned",
               "%zu name a level, %zu do not", census->levelled, census->bare);
}

void doctor_exemptions(struct doctor *doctor, const struct policy *policy, int64_t now)
{
    size_t force = 0, over = 0;
    for (const struct exemption *e = policy->exemptions; e; e = e->next) {
        if (!e->name.len)
            continue;
        if (e->expires <= now) {
            over++;
        } else if (e->created && e->expires - e->created > policy->longest_exemption) {
            doctor_say(doctor, DOCTOR_WARNING, "exemptions",
                       "delete it, and break the glass again for less",
                       "%.*s of namespace %.*s is longer than may be, so it does not count",
                       STR_FMT(e->name), STR_FMT(e->namespace));
        } else {
            force++;
        }
    }
    doctor_say(doctor, DOCTOR_OK, "exemptions", NULL, "%zu in force, %zu over", force, over);
}
