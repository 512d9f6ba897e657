/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki: our own little authority, which signs what the webhook serves with, and what a certificate
 * says. Keys are P-256. All texts are PEM.
 */
#ifndef PINNACE_PKI_H
#define PINNACE_PKI_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/hook.h"
#include "pinnace/str.h"

struct pki_pair {
    struct str cert, key;
};

/* From when to when, in seconds since 1970. */
struct pki_span {
    int64_t not_before, not_after;
};

int pki_make_ca(const char *name, struct pki_span span, struct arena *arena,
                struct pki_pair *ret_pair, struct err *err);

/* For a server with these DNS names, signed by ca. */
int pki_make_leaf(const struct pki_pair *ca, const struct str *names, size_t count,
                  struct pki_span span, struct arena *arena, struct pki_pair *ret_pair,
                  struct err *err);

struct sha256 {
    unsigned char bytes[32];
};
int sha256_of(struct str data, struct sha256 *ret_sum, struct err *err);

/* Of data by somebody who has the key (RFC 2104). */
int hmac_sha256_of(struct str key, struct str data, struct sha256 *ret_sum, struct err *err);

/* HMACs for what lib/core decides about hooks, and a comparison of what nobody may find out byte by byte. */
extern const struct hook_tools hook_tools;

/* "sha256:…" of data; algorithm is "sha256" or "sha512". */
int digest_of(struct str data, struct str algorithm, struct arena *arena, struct str *ret_digest,
              struct err *err);

struct pki_facts {
    struct pki_span span;
    struct sha256 sum; /* of the certificate: who has the same is the same */
    bool is_ca;
    struct str *names; /* DNS names, in the arena */
    size_t name_count;
};

/* Of the first certificate in text. */
int pki_read(struct str text, struct arena *arena, struct pki_facts *ret_facts, struct err *err);

/* Of a bundle: the sums of its certificates; an empty bundle has none. */
int pki_read_bundle(struct str text, struct arena *arena, struct sha256 **ret_sums,
                    size_t *ret_count, struct err *err);

/* The certificate of the bundle that has the sum, as PEM; -1 if none has. */
int pki_pick(struct str bundle, const struct sha256 *sum, struct arena *arena, struct str *ret_cert,
             struct err *err);

/* Whether ca has signed cert; whether the key is that of the certificate. False for rubbish. */
bool pki_signed_by(struct str cert, struct str ca);
bool pki_key_fits(const struct pki_pair *pair);

static inline bool sha256_eq(const struct sha256 *a, const struct sha256 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

#endif
