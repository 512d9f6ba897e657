/* SPDX-License-Identifier: Apache-2.0 */
/* url: the few things about a URL that we must know ourselves. */
#ifndef PINNACE_URL_H
#define PINNACE_URL_H

#include "pinnace/buf.h"

/* "host:port" as written, a slice of the URL: what stands between "://" and the next slash. */
struct str url_host(struct str url);

/* Whether a host is the machine we run on, by its name. */
bool host_is_local(struct str host);

/* One part of a path: what could end it or mean something in it is written as %2F. */
void buf_add_url_part(struct buf *buf, struct str part);

#endif
