/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_hooks: what doctor says of the webhook configuration, and of a trial of it. */
#include "pinnace/doctor.h"
#include "pinnace/json.h"

#include "pinnace/banned.h"

enum { CONFIG_MAX = 4 * 1024 * 1024 };

static const char *const again = "apply your overlay again: kubectl apply -k";

static const struct str needed[] = {
    STR_INIT("enforce-tagged.pinnace.dev"),   STR_INIT("enforce-tagged-update.pinnace.dev"),
    STR_INIT("enforce-pinned.pinnace.dev"),   STR_INIT("enforce-pinned-update.pinnace.dev"),
    STR_INIT("enforce-released.pinnace.dev"), STR_INIT("enforce-released-update.pinnace.dev"),
    STR_INIT("enforce-unknown.pinnace.dev"),  STR_INIT("enforce-unknown-update.pinnace.dev"),
};
enum { NEEDED = sizeof(needed) / sizeof(needed[0]) };

struct hooks {
    struct doctor *doctor;
    size_t seen, lax, closed;
    bool found[NEEDED];
};

/* The entry's namespaces are picked by the label, and nothing more is asked of objects. */
static int check_selectors(struct hooks *hooks, const struct json_fields *entry, struct str name,
                           struct err *err)
{
    struct json_fields namespaces = {0}, objects = {0}, labels = {0}, expression = {0};
    struct json_list list = {0}, others = {0};
    struct arena *arena = hooks->doctor->arena;
    bool by_label = false;
    int more;
    if (json_get_object(entry, "namespaceSelector", &namespaces, err) < 0 ||
        json_get_object(entry, "objectSelector", &objects, err) < 0 ||
        json_get_object(&objects, "matchLabels", &labels, err) < 0 ||
        json_get_list(&objects, "matchExpressions", &others, err) < 0 ||
        json_get_list(&namespaces, "matchExpressions", &list, err) < 0)
        return -1;
    while ((more = json_next_object(&list, &expression, err)) > 0) {
        struct str key = STR_NONE;
        if (json_get_string(&expression, "key", arena, &key, err) < 0)
            return -1;
        by_label = by_label || str_eq(key, nslevel_labels[MODE_ENFORCE]);
    }
    if (!by_label)
        doctor_say(hooks->doctor, DOCTOR_PROBLEM, "webhook", again,
                   "%.*s is not picked by the label pinnace.dev/enforce any more", STR_FMT(name));
    if (labels.object || others.count)
        doctor_say(hooks->doctor, DOCTOR_PROBLEM, "webhook", again,
                   "%.*s has an objectSelector: whoever sets a label gets past it", STR_FMT(name));
    return more;
}

static int check_entry(struct hooks *hooks, const struct json_fields *entry, struct err *err)
{
    struct arena *arena = hooks->doctor->arena;
    struct json_fields client = {0};
    struct str name = STR_NONE, policy = STR_NONE, bundle = STR_NONE;
    if (json_get_string(entry, "name", arena, &name, err) < 0 ||
        json_get_string(entry, "failurePolicy", arena, &policy, err) < 0 ||
        json_get_object(entry, "clientConfig", &client, err) < 0 ||
        json_get_string(&client, "caBundle", arena, &bundle, err) < 0)
        return -1;
    hooks->seen++;
    if (!bundle.len)
        doctor_say(hooks->doctor, DOCTOR_PROBLEM, "webhook",
                   "the controller puts it in: see whether it runs",
                   "%.*s has no caBundle, so the API server cannot trust it", STR_FMT(name));
    for (size_t i = 0; i < NEEDED; i++) {
        if (!str_eq(name, needed[i]))
            continue;
        hooks->found[i] = true;
        hooks->lax += str_eq(policy, STR("Ignore"));
        hooks->closed += str_eq(policy, STR("Fail"));
        return check_selectors(hooks, entry, name, err);
    }
    return 0;
}

static void tell_profile(struct hooks *hooks, enum doctor_profile *ret_profile)
{
    bool mixed = hooks->lax && hooks->closed;
    *ret_profile = mixed ? DOCTOR_MIXED : hooks->lax ? DOCTOR_AVAILABLE : DOCTOR_STRICT;
    if (mixed)
        doctor_say(hooks->doctor, DOCTOR_PROBLEM, "webhook", again,
                   "of the entries that enforce, %zu fail closed and %zu open: no profile does",
                   hooks->closed, hooks->lax);
    else
        doctor_say(hooks->doctor, DOCTOR_OK, "webhook", NULL, "%zu entries, profile %s",
                   hooks->seen, hooks->lax ? "available" : "strict");
}

void doctor_hooks(struct doctor *doctor, struct str json, enum doctor_profile *ret_profile)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct hooks hooks = {.doctor = doctor};
    struct json_fields root = {0}, entry = {0};
    struct json_list list = {0};
    struct err err;
    int code = json_read(json, CONFIG_MAX, &tree, &err), more = 0;
    root.object = tree;
    if (code == 0)
        code = json_get_list(&root, "webhooks", &list, &err);
    while (code == 0 && (more = json_next_object(&list, &entry, &err)) > 0)
        code = check_entry(&hooks, &entry, &err);
    if (code < 0 || more < 0) {
        doctor_say(doctor, DOCTOR_PROBLEM, "webhook", again, "%s", err.text);
        return;
    }
    for (size_t i = 0; i < NEEDED; i++)
        if (!hooks.found[i])
            doctor_say(doctor, DOCTOR_PROBLEM, "webhook", again, "%.*s is missing",
                       STR_FMT(needed[i]));
    tell_profile(&hooks, ret_profile);
}

static bool has(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_starts(str_tail(text, i), part))
            return true;
    return false;
}

void doctor_probe(struct doctor *doctor, struct str namespace, struct str refusal)
{
    if (!refusal.len) {
        doctor_say(doctor, DOCTOR_PROBLEM, "trial", again,
                   "an image by :latest would be let into namespace %.*s", STR_FMT(namespace));
    } else if (has(refusal, STR("admission webhook \"enforce-"))) {
        doctor_say(doctor, DOCTOR_OK, "trial", NULL,
                   "the webhook refuses an image by :latest in namespace %.*s", STR_FMT(namespace));
    } else if (has(refusal, STR("ValidatingAdmissionPolicy 'pinnace-"))) {
        doctor_say(doctor, DOCTOR_OK, "trial", NULL,
                   "the second layer refuses an image by :latest in namespace %.*s; it is asked "
                   "before the webhook, which this does not try",
                   STR_FMT(namespace));
    } else if (has(refusal, STR("failed calling webhook"))) {
        doctor_say(doctor, DOCTOR_PROBLEM, "trial", "see the lines on service and certificate",
                   "the webhook does not answer: %.*s", STR_FMT(refusal));
        doctor_passes(doctor);
    } else {
        doctor_say(doctor, DOCTOR_UNKNOWN, "trial",
                   "try as somebody who may create pods there, or in a namespace without quota",
                   "somebody else refused the pod: %.*s", STR_FMT(refusal));
    }
}
