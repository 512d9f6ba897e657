/* SPDX-License-Identifier: Apache-2.0 */
/* accounttoken: a short-lived token of a ServiceAccount for somebody outside of the cluster, and who makes it. */
#ifndef PINNACE_ACCOUNTTOKEN_H
#define PINNACE_ACCOUNTTOKEN_H

#include "pinnace/buf.h"

enum { ACCOUNT_TOKEN_LIFE_S = 3600 };

/* The TokenRequest that is posted to …/serviceaccounts/NAME/token. */
void buf_add_account_token_request(struct buf *buf, struct str audience);

/* The token in its answer. */
int account_token_read(struct str json, struct arena *arena, struct str *ret_token,
                       struct err *err);

/* Who makes such tokens: the issuer of "/.well-known/openid-configuration". */
int account_issuer_read(struct str json, struct arena *arena, struct str *ret_issuer,
                        struct err *err);

#endif
