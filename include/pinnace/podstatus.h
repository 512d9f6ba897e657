/* SPDX-License-Identifier: Apache-2.0 */
/* podstatus: which bytes a pod's containers run, as its status says. */
#ifndef PINNACE_PODSTATUS_H
#define PINNACE_PODSTATUS_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/object.h"

struct pod_container {
    struct pod_container *next;
    enum image_list list;
    struct str name, image_id; /* "registry/repository@sha256:...", or what a runtime writes else */
};

/* The strings are parts of json; *ret_containers is NULL when nothing runs yet. */
int podstatus_read(struct str json, struct arena *arena, struct pod_container **ret_containers,
                   struct err *err);

/* The digest at its end, or .len 0 when there is none: the name of an image that was never pulled. */
struct str image_id_digest(struct str image_id);

#endif
