/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/kubeconfig.h"

#include "pinnace/banned.h"

/* One file with one cluster, user and context; the inside of cluster and user. */
static struct str one(struct arena *arena, const char *cluster, const char *user)
{
    return json_format(arena,
                       "{'kind':'Config','clusters':[{'name':'c','cluster':{%s}}],'users':[{'name':"
                       "'u','user':{%s}}],'contexts':[{'name':'x','context':{'cluster':'c','user':"
                       "'u'}}],'current-context':'x'}",
                       cluster, user);
}

#define SERVER "'server':'https://a.example:6443'"

TEST(everything)
{
    TEST_ARENA(arena);
    struct kubeconfig config = {0};
    struct kubeconfig_choice choice;
    struct err err = ERR_CLEAN;
    struct str text = json_of(
        &arena,
        "{'apiVersion':'v1','kind':'Config','preferences':{},'current-context':'x','clusters':["
        "{'name':'c','cluster':{'server':'https://a.example:6443/p','tls-server-name':'n',"
        "'proxy-url':'socks5://p:1','certificate-authority-data':'Y2E=','certificate-authority':"
        "'ignored','disable-compression':true}}],'users':[{'name':'u','user':{"
        "'client-certificate-data':'Y2VydA==','client-key-data':'a2V5','token':'t','tokenFile':"
        "'token','as':'joe','as-uid':'7','as-groups':['g','h'],'exec':{'apiVersion':"
        "'client.authentication.k8s.io/v1','command':'kubelogin','args':['get-token','--x'],'env':"
        "[{'name':'A','value':'B'},{'name':'C'}],'interactiveMode':'Never','installHint':'get it',"
        "'provideClusterInfo':true}}}],'contexts':[{'name':'x','context':{'cluster':'c','user':'u',"
        "'namespace':'ns','extensions':[]}}]}");
    assert_int_equal(kubeconfig_add(&config, text, STR("/etc/k"), &arena, &err), 0);
    assert_int_equal(kubeconfig_pick(&config, STR_NONE, &choice, &err), 0);
    const struct kubeconfig_cluster *cluster = choice.cluster;
    const struct kubeconfig_user *user = choice.user;
    CHECK_STR("server", cluster->server, STR("https://a.example:6443/p"));
    CHECK_STR("tls-server-name", cluster->tls_server_name, STR("n"));
    CHECK_STR("proxy-url", cluster->proxy_url, STR("socks5://p:1"));
    CHECK_STR("ca data", cluster->ca_data, STR("ca"));
    CHECK_STR("ca file", cluster->ca_file, STR("/etc/k/ignored"));
    CHECK("insecure", !cluster->insecure);
    CHECK_STR("cert", user->cert_data, STR("cert"));
    CHECK_STR("key", user->key_data, STR("key"));
    CHECK_STR("token", user->token, STR("t"));
    CHECK_STR("tokenFile", user->token_file, STR("/etc/k/token"));
    CHECK_STR("as", user->as, STR("joe"));
    CHECK_STR("as-uid", user->as_uid, STR("7"));
    CHECK_STR("as-groups", user->as_groups->text, STR("g"));
    CHECK_STR("as-groups", user->as_groups->next->text, STR("h"));
    CHECK_STR("namespace", choice.namespace, STR("ns"));
    const struct kubeconfig_exec *exec = user->exec;
    CHECK_STR("command", exec->command, STR("kubelogin"));
    CHECK_STR("args", exec->args->next->text, STR("--x"));
    CHECK_STR("env", exec->env->name, STR("A"));
    CHECK_STR("env", exec->env->value, STR("B"));
    CHECK_INT("env", exec->env->next->value.len, 0);
    CHECK_INT("interactiveMode", exec->interactive, EXEC_NEVER);
    CHECK_STR("installHint", exec->install_hint, STR("get it"));
    CHECK("provideClusterInfo", exec->cluster_info);
}

TEST(paths)
{
    static const struct {
        const char *name, *folder, *path, *want;
    } rows[] = {
        {"beside its file", "/somewhere/.kube", "ca.crt", "/somewhere/.kube/ca.crt"},
        {"upwards", "/somewhere/.kube", "../ca.crt", "/somewhere/.kube/../ca.crt"},
        {"absolute", "/somewhere/.kube", "/etc/ca.crt", "/etc/ca.crt"},
        {"of a file in the working directory", "", "ca.crt", "ca.crt"},
        {"of a relative file", "conf", "ca.crt", "conf/ca.crt"},
        {"none", "/etc", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct kubeconfig config = {0};
        struct kubeconfig_choice choice;
        struct err err = ERR_CLEAN;
        struct str cluster =
            json_format(&arena, SERVER ",'certificate-authority':'%s'", rows[i].path);
        assert_int_equal(kubeconfig_add(&config, one(&arena, cluster.ptr, ""),
                                        str_of(rows[i].folder), &arena, &err),
                         0);
        assert_int_equal(kubeconfig_pick(&config, STR_NONE, &choice, &err), 0);
        CHECK_STR(rows[i].name, choice.cluster->ca_file, str_of(rows[i].want));
    }
}

TEST(commands)
{
    static const struct {
        const char *command, *want;
    } rows[] = {
        {"kubelogin", "kubelogin"},
        {"./bin/k", "/etc/k/./bin/k"},
        {"bin/k", "/etc/k/bin/k"},
        {"/usr/bin/k", "/usr/bin/k"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct kubeconfig config = {0};
        struct kubeconfig_choice choice;
        struct err err = ERR_CLEAN;
        struct str user = json_format(
            &arena, "'exec':{'apiVersion':'client.authentication.k8s.io/v1beta1','command':'%s'}",
            rows[i].command);
        assert_int_equal(
            kubeconfig_add(&config, one(&arena, SERVER, user.ptr), STR("/etc/k"), &arena, &err), 0);
        assert_int_equal(kubeconfig_pick(&config, STR_NONE, &choice, &err), 0);
        CHECK_STR(rows[i].command, choice.user->exec->command, str_of(rows[i].want));
        CHECK_INT(rows[i].command, choice.user->exec->interactive, EXEC_IF_AVAILABLE);
    }
}

/* The first file to name something wins, whole; nothing of another one's is mixed in. */
TEST(merging)
{
    TEST_ARENA(arena);
    static const char *const files[] = {
        "{'clusters':[{'name':'c','cluster':{'server':'https://first'}}],'contexts':[{'name':'x',"
        "'context':{'cluster':'c'}}]}",
        "{'current-context':'x','clusters':[{'name':'c','cluster':{'server':'https://second',"
        "'insecure-skip-tls-verify':true}},{'name':'d','cluster':{'server':'https://d'}}],"
        "'contexts':[{'name':'y','context':{'cluster':'d','user':'u'}},{'name':'x','context':"
        "{'cluster':'d','namespace':'n'}}],'users':[{'name':'u','user':{'token':'2'}}]}",
        "{'current-context':'y','users':[{'name':'u','user':{'token':'3'}}]}",
    };
    struct kubeconfig config = {0};
    struct kubeconfig_choice choice;
    struct err err = ERR_CLEAN;
    for (size_t i = 0; i < COUNT(files); i++)
        assert_int_equal(kubeconfig_add(&config, json_of(&arena, files[i]), STR("/"), &arena, &err),
                         0);
    assert_int_equal(kubeconfig_pick(&config, STR_NONE, &choice, &err), 0);
    CHECK_STR("the first cluster", choice.cluster->server, STR("https://first"));
    CHECK("nothing mixed in", !choice.cluster->insecure);
    CHECK_STR("nothing mixed in", choice.namespace, STR("default"));
    CHECK_INT("nobody", choice.user->token.len, 0);
    assert_int_equal(kubeconfig_pick(&config, STR("y"), &choice, &err), 0);
    CHECK_STR("another file's context", choice.cluster->server, STR("https://d"));
    CHECK_STR("the first user", choice.user->token, STR("2"));
}

TEST(cannot_be_read)
{
    static const struct {
        const char *name, *json, *says;
    } rows[] = {
        {"no JSON", "{", ""},
        {"a list", "[]", "a kubeconfig"},
        {"another kind", "{'kind':'Pod'}", "\"Pod\""},
        {"clusters that are no list", "{'clusters':{}}", "clusters: a list"},
        {"a cluster twice", "{'clusters':[{'name':'c'},{'name':'c'}]}", "\"c\" is given twice"},
        {"a user twice", "{'users':[{'name':'c'},{'name':'d'},{'name':'c'}]}", "given twice"},
        {"no base64", "{'clusters':[{'name':'c','cluster':{'certificate-authority-data':'?'}}]}",
         "clusters[0].cluster.certificate-authority-data: this is not base64"},
        {"a token that is a number", "{'users':[{'name':'u','user':{'token':5}}]}",
         "users[0].user.token: a string"},
        {"insecure by a string",
         "{'clusters':[{'name':'c','cluster':{'insecure-skip-tls-verify':'false'}}]}",
         "true or false"},
        {"an interactive mode of its own",
         "{'users':[{'name':'u','user':{'exec':{'interactiveMode':'maybe'}}}]}", "interactiveMode"},
        {"a variable with =",
         "{'users':[{'name':'u','user':{'exec':{'env':[{'name':'A=B','value':'c'}]}}}]}",
         "no name of a variable"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct kubeconfig config = {0};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].name,
                  kubeconfig_add(&config, json_of(&arena, rows[i].json), STR(""), &arena, &err),
                  -1);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        CHECK(rows[i].name, err.text[0] != '\0');
    }
}

TEST(cannot_be_meant)
{
#define EXEC_OF(inside) "'exec':{" inside "}"
    static const struct {
        const char *name, *cluster, *user, *says;
    } rows[] = {
        {"no server", "", "", "server: an address"},
        {"a server without a scheme", "'server':'a.example:6443'", "", "server: an address"},
        {"another scheme", "'server':'ftp://a'", "", "server: an address"},
        {"a query", "'server':'https://a?b'", "", "neither ? nor #"},
        {"insecure with a CA",
         SERVER ",'insecure-skip-tls-verify':true,'certificate-authority':'x'", "", "remove one"},
        {"a proxy of another kind", SERVER ",'proxy-url':'ftp://p'", "", "proxy-url"},
        {"a certificate without a key", SERVER, "'client-certificate':'x'", "belong together"},
        {"a key without a certificate", SERVER, "'client-key-data':'eA=='", "belong together"},
        {"two ways to log in", SERVER, "'token':'t','username':'n'", "two ways"},
        {"two ways to log in", SERVER, "'tokenFile':'t','username':'n'", "two ways"},
        {"auth-provider", SERVER, "'auth-provider':{'name':'azure'}", "kubelogin"},
        {"user extra", SERVER, "'as':'a','as-user-extra':{'x':['y']}", "as-user-extra"},
        {"groups of nobody", SERVER, "'as-groups':['x']", "need as"},
        {"no command", SERVER, EXEC_OF("'apiVersion':'client.authentication.k8s.io/v1'"),
         "exec.command"},
        {"no version", SERVER, EXEC_OF("'command':'x'"), "exec.apiVersion"},
        {"an old version", SERVER,
         EXEC_OF("'command':'x','apiVersion':'client.authentication.k8s.io/v1alpha1'"),
         "exec.apiVersion"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct kubeconfig config = {0};
        struct kubeconfig_choice choice = {.namespace = STR("untouched")};
        struct err err = ERR_CLEAN;
        struct str json = one(&arena, rows[i].cluster, rows[i].user);
        CHECK_INT(rows[i].name, kubeconfig_add(&config, json, STR("/"), &arena, &err), 0);
        CHECK_INT(rows[i].name, kubeconfig_pick(&config, STR_NONE, &choice, &err), -1);
        CHECK_STR(rows[i].name, choice.namespace, STR("untouched"));
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

TEST(nothing_to_pick)
{
    static const struct {
        const char *name, *json, *context, *says;
    } rows[] = {
        {"an empty file", "{}", "",
         "no current-context is set: name one with --context; there "
         "are: none"},
        {"none is current", "{'contexts':[{'name':'a'},{'name':'b'}]}", "",
         "there are: \"a\", \"b\""},
        {"none of that name", "{'contexts':[{'name':'a'}]}", "z",
         "there is no context \"z\" in the kubeconfig; there are: \"a\""},
        {"a context without a cluster", "{'contexts':[{'name':'a','context':{}}]}", "a",
         "cluster: is missing"},
        {"a context of another cluster",
         "{'contexts':[{'name':'a','context':{'cluster':'q'}}],'clusters':[{'name':'c'}]}", "a",
         "no cluster \"q\""},
        {"a context of another user",
         "{'contexts':[{'name':'a','context':{'cluster':'c','user':'q'}}],'clusters':[{'name':"
         "'c'}]}",
         "a", "no user \"q\""},
        {"many contexts",
         "{'contexts':[{'name':'1'},{'name':'2'},{'name':'3'},{'name':'4'},{'name':'5'},{'name':"
         "'6'},{'name':'7'},{'name':'8'},{'name':'9'},{'name':'10'}]}",
         "z", "\"8\" and 2 more"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct kubeconfig config = {0};
        struct kubeconfig_choice choice;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].name,
                  kubeconfig_add(&config, json_of(&arena, rows[i].json), STR(""), &arena, &err), 0);
        CHECK_INT(rows[i].name, kubeconfig_pick(&config, str_of(rows[i].context), &choice, &err),
                  -1);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

TEST(too_many)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 1024 * 1024);
    struct kubeconfig config = {0};
    struct err err = ERR_CLEAN;
    buf_add(&buf, STR("{\"users\":["));
    for (int i = 0; i <= KUBECONFIG_MAX_ENTRIES; i++)
        buf_addf(&buf, "%s{\"name\":\"%d\"}", i ? "," : "", i);
    buf_add(&buf, STR("]}"));
    CHECK_INT("users", kubeconfig_add(&config, finished(&buf), STR(""), &arena, &err), -1);
    CHECK_INT("users", err.kind, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),      cmocka_unit_test(paths),
        cmocka_unit_test(commands),        cmocka_unit_test(merging),
        cmocka_unit_test(cannot_be_read),  cmocka_unit_test(cannot_be_meant),
        cmocka_unit_test(nothing_to_pick), cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests_name("kubeconfig", tests, NULL, NULL);
}
