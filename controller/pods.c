/* SPDX-License-Identifier: Apache-2.0 */
/* pods: see the header. */
#include "pods.h"

#include "pinnace/url.h"

#include "pinnace/banned.h"

enum { PATH_MAX_BYTES = 64 * 1024 };

static const struct kube_resource pods = {"/api/v1", "pods"}, jobs = {"/apis/batch/v1", "jobs"};

static void pod_changed(void *context, struct kept *kept, bool gone)
{
    const struct target *target = context;
    const struct workloads *workloads = target->wanted->workloads;
    (void)kept;
    (void)gone;
    if (target->pods.whole)
        workloads->changed(workloads->context, target);
}

static void list_is_whole(void *context)
{
    const struct target *target = context;
    const struct workloads *workloads = target->wanted->workloads;
    workloads->changed(workloads->context, target);
}

/* Jobs have the labels that their maker likes: what controls them is in no query. */
static bool is_of_cron_job(void *context, const struct object_meta *meta)
{
    const struct target *target = context;
    const struct kept *workload = target_workload(target);
    return workload && str_eq(meta->owner_uid, workload->uid);
}

static int path_of(const struct target *target, const struct workload_facts *workload,
                   struct arena *arena, struct str *ret_path, struct err *err)
{
    bool by_jobs = target->wanted->kind == TARGET_CRON_JOB;
    struct buf path = BUF_INIT(arena, PATH_MAX_BYTES);
    buf_add(&path, kube_path(arena, by_jobs ? jobs : pods, workload->namespace, STR_NONE, NULL));
    if (!by_jobs) {
        buf_add(&path, STR("?labelSelector="));
        buf_add_url_part(&path, workload->selector);
    }
    return buf_finish(&path, ret_path, err);
}

int pods_follow(struct target *target, const struct workload_facts *workload, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4 * PATH_MAX_BYTES);
    const struct workloads *workloads = target->wanted->workloads;
    bool by_jobs = target->wanted->kind == TARGET_CRON_JOB;
    struct str path;
    /* An empty query would bring every pod of the namespace. */
    if (!by_jobs && !workload->selector.len)
        return err_set(err, ERR_INPUT, "%.*s has no selector of its pods", STR_FMT(workload->name));
    if (path_of(target, workload, &arena, &path, err) < 0)
        return -1;
    if (str_eq(path, bytes_str(&target->pods_path)) &&
        str_eq(workload->uid, bytes_str(&target->pods_uid)))
        return 0;
    pods_leave(target);
    target->pods = (struct collection){.kube = workloads->kube,
                                       .log = workloads->log,
                                       .name = by_jobs ? "Job" : "Pod",
                                       .wants = by_jobs ? is_of_cron_job : NULL,
                                       .changed = pod_changed,
                                       .came_whole = list_is_whole,
                                       .context = target};
    target->pods_path = target->pods_uid = BYTES_INIT(PATH_MAX_BYTES);
    if (!bytes_add(&target->pods_path, path) || !bytes_add(&target->pods_uid, workload->uid))
        return err_no_memory(err);
    return collection_start(&target->pods, path, err);
}

void pods_leave(struct target *target)
{
    collection_stop(&target->pods);
    bytes_free(&target->pods_path);
    bytes_free(&target->pods_uid);
}
