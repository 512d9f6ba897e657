/* SPDX-License-Identifier: Apache-2.0 */
/* scancluster: see the header. */
#include "scancluster.h"

#include "pinnace/kubelist.h"

#include "pinnace/banned.h"

enum { PATH_ROOM = 64 * 1024 };

/* Owners before what they own: see audit.h. */
static const struct {
    struct kube_resource resource;
    struct str group, kind;
    const char *query;
} lists[] = {
    {{"/apis/apps/v1", "replicasets"}, STR_INIT("apps"), STR_INIT("ReplicaSet"), NULL},
    {{"/apis/batch/v1", "jobs"},
     STR_INIT("batch"),
     STR_INIT("Job"),
     "?fieldSelector=status.successful%3D0"},
    {{"/apis/apps/v1", "deployments"}, STR_INIT("apps"), STR_INIT("Deployment"), NULL},
    {{"/apis/apps/v1", "statefulsets"}, STR_INIT("apps"), STR_INIT("StatefulSet"), NULL},
    {{"/apis/apps/v1", "daemonsets"}, STR_INIT("apps"), STR_INIT("DaemonSet"), NULL},
    {{"/apis/batch/v1", "cronjobs"}, STR_INIT("batch"), STR_INIT("CronJob"), NULL},
    {{"/api/v1", "replicationcontrollers"}, STR_INIT(""), STR_INIT("ReplicationController"), NULL},
    {{"/api/v1", "podtemplates"}, STR_INIT(""), STR_INIT("PodTemplate"), NULL},
    {{"/api/v1", "pods"},
     STR_INIT(""),
     STR_INIT("Pod"),
     "?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"},
};

static const struct kube_resource namespaces = {"/api/v1", "namespaces"};
static const struct kube_resource pin_policies = {"/apis/" PINNACE_API_VERSION, "pinpolicies"};
static const struct kube_resource exemptions = {"/apis/" PINNACE_API_VERSION, "exemptions"};

static void tell(const struct kube_error *error, size_t *unread)
{
    cluster_error(error);
    (*unread)++;
}

/* ---- the policy ---- */

struct policy_scan {
    struct policy *policy;
    struct arena *arena;
};

static int add_to_policy(void *context, const struct watch_page *page, struct str json,
                         struct err *err)
{
    struct policy_scan *scan = context;
    (void)page;
    return policy_add(scan->policy, json, scan->arena, err);
}

void scan_policy(struct kube *kube, struct str namespace, struct arena *arena,
                 struct policy *ret_policy, size_t *unread)
{
    const struct str paths[] = {
        kube_path(arena, pin_policies, STR_NONE, STR_NONE, NULL),
        kube_path(arena, exemptions, namespace, STR_NONE, NULL),
    };
    struct policy_scan scan = {ret_policy, arena};
    struct kube_error error;
    *ret_policy = policy_builtin;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (kube_list(kube, paths[i], add_to_policy, &scan, &error) < 0)
            tell(&error, unread);
}

/* ---- what is there ---- */

struct object_scan {
    struct audit *audit;
    const struct kind *kind;
};

static int add_to_audit(void *context, const struct watch_page *page, struct str json,
                        struct err *err)
{
    const struct object_scan *scan = context;
    (void)page;
    return audit_add_object(scan->audit, scan->kind, json, err);
}

static int add_namespace(void *context, const struct watch_page *page, struct str json,
                         struct err *err)
{
    (void)page;
    return audit_add_namespace(context, json, err);
}

static int read_namespaces(struct kube *kube, struct str name, struct audit *audit,
                           struct kube_error *error)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(8 * PATH_ROOM);
    struct str path = kube_path(&arena, namespaces, STR_NONE, name, NULL), json;
    const struct kube_request asking = {.verb = KUBE_GET, .path = path};
    struct err err;
    if (!name.len)
        return kube_list(kube, path, add_namespace, audit, error);
    if (kube_ask(kube, &asking, &arena, &json, error) < 0)
        return -1;
    if (audit_add_namespace(audit, json, &err) == 0)
        return 0;
    kube_error_set(error, (struct kube_question){"GET", path}, KUBE_GARBLED, &err);
    return -1;
}

void scan_cluster(struct kube *kube, struct str namespace, struct audit *audit)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PATH_ROOM);
    struct kube_error error;
    if (read_namespaces(kube, namespace, audit, &error) < 0) {
        tell(&error, &audit->unread);
        if (error.fault != KUBE_FORBIDDEN) /* without its level, it is asked for "pinned" */
            return;
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct object_scan scan = {audit, kind_find(lists[i].group, lists[i].kind)};
        struct str path = kube_path(&arena, lists[i].resource, namespace, STR_NONE, lists[i].query);
        if (kube_list(kube, path, add_to_audit, &scan, &error) < 0)
            tell(&error, &audit->unread);
    }
}
