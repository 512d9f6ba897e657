/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response: an AdmissionReview's answer, written from front to back: refusal, causes, warnings,
 * annotations. Sections open and close by themselves; what the API server would cut is cut here.
 */
#ifndef PINNACE_CORE_RESPONSE_H
#define PINNACE_CORE_RESPONSE_H

#include "pinnace/jsonwrite.h"
#include "pinnace/review.h"

enum {
    RESPONSE_NAMED_MAX = 20,         /* things named one by one */
    RESPONSE_DENIAL_MAX = 14 * 1024, /* then the rest is counted; 16 KiB are never passed */
    RESPONSE_COMPLAINT_MAX = 4096,
    RESPONSE_WARNING_MAX = 256,   /* characters: the API server cuts what is longer */
    RESPONSE_WARNINGS_MAX = 4096, /* and drops what comes after so many in one answer */
};

enum response_code {
    RESPONSE_FORBIDDEN = 403,
    RESPONSE_INVALID = 422,
    RESPONSE_INTERNAL = 500,
};

enum response_part {
    RESPONSE_HEAD,
    RESPONSE_STATUS,
    RESPONSE_DETAILS,
    RESPONSE_CAUSES,
    RESPONSE_WARNINGS,
    RESPONSE_ANNOTATIONS,
};

struct response {
    struct arena *arena;
    struct buf text;
    struct json_writer json;
    enum response_part part;
    size_t warned; /* bytes of all warnings so far */
    bool failed;   /* a piece of text found no memory: no answer is better than half of one */
};

/* It must stay where it is until response_finish. */
void response_begin(struct response *response, struct arena *arena, struct str uid, bool allowed);

/* A JSONPatch, as what it is: the first part, if there is one. */
void response_patch(struct response *response, struct str patch);
/* Parts come in the order of these; a refusal once, if it is one. */
void response_refuse(struct response *response, enum response_code code, struct str message);
/* Before the causes: kubectl shows these and the causes of what is invalid, and not the message. */
void response_name_object(struct response *response, struct str kind, struct str name);
void response_add_cause(struct response *response, struct str reason, struct str field,
                        struct str message);
void response_warn(struct response *response, struct str warning);
void response_annotate(struct response *response, const char *key, struct str value);

/* Whether there is room for one more warning, and for one that counts the rest. */
bool response_may_warn(const struct response *response);

/* What was written to a buf; if that failed, so does the response. */
struct str response_text(struct response *response, struct buf *buf);

int response_finish(struct response *response, struct str *ret_text, struct err *err);

/* "Pod \"web\"": the object of a review. */
void buf_add_review_object(struct buf *buf, const struct review *review);
/* ": it judges no such kind …" */
void buf_add_wrong_kind(struct buf *buf, const struct review *review);

#endif
