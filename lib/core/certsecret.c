/* SPDX-License-Identifier: Apache-2.0 */
/* certsecret: see the header. */
#include "pinnace/certsecret.h"

#include "pinnace/base64.h"
#include "pinnace/json.h"
#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

static int get_bytes(const struct json_fields *data, const char *name, struct arena *arena,
                     struct str *ret_bytes, struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(data, name, arena, &text, err) < 0)
        return -1;
    if (text.len && base64_decode(text, arena, ret_bytes, err) < 0)
        return err_prefix(err, "data.%s: ", name);
    return 0;
}

int certsecret_read(struct str json, struct arena *arena, struct certsecret *ret_secret,
                    struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct certsecret secret = {0};
    if (json_read(json, CERTSECRET_MAX_BYTES, &tree, err) < 0)
        return -1;
    struct json_fields root = {.object = tree}, metadata = {0}, data = {0};
    if (json_get_object(&root, "metadata", &metadata, err) < 0 ||
        json_get_string(&metadata, "resourceVersion", arena, &secret.version, err) < 0 ||
        json_get_object(&root, "data", &data, err) < 0 ||
        get_bytes(&data, "tls.crt", arena, &secret.cert, err) < 0 ||
        get_bytes(&data, "tls.key", arena, &secret.key, err) < 0 ||
        get_bytes(&data, "previous.crt", arena, &secret.previous, err) < 0)
        return -1;
    if (!secret.version.len)
        return err_set(err, ERR_INPUT, "metadata.resourceVersion: is missing");
    *ret_secret = secret;
    return 0;
}

static void add_bytes(struct json_writer *writer, const char *key, struct str bytes)
{
    json_key(writer, key);
    buf_add_char(writer->buf, '"');
    buf_add_base64(writer->buf, bytes);
    buf_add_char(writer->buf, '"');
    writer->comma = true;
}

static void add_data(struct json_writer *writer, const struct certsecret *secret)
{
    json_key(writer, "data");
    json_open(writer, '{');
    add_bytes(writer, "tls.crt", secret->cert);
    add_bytes(writer, "tls.key", secret->key);
    if (secret->previous.len) {
        add_bytes(writer, "previous.crt", secret->previous);
    } else if (secret->version.len) { /* what a merge patch does not name would stay */
        json_key(writer, "previous.crt");
        buf_add(writer->buf, STR("null"));
        writer->comma = true;
    }
    json_close(writer, '}');
}

void buf_add_certsecret(struct buf *buf, struct str name, const struct certsecret *secret)
{
    struct json_writer writer = {.buf = buf};
    json_open(&writer, '{');
    json_member(&writer, "apiVersion", STR("v1"));
    json_member(&writer, "kind", STR("Secret"));
    json_member(&writer, "type", STR("kubernetes.io/tls"));
    json_key(&writer, "metadata");
    json_open(&writer, '{');
    json_member(&writer, "name", name);
    if (secret->version.len)
        json_member(&writer, "resourceVersion", secret->version);
    json_key(&writer, "labels");
    json_open(&writer, '{');
    json_member(&writer, "app.kubernetes.io/part-of", STR("pinnace"));
    json_close(&writer, '}');
    json_close(&writer, '}');
    add_data(&writer, secret);
    json_close(&writer, '}');
}
