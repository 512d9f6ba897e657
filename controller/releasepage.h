/* SPDX-License-Identifier: Apache-2.0 */
/*
 * releasepage: what /metrics says of releases. The loop writes it each few seconds; other threads read
 * what it wrote last.
 */
#ifndef PINNACE_CONTROLLER_RELEASEPAGE_H
#define PINNACE_CONTROLLER_RELEASEPAGE_H

#include <pthread.h>

#include "pinnace/bytes.h"

struct releases;

enum {
    RELEASEPAGE_MAX_BYTES = 512 * 1024,
    RELEASEPAGE_TRACKS_MAX = 1000, /* told of one by one: those that were looked at longest ago */
};

struct releasepage {
    pthread_mutex_t mutex;
    struct bytes text;
};

#define RELEASEPAGE_INIT                                                                           \
    {                                                                                              \
        .mutex = PTHREAD_MUTEX_INITIALIZER, .text = {.limit = RELEASEPAGE_MAX_BYTES }              \
    }

void releasepage_write(struct releases *releases);
/* Appends it. */
bool releasepage_read(struct releasepage *page, struct bytes *text);
void releasepage_free(struct releasepage *page);

#endif
