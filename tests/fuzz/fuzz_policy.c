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

static const struct exemption *exempts(const struct policy *policy, const struct imageref *ref,
                                       int64_t now)
{
    size_t steps = SIZE_MAX;
    return policy_exempts(policy, STR("shop"), ref, now, &steps);
}

/* An exemption ends when it says so, whatever its patterns are. */
static void check_expiry(const struct policy *policy)
{
    static const char *const images[] = {"nginx", "quay.io/a/b:1", "contoso.azurecr.io/shop/web"};
    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
        struct imageref ref;
        must(imageref_parse(str_of(images[i]), &ref) == IMAGEREF_OK);
        const struct exemption *last = exempts(policy, &ref, INT64_MAX);
        must(!last || last->expires == 0);
        for (const struct exemption *e = policy->exemptions; e; e = e->next) {
            const struct exemption *before = exempts(policy, &ref, e->expires ? e->expires - 1 : 0);
            const struct exemption *at = exempts(policy, &ref, e->expires);
            must(!before || image_globs_match(&before->images, &ref));
            must(at != e || e->expires == 0);
        }
        image_globs_match(&policy->registries, &ref);
        tag_is_immutable(&policy->tags, ref.tag);
    }
}

/* What is kept of an object says what the object says. */
static void check_essence(const struct policy *policy, struct str text, struct arena *arena)
{
    struct policy again = policy_builtin;
    struct str essence, twice;
    must(policy_essence(text, arena, &essence, NULL) == 0);
    must(policy_add(&again, essence, arena, NULL) == 0);
    must(again.longest_exemption == policy->longest_exemption &&
         again.registries.count == policy->registries.count &&
         again.free.count == policy->free.count);
    const struct exemption *one = policy->exemptions, *other = again.exemptions;
    for (; one && other; one = one->next, other = other->next)
        must(str_eq(one->name, other->name) && str_eq(one->namespace, other->namespace) &&
             str_eq(one->reason, other->reason) && one->images.count == other->images.count &&
             one->created == other->created && one->expires == other->expires);
    must(!one && !other);
    must(policy_essence(essence, arena, &twice, NULL) == 0 && str_eq(essence, twice));
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
    check_essence(&policy, text, &arena);
    must(policy_add(&policy, text, &arena, &err) == 0);
    return 0;
}
