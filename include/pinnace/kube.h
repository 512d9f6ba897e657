/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube: one cluster's API server and who we are there, by kubeconfig as kubectl has it or by the
 * account of the pod we run in. Tokens and certificates in files are read again each minute and
 * after a 401, which is tried once more; a credential plugin is run when its word has expired, and
 * the thread waits for it.
 */
#ifndef PINNACE_KUBE_H
#define PINNACE_KUBE_H

#include "pinnace/http.h"
#include "pinnace/kubestatus.h"

struct kube;
struct kubeconfig;

/* The strings must live as long as the kube. */
struct kube_options {
    bool in_pod;                      /* the pod's account, unless kubeconfig is given */
    const char *kubeconfig, *context; /* NULL: as kubectl finds them */
    const char *namespace, *as;       /* NULL: the context's; ourselves */
    /* All that is asked has so long together, from kube_open on, credential plugins and second tries
     * too, and none of them talks to a person; 0: each has as long as it needs. */
    int in_all_ms;
};

/* Reads all there is to read and asks the cluster nothing. http must outlive it. */
int kube_open(struct http *http, const struct kube_options *options, struct kube **ret_kube,
              struct err *err);
void kube_close(struct kube **kube);
#define KUBE_SCOPED __attribute__((cleanup(kube_close)))

/* Reads the kubeconfig files that kubectl would take; *ret_found is false when there are none. */
int kube_files_find(const struct kube_options *options, struct arena *arena,
                    struct kubeconfig *ret_config, bool *ret_found, struct err *err);

/* The namespace that is meant where none is named, and the address. */
struct str kube_namespace(const struct kube *kube);
struct str kube_server(const struct kube *kube);
struct http *kube_http(const struct kube *kube);

/* Where a kind of objects lives: {"/apis/pinnace.dev/v1alpha1", "tracks"}. */
struct kube_resource {
    const char *api, *plural;
};

/*
 * "/api/v1/namespaces/NS/configmaps/NAME" and what is put behind it ("/status", "?limit=1"; may be
 * NULL). Without namespace: cluster-scoped, or in all namespaces; without name: the collection.
 */
struct str kube_path(struct arena *arena, struct kube_resource resource, struct str namespace,
                     struct str name, const char *tail);

enum kube_verb {
    KUBE_GET,
    KUBE_CREATE,
    KUBE_REPLACE,
    KUBE_PATCH_MERGE,
    KUBE_PATCH_JSON,
    KUBE_PATCH_STRATEGIC, /* of built-in kinds only */
    KUBE_DELETE,
};

enum { KUBE_TIMEOUT_MS = 15000, KUBE_MAX_BYTES = 8 * 1024 * 1024 };

/* Copied by kube_send. */
struct kube_request {
    enum kube_verb verb;
    struct str path, body;
    int timeout_ms;   /* 0: KUBE_TIMEOUT_MS; of a stream: of the whole stream */
    size_t max_bytes; /* 0: KUBE_MAX_BYTES */

    /* A watch: on_data takes the answer's chunks, -1 ends it, as silence of idle_ms does. */
    int (*on_data)(void *context, struct str chunk);
    int idle_ms;

    /* error.fault is KUBE_FINE if all went well; both live until it returns. */
    void (*on_done)(void *context, struct str body, const struct kube_error *error);
    void *context;
};

struct kube_call;

/* NULL with the error when it cannot even begin; on_done is not called then. */
struct kube_call *kube_send(struct kube *kube, const struct kube_request *request,
                            struct kube_error *error);
/* on_done is not called any more. */
void kube_cancel(struct kube_call *call);

/* One at a time: turns the loop until the answer is there, which is copied to the arena. */
int kube_ask(struct kube *kube, const struct kube_request *request, struct arena *arena,
             struct str *ret_body, struct kube_error *error);

#endif
