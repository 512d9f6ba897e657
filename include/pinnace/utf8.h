/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: one well-formed sequence at a time, as Unicode defines it: nothing overlong, no surrogates. */
#ifndef PINNACE_UTF8_H
#define PINNACE_UTF8_H

#include "pinnace/str.h"

/* The length of the sequence at the start of s and its code point; 0 when there is none. */
size_t utf8_decode(struct str s, uint32_t *ret_code);

/* Writes code, which must be a Unicode scalar value, to out (4 bytes) and returns the length. */
size_t utf8_encode(uint32_t code, char *out);

#endif
