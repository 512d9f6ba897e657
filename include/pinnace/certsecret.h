/* SPDX-License-Identifier: Apache-2.0 */
/* certsecret: the Secrets that hold a certificate with its key, and the CA's with the one before. */
#ifndef PINNACE_CERTSECRET_H
#define PINNACE_CERTSECRET_H

#include "pinnace/buf.h"

enum { CERTSECRET_MAX_BYTES = 2 * 1024 * 1024 };

struct certsecret {
    struct str version;   /* .len 0: it is not stored yet */
    struct str cert, key; /* PEM, tls.crt and tls.key; .len 0: not in it */
    struct str previous;  /* PEM, previous.crt: what is trusted beside cert */
};

int certsecret_read(struct str json, struct arena *arena, struct certsecret *ret_secret,
                    struct err *err);

/* Without a version the whole Secret, or else a merge patch of what was read at that version. */
void buf_add_certsecret(struct buf *buf, struct str name, const struct certsecret *secret);

#endif
