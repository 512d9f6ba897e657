/* SPDX-License-Identifier: Apache-2.0 */
#include "../providersteps.h"

#include "pinnace/banned.h"

#define CLIENT "11111111-2222-3333-4444-555555555555"
#define TENANT "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define ASSERTED                                                                                   \
    {"AZURE_CLIENT_ID", CLIENT}, {"AZURE_TENANT_ID", TENANT},                                      \
    {                                                                                              \
        "AZURE_FEDERATED_TOKEN_FILE", "eyJ.projected.token"                                        \
    }
#define ENTRA_SAYS "{'token_type':'Bearer','expires_in':86399,'access_token':'eyJ.entra.x'}"

enum { NOW = 1790000000 };

TEST(serves)
{
    static const struct {
        const char *host;
        bool served;
    } rows[] = {
        {"contoso.azurecr.io", true},
        {"contoso-a1b2c3.azurecr.io", true},
        {"contoso.azurecr.us", true},
        {"contoso.azurecr.cn", true},
        {"contoso.westeurope.geo.azurecr.io", true},
        {"mcr.microsoft.com", false},
        {"azurecr.io", false},
        {".azurecr.io", false},
        {"azurecr.io.example.com", false},
        {"contoso.azurecr.io.example.com", false},
        {"contosoazurecr.io", false},
        {"contoso.azurecr.io:5000", false},
        {"contoso@evil.azurecr.io", false},
        {"contoso/evil.azurecr.io", false},
        {"contoso.azurecr.de", false},
        {"localhost:5000", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].host,
              (provider_of(str_of(rows[i].host)) == &provider_azure) == rows[i].served);
}

/* What the first step asks for, by what there is. */
TEST(who_we_are)
{
    static const struct {
        const char *name, *host;
        struct setting settings[SETTINGS_MAX];
        bool metadata;
        const char *line;
    } rows[] = {
        {"workload identity",
         "contoso.azurecr.io",
         {ASSERTED, {"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/"}},
         false,
         "POST https://login.microsoftonline.com/" TENANT "/oauth2/v2.0/token client_id=" CLIENT
         "&scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default"
         "&grant_type=client_credentials"
         "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
         "&client_assertion=eyJ.projected.token"},
        {"it goes before the machine's",
         "contoso.azurecr.io",
         {ASSERTED},
         true,
         "POST https://login.microsoftonline.com/"},
        {"it goes before a secret",
         "contoso.azurecr.io",
         {ASSERTED, {"AZURE_CLIENT_SECRET", "s3cret"}},
         false,
         "&client_assertion=eyJ"},
        {"China has an authority of its own",
         "contoso.azurecr.cn",
         {ASSERTED},
         false,
         "POST https://login.chinacloudapi.cn/" TENANT "/"},
        {"and so has the government",
         "contoso.azurecr.us",
         {ASSERTED},
         false,
         "POST https://login.microsoftonline.us/" TENANT "/"},
        {"another that is named",
         "contoso.azurecr.us",
         {ASSERTED, {"AZURE_AUTHORITY_HOST", "https://login.example.com"}},
         false,
         "POST https://login.example.com/" TENANT "/"},
        {"a tenant that is no part of a path",
         "contoso.azurecr.io",
         {{"AZURE_CLIENT_ID", "a&b"},
          {"AZURE_TENANT_ID", "../x"},
          {"AZURE_FEDERATED_TOKEN_FILE", "t"}},
         false,
         "POST https://login.microsoftonline.com/..%2Fx/oauth2/v2.0/token client_id=a%26b&"},
        {"service principal",
         "contoso.azurecr.io",
         {{"AZURE_CLIENT_ID", CLIENT},
          {"AZURE_TENANT_ID", TENANT},
          {"AZURE_CLIENT_SECRET", "s~3 &"}},
         false,
         "&grant_type=client_credentials&client_secret=s~3%20%26"},
        {"the machine's only identity",
         "contoso.azurecr.io",
         {{NULL, NULL}},
         true,
         "metadata GET http://169.254.169.254/metadata/identity/oauth2/token"
         "?api-version=2018-02-01&resource=https%3A%2F%2Fcontainerregistry.azure.net"
         " [Metadata: true]"},
        {"one of the machine's",
         "contoso.azurecr.io",
         {{"AZURE_CLIENT_ID", CLIENT}},
         true,
         "containerregistry.azure.net&client_id=" CLIENT " [Metadata: true]"},
        {"another metadata service",
         "contoso.azurecr.io",
         {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:4050"}},
         true,
         "metadata GET http://127.0.0.1:4050/metadata/identity/"},
        {"nobody", "contoso.azurecr.io", {{NULL, NULL}}, false, "nobody"},
        {"a name alone is nobody",
         "contoso.azurecr.io",
         {{"AZURE_CLIENT_ID", CLIENT}},
         false,
         "nobody"},
        {"no client id",
         "contoso.azurecr.io",
         {{"AZURE_TENANT_ID", TENANT}, {"AZURE_FEDERATED_TOKEN_FILE", "t"}},
         false,
         "failed: AZURE_FEDERATED_TOKEN_FILE is there, but AZURE_CLIENT_ID is not"},
        {"no tenant",
         "contoso.azurecr.io",
         {{"AZURE_CLIENT_ID", CLIENT}, {"AZURE_CLIENT_SECRET", "t"}},
         false,
         "failed: AZURE_CLIENT_SECRET is there, but AZURE_TENANT_ID is not"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct provider_input input = {.host = str_of(rows[i].host), .metadata = rows[i].metadata};
        static const struct told nothing[1];
        struct provider_next next;
        set_values(&provider_azure, rows[i].settings, &input);
        run_steps(rows[i].name, &provider_azure, &input, NOW, nothing, &arena, &next);
        CHECK_HAS(rows[i].name, line_of(&next, &arena), rows[i].line);
    }
}

/* From one answer to the next step. */
TEST(answers)
{
    static const struct {
        const char *name;
        bool metadata; /* else workload identity */
        struct told script[SCRIPT_MAX];
        const char *line;
        enum registry_fault fault;
    } rows[] = {
        {"the exchange",
         false,
         {{200, ENTRA_SAYS, NULL}},
         "POST https://contoso.azurecr.io/oauth2/exchange grant_type=access_token"
         "&service=contoso.azurecr.io&tenant=" TENANT "&access_token=eyJ.entra.x",
         REGISTRY_FINE},
        {"the exchange, of the machine's token, whose numbers are strings",
         true,
         {{200,
           "{'access_token':'eyJ.m.x','client_id':'c','expires_in':'86399','expires_on':'"
           "1790000000',"
           "'not_before':'1789913600','resource':'https://containerregistry.azure.net',"
           "'token_type':'Bearer'}",
           NULL}},
         "POST https://contoso.azurecr.io/oauth2/exchange grant_type=access_token"
         "&service=contoso.azurecr.io&access_token=eyJ.m.x",
         REGISTRY_FINE},
        {"a stale token",
         false,
         {{401,
           "{'error':'invalid_client','error_description':'AADSTS700024: Client assertion is not "
           "within its valid time range. Current time: 2026. Trace ID: x','error_codes':[700024]}",
           NULL}},
         "Entra says no (401 AADSTS700024: Client assertion is not within its valid time range); "
         "the token in AZURE_FEDERATED_TOKEN_FILE has ended, or a clock is wrong",
         REGISTRY_UNAUTHORIZED},
        {"nobody trusts the account",
         false,
         {{400, "{'error':'invalid_request','error_description':'AADSTS70021: No matching'}",
           NULL}},
         "api://AzureADTokenExchange (a new one works after some minutes)",
         REGISTRY_UNAUTHORIZED},
        {"an error without advice",
         false,
         {{400, "{'error':'invalid_request','error_description':'AADSTS1: Odd.\\r\\nTrace'}",
           NULL}},
         "failed: Entra says no (400 AADSTS1: Odd.)",
         REGISTRY_UNAUTHORIZED},
        {"an error that is no document",
         false,
         {{403, "<html>", NULL}},
         "failed: Entra says no (403)",
         REGISTRY_FORBIDDEN},
        {"Entra is overrun",
         false,
         {{429, "", NULL}},
         "failed: Entra says no (429)",
         REGISTRY_TOO_MANY},
        {"Entra is down", false, {{503, "", NULL}}, "failed: Entra says no (503)", REGISTRY_SERVER},
        {"no token in the answer",
         false,
         {{200, "{'token_type':'Bearer'}", NULL}},
         "failed: the answer of Entra: access_token: is missing",
         REGISTRY_GARBLED},
        {"a token with a line break",
         false,
         {{200, "{'access_token':'a\\r\\nb'}", NULL}},
         "access_token: is missing, or cannot be one",
         REGISTRY_GARBLED},
        {"another kind of token",
         false,
         {{200, "{'access_token':'a','token_type':'pop'}", NULL}},
         "token_type: \"Bearer\" was expected",
         REGISTRY_GARBLED},
        {"no such identity",
         true,
         {{400, "{'error':'invalid_request','error_description':'Identity not found'}", NULL}},
         "failed: the metadata service says no (400 invalid_request: Identity not found); the "
         "machine "
         "has no such identity, or several and AZURE_CLIENT_ID does not say which",
         REGISTRY_UNAUTHORIZED},
        {"it is made anew",
         true,
         {{410, "", NULL}},
         "is not there just now (410)",
         REGISTRY_SERVER},
        {"it is not there yet",
         true,
         {{404, "", NULL}},
         "is not there just now (404)",
         REGISTRY_SERVER},
        {"it is overrun", true, {{429, "", NULL}}, "service says no (429)", REGISTRY_TOO_MANY},
        {"it fails", true, {{500, "", NULL}}, "service says no (500)", REGISTRY_SERVER},
        {"the registry does not know us",
         false,
         {{200, ENTRA_SAYS, NULL}, {401, "{'errors':[]}", NULL}},
         "failed: contoso.azurecr.io does not let this identity in (401): it needs the role "
         "AcrPull",
         REGISTRY_UNAUTHORIZED},
        {"the registry's walls",
         false,
         {{200, ENTRA_SAYS, NULL}, {403, "", NULL}},
         "the network rules have to allow us",
         REGISTRY_FORBIDDEN},
        {"the registry is overrun",
         false,
         {{200, ENTRA_SAYS, NULL}, {429, "", NULL}},
         "failed: contoso.azurecr.io: the registry wants to be asked less often",
         REGISTRY_TOO_MANY},
        {"no refresh token",
         false,
         {{200, ENTRA_SAYS, NULL}, {200, "{}", NULL}},
         "failed: the exchange at contoso.azurecr.io: refresh_token: is missing",
         REGISTRY_GARBLED},
        {"a refresh token that is none",
         false,
         {{200, ENTRA_SAYS, NULL}, {200, "{'refresh_token':'abc'}", NULL}},
         "this is no JWT",
         REGISTRY_GARBLED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        static const struct setting asserted[SETTINGS_MAX] = {ASSERTED}, none[SETTINGS_MAX];
        struct provider_input input = {.host = STR("contoso.azurecr.io"),
                                       .metadata = rows[i].metadata};
        struct provider_next next;
        set_values(&provider_azure, rows[i].metadata ? none : asserted, &input);
        run_steps(rows[i].name, &provider_azure, &input, NOW, rows[i].script, &arena, &next);
        CHECK_HAS(rows[i].name, line_of(&next, &arena), rows[i].line);
        if (next.turn == PROVIDER_FAILED)
            CHECK_INT(rows[i].name, next.error.fault, rows[i].fault);
    }
}

/* How long the login lives is read from the token, whatever our clock says. */
TEST(life)
{
    static const struct {
        const char *name, *claims;
        int64_t life_s; /* 0: it is refused */
    } rows[] = {
        {"three hours", "{'iat':1790000000,'exp':1790010800}", 10800},
        {"our clock is five minutes behind", "{'iat':1790000300,'exp':1790011100}", 10800},
        {"our clock is five minutes ahead", "{'iat':1789999700,'exp':1790010500}", 10800},
        {"since when it is valid", "{'nbf':1790000000,'exp':1790010800}", 10800},
        {"nothing but its end", "{'exp':1790010800}", 10800},
        {"it does not say", "{'iat':1790000000}", 0},
        {"it has ended", "{'exp':1789999999}", 0},
        {"half a minute", "{'iat':1790000000,'exp':1790000030}", 0},
        {"for ever", "{'iat':1790000000,'exp':999999999999}", 366 * 24 * 3600},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        static const struct setting asserted[SETTINGS_MAX] = {ASSERTED};
        struct provider_input input = {.host = STR("contoso.azurecr.io")};
        struct provider_next next;
        const char *token = token_of(&arena, rows[i].claims);
        struct told script[SCRIPT_MAX] = {{200, ENTRA_SAYS, NULL}};
        script[1] =
            (struct told){200, json_format(&arena, "{'refresh_token':'%s'}", token).ptr, NULL};
        set_values(&provider_azure, asserted, &input);
        run_steps(rows[i].name, &provider_azure, &input, NOW, script, &arena, &next);
        CHECK(rows[i].name, (next.turn == PROVIDER_READY) == (rows[i].life_s > 0));
        if (next.turn == PROVIDER_READY) {
            CHECK_INT(rows[i].name, next.login.life_s, rows[i].life_s);
            CHECK_STR(rows[i].name, next.login.identity_token, str_of(token));
            CHECK_INT(rows[i].name, next.login.username.len, 0);
        } else {
            CHECK_HAS(rows[i].name, line_of(&next, &arena), "does not live a minute");
        }
    }
}

TEST(too_long)
{
    TEST_ARENA(arena);
    static const struct told nothing[1];
    struct provider_input input = {.host = STR("contoso.azurecr.io")};
    struct provider_next next;
    for (size_t i = 0; i < provider_azure.need_count; i++)
        input.values[i] = run_of(&arena, '+', PROVIDER_VALUE_MAX);
    run_steps("too long", &provider_azure, &input, NOW, nothing, &arena, &next);
    CHECK_HAS("too long", line_of(&next, &arena), "failed: what Azure is to be told is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves), cmocka_unit_test(who_we_are), cmocka_unit_test(answers),
        cmocka_unit_test(life),   cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
