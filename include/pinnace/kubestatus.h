/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubestatus: what an API server's "no" means. Which fault may go away by itself is decided here
 * and nowhere else.
 */
#ifndef PINNACE_KUBESTATUS_H
#define PINNACE_KUBESTATUS_H

#include "pinnace/err.h"
#include "pinnace/str.h"

enum kube_fault {
    KUBE_FINE,
    KUBE_UNREACHABLE,  /* no answer came; what was asked for may have been done */
    KUBE_UNTRUSTED,    /* the other side is not the cluster we know, or it does not trust us */
    KUBE_BAD_REQUEST,  /* 400, 405, 406, 415: we do not speak as it does */
    KUBE_UNAUTHORIZED, /* 401 */
    KUBE_FORBIDDEN,    /* 403 */
    KUBE_NOT_FOUND,    /* 404 */
    KUBE_EXISTS,       /* 409: somebody else made it */
    KUBE_CONFLICT,     /* 409: somebody else changed it */
    KUBE_GONE,         /* 410: the resourceVersion or the page is too old */
    KUBE_TOO_LARGE,    /* 413, or an answer of more bytes than are read */
    KUBE_INVALID,      /* 422 */
    KUBE_TOO_MANY,     /* 429 */
    KUBE_SERVER,       /* 5xx */
    KUBE_GARBLED,      /* an answer came, but not one of the API */
};

struct kube_error {
    enum kube_fault fault;
    int status;        /* of HTTP; 0 when no answer came */
    int retry_after_s; /* as the server asked for; 0: it did not */
    char text[512];    /* what happened to which object, and what to do */
};

/* What was asked for: words for the message when the server sends none. */
struct kube_question {
    const char *method;
    struct str path;
};

/*
 * The error of an answer that is not 2xx, or of a Status that came in a watch (status 0: the
 * Status says its code itself). body need not be a Status: a proxy's page is not.
 */
void kube_status_read(struct kube_question question, int status, struct str body,
                      struct kube_error *ret_error);

/* An error of our own making: no answer, or one that cannot be read. */
void kube_error_set(struct kube_error *error, struct kube_question question, enum kube_fault fault,
                    const struct err *why);

/* Whether the same again, later, may go well though nobody changes anything. */
bool kube_fault_is_passing(enum kube_fault fault);

/* For callers that pass errors on as err: returns -1. */
int kube_error_to_err(const struct kube_error *error, struct err *err);

#endif
