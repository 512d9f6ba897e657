/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_eventgrid: events of Azure Container Registry as Event Grid delivers them, in its own schema
 * or as CloudEvents, alone or in batches. The first one of a subscription in its own schema is a
 * handshake, to which the answer is the code that it brings.
 */
#include "hook_inner.h"

#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum { CODE_MAX = 256 };

static void answer_handshake(struct hook_reading *reading, struct str code)
{
    struct buf text = BUF_INIT(reading->arena, 8 * CODE_MAX);
    struct json_writer writer = {.buf = &text};
    if (code.len > CODE_MAX)
        code.len = CODE_MAX;
    json_open(&writer, '{');
    json_member(&writer, "validationResponse", code);
    json_close(&writer, '}');
    if (buf_finish(&text, &reading->answer, NULL) < 0)
        reading->no_memory = true;
    hook_pass_over(reading, "a handshake");
}

static void take_event(struct hook_reading *reading, struct scan *scan)
{
    enum { TYPE, EVENT_TYPE, CODE, ACTION, MEDIA_TYPE, REPOSITORY, TAG, HOST, FIELDS };
    struct hook_field fields[FIELDS] = {[TYPE] = {.path = "type"},
                                        [EVENT_TYPE] = {.path = "eventType"},
                                        [CODE] = {.path = "data.validationCode"},
                                        [ACTION] = {.path = "data.action"},
                                        [MEDIA_TYPE] = {.path = "data.target.mediaType"},
                                        [REPOSITORY] = {.path = "data.target.repository"},
                                        [TAG] = {.path = "data.target.tag"},
                                        [HOST] = {.path = "data.request.host"}};
    hook_pick(scan, fields, FIELDS);
    if (scan->problem)
        return;
    struct str type = fields[EVENT_TYPE].value.len ? fields[EVENT_TYPE].value : fields[TYPE].value;
    const struct hook_acr push = {.action = fields[ACTION].value,
                                  .media_type = fields[MEDIA_TYPE].value,
                                  .host = fields[HOST].value,
                                  .repository = fields[REPOSITORY].value,
                                  .tag = fields[TAG].value};
    if (str_eq(type, STR("Microsoft.ContainerRegistry.ImagePushed")))
        hook_add_acr(reading, &push);
    else if (str_eq(type, STR("Microsoft.EventGrid.SubscriptionValidationEvent")) &&
             fields[CODE].value.len)
        answer_handshake(reading, fields[CODE].value);
    else if (!type.len)
        scan_fail(scan, "an event without a type", scan_offset(scan));
    else
        hook_pass_over(reading, HOOK_NO_PUSH);
}

int hook_read_eventgrid(struct hook_reading *reading, struct err *err)
{
    struct scan scan;
    scan_begin(&scan, reading->body, reading->arena);
    if (scan_peek(&scan) == SCAN_ARRAY)
        return hook_each(reading, reading->body, take_event, err);
    take_event(reading, &scan);
    return scan_finish(&scan, err);
}
