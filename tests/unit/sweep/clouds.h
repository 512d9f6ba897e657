/* SPDX-License-Identifier: Apache-2.0 */
/* clouds: what clouds are asked and answer on the way to a registry, while memory runs out. */
#ifndef PINNACE_TESTS_SWEEP_CLOUDS_H
#define PINNACE_TESTS_SWEEP_CLOUDS_H

#include "expect.h"

#include "pinnace/accounttoken.h"
#include "pinnace/acrdoc.h"
#include "pinnace/awsdoc.h"
#include "pinnace/entra.h"
#include "pinnace/googledoc.h"
#include "pinnace/jwt.h"
#include "pinnace/provider.h"
#include "pinnace/xmlleaf.h"

/* {"exp":4000000000}: a token that lives long. */
#define JWT "e30.eyJleHAiOjQwMDAwMDAwMDB9.x"

static inline int run_aws_documents(struct arena *arena, struct err *err)
{
    static const char sts[] = "<R><AccessKeyId>a&amp;b</AccessKeyId><SecretAccessKey>s&#62;"
                              "</SecretAccessKey><SessionToken>t</SessionToken></R>";
    static const char agent[] =
        "{\"AccessKeyId\":\"\\u0061\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}";
    static const char ecr[] = "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3\","
                              "\"expiresAt\":1.7e9}]}";
    static const char error[] = "<E><Code>Access&#68;enied</Code><Message>m</Message></E>";
    struct aws_key key = {.id = STR("untouched")};
    struct ecr_token token = {.expires = 4711};
    struct aws_error said;
    int result = sts_answer_read(str_of(sts), arena, &key, err);
    expect(str_eq(key.id, STR("untouched")) == (result < 0), "the key of STS was touched");
    if (result == 0) {
        key.id = STR("untouched");
        result = aws_key_read(str_of(agent), arena, &key, err);
        expect(str_eq(key.id, STR("untouched")) == (result < 0), "the agent's key was touched");
    }
    if (result == 0) {
        result = ecr_token_read(str_of(ecr), false, arena, &token, err);
        expect((token.expires == 4711) == (result < 0), "the token of ECR was touched");
    }
    if (result < 0)
        return -1;
    aws_error_read(str_of(error), arena, &said);
    expect(!said.code.len || str_eq(said.code, STR("AccessDenied")), "another error was read");
    return said.code.len ? 0 : err_no_memory(err);
}

/* Each takes a text, and keeps what it gives as it was if memory is out. */
static inline int run_token_documents(struct arena *arena, struct err *err)
{
    static const struct {
        int (*read)(struct str text, struct arena *arena, struct str *ret, struct err *err);
        const char *text;
    } rows[] = {
        {entra_token_read, "{\"access_token\":\"\\u0061\",\"token_type\":\"Bearer\"}"},
        {acr_exchange_read, "{\"refresh_token\":\"\\u0061\"}"},
        {account_token_read, "{\"status\":{\"token\":\"\\u0061\"}}"},
        {account_issuer_read, "{\"issuer\":\"\\u0061\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str value = STR("untouched");
        int result = rows[i].read(str_of(rows[i].text), arena, &value, err);
        expect(str_eq(value, STR("untouched")) == (result < 0), "a token was touched");
        expect(result < 0 || str_eq(value, STR("a")), "another token was read");
        if (result < 0)
            return -1;
    }
    struct google_token token = {.expires = 4711};
    struct jwt jwt = {.expires = 4711};
    if (google_token_read(
            STR("{\"accessToken\":\"\\u0061\",\"expireTime\":\"2026-11-21T09:30:00Z\"}"), arena,
            &token, err) < 0 ||
        jwt_read(STR(JWT), arena, &jwt, err) < 0) {
        expect(token.expires == 4711 || jwt.expires == 4711, "a token was touched");
        return -1;
    }
    return 0;
}

/* What refuses is told as far as it can be read, and never by halves. */
static inline int run_token_errors(struct arena *arena, struct err *err)
{
    struct entra_error entra;
    struct google_error google;
    entra_error_read(STR("{\"error\":\"\\u0061\",\"error_description\":\"AADSTS1: \\u0062\"}"),
                     arena, &entra);
    google_error_read(STR("{\"error\":{\"status\":\"\\u0061\",\"message\":\"\\u0062\"}}"), arena,
                      &google);
    expect((entra.code.len > 0) == (entra.description.len > 0), "half an error of Entra");
    expect((google.code.len > 0) == (google.message.len > 0), "half an error of Google");
    return entra.code.len && google.code.len ? 0 : err_no_memory(err);
}

struct cloud_setting {
    const char *name, *value; /* of a variable, an annotation, "issuer" or "token" */
};

static inline bool is_meant(const struct provider_need *need, const char *name)
{
    return (need->env && strcmp(need->env, name) == 0) ||
           (need->annotation && strcmp(need->annotation, name) == 0) ||
           (need->is_issuer && strcmp(name, "issuer") == 0) ||
           (need->audience_of && strcmp(name, "token") == 0);
}

/* From nothing to a login, answer by answer. */
static inline int run_cloud(const struct provider *provider, const char *host,
                            const struct cloud_setting *settings, const char *const *answers,
                            struct arena *arena, struct err *err)
{
    struct provider_input input = {.host = str_of(host)};
    struct provider_run run = {.input = &input, .arena = arena, .now = 1790000000};
    struct provider_next next;
    for (; settings->name; settings++)
        for (size_t i = 0; i < provider->need_count; i++)
            if (is_meant(&provider->needs[i], settings->name))
                input.values[i] = str_of(settings->value);
    provider->step(&run, NULL, &next);
    for (; next.turn == PROVIDER_ASK && *answers; answers++) {
        struct provider_answer answer = {.status = 200, .body = str_of(*answers)};
        expect(next.ask.url.len > 0, "there is no address to be asked");
        provider->step(&run, &answer, &next);
    }
    if (next.turn == PROVIDER_FAILED)
        return err_no_memory(err);
    expect(next.turn == PROVIDER_READY && next.login.life_s > 0, "there is no login");
    expect(next.login.password.len || next.login.identity_token.len, "the login has no secret");
    return 0;
}

static inline int run_azure(struct arena *arena, struct err *err)
{
    static const struct cloud_setting settings[] = {{"AZURE_CLIENT_ID", "c"},
                                                    {"AZURE_TENANT_ID", "t"},
                                                    {"AZURE_FEDERATED_TOKEN_FILE", "a.b.c"},
                                                    {NULL, NULL}};
    static const char *const answers[] = {"{\"access_token\":\"a\"}",
                                          "{\"refresh_token\":\"" JWT "\"}", NULL};
    return run_cloud(&provider_azure, "contoso.azurecr.io", settings, answers, arena, err);
}

static inline int run_aws(struct arena *arena, struct err *err)
{
    static const struct cloud_setting settings[] = {
        {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/p"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE", "a.b.c"},
        {NULL, NULL}};
    static const char *const answers[] = {
        "<R><AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
        "</SessionToken></R>",
        "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnB3\",\"expiresAt\":4e9}]}", NULL};
    return run_cloud(&provider_aws, "123456789012.dkr.ecr.us-west-2.amazonaws.com", settings,
                     answers, arena, err);
}

static inline int run_google(struct arena *arena, struct err *err)
{
    static const struct cloud_setting settings[] = {
        {"iam.gke.io/gcp-service-account", "a@example.com"},
        {"issuer", "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c"},
        {"token", "a.b.c"},
        {NULL, NULL}};
    static const char *const answers[] = {
        "{\"access_token\":\"a\",\"expires_in\":3600}",
        "{\"accessToken\":\"b\",\"expireTime\":\"2096-11-21T09:30:00Z\"}", NULL};
    return run_cloud(&provider_google, "us-docker.pkg.dev", settings, answers, arena, err);
}

static inline int run_annotations(struct arena *arena, struct err *err)
{
    struct provider_input input = {.host = STR("gcr.io")};
    bool noted = provider_note_account(
        &provider_google,
        STR("{\"metadata\":{\"annotations\":{\"iam.gke.io/gcp-service-account\":\"\\u0061\"}}}"),
        arena, &input);
    expect(noted || input.values[1].len == 0, "half an account was noted");
    return noted ? 0 : err_no_memory(err);
}

static inline int run_signature(struct arena *arena, struct err *err)
{
    static const struct sigv4_header headers[] = {{STR_INIT("Host"), STR_INIT("example.com")},
                                                  {STR_INIT("X-Amz-Date"), STR_INIT("  a  b")}};
    const struct sigv4_signing signing = {.scope = {1790000000, STR("us-west-2"), STR("ecr")},
                                          .key_id = STR("a"),
                                          .secret = STR("s")};
    const struct sigv4_request request = {.method = STR("GET"),
                                          .path = STR("/a%20b"),
                                          .query = STR("b=1&a=2"),
                                          .headers = headers,
                                          .header_count = 2,
                                          .body_sum = STR("00")};
    struct buf first = BUF_INIT(arena, SIGV4_REQUEST_MAX), second = BUF_INIT(arena, 4096),
               third = BUF_INIT(arena, 4096);
    struct str text;
    buf_add_sigv4_request(&first, &request);
    buf_add_sigv4_string(&second, &signing.scope, STR("00"));
    buf_add_sigv4_header(&third, &signing, &request, STR("00"));
    if (buf_finish(&first, &text, err) < 0 || buf_finish(&second, &text, err) < 0)
        return -1;
    return buf_finish(&third, &text, err);
}

#endif
