/* SPDX-License-Identifier: Apache-2.0 */
/* world: digests, policies and ledgers for the tests of what is decided by them. */
#ifndef PINNACE_TESTS_WORLD_H
#define PINNACE_TESTS_WORLD_H

#include "check.h"

#include "pinnace/ledger.h"
#include "pinnace/policy.h"

#define TIMES8(digit) digit digit digit digit digit digit digit digit
#define HEX_OF(digit) TIMES8(digit digit digit digit digit digit digit digit)
#define D1 "sha256:" HEX_OF("1")
#define D2 "sha256:" HEX_OF("2")
#define D3 "sha256:" HEX_OF("3")
#define D4 "sha256:" HEX_OF("4")
#define D5 "sha256:" HEX_OF("5")
#define D6 "sha256:" HEX_OF("6")
#define D512 "sha512:" HEX_OF("a") HEX_OF("b")

#define WEB "contoso.azurecr.io/shop/web"

#define TRACK(name, in_namespace, spec, status)                                                    \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'" name                \
    "','namespace':'" in_namespace "'},'spec':{" spec "},'status':{" status "}}"
#define ROW(tag, digest, row_state)                                                                \
    "{'tag':'" tag "','digest':'" digest "','state':'" row_state "'}"

/* A workload's revision: what the controller of a kind made for an owner. */
#define REPLICA_SET(name, owner, replicas, image)                                                  \
    "{'apiVersion':'apps/v1','kind':'ReplicaSet','metadata':{'name':'" name                        \
    "','namespace':'shop','ownerReferences':[{'kind':'Deployment','name':'" owner                  \
    "','controller':true}]},'spec':{" replicas                                                     \
    "'template':{'spec':{'containers':[{'name':'web','image':'" image "'}]}}}}"

#define POLICY(spec)                                                                               \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'PinPolicy','metadata':{'name':'default'},"       \
    "'spec':{" spec "}}"
#define EXEMPTION(name, in_namespace, images, until)                                               \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Exemption','metadata':{'name':'" name            \
    "','namespace':'" in_namespace "'},'spec':{'images':[" images                                  \
    "],'reason':'hot fix','expires':'" until "'}}"

static inline struct object object_of(struct arena *arena, const char *text)
{
    struct object object = {0};
    struct err err = ERR_CLEAN;
    if (object_read(json_of(arena, text), arena, &object, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return object;
}

static inline void ledger_with(struct ledger *ledger, struct arena *arena, const char *text)
{
    struct err err = ERR_CLEAN;
    if (ledger_add(ledger, json_of(arena, text), arena, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

static inline void policy_with(struct policy *policy, struct arena *arena, const char *text)
{
    struct err err = ERR_CLEAN;
    if (policy_add(policy, json_of(arena, text), arena, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

static inline struct imageref ref_of(const char *text)
{
    struct imageref ref = {0};
    if (imageref_parse(str_of(text), &ref) != IMAGEREF_OK)
        fail_msg("%s is no image", text);
    return ref;
}

#endif
