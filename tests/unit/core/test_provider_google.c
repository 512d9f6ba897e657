/* SPDX-License-Identifier: Apache-2.0 */
#include "../providersteps.h"

#include "pinnace/banned.h"

enum { NOW = 1790000000 };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves),
        cmocka_unit_test(steps),
        cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests_name("provider_google", tests, NULL, NULL);
}
