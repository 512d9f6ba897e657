/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_gcr: what Artifact Registry and Container Registry of Google publish to the topic "gcr", as a
 * push subscription of Pub/Sub brings it: JSON in base64 in JSON.
 */
#include "hook_inner.h"

#include "pinnace/base64.h"

#include "pinnace/banned.h"

static int read_message(struct hook_reading *reading, struct err *err)
{
    enum { ACTION, TAG, FIELDS };
    struct hook_field fields[FIELDS] = {[ACTION] = {.path = "action"}, [TAG] = {.path = "tag"}};
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[ACTION].value.len)
        return err_set(err, ERR_INPUT, "action: is missing; this is no word of a registry");
    if (!str_eq(fields[ACTION].value, STR("INSERT")))
        hook_pass_over(reading, HOOK_NO_PUSH);
    else
        hook_add_reference(reading, fields[TAG].value);
    return 0;
}

int hook_read_gcr(struct hook_reading *reading, struct err *err)
{
    struct hook_field data = {.path = "message.data"};
    if (hook_pick_body(reading, &data, 1, err) < 0)
        return -1;
    if (!data.value.len)
        return err_set(err, ERR_INPUT, "message.data: is missing; this is no push of Pub/Sub");
    if (base64_decode(data.value, reading->arena, &reading->body, err) < 0 ||
        read_message(reading, err) < 0)
        return err_prefix(err, "message.data: ");
    return 0;
}
