/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/certsecret.h"
#include "pinnace/hookconfig.h"

#include "pinnace/banned.h"

#define OWNER "{'kind':'Namespace','name':'ns','uid':'u-1'}"

TEST(configurations)
{
    TEST_ARENA(arena);
    struct hookconfig config = {0};
    struct err err = ERR_CLEAN;
    struct str json =
        json_of(&arena, "{'metadata':{'name':'x','resourceVersion':'7','ownerReferences':["
                        "{'uid':'other'}," OWNER "]},'webhooks':[{'name':'a','clientConfig':"
                        "{'caBundle':'Y2E=','service':{'name':'s'}}},{'clientConfig':{}},{}]}");
    CHECK_INT("whole", hookconfig_read(json, STR("u-1"), &arena, &config, &err), 0);
    CHECK_STR("version", config.version, STR("7"));
    CHECK_INT("entries", config.count, 3);
    CHECK_STR("a bundle", config.bundles[0], STR("ca"));
    CHECK_INT("none", config.bundles[1].len + config.bundles[2].len, 0);
    CHECK("owned", config.has_owners && config.is_owned);
    CHECK_INT("by another", hookconfig_read(json, STR("u-2"), &arena, &config, &err), 0);
    CHECK("by another", config.has_owners && !config.is_owned);
    json = json_of(&arena, "{'metadata':{'resourceVersion':'7'}}");
    CHECK_INT("bare", hookconfig_read(json, STR("u-1"), &arena, &config, &err), 0);
    CHECK("bare", config.count == 0 && !config.has_owners && !config.is_owned);
}

TEST(no_configurations)
{
    static const struct {
        const char *name, *json, *says;
    } rows[] = {
        {"no JSON", "{", ""},
        {"no version", "{'metadata':{}}", "resourceVersion"},
        {"a bundle that is no base64",
         "{'metadata':{'resourceVersion':'7'},'webhooks':[{'clientConfig':{'caBundle':'?'}}]}",
         "webhooks[0].clientConfig.caBundle"},
        {"an entry that is none", "{'metadata':{'resourceVersion':'7'},'webhooks':[1]}",
         "webhooks[0]"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct hookconfig config = {.count = 77};
        struct err err = ERR_CLEAN;
        struct str json = json_of(&arena, rows[i].json);
        CHECK_INT(rows[i].name, hookconfig_read(json, STR("u"), &arena, &config, &err), -1);
        CHECK_INT(rows[i].name, config.count, 77);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

TEST(patches)
{
    TEST_ARENA(arena);
    struct hookconfig config = {.version = STR("7"), .count = 2};
    const struct hookconfig_owner owner = {STR("ns"), STR("u-1")};
#define HEAD "[{'op':'replace','path':'/metadata/resourceVersion','value':'7'}"
#define OWNER_VALUE "{'apiVersion':'v1','kind':'Namespace','name':'ns','uid':'u-1'}"
    struct buf buf = BUF_INIT(&arena, 4096);
    buf_add_hookconfig_patch(&buf, &config, STR("ca"), NULL);
    CHECK_STR("bundles", finished(&buf),
              json_of(&arena, HEAD ",{'op':'add','path':'/webhooks/0/clientConfig/caBundle','value'"
                                   ":'Y2E='},{'op':'add','path':'/webhooks/1/clientConfig/caBundle'"
                                   ",'value':'Y2E='}]"));
    buf = BUF_INIT(&arena, 4096);
    buf_add_hookconfig_patch(&buf, &config, STR_NONE, &owner);
    CHECK_STR("the first owner", finished(&buf),
              json_of(&arena, HEAD ",{'op':'add','path':'/metadata/ownerReferences','value':"
                                   "[" OWNER_VALUE "]}]"));
    config.has_owners = true;
    buf = BUF_INIT(&arena, 4096);
    buf_add_hookconfig_patch(&buf, &config, STR_NONE, &owner);
    CHECK_STR("one more owner", finished(&buf),
              json_of(&arena,
                      HEAD ",{'op':'add','path':'/metadata/ownerReferences/-','value':" OWNER_VALUE
                           "}]"));
}

TEST(owners)
{
    TEST_ARENA(arena);
    struct hookconfig_owner owner = {0};
    struct err err = ERR_CLEAN;
    struct str json = json_of(&arena, "{'metadata':{'uid':'u','name':'ns'}}");
    CHECK_INT("a Namespace", hookconfig_owner_read(json, &arena, &owner, &err), 0);
    CHECK_STR("a Namespace", owner.uid, STR("u"));
    json = json_of(&arena, "{'metadata':{'name':'ns'}}");
    CHECK_INT("without uid", hookconfig_owner_read(json, &arena, &owner, &err), -1);
}

TEST(secrets)
{
    TEST_ARENA(arena);
    struct certsecret secret = {0};
    struct err err = ERR_CLEAN;
    struct str json =
        json_of(&arena, "{'metadata':{'resourceVersion':'3'},'data':{'tls.crt':"
                        "'Y2VydA==','tls.key':'a2V5','previous.crt':'b2xk','x':'?'}}");
    CHECK_INT("whole", certsecret_read(json, &arena, &secret, &err), 0);
    CHECK_STR("cert", secret.cert, STR("cert"));
    CHECK_STR("key", secret.key, STR("key"));
    CHECK_STR("previous", secret.previous, STR("old"));
    struct buf buf = BUF_INIT(&arena, 4096);
#define BODY(version, data)                                                                        \
    "{'apiVersion':'v1','kind':'Secret','type':'kubernetes.io/"                                    \
    "tls','metadata':{'name':'n'," version                                                         \
    "'labels':{'app.kubernetes.io/part-of':'pinnace'}},'data':{'tls.crt':'Y2VydA==','tls.key':"    \
    "'a2V5'" data "}}"
    buf_add_certsecret(&buf, STR("n"), &secret);
    CHECK_STR("changed", finished(&buf),
              json_of(&arena, BODY("'resourceVersion':'3',", ",'previous.crt':'b2xk'")));
    secret.previous = STR_NONE;
    buf = BUF_INIT(&arena, 4096);
    buf_add_certsecret(&buf, STR("n"), &secret);
    CHECK_STR("the previous one goes", finished(&buf),
              json_of(&arena, BODY("'resourceVersion':'3',", ",'previous.crt':null")));
    secret.version = STR_NONE;
    buf = BUF_INIT(&arena, 4096);
    buf_add_certsecret(&buf, STR("n"), &secret);
    CHECK_STR("new", finished(&buf), json_of(&arena, BODY("", "")));
    json = json_of(&arena, "{'metadata':{'resourceVersion':'3'},'data':{}}");
    CHECK_INT("empty", certsecret_read(json, &arena, &secret, &err), 0);
    CHECK_INT("empty", secret.cert.len + secret.key.len + secret.previous.len, 0);
    json = json_of(&arena, "{'metadata':{'resourceVersion':'3'},'data':{'tls.crt':'?'}}");
    CHECK_INT("no base64", certsecret_read(json, &arena, &secret, &err), -1);
    CHECK_HAS("no base64", ERR_TEXT(err), "data.tls.crt");
    json = json_of(&arena, "{'data':{}}");
    CHECK_INT("no version", certsecret_read(json, &arena, &secret, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations), cmocka_unit_test(no_configurations),
        cmocka_unit_test(patches),        cmocka_unit_test(owners),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests_name("hookconfig", tests, NULL, NULL);
}
