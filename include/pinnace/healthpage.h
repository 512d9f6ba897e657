/* SPDX-License-Identifier: Apache-2.0 */
/* healthpage: /healthz, /readyz and /metrics of a program, plain, on a listener of their own. */
#ifndef PINNACE_HEALTHPAGE_H
#define PINNACE_HEALTHPAGE_H

#include "pinnace/httpd.h"

struct healthpage {
    const char *listen; /* as in listen.h */
    /* As of struct httpd_handler; asked for these three paths only, by GET or HEAD. */
    void (*answer)(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply);
    void *context;
    void (*tell)(void *context, enum httpd_event event, const char *text);
    void *tell_context;
};

int healthpage_start(const struct healthpage *page, struct httpd **ret_httpd, struct err *err);

#endif
