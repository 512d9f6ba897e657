/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen: a listening TCP socket. An address is "127.0.0.1:8443", "[::1]:8443", or ":8443" for
 * every address of both families, of IPv4 alone where the host has no IPv6.
 */
#ifndef PINNACE_LISTEN_H
#define PINNACE_LISTEN_H

#include "pinnace/err.h"

/* Non-blocking and closed on exec; port 0 lets the system choose one. */
int listen_open(const char *address, int *ret_fd, struct err *err);

enum { LISTEN_NAME_SIZE = 64 };

/* Where the socket listens, in the same form. */
void listen_name(int fd, char name[LISTEN_NAME_SIZE]);

#endif
