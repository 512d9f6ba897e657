/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_acr: the webhook of Azure Container Registry. It sends each thing once and never again; pushes
 * by digest, which building an index is full of, have no tag.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

int hook_read_acr(struct hook_reading *reading, struct err *err)
{
    enum { ACTION, MEDIA_TYPE, REPOSITORY, TAG, HOST, FIELDS };
    struct hook_field fields[FIELDS] = {[ACTION] = {.path = "action"},
                                        [MEDIA_TYPE] = {.path = "target.mediaType"},
                                        [REPOSITORY] = {.path = "target.repository"},
                                        [TAG] = {.path = "target.tag"},
                                        [HOST] = {.path = "request.host"}};
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[ACTION].value.len)
        return err_set(err, ERR_INPUT, "action: is missing; this is no word of a registry");
    const struct hook_acr push = {.action = fields[ACTION].value,
                                  .media_type = fields[MEDIA_TYPE].value,
                                  .host = fields[HOST].value,
                                  .repository = fields[REPOSITORY].value,
                                  .tag = fields[TAG].value};
    hook_add_acr(reading, &push);
    return 0;
}
