/* SPDX-License-Identifier: Apache-2.0 */
/* leader: see the header. */
#include "leader.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "pinnace/banned.h"

enum { ROOM = 1024 * 1024, RELEASE_MS = 2000, SOON_MS = 10 };

static const struct kube_resource leases = {"/apis/coordination.k8s.io/v1", "leases"};

static void drive(void *context);

bool leader_may_act(const struct leader *leader)
{
    return lease_may_act(&leader->lease, clock_boot_ms());
}

int leader_left_ms(const struct leader *leader)
{
    return (int)lease_left_ms(&leader->lease, clock_boot_ms());
}

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void tell(struct leader *leader)
{
    bool leads = leader_may_act(leader);
    if (leads == leader->led)
        return;
    leader->led = leads;
    const struct log_field field = LOG_TEXT("identity", str_of(leader->lease.identity));
    log_write(leader->log, LOG_INFO, leads ? "leading" : "not leading", &field, 1);
    leader->changed(leader->context, leads);
}

static void log_error(struct leader *leader, const char *text)
{
    const struct log_field field = LOG_TEXT("error", str_of(text));
    log_write(leader->log, LOG_WARNING, "lease trouble", &field, 1);
}

/* Whether it was one word or all of them that were lost, nobody knows. */
static void note_silence(struct leader *leader, bool away)
{
    if (leader->away && !away)
        leader->returned(leader->context);
    leader->away = away;
}

static void answered(void *context, struct str body, const struct kube_error *error)
{
    struct leader *leader = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct lease_record record;
    struct err err;
    int64_t now = clock_boot_ms();
    leader->call = NULL;
    note_silence(leader, error->fault == KUBE_UNREACHABLE);
    tell(leader); /* what has ended meanwhile has, though it may begin anew with this */
    if (error->fault == KUBE_FINE && lease_record_read(body, &arena, &record, &err) == 0) {
        leader->heard = true;
        lease_answered(&leader->lease, &record, now);
    } else if (error->fault == KUBE_NOT_FOUND) {
        leader->heard = true;
        lease_missed(&leader->lease, false, now);
    } else if (error->fault == KUBE_CONFLICT || error->fault == KUBE_EXISTS) {
        lease_missed(&leader->lease, true, now);
    } else {
        log_error(leader, error->fault == KUBE_FINE ? err.text : error->text);
        lease_failed(&leader->lease, now);
    }
    drive(leader);
}

static struct str path_of(const struct leader *leader, enum lease_step step, struct arena *arena)
{
    struct str name = step == LEASE_CREATE ? STR_NONE : leader->name;
    return kube_path(arena, leases, kube_namespace(leader->kube), name, NULL);
}

static int body_of(const struct leader *leader, bool release, struct arena *arena,
                   struct str *ret_body, struct err *err)
{
    struct buf body = BUF_INIT(arena, ROOM / 4);
    buf_add_lease(&body, &leader->lease, leader->name, release, wall_us());
    return buf_finish(&body, ret_body, err);
}

static void ask(struct leader *leader, struct lease_plan plan)
{
    static const enum kube_verb verbs[] = {
        [LEASE_READ] = KUBE_GET, [LEASE_CREATE] = KUBE_CREATE, [LEASE_WRITE] = KUBE_PATCH_MERGE};
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct kube_request request = {.verb = verbs[plan.step],
                                   .path = path_of(leader, plan.step, &arena),
                                   .timeout_ms = plan.timeout_ms,
                                   .on_done = answered,
                                   .context = leader};
    struct kube_error error;
    struct err err;
    leader->step = plan.step;
    lease_sent(&leader->lease, plan.step, clock_boot_ms());
    if (plan.step != LEASE_READ && body_of(leader, false, &arena, &request.body, &err) < 0) {
        log_error(leader, err.text);
    } else {
        leader->call = kube_send(leader->kube, &request, &error);
        if (leader->call)
            return;
        log_error(leader, error.text);
    }
    lease_failed(&leader->lease, clock_boot_ms());
}

/* Once more when something is due, at the latest when what we hold ends: that is to be told too. */
static void drive(void *context)
{
    struct leader *leader = context;
    struct lease_plan plan = lease_next(&leader->lease, clock_boot_ms());
    if (plan.step != LEASE_WAIT) {
        ask(leader, plan);
        plan = lease_next(&leader->lease, clock_boot_ms());
    }
    tell(leader);
    int64_t due = plan.until, soon = clock_boot_ms() + SOON_MS;
    if (leader->led && leader->lease.valid_until < due)
        due = leader->lease.valid_until;
    if (due < soon) /* a call that is late: it ends by itself */
        due = soon;
    timer_set(http_timers(kube_http(leader->kube)), &leader->timer, due);
}

/* The host's name for people, and a number that no other process has. */
static int make_identity(struct leader *leader, struct err *err)
{
    char host[128] = "", identity[LEASE_TEXT_SIZE];
    struct siphash_key key;
    if (random_key(&key, err) < 0)
        return -1;
    gethostname(host, sizeof(host) - 1);
    snprintf(identity, sizeof(identity), "%s_%016llx", host, (unsigned long long)key.k0);
    lease_begin(&leader->lease, str_of(identity));
    return 0;
}

int leader_start(struct leader *leader, struct err *err)
{
    if (make_identity(leader, err) < 0)
        return -1;
    leader->timer = (struct timer){.fire = drive, .context = leader};
    timer_set(http_timers(kube_http(leader->kube)), &leader->timer, clock_boot_ms());
    return 0;
}

void leader_stop(struct leader *leader)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct kube_request request = {.verb = KUBE_PATCH_MERGE, .timeout_ms = RELEASE_MS};
    struct kube_error error;
    struct str answer;
    struct err err;
    timer_clear(http_timers(kube_http(leader->kube)), &leader->timer);
    if (leader->call)
        kube_cancel(leader->call);
    leader->call = NULL;
    if (!leader_may_act(leader))
        return;
    request.path = path_of(leader, LEASE_WRITE, &arena);
    if (body_of(leader, true, &arena, &request.body, &err) == 0 &&
        kube_ask(leader->kube, &request, &arena, &answer, &error) < 0)
        log_error(leader, error.text);
    leader->lease.held = false;
}
