/* SPDX-License-Identifier: Apache-2.0 */
/* kube_access: where the cluster is, whom to trust there and by what we are known. */
#ifndef PINNACE_KUBE_ACCESS_H
#define PINNACE_KUBE_ACCESS_H

#include "pinnace/execcred.h"
#include "pinnace/kube.h"

/* What is read from files again and again. */
struct kube_files {
    struct arena arena;
    struct str ca, cert, key, token;
    int64_t read_at; /* 0: not yet */
};

struct kube_plugin_word {
    struct arena arena;
    struct exec_credential credential;
    bool said;
};

struct kube_access {
    struct arena arena;
    struct kubeconfig_cluster cluster;
    struct kubeconfig_user user;
    struct str server, namespace;
    bool from_pod;
    int64_t until_ms; /* by clock_boot_ms, everything; 0: no such limit */
    struct kube_files files;
    struct kube_plugin_word plugin;
    bool refused; /* what we have was not taken: read it all again */
};

int kube_access_open(const struct kube_options *options, struct kube_access *ret_access,
                     struct err *err);
void kube_access_close(struct kube_access *access);

/* What is left of it at most. */
int kube_access_left(const struct kube_access *access, int wanted_ms);

/* Puts all but method, URL and body into request, after reading again what may have changed. */
int kube_access_fill(struct kube_access *access, struct http_request *request, struct err *err);

/* After a 401: whether asking again may go better. */
bool kube_access_refused(struct kube_access *access);

/* Runs the plugin if there is one and its last word no longer counts. */
int kube_plugin_ask(struct kube_access *access, struct err *err);

#endif
