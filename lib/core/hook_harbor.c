/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_harbor: Harbor's webhook, in its own format, that of its first version, or as CloudEvents. One
 * event may tell of several artifacts; each says itself how it is pulled.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

static void take_resource(struct hook_reading *reading, struct scan *scan)
{
    enum { TAG, URL, FIELDS };
    struct hook_field fields[FIELDS] = {[TAG] = {.path = "tag"}, [URL] = {.path = "resource_url"}};
    hook_pick(scan, fields, FIELDS);
    if (scan->problem)
        return;
    if (!fields[TAG].value.len)
        hook_pass_over(reading, HOOK_NO_TAG);
    else
        hook_add_reference(reading, fields[URL].value);
}

static bool is_push(struct str type)
{
    return str_eq(type, STR("PUSH_ARTIFACT")) || str_eq(type, STR("pushImage")) ||
           str_eq(type, STR("harbor.artifact.pushed"));
}

int hook_read_harbor(struct hook_reading *reading, struct err *err)
{
    enum { TYPE, RESOURCES, DATA, FIELDS };
    struct hook_field fields[FIELDS] = {
        [TYPE] = {.path = "type"},
        [RESOURCES] = {.path = "event_data.resources", .raw = true},
        [DATA] = {.path = "data.resources", .raw = true},
    };
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[TYPE].value.len)
        return err_set(err, ERR_INPUT, "type: is missing; this is no word of Harbor");
    if (!is_push(fields[TYPE].value)) {
        hook_pass_over(reading, HOOK_NO_PUSH);
        return 0;
    }
    struct str resources =
        fields[RESOURCES].value.len ? fields[RESOURCES].value : fields[DATA].value;
    if (hook_each(reading, resources, take_resource, err) < 0)
        return err_prefix(err, "resources: ");
    return 0;
}
