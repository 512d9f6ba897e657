/* SPDX-License-Identifier: Apache-2.0 */
/* execcred: see the header. */
#include "pinnace/execcred.h"

#include "pinnace/base64.h"
#include "pinnace/json.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

static void add_cluster(struct json_writer *writer, const struct kubeconfig_cluster *cluster)
{
    json_key(writer, "cluster");
    json_open(writer, '{');
    json_member(writer, "server", cluster->server);
    if (cluster->tls_server_name.len)
        json_member(writer, "tls-server-name", cluster->tls_server_name);
    if (cluster->proxy_url.len)
        json_member(writer, "proxy-url", cluster->proxy_url);
    if (cluster->insecure) {
        json_key(writer, "insecure-skip-tls-verify");
        json_bool(writer, true);
    }
    if (cluster->ca_data.len) {
        struct arena arena ARENA_SCOPED = ARENA_INIT(8 * KUBECONFIG_MAX_BYTES);
        struct buf base64 = BUF_INIT(&arena, 2 * KUBECONFIG_MAX_BYTES);
        struct str text = STR_NONE;
        buf_add_base64(&base64, cluster->ca_data);
        if (buf_finish(&base64, &text, NULL) < 0)
            writer->buf->failed = true;
        json_member(writer, "certificate-authority-data", text);
    }
    json_close(writer, '}');
}

void buf_add_exec_info(struct buf *buf, struct str api_version, bool interactive,
                       const struct kubeconfig_cluster *cluster)
{
    struct json_writer writer = {.buf = buf};
    json_open(&writer, '{');
    json_member(&writer, "apiVersion", api_version);
    json_member(&writer, "kind", STR("ExecCredential"));
    json_key(&writer, "spec");
    json_open(&writer, '{');
    json_key(&writer, "interactive");
    json_bool(&writer, interactive);
    if (cluster)
        add_cluster(&writer, cluster);
    json_close(&writer, '}');
    json_close(&writer, '}');
}

static int read_status(const struct json_fields *status, struct arena *arena,
                       struct exec_credential *credential, struct err *err)
{
    struct str expires = STR_NONE;
    if (json_get_string(status, "token", arena, &credential->token, err) < 0 ||
        json_get_string(status, "clientCertificateData", arena, &credential->cert, err) < 0 ||
        json_get_string(status, "clientKeyData", arena, &credential->key, err) < 0 ||
        json_get_string(status, "expirationTimestamp", arena, &expires, err) < 0)
        return -1;
    if (expires.len && !when_parse(expires, &credential->expires))
        return err_set(err, ERR_INPUT, "status.expirationTimestamp: this is no point in time");
    if (!credential->cert.len != !credential->key.len)
        return err_set(err, ERR_INPUT,
                       "status: clientCertificateData and clientKeyData belong together");
    if (!credential->token.len && !credential->cert.len)
        return err_set(err, ERR_INPUT, "status: neither a token nor a certificate is in it");
    return 0;
}

int exec_credential_read(struct str json, struct str api_version, struct arena *arena,
                         struct exec_credential *ret_credential, struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct exec_credential credential = {0};
    struct str kind = STR_NONE, version = STR_NONE;
    if (json_read(json, EXECCRED_MAX_BYTES, &tree, err) < 0)
        return -1;
    struct json_fields root = {.object = tree}, status = {0};
    if (json_get_string(&root, "kind", arena, &kind, err) < 0 ||
        json_get_string(&root, "apiVersion", arena, &version, err) < 0 ||
        json_get_object(&root, "status", &status, err) < 0)
        return -1;
    if (!str_eq(kind, STR("ExecCredential")))
        return err_set(err, ERR_INPUT, "kind: an ExecCredential was expected");
    if (!str_eq(version, api_version))
        return err_set(err, ERR_INPUT, "apiVersion: %.*s was expected, as the kubeconfig says",
                       STR_FMT(api_version));
    if (read_status(&status, arena, &credential, err) < 0)
        return -1;
    *ret_credential = credential;
    return 0;
}
