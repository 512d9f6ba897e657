/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_inner: what the files of registry share. A call goes round: queue of its host (host.c),
 * credentials (auth.c, token.c), request and answer (call.c), and back to the queue if it is to be
 * tried again.
 */
#ifndef PINNACE_REGISTRY_INNER_H
#define PINNACE_REGISTRY_INNER_H

#include "pinnace/bytes.h"
#include "pinnace/challenge.h"
#include "pinnace/provider.h"
#include "pinnace/registry.h"
#include "pinnace/regplace.h"

enum {
    HOST_CALLS_MAX = 8,       /* at a time */
    REPOSITORY_CALLS_MAX = 2, /* of one repository: one that hangs must not hold all of them */
    HOST_PER_SECOND = 50,
    HOST_BURST = 100,
    CIRCUIT_FAILURES = 5,
    REALM_MAX = 2048,
    REDIRECTS_MAX = 3,
    PAGES_MAX = 10000,
    TOKENS_MAX = 1024,
};

struct registry_host {
    struct registry *registry;
    struct registry_host *next;
    char name[REGPLACE_HOST_MAX]; /* of its API */
    bool plain;

    struct registry_call *queue, **queue_tail;
    struct timer pump;
    struct registry_call *flying[HOST_CALLS_MAX + 1]; /* being asked, and one aside at most */
    unsigned in_flight;
    int64_t allowance_ms; /* the budget: when the next request may go, were there no bursts */

    struct backoff backoff;
    unsigned failures; /* in a row */
    int64_t not_before;
    struct registry_error reason; /* why not before */
    bool counts_pulls;
    struct rate_limit rate; /* if it does */
    int64_t used_up_until;  /* until then no image may be pulled; to look at one is none */

    /* What it asked for last: where the next call begins. */
    enum challenge_scheme scheme;
    char realm[REALM_MAX], service[512];
    bool lists_metadata; /* tags are another permission there than manifests */
};

/* One token, or the request for it, for all calls that need the same one. */
struct registry_token_entry {
    struct registry_token_entry *next;
    struct registry *registry;
    struct arena arena; /* holds the strings below */
    struct str realm, service, scope;
    struct docker_login login; /* whose token it is; .username.len 0: nobody's */
    struct bytes value;        /* .len 0: not yet */
    unsigned generation;       /* of the value */
    int64_t renew_at;
    unsigned users; /* calls that have a pointer to it */
    struct http_call *http;
    struct registry_call *waiting;
    bool posted; /* by the OAuth2 form, since the other one is not there */
};

/* Who we, or a ServiceAccount, are to one registry of a cloud, or the way to find that out. */
struct registry_identity {
    struct registry_identity *next;
    struct registry *registry;
    const struct provider *provider;
    struct arena arena;                  /* holds the four below */
    struct str host, namespace, account; /* no account: we ourselves */
    struct provider_input noted;         /* what the account's annotations say */

    struct arena kept; /* holds the login */
    struct docker_login login;
    int64_t renew_at, ends_at;   /* .ends_at 0: there is none */
    unsigned generation;         /* of the login */
    struct registry_error error; /* why there is none; .fault REGISTRY_FINE: we are nobody */
    int64_t not_before;          /* the error is believed so long */
    struct backoff backoff;

    struct arena room; /* of the run that is under way, and all below is its */
    struct provider_input input;
    struct provider_run run;
    size_t needs_read;
    unsigned asked;
    const char *want_header;
    const char *no_answer;
    int64_t doubted_until;
    struct http_call *http;
    struct kube_call *kube;
    struct registry_call *waiting;
    bool serving; /* those who wait: it must not go */
};

struct registry {
    struct http *http;
    struct registry_options options;
    struct registry_host *hosts;
    struct registry_token_entry *tokens;
    struct registry_identity *identities;
    struct registry_call *calls;
};

enum sent { SENT_NOTHING, SENT_BASIC, SENT_TOKEN, SENT_GIVEN_TOKEN };

struct registry_call {
    struct registry *registry;
    struct registry_call *next, **link; /* of all, and what points here */
    struct registry_call *queued; /* the next one of the queue, or of those who wait for a token */
    struct registry_host *host;
    struct arena arena;
    struct registry_request request;
    struct str about, repository; /* for messages and limits */
    int64_t deadline;
    struct timer again;
    struct backoff backoff;

    const char *method;
    struct str url, scope;
    bool on_mirror; /* asked first; then the registry itself */
    bool foreign;   /* the URL is of another host: no credentials */
    bool in_queue, in_flight, scope_given;
    unsigned redirects, pages, challenges;
    size_t tags;
    struct bytes next_url;   /* of a list: url points into it */
    struct bytes marked_url; /* of a page before, to find out that they go round */

    const struct docker_login *login; /* as which it is asked now; NULL: nobody */
    bool logins_begun;
    enum sent sent;
    bool renewed;                       /* a token that was refused has been replaced once */
    struct registry_token_entry *token; /* it waits for this one, or was sent with it */
    unsigned generation;                /* of the value it was sent with */
    struct registry_identity *identity; /* it waits for this one */
    struct docker_login own;            /* what that gave, in the arena; login points here then */
    unsigned own_generation;
    const char *own_provider;      /* by its title */
    bool identified, own_renewed;  /* a provider was asked; once more, after a 401 */
    struct registry_error nobody;  /* why it gave none */
    struct registry_error refused; /* what the last login before it came to */
    struct http_call *http;
};

/* How a verb is asked. */
struct registry_way {
    const char *method;
    const char *actions; /* what a token is asked for */
    const char *allowed; /* what a challenge may name instead: all of it is among these */
    bool documents; /* no manifest is asked for: no mirror has it, and no redirect leads to it */
};
extern const struct registry_way registry_ways[];

/* Of tags, which are a permission of their own in places. */
static inline bool registry_verb_lists(enum registry_verb verb)
{
    return verb == REGISTRY_TAGS || verb == REGISTRY_NEWEST;
}

/* --- registry_host.c */

struct registry_host *registry_host_of(struct registry *registry, struct str name);
/* Puts the call at the end of its host's queue. */
void registry_host_add(struct registry_call *call);
void registry_host_remove(struct registry_call *call);
/* A request goes out: a call's further ones need not wait for the budget, but those behind them do. */
void registry_host_spend(struct registry_host *host);
/* A call has ended its request: how that went for the host. */
void registry_host_note(struct registry_host *host, const struct registry_error *error);
void registry_host_release(struct registry_call *call);
/* Takes note of how many images may still be pulled, if the answer says it. */
void registry_host_note_rate(struct registry_host *host, const struct http_response *response);

/* --- registry_auth.c: how the call is to be asked. */

/* Sends the call, now or when its token is there. */
void registry_auth_begin(struct registry_call *call);
/* Goes on as the next one who might be known there, if there is one, after this error. */
bool registry_auth_next(struct registry_call *call, const struct registry_error *error);
/* After a 401, 403 or 404: true if the call goes on as somebody else or with another token. */
bool registry_auth_refused(struct registry_call *call, const struct http_response *response,
                           struct registry_error *error);

/* --- registry_token.c */

/* Sends the call when a token is there, or ends it. credentials: they may go to the realm. */
void registry_token_for(struct registry_call *call, bool credentials);
/* The token that the call was sent with is not taken. */
void registry_token_drop(const struct registry_call *call);
void registry_token_forget(struct registry_call *call);
void registry_tokens_free(struct registry *registry);

/* --- registry_identity.c */

/* Whether a provider might know as whom to ask, and was not asked yet. */
bool registry_identity_wanted(const struct registry_call *call);
/* Goes on as whom the provider says, or as nobody. */
void registry_identity_for(struct registry_call *call);
/* What the provider gave is not taken: true if the call goes on with what it gives now. */
bool registry_identity_renew(struct registry_call *call);
/* An error that nobody got is rather that we are nobody. */
void registry_identity_explain(struct registry_call *call, struct registry_error *error);
void registry_identity_forget(struct registry_call *call);
void registry_identities_free(struct registry *registry);

/* Goes on, or ends the run, when what a provider needs is there. */
void registry_needs_there(struct registry_identity *identity);
void registry_needs_failed(struct registry_identity *identity, enum registry_fault fault,
                           const char *why);

/* --- registry_needs.c */

/* Reads what is still needed, and says so to the two above. */
void registry_needs_read(struct registry_identity *identity);

/* --- registry_change.c */

/* The address of what has attributes. */
void registry_change_url(const struct registry_call *call, struct buf *url);
/* Adds the body and its type to a request that has one. */
void registry_change_fill(const struct registry_call *call, struct http_request *http);
/* The answer to what is neither a manifest nor a list. */
void registry_change_take(struct registry_call *call, const struct http_response *response);
/* Whether a challenge names something that this verb may ask for, of this repository alone. */
bool registry_change_allows(const struct registry_call *call, struct str scope);

/* --- registry_call.c */

/* Sends the request: as nobody, with the login's name and password, or with a token. */
void registry_call_send(struct registry_call *call, enum sent how, struct str token);
/* Ends the call, or has it tried again later if that may help and there is time. */
void registry_call_fail(struct registry_call *call, const struct registry_error *error);
/* Ends the call: the answer is none of a registry. */
void registry_call_garbled(struct registry_call *call, enum registry_fault fault, const char *what);

/* --- registry.c */

void registry_call_end(struct registry_call *call, const struct registry_answer *answer);
bool str_list_has_host(const struct str_list *list, struct str host);

#endif
