/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/awsplace.h"

#include "pinnace/banned.h"

#define ACCOUNT "123456789012"

TEST(registries)
{
    static const struct {
        const char *host, *url, *region;
    } rows[] = {
        {ACCOUNT ".dkr.ecr.us-west-2.amazonaws.com", "https://api.ecr.us-west-2.amazonaws.com/",
         "us-west-2"},
        {ACCOUNT ".dkr.ecr.cn-north-1.amazonaws.com.cn",
         "https://api.ecr.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
        {ACCOUNT ".dkr.ecr-fips.us-gov-west-1.amazonaws.com",
         "https://ecr-fips.us-gov-west-1.amazonaws.com/", "us-gov-west-1"},
        {ACCOUNT ".dkr.ecr.eusc-de-east-1.amazonaws.eu",
         "https://api.ecr.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"},
        {ACCOUNT ".dkr-ecr.eu-west-1.on.aws", "https://ecr.eu-west-1.api.aws/", "eu-west-1"},
        {ACCOUNT ".dkr-ecr-fips.us-east-1.on.aws", "https://ecr-fips.us-east-1.api.aws/",
         "us-east-1"},
        {ACCOUNT ".dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
         "https://ecr.cn-north-1.api.amazonwebservices.com.cn/", "cn-north-1"},
        {"public.ecr.aws", "https://api.ecr-public.us-east-1.amazonaws.com/", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct aws_registry registry;
        struct str host = exact_copy(str_of(rows[i].host));
        struct buf url = BUF_INIT(&arena, 256);
        CHECK(rows[i].host, aws_registry_of(host, &registry));
        buf_add_ecr_url(&url, &registry);
        CHECK_STR(rows[i].host, finished(&url), str_of(rows[i].url));
        CHECK_STR(rows[i].host, registry.region, str_of(rows[i].region));
        exact_free(host);
    }
}

TEST(others)
{
    static const char *const rows[] = {
        "",
        "localhost:5000",
        "amazonaws.com",
        ".amazonaws.com",
        "dkr.ecr.us-west-2.amazonaws.com",
        "12345678901.dkr.ecr.us-west-2.amazonaws.com", /* eleven digits */
        "1234567890123.dkr.ecr.us-west-2.amazonaws.com",
        "12345678901x.dkr.ecr.us-west-2.amazonaws.com",
        ACCOUNT ".dkr.ecr.us-west-2.amazonaws.com:8443",
        ACCOUNT ".dkr.ecr.us-west-2.amazonaws.com.example.com",
        ACCOUNT ".dkr.ecr.us-west-2.evilamazonaws.com",
        ACCOUNT ".dkr.ecr.evil.com/x.amazonaws.com",
        ACCOUNT ".dkr.ecr.a.b.amazonaws.com",
        ACCOUNT ".dkr.ecr..amazonaws.com",
        ACCOUNT ".dkr.ecr.amazonaws.com",
        ACCOUNT ".dkr.ecrs.us-west-2.amazonaws.com",
        ACCOUNT ".dkr.ecr.1-x.amazonaws.com",
        ACCOUNT ".dkr-ecr.us-west-2.amazonaws.com",
        ACCOUNT ".dkr.ecr.us-west-2.on.aws",
        ACCOUNT ".s3.us-west-2.amazonaws.com",
        "public.ecr.aws.example.com",
        "x.public.ecr.aws",
        "evil@" ACCOUNT ".dkr.ecr.us-west-2.amazonaws.com",
        ACCOUNT ".dkr.ecr.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.amazonaws.com",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aws_registry registry;
        struct str host = exact_copy(str_of(rows[i]));
        CHECK(rows[i], !aws_registry_of(host, &registry));
        exact_free(host);
    }
}

TEST(sts)
{
    static const struct {
        const char *region, *url; /* .url NULL: it is none */
    } rows[] = {
        {"us-west-2", "https://sts.us-west-2.amazonaws.com/"},
        {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"},
        {"eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu/"},
        {"evil.com/", NULL},
        {"US-WEST-2", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct buf url = BUF_INIT(&arena, 256);
        bool is_region = aws_is_region(str_of(rows[i].region));
        CHECK_INT(rows[i].region, is_region, rows[i].url != NULL);
        if (!is_region)
            continue;
        buf_add_sts_url(&url, str_of(rows[i].region));
        CHECK_STR(rows[i].region, finished(&url), str_of(rows[i].url));
    }
}

TEST(agents)
{
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {"http://169.254.170.23/v1/credentials", true},
        {"http://[fd00:ec2::23]/v1/credentials", true},
        {"http://169.254.170.2/x", true},
        {"http://127.0.0.1:8080/x", true},
        {"http://localhost:1/", true},
        {"http://[::1]:80/x", true},
        {"https://credentials.example.com/x", true},
        {"http://credentials.example.com/x", false},
        {"http://169.254.169.254/x", false},
        {"http://169.254.170.23.example.com/x", false},
        {"http://127.0.0.1:x@example.com/", false},
        {"https://a@example.com/", false},
        {"http://[::2]/", false},
        {"ftp://127.0.0.1/", false},
        {"127.0.0.1/x", false},
        {"https://", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].url, aws_is_agent(str_of(rows[i].url)) == rows[i].good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registries),
        cmocka_unit_test(others),
        cmocka_unit_test(sts),
        cmocka_unit_test(agents),
    };
    return cmocka_run_group_tests_name("awsplace", tests, NULL, NULL);
}
