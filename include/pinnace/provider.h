/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider: as whom a cloud lets us into its own registry, without a secret that anybody keeps.
 * Each cloud is one file in lib/core with one table; nothing in it does I/O. What it needs of the
 * environment is listed in the table and handed to it; what has to be asked it names request by
 * request, and is told the answers, until there is a login for the registry:
 *
 *     step(run, NULL) -> ask -> step(run, answer) -> ask -> step(run, answer) -> ready
 *
 * A login goes to the registry it was made for and nowhere else, and is never in an error.
 */
#ifndef PINNACE_PROVIDER_H
#define PINNACE_PROVIDER_H

#include "pinnace/buf.h"
#include "pinnace/regdoc.h"
#include "pinnace/sigv4.h"
#include "pinnace/str.h"

enum {
    PROVIDER_NEEDS_MAX = 12,
    PROVIDER_HEADERS_MAX = 6,
    PROVIDER_KEPT_MAX = 4,
    PROVIDER_STEPS_MAX = 8,           /* requests of one run at most */
    PROVIDER_VALUE_MAX = 64 * 1024,   /* of a variable, or of the file it names */
    PROVIDER_ANSWER_MAX = 256 * 1024, /* of a body */
};

struct provider_input;

/*
 * Something of the environment. When a ServiceAccount is spoken for rather than ourselves, its
 * annotation stands for the variable and a token of it for the file; of the environment only what
 * is general counts then.
 */
struct provider_need {
    const char *env;        /* a variable; NULL: only an account has this */
    bool is_file;           /* it names a file: what that holds is meant, read anew for each run */
    bool is_general;        /* an address and the like: nobody's own */
    bool is_issuer;         /* who makes the account's tokens, as the API server says */
    const char *annotation; /* of the ServiceAccount; NULL: none */
    const char *mark;       /* the annotation is only this word, or it says nothing; NULL: any */
    const char *audience;   /* whom the account's token is for; NULL: no token is meant */
    /* The same, by what was needed before; .len 0: there is nobody whom a token could be for. */
    struct str (*audience_of)(const struct provider_input *input, struct arena *arena);
};

struct provider_input {
    struct str host; /* of the registry, normal: lower case, no default port */
    struct str values[PROVIDER_NEEDS_MAX]; /* in the order of needs; .len 0: not there */
    bool metadata;                         /* the machine's metadata service may be asked */
};

/* How far one has come; zeroed but for the first three at the beginning. */
struct provider_run {
    const struct provider_input *input;
    struct arena *arena; /* outlives the run; all that is asked and made lives in it */
    int64_t now;         /* seconds since 1970, set before each step */
    unsigned step;       /* the provider's own, and so is what it keeps */
    struct str kept[PROVIDER_KEPT_MAX];
};

struct provider_header {
    const char *name;
    struct str value;
};

struct provider_ask {
    const char *method;
    struct str url; /* https, unless the machine's metadata service is asked */
    struct provider_header headers[PROVIDER_HEADERS_MAX];
    size_t header_count;
    struct str body;
    bool metadata; /* of this machine: plain is fine, and no proxy is ever asked */
    const struct sigv4_signing *sign; /* it is signed on its way; NULL: it is not */
    const char *want_header;          /* of the answer, to be told; NULL: none */
    const char *no_answer;            /* what to do about it if none comes; NULL: nothing special */
};

/* Its strings live until the step returns: what is kept has to be copied. */
struct provider_answer {
    int status;
    struct str body;
    struct str header; /* the one that was wanted */
    int64_t retry_after_s;
};

/* A name with a password, or a token to get tokens with. */
struct provider_login {
    struct str username, password;
    struct str identity_token;
    int64_t life_s; /* from now on */
};

enum provider_turn {
    PROVIDER_NOBODY, /* nothing in the environment says who we are: the registry is asked as nobody */
    PROVIDER_ASK,
    PROVIDER_READY,
    PROVIDER_FAILED,
};

struct provider_next {
    enum provider_turn turn;
    struct provider_ask ask;
    struct provider_login login;
    struct registry_error error; /* what to do is in it */
};

struct provider {
    const char *name;  /* "azure": for options and messages */
    const char *title; /* "Azure" */
    const struct provider_need *needs;
    size_t need_count;
    /* Whether a registry is this cloud's. Only what nobody else can be called may pass. */
    bool (*serves)(struct str host);
    /* answer is NULL for the first step; afterwards what the last ask has brought, whatever its
     * status. That no answer came is not its business. */
    void (*step)(struct provider_run *run, const struct provider_answer *answer,
                 struct provider_next *ret_next);
};

extern const struct provider provider_azure, provider_aws, provider_google;

/* All there are, ended by NULL. */
extern const struct provider *const providers[];

/* The one whose registry it is, or NULL. */
const struct provider *provider_of(struct str host);
const struct provider *provider_named(struct str name);

/*
 * Takes what the annotations of a ServiceAccount say for the provider; false when they say nothing,
 * or it cannot be read. The values are in the arena, or parts of json.
 */
bool provider_note_account(const struct provider *provider, struct str json, struct arena *arena,
                           struct provider_input *input);

/* --- For providers */

/* "NAME=value", as a part of a form or a query: an ampersand before all but the first. */
void provider_add_field(struct buf *buf, const char *name, struct str value);
/* Ends the run: what is in error.text is the sentence. Retry-After is kept if there is one. */
__attribute__((format(printf, 4, 5))) void provider_fail(struct provider_next *next,
                                                         const struct provider_answer *answer,
                                                         enum registry_fault fault,
                                                         const char *format, ...);
/* Whether a host is NAME.suffix with one label or more before it, and nothing but a name. */
bool provider_host_under(struct str host, struct str suffix);

#endif
