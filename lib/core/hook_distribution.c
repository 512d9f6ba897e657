/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_distribution: notifications of the CNCF registry and what is built on it. Only pushes of
 * manifests with a tag are hints. Its own host is not read: registries are known to themselves by
 * other names than to those who pull.
 */
#include "hook_inner.h"

#include "pinnace/regdoc.h"

#include "pinnace/banned.h"

static void take_event(struct hook_reading *reading, struct scan *scan)
{
    enum { ACTION, MEDIA_TYPE, REPOSITORY, TAG, FIELDS };
    struct hook_field fields[FIELDS] = {[ACTION] = {.path = "action"},
                                        [MEDIA_TYPE] = {.path = "target.mediaType"},
                                        [REPOSITORY] = {.path = "target.repository"},
                                        [TAG] = {.path = "target.tag"}};
    hook_pick(scan, fields, FIELDS);
    if (scan->problem)
        return;
    if (!str_eq(fields[ACTION].value, STR("push")))
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (media_of(fields[MEDIA_TYPE].value) == MEDIA_OTHER)
        hook_pass_over(reading, HOOK_NO_IMAGE);
    else
        hook_add(reading, STR_NONE, fields[REPOSITORY].value, fields[TAG].value);
}

int hook_read_distribution(struct hook_reading *reading, struct err *err)
{
    struct hook_field events = {.path = "events", .raw = true};
    if (hook_pick_body(reading, &events, 1, err) < 0)
        return -1;
    if (!events.value.len)
        return err_set(err, ERR_INPUT, "events: is missing; this is no notification");
    if (hook_each(reading, events.value, take_event, err) < 0)
        return err_prefix(err, "events: ");
    return 0;
}
