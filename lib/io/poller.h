/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poller: waits for many descriptors at once, at a cost that depends on those that have something
 * and not on those that rest. One thread waits; only poller_wake may be called from another.
 */
#ifndef PINNACE_IO_POLLER_H
#define PINNACE_IO_POLLER_H

#include <stdbool.h>

#include "pinnace/err.h"

struct poller {
    int set, wake; /* 0: not open */
};

struct poller_event {
    int fd;
    bool readable, writable, broken;
};

int poller_open(struct poller *poller, struct err *err);
void poller_close(struct poller *poller);

/* Waits for it from now on, or from now on for something else. */
bool poller_follow(const struct poller *poller, int fd, bool to_read, bool to_write);
/* Before it is closed. */
void poller_leave(const struct poller *poller, int fd);

/* How many have something; -1: it cannot be known. */
int poller_wait(const struct poller *poller, int wait_ms, struct poller_event *ret_events, int max);
void poller_wake(const struct poller *poller);

#endif
