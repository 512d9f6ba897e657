/* SPDX-License-Identifier: Apache-2.0 */
/*
 * releasepage: what /metrics says of releases. Another thread asks for it, and the loop writes it in its
 * next turn: nobody pays for a page that nobody reads.
 */
#ifndef PINNACE_CONTROLLER_RELEASEPAGE_H
#define PINNACE_CONTROLLER_RELEASEPAGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "pinnace/bytes.h"

struct http;
struct releases;

enum {
    RELEASEPAGE_MAX_BYTES = 512 * 1024,
    RELEASEPAGE_TRACKS_MAX = 1000, /* told of one by one: those that were looked at longest ago */
};

struct releasepage {
    struct http *http; /* whose loop writes it */
    atomic_bool wanted;
    pthread_mutex_t mutex;
    pthread_cond_t written;
    struct bytes text;
};

void releasepage_begin(struct releasepage *page, struct http *http);
/* Once in each turn of the loop. */
void releasepage_serve(struct releasepage *page, struct releases *releases);
/* From other threads: appends what is so now, or was so last, if the loop has no time for it. */
bool releasepage_read(struct releasepage *page, struct bytes *text);
void releasepage_free(struct releasepage *page);

#endif
