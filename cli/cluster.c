/* SPDX-License-Identifier: Apache-2.0 */
/* cluster: see the header. */
#include "cluster.h"

#include "pinnace/file.h"
#include "pinnace/json.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { HOSTS = 4, TEXT_MAX = 64 * 1024 };

static const struct kube_resource self_reviews = {"/apis/authentication.k8s.io/v1",
                                                  "selfsubjectreviews"};

bool cluster_take(struct kube_options *options, int found, const char *value)
{
    switch (found) {
    case CLUSTER_KUBECONFIG:
        options->kubeconfig = value;
        return true;
    case CLUSTER_CONTEXT:
        options->context = value;
        return true;
    case CLUSTER_NAMESPACE:
        options->namespace = value;
        return true;
    case CLUSTER_AS:
        options->as = value;
        return true;
    default:
        return false;
    }
}

int cluster_open(struct cluster *cluster, const struct kube_options *options, struct err *err)
{
    if (http_open(HOSTS, &cluster->http, err) < 0)
        return -1;
    return kube_open(cluster->http, options, &cluster->kube, err);
}

void cluster_close(struct cluster *cluster)
{
    kube_close(&cluster->kube);
    http_close(&cluster->http);
}

int cluster_error(const struct kube_error *error)
{
    return cli_error("%s", error->text);
}

int cluster_who(struct kube *kube, struct arena *arena, struct str *ret_user, int64_t *ret_now,
                struct kube_error *error)
{
    const struct kube_request asking = {
        .verb = KUBE_CREATE,
        .path = kube_path(arena, self_reviews, STR_NONE, STR_NONE, NULL),
        .body =
            STR("{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}")};
    JSON_SCOPED struct cJSON *tree = NULL;
    struct json_fields root = {0}, status = {0}, user = {0}, metadata = {0};
    struct str body, created = STR_NONE;
    struct err err;
    if (kube_ask(kube, &asking, arena, &body, error) < 0)
        return -1;
    if (json_read(body, TEXT_MAX, &tree, &err) == 0) {
        root.object = tree;
        if (json_get_object(&root, "status", &status, &err) == 0 &&
            json_get_object(&status, "userInfo", &user, &err) == 0 &&
            json_get_string(&user, "username", arena, ret_user, &err) == 0 &&
            json_get_object(&root, "metadata", &metadata, &err) == 0 &&
            json_get_string(&metadata, "creationTimestamp", arena, &created, &err) == 0 &&
            ret_user->len) {
            if (!created.len || !when_parse(created, ret_now))
                *ret_now = clock_now();
            return 0;
        }
    }
    err_set(&err, ERR_INPUT, "status.userInfo.username: is missing");
    kube_error_set(error, (struct kube_question){"POST", asking.path}, KUBE_GARBLED, &err);
    return -1;
}
