/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/regplace.h"

#include "pinnace/banned.h"

TEST(places)
{
    static const struct {
        const char *ref, *url, *scope;
    } rows[] = {
        {"nginx:1.27", "https://registry-1.docker.io/v2/library/nginx/t",
         "repository:library/nginx:pull"},
        {"index.docker.io/library/nginx", "https://registry-1.docker.io/v2/library/nginx/t",
         "repository:library/nginx:pull"},
        {"registry.hub.docker.com/a/b", "https://registry-1.docker.io/v2/a/b/t",
         "repository:a/b:pull"},
        {"Contoso.azurecr.io:443/shop/web", "https://contoso.azurecr.io/v2/shop/web/t",
         "repository:shop/web:pull"},
        {"localhost:5000/a", "https://localhost:5000/v2/a/t", "repository:a:pull"},
        {"[::1]:5000/a", "https://[::1]:5000/v2/a/t", "repository:a:pull"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct imageref ref = {0};
        char room[REGPLACE_HOST_MAX];
        struct buf url = BUF_INIT(&arena, 4096), scope = BUF_INIT(&arena, 4096);
        CHECK_INT(rows[i].ref, imageref_parse(str_of(rows[i].ref), &ref), IMAGEREF_OK);
        struct str host = registry_api_host(ref.host, room, sizeof(room));
        buf_add_registry_url(&url, host, false, &ref, STR("t"));
        CHECK_STR(rows[i].ref, finished(&url), str_of(rows[i].url));
        buf_add_scope(&scope, &ref, STR("pull"));
        CHECK_STR(rows[i].ref, finished(&scope), str_of(rows[i].scope));
    }
}

TEST(realms)
{
    static const struct {
        const char *realm, *host;
        bool plain;
        enum realm_trust trust;
    } rows[] = {
        {"https://auth.docker.io/token", "registry-1.docker.io", false, REALM_OWN},
        {"https://ghcr.io/token", "ghcr.io", false, REALM_OWN},
        {"https://ghcr.io:8443/token", "ghcr.io", false, REALM_OWN},
        {"https://gitlab.com/jwt/auth", "registry.gitlab.com", false, REALM_OWN},
        {"https://GHCR.io/token", "ghcr.io", false, REALM_OWN},
        {"https://evil.example/token", "ghcr.io", false, REALM_FOREIGN},
        {"https://notghcr.io/token", "ghcr.io", false, REALM_FOREIGN},
        {"https://ghcr.io.evil.example/token", "ghcr.io", false, REALM_FOREIGN},
        {"https://ghcr.io@evil.example/token", "ghcr.io", false, REALM_REFUSED},
        {"https://evil.example\\@ghcr.io/token", "ghcr.io", false, REALM_REFUSED},
        {"http://ghcr.io/token", "ghcr.io", false, REALM_REFUSED},
        {"http://localhost:5002/token", "localhost:5001", true, REALM_OWN},
        {"http://other:5002/token", "localhost:5001", true, REALM_REFUSED},
        {"https://169.254.169.254/token", "ghcr.io", false, REALM_REFUSED},
        {"https://[fd00::1]/token", "ghcr.io", false, REALM_REFUSED},
        {"https://localhost/token", "ghcr.io", false, REALM_REFUSED},
        {"https://127.0.0.1:5002/token", "127.0.0.1:5001", false, REALM_OWN},
        {"https://1.2.0.1/token", "5.6.0.1", false, REALM_REFUSED},
        {"https://a/token", "b", false, REALM_FOREIGN},
        {"ftp://ghcr.io/token", "ghcr.io", false, REALM_REFUSED},
        {"/token", "ghcr.io", false, REALM_REFUSED},
        {"https:///token", "ghcr.io", false, REALM_REFUSED},
        {"https://ghcr.io/a b", "ghcr.io", false, REALM_REFUSED},
        {"", "ghcr.io", false, REALM_REFUSED},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].realm,
                  realm_trust(str_of(rows[i].realm), str_of(rows[i].host), rows[i].plain),
                  rows[i].trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(realms),
    };
    return cmocka_run_group_tests_name("regplace", tests, NULL, NULL);
}
