/* SPDX-License-Identifier: Apache-2.0 */
/* awsplace: see the header. */
#include "pinnace/awsplace.h"

#include "pinnace/url.h"

#include "pinnace/banned.h"

/* The parts of the world that know nothing of each other. */
static const struct {
    struct str suffix; /* of the registry, behind the region */
    struct str api;
    bool is_dual;
} domains[] = {
    {STR_INIT(".amazonaws.com"), STR_INIT("amazonaws.com"), false},
    {STR_INIT(".amazonaws.com.cn"), STR_INIT("amazonaws.com.cn"), false},
    {STR_INIT(".amazonaws.eu"), STR_INIT("amazonaws.eu"), false},
    {STR_INIT(".on.aws"), STR_INIT("api.aws"), true},
    {STR_INIT(".on.amazonwebservices.com.cn"), STR_INIT("api.amazonwebservices.com.cn"), true},
};

enum { DOMAINS = sizeof(domains) / sizeof(domains[0]), ACCOUNT_LEN = 12, REGION_MAX = 32 };

bool aws_is_region(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= 'a' && text.ptr[i] <= 'z') && !ascii_is_digit(text.ptr[i]) &&
            text.ptr[i] != '-')
            return false;
    return text.len > 0 && text.len <= REGION_MAX && ascii_is_alpha(text.ptr[0]);
}

static bool is_account(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.ptr[i]))
            return false;
    return text.len == ACCOUNT_LEN;
}

static bool take(struct str *rest, struct str prefix)
{
    if (!str_starts(*rest, prefix))
        return false;
    *rest = str_tail(*rest, prefix.len);
    return true;
}

bool aws_registry_of(struct str host, struct aws_registry *ret_registry)
{
    struct aws_registry registry = {.is_public = true};
    if (str_eq(host, STR("public.ecr.aws"))) {
        *ret_registry = registry;
        return true;
    }
    size_t dot = str_find(host, '.');
    for (size_t i = 0; i < DOMAINS && dot != STR_NOT_FOUND; i++) {
        struct str rest = str_tail(host, dot);
        registry = (struct aws_registry){
            .account = str_head(host, dot), .api = domains[i].api, .is_dual = domains[i].is_dual};
        if (!str_ends(rest, domains[i].suffix))
            continue;
        rest.len -= domains[i].suffix.len;
        bool is_ecr = take(&rest, registry.is_dual ? STR(".dkr-ecr") : STR(".dkr.ecr"));
        registry.is_fips = take(&rest, STR("-fips"));
        if (!is_ecr || !take(&rest, STR(".")) || !aws_is_region(rest) ||
            !is_account(registry.account))
            continue;
        registry.region = rest;
        *ret_registry = registry;
        return true;
    }
    return false;
}

void buf_add_ecr_url(struct buf *buf, const struct aws_registry *registry)
{
    if (registry->is_public) {
        buf_add(buf, STR("https://api.ecr-public.us-east-1.amazonaws.com/"));
        return;
    }
    buf_add(buf, registry->is_fips   ? STR("https://ecr-fips.")
                 : registry->is_dual ? STR("https://ecr.")
                                     : STR("https://api.ecr."));
    buf_add(buf, registry->region);
    buf_add_char(buf, '.');
    buf_add(buf, registry->api);
    buf_add_char(buf, '/');
}

void buf_add_sts_url(struct buf *buf, struct str region)
{
    buf_add(buf, STR("https://sts."));
    buf_add(buf, region);
    buf_add(buf, str_starts(region, STR("cn-"))     ? STR(".amazonaws.com.cn/")
                 : str_starts(region, STR("eusc-")) ? STR(".amazonaws.eu/")
                                                    : STR(".amazonaws.com/"));
}

bool aws_is_agent(struct str url)
{
    static const struct str agents[] = {STR_INIT("169.254.170.23"), STR_INIT("[fd00:ec2::23]"),
                                        STR_INIT("169.254.170.2"),  STR_INIT("127.0.0.1"),
                                        STR_INIT("localhost"),      STR_INIT("[::1]")};
    struct str host = url_host(url);
    size_t colon = str_rfind(host, ':');
    bool is_plain = str_starts(url, STR("http://"));
    if (!host.len || str_find(host, '@') != STR_NOT_FOUND)
        return false;
    if (!is_plain)
        return str_starts(url, STR("https://"));
    if (colon != STR_NOT_FOUND && !str_ends(host, STR("]")))
        host = str_head(host, colon);
    for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++)
        if (str_eq(host, agents[i]))
            return true;
    return false;
}
