/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pinnace-controller: one thread turns the loop, on which everything happens that is told of in the
 * other files; others answer for its health and write its log.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"
#include "pinnace/healthpage.h"
#include "pinnace/process.h"

#include "certs.h"
#include "health.h"
#include "leader.h"
#include "options.h"
#include "push.h"
#include "releases.h"

#include "pinnace/banned.h"

enum {
    HOSTS = 64, /* registries, and the API server */
    CA_MAX_BYTES = 4 * 1024 * 1024,
    TURN_MS = 5000,
    MINUTE_MS = 60 * 1000,
};

struct controller {
    struct options options;
    struct log *log;
    struct http *http;
    struct kube *kube;
    struct leader leader;
    struct certs certs;
    struct arena arena; /* what the registry's options point to */
    struct registry *registry;
    struct releases releases;
    struct releasepage page;
    struct health health;
    struct httpd *health_server;
    struct push push;
    struct timer minute;
    int signals;
    bool stopping;
};

static void log_text(struct controller *controller, enum log_severity severity, const char *event,
                     const char *key, const char *text)
{
    const struct log_field field = LOG_TEXT(key, str_of(text));
    log_write(controller->log, severity, event, &field, 1);
}

static void on_httpd_event(void *context, enum httpd_event event, const char *text)
{
    (void)event;
    log_text(context, LOG_WARNING, "connection trouble", "detail", text);
}

/* ---- starting ---- */

static void signal_came(void *context)
{
    struct controller *controller = context;
    if (process_wait(controller->signals, 0) != 0)
        controller->stopping = true;
}

static void leader_changed(void *context, bool leads)
{
    struct controller *controller = context;
    controller->health.leads = leads;
    controller->push.leads = leads;
    releases_lead(&controller->releases, leads);
    if (leads)
        certs_look(&controller->certs);
}

static void server_returned(void *context)
{
    struct controller *controller = context;
    releases_ask_again(&controller->releases);
}

static void minute_is_over(void *context)
{
    struct controller *controller = context;
    malloc_trim(0); /* what a long list has taken would stay ours for ever */
    controller->health.longest_turn_ms = http_longest_turn_ms(controller->http);
    timer_set(http_timers(controller->http), &controller->minute, clock_boot_ms() + MINUTE_MS);
}

static int start_health(struct controller *controller, struct err *err)
{
    const struct healthpage page = {.listen = controller->options.health,
                                    .answer = health_answer,
                                    .context = &controller->health,
                                    .tell = on_httpd_event,
                                    .tell_context = controller};
    controller->health.certs = &controller->certs;
    controller->health.push = &controller->push;
    controller->health.releases = &controller->page;
    releasepage_begin(&controller->page, controller->http);
    controller->health.log = controller->log;
    controller->health.turned_at = clock_boot_ms();
    return healthpage_start(&page, &controller->health_server, err);
}

static void hinted(void *context, const struct push_hint *hint)
{
    struct controller *controller = context;
    releases_hint(&controller->releases, hint);
}

static int start_push(struct controller *controller, struct err *err)
{
    controller->push.http = controller->http;
    controller->push.log = controller->log;
    controller->push.listen = controller->options.hooks;
    controller->push.secrets_folder = controller->options.hooks_secrets;
    controller->push.hinted = hinted;
    controller->push.context = controller;
    return push_start(&controller->push, err);
}

static int read_authorities(struct controller *controller, struct err *err)
{
    struct options *options = &controller->options;
    struct str *ca = &options->registry.ca;
    controller->arena = ARENA_INIT(4 * CA_MAX_BYTES);
    if (options->registry_ca &&
        file_read(options->registry_ca, CA_MAX_BYTES, &controller->arena, ca, err) < 0)
        return -1;
    if (options->registry_ca && ca->len == 0)
        return err_set(err, ERR_INPUT, "%s: no certificate is in it", options->registry_ca);
    return 0;
}

static int open_registry(struct controller *controller, struct err *err)
{
    struct registry_options *registry = &controller->options.registry;
    registry->kube = controller->options.account_identity ? controller->kube : NULL;
    return registry_open(controller->http, registry, &controller->registry, err);
}

static int start_releases(struct controller *controller, struct err *err)
{
    controller->releases.kube = controller->kube;
    controller->releases.log = controller->log;
    controller->releases.leader = &controller->leader;
    controller->releases.registry = controller->registry;
    controller->releases.pull_secrets = controller->options.pull_secrets;
    controller->releases.account_identity = controller->options.account_identity;
    return releases_start(&controller->releases, err);
}

static int start_duties(struct controller *controller, struct err *err)
{
    controller->leader = (struct leader){.kube = controller->kube,
                                         .log = controller->log,
                                         .name = STR("pinnace-controller"),
                                         .changed = leader_changed,
                                         .returned = server_returned,
                                         .context = controller};
    controller->certs.kube = controller->kube;
    controller->certs.log = controller->log;
    controller->certs.leader = &controller->leader;
    controller->certs.no_certificates = controller->options.no_certificates;
    controller->minute = (struct timer){.fire = minute_is_over, .context = controller};
    timer_set(http_timers(controller->http), &controller->minute, clock_boot_ms() + MINUTE_MS);
    if (certs_start(&controller->certs, err) < 0 || start_releases(controller, err) < 0)
        return -1;
    return leader_start(&controller->leader, err);
}

static int start(struct controller *controller, struct err *err)
{
    const struct options *options = &controller->options;
    const struct kube_options cluster = {.in_pod = true,
                                         .kubeconfig = options->kubeconfig,
                                         .context = options->context,
                                         .namespace = options->namespace};
    if (http_open(HOSTS, &controller->http, err) < 0 ||
        http_watch_fd(controller->http, controller->signals, signal_came, controller, err) < 0 ||
        read_authorities(controller, err) < 0 ||
        kube_open(controller->http, &cluster, &controller->kube, err) < 0 ||
        open_registry(controller, err) < 0 || start_push(controller, err) < 0 ||
        start_health(controller, err) < 0 || start_duties(controller, err) < 0)
        return -1;
    const struct log_field fields[] = {
        LOG_TEXT("version", STR(PINNACE_VERSION)),
        LOG_TEXT("server", kube_server(controller->kube)),
        LOG_TEXT("namespace", kube_namespace(controller->kube)),
        LOG_TEXT("health", str_of(httpd_address(controller->health_server))),
        LOG_TEXT("hooks", str_of(push_address(&controller->push))),
    };
    log_write(controller->log, LOG_INFO, "started", fields, 5);
    return 0;
}

/* ---- running ---- */

static int run(struct controller *controller, struct err *err)
{
    while (!controller->stopping) {
        if (http_turn(controller->http, TURN_MS, err) < 0)
            return -1;
        controller->health.turned_at = clock_boot_ms();
        controller->health.ready = controller->leader.heard;
        releasepage_serve(&controller->page, &controller->releases);
    }
    controller->health.ready = false;
    return 0;
}

static void stop(struct controller *controller)
{
    if (controller->leader.kube) {
        releases_stop(&controller->releases);
        certs_stop(&controller->certs);
        leader_stop(&controller->leader);
    }
    push_stop(&controller->push);
    httpd_stop(&controller->health_server);
    registry_close(&controller->registry);
    kube_close(&controller->kube);
    http_close(&controller->http);
    log_write(controller->log, LOG_INFO, "stopped", NULL, 0);
    log_close(&controller->log);
    bytes_free(&controller->health.metrics);
    releasepage_free(&controller->page);
    arena_free(&controller->arena);
    close(controller->signals);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "pinnace-controller: error: %s\n", err->text);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static struct controller controller;
    struct err err;
    enum cmdline_result read = options_read(argc, argv, &controller.options);
    if (read != CMDLINE_RUN)
        return read == CMDLINE_DONE ? EXIT_SUCCESS : 2;
    if (process_prepare(PROCESS_HANGUP_ENDS, &controller.signals, &err) < 0 ||
        log_open(STDOUT_FILENO, &controller.log, &err) < 0)
        return fail(&err);
    int ended = start(&controller, &err);
    if (ended == 0)
        ended = run(&controller, &err);
    stop(&controller);
    return ended == 0 ? EXIT_SUCCESS : fail(&err);
}
