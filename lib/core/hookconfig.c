/* SPDX-License-Identifier: Apache-2.0 */
/* hookconfig: see the header. */
#include "pinnace/hookconfig.h"

#include <stdio.h>

#include "pinnace/base64.h"
#include "pinnace/json.h"
#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

int hookconfig_owner_read(struct str json, struct arena *arena, struct hookconfig_owner *ret_owner,
                          struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct hookconfig_owner owner = {0};
    if (json_read(json, HOOKCONFIG_MAX_BYTES, &tree, err) < 0)
        return -1;
    struct json_fields root = {.object = tree}, metadata = {0};
    if (json_get_object(&root, "metadata", &metadata, err) < 0 ||
        json_get_string(&metadata, "name", arena, &owner.name, err) < 0 ||
        json_get_string(&metadata, "uid", arena, &owner.uid, err) < 0)
        return -1;
    if (!owner.name.len || !owner.uid.len)
        return err_set(err, ERR_INPUT, "metadata: name and uid were expected");
    *ret_owner = owner;
    return 0;
}

static int read_entry(const struct json_fields *entry, struct arena *arena, struct str *ret_bundle,
                      struct err *err)
{
    struct json_fields client = {0};
    struct str text = STR_NONE, bundle = STR_NONE;
    if (json_get_object(entry, "clientConfig", &client, err) < 0 ||
        json_get_string(&client, "caBundle", arena, &text, err) < 0)
        return -1;
    if (text.len && base64_decode(text, arena, &bundle, err) < 0)
        return err_prefix(err, "%s.caBundle: ", client.path);
    *ret_bundle = bundle;
    return 0;
}

static int read_entries(const struct json_fields *root, struct arena *arena,
                        struct hookconfig *config, struct err *err)
{
    struct json_list list;
    struct json_fields entry = {0};
    int more;
    if (json_get_list(root, "webhooks", &list, err) < 0)
        return -1;
    if (list.count > HOOKCONFIG_MAX_ENTRIES)
        return err_set(err, ERR_LIMIT, "webhooks: more than %d", HOOKCONFIG_MAX_ENTRIES);
    config->bundles = arena_array(arena, struct str, list.count);
    if (!config->bundles)
        return err_no_memory(err);
    while ((more = json_next_object(&list, &entry, err)) > 0)
        if (read_entry(&entry, arena, &config->bundles[config->count++], err) < 0)
            return -1;
    return more;
}

static int read_owners(const struct json_fields *metadata, struct str owner_uid,
                       struct arena *arena, struct hookconfig *config, struct err *err)
{
    struct json_list list;
    struct json_fields owner = {0};
    int more;
    if (json_get_list(metadata, "ownerReferences", &list, err) < 0)
        return -1;
    config->has_owners = list.present;
    while ((more = json_next_object(&list, &owner, err)) > 0) {
        struct str uid = STR_NONE;
        if (json_get_string(&owner, "uid", arena, &uid, err) < 0)
            return -1;
        if (uid.len && str_eq(uid, owner_uid))
            config->is_owned = true;
    }
    return more;
}

int hookconfig_read(struct str json, struct str owner_uid, struct arena *arena,
                    struct hookconfig *ret_config, struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct hookconfig config = {0};
    if (json_read(json, HOOKCONFIG_MAX_BYTES, &tree, err) < 0)
        return -1;
    struct json_fields root = {.object = tree}, metadata = {0};
    if (json_get_object(&root, "metadata", &metadata, err) < 0 ||
        json_get_string(&metadata, "resourceVersion", arena, &config.version, err) < 0 ||
        read_owners(&metadata, owner_uid, arena, &config, err) < 0 ||
        read_entries(&root, arena, &config, err) < 0)
        return -1;
    if (!config.version.len)
        return err_set(err, ERR_INPUT, "metadata.resourceVersion: is missing");
    *ret_config = config;
    return 0;
}

static void begin_step(struct json_writer *writer, const char *operation, const char *path)
{
    json_open(writer, '{');
    json_member(writer, "op", str_of(operation));
    json_member(writer, "path", str_of(path));
    json_key(writer, "value");
}

static void add_owner(struct json_writer *writer, const struct hookconfig *config,
                      const struct hookconfig_owner *owner)
{
    begin_step(writer, "add",
               config->has_owners ? "/metadata/ownerReferences/-" : "/metadata/ownerReferences");
    if (!config->has_owners)
        json_open(writer, '[');
    json_open(writer, '{');
    json_member(writer, "apiVersion", STR("v1"));
    json_member(writer, "kind", STR("Namespace"));
    json_member(writer, "name", owner->name);
    json_member(writer, "uid", owner->uid);
    json_close(writer, '}');
    if (!config->has_owners)
        json_close(writer, ']');
    json_close(writer, '}');
}

static void add_bundles(struct json_writer *writer, size_t count, struct str bundle)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(HOOKCONFIG_MAX_BYTES);
    struct buf base64 = BUF_INIT(&arena, HOOKCONFIG_MAX_BYTES / 4);
    struct str text = STR_NONE;
    buf_add_base64(&base64, bundle);
    if (buf_finish(&base64, &text, NULL) < 0)
        writer->buf->failed = true;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/webhooks/%zu/clientConfig/caBundle", i);
        begin_step(writer, "add", path);
        json_string(writer, text);
        json_close(writer, '}');
    }
}

void buf_add_hookconfig_patch(struct buf *buf, const struct hookconfig *config, struct str bundle,
                              const struct hookconfig_owner *owner)
{
    struct json_writer writer = {.buf = buf};
    json_open(&writer, '[');
    begin_step(&writer, "replace", "/metadata/resourceVersion");
    json_string(&writer, config->version);
    json_close(&writer, '}');
    if (owner)
        add_owner(&writer, config, owner);
    if (bundle.len)
        add_bundles(&writer, config->count, bundle);
    json_close(&writer, ']');
}
