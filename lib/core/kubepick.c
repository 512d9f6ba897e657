/* SPDX-License-Identifier: Apache-2.0 */
/* kubepick: which cluster and user a context means, and whether they can be meant at all. */
#include "pinnace/buf.h"
#include "pinnace/kubeconfig.h"

#include "pinnace/banned.h"

/* "a, b and 3 more" */
static void add_names(struct buf *buf, const struct kubeconfig_entry *list)
{
    enum { SHOWN = 8 };
    size_t count = 0;
    for (; list; list = list->next, count++) {
        if (count >= SHOWN)
            continue;
        buf_add(buf, count ? STR(", ") : STR(""));
        buf_add_quoted(buf, list->name, 64);
    }
    if (count > SHOWN)
        buf_addf(buf, " and %zu more", count - SHOWN);
    if (count == 0)
        buf_add(buf, STR("none"));
}

static int no_such(const char *what, struct str name, const struct kubeconfig_entry *list,
                   struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * 1024);
    struct buf names = BUF_INIT(&arena, 4096);
    struct str text = STR("?");
    add_names(&names, list);
    buf_finish(&names, &text, NULL);
    if (!name.len)
        return err_set(err, ERR_INPUT,
                       "no current-context is set: name one with --context; there are: %.*s",
                       STR_FMT(text));
    return err_set(err, ERR_INPUT, "there is no %s \"%.*s\" in the kubeconfig; there are: %.*s",
                   what, STR_FMT(name.len > 64 ? str_head(name, 64) : name), STR_FMT(text));
}

static int refuse(const struct kubeconfig_entry *entry, const char *what, const char *problem,
                  struct err *err)
{
    struct str name = entry->name.len > 64 ? str_head(entry->name, 64) : entry->name;
    return err_set(err, ERR_INPUT, "%s \"%.*s\": %s", what, STR_FMT(name), problem);
}

static bool proxy_is_known(struct str url)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://"),
                                         STR_INIT("socks5://")};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (str_starts(url, schemes[i]))
            return true;
    return false;
}

static int check_cluster(const struct kubeconfig_cluster *cluster, struct err *err)
{
    const char *problem = NULL;
    struct str server = cluster->server;
    bool plain = str_starts(server, STR("http://"));
    if (!plain && !str_starts(server, STR("https://")))
        problem = "server: an address such as https://host:6443 was expected";
    else if (str_find(server, '?') != STR_NOT_FOUND || str_find(server, '#') != STR_NOT_FOUND)
        problem = "server: neither ? nor # belongs into the address of a cluster";
    else if (cluster->insecure && (cluster->ca_data.len || cluster->ca_file.len))
        problem = "a certificate-authority has no meaning beside insecure-skip-tls-verify: "
                  "remove one of them";
    else if (cluster->proxy_url.len && !proxy_is_known(cluster->proxy_url))
        problem = "proxy-url: http, https or socks5 was expected";
    return problem ? refuse(&cluster->entry, "cluster", problem, err) : 0;
}

static int check_exec(const struct kubeconfig_user *user, struct err *err)
{
    const struct kubeconfig_exec *exec = user->exec;
    const char *problem = NULL;
    if (!exec->command.len)
        problem = "exec.command: is missing";
    else if (!str_eq(exec->api_version, STR("client.authentication.k8s.io/v1")) &&
             !str_eq(exec->api_version, STR("client.authentication.k8s.io/v1beta1")))
        problem = "exec.apiVersion: client.authentication.k8s.io/v1 or v1beta1 was expected";
    return problem ? refuse(&user->entry, "user", problem, err) : 0;
}

static int check_user(const struct kubeconfig_user *user, struct err *err)
{
    bool cert = user->cert_file.len || user->cert_data.len;
    bool key = user->key_file.len || user->key_data.len;
    const char *problem = NULL;
    if (cert != key)
        problem = "a client-certificate and a client-key belong together";
    else if (user->username.len && (user->token.len || user->token_file.len))
        problem = "a token and a username are two ways to log in: remove one of them";
    else if (user->auth_provider)
        problem = "auth-provider is no longer supported by Kubernetes: use an exec plugin "
                  "(for AKS: kubelogin convert-kubeconfig)";
    else if (user->as_extra)
        problem = "as-user-extra is not supported";
    else if (!user->as.len && (user->as_uid.len || user->as_groups))
        problem = "as-uid and as-groups need as";
    if (problem)
        return refuse(&user->entry, "user", problem, err);
    return user->exec ? check_exec(user, err) : 0;
}

static const struct kubeconfig_user nobody;

int kubeconfig_pick(const struct kubeconfig *config, struct str context,
                    struct kubeconfig_choice *ret_choice, struct err *err)
{
    struct str name = context.len ? context : config->current_context;
    const struct kubeconfig_entry *found =
        name.len ? kubeconfig_find(config->contexts, name) : NULL;
    if (!found)
        return no_such("context", name, config->contexts, err);
    const struct kubeconfig_context *chosen = (const struct kubeconfig_context *)found;
    const struct kubeconfig_entry *cluster = kubeconfig_find(config->clusters, chosen->cluster);
    const struct kubeconfig_entry *user = kubeconfig_find(config->users, chosen->user);
    if (!chosen->cluster.len)
        return refuse(&chosen->entry, "context", "cluster: is missing", err);
    if (!cluster)
        return no_such("cluster", chosen->cluster, config->clusters, err);
    if (!user && chosen->user.len)
        return no_such("user", chosen->user, config->users, err);
    struct kubeconfig_choice choice = {
        .cluster = (const struct kubeconfig_cluster *)cluster,
        .user = user ? (const struct kubeconfig_user *)user : &nobody,
        .namespace = chosen->namespace.len ? chosen->namespace : STR("default"),
    };
    if (check_cluster(choice.cluster, err) < 0 || check_user(choice.user, err) < 0)
        return -1;
    *ret_choice = choice;
    return 0;
}
