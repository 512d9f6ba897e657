/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking: what the verbs that ask registries share: options, docker's credentials, and questions
 * about many images at a time.
 */
#ifndef PINNACE_CLI_ASKING_H
#define PINNACE_CLI_ASKING_H

#include "cli.h"

#include "pinnace/registry.h"

/* Rows of a verb's table of options, the first of them at index base. */
#define ASKING_ACCESS_OPTIONS(base)                                                                \
    [(base) + ASKING_CA] = {'\0', "ca-file", "FILE", "FILE",                                       \
                            "trust these authorities (PEM), and not the system's"},                \
              [(base) + ASKING_PLAIN] = {'\0', "plain-http", "HOST", NULL,                         \
                                         "ask this registry by plain http (repeatable)"},          \
              [(base) +                                                                            \
                  ASKING_REALM] = {'\0', "token-server", "HOST", NULL,                             \
                                   "send credentials to this foreign token server (repeatable)"},  \
              [(base) + ASKING_MIRROR] = {'\0', "mirror", "HOST=MIRROR", NULL,                     \
                                          "ask MIRROR for images of HOST first (repeatable)"},     \
              [(base) + ASKING_MACHINE] = {'\0', "machine-identity", "CLOUD", "azure aws google",  \
                                           "be to this cloud's registries who the machine is "     \
                                           "(repeatable)"}

/* The same and how patient to be. */
#define ASKING_OPTIONS(base)                                                                       \
    ASKING_ACCESS_OPTIONS(base),                                                                   \
        [(base) + ASKING_TIMEOUT] = {'\0', "timeout", "SECONDS", NULL,                             \
                                     "try again for so long when a registry fails (default 20)"}

enum {
    ASKING_CA,
    ASKING_PLAIN,
    ASKING_REALM,
    ASKING_MIRROR,
    ASKING_MACHINE,
    ASKING_TIMEOUT,
    ASKING_OPTION_COUNT,
    ASKING_ACCESS_COUNT = ASKING_TIMEOUT,
};

struct asking {
    struct arena *arena;
    struct registry_options options;
    struct registry_mirror mirrors[REGISTRY_LIST_MAX];
    const char *ca_file;
    int patience_ms;
    struct http *http;
    struct registry *registry;
    struct docker_logins logins;
    struct str_list helped; /* hosts for which the helper for all was asked */
};

#define ASKING_INIT(in_arena) ((struct asking){.arena = (in_arena), .patience_ms = -1})

/* option is one of the above; returns an exit code. */
int asking_option(struct asking *asking, const struct cli_args *args, int option);

/* Reads what there is to read: authorities and credentials. */
int asking_open(struct asking *asking, struct err *err);
void asking_close(struct asking *asking);

/* Has a helper asked, if docker's configuration names one for the host. */
int asking_prepare(struct asking *asking, const struct imageref *ref, struct err *err);

struct asking_image {
    struct str text; /* as it was written */
    struct imageref ref;
    enum registry_verb verb;       /* REGISTRY_RESOLVE, unless something else is asked */
    struct registry_answer answer; /* its strings are in the arena */
};

/* Resolves all of them, as many at a time as registries like. */
int asking_resolve(struct asking *asking, struct asking_image *images, size_t count,
                   struct err *err);

/* The image as it was written, with its tag (latest, if neither that nor a digest was) and digest. */
void buf_add_resolved(struct buf *buf, const struct asking_image *image);

/* 1 when one is not there, 2 when one could not be asked for, and tells which. */
int asking_tell(const struct asking_image *images, size_t count);

#endif
