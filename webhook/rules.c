/* SPDX-License-Identifier: Apache-2.0 */
/* rules: see the header. */
#include "rules.h"

#include <stdio.h>

#include "pinnace/clock.h"
#include "pinnace/file.h"

#include "pinnace/banned.h"

enum {
    SHELF_MAX_BYTES = 8 * 1024 * 1024, /* two snapshots of it, old and new, are ten times that */
    OBJECT_ROOM = 16 * POLICY_MAX_BYTES,
    PAUSE_MS = 50, /* between two snapshots: many changes at once make one */
    AGAIN_MS = 5000,
    ROOM_AGAIN_MS = 10 * 1000, /* from when there is some until what had none is listed again */
    MAKE_ROOM_MS = 60 * 1000,  /* while there is none, what has ended is looked for so often */
    ENDED_FOR_S = 3600,        /* by our clock, which may be ahead */
};

static const struct {
    struct kube_resource resource;
    const char *name;
    size_t share; /* of one namespace */
} sources[RULE_KINDS] = {
    [RULE_PIN_POLICY] = {{"/apis/" PINNACE_API_VERSION, "pinpolicies"},
                         "PinPolicy",
                         SHELF_MAX_BYTES},
    [RULE_EXEMPTION] = {{"/apis/" PINNACE_API_VERSION, "exemptions"},
                        "Exemption",
                        SHELF_MAX_BYTES / 16},
    [RULE_TRACK] = {{"/apis/" PINNACE_API_VERSION, "tracks"}, "Track", SHELF_MAX_BYTES / 4},
};

/* ---- what is in force ---- */

/* The shelf's text goes with the next change of the object: strings of the snapshot are its own. */
static int add_track(struct snapshot *snapshot, struct str json, struct err *err)
{
    struct str own = arena_copy(&snapshot->arena, json);
    if (!own.ptr)
        return err_no_memory(err);
    return ledger_add(&snapshot->ledger, own, &snapshot->arena, err);
}

static int build(const struct rules *rules, struct snapshot *snapshot, struct err *err)
{
    for (int kind = 0; kind < RULE_KINDS; kind++) {
        const struct shelf *shelf = &rules->kinds[kind].shelf;
        for (size_t i = 0; i < shelf->count; i++) {
            struct str json = shelf->items[i]->json;
            if (!json.len)
                continue;
            if ((kind == RULE_TRACK
                     ? add_track(snapshot, json, err)
                     : policy_add(&snapshot->policy, json, &snapshot->arena, err)) < 0)
                return -1;
        }
    }
    snapshot->has_ledger = !rules->kinds[RULE_TRACK].absent;
    return 0;
}

static int publish(struct rules *rules, struct err *err)
{
    struct snapshot *snapshot __attribute__((cleanup(snapshot_free))) = snapshot_new();
    if (!snapshot)
        return err_no_memory(err);
    if (build(rules, snapshot, err) < 0)
        return -1;
    snapshots_publish(rules->snapshots, snapshot);
    snapshot = NULL;
    return 0;
}

/*
 * A PinPolicy may forbid more than the built-in one does; so one that could never be read, or not
 * even be told by its name, is not taken for none. Exemptions only allow.
 */
static bool may_publish(const struct rules *rules)
{
    static const struct shelf_key name = {.name = STR_INIT("default")};
    for (int kind = 0; kind < RULE_KINDS; kind++)
        if (!rules->kinds[kind].whole && !rules->kinds[kind].absent)
            return false;
    const struct shelf_item *item = shelf_find(&rules->kinds[RULE_PIN_POLICY].shelf, name);
    if (!item)
        return rules->published_at || !rules->kinds[RULE_PIN_POLICY].lost;
    return rules->published_at || item->json.len;
}

static void publish_soon(struct rules *rules)
{
    int64_t now = clock_boot_ms(), due = rules->published_at + PAUSE_MS;
    if (!rules->changed_at)
        rules->changed_at = now;
    if (may_publish(rules) && !rules->publish.set)
        timer_set(http_timers(kube_http(rules->kube)), &rules->publish, due > now ? due : now);
}

static void log_published(struct rules *rules)
{
    const struct log_field fields[] = {
        LOG_NUMBER("pinPolicies", (int64_t)rules->kinds[RULE_PIN_POLICY].shelf.count),
        LOG_NUMBER("exemptions", (int64_t)rules->kinds[RULE_EXEMPTION].shelf.count),
        LOG_NUMBER("tracks", (int64_t)rules->kinds[RULE_TRACK].shelf.count),
    };
    log_write(rules->log, LOG_INFO, "policy loaded", fields, 3);
}

static void publish_now(void *context)
{
    struct rules *rules = context;
    struct err err;
    if (publish(rules, &err) == 0) {
        counter_add(&rules->counters->reloads);
        log_published(rules);
        rules->published_at = clock_boot_ms();
        rules->changed_at = 0;
        return;
    }
    const struct log_field field = LOG_TEXT("error", str_of(err.text));
    counter_add(&rules->counters->failed_reloads);
    log_write(rules->log, LOG_ERROR, "policy not loaded", &field, 1);
    timer_set(http_timers(kube_http(rules->kube)), &rules->publish, clock_boot_ms() + AGAIN_MS);
}

/* ---- what comes of the cluster ---- */

static void log_bad(const struct rules_kind *kind, struct shelf_key key, const struct err *err)
{
    const struct log_field fields[] = {
        LOG_TEXT("kind", str_of(sources[kind->kind].name)),
        LOG_TEXT("namespace", key.namespace),
        LOG_TEXT("name", key.name),
        LOG_TEXT("error", str_of(err->text)),
    };
    log_write(kind->rules->log, LOG_ERROR, "object not usable", fields, 4);
}

static void count_bad(const struct rules *rules)
{
    size_t bad = 0;
    for (int kind = 0; kind < RULE_KINDS; kind++)
        bad += shelf_count_bad(&rules->kinds[kind].shelf) + rules->kinds[kind].lost;
    atomic_store(&rules->counters->bad_objects, bad);
}

/* As it would count if it were alone; *ret_kept is what of it is worth keeping, *ret_end until when. */
static int try_out(enum rule_kind kind, struct str json, struct arena *arena, struct str *ret_kept,
                   int64_t *ret_end, struct err *err)
{
    struct policy policy = policy_builtin;
    struct ledger ledger = {0};
    struct buf kept = BUF_INIT(arena, OBJECT_ROOM);
    *ret_end = 0;
    if (kind != RULE_TRACK) {
        if (policy_add(&policy, json, arena, err) < 0)
            return -1;
        if (kind == RULE_EXEMPTION)
            *ret_end = policy.exemptions->expires + ENDED_FOR_S;
        return policy_essence(json, arena, ret_kept, err);
    }
    if (ledger_add(&ledger, json, arena, err) < 0)
        return -1;
    buf_add_track(&kept, ledger.tracks);
    return buf_finish(&kept, ret_kept, err);
}

/* False when it says what it said before, as a Track mostly does that has only counted on. */
static bool keep(struct rules_kind *kind, struct shelf_key key, struct str json,
                 struct arena *arena)
{
    struct err err;
    struct str essence;
    int64_t end;
    const struct shelf_item *before = shelf_find(&kind->shelf, key);
    bool usable = try_out(kind->kind, json, arena, &essence, &end, &err) == 0;
    bool same = usable && kind->kind == RULE_TRACK && before && !before->bad &&
                str_eq(before->json, essence);
    if (usable && end && end <= clock_now()) {
        shelf_remove(&kind->shelf, key);
        return before != NULL;
    }
    kind->shelf.now = clock_now();
    if (usable && shelf_put(&kind->shelf, key, essence, &err) == 0) {
        shelf_set_end(&kind->shelf, key, end);
        return !same;
    }
    if (!usable || err.kind != ERR_LIMIT || kind->shelf.news)
        log_bad(kind, key, &err);
    if (shelf_put_bad(&kind->shelf, key, &err) < 0)
        kind->lost++;
    return true;
}

/* What had no room is not here to be put: it has to be listed. */
static void list_again_if_room(struct rules_kind *kind, size_t bytes_before)
{
    struct timers *timers = http_timers(kube_http(kind->rules->kube));
    if (shelf_is_full(&kind->shelf) && kind->shelf.bytes < bytes_before && !kind->list_again.set)
        timer_set(timers, &kind->list_again, clock_boot_ms() + ROOM_AGAIN_MS);
}

/* As long as something has no room. */
static void make_room(void *context)
{
    struct rules_kind *kind = context;
    size_t bytes_before = kind->shelf.bytes;
    kind->shelf.now = clock_now();
    if (shelf_drop_ended(&kind->shelf) > 0)
        publish_soon(kind->rules);
    list_again_if_room(kind, bytes_before);
    if (shelf_is_full(&kind->shelf))
        timer_set(http_timers(kube_http(kind->rules->kube)), &kind->make_room,
                  clock_boot_ms() + MAKE_ROOM_MS);
}

static void list_now(void *context)
{
    struct rules_kind *kind = context;
    kube_watch_list_again(kind->watch);
}

static void object_came(void *context, enum kube_change change, struct str json)
{
    struct rules_kind *kind = context;
    struct arena arena ARENA_SCOPED = ARENA_INIT(OBJECT_ROOM);
    struct object object;
    struct err err;
    bool changed = true;
    if (object_read(json, &arena, &object, &err) < 0) {
        log_bad(kind, (struct shelf_key){STR_NONE, STR_NONE}, &err);
        kind->lost++;
        return;
    }
    struct shelf_key key = {object.namespace, object.name};
    size_t bytes_before = kind->shelf.bytes;
    if (change == KUBE_DELETED)
        shelf_remove(&kind->shelf, key);
    else
        changed = keep(kind, key, json, &arena);
    if (change != KUBE_LISTED && changed) {
        list_again_if_room(kind, bytes_before);
        count_bad(kind->rules);
        publish_soon(kind->rules);
    }
}

static void list_begins(void *context)
{
    struct rules_kind *kind = context;
    kind->lost = 0;
    shelf_begin(&kind->shelf);
}

static void list_is_whole(void *context)
{
    struct rules_kind *kind = context;
    bool was_full = shelf_is_full(&kind->shelf);
    size_t bytes_before = kind->shelf.bytes;
    if (!kind->lost || kind->kind == RULE_EXEMPTION)
        shelf_whole(&kind->shelf);
    kind->whole = true;
    kind->absent = false;
    list_again_if_room(kind, bytes_before);
    make_room(kind);
    if (was_full && !shelf_is_full(&kind->shelf)) {
        const struct log_field field = LOG_TEXT("kind", str_of(sources[kind->kind].name));
        log_write(kind->rules->log, LOG_INFO, "room for all objects again", &field, 1);
    }
    count_bad(kind->rules);
    publish_soon(kind->rules);
}

/* Releases are for those who want them: a cluster without that kind has no ledger, and all the rest. */
static void has_no_tracks(struct rules_kind *kind)
{
    const struct log_field field = LOG_TEXT("kind", str_of(sources[kind->kind].name));
    kind->asked_at = clock_boot_ms();
    if (kind->absent)
        return;
    log_write(kind->rules->log, LOG_INFO, "the cluster has no such kind", &field, 1);
    shelf_begin(&kind->shelf);
    shelf_whole(&kind->shelf);
    kind->absent = true;
    kind->whole = false;
    kind->lost = 0;
    count_bad(kind->rules);
    publish_soon(kind->rules);
}

/*
 * A watch that ends now and then is how it goes; what does not pass by itself, or goes
 * on for long, is for a person.
 */
static void trouble_came(void *context, const struct kube_error *error, int64_t again_ms)
{
    struct rules_kind *kind = context;
    const struct log_field fields[] = {
        LOG_TEXT("kind", str_of(sources[kind->kind].name)),
        LOG_TEXT("error", str_of(error->text)),
        LOG_NUMBER("againMs", again_ms),
    };
    if (kind->kind == RULE_TRACK && error->fault == KUBE_NOT_FOUND) {
        has_no_tracks(kind);
        return;
    }
    counter_add(&kind->rules->counters->watch_failures);
    bool passing = kube_fault_is_passing(error->fault) &&
                   kube_watch_failures(kind->watch) < KUBE_WATCH_FAILURES;
    log_write(kind->rules->log, passing ? LOG_INFO : LOG_WARNING, "watch trouble", fields, 3);
}

/* ---- from outside ---- */

static int follow(struct rules *rules, enum rule_kind which, struct err *err)
{
    struct rules_kind *kind = &rules->kinds[which];
    const struct kube_watch_handlers handlers = {.begin = list_begins,
                                                 .object = object_came,
                                                 .whole = list_is_whole,
                                                 .trouble = trouble_came,
                                                 .context = kind};
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024);
    struct str path = kube_path(&arena, sources[which].resource, STR_NONE, STR_NONE, NULL);
    *kind = (struct rules_kind){.rules = rules,
                                .kind = which,
                                .shelf = SHELF_INIT(SHELF_MAX_BYTES, sources[which].share),
                                .list_again = {.fire = list_now, .context = kind},
                                .make_room = {.fire = make_room, .context = kind}};
    return kube_watch_start(rules->kube, path, &handlers, &kind->watch, err);
}

int rules_start(struct rules *rules, struct err *err)
{
    rules->publish = (struct timer){.fire = publish_now, .context = rules};
    for (int kind = 0; kind < RULE_KINDS; kind++)
        if (follow(rules, (enum rule_kind)kind, err) < 0)
            return -1;
    return 0;
}

void rules_stop(struct rules *rules)
{
    timer_clear(http_timers(kube_http(rules->kube)), &rules->publish);
    for (int kind = 0; kind < RULE_KINDS; kind++) {
        timer_clear(http_timers(kube_http(rules->kube)), &rules->kinds[kind].list_again);
        timer_clear(http_timers(kube_http(rules->kube)), &rules->kinds[kind].make_room);
        kube_watch_stop(&rules->kinds[kind].watch);
        shelf_free(&rules->kinds[kind].shelf);
    }
}

int64_t rules_fresh_at(const struct rules *rules)
{
    int64_t oldest = rules->changed_at ? rules->changed_at : INT64_MAX;
    if (!rules->published_at)
        return 0;
    for (int kind = 0; kind < RULE_KINDS; kind++) {
        const struct rules_kind *each = &rules->kinds[kind];
        int64_t at = each->absent ? each->asked_at : kube_watch_fresh_at(each->watch);
        if (at < oldest)
            oldest = at;
    }
    return oldest;
}
