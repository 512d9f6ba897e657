/* SPDX-License-Identifier: Apache-2.0 */
/* checkup: see the header. What is not there is a problem; what may not be asked is not known. */
#include "checkup.h"

#include "checktracks.h"

#include "pinnace/certsecret.h"
#include "pinnace/file.h"
#include "pinnace/hookconfig.h"
#include "pinnace/kubelist.h"
#include "pinnace/pki.h"

#include "pinnace/banned.h"

enum { PATH_ROOM = 64 * 1024 };

static const char *const install = "kubectl apply -k your overlay (docs/install.md)";

static const struct kube_resource crds = {"/apis/apiextensions.k8s.io/v1",
                                          "customresourcedefinitions"};
static const struct kube_resource configs = {"/apis/admissionregistration.k8s.io/v1",
                                             "validatingwebhookconfigurations"};
static const struct kube_resource bindings = {"/apis/admissionregistration.k8s.io/v1",
                                              "validatingadmissionpolicybindings"};
static const struct kube_resource deployments = {"/apis/apps/v1", "deployments"};
static const struct kube_resource slices = {"/apis/discovery.k8s.io/v1", "endpointslices"};
static const struct kube_resource leases = {"/apis/coordination.k8s.io/v1", "leases"};
static const struct kube_resource secrets = {"/api/v1", "secrets"};
static const struct kube_resource namespaces = {"/api/v1", "namespaces"};
static const struct kube_resource pods = {"/api/v1", "pods"};
static const struct kube_resource pin_policies = {"/apis/" PINNACE_API_VERSION, "pinpolicies"};
static const struct kube_resource exemptions = {"/apis/" PINNACE_API_VERSION, "exemptions"};

struct visit {
    struct doctor *doctor;
    struct kube *kube;
    struct arena *arena;
    int64_t now; /* by the cluster's clock, if it tells */
};

static void tell_no(struct visit *visit, const char *subject, const char *remedy,
                    const struct kube_error *error)
{
    bool missing = error->fault == KUBE_NOT_FOUND;
    doctor_say(visit->doctor, missing ? DOCTOR_PROBLEM : DOCTOR_UNKNOWN, subject,
               missing ? remedy : NULL, "%s", error->text);
}

/* False when there is nothing to judge, which was told. */
static bool ask(struct visit *visit, const char *subject, const char *remedy, struct str path,
                struct str *ret_json)
{
    const struct kube_request request = {.verb = KUBE_GET, .path = path};
    struct kube_error error;
    if (kube_ask(visit->kube, &request, visit->arena, ret_json, &error) == 0)
        return true;
    tell_no(visit, subject, remedy, &error);
    return false;
}

static struct str path_of(struct visit *visit, struct kube_resource resource, const char *name)
{
    return kube_path(visit->arena, resource, STR_NONE, str_of(name), NULL);
}

static struct str our_path(struct visit *visit, struct kube_resource resource, const char *name,
                           const char *query)
{
    return kube_path(visit->arena, resource, STR(DOCTOR_NAMESPACE), str_of(name), query);
}

static void check_kinds(struct visit *visit)
{
    static const char *const names[] = {"pinpolicies.pinnace.dev", "exemptions.pinnace.dev",
                                        "tracks.pinnace.dev"};
    struct str json;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (ask(visit, "kinds", "kubectl apply -k manifests/crds", path_of(visit, crds, names[i]),
                &json))
            doctor_kind(visit->doctor, str_of(names[i]), json);
}

static void check_programs(struct visit *visit)
{
    static const char *const names[] = {"pinnace-webhook", "pinnace-controller"};
    struct str json;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (ask(visit, "deployment", install, our_path(visit, deployments, names[i], NULL), &json))
            doctor_deployment(visit->doctor, str_of(names[i]), json);
    if (ask(visit, "service", install,
            our_path(visit, slices, NULL,
                     "?labelSelector=kubernetes.io%2Fservice-name%3Dpinnace-webhook"),
            &json))
        doctor_endpoints(visit->doctor, json);
    if (ask(visit, "controller", "kubectl -n " DOCTOR_NAMESPACE " get pods tells why",
            our_path(visit, leases, "pinnace-controller", NULL), &json))
        doctor_lease(visit->doctor, json, visit->now);
}

static bool is_trusted(struct str cert, struct str bundle, struct arena *arena)
{
    struct sha256 *sums = NULL;
    size_t count = 0;
    struct str ca;
    if (pki_read_bundle(bundle, arena, &sums, &count, NULL) < 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (pki_pick(bundle, &sums[i], arena, &ca, NULL) == 0 && pki_signed_by(cert, ca))
            return true;
    return false;
}

/* Whether the API server trusts what the webhook serves with. */
static void check_trust(struct visit *visit, struct str config_json)
{
    struct doctor *doctor = visit->doctor;
    struct certsecret secret;
    struct hookconfig config;
    struct pki_facts facts;
    struct str json;
    struct err err;
    size_t strangers = 0;
    if (!ask(visit, "certificate", "the controller makes it: see whether it runs",
             our_path(visit, secrets, "pinnace-serving-cert", NULL), &json))
        return;
    if (certsecret_read(json, visit->arena, &secret, &err) < 0 ||
        pki_read(secret.cert, visit->arena, &facts, &err) < 0 ||
        hookconfig_read(config_json, STR_NONE, visit->arena, &config, &err) < 0) {
        doctor_say(doctor, DOCTOR_PROBLEM, "certificate",
                   "delete the Secret pinnace-serving-cert: it is made again", "%s", err.text);
        return;
    }
    doctor_certificate(doctor, facts.span.not_after, visit->now);
    for (size_t i = 0; i < config.count; i++)
        strangers += !is_trusted(secret.cert, config.bundles[i], visit->arena);
    if (strangers)
        doctor_say(doctor, DOCTOR_PROBLEM, "certificate",
                   "the controller puts that right: see whether it runs",
                   "%zu of %zu entries do not trust it", strangers, config.count);
    else
        doctor_say(doctor, DOCTOR_OK, "certificate", NULL, "all %zu entries trust it",
                   config.count);
}

/* The policies of the API server itself. */
static void check_bindings(struct visit *visit, enum doctor_profile profile)
{
    static const char *const names[] = {"pinnace-guard-levels", "pinnace-guard-exemptions",
                                        "pinnace-guard-tracks", "pinnace-guard-ledger",
                                        "pinnace-tagged",       "pinnace-pinned",
                                        "pinnace-unknown"};
    enum { GUARDS = 4, ALL = sizeof(names) / sizeof(names[0]) };
    size_t count = profile == DOCTOR_STRICT ? GUARDS : ALL, there = 0;
    struct str json;
    for (size_t i = 0; i < count; i++)
        there += ask(visit, "policies", install, path_of(visit, bindings, names[i]), &json);
    if (there == count)
        doctor_say(visit->doctor, DOCTOR_OK, "policies", NULL, "the guards%s are bound",
                   count == ALL ? " and the second layer" : "");
}

static void check_hooks(struct visit *visit)
{
    enum doctor_profile profile = DOCTOR_STRICT;
    struct str json, objects;
    bool there = ask(visit, "webhook", install, path_of(visit, configs, "pinnace"), &json);
    if (there)
        doctor_hooks(visit->doctor, json, &profile);
    ask(visit, "webhook", install, path_of(visit, configs, "pinnace-objects"), &objects);
    if (!there)
        return;
    check_trust(visit, json);
    check_bindings(visit, profile);
}

/* ---- what is asked for ---- */

static int add_exemption(void *context, const struct watch_page *page, struct str json,
                         struct err *err)
{
    struct visit *visit = ((void **)context)[0];
    struct policy *policy = ((void **)context)[1];
    struct err why;
    (void)page;
    (void)err;
    if (policy_add(policy, json, visit->arena, &why) < 0)
        doctor_say(visit->doctor, DOCTOR_PROBLEM, "exemptions", "correct or delete it", "%s",
                   why.text);
    return 0;
}

static void check_policy(struct visit *visit)
{
    struct policy policy = policy_builtin;
    void *context[] = {visit, &policy};
    const struct kube_request asking = {.verb = KUBE_GET,
                                        .path = path_of(visit, pin_policies, "default")};
    struct kube_error error;
    struct str json;
    struct err err;
    int code = kube_ask(visit->kube, &asking, visit->arena, &json, &error);
    if (code < 0 && error.fault == KUBE_NOT_FOUND)
        doctor_say(visit->doctor, DOCTOR_OK, "pinpolicy", NULL,
                   "there is none named \"default\": the built-in rules hold");
    else if (code < 0)
        doctor_say(visit->doctor, DOCTOR_UNKNOWN, "pinpolicy", NULL, "%s", error.text);
    else if (policy_add(&policy, json, visit->arena, &err) < 0)
        doctor_say(visit->doctor, DOCTOR_PROBLEM, "pinpolicy",
                   "correct it: the last good one holds meanwhile", "%s", err.text);
    else
        doctor_say(visit->doctor, DOCTOR_OK, "pinpolicy", NULL, "\"default\" is in force");
    if (kube_list(visit->kube, path_of(visit, exemptions, NULL), add_exemption, context, &error) <
        0)
        tell_no(visit, "exemptions", "kubectl apply -k manifests/crds", &error);
    else
        doctor_exemptions(visit->doctor, &policy, visit->now);
}

static int add_namespace(void *context, const struct watch_page *page, struct str json,
                         struct err *err)
{
    (void)page;
    (void)err;
    doctor_namespace(((void **)context)[0], ((void **)context)[1], json);
    return 0;
}

/* Nothing is kept of it, and nothing else in a namespace should object to it. What is said of it has
 * its name, which is therefore none that is made anew each time. */
static void try_pod(struct visit *visit, struct str namespace)
{
    const struct kube_request asking = {
        .verb = KUBE_CREATE,
        .path = kube_path(visit->arena, pods, namespace, STR_NONE, "?dryRun=All"),
        .body =
            STR("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":"
                "\"pinnace-doctor-trial\"},\"spec\":{\"securityContext\":{\"runAsNonRoot\":true,"
                "\"runAsUser\":65532,\"seccompProfile\":{\"type\":\"RuntimeDefault\"}},"
                "\"containers\":[{\"name\":\"trial\",\"image\":"
                "\"pinnace.invalid/trial:latest\",\"securityContext\":{"
                "\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]}}}]}}")};
    struct kube_error error;
    struct str json;
    bool done = kube_ask(visit->kube, &asking, visit->arena, &json, &error) == 0;
    doctor_probe(visit->doctor, namespace, done ? STR_NONE : str_of(error.text));
}

static void check_namespaces(struct visit *visit)
{
    struct doctor_census census = {0};
    void *context[] = {visit->doctor, &census};
    struct kube_error error;
    if (kube_list(visit->kube, path_of(visit, namespaces, NULL), add_namespace, context, &error) <
        0) {
        doctor_say(visit->doctor, DOCTOR_UNKNOWN, "namespaces", NULL, "%s", error.text);
        return;
    }
    doctor_census_tell(visit->doctor, &census);
    if (census.probe.len)
        try_pod(visit, census.probe);
    else
        doctor_say(visit->doctor, DOCTOR_WARNING, "trial", NULL,
                   "not made: no namespace enforces a level");
}

void checkup(struct doctor *doctor, struct kube *kube, struct asking *asking)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT((size_t)8 * KUBE_MAX_BYTES + PATH_ROOM);
    struct visit visit = {doctor, kube, &arena, clock_now()};
    struct kube_error error;
    struct str user = STR_NONE, json;
    if (!ask(&visit, "api server", NULL, STR("/version"), &json))
        return; /* nothing else would say anything new */
    doctor_version(doctor, json);
    if (cluster_who(kube, &arena, &user, &visit.now, &error) < 0) {
        doctor_say(doctor, DOCTOR_WARNING, "api server", NULL,
                   "it does not tell the time, so this machine's counts: %s", error.text);
        doctor_passes(doctor);
    }
    check_kinds(&visit);
    check_hooks(&visit);
    check_programs(&visit);
    check_policy(&visit);
    check_namespaces(&visit);
    check_tracks(doctor, kube, asking, visit.now);
}
