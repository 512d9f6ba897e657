/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dockerlogin: who we are to registries, as docker's config.json and Kubernetes' pull secrets say
 * it. Keys are matched as kubelet matches them: "https://contoso.azurecr.io/team" is a host and the
 * beginning of a path, "*.azurecr.io" fits label by label, the longest path comes first, and when
 * several fit they are all to be tried.
 */
#ifndef PINNACE_DOCKERLOGIN_H
#define PINNACE_DOCKERLOGIN_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { DOCKERLOGIN_MAX_BYTES = 2 * 1024 * 1024, DOCKERLOGIN_MAX = 4096 };

/* One way to be known: a name with a password, a token to get tokens with, or a token itself. */
struct docker_login {
    const struct docker_login *next; /* in the order in which they are to be tried */
    struct str host, path;           /* of the key; path without the slash at either end */
    struct str username, password;
    struct str identity_token, registry_token;
    struct str helper; /* docker-credential-HELPER knows it; there is nothing else then */
};

/* Start with {0}; everything lives in the arena. */
struct docker_logins {
    const struct docker_login *first;
    struct str helper_for_others; /* credsStore; .len 0: none */
    size_t count;
};

/*
 * Adds docker's config.json, which is also what a Secret has as .dockerconfigjson. What is there
 * already is tried first where both fit. After a failure nothing has changed.
 */
int docker_logins_add(struct docker_logins *logins, struct str json, struct arena *arena,
                      struct err *err);

/* Adds a Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg, as JSON. */
int docker_logins_add_secret(struct docker_logins *logins, struct str json, struct arena *arena,
                             struct err *err);

/*
 * Adds what docker-credential-… has answered to "get" for a host: {"Username":…,"Secret":…}; the
 * name "<token>" stands for a token to get tokens with. It goes before all others for that host.
 */
int docker_logins_add_helped(struct docker_logins *logins, struct str host, struct str json,
                             struct arena *arena, struct err *err);

/*
 * The login to try for a repository ("contoso.azurecr.io", "team/web"): the first after the one
 * given, or of all if that is NULL. NULL when there is none (any more).
 */
const struct docker_login *docker_login_next(const struct docker_logins *logins,
                                             const struct docker_login *after, struct str host,
                                             struct str path);

#endif
