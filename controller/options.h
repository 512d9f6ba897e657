/* SPDX-License-Identifier: Apache-2.0 */
/* options: the command line of pinnace-controller. */
#ifndef PINNACE_CONTROLLER_OPTIONS_H
#define PINNACE_CONTROLLER_OPTIONS_H

#include "pinnace/cmdline.h"
#include "pinnace/registry.h"

struct options {
    const char *kubeconfig, *context, *namespace; /* NULL: those of the pod it runs in */
    const char *health;
    const char *hooks, *hooks_secrets; /* NULL: no hints are listened to */
    bool no_certificates;
    const char *registry_ca; /* a file */
    bool pull_secrets, account_identity;
    struct registry_options registry; /* hosts and mirrors */
    struct registry_mirror mirrors[REGISTRY_LIST_MAX];
};

/* The strings are those of argv, which must live on, as *ret_options must stay where it is. */
enum cmdline_result options_read(int argc, char **argv, struct options *ret_options);

#endif
