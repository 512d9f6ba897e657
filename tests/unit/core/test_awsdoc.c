/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/awsdoc.h"

#include "pinnace/banned.h"

#define LOGIN "QVdTOmV5SnBZWFFpT2pF" /* AWS:eyJpYXQiOjE */

TEST(sts)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct aws_key key = {.id = STR_NONE};
    struct str body = STR(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
        "  <AssumeRoleWithWebIdentityResult>\n"
        "    <SubjectFromWebIdentityToken>system:serviceaccount:a:b</SubjectFromWebIdentityToken>\n"
        "    <Credentials>\n      <AccessKeyId>ASIAX</AccessKeyId>\n"
        "      <SecretAccessKey>a/b+c=</SecretAccessKey>\n"
        "      <SessionToken>\n        AQoD//&amp;==\n      </SessionToken>\n"
        "      <Expiration>2026-11-21T13:00:00Z</Expiration>\n    </Credentials>\n"
        "    <AssumedRoleUser><Arn>arn:x</Arn><AssumedRoleId>A:pinnace</AssumedRoleId>"
        "</AssumedRoleUser>\n"
        "  </AssumeRoleWithWebIdentityResult>\n"
        "  <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>\n"
        "</AssumeRoleWithWebIdentityResponse>\n");
    assert_int_equal(sts_answer_read(body, &arena, &key, &err), 0);
    CHECK_STR("id", key.id, STR("ASIAX"));
    CHECK_STR("secret", key.secret, STR("a/b+c="));
    CHECK_STR("token", key.token, STR("AQoD//&=="));
}

TEST(keys)
{
    static const struct {
        const char *body, *problem; /* NULL: it is read */
        bool xml;
    } rows[] = {
        {"{'AccessKeyId':'i','SecretAccessKey':'s','Token':'t','Expiration':'2026-11-21T13:00:00Z'"
         "}",
         NULL, false},
        {"{'Code':'Success','LastUpdated':'x','Type':'AWS-HMAC','AccessKeyId':'i',"
         "'SecretAccessKey':'s','Token':'t','Expiration':'x'}",
         NULL, false},
        {"{'Code':'AssumeRoleUnauthorizedAccess','Message':'x'}", "AssumeRoleUnauthorizedAccess",
         false},
        {"{'AccessKeyId':'i','SecretAccessKey':'s'}", "token is missing", false},
        {"{'AccessKeyId':'i','Token':'t'}", "is missing", false},
        {"{'AccessKeyId':'i\\r\\nX: y','SecretAccessKey':'s','Token':'t'}", "cannot be one", false},
        {"{'AccessKeyId':'i','SecretAccessKey':'s','Token':'a b'}", "cannot be one", false},
        {"{'AccessKeyId':'i','AccessKeyId':'j'}", "", false},
        {"[]", "", false},
        {"", "", false},
        {"<a><AccessKeyId>i</AccessKeyId></a>", "is missing", true},
        {"<a><AccessKeyId>i</AccessKeyId><SecretAccessKey>s</SecretAccessKey></a>",
         "token is missing", true},
        {"<a><AccessKeyId>i</AccessKeyId><AccessKeyId>i</AccessKeyId></a>", "twice", true},
        {"{}", "no XML", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct aws_key key = {STR("before"), STR_NONE, STR_NONE};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        int result = (rows[i].xml ? sts_answer_read : aws_key_read)(body, &arena, &key, &err);
        CHECK_INT(rows[i].body, result, rows[i].problem ? -1 : 0);
        CHECK_HAS(rows[i].body, ERR_TEXT(err), rows[i].problem ? rows[i].problem : "");
        CHECK_STR(rows[i].body, key.id, rows[i].problem ? STR("before") : STR("i"));
        exact_free(body);
    }
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct aws_key key;
    struct str huge = run_of(&arena, ' ', AWSDOC_MAX_BYTES + 1);
    CHECK_INT("huge", aws_key_read(huge, &arena, &key, &err), -1);
    CHECK_INT("huge", sts_answer_read(huge, &arena, &key, &err), -1);
}

TEST(machine)
{
    static const struct {
        const char *body, *role, *session; /* NULL: refused */
    } rows[] = {
        {"node-role", "node-role", "node-role"},
        {"node-role\nanother\n", "node-role", "node-role"},
        {"a+=,.@_-b", "a+=,.@_-b", "a+=,.@_-b"},
        {"AQAEAN==", "AQAEAN==", "AQAEAN=="},
        {"a/../b", NULL, "a/../b"},
        {"a b", NULL, NULL},
        {"<html>", NULL, "<html>"},
        {"", NULL, NULL},
        {"\n", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str role = STR_NONE, session = STR_NONE;
        struct err err = ERR_CLEAN;
        struct str body = exact_copy(str_of(rows[i].body));
        CHECK_INT(rows[i].body, aws_role_read(body, &role, &err), rows[i].role ? 0 : -1);
        CHECK_INT(rows[i].body, aws_session_read(body, &session, &err), rows[i].session ? 0 : -1);
        CHECK_STR(rows[i].body, role, str_of(rows[i].role));
        CHECK_STR(rows[i].body, session, str_of(rows[i].session));
        exact_free(body);
    }
}

TEST(ecr)
{
    static const struct {
        const char *body;
        bool is_public;
        int64_t expires; /* 0: refused */
    } rows[] = {
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':1.790043200123E9,"
         "'proxyEndpoint':'https://x'}]}",
         false, 1790043200},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':1790043200.5}]}",
         false, 1790043200},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':1790043200},"
         "{'authorizationToken':'other'}]}",
         false, 1790043200},
        {"{'authorizationData':{'authorizationToken':'" LOGIN "','expiresAt':1.7900432e+9}}", true,
         1790043200},
        {"{'authorizationData':{'authorizationToken':'" LOGIN "','expiresAt':17900432}}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':17900432}]}", true,
         0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "'}]}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':'1'}]}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':-1}]}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':1e99}]}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':1e-9}]}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN
         "','expiresAt':99999999999999999999999999}]}",
         false, 0},
        {"{'authorizationData':[{'authorizationToken':'" LOGIN "','expiresAt':1.79e999999999999}]}",
         false, 0},
        {"{'authorizationData':[{'authorizationToken':'QVdT','expiresAt':1790043200}]}", false, 0},
        {"{'authorizationData':[{'authorizationToken':'QVdTOg==','expiresAt':1790043200}]}", false,
         0},
        {"{'authorizationData':[{'authorizationToken':'QVdTOmENCg==','expiresAt':1790043200}]}",
         false, 0},
        {"{'authorizationData':[{'authorizationToken':'*','expiresAt':1790043200}]}", false, 0},
        {"{'authorizationData':[]}", false, 0},
        {"{}", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct ecr_token token = {.expires = 0};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        int result = ecr_token_read(body, rows[i].is_public, &arena, &token, &err);
        CHECK_INT(rows[i].body, result, rows[i].expires ? 0 : -1);
        CHECK_INT(rows[i].body, token.expires, rows[i].expires);
        CHECK_STR(rows[i].body, token.username, rows[i].expires ? STR("AWS") : STR_NONE);
        CHECK_STR(rows[i].body, token.password, rows[i].expires ? STR("eyJpYXQiOjE") : STR_NONE);
        CHECK(rows[i].body, !text_has(ERR_TEXT(err), STR("eyJ")));
        exact_free(body);
    }
}

TEST(errors)
{
    static const struct {
        const char *body, *code, *message;
    } rows[] = {
        {"{'__type':'com.amazon.coral.service#AccessDeniedException','Message':'User: x is not'}",
         "AccessDeniedException", "User: x is not"},
        {"{'__type':'UnrecognizedClientException','message':'The security token is invalid.'}",
         "UnrecognizedClientException", "The security token is invalid."},
        {"{'code':'X','message':'two\\nlines'}", "X", "two"},
        {"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
         "<Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>"
         "<RequestId>x</RequestId></ErrorResponse>",
         "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
        {"[3bc2]: (AccessDeniedException): Unauthorized Exception! x, fault: client",
         "AccessDeniedException",
         "[3bc2]: (AccessDeniedException): Unauthorized Exception! x, "
         "fault: client"},
        {"nothing to see (at all, here)", "", "nothing to see (at all, here)"},
        {"<html><body>502</body></html>", "", ""},
        {"<html>", "", ""},
        {"{}", "", ""},
        {"", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct aws_error error;
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        aws_error_read(body, &arena, &error);
        CHECK_STR(rows[i].body, error.code, str_of(rows[i].code));
        CHECK_STR(rows[i].body, error.message, str_of(rows[i].message));
        exact_free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sts), cmocka_unit_test(keys),   cmocka_unit_test(machine),
        cmocka_unit_test(ecr), cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests_name("awsdoc", tests, NULL, NULL);
}
