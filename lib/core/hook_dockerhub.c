/* SPDX-License-Identifier: Apache-2.0 */
/* hook_dockerhub: Docker Hub's webhook, which knows neither signatures nor events but pushes. */
#include "hook_inner.h"

#include "pinnace/banned.h"

int hook_read_dockerhub(struct hook_reading *reading, struct err *err)
{
    enum { REPOSITORY, TAG, FIELDS };
    struct hook_field fields[FIELDS] = {
        [REPOSITORY] = {.path = "repository.repo_name"}, [TAG] = {.path = "push_data.tag"}};
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    if (!fields[REPOSITORY].value.len)
        return err_set(err, ERR_INPUT,
                       "repository.repo_name: is missing; this is no webhook of Docker Hub");
    hook_add(reading, STR("docker.io"), fields[REPOSITORY].value, fields[TAG].value);
    return 0;
}
