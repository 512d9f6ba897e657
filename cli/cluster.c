/* SPDX-License-Identifier: Apache-2.0 */
/* cluster: see the header. */
#include "cluster.h"

#include "pinnace/banned.h"

enum { HOSTS = 4 };

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
