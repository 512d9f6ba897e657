/* SPDX-License-Identifier: Apache-2.0 */
/* workloads: see the header. */
#include "workloads.h"

#include <stdlib.h>

#include "pinnace/clock.h"
#include "pinnace/sorted.h"

#include "pinnace/banned.h"

enum { FIRST_ROOM = 16, PATH_ROOM = 64 * 1024 };

static const struct kube_resource resources[TARGET_KINDS] = {
    [TARGET_DEPLOYMENT] = {"/apis/apps/v1", "deployments"},
    [TARGET_STATEFUL_SET] = {"/apis/apps/v1", "statefulsets"},
    [TARGET_DAEMON_SET] = {"/apis/apps/v1", "daemonsets"},
    [TARGET_CRON_JOB] = {"/apis/batch/v1", "cronjobs"},
};

struct kube_resource workload_resource(enum target_kind kind)
{
    return resources[kind];
}

struct str workload_api_version(enum target_kind kind)
{
    return str_tail(str_of(resources[kind].api), strlen("/apis/"));
}

/* --- Who wants what ---------------------------------------------------------------------------- */

static int compare_keys(const void *items, size_t index, const void *key)
{
    struct wanted *const *list = items;
    return shelf_key_compare(list[index]->key, *(const struct shelf_key *)key);
}

static bool find(const struct workloads_kind *kind, struct shelf_key key, size_t *ret_index)
{
    return sorted_find(kind->wanted, kind->count, compare_keys, &key, ret_index);
}

static void tell(const struct wanted *wanted)
{
    const struct workloads *workloads = wanted->workloads;
    for (const struct target *target = wanted->targets; target; target = target->next)
        workloads->changed(workloads->context, target);
}

static void ask(void *context);

static struct wanted *new_wanted(struct workloads_kind *kind, struct shelf_key key)
{
    struct wanted *wanted = malloc(sizeof(*wanted) + key.namespace.len + key.name.len);
    if (!wanted)
        return NULL;
    char *text = (char *)(wanted + 1);
    memcpy(text, key.namespace.ptr, key.namespace.len);
    memcpy(text + key.namespace.len, key.name.ptr, key.name.len);
    *wanted = (struct wanted){.workloads = kind->workloads, .kind = kind->kind};
    wanted->key.namespace = (struct str){text, key.namespace.len};
    wanted->key.name = (struct str){text + key.namespace.len, key.name.len};
    wanted->again = (struct timer){.fire = ask, .context = wanted};
    return wanted;
}

static bool make_room(struct workloads_kind *kind)
{
    if (kind->count < kind->room)
        return true;
    size_t room = kind->room ? kind->room * 2 : FIRST_ROOM;
    struct wanted **wanted = realloc(kind->wanted, room * sizeof(struct wanted *));
    if (!wanted)
        return false;
    kind->wanted = wanted;
    kind->room = room;
    return true;
}

static struct wanted *add_wanted(struct workloads_kind *kind, struct shelf_key key, size_t index)
{
    struct wanted *wanted = make_room(kind) ? new_wanted(kind, key) : NULL;
    if (!wanted)
        return NULL;
    memmove(kind->wanted + index + 1, kind->wanted + index,
            (kind->count - index) * sizeof(struct wanted *));
    kind->wanted[index] = wanted;
    kind->count++;
    return wanted;
}

static struct timers *timers_of(const struct workloads *workloads)
{
    return http_timers(kube_http(workloads->kube));
}

int workloads_want(struct workloads *workloads, enum target_kind kind_of, struct shelf_key key,
                   struct target *target, struct err *err)
{
    struct workloads_kind *kind = &workloads->kinds[kind_of];
    struct wanted *wanted;
    size_t index;
    if (find(kind, key, &index)) {
        wanted = kind->wanted[index];
    } else {
        wanted = add_wanted(kind, key, index);
        if (!wanted)
            return err_no_memory(err);
        if (workloads->started)
            timer_set(timers_of(workloads), &wanted->again, clock_boot_ms());
    }
    target->wanted = wanted;
    target->next = wanted->targets;
    wanted->targets = target;
    return 0;
}

static void end_wanted(struct wanted *wanted)
{
    timer_clear(timers_of(wanted->workloads), &wanted->again);
    if (wanted->call)
        kube_cancel(wanted->call);
    free(wanted);
}

void workloads_leave(struct target *target)
{
    struct wanted *wanted = target->wanted;
    if (!wanted)
        return;
    struct workloads_kind *kind = &wanted->workloads->kinds[wanted->kind];
    struct target **at = &wanted->targets;
    size_t index;
    while (*at != target)
        at = &(*at)->next;
    *at = target->next;
    target->wanted = NULL;
    if (wanted->targets || !find(kind, wanted->key, &index))
        return;
    kind->count--;
    memmove(kind->wanted + index, kind->wanted + index + 1,
            (kind->count - index) * sizeof(struct wanted *));
    collection_remove(&kind->objects, wanted->key);
    end_wanted(wanted);
}

/* --- Asking for one ---------------------------------------------------------------------------- */

static void log_error(const struct wanted *wanted, const char *text)
{
    const struct log_field fields[] = {
        LOG_TEXT("kind", target_kind_names[wanted->kind]),
        LOG_TEXT("namespace", wanted->key.namespace),
        LOG_TEXT("name", wanted->key.name),
        LOG_TEXT("error", str_of(text)),
    };
    log_write(wanted->workloads->log, LOG_WARNING, "target cannot be read", fields, 4);
}

static void ask_later(struct wanted *wanted, const char *why)
{
    log_error(wanted, why);
    timer_set(timers_of(wanted->workloads), &wanted->again,
              clock_boot_ms() + backoff_next(&wanted->backoff, random_u32()));
}

static void came(void *context, struct str body, const struct kube_error *error)
{
    struct wanted *wanted = context;
    struct collection *objects = &wanted->workloads->kinds[wanted->kind].objects;
    struct err err = {ERR_NONE, ""};
    bool fine = error->fault == KUBE_FINE;
    wanted->call = NULL;
    if (!fine && error->fault != KUBE_NOT_FOUND) {
        ask_later(wanted, error->text);
        return;
    }
    wanted->known = true;
    wanted->backoff.failures = 0;
    if (!fine)
        collection_remove(objects, wanted->key);
    else if (collection_put(objects, body, &err) < 0)
        ask_later(wanted, err.text);
    tell(wanted);
}

static void ask(void *context)
{
    struct wanted *wanted = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(PATH_ROOM);
    struct kube_error error;
    const struct kube_request request = {.verb = KUBE_GET,
                                         .path = kube_path(&arena, resources[wanted->kind],
                                                           wanted->key.namespace, wanted->key.name,
                                                           NULL),
                                         .on_done = came,
                                         .context = wanted};
    if (wanted->call)
        return;
    wanted->call = kube_send(wanted->workloads->kube, &request, &error);
    if (!wanted->call)
        ask_later(wanted, error.text);
}

/* --- The four collections ---------------------------------------------------------------------- */

static bool is_wanted(void *context, const struct object_meta *meta)
{
    const struct workloads_kind *kind = context;
    size_t index;
    return find(kind, (struct shelf_key){meta->namespace, meta->name}, &index);
}

static void object_changed(void *context, struct kept *kept, bool gone)
{
    const struct workloads_kind *kind = context;
    size_t index;
    (void)gone;
    if (find(kind, kept->key, &index) && kind->wanted[index]->known)
        tell(kind->wanted[index]);
}

/* Those that came to be wanted while the list was on its way may have been passed over. */
static void list_is_whole(void *context)
{
    struct workloads_kind *kind = context;
    for (size_t i = 0; i < kind->count; i++) {
        struct wanted *wanted = kind->wanted[i];
        if (wanted->known || wanted->call || wanted->again.set)
            continue;
        wanted->known = true;
        tell(wanted);
    }
}

static int start_kind(struct workloads *workloads, enum target_kind which, struct err *err)
{
    struct workloads_kind *kind = &workloads->kinds[which];
    struct arena arena ARENA_SCOPED = ARENA_INIT(PATH_ROOM);
    kind->objects = (struct collection){.kube = workloads->kube,
                                        .log = workloads->log,
                                        .name = target_kind_names[which].ptr,
                                        .wants = is_wanted,
                                        .changed = object_changed,
                                        .came_whole = list_is_whole,
                                        .context = kind};
    return collection_start(&kind->objects,
                            kube_path(&arena, resources[which], STR_NONE, STR_NONE, NULL), err);
}

void workloads_begin(struct workloads *workloads)
{
    for (int i = 0; i < TARGET_KINDS; i++) {
        workloads->kinds[i].workloads = workloads;
        workloads->kinds[i].kind = (enum target_kind)i;
    }
}

int workloads_start(struct workloads *workloads, struct err *err)
{
    for (int i = 0; i < TARGET_KINDS; i++)
        if (start_kind(workloads, (enum target_kind)i, err) < 0)
            return -1;
    workloads->started = true;
    return 0;
}

/* Its targets have left. */
void workloads_stop(struct workloads *workloads)
{
    for (int i = 0; i < TARGET_KINDS; i++) {
        collection_stop(&workloads->kinds[i].objects);
        free(workloads->kinds[i].wanted);
        workloads->kinds[i].wanted = NULL;
    }
}

const struct kept *target_workload(const struct target *target)
{
    const struct wanted *wanted = target->wanted;
    return collection_find(&wanted->workloads->kinds[wanted->kind].objects, wanted->key);
}

void workloads_ask_again(struct workloads *workloads)
{
    for (int i = 0; workloads->started && i < TARGET_KINDS; i++)
        kube_watch_ask_again(workloads->kinds[i].objects.watch);
}

bool target_is_behind(const struct target *target)
{
    const struct wanted *wanted = target->wanted;
    return kube_watch_is_behind(wanted->workloads->kinds[wanted->kind].objects.watch) ||
           (target->pods.watch && kube_watch_is_behind(target->pods.watch));
}

int target_put(const struct target *target, struct str json, struct err *err)
{
    const struct wanted *wanted = target->wanted;
    return collection_put(&wanted->workloads->kinds[wanted->kind].objects, json, err);
}

void target_doubt(const struct target *target)
{
    struct wanted *wanted = target->wanted;
    wanted->known = false;
    timer_set(timers_of(wanted->workloads), &wanted->again, clock_boot_ms());
}
