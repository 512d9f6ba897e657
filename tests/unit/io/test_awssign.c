/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors that AWS has published for its signature version 4: example.amazonaws.com, one moment,
 * one key. Left out are paths that are not in their shortest form and header values of several lines:
 * such requests are never made.
 */
#include "../check.h"

#include "../../../lib/io/awssign.h"

#include "pinnace/when.h"

#include "pinnace/banned.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static struct sigv4_signing example(void)
{
    struct sigv4_signing signing = {.scope = {0, STR("us-east-1"), STR("service")},
                                    .key_id = STR(KEY_ID),
                                    .secret = STR(SECRET)};
    assert_true(when_parse(STR("2015-08-30T12:36:00Z"), &signing.scope.at));
    return signing;
}

TEST(vectors)
{
    static const struct {
        const char *name, *method, *path, *query;
        struct {
            const char *name, *value;
        } headers[4];
        const char *body, *signature;
    } rows[] = {
        {"get-header-key-duplicate",
         "GET",
         "/",
         "",
         {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
         "",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-order",
         "GET",
         "/",
         "",
         {{"My-Header1", "value4"},
          {"My-Header1", "value1"},
          {"My-Header1", "value3"},
          {"My-Header1", "value2"}},
         "",
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        {"get-header-value-trim",
         "GET",
         "/",
         "",
         {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         "",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"get-unreserved",
         "GET",
         "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         "",
         {{NULL, NULL}},
         "",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-utf8",
         "GET",
         "/%E1%88%B4",
         "",
         {{NULL, NULL}},
         "",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-vanilla-empty-query-key",
         "GET",
         "/",
         "Param1=value1",
         {{NULL, NULL}},
         "",
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-query-order-encoded",
         "GET",
         "/",
         "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
         {{NULL, NULL}},
         "",
         "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
        {"get-vanilla-query-order-key-case",
         "GET",
         "/",
         "Param2=value2&Param1=value1",
         {{NULL, NULL}},
         "",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-query-order-key",
         "GET",
         "/",
         "Param1=value2&Param1=Value1",
         {{NULL, NULL}},
         "",
         "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
        {"get-vanilla-query-order-value",
         "GET",
         "/",
         "Param1=value2&Param1=value1",
         {{NULL, NULL}},
         "",
         "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
        {"get-vanilla-query-unreserved",
         "GET",
         "/",
         "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~"
         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         {{NULL, NULL}},
         "",
         "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        {"get-vanilla-utf8-query",
         "GET",
         "/",
         "%E1%88%B4=bar",
         {{NULL, NULL}},
         "",
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"get-vanilla",
         "GET",
         "/",
         "",
         {{NULL, NULL}},
         "",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"post-header-key-sort",
         "POST",
         "/",
         "",
         {{"My-Header1", "value1"}},
         "",
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-header-value-case",
         "POST",
         "/",
         "",
         {{"My-Header1", "VALUE1"}},
         "",
         "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        {"post-sts-header-before",
         "POST",
         "/",
         "",
         {{"X-Amz-Security-Token",
           "AQoDYXdzEPT//////////"
           "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8Y"
           "UuwthAx7mSEI/qkPpKPi/"
           "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE"
           "8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
           "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="}},
         "",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
        {"post-vanilla-empty-query-value",
         "POST",
         "/",
         "Param1=value1",
         {{NULL, NULL}},
         "",
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        {"post-vanilla",
         "POST",
         "/",
         "",
         {{NULL, NULL}},
         "",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"post-x-www-form-urlencoded-parameters",
         "POST",
         "/",
         "",
         {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
         "Param1=value1",
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
        {"post-x-www-form-urlencoded",
         "POST",
         "/",
         "",
         {{"Content-Type", "application/x-www-form-urlencoded"}},
         "Param1=value1",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct sigv4_signing signing = example();
        struct sigv4_header headers[6] = {{STR("X-Amz-Date"), STR("20150830T123600Z")},
                                          {STR("Host"), STR("example.amazonaws.com")}};
        struct sigv4_request request = {.method = str_of(rows[i].method),
                                        .path = str_of(rows[i].path),
                                        .query = str_of(rows[i].query),
                                        .headers = headers,
                                        .header_count = 2};
        struct str header = STR_NONE;
        for (size_t j = 0; j < COUNT(rows[i].headers) && rows[i].headers[j].name; j++)
            headers[request.header_count++] = (struct sigv4_header){
                str_of(rows[i].headers[j].name), str_of(rows[i].headers[j].value)};
        if (aws_authorize(&signing, str_of(rows[i].body), &request, &arena, &header, &err) < 0)
            fail_msg("%s: %s", rows[i].name, err.text);
        CHECK_STR(rows[i].name, str_tail(header, header.len - 64), str_of(rows[i].signature));
    }
}

TEST(headers)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct sigv4_signing signing = example();
    struct http_request http = {.method = "POST", .url = STR("https://example.amazonaws.com")};
    assert_int_equal(aws_sign(&signing, &arena, &http, &err), 0);
    assert_int_equal(http.header_count, 2);
    assert_string_equal(http.headers[0].name, "X-Amz-Date");
    CHECK_STR("when", http.headers[0].value, STR("20150830T123600Z"));
    assert_string_equal(http.headers[1].name, "Authorization");
    CHECK_STR(
        "post-vanilla", http.headers[1].value,
        STR("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature="
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"));

    http = (struct http_request){
        .method = "GET", .url = STR("https://example.amazonaws.com/?Param2=value2&Param1=value1")};
    assert_int_equal(aws_sign(&signing, &arena, &http, &err), 0);
    CHECK_HAS("query", http.headers[1].value,
              "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");

    http = (struct http_request){.method = "POST", .url = STR("https://ecr.example:8443/")};
    signing.token = STR("to ken");
    http.headers[http.header_count++] = (struct http_header){"X-Amz-Target", STR("x")};
    assert_int_equal(aws_sign(&signing, &arena, &http, &err), 0);
    assert_int_equal(http.header_count, 4);
    assert_string_equal(http.headers[2].name, "X-Amz-Security-Token");
    CHECK_HAS("all that is sent", http.headers[3].value,
              "SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target,");
    CHECK("the secret", !text_has(http.headers[3].value, STR(SECRET)));
}

TEST(limits)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct sigv4_signing signing = example();
    struct http_request http = {.method = "GET", .url = STR("https://a.b/")};
    for (; http.header_count < HTTP_HEADERS_MAX - 2; http.header_count++)
        http.headers[http.header_count] = (struct http_header){"X-A", STR("x")};
    CHECK_INT("headers", aws_sign(&signing, &arena, &http, &err), -1);
    CHECK_HAS("headers", ERR_TEXT(err), "more headers");

    struct buf query = BUF_INIT(&arena, 4096);
    buf_add(&query, STR("https://a.b/?a"));
    for (size_t i = 1; i < SIGV4_FIELDS_MAX; i++)
        buf_add(&query, STR("&a"));
    http = (struct http_request){.method = "GET", .url = finished(&query)};
    CHECK_INT("fields", aws_sign(&signing, &arena, &http, &err), 0);
    buf_add(&query, STR("&a"));
    http = (struct http_request){.method = "GET", .url = finished(&query)};
    CHECK_INT("one field more", aws_sign(&signing, &arena, &http, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(headers),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests_name("awssign", tests, NULL, NULL);
}
