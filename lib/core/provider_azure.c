/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_azure: who we are to Azure Container Registry. Entra, or the machine's metadata service,
 * gives a token for registries; the registry exchanges it for a refresh token of its own, which is
 * what its token server takes. mcr.microsoft.com is asked as nobody, like everything else that is no
 * customer's registry.
 */
#include "pinnace/provider.h"

#include "pinnace/acrdoc.h"
#include "pinnace/entra.h"
#include "pinnace/jwt.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

#define AUDIENCE "https://containerregistry.azure.net"

enum { FORM_MAX = 256 * 1024, URL_MAX = 4096, SHORTEST_LIFE_S = 60 };

enum need { CLIENT_ID, TENANT_ID, TOKEN_FILE, AUTHORITY, CLIENT_SECRET, IMDS };

static const struct provider_need needs[] = {
    [CLIENT_ID] = {.env = "AZURE_CLIENT_ID", .annotation = "azure.workload.identity/client-id"},
    [TENANT_ID] = {.env = "AZURE_TENANT_ID",
                   .annotation = "azure.workload.identity/tenant-id",
                   .is_general = true},
    [TOKEN_FILE] = {.env = "AZURE_FEDERATED_TOKEN_FILE",
                    .is_file = true,
                    .audience = "api://AzureADTokenExchange"},
    [AUTHORITY] = {.env = "AZURE_AUTHORITY_HOST", .is_general = true},
    [CLIENT_SECRET] = {.env = "AZURE_CLIENT_SECRET"},
    [IMDS] = {.env = "AZURE_POD_IDENTITY_AUTHORITY_HOST", .is_general = true},
};

static const struct cloud {
    struct str suffix, authority;
} clouds[] = {
    {STR_INIT("azurecr.io"), STR_INIT("https://login.microsoftonline.com")},
    {STR_INIT("azurecr.us"), STR_INIT("https://login.microsoftonline.us")},
    {STR_INIT("azurecr.cn"), STR_INIT("https://login.chinacloudapi.cn")},
};

static const struct cloud *cloud_of(struct str host)
{
    for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++)
        if (provider_host_under(host, clouds[i].suffix))
            return &clouds[i];
    return NULL;
}

static bool serves(struct str host)
{
    return cloud_of(host) != NULL;
}

static struct str value(const struct provider_run *run, enum need need)
{
    return run->input->values[need];
}

/* --- What is asked ----------------------------------------------------------------------------- */

static void ask_form(struct provider_next *next, struct buf *url, struct buf *form)
{
    next->turn = PROVIDER_ASK;
    next->ask.method = "POST";
    next->ask.headers[next->ask.header_count++] =
        (struct provider_header){"Content-Type", STR("application/x-www-form-urlencoded")};
    if (buf_finish(url, &next->ask.url, NULL) < 0 || buf_finish(form, &next->ask.body, NULL) < 0)
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "what Azure is to be told is too long");
}

static struct str authority_of(const struct provider_run *run)
{
    const struct cloud *cloud = cloud_of(run->input->host);
    struct str authority = value(run, AUTHORITY);
    if (!authority.len && cloud)
        authority = cloud->authority;
    while (authority.len && authority.ptr[authority.len - 1] == '/')
        authority.len--;
    return authority;
}

static void ask_entra(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX), form = BUF_INIT(run->arena, FORM_MAX);
    struct str assertion = value(run, TOKEN_FILE);
    buf_add(&url, authority_of(run));
    buf_add_char(&url, '/');
    buf_add_url_part(&url, value(run, TENANT_ID));
    buf_add(&url, STR("/oauth2/v2.0/token"));
    provider_add_field(&form, "client_id", value(run, CLIENT_ID));
    provider_add_field(&form, "scope", STR(AUDIENCE "/.default"));
    provider_add_field(&form, "grant_type", STR("client_credentials"));
    if (assertion.len) {
        provider_add_field(&form, "client_assertion_type",
                           STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        provider_add_field(&form, "client_assertion", assertion);
    } else {
        provider_add_field(&form, "client_secret", value(run, CLIENT_SECRET));
    }
    ask_form(next, &url, &form);
}

static void ask_metadata(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX);
    struct str service = value(run, IMDS);
    buf_add(&url, service.len ? service : STR("http://169.254.169.254"));
    buf_add(&url, STR("/metadata/identity/oauth2/token?api-version=2018-02-01"));
    provider_add_field(&url, "resource", STR(AUDIENCE));
    if (value(run, CLIENT_ID).len)
        provider_add_field(&url, "client_id", value(run, CLIENT_ID));
    next->turn = PROVIDER_ASK;
    next->ask.method = "GET";
    next->ask.metadata = true;
    next->ask.headers[next->ask.header_count++] = (struct provider_header){"Metadata", STR("true")};
    if (buf_finish(&url, &next->ask.url, NULL) < 0)
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "the metadata service's address is too long");
}

static void ask_registry(struct provider_run *run, struct str token, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX), form = BUF_INIT(run->arena, FORM_MAX);
    buf_addf(&url, "https://%.*s/oauth2/exchange", STR_FMT(run->input->host));
    provider_add_field(&form, "grant_type", STR("access_token"));
    provider_add_field(&form, "service", run->input->host);
    if (value(run, TENANT_ID).len)
        provider_add_field(&form, "tenant", value(run, TENANT_ID));
    provider_add_field(&form, "access_token", token);
    ask_form(next, &url, &form);
}

/* --- What is answered -------------------------------------------------------------------------- */

enum step { BEGIN, ASKED_ENTRA, ASKED_METADATA, ASKED_REGISTRY };

static void begin(struct provider_run *run, struct provider_next *next)
{
    bool token = value(run, TOKEN_FILE).len > 0, secret = value(run, CLIENT_SECRET).len > 0;
    if (token || secret) {
        const char *missing = !value(run, CLIENT_ID).len   ? "AZURE_CLIENT_ID"
                              : !value(run, TENANT_ID).len ? "AZURE_TENANT_ID"
                                                           : NULL;
        if (missing) {
            provider_fail(next, NULL, REGISTRY_UNAUTHORIZED,
                          "%s is there, but %s is not: both belong to an identity of Azure",
                          token ? "AZURE_FEDERATED_TOKEN_FILE" : "AZURE_CLIENT_SECRET", missing);
            return;
        }
        run->step = ASKED_ENTRA;
        ask_entra(run, next);
    } else if (run->input->metadata) {
        run->step = ASKED_METADATA;
        ask_metadata(run, next);
    }
}

static void refused(struct provider_run *run, const struct provider_answer *answer, const char *who,
                    const char *otherwise, struct provider_next *next)
{
    struct entra_error error;
    enum registry_fault fault = registry_fault_of(answer->status);
    entra_error_read(answer->body, run->arena, &error);
    const char *advice = entra_advice(error.code);
    if (!advice)
        advice = otherwise;
    if (answer->status == 400 || fault == REGISTRY_NOT_FOUND)
        fault = REGISTRY_UNAUTHORIZED;
    size_t most = error.description.len > 160 ? 160 : error.description.len;
    provider_fail(next, answer, fault, "%s says no (%d%s%.*s%s%.*s)%s%s", who, answer->status,
                  error.code.len ? " " : "", STR_FMT(error.code), most ? ": " : "", (int)most,
                  most ? error.description.ptr : "", advice ? "; " : "", advice ? advice : "");
}

static void take_token(struct provider_run *run, const struct provider_answer *answer,
                       const char *who, struct provider_next *next)
{
    struct str token;
    struct err err;
    if (entra_token_read(answer->body, run->arena, &token, &err) < 0) {
        provider_fail(next, answer, REGISTRY_GARBLED, "the answer of %s: %s", who, err.text);
        return;
    }
    run->step = ASKED_REGISTRY;
    ask_registry(run, token, next);
}

static void entra_answered(struct provider_run *run, const struct provider_answer *answer,
                           struct provider_next *next)
{
    if (answer->status == 200)
        take_token(run, answer, "Entra", next);
    else
        refused(run, answer, "Entra", NULL, next);
}

/* It says 404 and 410 while it is made anew, and that passes; 400 is meant. */
static void metadata_answered(struct provider_run *run, const struct provider_answer *answer,
                              struct provider_next *next)
{
    static const char none[] =
        "the machine has no such identity, or several and AZURE_CLIENT_ID does not say which";
    if (answer->status == 200)
        take_token(run, answer, "the metadata service", next);
    else if (answer->status == 404 || answer->status == 410)
        provider_fail(next, answer, REGISTRY_SERVER,
                      "the metadata service is not there just now (%d); it is asked again",
                      answer->status);
    else
        refused(run, answer, "the metadata service", answer->status == 400 ? none : NULL, next);
}

static int read_refresh_token(struct provider_run *run, struct str body,
                              struct provider_login *ret_login, struct err *err)
{
    struct provider_login login = {.life_s = 0};
    struct str token;
    struct jwt jwt;
    if (acr_exchange_read(body, run->arena, &token, err) < 0 ||
        jwt_read(token, run->arena, &jwt, err) < 0)
        return -1;
    login.identity_token = arena_copy(run->arena, token);
    if (!login.identity_token.ptr)
        return err_no_memory(err);
    login.life_s = jwt_life(&jwt, run->now);
    if (login.life_s < SHORTEST_LIFE_S)
        return err_set(err, ERR_INPUT, "refresh_token: it does not live a minute by its \"exp\"");
    *ret_login = login;
    return 0;
}

static void registry_answered(struct provider_run *run, const struct provider_answer *answer,
                              struct provider_next *next)
{
    struct err err;
    if (answer->status == 401 || answer->status == 403) {
        provider_fail(
            next, answer, registry_fault_of(answer->status),
            "%.*s does not let this identity in (%d): it needs the role AcrPull there, or "
            "Container Registry Repository Reader where the registry uses ABAC, and the "
            "network rules have to allow us",
            STR_FMT(run->input->host), answer->status);
    } else if (answer->status != 200) {
        registry_error_read(run->input->host, answer->status, answer->body, &next->error);
        next->turn = PROVIDER_FAILED;
        next->error.retry_after_s = answer->retry_after_s;
    } else if (read_refresh_token(run, answer->body, &next->login, &err) < 0) {
        provider_fail(next, answer, REGISTRY_GARBLED, "the exchange at %.*s: %s",
                      STR_FMT(run->input->host), err.text);
    } else {
        next->turn = PROVIDER_READY;
    }
}

static void step(struct provider_run *run, const struct provider_answer *answer,
                 struct provider_next *ret_next)
{
    *ret_next = (struct provider_next){.turn = PROVIDER_NOBODY};
    if (!answer)
        begin(run, ret_next);
    else if (run->step == ASKED_ENTRA)
        entra_answered(run, answer, ret_next);
    else if (run->step == ASKED_METADATA)
        metadata_answered(run, answer, ret_next);
    else
        registry_answered(run, answer, ret_next);
}

const struct provider provider_azure = {
    .name = "azure",
    .title = "Azure",
    .needs = needs,
    .need_count = sizeof(needs) / sizeof(needs[0]),
    .serves = serves,
    .step = step,
};
