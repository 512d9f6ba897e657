/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execcred: what is said between us and a program that hands out credentials for a cluster: an
 * ExecCredential of client.authentication.k8s.io, either way.
 */
#ifndef PINNACE_EXECCRED_H
#define PINNACE_EXECCRED_H

#include "pinnace/buf.h"
#include "pinnace/kubeconfig.h"

enum { EXECCRED_MAX_BYTES = 1024 * 1024 };

/* The value of KUBERNETES_EXEC_INFO; cluster may be NULL, and is when it was not asked for. */
void buf_add_exec_info(struct buf *buf, struct str api_version, bool interactive,
                       const struct kubeconfig_cluster *cluster);

struct exec_credential {
    struct str token, cert, key; /* a token, a certificate with its key, or both */
    int64_t expires;             /* seconds since 1970; 0: it does not say */
};

int exec_credential_read(struct str json, struct str api_version, struct arena *arena,
                         struct exec_credential *ret_credential, struct err *err);

#endif
