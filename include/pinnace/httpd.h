/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd: an HTTP/1.1 server, over TLS or plain, that no client can hold up. Each connection has a
 * deadline from its first moment on, near the limit of connections those that never proved useful
 * go first, and bodies of all requests together have one ceiling. Requests whose framing two
 * readers could understand in two ways are refused.
 */
#ifndef PINNACE_HTTPD_H
#define PINNACE_HTTPD_H

#include "pinnace/err.h"
#include "pinnace/str.h"

struct httpd_connection;

struct httpd_request {
    struct httpd_connection *connection; /* for httpd_header */
    struct str method;
    struct str path, query;  /* as they were sent, nothing unescaped; a long query is cut */
    struct str content_type; /* .len 0: none was sent */
    struct str body;         /* empty while only the head is looked at */
    uint64_t begun;          /* when the request line came, in nanoseconds of the monotonic clock */
    void *memo;              /* of the reply before, when that was to wait; else NULL */
};

struct httpd_reply {
    unsigned status;          /* 0 from look: nothing is wrong with the head, go on reading */
    const char *content_type; /* a literal, as allow is */
    const char *allow;        /* the methods there are, with 405; else NULL */
    const char *challenge;    /* how to prove who one is, with 401; else NULL */
    bool allows_origin;       /* CloudEvents: any origin may send, at any rate */
    bool last;                /* the connection ends with it, so that the client goes elsewhere */
    struct str body;          /* copied before the same thread calls the handler again */
    bool proven; /* this client asks what makes sense: its connection is worth more than others */
    void *memo;  /* from answer: what it needs is not known yet; nothing else counts then */
};

static inline struct httpd_reply httpd_plain(unsigned status, struct str text)
{
    return (struct httpd_reply){
        .status = status, .content_type = "text/plain; charset=utf-8", .body = text};
}

/*
 * How often a header field came, with the value it had last; within the handler only. More than once
 * is for the handler to refuse where two readers could take different ones.
 */
size_t httpd_header(const struct httpd_request *request, const char *name, struct str *ret_value);

struct httpd_waiting;

/*
 * Called by several threads at once; none may wait for anything. An answer that cannot be given yet
 * leaves a memo: then wait is called, which sees to it that httpd_resume is called once, soon, by any
 * thread; and answer is asked again. Whatever happens, each memo is dropped once.
 */
struct httpd_handler {
    void *context;
    void (*look)(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply);
    void (*answer)(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply);
    void (*wait)(void *context, void *memo, struct httpd_waiting *waiting); /* NULL: no memos */
    void (*drop)(void *context, void *memo);
};

void httpd_resume(struct httpd_waiting *waiting);

/* PEM files; client_ca_file NULL: clients need no certificate. */
struct httpd_tls {
    const char *cert_file, *key_file, *client_ca_file;
};

/* What the program may want to log; text is one sentence. */
enum httpd_event {
    HTTPD_CERTIFICATE_LOADED,
    HTTPD_CERTIFICATE_BAD, /* the one before stays in use */
    HTTPD_TROUBLE,         /* of single connections, at most one a second */
};

struct httpd_options {
    const char *listen;          /* as in listen.h */
    const struct httpd_tls *tls; /* NULL: plain */
    unsigned threads;
    unsigned connections; /* at most so many; half of them from one address */
    size_t max_body;
    size_t max_bodies; /* of all requests together, beyond the first 16 KiB of each */
    struct httpd_handler handler;
    void (*tell)(void *context, enum httpd_event event, const char *text);
    void *tell_context;
};

struct httpd;

/* Answers from here on. The files are read again as soon as they change. */
int httpd_start(const struct httpd_options *options, struct httpd **ret_httpd, struct err *err);

/* The address it listens at, with the port that the system chose if none was asked for. */
const char *httpd_address(const struct httpd *httpd);

/* Reads certificate, key and client CA again, now, changed or not. */
int httpd_reload(struct httpd *httpd, struct err *err);

/* From now on every answer ends its connection, so that clients go elsewhere. */
void httpd_drain(struct httpd *httpd);

/* Closes what is open, answered or not; nothing may be waiting any more. *httpd is NULL then. */
void httpd_stop(struct httpd **httpd);

enum httpd_phase {
    HTTPD_FRESH, /* no request yet */
    HTTPD_BUSY,
    HTTPD_IDLE, /* between requests */
    HTTPD_PHASES,
};

enum httpd_shed {
    HTTPD_SHED_NO_REQUEST,  /* closed: no request line in time */
    HTTPD_SHED_SLOW,        /* closed: request and answer took too long */
    HTTPD_SHED_IDLE,        /* closed: nothing was asked for two minutes */
    HTTPD_SHED_EVICTED,     /* closed: near the limit of connections */
    HTTPD_SHED_BODY_SIZE,   /* 413 */
    HTTPD_SHED_BODY_BUDGET, /* 503 */
    HTTPD_SHED_BAD_FRAMING, /* 400 */
    HTTPD_SHEDS,
};

struct httpd_stats {
    size_t connections[HTTPD_PHASES];
    uint64_t accepted;
    uint64_t shed[HTTPD_SHEDS];
    size_t body_bytes;           /* taken of max_bodies */
    int64_t certificate_expires; /* seconds since 1970; 0: no TLS */
};

extern const struct str httpd_phase_names[HTTPD_PHASES];
extern const struct str httpd_shed_names[HTTPD_SHEDS];

void httpd_get_stats(struct httpd *httpd, struct httpd_stats *ret_stats);

#endif
