/* SPDX-License-Identifier: Apache-2.0 */
#include "../providersteps.h"

#include "pinnace/banned.h"

#define HOST "123456789012.dkr.ecr.us-west-2.amazonaws.com"
#define ROLE "arn:aws:iam::123456789012:role/puller"
#define STATIC                                                                                     \
    {"AWS_ACCESS_KEY_ID", "AKIA1"},                                                                \
    {                                                                                              \
        "AWS_SECRET_ACCESS_KEY", "static-secret"                                                   \
    }
#define IRSA                                                                                       \
    {"AWS_ROLE_ARN", ROLE},                                                                        \
    {                                                                                              \
        "AWS_WEB_IDENTITY_TOKEN_FILE", "eyJ.projected.token"                                       \
    }
#define AGENT                                                                                      \
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},                \
    {                                                                                              \
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "eyJ.agent.token"                                \
    }
#define STS_SAYS                                                                                   \
    "<R><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>sts-secret"                  \
    "</SecretAccessKey><SessionToken>sts-session</SessionToken></Credentials></R>"
#define KEY_SAYS "{'Code':'Success','AccessKeyId':'ASIA2','SecretAccessKey':'s','Token':'t'}"
/* AWS:eyJpYXQiOjE, twelve hours after NOW */
#define ECR_SAYS                                                                                   \
    "{'authorizationData':[{'authorizationToken':'QVdTOmV5SnBZWFFpT2pF','expiresAt':"              \
    "1.7900432E9}]}"
#define PUBLIC_SAYS                                                                                \
    "{'authorizationData':{'authorizationToken':'QVdTOmV5SnBZWFFpT2pF','expiresAt':"               \
    "1.7900432E9}}"
#define ASK_ECR                                                                                    \
    "POST https://api.ecr.us-west-2.amazonaws.com/ [X-Amz-Target: "                                \
    "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken] signed by "
#define DATE_NOW "Mon, 21 Sep 2026 14:13:20 GMT"
#define DATE_LATER "Mon, 21 Sep 2026 14:23:20 GMT"
#define SKEWED                                                                                     \
    "{'__type':'InvalidSignatureException','message':'Signature expired: 20260921T141320Z is now " \
    "earlier than 20260921T141820Z'}"

enum { NOW = 1790000000 };

/* What the first step asks for, by what there is. */
TEST(who_we_are)
{
    static const struct {
        const char *name, *host;
        struct setting settings[SETTINGS_MAX];
        bool metadata;
        const char *line;
    } rows[] = {
        {"a key", HOST, {STATIC}, false, ASK_ECR "AKIA1 for us-west-2/ecr at 1790000000 {}"},
        {"it goes before all else", HOST, {STATIC, IRSA, AGENT}, true, ASK_ECR "AKIA1 "},
        {"in China",
         "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
         {STATIC},
         false,
         "POST https://api.ecr.cn-north-1.amazonaws.com.cn/ "},
        {"a role",
         HOST,
         {IRSA},
         false,
         "POST https://sts.us-west-2.amazonaws.com/ Action=AssumeRoleWithWebIdentity"
         "&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fpuller"
         "&RoleSessionName=pinnace&WebIdentityToken=eyJ.projected.token"},
        {"of the region where we are",
         HOST,
         {IRSA, {"AWS_REGION", "eu-north-1"}, {"AWS_ROLE_SESSION_NAME", "a&b"}},
         false,
         "POST https://sts.eu-north-1.amazonaws.com/ "},
        {"with a name of its own",
         HOST,
         {IRSA, {"AWS_ROLE_SESSION_NAME", "a&b"}},
         false,
         "&RoleSessionName=a%26b&"},
        {"a region that is none",
         HOST,
         {IRSA, {"AWS_REGION", "evil.example.com/"}},
         false,
         "POST https://sts.us-west-2.amazonaws.com/ "},
        {"a role goes before the agent", HOST, {IRSA, AGENT}, true, "POST https://sts."},
        {"a role without a token is none",
         HOST,
         {{"AWS_ROLE_ARN", ROLE}, AGENT},
         true,
         "metadata GET http://169.254.170.23/v1/credentials [Authorization: eyJ.agent.token]"},
        {"the agent goes before the machine",
         HOST,
         {AGENT},
         true,
         "metadata GET http://169.254.170.23/v1/credentials "},
        {"an agent elsewhere",
         HOST,
         {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://agent.example.com/c"}},
         false,
         "GET https://agent.example.com/c"},
        {"an agent that gets nothing",
         HOST,
         {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://agent.example.com/c"},
          {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "eyJ.agent.token"}},
         false,
         "failed: AWS_CONTAINER_CREDENTIALS_FULL_URI \"http://agent.example.com/c\" is neither"},
        {"the machine",
         HOST,
         {{NULL, NULL}},
         true,
         "metadata PUT http://169.254.169.254/latest/api/token "
         "[X-aws-ec2-metadata-token-ttl-seconds: 300]"},
        {"by IPv6",
         HOST,
         {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]/"}},
         true,
         "metadata PUT http://[fd00:ec2::254]/latest/api/token "},
        {"not the machine", HOST, {{"AWS_EC2_METADATA_DISABLED", "True"}}, true, "nobody"},
        {"nobody", HOST, {{NULL, NULL}}, false, "nobody"},
        {"half a key",
         HOST,
         {{"AWS_ACCESS_KEY_ID", "AKIA1"}, IRSA},
         false,
         "failed: AWS_ACCESS_KEY_ID is there, but AWS_SECRET_ACCESS_KEY is not"},
        {"the other half",
         HOST,
         {{"AWS_SECRET_ACCESS_KEY", "x"}},
         false,
         "failed: AWS_SECRET_ACCESS_KEY is there, but AWS_ACCESS_KEY_ID is not"},
        {"what is public",
         "public.ecr.aws",
         {STATIC},
         false,
         "POST https://api.ecr-public.us-east-1.amazonaws.com/ [X-Amz-Target: "
         "SpencerFrontendService.GetAuthorizationToken] signed by AKIA1 for us-east-1/ecr-public "},
        {"what is public needs no machine", "public.ecr.aws", {{NULL, NULL}}, true, "nobody"},
        {"nor half a key", "public.ecr.aws", {{"AWS_ACCESS_KEY_ID", "x"}}, true, "nobody"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct provider_input input = {.host = str_of(rows[i].host), .metadata = rows[i].metadata};
        static const struct told nothing[1];
        struct provider_next next;
        CHECK(rows[i].name, provider_of(input.host) == &provider_aws);
        set_values(&provider_aws, rows[i].settings, &input);
        run_steps(rows[i].name, &provider_aws, &input, NOW, nothing, &arena, &next);
        struct str line = line_of(&next, &arena);
        CHECK_HAS(rows[i].name, line, rows[i].line);
        CHECK(rows[i].name, !text_has(line, STR("secret")));
    }
}

/* From one answer to the next step: of a role (R), the agent (A), the machine (M), a key (K). */
TEST(answers)
{
    static const struct {
        const char *name;
        char who;
        struct told script[SCRIPT_MAX];
        const char *line;
        enum registry_fault fault;
    } rows[] = {
        {"STS", 'R', {{200, STS_SAYS, NULL}}, ASK_ECR "ASIA1 for us-west-2/ecr", REGISTRY_FINE},
        {"the password",
         'R',
         {{200, STS_SAYS, NULL}, {200, ECR_SAYS, DATE_NOW}},
         "ready AWS eyJpYXQiOjE 43200",
         REGISTRY_FINE},
        {"nobody trusts the account",
         'R',
         {{403,
           "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform "
           "sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>",
           NULL}},
         "failed: STS says no (403 AccessDenied: Not authorized to perform "
         "sts:AssumeRoleWithWebIdentity); the role's trust policy has to let in",
         REGISTRY_FORBIDDEN},
        {"no OIDC provider",
         'R',
         {{400, "<E><Code>InvalidIdentityToken</Code><Message>No OpenIDConnect</Message></E>",
           NULL}},
         "the account has to have an OIDC provider in IAM",
         REGISTRY_UNAUTHORIZED},
        {"a stale token",
         'R',
         {{400, "<E><Code>ExpiredTokenException</Code><Message>Token expired</Message></E>", NULL}},
         "the token in AWS_WEB_IDENTITY_TOKEN_FILE has ended",
         REGISTRY_UNAUTHORIZED},
        {"the issuer is away",
         'R',
         {{400, "<E><Code>IDPCommunicationError</Code><Message>x</Message></E>", NULL}},
         "STS says no (400 IDPCommunicationError: x)",
         REGISTRY_SERVER},
        {"STS is overrun",
         'R',
         {{400, "<E><Code>Throttling</Code><Message>Rate exceeded</Message></E>", NULL}},
         "STS says no (400 Throttling: Rate exceeded)",
         REGISTRY_TOO_MANY},
        {"STS is down", 'R', {{503, "<html>", NULL}}, "STS says no (503)", REGISTRY_SERVER},
        {"STS says something else",
         'R',
         {{200, "<html></html>", NULL}},
         "failed: the answer of STS: AccessKeyId or",
         REGISTRY_GARBLED},
        {"the agent", 'A', {{200, KEY_SAYS, NULL}}, ASK_ECR "ASIA2 ", REGISTRY_FINE},
        {"the agent may not",
         'A',
         {{400,
           "[3bc2]: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions "
           "to assume the associated role., fault: client",
           NULL}},
         "failed: the agent of EKS says no (400 AccessDeniedException: [3bc2]: ",
         REGISTRY_UNAUTHORIZED},
        {"the agent does not know the token",
         'A',
         {{401, "x", NULL}},
         "trust pods.eks.amazonaws.com with sts:AssumeRole",
         REGISTRY_UNAUTHORIZED},
        {"a session",
         'M',
         {{200, "AQAE==", NULL}},
         "metadata GET http://169.254.169.254/latest/meta-data/iam/security-credentials/ "
         "[X-aws-ec2-metadata-token: AQAE==]",
         REGISTRY_FINE},
        {"the machine's role",
         'M',
         {{200, "AQAE==", NULL}, {200, "node-role\nother", NULL}},
         "metadata GET http://169.254.169.254/latest/meta-data/iam/security-credentials/node-role "
         "[X-aws-ec2-metadata-token: AQAE==]",
         REGISTRY_FINE},
        {"the machine's key",
         'M',
         {{200, "AQAE==", NULL}, {200, "node-role", NULL}, {200, KEY_SAYS, NULL}},
         ASK_ECR "ASIA2 for us-west-2/ecr at 1790000000 {}",
         REGISTRY_FINE},
        {"switched off",
         'M',
         {{403, "", NULL}},
         "the metadata service says no (403); it may be switched off",
         REGISTRY_FORBIDDEN},
        {"no role",
         'M',
         {{200, "AQAE==", NULL}, {404, "<html>", NULL}},
         "the machine has no role: give its instance profile one",
         REGISTRY_UNAUTHORIZED},
        {"a role that leads elsewhere",
         'M',
         {{200, "AQAE==", NULL}, {200, "../../x", NULL}},
         "failed: the answer of the metadata service: this is no list of roles",
         REGISTRY_GARBLED},
        {"a session that has ended",
         'M',
         {{200, "AQAE==", NULL}, {401, "", NULL}},
         "the metadata service says no (401)",
         REGISTRY_UNAUTHORIZED},
        {"a session that is none", 'M', {{200, "a b", NULL}}, "this is no token", REGISTRY_GARBLED},
        {"a role that cannot be had",
         'M',
         {{200, "AQAE==", NULL},
          {200, "node-role", NULL},
          {200, "{'Code':'AssumeRoleUnauthorizedAccess'}", NULL}},
         "\"AssumeRoleUnauthorizedAccess\", where \"Success\" was expected",
         REGISTRY_GARBLED},
        {"not allowed",
         'K',
         {{400,
           "{'__type':'com.amazon.coral.service#AccessDeniedException','Message':'User: x is not "
           "authorized'}",
           DATE_NOW}},
         "failed: ECR says no (400 AccessDeniedException: User: x is not authorized); the role "
         "needs ecr:GetAuthorizationToken",
         REGISTRY_UNAUTHORIZED},
        {"a key that was deleted",
         'K',
         {{400, "{'__type':'UnrecognizedClientException','message':'x'}", DATE_NOW}},
         "AWS does not know these keys",
         REGISTRY_UNAUTHORIZED},
        {"a session that ended",
         'K',
         {{400, "{'__type':'ExpiredTokenException','message':'x'}", DATE_NOW}},
         "AWS_SESSION_TOKEN has to be a new one",
         REGISTRY_UNAUTHORIZED},
        {"the wrong secret",
         'K',
         {{400, "{'__type':'InvalidSignatureException','message':'x'}", DATE_NOW}},
         "AWS_SECRET_ACCESS_KEY is not that of AWS_ACCESS_KEY_ID",
         REGISTRY_UNAUTHORIZED},
        {"our clock is ten minutes behind",
         'K',
         {{400, SKEWED, DATE_LATER}},
         ASK_ECR "AKIA1 for us-west-2/ecr at 1790000600 {}",
         REGISTRY_FINE},
        {"and then its life is counted by theirs",
         'K',
         {{400, SKEWED, DATE_LATER}, {200, ECR_SAYS, DATE_LATER}},
         "ready AWS eyJpYXQiOjE 42600",
         REGISTRY_FINE},
        {"once is enough",
         'K',
         {{400, SKEWED, DATE_LATER}, {400, SKEWED, "Mon, 21 Sep 2026 15:23:20 GMT"}},
         "failed: ECR says no (400 InvalidSignatureException: Signature expired: ",
         REGISTRY_UNAUTHORIZED},
        {"another error is not about the time",
         'K',
         {{400, "{'__type':'UnrecognizedClientException'}", DATE_LATER}},
         "failed: ECR says no",
         REGISTRY_UNAUTHORIZED},
        {"ECR is overrun",
         'K',
         {{400, "{'__type':'ThrottlingException','message':'Rate exceeded'}", DATE_NOW}},
         "ECR says no (400 ThrottlingException: Rate exceeded)",
         REGISTRY_TOO_MANY},
        {"ECR is down",
         'K',
         {{500, "{'__type':'ServerException'}", NULL}},
         "ECR says no (500 ServerException)",
         REGISTRY_SERVER},
        {"no date", 'K', {{200, ECR_SAYS, NULL}}, "ready AWS eyJpYXQiOjE 43200", REGISTRY_FINE},
        {"it has ended already",
         'K',
         {{200, ECR_SAYS, "Tue, 22 Sep 2026 14:13:20 GMT"}},
         "it does not live a minute",
         REGISTRY_GARBLED},
        {"no token in the answer",
         'K',
         {{200, "{}", DATE_NOW}},
         "failed: the answer of ECR: authorizationToken: is missing",
         REGISTRY_GARBLED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        static const struct setting role[SETTINGS_MAX] = {IRSA}, agent[SETTINGS_MAX] = {AGENT};
        static const struct setting key[SETTINGS_MAX] = {STATIC}, none[SETTINGS_MAX];
        struct provider_input input = {.host = STR(HOST), .metadata = true};
        struct provider_next next;
        char who = rows[i].who;
        set_values(&provider_aws,
                   who == 'R'   ? role
                   : who == 'A' ? agent
                   : who == 'K' ? key
                                : none,
                   &input);
        run_steps(rows[i].name, &provider_aws, &input, NOW, rows[i].script, &arena, &next);
        struct str line = line_of(&next, &arena);
        CHECK_HAS(rows[i].name, line, rows[i].line);
        CHECK(rows[i].name, !text_has(line, STR("secret")));
        if (next.turn == PROVIDER_FAILED)
            CHECK_INT(rows[i].name, next.error.fault, rows[i].fault);
    }
}

/* Everybody may pull there: what goes wrong with keys is no reason not to. */
TEST(what_is_public)
{
    static const struct {
        const char *name;
        struct told script[SCRIPT_MAX];
        const char *line;
    } rows[] = {
        {"a password", {{200, PUBLIC_SAYS, DATE_NOW}}, "ready AWS eyJpYXQiOjE 43200"},
        {"not allowed", {{400, "{'__type':'AccessDeniedException'}", DATE_NOW}}, "nobody"},
        {"down", {{503, "", NULL}}, "nobody"},
        {"a list", {{200, ECR_SAYS, DATE_NOW}}, "nobody"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        static const struct setting key[SETTINGS_MAX] = {STATIC};
        struct provider_input input = {.host = STR("public.ecr.aws")};
        struct provider_next next;
        set_values(&provider_aws, key, &input);
        run_steps(rows[i].name, &provider_aws, &input, NOW, rows[i].script, &arena, &next);
        CHECK_STR(rows[i].name, line_of(&next, &arena), str_of(rows[i].line));
    }
}

TEST(what_is_signed_with)
{
    TEST_ARENA(arena);
    static const struct setting role[SETTINGS_MAX] = {IRSA};
    static const struct told script[SCRIPT_MAX] = {{200, STS_SAYS, NULL}};
    struct provider_input input = {.host = STR(HOST)};
    struct provider_next next;
    set_values(&provider_aws, role, &input);
    run_steps("role", &provider_aws, &input, NOW, script, &arena, &next);
    CHECK_STR("secret", next.ask.sign->secret, STR("sts-secret"));
    CHECK_STR("session", next.ask.sign->token, STR("sts-session"));
    assert_string_equal(next.ask.want_header, "Date");
}

TEST(too_long)
{
    static const char *const rows[][2] = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"},
                                          {"AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        static const struct told nothing[1];
        const char *longest = run_of(&arena, '+', 4 * PROVIDER_VALUE_MAX).ptr;
        const struct setting settings[SETTINGS_MAX] = {{rows[i][0], longest},
                                                       {rows[i][1], longest}};
        struct provider_input input = {.host = STR(HOST), .metadata = true};
        struct provider_next next;
        set_values(&provider_aws, settings, &input);
        run_steps(rows[i][0], &provider_aws, &input, NOW, nothing, &arena, &next);
        CHECK_STR(rows[i][0], line_of(&next, &arena),
                  STR("failed: what AWS is to be told is too long"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_we_are),     cmocka_unit_test(answers),
        cmocka_unit_test(what_is_public), cmocka_unit_test(what_is_signed_with),
        cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests_name("provider_aws", tests, NULL, NULL);
}
