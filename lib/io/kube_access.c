/* SPDX-License-Identifier: Apache-2.0 */
/* kube_access: see the header. A pod's account is made a cluster and a user like any other. */
#include "kube_access.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "pinnace/banned.h"

enum {
    ROOM = 64 * 1024 * 1024,
    FILE_MAX_BYTES = 1024 * 1024,
    READ_AGAIN_MS = 60 * 1000,
};

#define POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount/"

/* What the kubeconfig holds itself, or else what is in the file that it names. */
static int read_either(struct str data, struct str file, struct arena *arena, struct str *ret_text,
                       struct err *err)
{
    *ret_text = data;
    return data.len || !file.len ? 0 : file_read(file.ptr, FILE_MAX_BYTES, arena, ret_text, err);
}

static int read_files(const struct kube_access *access, struct kube_files *files, struct err *err)
{
    const struct kubeconfig_cluster *cluster = &access->cluster;
    const struct kubeconfig_user *user = &access->user;
    struct arena *arena = &files->arena;
    if (read_either(cluster->ca_data, cluster->ca_file, arena, &files->ca, err) < 0 ||
        read_either(user->cert_data, user->cert_file, arena, &files->cert, err) < 0 ||
        read_either(user->key_data, user->key_file, arena, &files->key, err) < 0 ||
        read_either(STR_NONE, user->token_file, arena, &files->token, err) < 0)
        return -1;
    files->token = user->token_file.len ? str_trimmed(files->token) : user->token;
    return 0;
}

/* If they cannot be read just now, the last ones are better than none. */
static int read_files_again(struct kube_access *access, struct err *err)
{
    int64_t now = clock_boot_ms();
    bool first = access->files.read_at == 0;
    if (!first && !access->refused && now - access->files.read_at < READ_AGAIN_MS)
        return 0;
    struct kube_files files = {.arena = ARENA_INIT(ROOM), .read_at = now};
    if (read_files(access, &files, err) < 0) {
        arena_free(&files.arena);
        return first ? -1 : 0;
    }
    arena_free(&access->files.arena);
    access->files = files;
    return 0;
}

static void add_header(struct http_request *request, const char *name, struct str value)
{
    if (value.len && request->header_count < HTTP_HEADERS_MAX)
        request->headers[request->header_count++] = (struct http_header){name, value};
}

/* Header by header: a group that does not fit would be a right less, or more, than was meant. */
static int add_impersonation(const struct kubeconfig_user *user, struct http_request *request,
                             struct err *err)
{
    add_header(request, "Impersonate-User", user->as);
    add_header(request, "Impersonate-Uid", user->as_uid);
    for (const struct kubeconfig_word *group = user->as_groups; group; group = group->next) {
        if (request->header_count == HTTP_HEADERS_MAX)
            return err_set(err, ERR_LIMIT, "as-groups: too many of them");
        add_header(request, "Impersonate-Group", group->text);
    }
    return 0;
}

static void fill_identity(const struct kube_access *access, struct http_request *request)
{
    const struct exec_credential *word = &access->plugin.credential;
    struct str token = word->token.len ? word->token : access->files.token;
    request->tls.cert = word->cert.len ? word->cert : access->files.cert;
    request->tls.key = word->cert.len ? word->key : access->files.key;
    request->username = access->user.username;
    request->password = access->user.password;
    request->bearer = token;
}

int kube_access_left(const struct kube_access *access, int wanted_ms)
{
    int64_t left = access->until_ms - clock_boot_ms();
    if (!access->until_ms || left > wanted_ms)
        return wanted_ms;
    return left > 0 ? (int)left : 0;
}

int kube_access_fill(struct kube_access *access, struct http_request *request, struct err *err)
{
    if (read_files_again(access, err) < 0 || kube_plugin_ask(access, err) < 0 ||
        add_impersonation(&access->user, request, err) < 0)
        return -1;
    access->refused = false;
    request->tls.ca = access->files.ca;
    request->tls.server_name = access->cluster.tls_server_name;
    request->tls.insecure = access->cluster.insecure;
    request->proxy_url = access->cluster.proxy_url;
    request->proxy = access->cluster.proxy_url.len ? HTTP_PROXY_GIVEN
                     : access->from_pod            ? HTTP_NO_PROXY
                                                   : HTTP_PROXY_FROM_ENVIRONMENT;
    fill_identity(access, request);
    return 0;
}

bool kube_access_refused(struct kube_access *access)
{
    access->refused = true;
    return access->user.exec || access->user.token_file.len || access->user.cert_file.len;
}

/* "https://HOST:PORT", with brackets around an address that has colons itself. */
static int pod_server(struct arena *arena, struct str *ret_server, struct err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    struct buf server = BUF_INIT(arena, 1024);
    if (!host || !host[0] || !port || !port[0])
        return err_set(err, ERR_SYSTEM,
                       "KUBERNETES_SERVICE_HOST is not set: this is no pod; name a --kubeconfig");
    buf_addf(&server, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    return buf_finish(&server, ret_server, err);
}

static int use_pod(struct kube_access *access, struct err *err)
{
    struct str namespace = STR_NONE;
    if (pod_server(&access->arena, &access->cluster.server, err) < 0 ||
        file_read(POD_FOLDER "namespace", 256, &access->arena, &namespace, err) < 0)
        return -1;
    access->cluster.ca_file = STR(POD_FOLDER "ca.crt");
    access->user.token_file = STR(POD_FOLDER "token");
    access->namespace = str_trimmed(namespace);
    access->from_pod = true;
    return 0;
}

static int use_kubeconfig(struct kube_access *access, const struct kube_options *options,
                          struct err *err)
{
    struct kubeconfig config = {0};
    struct kubeconfig_choice choice;
    bool found = false;
    if (kube_files_find(options, &access->arena, &config, &found, err) < 0)
        return -1;
    if (!found && getenv("KUBERNETES_SERVICE_HOST"))
        return use_pod(access, err);
    if (!found)
        return err_set(err, ERR_SYSTEM,
                       "no kubeconfig was found in $KUBECONFIG or at ~/.kube/config: name one "
                       "with --kubeconfig");
    if (kubeconfig_pick(&config, str_of(options->context), &choice, err) < 0)
        return -1;
    access->cluster = *choice.cluster;
    access->user = *choice.user;
    access->namespace = choice.namespace;
    return 0;
}

static int open_access(struct kube_access *access, const struct kube_options *options,
                       struct err *err)
{
    bool pod = options->in_pod && !options->kubeconfig;
    if ((pod ? use_pod(access, err) : use_kubeconfig(access, options, err)) < 0)
        return -1;
    if (options->as) {
        access->user.as = str_of(options->as);
        access->user.as_uid = STR_NONE;
        access->user.as_groups = NULL;
    }
    access->until_ms = options->in_all_ms ? clock_boot_ms() + options->in_all_ms : 0;
    if (options->namespace)
        access->namespace = str_of(options->namespace);
    access->server = access->cluster.server;
    while (str_ends(access->server, STR("/")))
        access->server.len--;
    return read_files_again(access, err);
}

int kube_access_open(const struct kube_options *options, struct kube_access *ret_access,
                     struct err *err)
{
    struct kube_access access = {.arena = ARENA_INIT(ROOM)};
    if (open_access(&access, options, err) < 0) {
        kube_access_close(&access);
        return -1;
    }
    *ret_access = access;
    return 0;
}

void kube_access_close(struct kube_access *access)
{
    arena_free(&access->files.arena);
    arena_free(&access->plugin.arena);
    arena_free(&access->arena);
}
