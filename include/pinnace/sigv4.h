/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4: the texts of AWS's signature version 4. What is signed is a request in a form that both sides
 * can write alike; the sums over these texts are made in lib/io/awssign.c, in this order:
 *
 *     sum of the body -> buf_add_sigv4_request -> sum -> buf_add_sigv4_string -> keyed sum
 *     -> buf_add_sigv4_header
 */
#ifndef PINNACE_SIGV4_H
#define PINNACE_SIGV4_H

#include "pinnace/buf.h"

enum { SIGV4_HEADERS_MAX = 16, SIGV4_FIELDS_MAX = 32, SIGV4_REQUEST_MAX = 128 * 1024 };

struct sigv4_header {
    struct str name, value;
};

struct sigv4_request {
    struct str method;
    struct str path, query;             /* as they stand in the URL: "/", and encoded already */
    const struct sigv4_header *headers; /* all that is to be signed: Host and X-Amz-Date at least */
    size_t header_count;
    struct str body_sum; /* SHA-256, in hex */
};

/* For what a signature is good. */
struct sigv4_scope {
    int64_t at; /* seconds since 1970: five minutes to either side */
    struct str region, service;
};

/* Who signs, and what for. */
struct sigv4_signing {
    struct sigv4_scope scope;
    struct str key_id, secret;
    struct str token; /* of credentials that end, for X-Amz-Security-Token; .len 0: none */
};

/* "20150830T123600Z", what X-Amz-Date says. */
void buf_add_sigv4_when(struct buf *buf, int64_t at);
/* The first part of that: the day. */
void buf_add_sigv4_day(struct buf *buf, int64_t at);

/* Headers by name, in lower case and with single spaces; a query by name and value. The buffer fails
 * when there are more of them than there may be. */
void buf_add_sigv4_request(struct buf *buf, const struct sigv4_request *request);
void buf_add_sigv4_string(struct buf *buf, const struct sigv4_scope *scope, struct str request_sum);
/* What Authorization says. */
void buf_add_sigv4_header(struct buf *buf, const struct sigv4_signing *signing,
                          const struct sigv4_request *request, struct str signature);

#endif
