/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_google: who we are to Google's registries: the metadata service, which on GKE speaks for the
 * ServiceAccount, gives an access token, and that is the password. A key in a pull Secret ("_json_key")
 * needs nothing of this.
 */
#include "pinnace/provider.h"

#include "pinnace/banned.h"

enum { URL_MAX = 1024, SHORTEST_LIFE_S = 60 };

enum need { METADATA_HOST };

static const struct provider_need needs[] = {
    [METADATA_HOST] = {.env = "GCE_METADATA_HOST", .is_general = true},
};

/* Of names before the domain, one label: "europe-west1-docker" of pkg.dev, and the old ones. */
static bool serves(struct str host)
{
    static const struct str old[] = {STR_INIT("gcr.io"), STR_INIT("us.gcr.io"),
                                     STR_INIT("eu.gcr.io"), STR_INIT("asia.gcr.io")};
    static const struct str suffix = STR_INIT("-docker.pkg.dev");
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
        if (str_eq(host, old[i]))
            return true;
    return provider_host_under(host, STR("pkg.dev")) && str_ends(host, suffix) &&
           host.len > suffix.len && str_find(host, '.') == host.len - (sizeof(".pkg.dev") - 1);
}

static void ask(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX);
    struct str host = run->input->values[METADATA_HOST];
    buf_add(&url, STR("http://"));
    buf_add(&url, host.len ? host : STR("metadata.google.internal"));
    buf_add(&url, STR("/computeMetadata/v1/instance/service-accounts/default/token"));
    next->turn = PROVIDER_ASK;
    next->ask.method = "GET";
    next->ask.metadata = true;
    next->ask.headers[next->ask.header_count++] =
        (struct provider_header){"Metadata-Flavor", STR("Google")};
    next->ask.want_header = "Metadata-Flavor";
    if (buf_finish(&url, &next->ask.url, NULL) < 0)
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "GCE_METADATA_HOST is too long");
}

static void refused(const struct provider_answer *answer, struct provider_next *next)
{
    enum registry_fault fault = registry_fault_of(answer->status);
    const char *advice = answer->status == 403
                             ? "; the Google account has to have roles/iam.workloadIdentityUser "
                               "for this ServiceAccount, and its annotation to name it"
                         : answer->status == 404
                             ? "; the machine has no service account: give the node pool one, or "
                               "the cluster Workload Identity"
                             : "";
    provider_fail(next, answer, fault == REGISTRY_NOT_FOUND ? REGISTRY_UNAUTHORIZED : fault,
                  "Google's metadata service says no (%d)%s", answer->status, advice);
}

static void take_token(struct provider_run *run, const struct provider_answer *answer,
                       struct provider_next *next)
{
    struct registry_token token;
    struct str body = arena_copy(run->arena, answer->body);
    struct err err = {ERR_MEMORY, "memory is out"};
    if (!body.ptr || registry_token_read(body, run->arena, &token, &err) < 0) {
        provider_fail(next, answer, REGISTRY_GARBLED, "the answer of Google's metadata service: %s",
                      err.text);
        return;
    }
    if (token.life_s < SHORTEST_LIFE_S) {
        provider_fail(next, answer, REGISTRY_SERVER,
                      "the token of Google's metadata service does not live a minute; it is asked "
                      "again");
        return;
    }
    next->turn = PROVIDER_READY;
    next->login.username = STR("oauth2accesstoken");
    next->login.password = token.token;
    next->login.life_s = token.life_s;
}

static void step(struct provider_run *run, const struct provider_answer *answer,
                 struct provider_next *ret_next)
{
    *ret_next = (struct provider_next){.turn = PROVIDER_NOBODY};
    if (!answer) {
        if (run->input->metadata)
            ask(run, ret_next);
    } else if (!str_eq(answer->header, STR("Google"))) {
        provider_fail(ret_next, answer, REGISTRY_GARBLED,
                      "what answers as Google's metadata service is not it: Metadata-Flavor is "
                      "missing");
    } else if (answer->status != 200) {
        refused(answer, ret_next);
    } else {
        take_token(run, answer, ret_next);
    }
}

const struct provider provider_google = {
    .name = "google",
    .title = "Google",
    .needs = needs,
    .need_count = sizeof(needs) / sizeof(needs[0]),
    .serves = serves,
    .step = step,
};
