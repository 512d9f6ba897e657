/* SPDX-License-Identifier: Apache-2.0 */
/* healthpage: see the header. */
#include "pinnace/healthpage.h"

#include "pinnace/banned.h"

enum {
    CONNECTIONS = 64,
    BODY_MAX = 1024,
};

static void look(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply)
{
    (void)context;
    bool known = str_eq(request->path, STR("/healthz")) || str_eq(request->path, STR("/readyz")) ||
                 str_eq(request->path, STR("/metrics"));
    if (!known) {
        *ret_reply = httpd_plain(404, STR("there are /healthz, /readyz and /metrics\n"));
    } else if (!str_eq(request->method, STR("GET")) && !str_eq(request->method, STR("HEAD"))) {
        *ret_reply = httpd_plain(405, STR("this is read by GET\n"));
        ret_reply->allow = "GET, HEAD";
    }
}

int healthpage_start(const struct healthpage *page, struct httpd **ret_httpd, struct err *err)
{
    const struct httpd_options server = {
        .listen = page->listen,
        .threads = 1,
        .connections = CONNECTIONS,
        .max_body = BODY_MAX,
        .handler = {.context = page->context, .look = look, .answer = page->answer},
        .tell = page->tell,
        .tell_context = page->tell_context,
    };
    return httpd_start(&server, ret_httpd, err);
}
