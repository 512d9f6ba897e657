/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_aws: who we are to Amazon's registries. Keys come from where AWS's own tools take them, in
 * the same order: the environment, STS for a ServiceAccount's role (IRSA), the agent of EKS (Pod
 * Identity), the machine's metadata service. ECR gives a password for them, which is good for half a
 * day. Public ECR is open to nobody in particular; with keys it is only more patient.
 */
#include "pinnace/provider.h"

#include "pinnace/awsdoc.h"
#include "pinnace/awsplace.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum {
    FORM_MAX = 256 * 1024,
    URL_MAX = 4096,
    SKEW_MAX_S = 240, /* five minutes are too much for AWS */
    SHORTEST_LIFE_S = 60,
};

enum need {
    KEY_ID,
    SECRET,
    SESSION_TOKEN,
    ROLE,
    ROLE_TOKEN,
    SESSION_NAME,
    REGION,
    AGENT,
    AGENT_TOKEN,
    MACHINE,
    MACHINE_OFF,
};

static const struct provider_need needs[] = {
    [KEY_ID] = {.env = "AWS_ACCESS_KEY_ID"},
    [SECRET] = {.env = "AWS_SECRET_ACCESS_KEY"},
    [SESSION_TOKEN] = {.env = "AWS_SESSION_TOKEN"},
    [ROLE] = {.env = "AWS_ROLE_ARN", .annotation = "eks.amazonaws.com/role-arn"},
    [ROLE_TOKEN] = {.env = "AWS_WEB_IDENTITY_TOKEN_FILE",
                    .is_file = true,
                    .audience = "sts.amazonaws.com"},
    [SESSION_NAME] = {.env = "AWS_ROLE_SESSION_NAME"},
    [REGION] = {.env = "AWS_REGION", .is_general = true},
    [AGENT] = {.env = "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
    [AGENT_TOKEN] = {.env = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", .is_file = true},
    [MACHINE] = {.env = "AWS_EC2_METADATA_SERVICE_ENDPOINT", .is_general = true},
    [MACHINE_OFF] = {.env = "AWS_EC2_METADATA_DISABLED", .is_general = true},
};

enum kept { KEPT_ID, KEPT_SECRET, KEPT_TOKEN, KEPT_SESSION };

static bool serves(struct str host)
{
    struct aws_registry registry;
    return aws_registry_of(host, &registry);
}

static struct str value(const struct provider_run *run, enum need need)
{
    return run->input->values[need];
}

static bool is_public(const struct provider_run *run)
{
    return str_eq(run->input->host, STR("public.ecr.aws"));
}

/* --- What is asked ----------------------------------------------------------------------------- */

enum step {
    BEGIN,
    ASKED_STS,
    ASKED_AGENT,
    ASKED_SESSION,
    ASKED_ROLE,
    ASKED_MACHINE,
    ASKED_ECR,
    ASKED_ECR_AGAIN, /* with the time that AWS has */
};

static void add_header(struct provider_next *next, const char *name, struct str text)
{
    next->ask.headers[next->ask.header_count++] = (struct provider_header){name, text};
}

static void ask(struct provider_run *run, enum step step, const char *method, struct buf *url,
                struct provider_next *next)
{
    run->step = step;
    next->turn = PROVIDER_ASK;
    next->ask.method = method;
    if (buf_finish(url, &next->ask.url, NULL) < 0)
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "what AWS is to be told is too long");
}

static void ask_sts(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX), form = BUF_INIT(run->arena, FORM_MAX);
    struct aws_registry registry;
    struct str region = value(run, REGION), name = value(run, SESSION_NAME);
    if (!aws_is_region(region))
        region = aws_registry_of(run->input->host, &registry) && registry.region.len
                     ? registry.region
                     : STR("us-east-1");
    buf_add_sts_url(&url, region);
    provider_add_field(&form, "Action", STR("AssumeRoleWithWebIdentity"));
    provider_add_field(&form, "Version", STR("2011-06-15"));
    provider_add_field(&form, "RoleArn", value(run, ROLE));
    provider_add_field(&form, "RoleSessionName", name.len ? name : STR("pinnace"));
    provider_add_field(&form, "WebIdentityToken", value(run, ROLE_TOKEN));
    ask(run, ASKED_STS, "POST", &url, next);
    add_header(next, "Content-Type", STR("application/x-www-form-urlencoded"));
    if (buf_finish(&form, &next->ask.body, NULL) < 0)
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "what AWS is to be told is too long");
}

static void ask_agent(struct provider_run *run, struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX);
    struct str place = value(run, AGENT);
    if (!aws_is_agent(place)) {
        provider_fail(next, NULL, REGISTRY_FORBIDDEN,
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI \"%.*s\" is neither behind https nor "
                      "where an agent of this machine answers, so it gets no token",
                      (int)(place.len > 150 ? 150 : place.len), place.ptr);
        return;
    }
    buf_add(&url, place);
    ask(run, ASKED_AGENT, "GET", &url, next);
    next->ask.metadata = !str_starts(place, STR("https://"));
    if (value(run, AGENT_TOKEN).len)
        add_header(next, "Authorization", value(run, AGENT_TOKEN));
}

static void ask_machine(struct provider_run *run, enum step step, struct str path, struct str role,
                        struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX);
    struct str place = value(run, MACHINE);
    while (place.len && place.ptr[place.len - 1] == '/')
        place.len--;
    buf_add(&url, place.len ? place : STR("http://169.254.169.254"));
    buf_add(&url, path);
    buf_add(&url, role);
    ask(run, step, step == ASKED_SESSION ? "PUT" : "GET", &url, next);
    next->ask.metadata = true;
    next->ask.no_answer = "for pods the hop limit of the machine's metadata service has to be 2; "
                          "better, give the ServiceAccount a role by EKS Pod Identity";
    if (step == ASKED_SESSION)
        add_header(next, "X-aws-ec2-metadata-token-ttl-seconds", STR("300"));
    else
        add_header(next, "X-aws-ec2-metadata-token", run->kept[KEPT_SESSION]);
}

static void ask_ecr(struct provider_run *run, enum step step, int64_t at,
                    struct provider_next *next)
{
    struct buf url = BUF_INIT(run->arena, URL_MAX);
    struct sigv4_signing *sign = arena_new(run->arena, struct sigv4_signing);
    struct aws_registry registry;
    if (!sign || !aws_registry_of(run->input->host, &registry)) {
        provider_fail(next, NULL, REGISTRY_TOO_LARGE, "memory is out");
        return;
    }
    *sign = (struct sigv4_signing){
        .scope = {at, registry.is_public ? STR("us-east-1") : registry.region,
                  registry.is_public ? STR("ecr-public") : STR("ecr")},
        .key_id = run->kept[KEPT_ID],
        .secret = run->kept[KEPT_SECRET],
        .token = run->kept[KEPT_TOKEN],
    };
    buf_add_ecr_url(&url, &registry);
    ask(run, step, "POST", &url, next);
    add_header(next, "Content-Type", STR("application/x-amz-json-1.1"));
    add_header(next, "X-Amz-Target",
               registry.is_public
                   ? STR("SpencerFrontendService.GetAuthorizationToken")
                   : STR("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"));
    next->ask.body = STR("{}");
    next->ask.sign = sign;
    next->ask.want_header = "Date";
}

/* --- What is answered -------------------------------------------------------------------------- */

static void garbled(const struct provider_answer *answer, const char *who, const struct err *err,
                    struct provider_next *next)
{
    provider_fail(next, answer, REGISTRY_GARBLED, "the answer of %s: %s", who, err->text);
}

static void refused(struct provider_run *run, const struct provider_answer *answer, const char *who,
                    const char *otherwise, struct provider_next *next)
{
    struct aws_error error;
    enum registry_fault fault = registry_fault_of(answer->status);
    aws_error_read(answer->body, run->arena, &error);
    const char *advice = aws_advice(error.code, run->step == ASKED_STS);
    if (!advice)
        advice = otherwise;
    if (aws_is_throttled(error.code))
        fault = REGISTRY_TOO_MANY;
    else if (aws_is_passing(error.code))
        fault = REGISTRY_SERVER;
    else if (answer->status == 400 || fault == REGISTRY_NOT_FOUND)
        fault = REGISTRY_UNAUTHORIZED;
    size_t most = error.message.len > 160 ? 160 : error.message.len;
    provider_fail(next, answer, fault, "%s says no (%d%s%.*s%s%.*s)%s%s", who, answer->status,
                  error.code.len ? " " : "", STR_FMT(error.code), most ? ": " : "", (int)most,
                  most ? error.message.ptr : "", advice ? "; " : "", advice ? advice : "");
}

static void take_key(struct provider_run *run, const struct aws_key *key,
                     struct provider_next *next)
{
    run->kept[KEPT_ID] = key->id;
    run->kept[KEPT_SECRET] = key->secret;
    run->kept[KEPT_TOKEN] = key->token;
    ask_ecr(run, ASKED_ECR, run->now, next);
}

static void key_answered(struct provider_run *run, const struct provider_answer *answer,
                         const char *who, const char *advice, struct provider_next *next)
{
    struct aws_key key;
    struct err err;
    if (answer->status != 200)
        refused(run, answer, who, advice, next);
    else if ((run->step == ASKED_STS ? sts_answer_read : aws_key_read)(answer->body, run->arena,
                                                                       &key, &err) < 0)
        garbled(answer, who, &err, next);
    else
        take_key(run, &key, next);
}

static void session_answered(struct provider_run *run, const struct provider_answer *answer,
                             struct provider_next *next)
{
    struct err err;
    if (answer->status != 200)
        refused(run, answer, "the metadata service", "it may be switched off for this machine",
                next);
    else if (aws_session_read(answer->body, &run->kept[KEPT_SESSION], &err) < 0)
        garbled(answer, "the metadata service", &err, next);
    else
        ask_machine(run, ASKED_ROLE, STR("/latest/meta-data/iam/security-credentials/"), STR_NONE,
                    next);
}

static void role_answered(struct provider_run *run, const struct provider_answer *answer,
                          struct provider_next *next)
{
    struct str role;
    struct err err;
    if (answer->status != 200)
        refused(run, answer, "the metadata service",
                answer->status == 404 ? "the machine has no role: give its instance profile one"
                                      : NULL,
                next);
    else if (aws_role_read(answer->body, &role, &err) < 0)
        garbled(answer, "the metadata service", &err, next);
    else
        ask_machine(run, ASKED_MACHINE, STR("/latest/meta-data/iam/security-credentials/"), role,
                    next);
}

/* --- ECR's answer ------------------------------------------------------------------------------ */

/* Theirs, if ours is so far off that they do not take it. */
static bool time_is_off(const struct provider_run *run, const struct provider_answer *answer,
                        int64_t *ret_at)
{
    struct aws_error error;
    int64_t theirs;
    if (run->step != ASKED_ECR || !http_date_parse(answer->header, &theirs) ||
        (theirs - run->now < SKEW_MAX_S && run->now - theirs < SKEW_MAX_S))
        return false;
    aws_error_read(answer->body, run->arena, &error);
    *ret_at = theirs;
    return aws_is_about_time(error.code);
}

static void take_token(struct provider_run *run, const struct provider_answer *answer,
                       struct provider_next *next)
{
    struct ecr_token token;
    struct err err;
    int64_t now;
    if (ecr_token_read(answer->body, is_public(run), run->arena, &token, &err) < 0) {
        garbled(answer, "ECR", &err, next);
        return;
    }
    if (!http_date_parse(answer->header, &now))
        now = run->now;
    int64_t life = token.expires - now;
    if (life < SHORTEST_LIFE_S) {
        provider_fail(next, answer, REGISTRY_GARBLED,
                      "the answer of ECR: expiresAt: it does not live a minute");
        return;
    }
    next->turn = PROVIDER_READY;
    next->login.username = token.username;
    next->login.password = token.password;
    next->login.life_s = life > ECR_TOKEN_LIFE_S ? ECR_TOKEN_LIFE_S : life;
}

static void ecr_answered(struct provider_run *run, const struct provider_answer *answer,
                         struct provider_next *next)
{
    int64_t at;
    if (answer->status == 200)
        take_token(run, answer, next);
    else if (time_is_off(run, answer, &at))
        ask_ecr(run, ASKED_ECR_AGAIN, at, next);
    else
        refused(run, answer, "ECR", NULL, next);
}

/* --- The steps --------------------------------------------------------------------------------- */

static void begin(struct provider_run *run, struct provider_next *next)
{
    struct aws_key key = {value(run, KEY_ID), value(run, SECRET), value(run, SESSION_TOKEN)};
    bool may_ask = run->input->metadata && !str_eq_nocase(value(run, MACHINE_OFF), STR("true"));
    if (key.id.len && key.secret.len)
        take_key(run, &key, next);
    else if (key.id.len || key.secret.len)
        provider_fail(next, NULL, REGISTRY_UNAUTHORIZED,
                      "%s is there, but %s is not: both belong to a key of AWS",
                      needs[key.id.len ? KEY_ID : SECRET].env,
                      needs[key.id.len ? SECRET : KEY_ID].env);
    else if (value(run, ROLE).len && value(run, ROLE_TOKEN).len)
        ask_sts(run, next);
    else if (value(run, AGENT).len)
        ask_agent(run, next);
    else if (may_ask && !is_public(run))
        ask_machine(run, ASKED_SESSION, STR("/latest/api/token"), STR_NONE, next);
}

static void take_answer(struct provider_run *run, const struct provider_answer *answer,
                        struct provider_next *next)
{
    switch ((enum step)run->step) {
    case BEGIN:
        break;
    case ASKED_STS:
        key_answered(run, answer, "STS", NULL, next);
        break;
    case ASKED_AGENT:
        key_answered(run, answer, "the agent of EKS",
                     "the role of the Pod Identity association has to trust "
                     "pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession",
                     next);
        break;
    case ASKED_SESSION:
        session_answered(run, answer, next);
        break;
    case ASKED_ROLE:
        role_answered(run, answer, next);
        break;
    case ASKED_MACHINE:
        key_answered(run, answer, "the metadata service", NULL, next);
        break;
    case ASKED_ECR:
    case ASKED_ECR_AGAIN:
        ecr_answered(run, answer, next);
        break;
    }
}

static void step(struct provider_run *run, const struct provider_answer *answer,
                 struct provider_next *ret_next)
{
    *ret_next = (struct provider_next){.turn = PROVIDER_NOBODY};
    if (!answer) {
        begin(run, ret_next);
    } else {
        struct provider_answer kept = *answer; /* what is read of it stays */
        kept.body = arena_copy(run->arena, answer->body);
        if (kept.body.ptr)
            take_answer(run, &kept, ret_next);
        else
            provider_fail(ret_next, answer, REGISTRY_TOO_LARGE, "memory is out");
    }
    /* What is public is open to nobody in particular too. */
    if (ret_next->turn == PROVIDER_FAILED && is_public(run))
        *ret_next = (struct provider_next){.turn = PROVIDER_NOBODY};
}

const struct provider provider_aws = {
    .name = "aws",
    .title = "AWS",
    .needs = needs,
    .need_count = sizeof(needs) / sizeof(needs[0]),
    .serves = serves,
    .step = step,
};
