/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackworld: a small world for track_decide: a registry, workloads whose pods come up or do not, a
 * clock, and Tracks, whose status is kept as JSON alone, as an API server keeps it. A scenario is a
 * list of lines, of which some change the world and some say what must have happened.
 */
#ifndef PINNACE_TESTS_TRACKWORLD_H
#define PINNACE_TESTS_TRACKWORLD_H

#include "world.h"

#include "pinnace/trackdecide.h"
#include "pinnace/trackhistory.h"
#include "pinnace/when.h"

enum {
    WORLD_TRACKS = 3,
    WORLD_WORKLOADS = 6,
    WORLD_TAGS = 12,
    WORLD_FIELDS = 16,
    WORLD_PODS = 8,
    WORLD_LOG = 64 * 1024,
    READY_AFTER = 5,    /* seconds that good bytes need */
    RESTART_AFTER = 25, /* seconds after which those that restart do */
};

/* What bytes do when they run; bytes are named by one hex digit. */
enum behaviour { DOES_WELL, DOES_CRASH, DOES_HANG, DOES_RESTART };

struct sim_workload {
    char where[64]; /* "production/web" */
    enum target_kind kind;
    char digest; /* '-': none */
    char tag[32];
    char before; /* what ran before */
    int replicas;
    bool there, paused, quota;
    int job;                      /* of a CronJob: 1 a Job of what it has went well */
    int64_t changed_at;           /* the pods of the digest come up since then */
    char revision[24], track[64]; /* the annotations */
    char rolled;                  /* the digest that came with them */
    int64_t generation;
};

struct sim_tag {
    char tag[32], digest;
};

struct sim_track {
    char where[64];
    bool dozes; /* it goes by what the registry had when it looked last */
    struct sim_tag dozing[WORLD_TAGS];
    size_t dozing_count;
    int64_t dozes_since, dozes_until; /* it looks by itself then */
    struct {
        char key[16];
        char value[1024];
    } fields[WORLD_FIELDS];
    size_t field_count;
    int64_t generation, created;
    struct str status; /* as JSON; in the world's arena */
    struct str lost;   /* what its history has of one that was lost; .len 0: nothing */
    bool deleted;

    /* Lost by a crash. */
    bool blind;   /* its pods and the registry are not known yet */
    bool follows; /* its pods, as it said when it was asked last: else nobody knows them */
    bool looked;
    char looked_for[32];    /* the tag that ran as the registry was asked last */
    int64_t looked_through; /* and the revision */
    char asked[8];
    int64_t again_at;
};

struct world {
    struct arena *arena;
    const char *scenario, *line;
    int64_t now, end;
    struct sim_workload workloads[WORLD_WORKLOADS];
    struct sim_track tracks[WORLD_TRACKS];
    size_t workload_count, track_count;
    struct sim_tag tags[WORLD_TAGS];
    size_t tag_count;
    enum behaviour does[128];
    bool is_gone[128]; /* out of the registry */
    bool registry_down, apply_refused;
    bool registry_hangs; /* what is asked for by itself is not answered */

    struct buf log; /* what happened since it was looked at */
    struct buf applies[WORLD_WORKLOADS];
    struct buf book; /* the books at the end */
    unsigned steps;  /* taken so far */
    int crash_after; /* the step after which all memory is lost; 0: after none, -1: after each */
    bool unwritten;  /* property: since the last write an apply without one would be wrong */
    void (*watch)(struct world *world, const struct track_facts *facts,
                  const struct track_decision *decision);
};

static inline struct str digest_of(char c)
{
    static char texts[128][72];
    char *text = texts[(unsigned char)c & 127];
    memcpy(text, "sha256:", 7);
    memset(text + 7, c, 64);
    return (struct str){text, 71};
}

/* The digit of a digest, '-' when there is none. */
static inline char digit_of(struct str digest)
{
    return digest.len > 7 ? digest.ptr[7] : '-';
}

#define WORLD_FAIL(world, ...)                                                                     \
    do {                                                                                           \
        print_error("scenario \"%s\", line \"%s\" (crash %d): ", (world)->scenario, (world)->line, \
                    (world)->crash_after);                                                         \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* --- What stands there, as facts ---------------------------------------------------------------- */

static inline bool come_up(const struct world *world, const struct sim_workload *workload)
{
    enum behaviour does = world->does[(unsigned char)workload->digest];
    return !workload->quota && (does == DOES_WELL || does == DOES_RESTART) &&
           world->now >= workload->changed_at + READY_AFTER;
}

static inline struct str image_of(struct world *world, char digest, const char *tag)
{
    struct str hash = digest == '-' ? STR_NONE : digest_of(digest);
    return json_format(world->arena, WEB "%s%s%s%.*s", tag[0] ? ":" : "", tag, hash.len ? "@" : "",
                       STR_FMT(hash));
}

static inline const char *name_part(const char *where)
{
    return strchr(where, '/') + 1;
}

static inline struct str namespace_part(const char *where)
{
    return (struct str){where, (size_t)(strchr(where, '/') - where)};
}

static inline void facts_of_workload(struct world *world, const struct sim_workload *workload,
                                     struct workload_facts *facts)
{
    bool up = come_up(world, workload);
    *facts = (struct workload_facts){
        .kind = workload->kind,
        .namespace = namespace_part(workload->where),
        .name = str_of(name_part(workload->where)),
        .uid = str_of(workload->where),
        .generation = workload->generation,
        .observed_generation = workload->generation,
        .images = {{STR("web"), image_of(world, workload->digest, workload->tag), false}},
        .image_count = 1,
        .revision = str_of(workload->revision),
        .track = str_of(workload->track),
        .replicas = workload->replicas,
        .updated = workload->paused                ? 0
                   : up || workload->replicas == 0 ? workload->replicas
                                                   : 1,
        .ready = workload->replicas,
        .available = workload->replicas,
        .all = up || workload->paused ? workload->replicas : workload->replicas + 1,
        .paused = workload->paused,
    };
    if (workload->quota && !up)
        facts->replica_failure = STR("exceeded quota: pods");
    if (facts->replicas == 0)
        facts->all = 0;
}

static inline struct pod_facts pod_of_bytes(struct world *world,
                                            const struct sim_workload *workload, char digest)
{
    enum behaviour does = world->does[(unsigned char)digest];
    bool now = digest == workload->digest;
    int64_t age = now ? world->now - workload->changed_at : 1000000;
    struct pod_image *image = arena_new(world->arena, struct pod_image);
    *image = (struct pod_image){
        .container = STR("web"),
        .image = image_of(world, digest, ""),
        .restarts = does == DOES_RESTART && age >= RESTART_AFTER ? 1 : 0,
    };
    if (does == DOES_CRASH && age >= READY_AFTER)
        image->fault = STR("container web crashes again and again");
    return (struct pod_facts){
        .name = json_format(world->arena, "%s-%c", name_part(workload->where), digest),
        .owner_uid = str_of(workload->where),
        .images = image,
        .image_count = 1,
        .begun = true,
        .ready = age >= READY_AFTER && (does == DOES_WELL || does == DOES_RESTART),
        .created_at = world->now - age,
        .ready_since = workload->changed_at + READY_AFTER,
    };
}

static inline size_t pods_of_workload(struct world *world, const struct sim_workload *workload,
                                      struct pod_facts pods[WORLD_PODS])
{
    size_t count = 0;
    if (workload->kind == TARGET_CRON_JOB) {
        if (workload->job) {
            pods[count] = pod_of_bytes(world, workload, workload->digest);
            pods[count].ready = workload->job > 0;
            pods[count].over = true;
            if (workload->job < 0)
                pods[count].fault = STR("Job web-1 failed");
            count++;
        }
        return count;
    }
    if (workload->replicas == 0)
        return 0;
    bool fresh = !workload->paused && !workload->quota && workload->digest != '-';
    if (fresh)
        pods[count++] = pod_of_bytes(world, workload, workload->digest);
    if (!come_up(world, workload) && workload->before != '-')
        pods[count++] = pod_of_bytes(world, workload, workload->before);
    return count;
}

static inline struct sim_workload *workload_at(struct world *world, const char *where)
{
    for (size_t i = 0; i < world->workload_count; i++)
        if (strcmp(world->workloads[i].where, where) == 0)
            return &world->workloads[i];
    return NULL;
}

static inline struct sim_workload *workload_of(struct world *world, struct str namespace,
                                               struct str name)
{
    char where[64];
    snprintf(where, sizeof(where), "%.*s/%.*s", STR_FMT(namespace), STR_FMT(name));
    struct sim_workload *workload = workload_at(world, where);
    return workload && workload->there ? workload : NULL;
}

/* --- Tracks -------------------------------------------------------------------------------------- */

static inline struct str track_json(struct world *world, const struct sim_track *track)
{
    struct buf buf = BUF_INIT(world->arena, 4 * 1024 * 1024);
    buf_addf(&buf, "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%.*s\",\"generation\":%lld,",
             name_part(track->where), STR_FMT(namespace_part(track->where)),
             (long long)track->generation);
    buf_add(&buf, STR("\"creationTimestamp\":\""));
    struct buf when = BUF_INIT(world->arena, 64);
    buf_add_when(&when, track->created);
    buf_add(&buf, finished(&when));
    buf_addf(&buf, "\"%s},\"spec\":{\"image\":\"" WEB "\"",
             track->deleted ? ",\"deletionTimestamp\":\"2026-11-21T09:30:00Z\"" : "");
    for (size_t i = 0; i < track->field_count; i++)
        if (track->fields[i].value[0])
            buf_addf(&buf, ",\"%s\":%s", track->fields[i].key, track->fields[i].value);
    buf_addf(&buf, "},\"status\":%.*s}", (int)track->status.len, track->status.ptr);
    return finished(&buf);
}

struct seen_track {
    struct trackspec spec;
    struct trackbook book;
};

static inline struct seen_track *see_track(struct world *world, const struct sim_track *track,
                                           struct arena *arena)
{
    struct seen_track *seen = arena_new(arena, struct seen_track);
    struct err err = ERR_CLEAN;
    struct str json = track_json(world, track);
    if (trackspec_read(json, arena, &seen->spec, &err) < 0 ||
        trackbook_read(json, arena, &seen->book, &err) < 0 ||
        (!seen->book.begun && track_history_recall(&(struct track_history){.status = track->lost},
                                                   arena, &seen->book, &err) < 0))
        WORLD_FAIL(world, "%s: %s", track->where, err.text);
    return seen;
}

static inline char tag_means(const struct sim_tag *tags, size_t count, struct str tag)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(str_of(tags[i].tag), tag))
            return tags[i].digest;
    return '-';
}

static inline struct registry_facts ask_registry(struct world *world, struct sim_track *track,
                                                 const struct seen_track *seen, struct arena *arena)
{
    struct registry_facts facts = {0};
    if (!track->looked) { /* what runs may be another one by the time of the answer */
        snprintf(track->looked_for, sizeof(track->looked_for), "%.*s",
                 STR_FMT(seen->book.current.tag));
        track->looked_through = seen->book.current.revision;
    }
    track->looked = true;
    if (track->blind)
        return facts;
    facts.at = 1;
    if (world->registry_down)
        facts.error = STR("connection refused");
    const struct sim_tag *tags = track->dozes ? track->dozing : world->tags;
    size_t tag_count = track->dozes ? track->dozing_count : world->tag_count;
    struct tag_follow follow = seen->spec.follow;
    struct tag_pick *pick = arena_new(arena, struct tag_pick);
    follow.current = seen->book.current.tag;
    for (size_t i = 0; i < tag_count; i++)
        tag_pick_add(pick, &follow, str_of(tags[i].tag));
    facts.tag = tag_picked(pick);
    if (facts.tag.len)
        facts.digest = digest_of(tag_means(tags, tag_count, facts.tag));
    facts.running_tag = str_of(track->looked_for);
    facts.revision = track->looked_through;
    char running = tag_means(tags, tag_count, facts.running_tag);
    if (facts.running_tag.len && running != '-')
        facts.running_digest = digest_of(running);
    else
        facts.running_tag_gone = facts.running_tag.len > 0;
    size_t count = strlen(track->asked);
    struct presence_fact *asked = arena_array(arena, struct presence_fact, count);
    for (size_t i = 0; i < count; i++)
        asked[i] = (struct presence_fact){digest_of(track->asked[i]),
                                          world->registry_down ? PRESENCE_UNKNOWN
                                          : world->is_gone[(unsigned char)track->asked[i]]
                                              ? PRESENCE_GONE
                                              : PRESENCE_THERE};
    facts.asked = asked;
    facts.asked_count = count;
    return facts;
}

static inline struct sim_track *track_at(struct world *world, struct str namespace, struct str name)
{
    for (size_t i = 0; i < world->track_count; i++)
        if (str_eq(namespace_part(world->tracks[i].where), namespace) &&
            str_eq(str_of(name_part(world->tracks[i].where)), name))
            return &world->tracks[i];
    return NULL;
}

static inline void add_downstream(struct world *world, const struct sim_track *track,
                                  struct track_facts *facts, struct arena *arena)
{
    struct str *awaited = arena_array(arena, struct str, WORLD_TRACKS);
    for (size_t i = 0; i < world->track_count; i++) {
        const struct seen_track *other = see_track(world, &world->tracks[i], arena);
        if (!other->spec.from.track.len ||
            track_at(world, other->spec.from.namespace, other->spec.from.track) != track)
            continue;
        if (other->spec.from.soak > facts->proof_wanted)
            facts->proof_wanted = other->spec.from.soak;
        if (book_awaits_proof(&other->book))
            awaited[facts->awaited_count++] = other->book.candidate.digest;
    }
    facts->awaited = awaited;
}

static inline void add_beside(struct world *world, const struct sim_track *track,
                              struct track_facts *facts, struct arena *arena)
{
    const struct trackspec **beside = arena_array(arena, const struct trackspec *, WORLD_TRACKS);
    for (size_t i = 0; i < world->track_count; i++)
        if (&world->tracks[i] != track &&
            str_eq(namespace_part(world->tracks[i].where), namespace_part(track->where)))
            beside[facts->beside_count++] = &see_track(world, &world->tracks[i], arena)->spec;
    facts->beside = beside;
}

static inline struct track_facts facts_for(struct world *world, struct sim_track *track,
                                           const struct seen_track *seen, struct arena *arena)
{
    struct target_facts *targets = arena_array(arena, struct target_facts, TRACK_TARGETS_MAX);
    struct track_facts facts = {
        .spec = &seen->spec, .book = &seen->book, .targets = targets, .now = world->now};
    for (size_t i = 0; i < seen->spec.target_count; i++) {
        struct sim_workload *workload =
            workload_of(world, seen->spec.namespace, seen->spec.targets[i].name);
        if (!workload)
            continue;
        struct workload_facts *own = arena_new(arena, struct workload_facts);
        struct pod_facts *pods = arena_array(arena, struct pod_facts, WORLD_PODS);
        facts_of_workload(world, workload, own);
        targets[i].workload = own;
        targets[i].pods_known = !track->blind && track->follows;
        targets[i].pods = pods;
        targets[i].pod_count = targets[i].pods_known ? pods_of_workload(world, workload, pods) : 0;
    }
    facts.registry = ask_registry(world, track, seen, arena);
    if (world->apply_refused)
        facts.apply_error = STR("forbidden");
    struct sim_track *source =
        seen->spec.from.track.len
            ? track_at(world, seen->spec.from.namespace, seen->spec.from.track)
            : NULL;
    facts.source.known = true;
    if (source) {
        const struct seen_track *other = see_track(world, source, arena);
        facts.source.spec = &other->spec;
        facts.source.book = &other->book;
    }
    add_downstream(world, track, &facts, arena);
    add_beside(world, track, &facts, arena);
    return facts;
}

#endif
