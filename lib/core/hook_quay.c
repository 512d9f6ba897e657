/* SPDX-License-Identifier: Apache-2.0 */
/* hook_quay: pushes that Quay tells of: a repository and all of its tags that moved. */
#include "hook_inner.h"

#include "pinnace/banned.h"

int hook_read_quay(struct hook_reading *reading, struct err *err)
{
    enum { NAME, TAGS, FIELDS };
    struct hook_field fields[FIELDS] = {
        [NAME] = {.path = "docker_url"}, [TAGS] = {.path = "updated_tags", .raw = true}};
    struct scan scan;
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[NAME].value.len)
        return err_set(err, ERR_INPUT, "docker_url: is missing; this is no word of Quay");
    if (!fields[TAGS].value.len) {
        hook_pass_over(reading, HOOK_NO_PUSH); /* of a build, a scan, a mirror */
        return 0;
    }
    scan_begin(&scan, fields[TAGS].value, reading->arena);
    struct scan_elements elements = scan_array(&scan);
    while (scan_element(&scan, &elements))
        hook_add_name(reading, fields[NAME].value, scan_string(&scan));
    if (scan_finish(&scan, err) < 0)
        return err_prefix(err, "updated_tags: ");
    return 0;
}
