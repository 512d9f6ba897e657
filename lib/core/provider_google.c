/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_google: who we are to Google's registries, whose password is an access token. Ours is given
 * by the metadata service, which on GKE speaks for the controller's ServiceAccount. For another one
 * Google's token service exchanges a token that the API server made, by the pool of identities that is
 * known from its issuer; where the account names a Google account, we are that. A key in a pull Secret
 * ("_json_key") needs nothing of this.
 */
#include "pinnace/provider.h"

#include "pinnace/googledoc.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

#define SCOPE "https://www.googleapis.com/auth/cloud-platform"

enum { URL_MAX = 1024, FORM_MAX = 256 * 1024, SHORTEST_LIFE_S = 60, LIFE_S = 3600 };

enum need { METADATA_HOST, ACCOUNT, PRINCIPAL, ISSUER, TOKEN };

static struct str pool_of(const struct provider_input *input, struct arena *arena)
{
    return google_pool_of(input->values[ISSUER], arena);
}

static const struct provider_need needs[] = {
    [METADATA_HOST] = {.env = "GCE_METADATA_HOST", .is_general = true},
    [ACCOUNT] = {.annotation = "iam.gke.io/gcp-service-account"},
    [PRINCIPAL] = {.annotation = "iam.gke.io/return-principal-id-as-email", .mark = "true"},
    [ISSUER] = {.is_issuer = true},
    [TOKEN] = {.audience_of = pool_of},
};

static struct str value(const struct provider_run *run, enum need need)
{
    return run->input->values[need];
}

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

/* --- What is asked ----------------------------------------------------------------------------- */

/* what: of ours makes it long. */
static void ask(struct provider_next *next, struct buf *url, struct buf *body, const char *what)
{
    next->turn = PROVIDER_ASK;
    next->ask.method = body ? "POST" : "GET";
    if (buf_finish(url, &next->ask.url, NULL) < 0 ||
        (body && buf_finish(body, &next->ask.body, NULL) < 0))
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "%s is too long", what);
}

static void add_header(struct provider_next *next, const char *name, struct str text)
{
    next->ask.headers[next->ask.header_count++] = (struct provider_header){name, text};
}

static void ask_metadata(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX);
    struct str host = value(run, METADATA_HOST);
    buf_add(&url, STR("http://"));
    buf_add(&url, host.len ? host : STR("metadata.google.internal"));
    buf_add(&url, STR("/computeMetadata/v1/instance/service-accounts/default/token"));
    next->ask.metadata = true;
    add_header(next, "Metadata-Flavor", STR("Google"));
    next->ask.want_header = "Metadata-Flavor";
    ask(next, &url, NULL, "GCE_METADATA_HOST");
}

/* The pool is of all clusters of a project, so the cluster is named beside it, as who made the token. */
static void ask_exchange(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX), form = BUF_INIT(run->arena, FORM_MAX);
    buf_add(&url, STR("https://sts.googleapis.com/v1/token"));
    provider_add_field(&form, "grant_type", STR("urn:ietf:params:oauth:grant-type:token-exchange"));
    provider_add_field(&form, "audience", STR("identitynamespace:"));
    buf_add_url_part(&form, pool_of(run->input, run->arena));
    buf_add_url_part(&form, STR(":"));
    buf_add_url_part(&form, value(run, ISSUER));
    provider_add_field(&form, "scope", STR(SCOPE));
    provider_add_field(&form, "requested_token_type",
                       STR("urn:ietf:params:oauth:token-type:access_token"));
    provider_add_field(&form, "subject_token_type", STR("urn:ietf:params:oauth:token-type:jwt"));
    provider_add_field(&form, "subject_token", value(run, TOKEN));
    add_header(next, "Content-Type", STR("application/x-www-form-urlencoded"));
    ask(next, &url, &form, "the token of the ServiceAccount");
}

static void ask_to_be(struct provider_run *run, struct str token, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX), body = BUF_INIT(run->arena, URL_MAX);
    struct buf bearer = BUF_INIT(run->arena, FORM_MAX);
    struct json_writer writer = {.buf = &body};
    struct str header;
    buf_add(&url, STR("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"));
    buf_add_url_part(&url, value(run, ACCOUNT));
    buf_add(&url, STR(":generateAccessToken"));
    json_open(&writer, '{');
    json_key(&writer, "scope");
    json_open(&writer, '[');
    json_string(&writer, STR(SCOPE));
    json_close(&writer, ']');
    json_member(&writer, "lifetime", STR("3600s"));
    json_close(&writer, '}');
    buf_addf(&bearer, "Bearer %.*s", STR_FMT(token));
    if (buf_finish(&bearer, &header, NULL) < 0) {
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "the token of Google's STS is too long");
        return;
    }
    add_header(next, "Authorization", header);
    add_header(next, "Content-Type", STR("application/json"));
    ask(next, &url, &body, "the annotation iam.gke.io/gcp-service-account");
}

/* --- What is answered -------------------------------------------------------------------------- */

enum step { BEGIN, ASKED_METADATA, ASKED_EXCHANGE, ASKED_TO_BE };

static void be_let_in(struct provider_next *next, const struct provider_answer *answer,
                      const char *who, struct str token, int64_t life_s)
{
    if (life_s < SHORTEST_LIFE_S) {
        provider_fail(next, answer, REGISTRY_SERVER,
                      "the token of %s does not live a minute; it is asked again", who);
        return;
    }
    next->turn = PROVIDER_READY;
    next->login.username = STR("oauth2accesstoken");
    next->login.password = token;
    next->login.life_s = life_s;
}

static bool read_token(struct provider_run *run, const struct provider_answer *answer,
                       const char *who, struct provider_next *next,
                       struct registry_token *ret_token)
{
    struct str body = arena_copy(run->arena, answer->body);
    struct err err = {ERR_MEMORY, "memory is out"};
    if (body.ptr && registry_token_read(body, run->arena, ret_token, &err) == 0)
        return true;
    provider_fail(next, answer, REGISTRY_GARBLED, "the answer of %s: %s", who, err.text);
    return false;
}

static void metadata_refused(const struct provider_answer *answer, struct provider_next *next)
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

static void metadata_answered(struct provider_run *run, const struct provider_answer *answer,
                              struct provider_next *next)
{
    static const char who[] = "Google's metadata service";
    struct registry_token token;
    if (!str_eq(answer->header, STR("Google")))
        provider_fail(next, answer, REGISTRY_GARBLED,
                      "what answers as Google's metadata service is not it: Metadata-Flavor is "
                      "missing");
    else if (answer->status != 200)
        metadata_refused(answer, next);
    else if (read_token(run, answer, who, next, &token))
        be_let_in(next, answer, who, token.token, token.life_s);
}

static void refused(struct provider_run *run, const struct provider_answer *answer, const char *who,
                    const char *advice, struct provider_next *next)
{
    struct google_error error;
    enum registry_fault fault = registry_fault_of(answer->status);
    google_error_read(answer->body, run->arena, &error);
    if (answer->status == 400 || fault == REGISTRY_NOT_FOUND)
        fault = REGISTRY_UNAUTHORIZED;
    struct str code = str_head(error.code, error.code.len > 40 ? 40 : error.code.len);
    struct str text = str_head(error.message, error.message.len > 140 ? 140 : error.message.len);
    provider_fail(next, answer, fault, "%s says no (%d%s%.*s%s%.*s)%s", who, answer->status,
                  code.len ? " " : "", STR_FMT(code), text.len ? ": " : "", STR_FMT(text), advice);
}

static void exchange_answered(struct provider_run *run, const struct provider_answer *answer,
                              struct provider_next *next)
{
    static const char who[] = "Google's STS";
    struct registry_token token;
    if (answer->status != 200) {
        refused(run, answer, who,
                answer->status == 400 || answer->status == 403
                    ? "; Workload Identity Federation has to be enabled for the cluster"
                    : "",
                next);
    } else if (read_token(run, answer, who, next, &token)) {
        run->step = ASKED_TO_BE;
        if (value(run, ACCOUNT).len)
            ask_to_be(run, token.token, next);
        else
            be_let_in(next, answer, who, token.token, token.life_s);
    }
}

static void to_be_answered(struct provider_run *run, const struct provider_answer *answer,
                           struct provider_next *next)
{
    static const char who[] = "Google's IAM";
    struct str body = arena_copy(run->arena, answer->body);
    struct google_token token;
    struct err err = {ERR_MEMORY, "memory is out"};
    if (answer->status != 200) {
        refused(run, answer, who,
                answer->status == 403 || answer->status == 404
                    ? "; the Google account that the annotation names has to be there, and to have "
                      "roles/iam.workloadIdentityUser for this ServiceAccount"
                    : "",
                next);
        return;
    }
    if (!body.ptr || google_token_read(body, run->arena, &token, &err) < 0) {
        provider_fail(next, answer, REGISTRY_GARBLED, "the answer of %s: %s", who, err.text);
        return;
    }
    int64_t life_s = token.expires - run->now;
    be_let_in(next, answer, who, token.token, life_s < LIFE_S ? life_s : LIFE_S);
}

/* --- Steps ------------------------------------------------------------------------------------- */

static void begin(struct provider_run *run, struct provider_next *next)
{
    if (value(run, TOKEN).len) {
        run->step = ASKED_EXCHANGE;
        ask_exchange(run, next);
    } else if (value(run, ISSUER).len) {
        provider_fail(next, NULL, REGISTRY_UNAUTHORIZED,
                      "the cluster's tokens are made by %.*s, which is no cluster of GKE: the "
                      "annotation of the ServiceAccount means nothing here",
                      value(run, ISSUER).len > 100 ? 100 : (int)value(run, ISSUER).len,
                      value(run, ISSUER).ptr);
    } else if (run->input->metadata) {
        run->step = ASKED_METADATA;
        ask_metadata(run, next);
    }
}

static void step(struct provider_run *run, const struct provider_answer *answer,
                 struct provider_next *ret_next)
{
    *ret_next = (struct provider_next){.turn = PROVIDER_NOBODY};
    if (!answer)
        begin(run, ret_next);
    else if (run->step == ASKED_METADATA)
        metadata_answered(run, answer, ret_next);
    else if (run->step == ASKED_EXCHANGE)
        exchange_answered(run, answer, ret_next);
    else
        to_be_answered(run, answer, ret_next);
}

const struct provider provider_google = {
    .name = "google",
    .title = "Google",
    .needs = needs,
    .need_count = sizeof(needs) / sizeof(needs[0]),
    .serves = serves,
    .step = step,
};
