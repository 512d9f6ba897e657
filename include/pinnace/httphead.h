/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httphead: whether the head of an HTTP request can be meant in one way only. A proxy and a server
 * that disagree about where a request ends let one client speak in another's name.
 */
#ifndef PINNACE_HTTPHEAD_H
#define PINNACE_HTTPHEAD_H

#include "pinnace/str.h"

/* The fields that say where the body ends and what it is, as often as they came. */
struct http_head {
    bool version_1_0;
    unsigned hosts, lengths, encodings, types;
    struct str length, encoding, type; /* the last of each */
};

/* Takes note of one header field; names are compared without regard to case. */
void http_head_add(struct http_head *head, struct str name, struct str value);

/* NULL when the framing is sound, else a sentence: the request must be refused. */
const char *http_head_fault(const struct http_head *head);

/* The announced length of the body; 0 if there is none, UINT64_MAX if it is too large a number. */
uint64_t http_head_length(const struct http_head *head);

/* Whether a Content-Type names this type, whatever parameters follow. */
bool http_type_is(struct str header, struct str type);

#endif
