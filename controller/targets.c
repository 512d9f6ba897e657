/* SPDX-License-Identifier: Apache-2.0 */
/* targets: see the header. */
#include "targets.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "pods.h"
#include "releases.h"

#include "pinnace/banned.h"

static void leave_targets(struct target *targets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pods_leave(&targets[i]);
        workloads_leave(&targets[i]);
    }
    free(targets);
}

static bool same_targets(const struct tracked *tracked, const struct trackspec *spec)
{
    if (tracked->target_count != spec->target_count)
        return false;
    for (size_t i = 0; i < spec->target_count; i++) {
        const struct wanted *wanted = tracked->targets[i].wanted;
        if (wanted->kind != spec->targets[i].kind ||
            !str_eq(wanted->key.name, spec->targets[i].name))
            return false;
    }
    return true;
}

/* NULL when memory is out. */
static struct target *new_targets(struct tracked *tracked, const struct trackspec *spec,
                                  struct err *err)
{
    struct target *targets = calloc(spec->target_count, sizeof(*targets));
    if (!targets) {
        err_no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < spec->target_count; i++) {
        const struct shelf_key key = {spec->namespace, spec->targets[i].name};
        targets[i].tracked = tracked;
        if (workloads_want(&tracked->releases->workloads, spec->targets[i].kind, key, &targets[i],
                           err) < 0) {
            leave_targets(targets, i);
            return NULL;
        }
    }
    return targets;
}

/* The new ones first, so that what stays is not forgotten in between. */
int targets_set(struct tracked *tracked, const struct trackspec *spec, struct err *err)
{
    if (same_targets(tracked, spec))
        return 0;
    struct target *targets = new_targets(tracked, spec, err);
    if (!targets)
        return -1;
    struct target *before = tracked->targets;
    size_t count_before = tracked->target_count;
    tracked->targets = targets;
    tracked->target_count = spec->target_count;
    tracked->following_since = clock_now();
    leave_targets(before, count_before);
    return 0;
}

bool targets_known(const struct tracked *tracked)
{
    for (size_t i = 0; i < tracked->target_count; i++)
        if (!tracked->targets[i].wanted->known)
            return false;
    return true;
}

size_t targets_shared(const struct tracked *tracked)
{
    size_t count = 0;
    for (size_t i = 0; i < tracked->target_count; i++)
        for (const struct target *at = tracked->targets[i].wanted->targets; at; at = at->next)
            count += at->tracked != tracked;
    return count;
}

void targets_tell_others(const struct tracked *tracked)
{
    for (size_t i = 0; i < tracked->target_count; i++)
        for (const struct target *at = tracked->targets[i].wanted->targets; at; at = at->next)
            if (at->tracked != tracked)
                queue_add(&at->tracked->work);
}

void targets_leave(struct tracked *tracked)
{
    leave_targets(tracked->targets, tracked->target_count);
}
