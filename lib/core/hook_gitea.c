/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_gitea: packages of Gitea and Forgejo. The registry is the host of the web page; versions of a
 * container are tags, or digests, which nobody follows.
 */
#include "hook_inner.h"

#include "pinnace/url.h"

#include "pinnace/banned.h"

int hook_read_gitea(struct hook_reading *reading, struct err *err)
{
    enum { ACTION, TYPE, OWNER, NAME, VERSION, PAGE, FIELDS };
    struct hook_field fields[FIELDS] = {
        [ACTION] = {.path = "action"},
        [TYPE] = {.path = "package.type"},
        [OWNER] = {.path = "package.owner.login"},
        [NAME] = {.path = "package.name"},
        [VERSION] = {.path = "package.version"},
        [PAGE] = {.path = "package.html_url"},
    };
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    struct buf path = BUF_INIT(reading->arena, reading->body.len + 2);
    struct str name = STR_NONE;
    buf_add(&path, fields[OWNER].value);
    buf_add_char(&path, '/');
    buf_add(&path, fields[NAME].value);
    if (buf_finish(&path, &name, err) < 0)
        return -1;
    if (!str_eq(fields[ACTION].value, STR("created")) || !fields[TYPE].value.len)
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (!str_eq(fields[TYPE].value, STR("container")))
        hook_pass_over(reading, HOOK_NO_IMAGE);
    else
        hook_add(reading, url_host(fields[PAGE].value), hook_lower(reading, name),
                 fields[VERSION].value);
    return 0;
}
