/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/dockerlogin.h"

#include "pinnace/banned.h"

#define ENTRY(key, name) "'" key "':{'username':'" name "','password':'p'}"

/* The names to try for a host and path, in their order. */
static struct str names_of(const struct docker_logins *logins, const char *host, const char *path,
                           struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 4096);
    const struct docker_login *login = NULL;
    while ((login = docker_login_next(logins, login, str_of(host), str_of(path)))) {
        buf_add(&buf, buf.len ? STR(" ") : STR(""));
        buf_add(&buf, login->username.len ? login->username : login->helper);
    }
    return finished(&buf);
}

TEST(matching)
{
    static const struct {
        const char *auths, *host, *path, *names;
    } rows[] = {
        {ENTRY("a.io", "a"), "a.io", "x", "a"},
        {ENTRY("a.io", "a"), "b.io", "x", ""},
        {ENTRY("a.io", "a"), "x.a.io", "x", ""},
        {ENTRY("https://a.io", "a"), "a.io", "x", "a"},
        {ENTRY("http://a.io/", "a"), "a.io", "x", "a"},
        {ENTRY("https://a.io/v2/", "a"), "a.io", "x", "a"},
        {ENTRY("https://a.io/v1/team", "a"), "a.io", "team/x", "a"},
        {ENTRY("A.io", "a"), "a.IO", "x", "a"},
        {ENTRY("a.io:5000", "a"), "a.io:5000", "x", "a"},
        {ENTRY("a.io:5000", "a"), "a.io", "x", ""},
        {ENTRY("a.io", "a"), "a.io:5000", "x", ""},
        {ENTRY("https://index.docker.io/v1/", "hub"), "docker.io", "library/nginx", "hub"},
        {ENTRY("registry-1.docker.io", "hub"), "docker.io", "library/nginx", "hub"},
        {ENTRY("a.io", "a") "," ENTRY("a.io/team", "b") "," ENTRY("a.io/team/x", "c"), "a.io",
         "team/x", "c b a"},
        {ENTRY("a.io/team/", "b"), "a.io", "team/x", "b"},
        {ENTRY("a.io/team", "b"), "a.io", "other/x", ""},
        {ENTRY("*.azurecr.io", "any") "," ENTRY("b.azurecr.io", "b"), "b.azurecr.io", "x", "b any"},
        {ENTRY("*.azurecr.io", "any"), "azurecr.io", "x", ""},
        {ENTRY("*.azurecr.io", "any"), "a.b.azurecr.io", "x", ""},
        {ENTRY("*.io", "any"), "a.b.io", "x", ""},
        {ENTRY("*", "any"), "a.io", "x", ""},
        {ENTRY("*.*", "any"), "a.io", "x", "any"},
        {ENTRY("c*so.azurecr.io", "any"), "contoso.azurecr.io", "x", "any"},
        {ENTRY("c*s*.azurecr.io", "any"), "contoso.azurecr.io", "x", "any"},
        {ENTRY("c*t.azurecr.io", "any"), "contoso.azurecr.io", "x", ""},
        {ENTRY("contos?.azurecr.io", "any"), "contoso.azurecr.io", "x", "any"},
        {ENTRY("contos[m-p].azurecr.io", "any"), "contoso.azurecr.io", "x", "any"},
        {ENTRY("contos[^m-p].azurecr.io", "any"), "contoso.azurecr.io", "x", ""},
        {ENTRY("contos[m-.azurecr.io", "any"), "contoso.azurecr.io", "x", ""},
        {ENTRY("*.io:5000", "any"), "a.io:5000", "x", "any"},
        {ENTRY("*.io:5000", "any"), "a.io:5001", "x", ""},
        {"'a.io':{}", "a.io", "x", ""},
        {ENTRY("", "a"), "", "x", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct docker_logins logins = {0};
        struct str json = json_format(&arena, "{'auths':{%s}}", rows[i].auths);
        if (docker_logins_add(&logins, json, &arena, &err) < 0)
            fail_msg("%s: %s", rows[i].auths, err.text);
        CHECK_STR(rows[i].auths, names_of(&logins, rows[i].host, rows[i].path, &arena),
                  str_of(rows[i].names));
    }
}

TEST(entries)
{
    static const struct {
        const char *name, *entry, *username, *password, *identity, *registry;
    } rows[] = {
        {"auth", "{'auth':'dXNlcjpwYTpzcw=='}", "user", "pa:ss", "", ""},
        {"auth without padding", "{'auth':'dXNlcjpwYTpzcw'}", "user", "pa:ss", "", ""},
        {"auth wins", "{'username':'u','password':'p','auth':'dXNlcjpwYTpzcw=='}", "user", "pa:ss",
         "", ""},
        {"a NUL behind it", "{'auth':'dXNlcjpwAA=='}", "user", "p", "", ""},
        {"a name alone", "{'username':'u'}", "u", "", "", ""},
        {"identitytoken", "{'auth':'MDAwOg==','identitytoken':'tok'}", "000", "", "tok", ""},
        {"registrytoken", "{'registrytoken':'tok'}", "", "", "", "tok"},
        {"a key of Google", "{'username':'_json_key','password':'{\\n\\t1\\n}\\n'}", "_json_key",
         "{\n\t1\n}\n", "", ""},
        {"email and more", "{'username':'u','password':'p','email':'x','other':[1]}", "u", "p", "",
         ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct docker_logins logins = {0};
        struct str json = json_format(&arena, "{'auths':{'a.io':%s}}", rows[i].entry);
        CHECK_INT(rows[i].name, docker_logins_add(&logins, json, &arena, NULL), 0);
        const struct docker_login *login = docker_login_next(&logins, NULL, STR("a.io"), STR("x"));
        CHECK(rows[i].name, login != NULL);
        CHECK_STR(rows[i].name, login->username, str_of(rows[i].username));
        CHECK_STR(rows[i].name, login->password, str_of(rows[i].password));
        CHECK_STR(rows[i].name, login->identity_token, str_of(rows[i].identity));
        CHECK_STR(rows[i].name, login->registry_token, str_of(rows[i].registry));
    }
}

TEST(refused)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"[]", ""},
        {"{'auths':[]}", "auths"},
        {"{'auths':{'a.io':'secret'}}", "auths.a.io"},
        {"{'auths':{'a.io':{'auth':'%%%%'}}}", "auths[\"a.io\"]: auth is not base64"},
        {"{'auths':{'a.io':{'auth':'c2VjcmV0'}}}", "no NAME:PASSWORD"},
        {"{'auths':{'a.io':{'username':'u','password':'secret\\n'}}}", "control character"},
        {"{'auths':{'a.io':{'username':'_json_key','password':'secret\\u0007'}}}",
         "control character"},
        {"{'auths':{'a.io':{'registrytoken':'secret\\rX: y'}}}", "control character"},
        {"{'auths':{'a.io':{'username':'u','username':'secret'}}}", "twice"},
        {"{'auths':{'a.io':{'password':'secret", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct docker_logins logins = {0};
        CHECK_INT(rows[i][0], docker_logins_add(&logins, json_of(&arena, rows[i][0]), &arena, &err),
                  -1);
        CHECK_HAS(rows[i][0], ERR_TEXT(err), rows[i][1]);
        CHECK("no secret is told", !text_has(ERR_TEXT(err), STR("secret")));
        CHECK(rows[i][0], logins.first == NULL && logins.count == 0);
    }
}

TEST(helpers)
{
    TEST_ARENA(arena);
    struct docker_logins logins = {0};
    struct str json = json_of(&arena, "{'auths':{'a.io':{},'b.io':{'username':'b'}},"
                                      "'credHelpers':{'b.io':'acr-env','c.io':'ecr-login'},"
                                      "'credsStore':'desktop','HttpHeaders':{'x':'y'}}");
    assert_int_equal(docker_logins_add(&logins, json, &arena, NULL), 0);
    CHECK_STR("the helper first", names_of(&logins, "b.io", "x", &arena), STR("acr-env b"));
    CHECK_STR("one alone", names_of(&logins, "c.io", "x", &arena), STR("ecr-login"));
    CHECK_STR("none", names_of(&logins, "a.io", "x", &arena), STR(""));
    CHECK_STR("for all others", logins.helper_for_others, STR("desktop"));
}

TEST(helped)
{
    TEST_ARENA(arena);
    struct docker_logins logins = {0};
    struct err err = ERR_CLEAN;
    assert_int_equal(docker_logins_add(&logins,
                                       json_of(&arena, "{'auths':{" ENTRY("a.io/x", "a") "}}"),
                                       &arena, NULL),
                     0);
    assert_int_equal(docker_logins_add_helped(
                         &logins, STR("a.io"),
                         json_of(&arena, "{'ServerURL':'a.io','Username':'h','Secret':'s'}"),
                         &arena, NULL),
                     0);
    CHECK_STR("the helper's first", names_of(&logins, "a.io", "x", &arena), STR("h a"));
    CHECK_STR("its password", logins.first->password, STR("s"));
    assert_int_equal(docker_logins_add_helped(
                         &logins, STR("b.io"),
                         json_of(&arena, "{'Username':'<token>','Secret':'s'}"), &arena, NULL),
                     0);
    CHECK_STR("a token", logins.first->identity_token, STR("s"));
    CHECK_STR("no password", logins.first->password, STR(""));
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{'Username':'u'}",
                                      "{'Username':'u','Secret':'s\\n'}",
                                      "credentials not found in native keychain"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK_INT(
            bad[i],
            docker_logins_add_helped(&logins, STR("c.io"), json_of(&arena, bad[i]), &arena, &err),
            -1);
        CHECK_INT(bad[i], logins.count, 3);
    }
}

TEST(several_sources)
{
    TEST_ARENA(arena);
    struct docker_logins logins = {0};
    struct err err = ERR_CLEAN;
    struct str first = json_of(&arena, "{'auths':{" ENTRY("a.io", "a") "," ENTRY("*.io", "s") "}}");
    struct str second = json_of(&arena, "{'type':'kubernetes.io/dockercfg','data':{'.dockercfg':"
                                        "'eyJhLmlvIjp7InVzZXJuYW1lIjoiYiJ9fQ=='}}");
    struct str third = json_of(&arena, "{'data':{'.dockerconfigjson':"
                                       "'eyJhdXRocyI6eyJhLmlvL3giOnsidXNlcm5hbWUiOiJjIn19fQ=='},"
                                       "'type':'kubernetes.io/dockerconfigjson'}");
    assert_int_equal(docker_logins_add(&logins, first, &arena, NULL), 0);
    assert_int_equal(docker_logins_add_secret(&logins, second, &arena, NULL), 0);
    assert_int_equal(docker_logins_add_secret(&logins, third, &arena, NULL), 0);
    CHECK_STR("paths, then sources", names_of(&logins, "a.io", "x", &arena), STR("c a b s"));
    static const char *const bad[][2] = {
        {"{}", "type: "},
        {"{'type':'Opaque','data':{}}", "type: "},
        {"{'type':'kubernetes.io/dockercfg','data':{'.dockerconfigjson':'e30='}}",
         "data[\".dockercfg\"]: is missing"},
        {"{'type':'kubernetes.io/dockerconfigjson','data':null}", "is missing"},
        {"{'type':'kubernetes.io/dockerconfigjson','data':{'.dockerconfigjson':'?'}}",
         "data[\".dockerconfigjson\"]: "},
        {"{'type':'kubernetes.io/dockerconfigjson','data':{'.dockerconfigjson':'W10='}}",
         "data[\".dockerconfigjson\"]: "},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK_INT(bad[i][0],
                  docker_logins_add_secret(&logins, json_of(&arena, bad[i][0]), &arena, &err), -1);
        CHECK_HAS(bad[i][0], ERR_TEXT(err), bad[i][1]);
        CHECK_INT(bad[i][0], logins.count, 4);
    }
}

TEST(many)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    for (int count = DOCKERLOGIN_MAX; count <= DOCKERLOGIN_MAX + 1; count++) {
        struct docker_logins logins = {0};
        struct buf buf = BUF_INIT(&arena, 1 << 20);
        buf_add(&buf, STR("{\"auths\":{"));
        for (int i = 0; i < count; i++)
            buf_addf(&buf, "%s\"a.io/%d\":{\"username\":\"u\"}", i ? "," : "", i);
        buf_add(&buf, STR("}}"));
        int result = docker_logins_add(&logins, finished(&buf), &arena, &err);
        assert_int_equal(result, count == DOCKERLOGIN_MAX ? 0 : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matching), cmocka_unit_test(entries), cmocka_unit_test(refused),
        cmocka_unit_test(helpers),  cmocka_unit_test(helped),  cmocka_unit_test(several_sources),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests_name("dockerlogin", tests, NULL, NULL);
}
