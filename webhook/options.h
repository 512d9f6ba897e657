/* SPDX-License-Identifier: Apache-2.0 */
/* options: the command line of pinnace-webhook. */
#ifndef PINNACE_WEBHOOK_OPTIONS_H
#define PINNACE_WEBHOOK_OPTIONS_H

#include "pinnace/cmdline.h"

struct options {
    bool standalone;
    const char *listen, *health;
    const char *tls_cert, *tls_key, *client_ca;
    const char *policy, *ledger;      /* standalone only */
    const char *kubeconfig, *context; /* in a cluster only */
    unsigned lame_duck;               /* seconds */
    unsigned threads, connections;
    bool log_allowed;
};

/* The strings are those of argv. */
enum cmdline_result options_read(int argc, char **argv, struct options *ret_options);

#endif
