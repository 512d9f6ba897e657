/* SPDX-License-Identifier: Apache-2.0 */
/* process: what is set once for the whole process, and the signals it waits for. */
#ifndef PINNACE_WEBHOOK_PROCESS_H
#define PINNACE_WEBHOOK_PROCESS_H

#include "pinnace/err.h"

/*
 * Before the first thread: no core dumps and no debugger, which would show private keys; a heap
 * that gives large blocks back; room for the connections; signals only by *ret_signals, which is
 * right as process 1 too.
 */
int process_prepare(unsigned connections, int *ret_signals, struct err *err);

/* The next signal that came, or 0 after so many milliseconds; -1: wait for ever. */
int process_wait(int signals, int milliseconds);

#endif
