/* SPDX-License-Identifier: Apache-2.0 */
/* rollout_inner: what the readers of workloads, Jobs and pods share. */
#ifndef PINNACE_ROLLOUT_INNER_H
#define PINNACE_ROLLOUT_INNER_H

#include "pinnace/rollout.h"
#include "pinnace/scan.h"

typedef void image_taker(void *context, struct scan *scan, const struct workload_image *image);

/* The next value, a list of containers or a pod template, or null: each container of it. */
void containers_scan(struct scan *scan, bool init, image_taker *take, void *context);
void pod_template_scan(struct scan *scan, image_taker *take, void *context);

struct object_condition {
    struct str type, status, reason, message;
    int64_t since; /* its lastTransitionTime; 0: not told */
};

/* The next value, a list of conditions, or null: each of them. */
void conditions_scan(struct scan *scan,
                     void (*take)(void *context, const struct object_condition *condition),
                     void *context);

/* The next value, a time, or null; 0: not told. */
int64_t time_scan(struct scan *scan);

/* How a container stands, as the kubelet tells. What it did before counts while it waits. */
struct container_state {
    bool init, waits, ended;
    struct str container;
    struct str waits_for, says;          /* of state.waiting: reason, message */
    struct str ended_reason, last_words; /* of state.terminated, else lastState.terminated */
    int64_t exit_code, restarts;
};

/*
 * Writes who keeps it from running into fault or obstacle of image; neither, when nothing is known
 * against anybody.
 */
int container_judge(const struct container_state *state, struct arena *arena,
                    struct pod_image *image, struct err *err);

/* s on one line, cut to what a sentence bears. */
void buf_add_words(struct buf *buf, struct str s);

#endif
