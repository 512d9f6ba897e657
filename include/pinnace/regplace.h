/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regplace: where a registry's API is, and to whom its credentials may be told.
 */
#ifndef PINNACE_REGPLACE_H
#define PINNACE_REGPLACE_H

#include "pinnace/buf.h"
#include "pinnace/imageref.h"

enum { REGPLACE_HOST_MAX = 264 };

/* The host whose API is asked: that of Docker Hub has another name than its images. */
struct str registry_api_host(struct str host, char *out, size_t size);

/* "https://registry-1.docker.io/v2/library/nginx/manifests/1.27": of a repository and a tail. */
void buf_add_registry_url(struct buf *buf, struct str api_host, bool plain,
                          const struct imageref *ref, struct str tail);

/* "repository:library/nginx:pull": of a repository and what is to be done there. */
void buf_add_scope(struct buf *buf, const struct imageref *ref, struct str actions);

enum realm_trust {
    REALM_OWN, /* the registry's own host, or one of the same domain: credentials may go there */
    REALM_FOREIGN, /* it may be asked, without credentials */
    REALM_REFUSED, /* not to be talked to: plain, or no URL */
};

/*
 * How far the realm of a challenge may be trusted that api_host sent. Over plain http only for a
 * registry that is plain itself, on its own host.
 */
enum realm_trust realm_trust(struct str realm, struct str api_host, bool plain);

#endif
