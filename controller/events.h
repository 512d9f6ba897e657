/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: what people read by "kubectl describe" and "kubectl events". The same thing said again about
 * the same object counts up, whoever of the replicas says it. What cannot be told is logged: nothing
 * waits for an Event.
 */
#ifndef PINNACE_CONTROLLER_EVENTS_H
#define PINNACE_CONTROLLER_EVENTS_H

#include "pinnace/kube.h"
#include "pinnace/log.h"

#include "queue.h"

enum { EVENTS_MAX = 2048, EVENT_NOTE_MAX = 1000 /* bytes; the API takes 1024 */ };

struct event;

struct events {
    struct kube *kube;
    struct log *log;
    int (*left_ms)(const void *context); /* what a call may take; 0: none may be begun */
    const void *context;

    struct queue queue;
    struct event *first; /* all that wait or are on their way */
    size_t count;
    uint64_t dropped;
};

struct event_about {
    struct str api_version, kind, namespace, name, uid;
};

struct event_words {
    const char *reason; /* a literal */
    bool warning;
    struct str note;
};

/* What is above the queue is set before. */
void events_start(struct events *events);
void events_tell(struct events *events, const struct event_about *about,
                 const struct event_words *words);
void events_stop(struct events *events);

#endif
