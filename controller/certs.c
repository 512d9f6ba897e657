/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs: see the header. One write at a time, each with the version that the decision was made by:
 * whoever decided by what is no longer so is told of a conflict, and looks again.
 */
#include "certs.h"

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "certfacts.h"

#include "pinnace/banned.h"

enum {
    ROOM = 64 * 1024 * 1024,
    BODY_MAX_BYTES = 8 * 1024 * 1024,
    AGAIN_MS = 10 * 60 * 1000, /* wall time may be set: it is looked at now and then */
};

static const struct kube_resource secrets = {"/api/v1", "secrets"};
static const struct kube_resource namespaces = {"/api/v1", "namespaces"};
#define REGISTRATION "/apis/admissionregistration.k8s.io/v1"

/* All through which the API server asks the webhook. */
static const struct {
    const char *name;
    struct kube_resource resource;
} configs[CERTS_CONFIGS] = {
    {"pinnace", {REGISTRATION, "validatingwebhookconfigurations"}},
    {"pinnace-objects", {REGISTRATION, "validatingwebhookconfigurations"}},
    {"pinnace-track", {REGISTRATION, "mutatingwebhookconfigurations"}},
};

static void log_error(const struct certs *certs, const char *event, const char *text)
{
    const struct log_field field = LOG_TEXT("error", str_of(text));
    log_write(certs->log, LOG_ERROR, event, &field, 1);
}

static void look_in(struct certs *certs, int64_t wait_ms)
{
    timer_set(http_timers(kube_http(certs->kube)), &certs->timer, clock_boot_ms() + wait_ms);
}

static void look_later(struct certs *certs)
{
    look_in(certs, backoff_next(&certs->backoff, random_u32()));
}

/* --- Writing ----------------------------------------------------------------------------------- */

static void log_done(const struct certs *certs)
{
    const struct log_field fields[] = {LOG_TEXT("object", str_of(certs->target->name)),
                                       LOG_TEXT("why", str_of(certs->why))};
    log_write(certs->log, LOG_INFO, certs->doing, fields, 2);
}

static void written(void *context, struct str body, const struct kube_error *error)
{
    struct certs *certs = context;
    certs->call = NULL;
    if (error->fault == KUBE_FINE) {
        log_done(certs);
        certs->backoff = (struct backoff){0};
        follow_set(certs->target, body);
        look_in(certs, 0);
        return;
    }
    if (error->fault != KUBE_CONFLICT && error->fault != KUBE_EXISTS)
        log_error(certs, "write trouble", error->text);
    look_later(certs); /* what changed meanwhile comes by the watch */
}

static void write_object(struct certs *certs, struct follow *target, struct kube_request *request)
{
    struct kube_error error;
    request->timeout_ms = leader_left_ms(certs->leader);
    if (request->timeout_ms <= 0) /* another one leads, or will; we look when we do again */
        return;
    request->on_done = written;
    request->context = certs;
    certs->target = target;
    certs->call = kube_send(certs->kube, request, &error);
    if (certs->call)
        return;
    log_error(certs, "write trouble", error.text);
    look_later(certs);
}

static void write_secret(struct certs *certs, struct follow *target,
                         const struct certsecret *secret, struct arena *arena)
{
    struct buf body = BUF_INIT(arena, BODY_MAX_BYTES);
    struct str name = str_of(target->name), namespace = kube_namespace(certs->kube);
    struct kube_request request = {.verb = KUBE_PATCH_MERGE};
    struct err err;
    if (!secret->version.len) {
        request.verb = KUBE_CREATE;
        name = STR_NONE;
    }
    request.path = kube_path(arena, secrets, namespace, name, NULL);
    buf_add_certsecret(&body, str_of(target->name), secret);
    if (buf_finish(&body, &request.body, &err) < 0)
        log_error(certs, "write trouble", err.text);
    else
        write_object(certs, target, &request);
}

static void write_config(struct certs *certs, size_t index, const struct hookconfig *config,
                         struct str bundle, struct arena *arena)
{
    struct follow *target = &certs->configs[index];
    struct buf body = BUF_INIT(arena, BODY_MAX_BYTES);
    struct kube_request request = {
        .verb = KUBE_PATCH_JSON,
        .path = kube_path(arena, configs[index].resource, STR_NONE, str_of(target->name), NULL)};
    struct err err;
    buf_add_hookconfig_patch(&body, config, bundle, config->is_owned ? NULL : &certs->owner);
    if (buf_finish(&body, &request.body, &err) < 0)
        log_error(certs, "write trouble", err.text);
    else
        write_object(certs, target, &request);
}

/* --- The steps --------------------------------------------------------------------------------- */

static int make_ca(struct certs *certs, const struct certstate *state, struct arena *arena,
                   struct err *err)
{
    struct certplan_cert life = certplan_ca_life(state->facts.now);
    struct certsecret secret = state->ca;
    struct pki_pair pair;
    if (pki_make_ca("pinnace", (struct pki_span){life.not_before, life.not_after}, arena, &pair,
                    err) < 0)
        return -1;
    if (state->facts.current.there)
        secret.previous = state->ca.cert;
    else if (state->stray.len)
        secret.previous = state->stray;
    secret.cert = pair.cert;
    secret.key = pair.key;
    certs->doing = "CA made";
    write_secret(certs, &certs->ca, &secret, arena);
    return 0;
}

static int issue_leaf(struct certs *certs, const struct certstate *state, struct arena *arena,
                      struct err *err)
{
    struct certplan_cert life = certplan_leaf_life(state->facts.now, &state->facts.current);
    struct certsecret secret = state->leaf;
    struct pki_pair ca = {state->ca.cert, state->ca.key}, pair;
    if (pki_make_leaf(&ca, &certs->dns_name, 1, (struct pki_span){life.not_before, life.not_after},
                      arena, &pair, err) < 0)
        return -1;
    secret.cert = pair.cert;
    secret.key = pair.key;
    certs->doing = "certificate issued";
    write_secret(certs, &certs->leaf, &secret, arena);
    return 0;
}

static void set_previous(struct certs *certs, const struct certstate *state, struct str previous,
                         struct arena *arena)
{
    struct certsecret secret = state->ca;
    secret.previous = previous;
    certs->doing = previous.len ? "CA kept" : "previous CA dropped";
    write_secret(certs, &certs->ca, &secret, arena);
}

static void set_bundles(struct certs *certs, const struct certstate *state, struct arena *arena)
{
    certs->doing = "CA published";
    for (size_t i = 0; i < CERTS_CONFIGS; i++) {
        if (state->config_right[i])
            continue;
        write_config(certs, i, &state->configs[i], state->bundle, arena);
        return; /* the others when that is answered */
    }
}

static int take_step(struct certs *certs, const struct certstate *state, struct arena *arena,
                     struct err *err)
{
    struct certplan plan = certplan_next(&state->facts);
    int64_t wait_ms;
    certs->why = plan.why;
    switch (plan.step) {
    case CERTPLAN_MAKE_CA:
        return make_ca(certs, state, arena, err);
    case CERTPLAN_ADOPT_STRAY:
        set_previous(certs, state, state->stray, arena);
        return 0;
    case CERTPLAN_SET_BUNDLES:
        set_bundles(certs, state, arena);
        return 0;
    case CERTPLAN_ISSUE_LEAF:
        return issue_leaf(certs, state, arena, err);
    case CERTPLAN_DROP_PREVIOUS:
        set_previous(certs, state, STR_NONE, arena);
        return 0;
    case CERTPLAN_WAIT:
        break;
    }
    wait_ms = (plan.until - state->facts.now) * 1000;
    look_in(certs, wait_ms > AGAIN_MS ? AGAIN_MS : wait_ms);
    return 0;
}

/* Whoever deletes the Namespace takes the configurations along, and nobody is locked out by them. */
static bool set_owner(struct certs *certs, const struct certstate *state, struct arena *arena)
{
    for (size_t i = 0; i < CERTS_CONFIGS; i++) {
        if (!state->has_config[i] || state->configs[i].is_owned)
            continue;
        certs->doing = "owner set";
        certs->why = "it is to go when the namespace goes";
        write_config(certs, i, &state->configs[i], STR_NONE, arena);
        return true;
    }
    return false;
}

/* --- Looking ----------------------------------------------------------------------------------- */

static bool knows_all(const struct certs *certs)
{
    for (size_t i = 0; i < CERTS_CONFIGS; i++)
        if (!certs->configs[i].whole)
            return false;
    return certs->no_certificates || (certs->ca.whole && certs->leaf.whole);
}

static void remember(struct certs *certs, struct certstate *state)
{
    struct certplan_bundles *bundles = &state->facts.bundles;
    if (bundles->lack_current || (state->facts.previous.there && bundles->lack_previous))
        certs->right_since = 0;
    else if (!certs->right_since || certs->right_since > state->facts.now)
        certs->right_since = state->facts.now;
    bundles->right_since = certs->right_since;
    certs->ca_expires = state->facts.current.there ? state->facts.current.not_after : 0;
    certs->leaf_expires = state->facts.leaf.there ? state->facts.leaf.not_after : 0;
}

static void ask_namespace(struct certs *certs);

void certs_look(struct certs *certs)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct certstate state;
    struct err err;
    if (!leader_may_act(certs->leader) || certs->call || !knows_all(certs))
        return;
    if (!certs->owner.uid.len) {
        ask_namespace(certs);
        return;
    }
    if (certfacts_read(certs, clock_now(), &arena, &state, &err) < 0) {
        log_error(certs, "cannot be read", err.text);
        look_later(certs);
        return;
    }
    remember(certs, &state);
    if (set_owner(certs, &state, &arena) || certs->no_certificates)
        return;
    if (take_step(certs, &state, &arena, &err) < 0) {
        log_error(certs, "certificate trouble", err.text);
        look_later(certs);
    }
}

static void timer_fired(void *context)
{
    certs_look(context);
}

/* A Namespace of the same name later on is another one: its uid is what owns. */
static void namespace_came(void *context, struct str body, const struct kube_error *error)
{
    struct certs *certs = context;
    struct err err;
    certs->call = NULL;
    bool came = error->fault == KUBE_FINE;
    if (came && hookconfig_owner_read(body, &certs->arena, &certs->owner, &err) == 0) {
        look_in(certs, 0);
        return;
    }
    log_error(certs, "namespace trouble", came ? err.text : error->text);
    look_later(certs);
}

static void ask_namespace(struct certs *certs)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct kube_error error;
    const struct kube_request request = {
        .verb = KUBE_GET,
        .path = kube_path(&arena, namespaces, STR_NONE, kube_namespace(certs->kube), NULL),
        .on_done = namespace_came,
        .context = certs};
    certs->call = kube_send(certs->kube, &request, &error);
    if (certs->call)
        return;
    log_error(certs, "namespace trouble", error.text);
    look_later(certs);
}

/* --- From outside ------------------------------------------------------------------------------ */

static void something_changed(void *context)
{
    certs_look(context);
}

static int follow_one(struct certs *certs, struct follow *follow, const char *name,
                      struct kube_resource resource, struct str namespace, struct err *err)
{
    *follow = (struct follow){
        .log = certs->log, .name = name, .changed = something_changed, .context = certs};
    return follow_start(follow, certs->kube, resource, namespace, err);
}

int certs_start(struct certs *certs, struct err *err)
{
    struct str namespace = kube_namespace(certs->kube);
    struct buf name;
    certs->arena = ARENA_INIT(1024 * 1024);
    certs->timer = (struct timer){.fire = timer_fired, .context = certs};
    name = BUF_INIT(&certs->arena, 4096);
    buf_addf(&name, "pinnace-webhook.%.*s.svc", STR_FMT(namespace));
    if (buf_finish(&name, &certs->dns_name, err) < 0)
        return -1;
    for (size_t i = 0; i < CERTS_CONFIGS; i++)
        if (follow_one(certs, &certs->configs[i], configs[i].name, configs[i].resource, STR_NONE,
                       err) < 0)
            return -1;
    if (certs->no_certificates)
        return 0;
    if (follow_one(certs, &certs->ca, "pinnace-ca", secrets, namespace, err) < 0)
        return -1;
    return follow_one(certs, &certs->leaf, "pinnace-serving-cert", secrets, namespace, err);
}

void certs_stop(struct certs *certs)
{
    if (certs->call)
        kube_cancel(certs->call);
    certs->call = NULL;
    timer_clear(http_timers(kube_http(certs->kube)), &certs->timer);
    follow_stop(&certs->ca);
    follow_stop(&certs->leaf);
    for (size_t i = 0; i < CERTS_CONFIGS; i++)
        follow_stop(&certs->configs[i]);
    arena_free(&certs->arena);
}
