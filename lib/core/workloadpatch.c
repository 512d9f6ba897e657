/* SPDX-License-Identifier: Apache-2.0 */
/* workloadpatch: see the header. */
#include "pinnace/workloadpatch.h"

#include <stdio.h>

#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum { BODY_MAX_BYTES = 256 * 1024, IMAGE_MAX_BYTES = 1024 };

int workload_patch_image(const struct trackspec *spec, struct str tag, struct str digest,
                         struct arena *arena, struct str *ret_image, struct err *err)
{
    struct buf image = BUF_INIT(arena, IMAGE_MAX_BYTES);
    buf_add_repository(&image, &spec->image);
    if (tag.len)
        buf_addf(&image, ":%.*s", STR_FMT(tag));
    buf_addf(&image, "@%.*s", STR_FMT(digest));
    return buf_finish(&image, ret_image, err);
}

static size_t count_meant(const struct workload_patch *patch, bool init)
{
    size_t count = 0;
    for (size_t i = 0; i < patch->workload->image_count; i++) {
        const struct workload_image *image = &patch->workload->images[i];
        count += image->init == init && target_means(patch->spec, patch->target, image);
    }
    return count;
}

static void add_containers(struct json_writer *json, const struct workload_patch *patch, bool init)
{
    if (!count_meant(patch, init))
        return;
    json_key(json, init ? "initContainers" : "containers");
    json_open(json, '[');
    for (size_t i = 0; i < patch->workload->image_count; i++) {
        const struct workload_image *image = &patch->workload->images[i];
        if (image->init != init || !target_means(patch->spec, patch->target, image))
            continue;
        json_open(json, '{');
        json_member(json, "name", image->container);
        json_member(json, "image", patch->image);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void add_cause(struct json_writer *json, const struct workload_patch *patch)
{
    struct buf cause = BUF_INIT(json->buf->arena, 8192);
    struct str text;
    buf_add(&cause, patch->image);
    buf_addf(&cause, ": %.*s", STR_FMT(patch->cause));
    if (patch->cause.len && buf_finish(&cause, &text, NULL) == 0)
        json_member(json, "kubernetes.io/change-cause", text);
}

static void add_revision(struct json_writer *json, int64_t revision)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld", (long long)revision);
    if (revision)
        json_member(json, "pinnace.dev/revision", (struct str){text, (size_t)len});
}

static void add_metadata(struct json_writer *json, const struct workload_patch *patch)
{
    json_key(json, "metadata");
    json_open(json, '{');
    json_member(json, "uid", patch->workload->uid);
    if (patch->workload->resource_version.len)
        json_member(json, "resourceVersion", patch->workload->resource_version);
    json_key(json, "annotations");
    json_open(json, '{');
    json_member(json, "pinnace.dev/track", patch->spec->name);
    add_revision(json, patch->revision);
    add_cause(json, patch);
    json_close(json, '}');
    json_close(json, '}');
}

/* The objects around the lists of containers, by kind; opened and closed alike. */
static const char *const *path_of(enum target_kind kind)
{
    static const char *const template[] = {"spec", "template", "spec", NULL};
    static const char *const jobs[] = {"spec", "jobTemplate", "spec", "template", "spec", NULL};
    return kind == TARGET_CRON_JOB ? jobs : template;
}

int workload_patch_write(const struct workload_patch *patch, struct arena *arena,
                         struct str *ret_body, struct err *err)
{
    struct buf buf = BUF_INIT(arena, BODY_MAX_BYTES);
    struct json_writer json = {.buf = &buf};
    const char *const *path = path_of(patch->target->kind);
    size_t depth = 0;
    if (count_meant(patch, false) + count_meant(patch, true) == 0)
        return err_set(err, ERR_INPUT, "%.*s %.*s: no container of it is meant",
                       STR_FMT(target_kind_names[patch->target->kind]),
                       STR_FMT(patch->workload->name));
    json_open(&json, '{');
    add_metadata(&json, patch);
    for (; path[depth]; depth++) {
        json_key(&json, path[depth]);
        json_open(&json, '{');
    }
    add_containers(&json, patch, true);
    add_containers(&json, patch, false);
    for (; depth > 0; depth--)
        json_close(&json, '}');
    json_close(&json, '}');
    return buf_finish(&buf, ret_body, err);
}
