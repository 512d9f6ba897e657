/* SPDX-License-Identifier: Apache-2.0 */
/* hook_ecr: what Amazon ECR tells through EventBridge. It names an account and a region, no host. */
#include "hook_inner.h"

#include "pinnace/banned.h"

static struct str host_of(struct hook_reading *reading, struct str account, struct str region)
{
    struct buf host = BUF_INIT(reading->arena, 512);
    struct str text = STR_NONE;
    buf_add(&host, account);
    buf_add(&host, STR(".dkr.ecr."));
    buf_add(&host, region);
    buf_add(&host, STR(".amazonaws.com"));
    buf_add(&host, str_starts(region, STR("cn-")) ? STR(".cn") : STR(""));
    if (buf_finish(&host, &text, NULL) < 0)
        reading->no_memory = true;
    return text;
}

int hook_read_ecr(struct hook_reading *reading, struct err *err)
{
    enum { SOURCE, TYPE, ACCOUNT, REGION, ACTION, RESULT, REPOSITORY, TAG, FIELDS };
    struct hook_field fields[FIELDS] = {[SOURCE] = {.path = "source"},
                                        [TYPE] = {.path = "detail-type"},
                                        [ACCOUNT] = {.path = "account"},
                                        [REGION] = {.path = "region"},
                                        [ACTION] = {.path = "detail.action-type"},
                                        [RESULT] = {.path = "detail.result"},
                                        [REPOSITORY] = {.path = "detail.repository-name"},
                                        [TAG] = {.path = "detail.image-tag"}};
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[SOURCE].value.len)
        return err_set(err, ERR_INPUT, "source: is missing; this is no event of EventBridge");
    if (!str_eq(fields[SOURCE].value, STR("aws.ecr")) ||
        !str_eq(fields[TYPE].value, STR("ECR Image Action")) ||
        !str_eq(fields[ACTION].value, STR("PUSH")) || !str_eq(fields[RESULT].value, STR("SUCCESS")))
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (!fields[ACCOUNT].value.len || !fields[REGION].value.len)
        return err_set(err, ERR_INPUT, "account and region: they name the registry");
    else
        hook_add(reading, host_of(reading, fields[ACCOUNT].value, fields[REGION].value),
                 fields[REPOSITORY].value, fields[TAG].value);
    return 0;
}
