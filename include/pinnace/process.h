/* SPDX-License-Identifier: Apache-2.0 */
/* process: what a server sets once for its whole process, and the signals it waits for. */
#ifndef PINNACE_PROCESS_H
#define PINNACE_PROCESS_H

#include "pinnace/err.h"

enum process_hangup {
    PROCESS_HANGUP_ENDS,   /* SIGHUP does what it always does */
    PROCESS_HANGUP_WAITED, /* it comes as the other signals */
};

/*
 * Before the first thread: no core dumps and no debugger, which would show private keys; a heap
 * that gives large blocks back; SIGTERM and SIGINT only by *ret_signals, which is right as process
 * 1 too, and others that would end the process not at all.
 */
int process_prepare(enum process_hangup hangup, int *ret_signals, struct err *err);

/* Room for so many connections beside the files that a server has open anyway. */
int process_raise_files(unsigned connections, struct err *err);

/* The next signal that came, or 0 after so many milliseconds; -1: wait for ever. */
int process_wait(int signals, int milliseconds);

#endif
