/* SPDX-License-Identifier: Apache-2.0 */
/* health: see the header. */
#include "health.h"

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "scratch.h"

#include "pinnace/banned.h"

enum { METRICS_MAX_BYTES = 256 * 1024 };

static void write_connections(const struct httpd_stats *stats, struct buf *out)
{
    struct metric_family family =
        metric_open(out, "pinnace_connections", METRIC_GAUGE, "Connections there are");
    for (int phase = 0; phase < HTTPD_PHASES; phase++) {
        const struct metric_label labels[] = {{"state", httpd_phase_names[phase]},
                                              {NULL, STR_NONE}};
        metric_add(&family, labels, (int64_t)stats->connections[phase]);
    }
    family = metric_open(out, "pinnace_shed_total", METRIC_COUNTER,
                         "Connections cut and requests refused so that others are served");
    for (int cause = 0; cause < HTTPD_SHEDS; cause++) {
        const struct metric_label labels[] = {{"cause", httpd_shed_names[cause]}, {NULL, STR_NONE}};
        metric_add(&family, labels, (int64_t)stats->shed[cause]);
    }
    metric_write(out, "pinnace_connections_accepted_total", METRIC_COUNTER,
                 "Connections there were", (int64_t)stats->accepted);
    metric_write(out, "pinnace_body_bytes", METRIC_GAUGE,
                 "Memory held by large bodies that are being read", (int64_t)stats->body_bytes);
}

static void write_build(struct buf *out)
{
    const struct metric_label version[] = {{"version", STR(PINNACE_VERSION)}, {NULL, STR_NONE}};
    struct metric_family family =
        metric_open(out, "pinnace_build_info", METRIC_GAUGE, "What runs here");
    metric_add(&family, version, 1);
}

static int64_t snapshot_age(const struct snapshots *snapshots)
{
    int64_t fresh_at = atomic_load(&snapshots->fresh_at);
    return fresh_at ? (clock_boot_ms() - fresh_at) / 1000 : -1;
}

static int write_metrics(struct health *health, struct arena *arena, struct str *ret_text)
{
    struct buf out = BUF_INIT(arena, METRICS_MAX_BYTES);
    struct httpd_stats stats;
    int64_t now = clock_now();
    httpd_get_stats(health->webhook, &stats);
    counters_write(health->counters, &out);
    write_connections(&stats, &out);
    metric_write(&out, "pinnace_certificate_expiry_seconds", METRIC_GAUGE,
                 "Until the serving certificate expires; negative when it has",
                 stats.certificate_expires - now);
    metric_write(&out, "pinnace_snapshot_age_seconds", METRIC_GAUGE,
                 "Since policy and ledger were last known to be these; -1 before that",
                 snapshot_age(health->snapshots));
    metric_write(&out, "pinnace_log_dropped_total", METRIC_COUNTER,
                 "Log lines that nobody read in time", (int64_t)log_dropped(health->log));
    write_build(&out);
    return buf_finish(&out, ret_text, NULL);
}

static struct httpd_reply readiness(struct health *health)
{
    struct snapshot *snapshot = snapshots_take(health->snapshots);
    snapshots_release(health->snapshots, snapshot);
    if (atomic_load(&health->draining))
        return httpd_plain(503, STR("stopping\n"));
    return snapshot ? httpd_plain(200, STR("ready\n"))
                    : httpd_plain(503, STR("no policy has been read yet\n"));
}

void health_answer(void *context, const struct httpd_request *request,
                   struct httpd_reply *ret_reply)
{
    struct health *health = context;
    struct arena *arena = scratch_take();
    struct str text;
    if (str_eq(request->path, STR("/readyz"))) {
        *ret_reply = readiness(health);
    } else if (str_eq(request->path, STR("/healthz"))) {
        *ret_reply = httpd_plain(200, STR("ok\n"));
    } else if (arena && write_metrics(health, arena, &text) == 0) {
        *ret_reply = httpd_plain(200, text);
        ret_reply->content_type = METRICS_CONTENT_TYPE;
    } else {
        *ret_reply = httpd_plain(503, STR("there is no memory for this request\n"));
    }
}
