/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_jfrog: Docker events of JFrog Artifactory. How an image is pulled is a matter of its
 * configuration: with the repository's key in the path, or without it where the host has it; so both
 * are hinted at, on any host.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

int hook_read_jfrog(struct hook_reading *reading, struct err *err)
{
    enum { DOMAIN, EVENT, KEY, NAME, TAG, FIELDS };
    struct hook_field fields[FIELDS] = {
        [DOMAIN] = {.path = "domain"},     [EVENT] = {.path = "event_type"},
        [KEY] = {.path = "data.repo_key"}, [NAME] = {.path = "data.image_name"},
        [TAG] = {.path = "data.tag"},
    };
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[DOMAIN].value.len)
        return err_set(err, ERR_INPUT, "domain: is missing; this is no event of Artifactory");
    if (!str_eq(fields[EVENT].value, STR("pushed")) &&
        !str_eq(fields[EVENT].value, STR("promoted")))
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (!str_eq(fields[DOMAIN].value, STR("docker")))
        hook_pass_over(reading, HOOK_NO_IMAGE);
    else
        hook_add_both(reading, fields[KEY].value, fields[NAME].value, fields[TAG].value);
    return 0;
}
