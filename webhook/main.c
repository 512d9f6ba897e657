/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pinnace-webhook: answers AdmissionReviews over TLS. This thread starts the others, waits for
 * signals, and sees to it that nothing is lost at the end: not ready, still answering, then gone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/healthpage.h"
#include "pinnace/process.h"

#include "admit.h"
#include "cluster.h"
#include "files.h"
#include "health.h"
#include "options.h"
#include "scratch.h"

#include "pinnace/banned.h"

enum {
    BODIES_MAX_BYTES = 64 * 1024 * 1024,
    LAST_ANSWERS_MS = 5000, /* more than any request may take */
    POLL_MS = 20,
};

struct webhook {
    struct options options;
    struct httpd_tls tls;
    struct snapshots snapshots;
    struct counters counters;
    struct admit admit;
    struct health health;
    struct httpd *server, *health_server;
    struct cluster *cluster; /* NULL when standalone */
    struct log *log;
    int signals;
};

static void log_text(struct webhook *webhook, enum log_severity severity, const char *event,
                     const char *key, const char *text)
{
    const struct log_field field = LOG_TEXT(key, str_of(text));
    log_write(webhook->log, severity, event, &field, 1);
}

static void on_httpd_event(void *context, enum httpd_event event, const char *text)
{
    struct webhook *webhook = context;
    if (event == HTTPD_CERTIFICATE_LOADED)
        log_text(webhook, LOG_INFO, "certificate loaded", "detail", text);
    else if (event == HTTPD_CERTIFICATE_BAD)
        log_text(webhook, LOG_ERROR, "certificate not loaded", "error", text);
    else
        log_text(webhook, LOG_WARNING, "connection trouble", "detail", text);
}

/* ---- starting ---- */

static int start_server(struct webhook *webhook, struct err *err)
{
    const struct options *options = &webhook->options;
    webhook->tls = (struct httpd_tls){options->tls_cert, options->tls_key, options->client_ca};
    const struct httpd_options server = {
        .listen = options->listen,
        .tls = &webhook->tls,
        .threads = options->threads,
        .connections = options->connections,
        .max_body = REVIEW_MAX_BYTES,
        .max_bodies = BODIES_MAX_BYTES,
        .handler = {&webhook->admit, admit_look, admit_answer, admit_wait, admit_drop},
        .tell = on_httpd_event,
        .tell_context = webhook,
    };
    return httpd_start(&server, &webhook->server, err);
}

/* After the server itself: whoever is told that it is ready may ask at once. */
static int start_health(struct webhook *webhook, struct err *err)
{
    const struct healthpage page = {.listen = webhook->options.health,
                                    .answer = health_answer,
                                    .context = &webhook->health,
                                    .tell = on_httpd_event,
                                    .tell_context = webhook};
    webhook->health.webhook = webhook->server;
    return healthpage_start(&page, &webhook->health_server, err);
}

/* Standalone, there is no start without rules; a cluster may take its time, and is not ready. */
static int start_rules(struct webhook *webhook, struct err *err)
{
    const struct options *options = &webhook->options;
    const struct cluster_options cluster = {.kubeconfig = options->kubeconfig,
                                            .context = options->context,
                                            .snapshots = &webhook->snapshots,
                                            .counters = &webhook->counters,
                                            .log = webhook->log};
    if (!options->standalone) {
        if (cluster_start(&cluster, &webhook->cluster, err) < 0)
            return -1;
        webhook->admit.looks = cluster_looks(webhook->cluster);
        webhook->admit.fresh = cluster_fresh(webhook->cluster);
        return 0;
    }
    if (files_publish(options->policy, options->ledger, &webhook->snapshots, err) < 0)
        return -1;
    counter_add(&webhook->counters.reloads);
    return 0;
}

static int start(struct webhook *webhook, struct err *err)
{
    const struct options *options = &webhook->options;
    webhook->admit = (struct admit){.snapshots = &webhook->snapshots,
                                    .counters = &webhook->counters,
                                    .log = webhook->log,
                                    .log_allowed = options->log_allowed};
    webhook->health = (struct health){
        .snapshots = &webhook->snapshots, .counters = &webhook->counters, .log = webhook->log};
    if (random_key(&webhook->admit.key, err) < 0 || start_rules(webhook, err) < 0 ||
        start_server(webhook, err) < 0 || start_health(webhook, err) < 0)
        return -1;
    const struct log_field fields[] = {
        LOG_TEXT("version", STR(PINNACE_VERSION)),
        LOG_TEXT("listen", str_of(httpd_address(webhook->server))),
        LOG_TEXT("health", str_of(httpd_address(webhook->health_server))),
    };
    log_write(webhook->log, LOG_INFO, "started", fields, 3);
    return 0;
}

/* ---- running ---- */

/* What cannot be read leaves in force what was read before. */
static void reload_files(struct webhook *webhook)
{
    const struct options *options = &webhook->options;
    struct err err;
    if (files_publish(options->policy, options->ledger, &webhook->snapshots, &err) == 0) {
        counter_add(&webhook->counters.reloads);
        log_write(webhook->log, LOG_INFO, "policy loaded", NULL, 0);
    } else {
        counter_add(&webhook->counters.failed_reloads);
        log_text(webhook, LOG_ERROR, "policy not loaded", "error", err.text);
    }
}

static void reload_certificate(struct webhook *webhook)
{
    struct err err;
    if (httpd_reload(webhook->server, &err) == 0)
        log_write(webhook->log, LOG_INFO, "certificate loaded", NULL, 0);
    else
        log_text(webhook, LOG_ERROR, "certificate not loaded", "error", err.text);
}

static size_t busy_connections(struct webhook *webhook)
{
    struct httpd_stats stats;
    httpd_get_stats(webhook->server, &stats);
    return stats.connections[HTTPD_BUSY];
}

/*
 * Not ready from now on, and each answer ends its connection; that takes until everybody has heard
 * of it. Only then, when no answer is owed any more, does the server stop.
 */
static void drain(struct webhook *webhook)
{
    const struct log_field field = LOG_NUMBER("lameDuckSeconds", webhook->options.lame_duck);
    log_write(webhook->log, LOG_INFO, "draining", &field, 1);
    atomic_store(&webhook->health.draining, true);
    httpd_drain(webhook->server);
    int64_t end = clock_boot_ms() + (int64_t)webhook->options.lame_duck * 1000;
    for (int64_t left; (left = end - clock_boot_ms()) > 0;) {
        int signal = process_wait(webhook->signals, (int)left);
        if (signal == SIGTERM || signal == SIGINT)
            break;
    }
    end = clock_boot_ms() + LAST_ANSWERS_MS;
    while (busy_connections(webhook) > 0 && clock_boot_ms() < end)
        process_wait(webhook->signals, POLL_MS);
}

static void run(struct webhook *webhook)
{
    for (;;) {
        int signal = process_wait(webhook->signals, -1);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal != SIGHUP)
            continue;
        if (webhook->options.standalone)
            reload_files(webhook);
        reload_certificate(webhook);
    }
}

static void stop(struct webhook *webhook)
{
    cluster_halt(webhook->cluster);
    httpd_stop(&webhook->server);
    httpd_stop(&webhook->health_server);
    cluster_close(&webhook->cluster);
    snapshots_destroy(&webhook->snapshots);
    log_close(&webhook->log);
    close(webhook->signals);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "pinnace-webhook: error: %s\n", err->text);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct webhook webhook = {.signals = -1};
    struct err err;
    enum cmdline_result read = options_read(argc, argv, &webhook.options);
    if (read != CMDLINE_RUN)
        return read == CMDLINE_DONE ? EXIT_SUCCESS : 2;
    snapshots_init(&webhook.snapshots);
    if (process_prepare(PROCESS_HANGUP_WAITED, &webhook.signals, &err) < 0 ||
        process_raise_files(webhook.options.connections, &err) < 0)
        return fail(&err);
    if (scratch_init() < 0 || log_open(STDOUT_FILENO, &webhook.log, &err) < 0)
        return fail(&err);
    int started = start(&webhook, &err);
    if (started == 0) {
        run(&webhook);
        drain(&webhook);
        log_write(webhook.log, LOG_INFO, "stopped", NULL, 0);
    }
    stop(&webhook);
    return started == 0 ? EXIT_SUCCESS : fail(&err);
}
