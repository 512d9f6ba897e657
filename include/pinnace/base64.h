/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64: the standard alphabet with padding, as Kubernetes writes bytes in JSON. Line breaks may
 * stand anywhere, since people wrap it; nothing else is forgiven, not even bits that would be lost.
 */
#ifndef PINNACE_BASE64_H
#define PINNACE_BASE64_H

#include "pinnace/buf.h"

int base64_decode(struct str text, struct arena *arena, struct str *ret_bytes, struct err *err);
void buf_add_base64(struct buf *buf, struct str bytes);

#endif
