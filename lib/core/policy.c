/* SPDX-License-Identifier: Apache-2.0 */
/* policy: see the header. The first half decodes, the second decides. */
#include "pinnace/policy.h"

#include "pinnace/json.h"
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

static int wrong(const char *path, const char *field, const char *problem, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s%s%s: %s", path, path[0] ? "." : "", field, problem);
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
        return wrong(fields->path, name, "a time such as 2026-11-21T09:30:00Z was expected here",
                     err);
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

static int read_exemption_object(const struct json_fields *root, const struct json_fields *spec,
                                 const struct object *object, struct arena *arena,
                                 struct policy *policy, struct err *err)
{
    static const char *const known[] = {"images", "reason", "expires", "by", NULL};
    struct json_fields metadata = {0};
    struct exemption *exemption = arena_new(arena, struct exemption);
    if (!exemption)
        return err_no_memory(err);
    if (json_get_object(root, "metadata", &metadata, err) < 0 ||
        get_time(&metadata, "creationTimestamp", arena, &exemption->created, err) < 0 ||
        json_only(spec, known, err) < 0 || read_exemption(spec, arena, exemption, err) < 0 ||
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

int policy_add(struct policy *policy, struct str json, struct arena *arena, struct err *err)
{
    static const char *const known[] = {"apiVersion", "kind", "metadata", "spec", "status", NULL};
    struct object object;
    struct policy next = *policy;
    JSON_SCOPED struct cJSON *tree = NULL;
    if (json_read(json, POLICY_MAX_BYTES, &tree, err) < 0 ||
        object_read(json, arena, &object, err) < 0)
        return -1;
    struct json_fields root = {.object = tree}, spec = {.path = "spec"};
    if (json_get_object(&root, "spec", &spec, err) < 0)
        return -1;
    bool ours = str_eq(object.api_version, STR(PINNACE_API_VERSION));
    int done;
    if (ours && str_eq(object.kind_name, STR("PinPolicy")))
        done = read_pin_policy(&spec, &object, arena, &next, err);
    else if (ours && str_eq(object.kind_name, STR("Exemption")))
        done = read_exemption_object(&root, &spec, &object, arena, &next, err);
    else
        return err_set(err, ERR_INPUT,
                       "\"%.*s\" of \"%.*s\": a policy is made of PinPolicy and Exemption, both "
                       "of " PINNACE_API_VERSION,
                       STR_FMT(object.kind_name), STR_FMT(object.api_version));
    if (done == 0)
        done = json_only(&root, known, err);
    if (done < 0)
        return -1;
    *policy = next;
    return 0;
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

const struct exemption *policy_exempts(const struct policy *policy, struct str namespace,
                                       const struct imageref *ref, int64_t now)
{
    for (const struct exemption *e = policy->exemptions; e; e = e->next)
        if (is_in_force(e, policy->longest_exemption, now) && covers_namespace(e, namespace) &&
            image_globs_match(&e->images, ref))
            return e;
    return NULL;
}
