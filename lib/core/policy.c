/* SPDX-License-Identifier: Apache-2.0 */
/* policy: see the header. The first half decodes, the second decides. */
#include "pinnace/policy.h"

#include "pinnace/json.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

const struct policy policy_builtin = {
    .tags =
        {
            .semver = true,
            .moving = tag_moving_builtin,
            .moving_count = TAG_MOVING_BUILTIN_COUNT,
        },
    .longest_exemption = 24 * 3600,
};

static const char TIME_EXPECTED[] = "a time such as 2026-11-21T09:30:00Z was expected here";

static int wrong(const char *path, const char *field, const char *problem, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s%s%s: %s", path, path[0] ? "." : "", field, problem);
}

/*
 * The parts of an object that count. Beside them stands what others write into it, as deep as they
 * like and at any length: that is checked and passed over.
 */
struct parts {
    struct object object;
    struct str spec;    /* .len 0: absent */
    struct str created; /* metadata.creationTimestamp */
    bool created_is_wrong;
    struct str unknown; /* a field of the object that is none */
};

static void read_created(struct scan *scan, struct parts *parts)
{
    static const struct str keys[] = {STR_INIT("creationTimestamp")};
    if (scan_peek(scan) != SCAN_OBJECT) { /* null, or the object would not have been read */
        scan_value(scan);
        return;
    }
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, keys, 1) != SCAN_END) {
        enum scan_type type = scan_peek(scan);
        parts->created_is_wrong = type != SCAN_STRING && type != SCAN_NULL;
        if (parts->created_is_wrong)
            scan_value(scan);
        else
            parts->created = scan_string(scan);
    }
}

static void read_part(struct scan *scan, struct str key, struct parts *parts)
{
    static const struct str others[] = {STR_INIT("apiVersion"), STR_INIT("kind"),
                                        STR_INIT("status")};
    bool known = str_eq(key, others[0]) || str_eq(key, others[1]) || str_eq(key, others[2]);
    if (str_eq(key, STR("metadata"))) {
        read_created(scan, parts);
    } else if (str_eq(key, STR("spec")) && scan_peek(scan) != SCAN_NULL) {
        parts->spec = scan_value(scan);
    } else {
        if (!known && !str_eq(key, STR("spec")) && !parts->unknown.ptr)
            parts->unknown = key;
        scan_value(scan);
    }
}

static int read_parts(struct str json, struct arena *arena, struct parts *ret_parts,
                      struct err *err)
{
    struct parts parts = {0};
    struct str key;
    struct scan scan;
    if (object_read(json, arena, &parts.object, err) < 0)
        return -1;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_any_member(&scan, &members, &key))
        read_part(&scan, key, &parts);
    if (scan_finish(&scan, err) < 0)
        return -1;
    *ret_parts = parts;
    return 0;
}

static int get_strings(const struct json_fields *fields, const char *name, struct arena *arena,
                       const struct str **ret_items, size_t *ret_count, struct err *err)
{
    struct json_list list;
    if (json_get_list(fields, name, &list, err) < 0)
        return -1;
    struct str *items = arena_array(arena, struct str, list.count);
    if (!items)
        return err_no_memory(err);
    for (size_t i = 0; i < list.count; i++) {
        if (json_next_string(&list, arena, &items[i], err) < 0)
            return -1;
        if (items[i].len == 0)
            return err_set(err, ERR_INPUT, "%s[%zu]: is empty", list.path, i);
    }
    if (list.present) {
        *ret_items = items;
        *ret_count = list.count;
    }
    return 0;
}

static int get_image_globs(const struct json_fields *fields, const char *name, struct arena *arena,
                           struct image_globs *ret_globs, struct err *err)
{
    const struct str *patterns = NULL;
    size_t count = 0;
    if (get_strings(fields, name, arena, &patterns, &count, err) < 0)
        return -1;
    struct image_glob *items = arena_array(arena, struct image_glob, count);
    if (!items)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const char *problem = image_glob_parse(patterns[i], &items[i]);
        if (problem)
            return err_set(err, ERR_INPUT, "%s%s%s[%zu]: \"%.*s\" %s", fields->path,
                           fields->path[0] ? "." : "", name, i, STR_FMT(patterns[i]), problem);
    }
    *ret_globs = (struct image_globs){items, count};
    return 0;
}

static int get_time(const struct json_fields *fields, const char *name, struct arena *arena,
                    int64_t *ret_time, struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(fields, name, arena, &text, err) < 0)
        return -1;
    if (text.ptr && !when_parse(text, ret_time))
        return wrong(fields->path, name, TIME_EXPECTED, err);
    return 0;
}

static int read_tags(const struct json_fields *spec, struct arena *arena, struct tag_rules *tags,
                     struct err *err)
{
    static const char *const known[] = {"semver", "immutable", "moving", NULL};
    struct json_fields fields = {0};
    if (json_get_object(spec, "tags", &fields, err) < 0 || json_only(&fields, known, err) < 0 ||
        json_get_bool(&fields, "semver", &tags->semver, err) < 0 ||
        get_strings(&fields, "immutable", arena, &tags->immutable, &tags->immutable_count, err) < 0)
        return -1;
    return get_strings(&fields, "moving", arena, &tags->moving, &tags->moving_count, err);
}

/* What a standing exemption and an Exemption have in common. */
static int read_exemption(const struct json_fields *fields, struct arena *arena,
                          struct exemption *exemption, struct err *err)
{
    if (get_image_globs(fields, "images", arena, &exemption->images, err) < 0 ||
        json_get_string(fields, "reason", arena, &exemption->reason, err) < 0 ||
        get_time(fields, "expires", arena, &exemption->expires, err) < 0)
        return -1;
    if (exemption->images.count == 0)
        return wrong(fields->path, "images", "at least one image pattern is needed", err);
    if (exemption->reason.len == 0)
        return wrong(fields->path, "reason", "a reason is needed, for those who read it later",
                     err);
    return 0;
}

static int read_standing(const struct json_fields *spec, struct arena *arena, struct policy *policy,
                         struct err *err)
{
    static const char *const known[] = {"images", "namespaces", "reason", "expires", NULL};
    struct json_list list;
    struct json_fields fields = {0};
    int more;
    if (json_get_list(spec, "exemptions", &list, err) < 0)
        return -1;
    while ((more = json_next_object(&list, &fields, err)) > 0) {
        struct exemption *exemption = arena_new(arena, struct exemption);
        if (!exemption)
            return err_no_memory(err);
        if (json_only(&fields, known, err) < 0 ||
            read_exemption(&fields, arena, exemption, err) < 0 ||
            get_strings(&fields, "namespaces", arena, &exemption->namespaces,
                        &exemption->namespace_count, err) < 0)
            return -1;
        if (exemption->namespace_count == 0)
            return wrong(fields.path, "namespaces", "at least one namespace pattern is needed",
                         err);
        exemption->next = policy->exemptions;
        policy->exemptions = exemption;
    }
    return more;
}

static int read_longest(const struct json_fields *spec, struct arena *arena, int64_t *ret_longest,
                        struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(spec, "longestExemption", arena, &text, err) < 0)
        return -1;
    if (text.ptr && !duration_parse(text, ret_longest))
        return wrong(spec->path, "longestExemption", "a duration such as 24h was expected here",
                     err);
    return 0;
}

static int read_pin_policy(const struct json_fields *spec, const struct object *object,
                           struct arena *arena, struct policy *policy, struct err *err)
{
    static const char *const known[] = {"tags",       "registries",       "free",
                                        "exemptions", "longestExemption", NULL};
    if (!str_eq(object->name, STR("default")))
        return wrong("metadata", "name", "the PinPolicy that counts is named \"default\"", err);
    if (json_only(spec, known, err) < 0 || read_tags(spec, arena, &policy->tags, err) < 0 ||
        get_image_globs(spec, "registries", arena, &policy->registries, err) < 0 ||
        get_image_globs(spec, "free", arena, &policy->free, err) < 0 ||
        read_standing(spec, arena, policy, err) < 0)
        return -1;
    return read_longest(spec, arena, &policy->longest_exemption, err);
}

static int read_creation(const struct parts *parts, int64_t *ret_created, struct err *err)
{
    if (parts->created_is_wrong)
        return wrong("metadata", "creationTimestamp", "a string was expected here", err);
    if (parts->created.ptr && !when_parse(parts->created, ret_created))
        return wrong("metadata", "creationTimestamp", TIME_EXPECTED, err);
    return 0;
}

static int read_exemption_object(const struct json_fields *spec, const struct parts *parts,
                                 struct arena *arena, struct policy *policy, struct err *err)
{
    static const char *const known[] = {"images", "reason", "expires", "by", NULL};
    const struct object *object = &parts->object;
    struct exemption *exemption = arena_new(arena, struct exemption);
    if (!exemption)
        return err_no_memory(err);
    if (read_creation(parts, &exemption->created, err) < 0 || json_only(spec, known, err) < 0 ||
        read_exemption(spec, arena, exemption, err) < 0 ||
        json_get_string(spec, "by", arena, &exemption->by, err) < 0)
        return -1;
    if (exemption->expires == 0)
        return wrong("spec", "expires", "an exemption ends; say when", err);
    if (object->name.len == 0)
        return wrong("metadata", "name", "an exemption needs a name", err);
    struct str namespace = object->namespace.len ? object->namespace : STR("default");
    exemption->name = arena_copy(arena, object->name);
    exemption->namespace = arena_copy(arena, namespace);
    if (!exemption->name.ptr || !exemption->namespace.ptr)
        return err_no_memory(err);
    exemption->next = policy->exemptions;
    policy->exemptions = exemption;
    return 0;
}

/* The spec alone as a tree: it is the one part that is bounded by what people mean. */
static int read_spec(const struct parts *parts, struct cJSON **ret_tree, struct err *err)
{
    static const char known[] = "apiVersion, kind, metadata, spec, status";
    struct str name = parts->unknown.len > 64 ? str_head(parts->unknown, 64) : parts->unknown;
    if (parts->unknown.ptr)
        return err_set(err, ERR_INPUT, "%.*s: no such field here; there are: %s", STR_FMT(name),
                       known);
    if (!parts->spec.len)
        return 0;
    if (parts->spec.ptr[0] != '{')
        return err_set(err, ERR_INPUT, "spec: an object was expected here");
    return json_read(parts->spec, POLICY_MAX_BYTES, ret_tree, err) < 0 ? err_prefix(err, "spec: ")
                                                                       : 0;
}

static bool is_ours(const struct object *object, struct str kind)
{
    return str_eq(object->api_version, STR(PINNACE_API_VERSION)) && str_eq(object->kind_name, kind);
}

int policy_add(struct policy *policy, struct str json, struct arena *arena, struct err *err)
{
    struct parts parts;
    struct policy next = *policy;
    JSON_SCOPED struct cJSON *tree = NULL;
    if (read_parts(json, arena, &parts, err) < 0)
        return -1;
    bool is_policy = is_ours(&parts.object, STR("PinPolicy"));
    if (!is_policy && !is_ours(&parts.object, STR("Exemption")))
        return err_set(err, ERR_INPUT,
                       "\"%.*s\" of \"%.*s\": a policy is made of PinPolicy and Exemption, both "
                       "of " PINNACE_API_VERSION,
                       STR_FMT(parts.object.kind_name), STR_FMT(parts.object.api_version));
    if (read_spec(&parts, &tree, err) < 0)
        return -1;
    const struct json_fields spec = {.object = tree, .path = "spec"};
    int done = is_policy ? read_pin_policy(&spec, &parts.object, arena, &next, err)
                         : read_exemption_object(&spec, &parts, arena, &next, err);
    if (done < 0)
        return -1;
    *policy = next;
    return 0;
}

int policy_essence(struct str json, struct arena *arena, struct str *ret_json, struct err *err)
{
    struct parts parts;
    if (read_parts(json, arena, &parts, err) < 0)
        return -1;
    struct buf buf = BUF_INIT(arena, 2 * POLICY_MAX_BYTES);
    struct json_writer writer = {.buf = &buf};
    json_open(&writer, '{');
    json_member(&writer, "apiVersion", parts.object.api_version);
    json_member(&writer, "kind", parts.object.kind_name);
    json_key(&writer, "metadata");
    json_open(&writer, '{');
    json_member(&writer, "name", parts.object.name);
    if (parts.object.namespace.len)
        json_member(&writer, "namespace", parts.object.namespace);
    if (parts.created.len)
        json_member(&writer, "creationTimestamp", parts.created);
    json_close(&writer, '}');
    if (parts.spec.len) {
        json_key(&writer, "spec");
        buf_add(&buf, parts.spec);
    }
    json_close(&writer, '}');
    return buf_finish(&buf, ret_json, err);
}

bool image_globs_match(const struct image_globs *globs, const struct imageref *ref)
{
    for (size_t i = 0; i < globs->count; i++)
        if (image_glob_match(&globs->items[i], ref))
            return true;
    return false;
}

static bool covers_namespace(const struct exemption *exemption, struct str namespace)
{
    if (exemption->name.len)
        return str_eq(exemption->namespace, namespace);
    for (size_t i = 0; i < exemption->namespace_count; i++)
        if (glob_match(exemption->namespaces[i], namespace))
            return true;
    return false;
}

/* An Exemption that was made to last longer than may be does not count at all. */
static bool is_in_force(const struct exemption *exemption, int64_t longest, int64_t now)
{
    if (exemption->created && exemption->expires - exemption->created > longest)
        return false;
    return exemption->expires == 0 || now < exemption->expires;
}

static bool covers_image(const struct exemption *exemption, const struct imageref *ref,
                         size_t *steps)
{
    for (size_t i = 0; i < exemption->images.count; i++)
        if (image_glob_match_within(&exemption->images.items[i], ref, steps))
            return true;
    return false;
}

const struct exemption *policy_exempts(const struct policy *policy, struct str namespace,
                                       const struct imageref *ref, int64_t now, size_t *steps)
{
    for (const struct exemption *e = policy->exemptions; e && *steps > 0; e = e->next) {
        --*steps;
        if (is_in_force(e, policy->longest_exemption, now) && covers_namespace(e, namespace) &&
            covers_image(e, ref, steps))
            return e;
    }
    return NULL;
}
