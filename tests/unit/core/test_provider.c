/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/provider.h"

#include "pinnace/banned.h"

#define CLIENT_ID "azure.workload.identity/client-id"
#define TENANT_ID "azure.workload.identity/tenant-id"

/* What a ServiceAccount's annotations say to a provider. */
TEST(accounts)
{
    static const struct {
        const char *json, *client, *tenant; /* client NULL: it is nobody there */
    } rows[] = {
        {"{'metadata':{'annotations':{'" CLIENT_ID "':'c','" TENANT_ID "':'t','x':'y'}}}", "c",
         "t"},
        {"{'metadata':{'annotations':{'" CLIENT_ID "':'c'}}}", "c", ""},
        {"{'metadata':{'annotations':{'" TENANT_ID "':'t'}}}", NULL, ""},
        {"{'metadata':{'annotations':{'" CLIENT_ID "':''}}}", NULL, ""},
        {"{'metadata':{'name':'web'}}", NULL, ""},
        {"{}", NULL, ""},
        {"{'metadata':{'annotations':{'" CLIENT_ID "':5}}}", NULL, ""},
        {"{'metadata':{'annotations':{'" CLIENT_ID "':'c'}", NULL, ""},
        {"{'annotations':{'" CLIENT_ID "':'c'}}", NULL, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct provider_input input = {.host = STR("contoso.azurecr.io")};
        bool noted =
            provider_note_account(&provider_azure, json_of(&arena, rows[i].json), &arena, &input);
        CHECK(rows[i].json, noted == (rows[i].client != NULL));
        CHECK_STR(rows[i].json, input.values[0], str_of(rows[i].client));
        CHECK_STR(rows[i].json, input.values[1], str_of(rows[i].tenant));
        CHECK_STR(rows[i].json, input.host, STR("contoso.azurecr.io"));
    }
}

/* What holds of each table, whoever writes the next one. */
TEST(tables)
{
    for (size_t i = 0; providers[i]; i++) {
        const struct provider *provider = providers[i];
        size_t files = 0, audiences = 0;
        CHECK(provider->name, provider->need_count <= PROVIDER_NEEDS_MAX);
        CHECK(provider->name, provider->title[0] && provider->serves && provider->step);
        CHECK(provider->name, provider_named(str_of(provider->name)) == provider);
        for (size_t j = 0; j < provider->need_count; j++) {
            const struct provider_need *need = &provider->needs[j];
            CHECK(provider->name, need->env
                                      ? need->env[0] != '\0'
                                      : need->annotation || need->is_issuer || need->audience_of);
            CHECK(provider->name, !need->mark || need->annotation);
            files += provider->needs[j].is_file;
            audiences += provider->needs[j].audience != NULL;
            CHECK(provider->name, !provider->needs[j].audience || provider->needs[j].is_file);
        }
        CHECK(provider->name, audiences <= files);
        for (size_t j = 0; j < i; j++)
            CHECK(provider->name, strcmp(providers[j]->name, provider->name) != 0);
    }
    CHECK("no such", provider_named(STR("no such")) == NULL);
}

/* Nobody's credentials may go to any of these. */
TEST(hosts_of_nobody)
{
    static const char *const rows[] = {
        "mcr.microsoft.com",
        "docker.io",
        "registry-1.docker.io",
        "ghcr.io",
        "quay.io",
        "localhost:5000",
        "127.0.0.1",
        "[::1]:5000",
        "registry.example.com",
        "",
        ".",
        "..",
        "a..azurecr.io:1",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i], provider_of(str_of(rows[i])) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accounts), cmocka_unit_test(tables),
                                       cmocka_unit_test(hosts_of_nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
