/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the object: a policy takes all of it or nothing, and what it takes has all that its
 * readers count on.
 */
#include <stdlib.h>

#include "pinnace/policy.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(const struct err *err)
{
    must(err->kind == ERR_INPUT || err->kind == ERR_LIMIT);
    must(strlen(err->text) > 0 && strlen(err->text) < sizeof(err->text));
}

static void check_globs(const struct image_globs *globs)
{
    for (size_t i = 0; i < globs->count; i++)
        must(globs->items[i].host.len > 0);
}

static void check_exemption(const struct exemption *exemption)
{
    must(exemption->images.count > 0 && exemption->reason.len > 0);
    check_globs(&exemption->images);
    if (exemption->name.len)
        must(exemption->namespace.len > 0 && exemption->expires != 0);
    else
        must(exemption->namespace_count > 0);
}

/* An exemption ends when it says so, whatever its patterns are. */
static void check_expiry(const struct policy *policy)
{
    static const char *const images[] = {"nginx", "quay.io/a/b:1", "contoso.azurecr.io/shop/web"};
    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
        struct imageref ref;
        must(imageref_parse(str_of(images[i]), &ref) == IMAGEREF_OK);
        const struct exemption *last = policy_exempts(policy, STR("shop"), &ref, INT64_MAX);
        must(!last || last->expires == 0);
        for (const struct exemption *e = policy->exemptions; e; e = e->next) {
            const struct exemption *before =
                policy_exempts(policy, STR("shop"), &ref, e->expires ? e->expires - 1 : 0);
            const struct exemption *at = policy_exempts(policy, STR("shop"), &ref, e->expires);
            must(!before || image_globs_match(&before->images, &ref));
            must(at != e || e->expires == 0);
        }
        image_globs_match(&policy->registries, &ref);
        tag_is_immutable(&policy->tags, ref.tag);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct policy policy = policy_builtin;
    struct err err = {ERR_NONE, ""};
    struct str text = {(const char *)data, size};
    if (policy_add(&policy, text, &arena, &err) < 0) {
        must(memcmp(&policy, &policy_builtin, sizeof(policy)) == 0);
        check_error(&err);
        return 0;
    }
    must(err.kind == ERR_NONE && policy.longest_exemption > 0);
    check_globs(&policy.registries);
    check_globs(&policy.free);
    for (const struct exemption *e = policy.exemptions; e; e = e->next)
        check_exemption(e);
    check_expiry(&policy);
    must(policy_add(&policy, text, &arena, &err) == 0);
    return 0;
}
