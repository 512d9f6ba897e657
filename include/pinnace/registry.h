/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry: what tags mean, asked of registries by the OCI distribution API, many at a time on the
 * thread of an http. A digest is believed when a registry names it for a HEAD; a body that is
 * fetched is hashed, and has to have the digest it is said to have.
 *
 * Each registry has its own queue, so that none waits for another: 8 requests at a time, 2 for one
 * repository, 50 a second. One that says 429 is left alone for as long as it asks; one that fails 5
 * times in a row is left alone for longer and longer, and then tried with a single request.
 *
 * Credentials go to the registry they are for, and to the token server it names if that is of the
 * same domain and behind https. They are in no error. Redirects to other hosts get none, and a mirror
 * gets those for itself.
 *
 * Where no login is there for a cloud's own registry, or none is taken, its provider finds out who we
 * are there (see provider.h): what it is let in with goes to that very host only, and is kept until
 * it ends. Whoever nobody vouches for is nobody, and told why if that does not do.
 */
#ifndef PINNACE_REGISTRY_H
#define PINNACE_REGISTRY_H

#include "pinnace/acrdoc.h"
#include "pinnace/dockerlogin.h"
#include "pinnace/http.h"
#include "pinnace/imageref.h"
#include "pinnace/regdoc.h"

struct kube;
struct registry;
struct registry_call;

enum { REGISTRY_TIMEOUT_MS = 15000, REGISTRY_TAGS_MAX = 200000, REGISTRY_LIST_MAX = 64 };

struct str_list {
    struct str items[REGISTRY_LIST_MAX];
    size_t count;
};

/* Asked for digests in the place of a registry; what it does not answer, that registry is asked. */
struct registry_mirror {
    struct str host, mirror; /* both HOST or HOST:PORT */
};

/* The strings must live as long as the registry. */
struct registry_options {
    const struct registry_mirror *mirrors;
    size_t mirror_count;
    struct str ca;         /* PEM; none: the system's authorities */
    struct str_list plain; /* hosts that are asked by plain http, and no others */
    struct str_list
        realms;     /* hosts of token servers that may have credentials, whosever they are */
    int timeout_ms; /* of one request; 0: REGISTRY_TIMEOUT_MS */
    struct str_list machine; /* providers that may ask the machine's metadata service, by name */
    struct kube *kube;       /* makes tokens of ServiceAccounts; NULL: none are asked as */
};

/* A ServiceAccount in whose name a registry is asked, if it has an identity of that cloud. */
struct registry_account {
    struct str namespace, name;
    struct str json; /* as the API server has it */
};

/* http must outlive it. */
int registry_open(struct http *http, const struct registry_options *options,
                  struct registry **ret_registry, struct err *err);
/* Ends all calls without calling anybody back. */
void registry_close(struct registry **registry);
#define REGISTRY_SCOPED __attribute__((cleanup(registry_close)))

enum registry_verb {
    REGISTRY_RESOLVE, /* the digest behind a tag, or whether a digest is there; of an index its own */
    REGISTRY_FETCH,   /* the same with the manifest's bytes */
    REGISTRY_TAGS,    /* all tags of a repository */
    REGISTRY_NEWEST, /* what its newest tags come to, of a registry that tells */

    /* What a digest or a tag may have done to it, of a registry with locks. */
    REGISTRY_ATTRIBUTES,
    /* From here on something is changed there. */
    REGISTRY_LOCK,   /* a digest against deletion, a tag against moves as well */
    REGISTRY_UNLOCK, /* undoes just that */
    REGISTRY_TAG,    /* puts a manifest's bytes under a tag */
    REGISTRY_UNTAG,  /* takes a tag away, and nothing else */
};

struct registry_answer {
    struct registry_error error; /* .fault REGISTRY_FINE if all went well */
    const char *provider; /* that said who we are, as whom it was asked at last; NULL: none did */
    struct str digest;
    enum media media;
    struct str body; /* of REGISTRY_FETCH */
    size_t tags;     /* of REGISTRY_TAGS: how many there were */
    uint64_t mark;   /* of REGISTRY_NEWEST: another one when something was pushed; never 0 */
    struct acr_attributes
        attributes; /* of REGISTRY_ATTRIBUTES, _LOCK and _UNLOCK: as they are now */
};

struct registry_request {
    enum registry_verb verb;
    struct imageref ref;                     /* its strings are copied; without a tag: latest */
    const struct docker_logins *logins;      /* until it is done; NULL: nobody in particular */
    const struct registry_account *accounts; /* likewise; the first that has one is asked as */
    size_t account_count;
    int patience_ms; /* for how long it is tried again; 0: not at all */
    struct str body; /* of REGISTRY_TAG, and what kind of manifest that is; copied */
    enum media media;
    /* It is in no hurry: one such at a time for each registry, which others never wait for, and how
     * it ends says nothing about the registry to anybody else. */
    bool aside;

    /* Each tag of each page as it comes. Only a list that ends well is one: until then nothing may
     * be concluded from it. */
    void (*on_tag)(void *context, struct str tag);
    /* Once for each call that is not cancelled, never from within registry_send. All in the answer
     * lives until it returns. */
    void (*on_done)(void *context, const struct registry_answer *answer);
    void *context;
};

/* NULL when memory is out; on_done is not called then. */
struct registry_call *registry_send(struct registry *registry,
                                    const struct registry_request *request, struct err *err);
void registry_cancel(struct registry_call *call);

/* Whether the registry is Azure's, so that it tells what is newest in one short answer, and has
 * locks. */
bool registry_is_acr(const struct registry *registry, const struct imageref *ref);

/* How a registry that was asked is getting on. */
struct registry_state {
    struct str host; /* until the registry is closed */
    unsigned waiting, under_way;
    int64_t paused_ms; /* it is not asked for so long; 0: it is */
    bool counts_pulls; /* it has said how many there may be */
    struct rate_limit rate;
};
/* Of at most max of them; returns how many. */
size_t registry_states(const struct registry *registry, struct registry_state *ret_states,
                       size_t max);

/* One at a time: turns the loop until the answer is there; its strings are in the arena. */
int registry_ask(struct registry *registry, const struct registry_request *request,
                 struct arena *arena, struct registry_answer *ret_answer);

#endif
