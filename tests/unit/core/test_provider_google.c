/* SPDX-License-Identifier: Apache-2.0 */
#include "../providersteps.h"

#include "pinnace/banned.h"

enum { NOW = 1790000000, ACCOUNT_AT = 1, ISSUER_AT = 3, TOKEN_AT = 4 };

TEST(serves)
{
    static const struct {
        const char *host;
        bool served;
    } rows[] = {
        {"europe-west1-docker.pkg.dev", true},
        {"us-docker.pkg.dev", true},
        {"gcr.io", true},
        {"eu.gcr.io", true},
        {"us.gcr.io", true},
        {"asia.gcr.io", true},
        {"mirror.gcr.io", false},
        {"registry.k8s.io", false},
        {"docker.pkg.dev", false},
        {"-docker.pkg.dev", false},
        {"evil.us-docker.pkg.dev", false},
        {"us-docker.pkg.dev.example.com", false},
        {"us-docker.evilpkg.dev", false},
        {"us-maven.pkg.dev", false},
        {"us-docker.pkg.dev:443", false},
        {"evil@us-docker.pkg.dev", false},
        {"pkg.dev", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].host,
              (provider_of(str_of(rows[i].host)) == &provider_google) == rows[i].served);
}

TEST(steps)
{
    static const struct {
        const char *name;
        bool no_metadata;
        const char *metadata_host;
        struct told script[SCRIPT_MAX];
        const char *line;
        enum registry_fault fault;
    } rows[] = {
        {"the question",
         false,
         NULL,
         {{0}},
         "metadata GET http://metadata.google.internal/computeMetadata/v1/instance/"
         "service-accounts/default/token [Metadata-Flavor: Google]",
         REGISTRY_FINE},
        {"elsewhere",
         false,
         "169.254.169.252:988",
         {{0}},
         "metadata GET http://169.254.169.252:988/computeMetadata/",
         REGISTRY_FINE},
        {"nobody", true, NULL, {{0}}, "nobody", REGISTRY_FINE},
        {"the password",
         false,
         NULL,
         {{200, "{'access_token':'ya29.x','expires_in':3599,'token_type':'Bearer'}", "Google"}},
         "ready oauth2accesstoken ya29.x 3599",
         REGISTRY_FINE},
        {"somebody else answers",
         false,
         NULL,
         {{200, "{'access_token':'ya29.x','expires_in':3599}", NULL}},
         "failed: what answers as Google's metadata service is not it",
         REGISTRY_GARBLED},
        {"or says he is another",
         false,
         NULL,
         {{200, "{'access_token':'ya29.x','expires_in':3599}", "Googles"}},
         "Metadata-Flavor is missing",
         REGISTRY_GARBLED},
        {"the account may not",
         false,
         NULL,
         {{403, "Unable to generate access token", "Google"}},
         "failed: Google's metadata service says no (403); the Google account has to have "
         "roles/iam.workloadIdentityUser",
         REGISTRY_FORBIDDEN},
        {"no account",
         false,
         NULL,
         {{404, "", "Google"}},
         "the machine has no service account",
         REGISTRY_UNAUTHORIZED},
        {"overrun", false, NULL, {{429, "", "Google"}}, "says no (429)", REGISTRY_TOO_MANY},
        {"not yet there", false, NULL, {{503, "", "Google"}}, "says no (503)", REGISTRY_SERVER},
        {"about to end",
         false,
         NULL,
         {{200, "{'access_token':'ya29.x','expires_in':5}", "Google"}},
         "does not live a minute",
         REGISTRY_SERVER},
        {"no token",
         false,
         NULL,
         {{200, "{'expires_in':3599}", "Google"}},
         "failed: the answer of Google's metadata service: token: is missing",
         REGISTRY_GARBLED},
        {"a token with a line break",
         false,
         NULL,
         {{200, "{'access_token':'a\\r\\nX: y','expires_in':3599}", "Google"}},
         "or cannot be one",
         REGISTRY_GARBLED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct provider_input input = {.host = STR("us-docker.pkg.dev"),
                                       .metadata = !rows[i].no_metadata};
        struct provider_next next;
        input.values[0] = str_of(rows[i].metadata_host);
        run_steps(rows[i].name, &provider_google, &input, NOW, rows[i].script, &arena, &next);
        CHECK_HAS(rows[i].name, line_of(&next, &arena), rows[i].line);
        if (next.turn == PROVIDER_FAILED)
            CHECK_INT(rows[i].name, next.error.fault, rows[i].fault);
    }
}

TEST(too_long)
{
    TEST_ARENA(arena);
    static const struct told nothing[1];
    struct provider_input input = {.host = STR("gcr.io"), .metadata = true};
    struct provider_next next;
    input.values[0] = run_of(&arena, 'a', PROVIDER_VALUE_MAX);
    run_steps("too long", &provider_google, &input, NOW, nothing, &arena, &next);
    CHECK_STR("too long", line_of(&next, &arena), STR("failed: GCE_METADATA_HOST is too long"));
}

#define CLUSTER                                                                                    \
    "https://container.googleapis.com/v1/projects/shop-1/locations/europe-west1/clusters/main"
#define ROBOT "puller@shop-1.iam.gserviceaccount.com"
#define EXCHANGED                                                                                  \
    {                                                                                              \
        200, "{'access_token':'ya29.d.x','expires_in':3599,'token_type':'Bearer'}", NULL           \
    }

/* As whom the accounts of pods are let in. */
TEST(accounts)
{
    static const struct {
        const char *name, *issuer, *robot;
        struct told script[SCRIPT_MAX];
        const char *line;
        enum registry_fault fault;
    } rows[] = {
        {"the exchange",
         CLUSTER,
         NULL,
         {{0}},
         "POST https://sts.googleapis.com/v1/token "
         "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&"
         "audience=identitynamespace%3Ashop-1.svc.id.goog%3Ahttps%3A%2F%2Fcontainer.googleapis.com%"
         "2Fv1%2F"
         "projects%2Fshop-1%2Flocations%2Feurope-west1%2Fclusters%2Fmain&"
         "scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform&"
         "requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&"
         "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=e30.e30."
         "x",
         REGISTRY_FINE},
        {"as itself",
         CLUSTER,
         NULL,
         {EXCHANGED},
         "ready oauth2accesstoken ya29.d.x 3599",
         REGISTRY_FINE},
        {"as another",
         CLUSTER,
         ROBOT,
         {EXCHANGED},
         "POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
         "puller%40shop-1.iam.gserviceaccount.com:generateAccessToken [Authorization: Bearer "
         "ya29.d.x] "
         "{\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"],\"lifetime\":\"3600s\"}",
         REGISTRY_FINE},
        {"which it is",
         CLUSTER,
         ROBOT,
         {EXCHANGED, {200, "{'accessToken':'ya29.c.y','expireTime':'2026-09-21T16:00:00Z'}", NULL}},
         "ready oauth2accesstoken ya29.c.y 3600",
         REGISTRY_FINE},
        {"for some minutes",
         CLUSTER,
         ROBOT,
         {EXCHANGED, {200, "{'accessToken':'ya29.c.y','expireTime':'2026-09-21T14:36:40Z'}", NULL}},
         "ready oauth2accesstoken ya29.c.y 1400",
         REGISTRY_FINE},
        {"no longer",
         CLUSTER,
         ROBOT,
         {EXCHANGED, {200, "{'accessToken':'ya29.c.y','expireTime':'2026-09-21T14:00:00Z'}", NULL}},
         "failed: the token of Google's IAM does not live a minute",
         REGISTRY_SERVER},
        {"somebody who leads elsewhere",
         CLUSTER,
         "a/../b?c#d",
         {EXCHANGED},
         "/serviceAccounts/a%2F..%2Fb%3Fc%23d:generateAccessToken ",
         REGISTRY_FINE},
        {"not enabled",
         CLUSTER,
         NULL,
         {{400,
           "{'error':'invalid_target','error_description':'The target service indicated by the "
           "\\\"audience\\\" parameters is invalid.'}",
           NULL}},
         "failed: Google's STS says no (400 invalid_target: The target service indicated by the "
         "\"audience\" parameters is invalid.); "
         "Workload Identity Federation has to be enabled",
         REGISTRY_UNAUTHORIZED},
        {"overrun",
         CLUSTER,
         NULL,
         {{429, "", NULL}},
         "failed: Google's STS says no (429)",
         REGISTRY_TOO_MANY},
        {"not there",
         CLUSTER,
         NULL,
         {{503, "<html>", NULL}},
         "failed: Google's STS says no (503)",
         REGISTRY_SERVER},
        {"may not be that one",
         CLUSTER,
         ROBOT,
         {EXCHANGED,
          {403,
           "{'error':{'code':403,'message':'Permission iam.serviceAccounts.getAccessToken "
           "denied','status':'PERMISSION_DENIED'}}",
           NULL}},
         "failed: Google's IAM says no (403 PERMISSION_DENIED: Permission "
         "iam.serviceAccounts.getAccessToken denied); "
         "the Google account that the annotation names has to be there, and to have "
         "roles/iam.workloadIdentityUser",
         REGISTRY_FORBIDDEN},
        {"there is none",
         CLUSTER,
         ROBOT,
         {EXCHANGED, {404, "", NULL}},
         "failed: Google's IAM says no (404); ",
         REGISTRY_UNAUTHORIZED},
        {"no answer to read",
         CLUSTER,
         NULL,
         {{200, "{'expires_in':3599}", NULL}},
         "failed: the answer of Google's STS: token: is missing",
         REGISTRY_GARBLED},
        {"nor of the other",
         CLUSTER,
         ROBOT,
         {EXCHANGED, {200, "{}", NULL}},
         "failed: the answer of Google's IAM: accessToken: is missing",
         REGISTRY_GARBLED},
        {"another cloud's cluster",
         "https://oidc.eks.eu-west-1.amazonaws.com/id/0",
         ROBOT,
         {{0}},
         "failed: the cluster's tokens are made by https://oidc.eks.eu-west-1.amazonaws.com/id/0, "
         "which is no cluster of GKE",
         REGISTRY_UNAUTHORIZED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct provider_input input = {.host = STR("us-docker.pkg.dev")};
        struct provider_next next;
        input.values[ACCOUNT_AT] = str_of(rows[i].robot);
        input.values[ISSUER_AT] = str_of(rows[i].issuer);
        if (provider_google.needs[TOKEN_AT].audience_of(&input, &arena).len)
            input.values[TOKEN_AT] = STR("e30.e30.x");
        run_steps(rows[i].name, &provider_google, &input, NOW, rows[i].script, &arena, &next);
        CHECK_HAS(rows[i].name, line_of(&next, &arena), rows[i].line);
        CHECK(rows[i].name, next.turn != PROVIDER_FAILED || !strstr(next.error.text, "ya29"));
        if (next.turn == PROVIDER_FAILED)
            CHECK_INT(rows[i].name, next.error.fault, rows[i].fault);
    }
}

/* Which accounts are spoken for. */
TEST(annotations)
{
    static const struct {
        const char *annotations, *robot;
        bool is_somebody;
    } rows[] = {
        {"'iam.gke.io/gcp-service-account':'" ROBOT "'", ROBOT, true},
        {"'iam.gke.io/return-principal-id-as-email':'true'", "", true},
        {"'iam.gke.io/return-principal-id-as-email':'true','iam.gke.io/gcp-service-account':'" ROBOT
         "'",
         ROBOT, true},
        {"'iam.gke.io/return-principal-id-as-email':'false'", "", false},
        {"'iam.gke.io/gcp-service-account':''", "", false},
        {"'azure.workload.identity/client-id':'x'", "", false},
        {"", "", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct provider_input input = {.host = STR("gcr.io")};
        struct buf json = BUF_INIT(&arena, 4096);
        buf_addf(&json, "{'metadata':{'annotations':{%s}}}", rows[i].annotations);
        bool somebody = provider_note_account(&provider_google,
                                              json_of(&arena, finished(&json).ptr), &arena, &input);
        CHECK_INT(rows[i].annotations, somebody, rows[i].is_somebody);
        CHECK_STR(rows[i].annotations, input.values[ACCOUNT_AT], str_of(rows[i].robot));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves),      cmocka_unit_test(steps),    cmocka_unit_test(accounts),
        cmocka_unit_test(annotations), cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests_name("provider_google", tests, NULL, NULL);
}
