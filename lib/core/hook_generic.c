/* SPDX-License-Identifier: Apache-2.0 */
/* hook_generic: what any pipeline can send: {"repository": "[HOST/]PATH", "tag": "…"}. */
#include "hook_inner.h"

#include "pinnace/banned.h"

int hook_read_generic(struct hook_reading *reading, struct err *err)
{
    enum { REPOSITORY, TAG, FIELDS };
    struct hook_field fields[FIELDS] = {
        [REPOSITORY] = {.path = "repository"}, [TAG] = {.path = "tag"}};
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    struct str repository = fields[REPOSITORY].value, tag = fields[TAG].value;
    if (!repository.len || !tag.len)
        return err_set(err, ERR_INPUT,
                       "%s: is missing; {\"repository\": \"shop/web\", \"tag\": \"1.0\"} is "
                       "how it should look",
                       repository.len ? "tag" : "repository");
    enum imageref_fault fault = hook_name_fault(repository, tag);
    if (fault != IMAGEREF_OK)
        return err_set(err, ERR_INPUT, "repository and tag: %s", imageref_fault_text(fault));
    hook_add_name(reading, repository, tag);
    return 0;
}
