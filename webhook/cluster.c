/* SPDX-License-Identifier: Apache-2.0 */
/* cluster: see the header. */
#include "cluster.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "pinnace/clock.h"

#include "rules.h"

#include "pinnace/banned.h"

enum {
    HOSTS = 2,
    TURN_MS = 1000,
    MINUTE_MS = 60 * 1000,
};

struct cluster {
    struct cluster_options options;
    struct http *http;
    struct kube *kube;
    struct rules rules;
    struct looks looks;
    struct fresh fresh;
    struct timer minute;
    pthread_t thread;
    bool runs;
    atomic_bool stopping;
};

static void minute_is_over(void *context)
{
    struct cluster *cluster = context;
    atomic_store(&cluster->options.counters->longest_turn_ms,
                 (uint64_t)http_longest_turn_ms(cluster->http));
    timer_set(http_timers(cluster->http), &cluster->minute, clock_boot_ms() + MINUTE_MS);
}

/* What is in force stays so, whatever happens here. */
static void turn(struct cluster *cluster)
{
    struct err err;
    if (http_turn(cluster->http, TURN_MS, &err) < 0) {
        const struct log_field field = LOG_TEXT("error", str_of(err.text));
        log_write(cluster->options.log, LOG_ERROR, "the loop is in trouble", &field, 1);
        sleep(TURN_MS / 1000);
    }
    looks_turn(&cluster->looks);
    fresh_turn(&cluster->fresh);
    atomic_store(&cluster->options.snapshots->fresh_at, rules_fresh_at(&cluster->rules));
}

static void *run(void *context)
{
    struct cluster *cluster = context;
    while (!atomic_load(&cluster->stopping))
        turn(cluster);
    return NULL;
}

static int open_cluster(struct cluster *cluster, struct err *err)
{
    const struct cluster_options *options = &cluster->options;
    const struct kube_options access = {
        .in_pod = true, .kubeconfig = options->kubeconfig, .context = options->context};
    if (http_open(HOSTS, &cluster->http, err) < 0 ||
        kube_open(cluster->http, &access, &cluster->kube, err) < 0)
        return -1;
    cluster->minute = (struct timer){.fire = minute_is_over, .context = cluster};
    timer_set(http_timers(cluster->http), &cluster->minute, clock_boot_ms() + MINUTE_MS);
    cluster->rules = (struct rules){.kube = cluster->kube,
                                    .log = options->log,
                                    .snapshots = options->snapshots,
                                    .counters = options->counters};
    looks_init(&cluster->looks, cluster->kube, options->snapshots);
    fresh_init(&cluster->fresh, cluster->kube, options->snapshots, options->counters);
    return rules_start(&cluster->rules, err);
}

static int start_thread(struct cluster *cluster, struct err *err)
{
    int code = pthread_create(&cluster->thread, NULL, run, cluster);
    if (code != 0)
        return err_set(err, ERR_SYSTEM, "no thread can be started: %s", strerror(code));
    cluster->runs = true;
    return 0;
}

int cluster_start(const struct cluster_options *options, struct cluster **ret_cluster,
                  struct err *err)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    if (!cluster)
        return err_no_memory(err);
    cluster->options = *options;
    if (open_cluster(cluster, err) < 0 || start_thread(cluster, err) < 0) {
        cluster_close(&cluster);
        return -1;
    }
    *ret_cluster = cluster;
    return 0;
}

struct looks *cluster_looks(struct cluster *cluster)
{
    return &cluster->looks;
}

struct fresh *cluster_fresh(struct cluster *cluster)
{
    return &cluster->fresh;
}

void cluster_halt(struct cluster *cluster)
{
    if (!cluster || !cluster->runs)
        return;
    atomic_store(&cluster->stopping, true);
    http_wake(cluster->http);
    pthread_join(cluster->thread, NULL);
    cluster->runs = false;
    looks_stop(&cluster->looks);
    fresh_stop(&cluster->fresh);
}

void cluster_close(struct cluster **cluster)
{
    struct cluster *ending = *cluster;
    if (!ending)
        return;
    cluster_halt(ending);
    if (ending->kube) {
        rules_stop(&ending->rules);
        looks_destroy(&ending->looks);
        fresh_destroy(&ending->fresh);
    }
    kube_close(&ending->kube);
    http_close(&ending->http);
    free(ending);
    *cluster = NULL;
}
