/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/regdoc.h"

#include "pinnace/banned.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker.distribution.manifest."
#define CONFIG "'config':{'mediaType':'c','size':1,'digest':'" D1 "'}"

TEST(manifests)
{
    static const struct {
        const char *name, *body, *type;
        enum media media;
        const char *config;
        size_t children;
    } rows[] = {
        {"oci", "{'schemaVersion':2,'mediaType':'" OCI "manifest.v1+json'," CONFIG ",'layers':[]}",
         OCI "manifest.v1+json", MEDIA_OCI_MANIFEST, D1, 0},
        {"oci without a type", "{'schemaVersion':2," CONFIG ",'layers':[]}", "", MEDIA_OCI_MANIFEST,
         D1, 0},
        {"parameters do not count", "{'schemaVersion':2," CONFIG "}",
         OCI "manifest.v1+json; charset=utf-8", MEDIA_OCI_MANIFEST, D1, 0},
        {"docker", "{'schemaVersion':2,'mediaType':'" DOCKER "v2+json'," CONFIG "}",
         DOCKER "v2+json", MEDIA_DOCKER_MANIFEST, D1, 0},
        {"its own type where the answer has none",
         "{'schemaVersion':2,'mediaType':'" DOCKER "v2+json'," CONFIG "}",
         "application/octet-stream", MEDIA_DOCKER_MANIFEST, D1, 0},
        {"index",
         "{'schemaVersion':2,'manifests':[{'digest':'" D1 "','platform':{'os':'linux',"
         "'architecture':'amd64'}},{'digest':'" D2 "','platform':null}]}",
         OCI "index.v1+json", MEDIA_OCI_INDEX, "", 2},
        {"empty index", "{'schemaVersion':2,'manifests':[]}", "", MEDIA_OCI_INDEX, "", 0},
        {"docker list", "{'manifests':[],'schemaVersion':2}", DOCKER "list.v2+json",
         MEDIA_DOCKER_LIST, "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct oci_manifest manifest = {0};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        if (oci_manifest_read(body, str_of(rows[i].type), &arena, &manifest, &err) < 0)
            fail_msg("%s: %s", rows[i].name, err.text);
        CHECK_INT(rows[i].name, manifest.media, rows[i].media);
        CHECK_INT(rows[i].name, manifest.child_count, rows[i].children);
        CHECK_STR(rows[i].name, manifest.config, str_of(rows[i].config));
        if (rows[i].children) {
            CHECK_STR(rows[i].name, manifest.children[0].digest, STR(D1));
            CHECK_STR(rows[i].name, manifest.children[0].architecture, STR("amd64"));
            CHECK_STR(rows[i].name, manifest.children[1].digest, STR(D2));
        }
        exact_free(body);
    }
}

TEST(no_manifests)
{
    static const struct {
        const char *name, *body, *type, *says;
    } rows[] = {
        {"nothing", "", "", "an object was expected"},
        {"a page", "<html>", "text/html", ""},
        {"a list", "[]", "", "object"},
        {"empty", "{}", "", "schemaVersion"},
        {"schema 1", "{'schemaVersion':1,'fsLayers':[]}", "", "schema 1"},
        {"schema 1 by its type", "{'schemaVersion':2," CONFIG "}", DOCKER "v1+prettyjws",
         "schema 1"},
        {"schema 1 by its own word",
         "{'schemaVersion':2,'mediaType':'" DOCKER "v1+json'," CONFIG "}", "", "schema 1"},
        {"schema 3", "{'schemaVersion':3," CONFIG "}", "", "schemaVersion"},
        {"a string for a number", "{'schemaVersion':'2'," CONFIG "}", "", "schemaVersion"},
        {"both", "{'schemaVersion':2,'manifests':[]," CONFIG "}", "", "at once"},
        {"both again", "{'schemaVersion':2,'manifests':[],'layers':[]}", "", "at once"},
        {"neither", "{'schemaVersion':2}", "", "neither manifests nor config"},
        {"layers alone", "{'schemaVersion':2,'layers':[]}", "", "neither manifests nor config"},
        {"another type", "{'schemaVersion':2,'mediaType':'" OCI "index.v1+json','manifests':[]}",
         DOCKER "list.v2+json", "it was sent as"},
        {"an index in disguise", "{'schemaVersion':2,'manifests':[]}", OCI "manifest.v1+json",
         "does not look like one"},
        {"a manifest in disguise", "{'schemaVersion':2," CONFIG "}", OCI "index.v1+json",
         "does not look like one"},
        {"a child without a digest", "{'schemaVersion':2,'manifests':[{}]}", "", "valid digest"},
        {"a child with half of one", "{'schemaVersion':2,'manifests':[{'digest':'sha256:0123'}]}",
         "", "valid digest"},
        {"a key twice", "{'schemaVersion':2,'manifests':[],'manifests':[]}", "", "twice"},
        {"something behind it", "{'schemaVersion':2,'manifests':[]}x", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct oci_manifest manifest = {.child_count = 77};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        CHECK_INT(rows[i].name,
                  oci_manifest_read(body, str_of(rows[i].type), &arena, &manifest, &err), -1);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        CHECK_INT(rows[i].name, manifest.child_count, 77);
        exact_free(body);
    }
}

TEST(manifest_limits)
{
    TEST_ARENA(arena);
    struct oci_manifest manifest = {0};
    struct err err = ERR_CLEAN;
    assert_int_equal(oci_manifest_read(run_of(&arena, ' ', REGDOC_MANIFEST_MAX + 1), STR(""),
                                       &arena, &manifest, &err),
                     -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    for (int count = REGDOC_CHILDREN_MAX; count <= REGDOC_CHILDREN_MAX + 1; count++) {
        struct buf buf = BUF_INIT(&arena, 8 << 20);
        buf_add(&buf, STR("{\"schemaVersion\":2,\"manifests\":["));
        for (int i = 0; i < count; i++)
            buf_addf(&buf, "%s{\"digest\":\"%s\"}", i ? "," : "", D1);
        buf_add(&buf, STR("]}"));
        int result = oci_manifest_read(finished(&buf), STR(""), &arena, &manifest, &err);
        assert_int_equal(result, count == REGDOC_CHILDREN_MAX ? 0 : -1);
    }
}

#define AMD "{'digest':'" D1 "','size':1,'platform':{'os':'linux','architecture':'amd64'}}"
#define ARM "{'digest':'" D2 "','size':1,'platform':{'os':'linux','architecture':'arm64'}}"
#define NOTE(digest)                                                                               \
    "{'digest':'" digest "','size':1,'platform':{'os':'unknown','architecture':'unknown'}}"
#define INDEX_OF(children)                                                                         \
    "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.index.v1+json','manifests':"        \
    "[" children "]}"

TEST(the_very_same_images)
{
    static const struct {
        const char *name, *one, *other;
        bool same;
    } rows[] = {
        {"the same", INDEX_OF(AMD "," ARM), INDEX_OF(AMD "," ARM), true},
        {"in another order", INDEX_OF(AMD "," ARM), INDEX_OF(ARM "," AMD), true},
        {"with another attestation", INDEX_OF(AMD "," NOTE(D2)), INDEX_OF(NOTE(D3) "," AMD), true},
        {"with one more", INDEX_OF(AMD), INDEX_OF(AMD "," ARM), false},
        {"others", INDEX_OF(AMD), INDEX_OF(ARM), false},
        {"none at all", INDEX_OF(""), INDEX_OF(""), false},
        {"nothing that runs", INDEX_OF(NOTE(D1)), INDEX_OF(NOTE(D1)), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct oci_manifest one, other;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].name,
                  oci_manifest_read(json_of(&arena, rows[i].one), STR(""), &arena, &one, &err), 0);
        CHECK_INT(rows[i].name,
                  oci_manifest_read(json_of(&arena, rows[i].other), STR(""), &arena, &other, &err),
                  0);
        CHECK_INT(rows[i].name, oci_same_images(&one, &other), rows[i].same);
        CHECK_INT(rows[i].name, oci_same_images(&other, &one), rows[i].same);
    }
}

TEST(pages)
{
    static const struct {
        const char *body;
        int count; /* -1: refused */
        const char *first, *says;
    } rows[] = {
        {"{'name':'a/b','tags':['1.0.0','latest']}", 2, "1.0.0", ""},
        {"{'tags':['x'],'name':'a'}", 1, "x", ""},
        {"{'name':'a','tags':[]}", 0, "", ""},
        {"{'name':'a','tags':null}", 0, "", ""},
        {"{'name':'a'}", 0, "", ""},
        {"{'name':'a','child':[],'manifest':{'sha256:1':{'tag':['v1']}},'tags':['v1']}", 1, "v1",
         ""},
        {"{'name':'a','tags':['\\u0061']}", 1, "a", ""},
        {"{'tags':['x']}", -1, "", "name: is missing"},
        {"{}", -1, "", "name: is missing"},
        {"{'name':'a','tags':'x'}", -1, "", ""},
        {"{'name':'a','tags':[1]}", -1, "", ""},
        {"{'name':'a','tags':[null]}", -1, "", "a tag was expected"},
        {"{'name':'a','tags':['x'", -1, "", ""},
        {"{'name':'a','tags':['x']}{", -1, "", ""},
        {"<html>", -1, "", ""},
        {"", -1, "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct tags_page page = {.count = 77};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        int result = tags_page_read(body, &arena, &page, &err);
        CHECK_INT(rows[i].body, result, rows[i].count < 0 ? -1 : 0);
        CHECK_INT(rows[i].body, page.count, rows[i].count < 0 ? 77 : rows[i].count);
        CHECK_HAS(rows[i].body, ERR_TEXT(err), rows[i].says);
        if (rows[i].count > 0)
            CHECK_STR(rows[i].body, page.tags[0], str_of(rows[i].first));
        exact_free(body);
    }
}

TEST(links)
{
    static const char url[] = "https://r.test:5000/v2/a/b/tags/list?n=2";
    static const struct {
        const char *header, *next, *says; /* next NULL: refused */
    } rows[] = {
        {"", "", ""},
        {"</v2/a/b/tags/list?last=x&n=2>; rel='next'",
         "https://r.test:5000/v2/a/b/tags/list?last=x&n=2", ""},
        {"</v2/x>;rel=next", "https://r.test:5000/v2/x", ""},
        {"<https://r.test:5000/v2/x?y>; rel='next'", "https://r.test:5000/v2/x?y", ""},
        {"<HTTPS://r.test:5000/x>; rel='next'", NULL, "no URL of http"},
        {"<https://R.Test:5000/v2/x>; rel='next'", "https://R.Test:5000/v2/x", ""},
        {"<?last=x>; rel='next'", "https://r.test:5000/v2/a/b/tags/list?last=x", ""},
        {"<list?last=x>; rel='next'", "https://r.test:5000/v2/a/b/tags/list?last=x", ""},
        {"<?at=12:30>; rel='next'", "https://r.test:5000/v2/a/b/tags/list?at=12:30", ""},
        {"</a>; rel='prev', </b>; rel='next'", "https://r.test:5000/b", ""},
        {"</a,b>; title='x, y; rel=next'; rel='prev', </c>; rel='last next'",
         "https://r.test:5000/c", ""},
        {"</a>; rel='prev'", "", ""},
        {"</a>", "", ""},
        {"</a>; rel='next', </b>; rel='next'", "https://r.test:5000/a", ""},
        {"</a>; REL='NEXT'", "https://r.test:5000/a", ""},
        {"</a>; rel='prev'; rel='next'", "", ""},
        {"<https://other.test/v2/x>; rel='next'", NULL, "on another host"},
        {"<http://r.test:5000/v2/x>; rel='next'", NULL, "on another host"},
        {"<https://r.test/v2/x>; rel='next'", NULL, "on another host"},
        {"<https://r.test:5000@evil.test/x>; rel='next'", NULL, "on another host"},
        {"<//other.test/v2/x>; rel='next'", NULL, "no URL of http"},
        {"<file:///etc/passwd>; rel='next'", NULL, "no URL of http"},
        {"<ftp:x>; rel='next'", NULL, "no URL of http"},
        {"</a b>; rel='next'", NULL, "no URL"},
        {"<>; rel='next'", NULL, "empty"},
        {"/a; rel='next'", NULL, "in <> was expected"},
        {"</a; rel='next'", NULL, "in <> was expected"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str next = STR("untouched");
        struct str header = exact_copy(json_of(&arena, rows[i].header));
        int result = link_next(header, str_of(url), &arena, &next, &err);
        CHECK_INT(rows[i].header, result, rows[i].next ? 0 : -1);
        CHECK_STR(rows[i].header, next, rows[i].next ? str_of(rows[i].next) : STR("untouched"));
        CHECK_HAS(rows[i].header, ERR_TEXT(err), rows[i].says);
        exact_free(header);
    }
}

TEST(tokens)
{
    static const struct {
        const char *body, *token; /* NULL: refused */
        int64_t life;
    } rows[] = {
        {"{'token':'t','expires_in':300}", "t", 300},
        {"{'access_token':'t'}", "t", 60},
        {"{'token':'t','access_token':'u','issued_at':'2026-05-01T10:00:00Z'}", "t", 60},
        {"{'token':'','access_token':'u'}", "u", 60},
        {"{'token':null,'access_token':'u'}", "u", 60},
        {"{'token':'t','expires_in':1.5e3}", "t", 1},
        {"{'token':'t','expires_in':299.9}", "t", 299},
        {"{'token':'t','expires_in':-1}", "t", 0},
        {"{'token':'t','expires_in':0}", "t", 0},
        {"{'token':'t','expires_in':99999999999999999999}", "t", 60},
        {"{'token':'t','expires_in':999999999}", "t", 86400},
        {"{'token':'t','expires_in':'300'}", "t", 60},
        {"{'token':'t','expires_in':null}", "t", 60},
        /* Azure's says only within when it ends: {"iat":1790000000,"exp":1790004500} and the like */
        {"{'access_token':'e30.eyJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDAwNDUwMH0.x'}",
         "e30.eyJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDAwNDUwMH0.x", 4500},
        {"{'token':'e30.eyJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDAwNDUwMH0.x','expires_in':7}",
         "e30.eyJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDAwNDUwMH0.x", 7},
        {"{'token':'e30.eyJleHAiOjE3OTAwMDQ1MDB9.x'}", "e30.eyJleHAiOjE3OTAwMDQ1MDB9.x", 60},
        {"{'token':'e30.eyJpYXQiOjEsImV4cCI6OTk5OTk5OTk5OX0.x'}",
         "e30.eyJpYXQiOjEsImV4cCI6OTk5OTk5OTk5OX0.x", 86400},
        {"{'token':'a b'}", NULL, 0},
        {"{'token':'a\\r\\nX: y'}", NULL, 0},
        {"{'token':5}", NULL, 0},
        {"{}", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct registry_token token = {STR("untouched"), 77};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        int result = registry_token_read(body, &arena, &token, &err);
        CHECK_INT(rows[i].body, result, rows[i].token ? 0 : -1);
        CHECK_STR(rows[i].body, token.token,
                  rows[i].token ? str_of(rows[i].token) : STR("untouched"));
        CHECK_INT(rows[i].body, token.life_s, rows[i].token ? rows[i].life : 77);
        exact_free(body);
    }
}

TEST(errors)
{
    static const struct {
        int status;
        const char *body;
        enum registry_fault fault;
        bool passing;
        const char *says;
    } rows[] = {
        {401, "", REGISTRY_UNAUTHORIZED, false, "r/a:1: the registry wants credentials"},
        {403, "", REGISTRY_FORBIDDEN, false, "does not allow"},
        {404, "{'errors':[{'code':'MANIFEST_UNKNOWN','message':'no such','detail':{'Tag':'v9'}}]}",
         REGISTRY_NOT_FOUND, false, "(404 MANIFEST_UNKNOWN: no such)"},
        {404, "<html>gone</html>", REGISTRY_NOT_FOUND, false, "(404)"},
        {404, "{'errors':[]}", REGISTRY_NOT_FOUND, false, "(404)"},
        {404, "{'errors':[{'code':5}]}", REGISTRY_NOT_FOUND, false, "(404)"},
        {404, "{'errors':[{'code':'A'},{'code':'B'}]}", REGISTRY_NOT_FOUND, false, "404 A: "},
        {405, "", REGISTRY_REFUSED, false, "refuses this (405)"},
        {408, "", REGISTRY_UNREACHABLE, true, "gave up waiting"},
        {429, "{'errors':[{'code':'TOOMANYREQUESTS','message':'slow\\ndown\\u001b[31m'}]}",
         REGISTRY_TOO_MANY, true, "slow?down?[31m"},
        {500, "", REGISTRY_SERVER, true, "failed (500)"},
        {503, "busy", REGISTRY_SERVER, true, "failed (503)"},
        {307, "", REGISTRY_GARBLED, false, "sends us elsewhere"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct registry_error error = {.retry_after_s = 7};
        registry_error_read(STR("r/a:1"), rows[i].status, json_of(&arena, rows[i].body), &error);
        CHECK_INT(rows[i].says, error.fault, rows[i].fault);
        CHECK_INT(rows[i].says, error.status, rows[i].status);
        CHECK_INT(rows[i].says, error.retry_after_s, 0);
        CHECK_INT(rows[i].says, registry_fault_is_passing(error.fault), rows[i].passing);
        CHECK_HAS(rows[i].says, str_of(error.text), rows[i].says);
    }
}

TEST(long_errors)
{
    TEST_ARENA(arena);
    struct registry_error error;
    struct buf buf = BUF_INIT(&arena, 1 << 20);
    buf_add(&buf, STR("{\"errors\":[{\"code\":\"X\",\"message\":\""));
    buf_add(&buf, run_of(&arena, 'm', 10000));
    buf_add(&buf, STR("\"}]}"));
    registry_error_read(run_of(&arena, 'a', 1000), 500, finished(&buf), &error);
    assert_true(strlen(error.text) < sizeof(error.text));
    assert_int_equal(registry_error_set(&error, REGISTRY_GARBLED, STR(""), "%s\n", "odd"), -1);
    CHECK_STR("no line break", str_of(error.text), STR("odd?"));
}

TEST(retry_after)
{
    static const struct {
        const char *value;
        int64_t seconds;
    } rows[] = {
        {"120", 120},
        {"0", 0},
        {"99999", 3600},
        {"99999999999999999999999", 0},
        {"-1", 0},
        {"1.5", 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:00:00 GMT", 0},
        {"Mon, 07 Nov 1994 08:49:37 GMT", 3600},
        {"soon", 0},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].value, retry_after_read(str_of(rows[i].value), 784111777),
                  rows[i].seconds);
}

TEST(rate_limits)
{
    static const struct {
        const char *limit, *remaining;
        int64_t most, left, window, wait; /* most -1: it says nothing */
    } rows[] = {
        {"100;w=21600", "76;w=21600", 100, 76, 21600, 216},
        {"100;w=21600", "0;w=21600", 100, 0, 21600, 216},
        {"200; w=21600", "1", 200, 1, 21600, 108},
        {"100", "7", 100, 7, 0, 0},
        {"1;w=86400", "0", 1, 0, 86400, 3600},
        {"1000;w=1", "0", 1000, 0, 1, 1},
        {"0;w=60", "0", 0, 0, 60, 0},
        {"10, 10;w=1, 50;w=60", "9", 10, 9, 0, 0},
        {"10;w=x", "9;w=", 10, 9, 0, 0},
        {"10;w=99999999999999999999", "9", 10, 9, 0, 0},
        {"10;burst=5;w=60", "9", 10, 9, 0, 0},
        {"", "7", -1, 0, 0, 0},
        {"7", "", -1, 0, 0, 0},
        {"x", "7", -1, 0, 0, 0},
        {"-1", "7", -1, 0, 0, 0},
        {"7", "99999999999999999999", -1, 0, 0, 0},
        {"9999999999", "7", -1, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rate_limit rate = {0};
        struct str limit = exact_copy(str_of(rows[i].limit));
        struct str remaining = exact_copy(str_of(rows[i].remaining));
        CHECK_INT(rows[i].limit, rate_limit_read(limit, remaining, &rate), rows[i].most >= 0);
        if (rows[i].most >= 0)
            CHECK_INT(rows[i].limit, rate.limit, rows[i].most);
        CHECK_INT(rows[i].limit, rate.left, rows[i].left);
        CHECK_INT(rows[i].limit, rate.window_s, rows[i].window);
        CHECK_INT(rows[i].limit, rate_limit_wait(&rate), rows[i].wait);
        exact_free(limit);
        exact_free(remaining);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests),       cmocka_unit_test(no_manifests),
        cmocka_unit_test(manifest_limits), cmocka_unit_test(the_very_same_images),
        cmocka_unit_test(pages),           cmocka_unit_test(links),
        cmocka_unit_test(tokens),          cmocka_unit_test(errors),
        cmocka_unit_test(long_errors),     cmocka_unit_test(retry_after),
        cmocka_unit_test(rate_limits),
    };
    return cmocka_run_group_tests_name("regdoc", tests, NULL, NULL);
}
