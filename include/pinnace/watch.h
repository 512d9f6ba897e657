/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: what a Kubernetes API server says of a collection: one page of a list, and one line of a
 * watch. Objects are not decoded, only found: they come out as the bytes they were. A
 * resourceVersion is a string that means something to its server alone.
 */
#ifndef PINNACE_WATCH_H
#define PINNACE_WATCH_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

enum watch_type {
    WATCH_ADDED,
    WATCH_MODIFIED,
    WATCH_DELETED,
    WATCH_BOOKMARK, /* no object has changed: only where the watch has come to */
    WATCH_ERROR,    /* the object is a Status */
};

struct watch_event {
    enum watch_type type;
    struct str object;           /* its JSON, a part of the line */
    struct str resource_version; /* none in a Status */
};

int watch_event_read(struct str line, struct arena *arena, struct watch_event *ret_event,
                     struct err *err);

struct watch_page {
    /* Of the list. Items of built-in kinds have neither: they are what the list's kind says. */
    struct str api_version, kind;
    struct str resource_version;
    struct str next;   /* asks for the next page; .len 0 on the last one */
    struct str *items; /* JSON, parts of the text */
    size_t count;
};

int watch_page_read(struct str text, struct arena *arena, struct watch_page *ret_page,
                    struct err *err);

#endif
