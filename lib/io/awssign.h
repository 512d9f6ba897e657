/* SPDX-License-Identifier: Apache-2.0 */
/* awssign: requests to AWS are signed by who has a secret key, see sigv4.h. */
#ifndef PINNACE_IO_AWSSIGN_H
#define PINNACE_IO_AWSSIGN_H

#include "pinnace/http.h"
#include "pinnace/sigv4.h"

/* What Authorization says of a request with this body; request->body_sum is set. */
int aws_authorize(const struct sigv4_signing *signing, struct str body,
                  struct sigv4_request *request, struct arena *arena, struct str *ret_header,
                  struct err *err);

/* Adds the headers that make it a signed request: after its body and all other headers. */
int aws_sign(const struct sigv4_signing *signing, struct arena *arena, struct http_request *http,
             struct err *err);

#endif
