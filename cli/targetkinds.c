/* SPDX-License-Identifier: Apache-2.0 */
/* targetkinds: see the header. */
#include "targetkinds.h"

#include "pinnace/banned.h"

const struct kube_resource target_resources[TARGET_KINDS] = {
    [TARGET_DEPLOYMENT] = {"/apis/apps/v1", "deployments"},
    [TARGET_STATEFUL_SET] = {"/apis/apps/v1", "statefulsets"},
    [TARGET_DAEMON_SET] = {"/apis/apps/v1", "daemonsets"},
    [TARGET_CRON_JOB] = {"/apis/batch/v1", "cronjobs"},
};

static const struct str short_names[TARGET_KINDS] = {
    [TARGET_DEPLOYMENT] = STR_INIT("deploy"),
    [TARGET_STATEFUL_SET] = STR_INIT("sts"),
    [TARGET_DAEMON_SET] = STR_INIT("ds"),
    [TARGET_CRON_JOB] = STR_INIT("cj"),
};

bool target_kind_parse(struct str text, enum target_kind *ret_kind)
{
    size_t dot = str_find(text, '.');
    struct str name = dot == STR_NOT_FOUND ? text : str_head(text, dot);
    for (int i = 0; i < TARGET_KINDS; i++) {
        if (!str_eq_nocase(name, target_kind_names[i]) && !str_eq_nocase(name, short_names[i]) &&
            !str_eq_nocase(name, str_of(target_resources[i].plural)))
            continue;
        *ret_kind = (enum target_kind)i;
        return true;
    }
    return false;
}
