/* SPDX-License-Identifier: Apache-2.0 */
/* imageapply: see the header. */
#include "pinnace/imageapply.h"

#include "pinnace/json.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/object.h"

#include "pinnace/banned.h"

enum { OBJECT_MAX = 8 * 1024 * 1024, BODY_MAX = 1024 * 1024, IMAGE_MAX = 1024 };

static int read_uid(struct str json, struct arena *arena, struct str *ret_uid, struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct json_fields root = {0}, metadata = {0};
    if (json_read(json, OBJECT_MAX, &tree, err) < 0)
        return -1;
    root.object = tree;
    if (json_get_object(&root, "metadata", &metadata, err) < 0 ||
        json_get_string(&metadata, "uid", arena, ret_uid, err) < 0)
        return -1;
    return ret_uid->len ? 0 : err_set(err, ERR_INPUT, "metadata.uid: is missing");
}

static bool is_meant(const struct imageapply *apply, const struct image_site *site)
{
    struct imageref ref;
    if (site->list != LIST_CONTAINERS && site->list != LIST_INIT_CONTAINERS)
        return false;
    if (apply->target->container.len)
        return str_eq(site_name(site), apply->target->container);
    return imageref_parse(site_image(site), &ref) == IMAGEREF_OK &&
           imageref_same_repository(&ref, &apply->spec->image);
}

static int write_image(const struct imageapply *apply, struct arena *arena, struct str *ret_image,
                       struct err *err)
{
    struct buf buf = BUF_INIT(arena, IMAGE_MAX);
    buf_add_repository(&buf, &apply->spec->image);
    if (apply->tag.len)
        buf_addf(&buf, ":%.*s", STR_FMT(apply->tag));
    buf_addf(&buf, "@%.*s", STR_FMT(apply->digest));
    return buf_finish(&buf, ret_image, err);
}

/* Bytes count, not how they are named. */
static bool has_them(const struct imageapply *apply, const struct image_site *site)
{
    struct imageref ref;
    return imageref_parse(site_image(site), &ref) == IMAGEREF_OK &&
           str_eq(ref.digest, apply->digest) && imageref_same_repository(&ref, &apply->spec->image);
}

/* *missing counts those that are meant and do not have the bytes. */
static void write_list(struct json_writer *json, const struct imageapply *apply,
                       const struct object *object, enum image_list list, struct str image,
                       size_t *missing)
{
    struct image_cursor cursor = {0};
    size_t count = 0;
    for (const struct image_site *site; (site = object_next_image(object, &cursor));) {
        if (site->list != list || !is_meant(apply, site))
            continue;
        if (count++ == 0) {
            json_key(json, list == LIST_CONTAINERS ? "containers" : "initContainers");
            json_open(json, '[');
        }
        *missing += !has_them(apply, site);
        json_open(json, '{');
        json_member(json, "name", site_name(site));
        json_member(json, "image", image);
        json_close(json, '}');
    }
    if (count)
        json_close(json, ']');
}

static void write_metadata(struct json_writer *json, const struct imageapply *apply, struct str uid)
{
    json_key(json, "metadata");
    json_open(json, '{');
    json_member(json, "name", apply->target->name);
    json_member(json, "namespace", apply->spec->namespace);
    json_member(json, "uid", uid);
    json_key(json, "annotations");
    json_open(json, '{');
    json_member(json, "pinnace.dev/track", apply->spec->name);
    json_member(json, "kubernetes.io/change-cause", apply->cause);
    json_close(json, '}');
    json_close(json, '}');
}

static size_t write_body(struct json_writer *json, const struct imageapply *apply,
                         const struct object *object, struct str uid, struct str image)
{
    static const char *const to_pods[] = {"spec", "template", "spec"};
    static const char *const to_job_pods[] = {"spec", "jobTemplate", "spec", "template", "spec"};
    bool is_cron = apply->target->kind == TARGET_CRON_JOB;
    const char *const *path = is_cron ? to_job_pods : to_pods;
    size_t depth = is_cron ? sizeof(to_job_pods) / sizeof(to_job_pods[0])
                           : sizeof(to_pods) / sizeof(to_pods[0]);
    size_t missing = 0;
    json_open(json, '{');
    json_member(json, "apiVersion", object->api_version);
    json_member(json, "kind", object->kind_name);
    write_metadata(json, apply, uid);
    for (size_t i = 0; i < depth; i++) {
        json_key(json, path[i]);
        json_open(json, '{');
    }
    write_list(json, apply, object, LIST_CONTAINERS, image, &missing);
    write_list(json, apply, object, LIST_INIT_CONTAINERS, image, &missing);
    for (size_t i = 0; i <= depth; i++)
        json_close(json, '}');
    return missing;
}

int imageapply_write(const struct imageapply *apply, struct str json, struct arena *arena,
                     struct str *ret_body, struct err *err)
{
    struct buf buf = BUF_INIT(arena, BODY_MAX);
    struct json_writer writer = {.buf = &buf};
    struct object object;
    struct str uid = STR_NONE, image, body;
    if (object_read(json, arena, &object, err) < 0 || read_uid(json, arena, &uid, err) < 0 ||
        write_image(apply, arena, &image, err) < 0)
        return -1;
    if (!str_eq(object.kind_name, target_kind_names[apply->target->kind]))
        return err_set(err, ERR_INPUT, "kind: %.*s was expected here",
                       STR_FMT(target_kind_names[apply->target->kind]));
    size_t missing = write_body(&writer, apply, &object, uid, image);
    if (buf_finish(&buf, &body, err) < 0)
        return -1;
    *ret_body = missing ? body : STR_NONE;
    return 0;
}
