/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_nexus: repository webhooks of Sonatype Nexus, of components and of assets: a tag that is pushed
 * again is a new component to some versions and an updated asset to others. The host is a matter of
 * its connectors, and so is whether the repository's name is part of the path.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

enum { REPOSITORY, ACTION, FORMAT, NAME, VERSION, ASSET_FORMAT, ASSET, FIELDS };

/* "v2/shop/web/manifests/1.0" */
static void add_asset(struct hook_reading *reading, struct str repository, struct str asset)
{
    static const struct str infix = STR_INIT("/manifests");
    if (str_starts(asset, STR("/")))
        asset = str_tail(asset, 1);
    size_t slash = str_rfind(asset, '/');
    struct str path = slash == STR_NOT_FOUND ? STR_NONE : str_head(asset, slash);
    if (str_starts(path, STR("v2/")) && str_ends(path, infix) && path.len > 3 + infix.len)
        hook_add_both(reading, repository, str_tail(str_head(path, path.len - infix.len), 3),
                      str_tail(asset, slash + 1));
    else
        hook_pass_over(reading, HOOK_NO_IMAGE);
}

int hook_read_nexus(struct hook_reading *reading, struct err *err)
{
    struct hook_field fields[FIELDS] = {
        [REPOSITORY] = {.path = "repositoryName"}, [ACTION] = {.path = "action"},
        [FORMAT] = {.path = "component.format"},   [NAME] = {.path = "component.name"},
        [VERSION] = {.path = "component.version"}, [ASSET_FORMAT] = {.path = "asset.format"},
        [ASSET] = {.path = "asset.name"},
    };
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    struct str repository = fields[REPOSITORY].value, action = fields[ACTION].value;
    if (!repository.len)
        return err_set(err, ERR_INPUT, "repositoryName: is missing; this is no word of Nexus");
    if (!str_eq(action, STR("CREATED")) && !str_eq(action, STR("UPDATED")))
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (str_eq(fields[FORMAT].value, STR("docker")))
        hook_add_both(reading, repository, fields[NAME].value, fields[VERSION].value);
    else if (str_eq(fields[ASSET_FORMAT].value, STR("docker")))
        add_asset(reading, repository, fields[ASSET].value);
    else
        hook_pass_over(reading, HOOK_NO_IMAGE);
    return 0;
}
