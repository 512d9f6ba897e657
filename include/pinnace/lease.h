/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: of several replicas one acts, by a Lease of coordination.k8s.io. Who holds it counts its
 * time from before the renewal was sent, the others from when they saw a change of it, both on
 * clocks that do not jump: so there is a gap between two holders, and never two. No clock and no
 * network in here: whoever drives it says when, in milliseconds of clock_boot_ms.
 */
#ifndef PINNACE_LEASE_H
#define PINNACE_LEASE_H

#include "pinnace/buf.h"

enum {
    LEASE_DURATION_MS = 10000,
    LEASE_MARGIN_MS = 1000, /* the holder stops that much sooner, as clocks run unlike each other */
    LEASE_RENEW_MS = 3000,
    LEASE_LOOK_MS = 2000,
    LEASE_RETRY_MS = 1000,
    LEASE_CALL_MS = 2500,
    LEASE_DURATION_MOST_MS = 60000, /* of another's, whatever he writes */
    LEASE_TEXT_SIZE = 256,
};

/* A Lease as it is stored. */
struct lease_record {
    struct str version, holder, renewed;
    int64_t duration_s, transitions;
};

int lease_record_read(struct str json, struct arena *arena, struct lease_record *ret_record,
                      struct err *err);

struct lease {
    char identity[LEASE_TEXT_SIZE];
    /* What is stored, as far as we know. */
    bool known, exists, read_again;
    char version[LEASE_TEXT_SIZE], holder[LEASE_TEXT_SIZE], renewed[LEASE_TEXT_SIZE];
    int64_t transitions, duration_ms;
    int64_t changed_at; /* when we first saw it so */
    int64_t looked_at;
    /* What we are about. */
    bool busy;    /* a call is under way */
    bool writing; /* and it takes or renews */
    bool held;
    int64_t sent_at; /* of that call */
    int64_t renewed_at, valid_until, not_before;
};

enum lease_step {
    LEASE_WAIT,   /* until .until, or until the call is answered */
    LEASE_READ,   /* GET */
    LEASE_CREATE, /* POST lease_body */
    LEASE_WRITE,  /* merge patch with lease_body */
};

struct lease_plan {
    enum lease_step step;
    int64_t until;
    int timeout_ms; /* of the call */
};

/* identity: of this process, and of no other that ever was. Cut to what fits. */
void lease_begin(struct lease *lease, struct str identity);

struct lease_plan lease_next(const struct lease *lease, int64_t now);

/* Before the call that lease_next asks for; then exactly one of the three below. */
void lease_sent(struct lease *lease, enum lease_step step, int64_t now);
/* The Lease as the answer has it. */
void lease_answered(struct lease *lease, const struct lease_record *record, int64_t now);
/* 404, or 409: there is none, or it is no longer the one we knew. */
void lease_missed(struct lease *lease, bool exists, int64_t now);
/* Nobody knows whether it was done. */
void lease_failed(struct lease *lease, int64_t now);

/* Whether we are the one. A call to others may take at most lease_left_ms. */
bool lease_may_act(const struct lease *lease, int64_t now);
int64_t lease_left_ms(const struct lease *lease, int64_t now);

/*
 * What is to be written: that we hold it, or with release that nobody does, so that another one
 * need not wait. wall_us: microseconds since 1970, for people to read.
 */
void buf_add_lease(struct buf *buf, const struct lease *lease, struct str name, bool release,
                   int64_t wall_us);

#endif
