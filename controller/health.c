/* SPDX-License-Identifier: Apache-2.0 */
/* health: see the header. */
#include "health.h"

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/metrics.h"

#include "pinnace/banned.h"

enum {
    METRICS_MAX_BYTES = 16 * 1024,
    STUCK_MS = 180 * 1000, /* a credential plugin may hold the loop for a minute */
};

static void add_expiry(struct buf *out, const struct certs *certs, int64_t now)
{
    struct metric_family family =
        metric_open(out, "pinnace_controller_certificate_expiry_seconds", METRIC_GAUGE,
                    "Until what is stored expires; nothing while it is not known");
    const struct metric_label ca[] = {{"of", STR("ca")}, {NULL, STR_NONE}};
    const struct metric_label leaf[] = {{"of", STR("serving")}, {NULL, STR_NONE}};
    if (certs->ca_expires)
        metric_add(&family, ca, certs->ca_expires - now);
    if (certs->leaf_expires)
        metric_add(&family, leaf, certs->leaf_expires - now);
}

static void add_hints(struct buf *out, const struct push *push)
{
    if (!push->listen)
        return;
    struct metric_family family =
        metric_open(out, "pinnace_controller_hint_requests_total", METRIC_COUNTER,
                    "Requests to the hooks by how they ended");
    for (int end = 0; end < PUSH_ENDS; end++) {
        const struct metric_label labels[] = {{"end", push_end_names[end]}, {NULL, STR_NONE}};
        metric_add(&family, labels, (int64_t)atomic_load(&push->ends[end]));
    }
}

static int write_metrics(const struct health *health, struct arena *arena, struct str *ret_text)
{
    struct buf out = BUF_INIT(arena, METRICS_MAX_BYTES);
    metric_write(&out, "pinnace_controller_leads", METRIC_GAUGE,
                 "Whether this replica is the one that acts", health->leads);
    metric_write(&out, "pinnace_controller_longest_turn_milliseconds", METRIC_GAUGE,
                 "The longest turn of the loop in the last minute", health->longest_turn_ms);
    metric_write(&out, "pinnace_log_dropped", METRIC_GAUGE, "Log lines that nobody read in time",
                 (int64_t)log_dropped(health->log));
    add_expiry(&out, health->certs, clock_now());
    add_hints(&out, health->push);
    return buf_finish(&out, ret_text, NULL);
}

/* Kept until the same thread answers again. */
static struct httpd_reply metrics(struct health *health)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4 * METRICS_MAX_BYTES);
    struct str text;
    health->metrics.len = 0;
    health->metrics.limit = METRICS_MAX_BYTES + RELEASEPAGE_MAX_BYTES;
    if (write_metrics(health, &arena, &text) < 0 || !bytes_add(&health->metrics, text) ||
        !releasepage_read(health->releases, &health->metrics))
        return httpd_plain(503, STR("there is no memory for this request\n"));
    struct httpd_reply reply = httpd_plain(200, bytes_str(&health->metrics));
    reply.content_type = METRICS_CONTENT_TYPE;
    return reply;
}

void health_answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply)
{
    struct health *health = context;
    bool turns = clock_boot_ms() - health->turned_at < STUCK_MS;
    if (str_eq(request->path, STR("/metrics")))
        *ret_reply = metrics(health);
    else if (str_eq(request->path, STR("/healthz")))
        *ret_reply =
            turns ? httpd_plain(200, STR("ok\n")) : httpd_plain(503, STR("the loop is stuck\n"));
    else
        *ret_reply = health->ready ? httpd_plain(200, STR("ready\n"))
                                   : httpd_plain(503, STR("the cluster has not answered yet\n"));
}
