/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_gitlab: GitLab's registry notifies as the CNCF registry does. A project's webhook knows no
 * packages; when a pipeline of a tag has ended well, the image of the project is there under it.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

static int read_pipeline(struct hook_reading *reading, struct err *err)
{
    enum { STATUS, IS_TAG, REF, PROJECT, FIELDS };
    struct hook_field fields[FIELDS] = {
        [STATUS] = {.path = "object_attributes.status"},
        [IS_TAG] = {.path = "object_attributes.tag", .raw = true},
        [REF] = {.path = "object_attributes.ref"},
        [PROJECT] = {.path = "project.path_with_namespace"},
    };
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!str_eq(fields[STATUS].value, STR("success")))
        hook_pass_over(reading, "the pipeline has not ended well, or not yet");
    else if (!str_eq(fields[IS_TAG].value, STR("true")))
        hook_pass_over(reading, "the pipeline of a branch says nothing of tags of images");
    else
        hook_add(reading, STR_NONE, hook_lower(reading, fields[PROJECT].value), fields[REF].value);
    return 0;
}

int hook_read_gitlab(struct hook_reading *reading, struct err *err)
{
    struct hook_field kind = {.path = "object_kind"};
    if (hook_pick_body(reading, &kind, 1, err) < 0)
        return -1;
    if (!kind.value.len)
        return hook_read_distribution(reading, err);
    if (str_eq(kind.value, STR("pipeline")))
        return read_pipeline(reading, err);
    hook_pass_over(reading, HOOK_NO_PUSH);
    return 0;
}
