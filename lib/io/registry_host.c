/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_host: one registry's queue: who may ask it next and when, and when nobody may because
 * it failed or wants to be left alone. See registry_inner.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/url.h"

#include "registry_inner.h"

#include "pinnace/banned.h"

static void pump(void *context);

struct registry_host *registry_host_of(struct registry *registry, struct str name)
{
    for (struct registry_host *host = registry->hosts; host; host = host->next)
        if (str_eq(str_of(host->name), name))
            return host;
    struct registry_host *host = calloc(1, sizeof(*host));
    if (!host)
        return NULL;
    host->registry = registry;
    snprintf(host->name, sizeof(host->name), "%.*s", STR_FMT(name));
    host->plain = str_list_has_host(&registry->options.plain, name);
    host->queue_tail = &host->queue;
    host->pump = (struct timer){.fire = pump, .context = host};
    host->next = registry->hosts;
    registry->hosts = host;
    return host;
}

size_t registry_states(const struct registry *registry, struct registry_state *ret_states,
                       size_t max)
{
    int64_t now = clock_boot_ms();
    size_t count = 0;
    for (const struct registry_host *host = registry->hosts; host && count < max;
         host = host->next) {
        struct registry_state *state = &ret_states[count++];
        *state = (struct registry_state){.host = str_of(host->name), .under_way = host->in_flight};
        for (const struct registry_call *call = host->queue; call; call = call->queued)
            state->waiting++;
        state->counts_pulls = host->counts_pulls;
        state->rate = host->rate;
        if (host->not_before > now)
            state->paused_ms = host->not_before - now;
    }
    return count;
}

/* At the next turn of the loop, so that nobody is called back from within his own call. */
static void pump_soon(struct registry_host *host)
{
    timer_set(http_timers(host->registry->http), &host->pump, clock_boot_ms());
}

void registry_host_add(struct registry_call *call)
{
    struct registry_host *host = call->host;
    call->queued = NULL;
    call->in_queue = true;
    *host->queue_tail = call;
    host->queue_tail = &call->queued;
    pump_soon(host);
}

void registry_host_remove(struct registry_call *call)
{
    if (!call->in_queue)
        return;
    struct registry_host *host = call->host;
    struct registry_call **at = &host->queue;
    while (*at != call)
        at = &(*at)->queued;
    *at = call->queued;
    if (host->queue_tail == &call->queued)
        host->queue_tail = at;
    call->in_queue = false;
}

void registry_host_release(struct registry_call *call)
{
    struct registry_host *host = call->host;
    if (!call->in_flight)
        return;
    call->in_flight = false;
    for (unsigned i = 0; i < host->in_flight; i++)
        if (host->flying[i] == call)
            host->flying[i] = host->flying[host->in_flight - 1];
    host->in_flight--;
    if (host->queue)
        pump_soon(host);
}

/* --- When nobody may ask ----------------------------------------------------------------------- */

static void close_circuit(struct registry_host *host, int64_t wait_ms,
                          const struct registry_error *error)
{
    int64_t until = clock_boot_ms() + wait_ms;
    if (until > host->not_before)
        host->not_before = until;
    host->reason = *error;
}

void registry_host_note_rate(struct registry_host *host, const struct http_response *response)
{
    struct rate_limit rate;
    if (!rate_limit_read(http_header(response, "RateLimit-Limit"),
                         http_header(response, "RateLimit-Remaining"), &rate))
        return;
    host->counts_pulls = true;
    host->rate = rate;
    host->used_up_until = rate.left ? 0 : clock_boot_ms() + rate_limit_wait(&rate) * 1000;
}

/* Where it does not say for how long, it may have said how many there are in what time. */
static int64_t wait_of(struct registry_host *host, const struct registry_error *error)
{
    int64_t wait_s = error->retry_after_s;
    if (!wait_s && host->counts_pulls && host->rate.left == 0)
        wait_s = rate_limit_wait(&host->rate);
    return wait_s ? wait_s * 1000 : backoff_next(&host->backoff, random_u32());
}

void registry_host_note(struct registry_host *host, const struct registry_error *error)
{
    switch (error->fault) {
    case REGISTRY_TOO_MANY:
        close_circuit(host, wait_of(host, error), error);
        return;
    case REGISTRY_UNREACHABLE:
    case REGISTRY_UNTRUSTED:
    case REGISTRY_SERVER:
        /* Those that were under way when it was left alone say nothing new. */
        if (++host->failures >= CIRCUIT_FAILURES && clock_boot_ms() >= host->not_before)
            close_circuit(host, backoff_next(&host->backoff, random_u32()), error);
        return;
    case REGISTRY_FINE:
    case REGISTRY_UNAUTHORIZED:
    case REGISTRY_FORBIDDEN:
    case REGISTRY_NOT_FOUND:
    case REGISTRY_PAUSED:
    case REGISTRY_REFUSED:
    case REGISTRY_GARBLED:
    case REGISTRY_MISMATCH:
    case REGISTRY_TOO_LARGE:
        break;
    }
    host->failures = 0; /* it answers */
    host->backoff.failures = 0;
}

static void refuse_paused(struct registry_call *call, int64_t wait_ms)
{
    const struct registry_host *host = call->host;
    struct registry_answer answer = {.tags = 0};
    int seconds = (int)((wait_ms + 999) / 1000);
    if (host->reason.fault == REGISTRY_TOO_MANY)
        registry_error_set(&answer.error, REGISTRY_PAUSED, call->about,
                           "%s wants to be left alone for another %d s (429)", host->name, seconds);
    else
        registry_error_set(&answer.error, REGISTRY_PAUSED, call->about,
                           "%s failed %u times in a row and is not asked for another %d s (%.200s)",
                           host->name, host->failures, seconds, host->reason.text);
    answer.error.retry_after_s = seconds;
    registry_call_end(call, &answer);
}

/* Those who cannot wait that long are told; the others stay in the queue. */
static void tell_impatient(struct registry_host *host, int64_t now)
{
    struct registry_call *call = host->queue;
    while (call && now < host->not_before) {
        struct registry_call *next = call->queued;
        if (call->deadline < host->not_before) {
            registry_host_remove(call);
            refuse_paused(call, host->not_before - now);
            next = host->queue; /* whoever was told may have changed the queue */
        }
        call = next;
    }
}

/* --- Who may ask next -------------------------------------------------------------------------- */

static bool is_busy(const struct registry_host *host, struct str repository)
{
    unsigned count = 0;
    for (unsigned i = 0; i < host->in_flight; i++)
        count += !host->flying[i]->request.aside && str_eq(host->flying[i]->repository, repository);
    return count >= REPOSITORY_CALLS_MAX;
}

static bool has_one_aside(const struct registry_host *host)
{
    for (unsigned i = 0; i < host->in_flight; i++)
        if (host->flying[i]->request.aside)
            return true;
    return false;
}

static struct registry_call *next_call(const struct registry_host *host)
{
    bool aside = has_one_aside(host);
    /* After failures one goes first, to see whether it is well again. */
    unsigned most = host->failures >= CIRCUIT_FAILURES ? 1 : HOST_CALLS_MAX;
    struct registry_call *call = host->queue;
    if (host->in_flight >= most + aside)
        return NULL;
    while (call && ((aside && call->request.aside) || is_busy(host, call->repository)))
        call = call->queued;
    return call;
}

/* The budget is a bucket that holds a burst and is filled again: how long until there is one in it. */
static int64_t wait_for_budget(const struct registry_host *host, int64_t now)
{
    return host->allowance_ms > now ? host->allowance_ms - now : 0;
}

void registry_host_spend(struct registry_host *host)
{
    int64_t each = 1000 / HOST_PER_SECOND;
    int64_t full = clock_boot_ms() - (int64_t)HOST_BURST * each;
    if (host->allowance_ms < full)
        host->allowance_ms = full;
    host->allowance_ms += each;
}

static void pump(void *context)
{
    struct registry_host *host = context;
    struct timers *timers = http_timers(host->registry->http);
    int64_t now = clock_boot_ms(), wait;
    tell_impatient(host, now);
    if (host->queue && now < host->not_before) {
        timer_set(timers, &host->pump, host->not_before);
        return;
    }
    for (struct registry_call *call; (call = next_call(host));) {
        if ((wait = wait_for_budget(host, now)) > 0) {
            timer_set(timers, &host->pump, now + wait);
            return;
        }
        registry_host_remove(call);
        call->in_flight = true;
        host->flying[host->in_flight++] = call;
        registry_auth_begin(call);
    }
}
