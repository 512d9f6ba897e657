/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor: whether an installation is sound: the objects of a cluster go in one by one, lines for a
 * person come out. Whoever asks the cluster says what could not be asked.
 */
#ifndef PINNACE_DOCTOR_H
#define PINNACE_DOCTOR_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/nslevels.h"
#include "pinnace/policy.h"
#include "pinnace/protect.h"
#include "pinnace/trackdecide.h"
#include "pinnace/trackview.h"

#define DOCTOR_NAMESPACE "pinnace-system"

enum doctor_weight {
    DOCTOR_OK,
    DOCTOR_WARNING, /* it works, and yet somebody should look */
    DOCTOR_PROBLEM,
    DOCTOR_UNKNOWN, /* it could not be asked */
    DOCTOR_WEIGHTS,
};

/* "ok" */
extern const struct str doctor_weight_names[DOCTOR_WEIGHTS];

struct doctor_line {
    const struct doctor_line *next;
    enum doctor_weight weight;
    const char *subject; /* a literal */
    struct str text;
    const char *remedy; /* a literal, or NULL when nothing need be done */
    bool passes;        /* its numbers are others in each look: ages, or in another's words */
};

struct doctor {
    struct arena *arena;
    const struct doctor_line *lines, **tail;
    struct doctor_line *last;
    size_t count[DOCTOR_WEIGHTS];
    bool failed; /* there was no memory for a line */
};

void doctor_begin(struct doctor *doctor, struct arena *arena);

__attribute__((format(printf, 5, 6))) void doctor_say(struct doctor *doctor,
                                                      enum doctor_weight weight,
                                                      const char *subject, const char *remedy,
                                                      const char *format, ...);
/* What was said last has other numbers in each look, though nothing is other. */
void doctor_passes(struct doctor *doctor);

/* All that was found, and the same in each look while nothing is other: to be compared. */
void doctor_sight(struct buf *buf, const struct doctor *doctor);

/* Each takes an object as the API server wrote it; what cannot be read is a problem, told. */
void doctor_version(struct doctor *doctor, struct str json);
/* A CustomResourceDefinition. */
void doctor_kind(struct doctor *doctor, struct str name, struct str json);
/* A Deployment of ours. */
void doctor_deployment(struct doctor *doctor, struct str name, struct str json);
/* The EndpointSlices of our Service, as a list. */
void doctor_endpoints(struct doctor *doctor, struct str json);
/* The controller's Lease; now in seconds since 1970, by the cluster's clock. */
void doctor_lease(struct doctor *doctor, struct str json, int64_t now);
void doctor_certificate(struct doctor *doctor, int64_t not_after, int64_t now);

enum doctor_profile {
    DOCTOR_STRICT,    /* every entry that enforces fails closed */
    DOCTOR_AVAILABLE, /* or every one of them open */
    DOCTOR_MIXED,
};

/* The configuration that judges what makes pods. */
void doctor_hooks(struct doctor *doctor, struct str json, enum doctor_profile *ret_profile);

/* Namespaces, one by one; then what there is to say of all of them. */
struct doctor_census {
    size_t levelled, bare;
    struct str probe; /* one that enforces a level, for a trial; in the doctor's arena */
};
void doctor_namespace(struct doctor *doctor, struct doctor_census *census, struct str json);
void doctor_census_tell(struct doctor *doctor, const struct doctor_census *census);

/* Those of the list that are Exemptions. */
void doctor_exemptions(struct doctor *doctor, const struct policy *policy, int64_t now);

/* False when there was something to say of it. */
bool doctor_track(struct doctor *doctor, const struct trackview *view, int64_t now);
/* Whether the registry has what runs, and what would be gone back to. */
bool doctor_presence(struct doctor *doctor, const struct trackview *view, enum presence current,
                     enum presence before);

/* How the registry keeps bytes, as it says itself; of those without locks it is not known. */
enum keeping {
    KEEPING_UNKNOWN,
    KEEPING_LOCKED,
    KEEPING_TAGGED, /* not locked, but some tag means it */
    KEEPING_UNTAGGED,
};
/* Warns if what would be gone back to could be taken by whatever cleans the registry up; true: it is
 * locked. */
bool doctor_keeping(struct doctor *doctor, const struct trackview *view, enum keeping before);

/* What the API server said to a pod that must be refused; .len 0: it let it in. */
void doctor_probe(struct doctor *doctor, struct str namespace, struct str refusal);

#endif
