/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonwrite: JSON out, piece by piece, into a buf; commas and escapes are its business. What was
 * not UTF-8 becomes U+FFFD, so that every answer is well-formed whatever it quotes.
 */
#ifndef PINNACE_JSONWRITE_H
#define PINNACE_JSONWRITE_H

#include "pinnace/buf.h"

struct json_writer {
    struct buf *buf;
    bool comma; /* the next member or element needs one before it */
};

void json_open(struct json_writer *writer, char bracket);
void json_close(struct json_writer *writer, char bracket);
void json_key(struct json_writer *writer, const char *key);
void json_string(struct json_writer *writer, struct str value);
void json_number(struct json_writer *writer, int64_t value);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);

/* key and value at once */
void json_member(struct json_writer *writer, const char *key, struct str value);

#endif
