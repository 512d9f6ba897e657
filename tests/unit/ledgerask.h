/* SPDX-License-Identifier: Apache-2.0 */
/* ledgerask: questions to a ledger about one image in one object. */
#ifndef PINNACE_TESTS_LEDGERASK_H
#define PINNACE_TESTS_LEDGERASK_H

#include "world.h"

/* One image in one object, asked about. */
static inline struct ledger_query query_of(const struct object *object, const char *container,
                                           const struct imageref *ref)
{
    return (struct ledger_query){
        .namespace = STR("shop"), .object = object, .container = str_of(container), .ref = ref};
}

#define POD "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p'%s}}"

static inline struct object pod_of(struct arena *arena, const char *owner_kind,
                                   const char *owner_name)
{
    struct str owner =
        json_format(arena, ",'ownerReferences':[{'kind':'%s','name':'%s','controller':true}]",
                    owner_kind, owner_name);
    return object_of(arena, json_format(arena, POD, owner_kind[0] ? owner.ptr : "").ptr);
}

#endif
