/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: certificate, key and client CA of a server, read again when the files change, without a
 * connection noticing. All of GnuTLS is behind this; a session is an opaque pointer here.
 */
#ifndef PINNACE_IO_TLS_H
#define PINNACE_IO_TLS_H

#include "pinnace/httpd.h"

struct tls;

/* The strings in files must outlive it. */
int tls_open(const struct httpd_tls *files, struct tls **ret_tls, struct err *err);
void tls_close(struct tls **tls);

/*
 * Reads the files if they are not those read last; *ret_changed says whether others are in use now.
 * On failure those before stay in use; what is bad is told once, and only when it was still bad a
 * call later, since a certificate and its key are two files and cannot be replaced at once.
 */
int tls_refresh(struct tls *tls, bool *ret_changed, struct err *err);

/* The same at once, changed or not. */
int tls_reload(struct tls *tls, struct err *err);

/* When the certificate ends, in seconds since 1970. */
int64_t tls_expires(struct tls *tls);

/* TLS 1.2 and 1.3 with forward secrecy and authenticated encryption, nothing else. */
extern const char tls_priorities[];

/* The function that hands a session its certificate, for a library that wants it without a type. */
void *tls_retrieve_function(void);

/* Before the handshake: the session belongs to tls. */
void tls_greet(struct tls *tls, void *session);

#endif
