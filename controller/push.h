/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: tells the loop that somebody pushed, so that it looks now and not at the next turn of its
 * polls, which miss nothing and stay. Who may send what is in hook.h.
 */
#ifndef PINNACE_CONTROLLER_PUSH_H
#define PINNACE_CONTROLLER_PUSH_H

#include <pthread.h>
#include <stdatomic.h>

#include "pinnace/hintbox.h"
#include "pinnace/hooksecrets.h"
#include "pinnace/http.h"
#include "pinnace/httpd.h"
#include "pinnace/log.h"

/* How requests ended, as metrics count them. */
enum push_end {
    PUSH_TAKEN,       /* 200 */
    PUSH_NOT_LEADING, /* 503 */
    PUSH_FULL,        /* 503 */
    PUSH_STRANGER,    /* 401, 403 */
    PUSH_BAD,         /* any other 4xx */
    PUSH_ENDS,
};

extern const struct str push_end_names[PUSH_ENDS];

struct push {
    struct http *http; /* whose loop it is */
    struct log *log;
    const char *listen, *secrets_folder; /* NULL, listen: nobody is listened to */
    void (*hinted)(void *context, const struct push_hint *hint); /* on the loop's thread */
    void *context;

    atomic_bool leads; /* others are told to try again: their next connection may find the leader */
    _Atomic uint64_t ends[PUSH_ENDS];
    _Atomic int64_t told_at; /* when a refusal was logged last */
    struct hintbox *box;
    struct httpd *server;
    struct timer timer;
    bool told_secrets;    /* that they cannot be read */
    pthread_mutex_t lock; /* of what follows */
    struct arena arena;   /* their text */
    struct hook_secrets secrets;
};

/* http, log, listen, secret_file, hinted and context are set before. */
int push_start(struct push *push, struct err *err);
/* Also when it was never started. */
void push_stop(struct push *push);

/* ":8090"; "" when it does not listen. */
const char *push_address(const struct push *push);

#endif
