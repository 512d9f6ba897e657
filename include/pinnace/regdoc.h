/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regdoc: the documents that a registry of the OCI distribution API answers with: manifests and
 * indexes, pages of tags, tokens, and errors.
 */
#ifndef PINNACE_REGDOC_H
#define PINNACE_REGDOC_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum {
    REGDOC_MANIFEST_MAX = 8 * 1024 * 1024, /* the specification asks for 4 MiB at least */
    REGDOC_PAGE_MAX = 4 * 1024 * 1024,
    REGDOC_PAGE_TAGS_MAX = 100000,
    REGDOC_TOKEN_MAX = 256 * 1024,
    REGDOC_CHILDREN_MAX = 4096,
};

enum media {
    MEDIA_OTHER, /* a login page, an octet stream, nothing: the body has to tell */
    MEDIA_OCI_INDEX,
    MEDIA_DOCKER_LIST,
    MEDIA_OCI_MANIFEST,
    MEDIA_DOCKER_MANIFEST,
    MEDIA_SCHEMA1, /* no digest of such a thing is worth anything: refused */
};

/* What a manifest is asked for with: indexes first, as the header's value. */
#define MEDIA_ACCEPT                                                                               \
    "application/vnd.oci.image.index.v1+json, "                                                    \
    "application/vnd.docker.distribution.manifest.list.v2+json, "                                  \
    "application/vnd.oci.image.manifest.v1+json, "                                                 \
    "application/vnd.docker.distribution.manifest.v2+json"

/* Of a Content-Type, whose parameters do not count. */
enum media media_of(struct str content_type);
const char *media_name(enum media media);

struct manifest_child {
    struct str digest, os, architecture;
};

struct oci_manifest {
    enum media media;
    struct str config;               /* digest of a manifest's configuration */
    struct manifest_child *children; /* of an index */
    size_t child_count;
};

/*
 * content_type is what the answer said. Refused: schema 1, a body that says it is something else
 * than the answer did, and one that is index and manifest at once.
 */
int oci_manifest_read(struct str body, struct str content_type, struct arena *arena,
                      struct oci_manifest *ret_manifest, struct err *err);

/*
 * Whether two indexes have the very same images, in whatever order. What is for no platform is none:
 * attestations are written anew with each build.
 */
bool oci_same_images(const struct oci_manifest *a, const struct oci_manifest *b);

struct tags_page {
    struct str *tags;
    size_t count;
};
int tags_page_read(struct str body, struct arena *arena, struct tags_page *ret_page,
                   struct err *err);

/*
 * Where the next page is, by a Link header and the URL that was asked: absolute, relative, or only a
 * query. .len 0: this was the last one. -1 for another host, or a Link that cannot be read: the list
 * is not known to be whole then.
 */
int link_next(struct str header, struct str url, struct arena *arena, struct str *ret_next,
              struct err *err);

struct registry_token {
    struct str token;
    int64_t life_s;
};
/* Without expires_in its life is what the token itself says, if it is a JWT, or else a minute. */
int registry_token_read(struct str body, struct arena *arena, struct registry_token *ret_token,
                        struct err *err);

enum registry_fault {
    REGISTRY_FINE,
    REGISTRY_UNREACHABLE,  /* no answer, or it broke off */
    REGISTRY_UNTRUSTED,    /* not the one it should be, by its certificate */
    REGISTRY_UNAUTHORIZED, /* 401: no credentials, or they are not taken */
    REGISTRY_FORBIDDEN,    /* 403, or credentials that must not be sent there */
    REGISTRY_NOT_FOUND,    /* 404 */
    REGISTRY_TOO_MANY,     /* 429: it wants to be left alone */
    REGISTRY_SERVER,       /* 5xx */
    REGISTRY_PAUSED,       /* not asked: it failed or refused too often before */
    REGISTRY_REFUSED,      /* another 4xx */
    REGISTRY_GARBLED,      /* an answer that is none of a registry, or breaks the rules */
    REGISTRY_MISMATCH,     /* bytes that do not have the digest they are said to have */
    REGISTRY_TOO_LARGE,
};

struct registry_error {
    enum registry_fault fault;
    int status;            /* of HTTP; 0: no answer came */
    int64_t retry_after_s; /* 0: it did not say */
    char text[512];        /* what happened to what, and what to do */
};

/* The fault of a status that is not 2xx. */
enum registry_fault registry_fault_of(int status);
/* Whether the same again, later, may go well though nobody changes anything. */
bool registry_fault_is_passing(enum registry_fault fault);

/*
 * The error of an answer about something ("contoso.azurecr.io/shop/web:1.4.0"). body need not be a
 * registry's: a proxy's page is not, and a HEAD has none.
 */
void registry_error_read(struct str about, int status, struct str body,
                         struct registry_error *ret_error);

/* An error of our own making; returns -1. */
__attribute__((format(printf, 4, 5))) int registry_error_set(struct registry_error *error,
                                                             enum registry_fault fault,
                                                             struct str about, const char *format,
                                                             ...);

/* "120" or a date, as seconds from now on: 0 if it is none, an hour at most. */
int64_t retry_after_read(struct str value, int64_t now);

/* How many images may be pulled in so many seconds, and how many of them are left. */
struct rate_limit {
    int64_t limit, left;
    int64_t window_s; /* 0: it is not said */
};
/* Of RateLimit-Limit ("100;w=21600") and RateLimit-Remaining ("76;w=21600"). */
bool rate_limit_read(struct str limit, struct str remaining, struct rate_limit *ret_rate);
/* How long it takes on average until one more is left; 0 if that is not known, an hour at most. */
int64_t rate_limit_wait(const struct rate_limit *rate);

#endif
