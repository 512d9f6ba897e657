/* SPDX-License-Identifier: Apache-2.0 */
/* load: see the header. */
#include "pinnace/load.h"

#include "pinnace/manifest.h"

#include "pinnace/banned.h"

/*
 * An empty file is most likely one that is just being written; it must not count as "no rules". The
 * manifest is read in place, since its objects point to it.
 */
static int read_rules(const char *file, struct arena *arena, struct manifest *manifest,
                      struct err *err)
{
    if (manifest_read(file, arena, manifest, err) < 0)
        return -1;
    for (size_t i = 0; i < manifest->text.len; i++)
        if (!ascii_is_space(manifest->text.ptr[i]))
            return 0;
    return err_set(err, ERR_INPUT, "%s: is empty", file);
}

int load_policy(const char *file, struct arena *arena, struct policy *ret_policy, struct err *err)
{
    struct policy policy = policy_builtin;
    struct manifest manifest = {0};
    if (file && read_rules(file, arena, &manifest, err) < 0)
        return -1;
    for (const struct manifest_object *object = manifest.objects; object; object = object->next)
        if (policy_add(&policy, object->json, arena, err) < 0)
            return manifest_prefix(object, 0, err);
    *ret_policy = policy;
    return 0;
}

int load_ledger(const char *file, struct arena *arena, struct ledger *ret_ledger, struct err *err)
{
    struct ledger ledger = {0};
    struct manifest manifest = {0};
    if (!file)
        return 0;
    if (read_rules(file, arena, &manifest, err) < 0)
        return -1;
    for (const struct manifest_object *object = manifest.objects; object; object = object->next)
        if (ledger_add(&ledger, object->json, arena, err) < 0)
            return manifest_prefix(object, 0, err);
    *ret_ledger = ledger;
    return 0;
}
