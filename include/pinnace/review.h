/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review: an AdmissionReview (admission.k8s.io/v1) in, the answer out. What the webhook says over
 * TLS and what "kubectl pinnace review" prints is made here, by the same calls.
 */
#ifndef PINNACE_REVIEW_H
#define PINNACE_REVIEW_H

#include "pinnace/judge.h"

enum {
    REVIEW_MAX_BYTES = 8 * 1024 * 1024,       /* object and oldObject, 3 MiB each, and the rest */
    REVIEW_MAX_MEMORY = 5 * REVIEW_MAX_BYTES, /* for the arena of one review */
};

/*
 * What a review is about: what makes pods, what Pinnace itself goes by (see objectreview.h), or what
 * makes pods again, to have its images put in place (see trackapply.h).
 */
enum review_subject {
    SUBJECT_PODS,
    SUBJECT_PIN_POLICY,
    SUBJECT_EXEMPTION,
    SUBJECT_NAMESPACE,
    SUBJECT_TRACK,
    SUBJECT_TRACKED_APPLY,
    SUBJECTS,
};

/* "/MODE/LEVEL, with ...": all paths, for whoever has asked at another one. */
#define REVIEW_PATHS                                                                               \
    "/MODE/LEVEL, with enforce, warn or audit, and tagged, pinned, released or unknown, or "       \
    "/namespaces, /pinpolicies, /exemptions, /tracks or /track"

/* What the path a request came by asks for: "/enforce/pinned", "/warn/unknown", "/exemptions". */
struct review_path {
    enum review_subject subject; /* of pods alone there are mode and level */
    enum mode mode;
    enum level level;
    bool unknown; /* the namespace's label has a value that is no level */
};
bool review_path_parse(struct str path, struct review_path *ret_path);

enum operation {
    OPERATION_CREATE,
    OPERATION_UPDATE,
    OPERATION_DELETE,
    OPERATION_CONNECT,
    OPERATIONS,
};

struct review {
    struct str uid;
    struct str group, kind_name; /* request.kind: what the object is converted to */
    struct str namespace, name;
    enum operation operation;
    bool has_object, has_old;
    struct object object, old;
    struct str object_text, old_text; /* JSON, parts of the review's */
};

/* Whether there is something new to judge. */
static inline bool review_writes(const struct review *review)
{
    return review->operation == OPERATION_CREATE || review->operation == OPERATION_UPDATE;
}

/* -1 with a sentence when text is not a review that can be answered. */
int review_decode(struct str text, struct arena *arena, struct review *ret_review, struct err *err);

struct review_context {
    struct review_path path;
    const struct policy *policy;
    const struct ledger *ledger; /* NULL: there is none */
    struct str
        not_asked; /* why the newest ledger could not be asked for; .len 0: it was, or need not */
    int64_t now;
    struct siphash_key key;
};

/* What was decided, for metrics and logs. */
struct review_outcome {
    bool allowed;
    bool violates; /* an image, or the request as a whole; let in where the mode only tells */
    struct verdict verdict;
};

/* Judges the review and writes the answer: an AdmissionReview, as JSON. */
int review_answer(const struct review *review, const struct review_context *context,
                  struct arena *arena, struct review_outcome *ret_outcome, struct str *ret_answer,
                  struct err *err);

/*
 * Whether enforcement refuses, and a newer ledger than the one it went by could say otherwise:
 * whoever can ask for one does so first.
 */
bool review_hangs_on_ledger(const struct review_context *context,
                            const struct review_outcome *outcome);

#endif
