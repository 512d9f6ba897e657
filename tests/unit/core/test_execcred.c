/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/execcred.h"

#include "pinnace/banned.h"

#define V1 "client.authentication.k8s.io/v1"
#define ANSWER(inside) "{'kind':'ExecCredential','apiVersion':'" V1 "','status':{" inside "}}"

TEST(answers)
{
    static const struct {
        const char *name, *json, *token, *cert;
        int64_t expires;
    } rows[] = {
        {"a token", ANSWER("'token':'t'"), "t", "", 0},
        {"that expires", ANSWER("'token':'t','expirationTimestamp':'1970-01-02T00:00:00Z'"), "t",
         "", 86400},
        {"a certificate", ANSWER("'clientCertificateData':'c','clientKeyData':'k'"), "", "c", 0},
        {"both", ANSWER("'token':'t','clientCertificateData':'c','clientKeyData':'k'"), "t", "c",
         0},
        {"a null", ANSWER("'token':'t','expirationTimestamp':null"), "t", "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct exec_credential credential = {0};
        struct str json = json_of(&arena, rows[i].json);
        CHECK_INT(rows[i].name, exec_credential_read(json, STR(V1), &arena, &credential, &err), 0);
        CHECK_STR(rows[i].name, credential.token, str_of(rows[i].token));
        CHECK_STR(rows[i].name, credential.cert, str_of(rows[i].cert));
        CHECK_INT(rows[i].name, credential.expires, rows[i].expires);
    }
}

TEST(no_answers)
{
    static const struct {
        const char *name, *json, *says;
    } rows[] = {
        {"nothing", "", ""},
        {"words", "please log in", ""},
        {"another kind", "{'kind':'Pod'}", "ExecCredential was expected"},
        {"another version",
         "{'kind':'ExecCredential','apiVersion':'client.authentication.k8s.io/v1beta1','status':"
         "{'token':'t'}}",
         V1 " was expected"},
        {"no status", "{'kind':'ExecCredential','apiVersion':'" V1 "'}", "neither a token"},
        {"an empty one", ANSWER("'token':''"), "neither a token"},
        {"a certificate without a key", ANSWER("'clientCertificateData':'c'"), "belong together"},
        {"a key without a certificate", ANSWER("'token':'t','clientKeyData':'c'"),
         "belong together"},
        {"a time that is none", ANSWER("'token':'t','expirationTimestamp':'soon'"), "no point"},
        {"a token that is a number", ANSWER("'token':5"), "status.token"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct exec_credential credential = {.expires = 77};
        struct str json = json_of(&arena, rows[i].json);
        CHECK_INT(rows[i].name, exec_credential_read(json, STR(V1), &arena, &credential, &err), -1);
        CHECK_INT(rows[i].name, credential.expires, 77);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

TEST(questions)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 4096);
    buf_add_exec_info(&buf, STR(V1), false, NULL);
    CHECK_STR("without the cluster", finished(&buf),
              json_of(&arena, "{'apiVersion':'" V1 "','kind':'ExecCredential','spec':"
                              "{'interactive':false}}"));
    struct kubeconfig_cluster cluster = {.server = STR("https://a\"b"),
                                         .tls_server_name = STR("n"),
                                         .proxy_url = STR("http://p"),
                                         .ca_data = STR("ca"),
                                         .insecure = true};
    buf = BUF_INIT(&arena, 4096);
    buf_add_exec_info(&buf, STR(V1), true, &cluster);
    CHECK_STR("with it", finished(&buf),
              json_of(&arena, "{'apiVersion':'" V1 "','kind':'ExecCredential','spec':"
                              "{'interactive':true,'cluster':{'server':'https://a\\'b',"
                              "'tls-server-name':'n','proxy-url':'http://p',"
                              "'insecure-skip-tls-verify':true,'certificate-authority-data':"
                              "'Y2E='}}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(no_answers),
        cmocka_unit_test(questions),
    };
    return cmocka_run_group_tests_name("execcred", tests, NULL, NULL);
}
