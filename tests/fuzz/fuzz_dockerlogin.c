/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as docker's config.json, as a pull secret and as a helper's answer: what is found can be put into a
 * header, longer paths come first, and every login that fits is found once.
 */
#include <stdlib.h>

#include "pinnace/dockerlogin.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        must((unsigned char)text.ptr[i] >= ' ' || text.ptr[i] == 0);
}

static void check(const struct docker_logins *logins)
{
    size_t count = 0, found = 0;
    for (const struct docker_login *login = logins->first; login; login = login->next, count++) {
        must(login->host.len > 0);
        must(!login->next || login->next->path.len <= login->path.len);
        must(login->helper.len || login->username.len || login->identity_token.len ||
             login->registry_token.len);
        check_clean(login->registry_token);
        check_clean(login->identity_token);
    }
    must(count == logins->count);
    const struct docker_login *login = NULL;
    while ((login = docker_login_next(logins, login, STR("b.azurecr.io"), STR("team/web"))))
        found++;
    must(found <= count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct docker_logins logins = {.count = 0};
    struct str text = {(const char *)data, size};
    struct err err = {ERR_NONE, ""};
    if (docker_logins_add(&logins, text, &arena, &err) < 0)
        must(err.text[0] && logins.count == 0);
    if (docker_logins_add_secret(&logins, text, &arena, &err) == 0)
        docker_logins_add(&logins, text, &arena, NULL);
    docker_logins_add_helped(&logins, STR("b.azurecr.io"), text, &arena, NULL);
    check(&logins);
    return 0;
}
