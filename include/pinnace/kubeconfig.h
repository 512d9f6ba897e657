/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig: the files that kubectl finds its clusters in, read as kubectl reads them: several
 * are merged, the first to name something wins, and a relative path counts from its file. Only
 * what was picked is judged: a broken entry for another cluster is nobody's business here.
 */
#ifndef PINNACE_KUBECONFIG_H
#define PINNACE_KUBECONFIG_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum { KUBECONFIG_MAX_BYTES = 4 * 1024 * 1024, KUBECONFIG_MAX_ENTRIES = 4096 };

struct kubeconfig_pair {
    const struct kubeconfig_pair *next;
    struct str name, value;
};

struct kubeconfig_word {
    const struct kubeconfig_word *next;
    struct str text;
};

/* What a file names: each of its lists is a list of these. */
struct kubeconfig_entry {
    struct kubeconfig_entry *next;
    struct str name;
};

struct kubeconfig_cluster {
    struct kubeconfig_entry entry;
    struct str server, tls_server_name, proxy_url;
    struct str ca_file, ca_data; /* data is decoded, and wins over the file */
    bool insecure;
};

enum exec_interactive { EXEC_IF_AVAILABLE, EXEC_NEVER, EXEC_ALWAYS };

/* A program that hands out credentials, such as kubelogin. */
struct kubeconfig_exec {
    struct str api_version, command, install_hint;
    const struct kubeconfig_word *args;
    const struct kubeconfig_pair *env; /* beside the environment */
    enum exec_interactive interactive;
    bool cluster_info;
};

struct kubeconfig_user {
    struct kubeconfig_entry entry;
    struct str cert_file, cert_data, key_file, key_data;
    struct str token, token_file; /* the file wins */
    struct str username, password;
    struct str as, as_uid;
    const struct kubeconfig_word *as_groups;
    const struct kubeconfig_exec *exec;
    bool auth_provider, as_extra; /* there, but not supported: refused if picked */
};

struct kubeconfig_context {
    struct kubeconfig_entry entry;
    struct str cluster, user, namespace;
};

/* Start with {0}; everything in it lives in the arena. In the order of the files. */
struct kubeconfig {
    struct kubeconfig_entry *clusters, *users, *contexts;
    struct str current_context;
};

/*
 * Adds a file, which is given as JSON; folder is where it stands, "" for the working directory.
 * After a failure nothing more can be done with config.
 */
int kubeconfig_add(struct kubeconfig *config, struct str json, struct str folder,
                   struct arena *arena, struct err *err);

struct kubeconfig_choice {
    const struct kubeconfig_cluster *cluster;
    const struct kubeconfig_user *user;
    struct str namespace; /* "default" if the context names none */
};

/* The first entry of a list with the name, or NULL. */
struct kubeconfig_entry *kubeconfig_find(struct kubeconfig_entry *list, struct str name);

/* What a context means; .len 0 stands for the current one. Refuses what cannot be meant. */
int kubeconfig_pick(const struct kubeconfig *config, struct str context,
                    struct kubeconfig_choice *ret_choice, struct err *err);

#endif
