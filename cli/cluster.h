/* SPDX-License-Identifier: Apache-2.0 */
/* cluster: what the verbs share that ask a cluster: kubectl's options for which one, and as whom. */
#ifndef PINNACE_CLI_CLUSTER_H
#define PINNACE_CLI_CLUSTER_H

#include "pinnace/kube.h"

#include "cli.h"

/* They come first in the table of such a verb, whose own options begin at CLUSTER_OPTIONS. */
#define CLUSTER_OPTION_ROWS                                                                        \
    {'\0', "kubeconfig", "FILE", "FILE", "as for kubectl, as are the next three"},                 \
        {'\0', "context", "NAME", "CONTEXT", "of the kubeconfig, instead of the current one"},     \
        {'n', "namespace", "NAME", "NAMESPACE", "instead of the context's"},                       \
    {                                                                                              \
        '\0', "as", "USER", NULL, "ask as this user"                                               \
    }
enum { CLUSTER_KUBECONFIG, CLUSTER_CONTEXT, CLUSTER_NAMESPACE, CLUSTER_AS, CLUSTER_OPTIONS };

/* Whether the option that was found is one of them; then it is taken. */
bool cluster_take(struct kube_options *options, int found, const char *value);

struct cluster {
    struct http *http;
    struct kube *kube;
};

int cluster_open(struct cluster *cluster, const struct kube_options *options, struct err *err);
void cluster_close(struct cluster *cluster);
#define CLUSTER_SCOPED __attribute__((cleanup(cluster_close)))

/* Tells what an API server's "no" was about; EXIT_BAD_INPUT. */
int cluster_error(const struct kube_error *error);

/* Questions that need not wait for each other. */
struct cluster_question {
    struct kube_request request; /* without on_done */
    struct str body;             /* in the arena */
    struct kube_error error;
    struct arena *arena;
    struct kube_call *call; /* while it is under way: whoever sent it awaits it */
};

/* Sends one, which is answered while others are asked other things, and waits for its answer. */
void cluster_send(struct kube *kube, struct cluster_question *question, struct arena *arena);
void cluster_await(struct kube *kube, struct cluster_question *question);

/* Asks them all at once and returns when each is answered. */
void cluster_ask_all(struct kube *kube, struct cluster_question *questions, size_t count,
                     struct arena *arena);

/* Who we are there: what to ask, and what the answer means. */
struct kube_request cluster_who_request(struct arena *arena);
int cluster_who_read(struct str body, struct arena *arena, struct str *ret_user, int64_t *ret_now,
                     struct kube_error *error);

/* Who we are there, and what time it is by its clock: this machine's may be another. */
int cluster_who(struct kube *kube, struct arena *arena, struct str *ret_user, int64_t *ret_now,
                struct kube_error *error);

#endif
