/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imageref: how an image name is read: [HOST[:PORT]/]PATH[:TAG][@DIGEST], by the grammar of the
 * distribution project's reference implementation, which container runtimes use. A digest is
 * stricter here: sha256 or sha512, exactly as long as it must be, lower-case hex. All parts are
 * slices of the input (or literals); nothing is allocated.
 */
#ifndef PINNACE_IMAGEREF_H
#define PINNACE_IMAGEREF_H

#include "pinnace/buf.h"
#include "pinnace/str.h"

struct imageref {
    struct str host;   /* with its port, as written; docker.io when none was */
    bool in_library;   /* the path stands for "library/" and itself, as in "nginx" */
    struct str path;   /* without host, tag and digest */
    struct str tag;    /* .len 0 when none was written */
    struct str digest; /* "sha256:…", .len 0 when none was written */
};

enum imageref_fault {
    IMAGEREF_OK,
    IMAGEREF_EMPTY,
    IMAGEREF_SPACE,
    IMAGEREF_NOT_ASCII,
    IMAGEREF_UPPER_CASE,
    IMAGEREF_HEX64,
    IMAGEREF_TOO_LONG,
    IMAGEREF_BAD_HOST,
    IMAGEREF_BAD_PATH,
    IMAGEREF_BAD_TAG,
    IMAGEREF_DIGEST_ALGORITHM,
    IMAGEREF_DIGEST_LENGTH,
    IMAGEREF_DIGEST_UPPER_CASE,
    IMAGEREF_DIGEST_FORM,
};

/* *ret_ref is untouched unless the answer is IMAGEREF_OK. */
enum imageref_fault imageref_parse(struct str text, struct imageref *ret_ref);

/* One sentence without its full stop: what is wrong and how it should be. */
const char *imageref_fault_text(enum imageref_fault fault);
/* Whether the fault lies behind the @. */
bool imageref_fault_in_digest(enum imageref_fault fault);

/* "sha256:<64 hex>" or "sha512:<128 hex>". */
enum imageref_fault digest_check(struct str digest);

/*
 * Two names of one registry: upper case, the port of https and Docker Hub's aliases do not make
 * another registry of it.
 */
bool host_same(struct str a, struct str b);

/*
 * The host without what does not make it another one, in its own case: docker.io for its aliases,
 * no port of https unless the rest would not be read as a host.
 */
struct str host_core(struct str host);
bool imageref_same_repository(const struct imageref *a, const struct imageref *b);

/*
 * The host in its normal form, "docker.io", "[::1]:5000", "contoso.azurecr.io", written to out;
 * .ptr is NULL when it does not fit in size bytes.
 */
struct str host_normal(struct str host, char *out, size_t size);

void buf_add_host(struct buf *buf, struct str host);
/* "docker.io/library/nginx" */
void buf_add_repository(struct buf *buf, const struct imageref *ref);
/* The repository with tag and digest; "latest" where neither was written. */
void buf_add_imageref(struct buf *buf, const struct imageref *ref);

#endif
