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
#include "pinnace/when.h"

#include "rollout_stand_in.h"

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
    int job;            /* of a CronJob: 1 a Job of what it has went well */
    int64_t changed_at; /* the pods of the digest come up since then */
    char revision[24];  /* the annotation */
    int64_t generation;
};

struct sim_track {
    char where[64];
    struct {
        char key[16];
        char value[1024];
    } fields[WORLD_FIELDS];
    size_t field_count;
    int64_t generation, created;
    struct str status; /* as JSON; in the world's arena */
    bool deleted;

    /* Lost by a crash. */
    bool blind; /* its pods and the registry are not known yet */
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
    struct {
        char tag[32], digest;
    } tags[WORLD_TAGS];
    size_t tag_count;
    enum behaviour does[128];
    bool is_gone[128]; /* out of the registry */
    bool registry_down, apply_refused;

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
    struct pod_facts pod = {
        .images = {{STR("web"), image_of(world, digest, ""), false}},
        .image_count = 1,
        .scheduled = true,
        .ready = age >= READY_AFTER && (does == DOES_WELL || does == DOES_RESTART),
        .ready_since = workload->changed_at + READY_AFTER,
        .restarts = does == DOES_RESTART && age >= RESTART_AFTER ? 1 : 0,
    };
    if (does == DOES_CRASH && age >= READY_AFTER)
        pod.fault = STR("container web crashes again and again");
    return pod;
}

static inline size_t pods_of_workload(struct world *world, const struct sim_workload *workload,
                                      struct pod_facts pods[WORLD_PODS])
{
    size_t count = 0;
    if (workload->kind == TARGET_CRON_JOB) {
        if (workload->job) {
            pods[count] = pod_of_bytes(world, workload, workload->digest);
            pods[count].ready = workload->job > 0;
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
        trackbook_read(json, arena, &seen->book, &err) < 0)
        WORLD_FAIL(world, "%s: %s", track->where, err.text);
    return seen;
}

static inline char tag_means(const struct world *world, struct str tag)
{
    for (size_t i = 0; i < world->tag_count; i++)
        if (str_eq(str_of(world->tags[i].tag), tag))
            return world->tags[i].digest;
    return '-';
}

static inline struct registry_facts ask_registry(struct world *world, struct sim_track *track,
                                                 const struct seen_track *seen, struct arena *arena)
{
    struct registry_facts facts = {0};
    if (track->blind)
        return facts;
    facts.at = 1;
    if (world->registry_down)
        facts.error = STR("connection refused");
    struct tag_follow follow = seen->spec.follow;
    struct tag_pick *pick = arena_new(arena, struct tag_pick);
    follow.current = seen->book.current.tag;
    for (size_t i = 0; i < world->tag_count; i++)
        tag_pick_add(pick, &follow, str_of(world->tags[i].tag));
    facts.tag = tag_picked(pick);
    if (facts.tag.len)
        facts.digest = digest_of(tag_means(world, facts.tag));
    facts.running_tag = seen->book.current.tag;
    if (facts.running_tag.len && tag_means(world, facts.running_tag) != '-')
        facts.running_digest = digest_of(tag_means(world, facts.running_tag));
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

static inline void add_awaited(struct world *world, const struct sim_track *track,
                               struct track_facts *facts, struct arena *arena)
{
    struct str *awaited = arena_array(arena, struct str, WORLD_TRACKS);
    for (size_t i = 0; i < world->track_count; i++) {
        const struct seen_track *other = see_track(world, &world->tracks[i], arena);
        if (other->spec.from.track.len && book_awaits_proof(&other->book) &&
            track_at(world, other->spec.from.namespace, other->spec.from.track) == track)
            awaited[facts->awaited_count++] = other->book.candidate.digest;
    }
    facts->awaited = awaited;
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
        targets[i].pods_known = !track->blind;
        targets[i].pods = pods;
        targets[i].pod_count = track->blind ? 0 : pods_of_workload(world, workload, pods);
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
    add_awaited(world, track, &facts, arena);
    return facts;
}

/* --- Steps --------------------------------------------------------------------------------------- */

static inline void note(struct world *world, const struct sim_track *track, const char *what,
                        const char *rest, char digit)
{
    if (world->log.len)
        buf_add(&world->log, STR(", "));
    if (world->track_count > 1)
        buf_addf(&world->log, "%c:", track->where[0]);
    buf_addf(&world->log, "%s%s%s", what, rest[0] ? " " : "", rest);
    if (digit != '-')
        buf_addf(&world->log, " %c", digit);
}

/* The digit of the first digest in a text. */
static inline char digit_in(struct str text)
{
    for (size_t i = 0; i + 8 <= text.len; i++)
        if (str_starts(str_tail(text, i), STR("sha256:")))
            return text.ptr[i + 7];
    return '-';
}

static inline void do_write(struct world *world, struct sim_track *track,
                            const struct track_decision *decision)
{
    struct buf buf = BUF_INIT(world->arena, BOOK_MAX_BYTES);
    trackbook_write(&buf, decision->book);
    track->status = finished(&buf);
    for (size_t i = 0; i < decision->event_count; i++)
        note(world, track, decision->events[i].reason, "", digit_in(decision->events[i].text));
}

static inline void do_apply(struct world *world, struct sim_track *track,
                            const struct seen_track *seen, const struct track_decision *decision)
{
    struct str name = seen->spec.targets[decision->target].name;
    struct sim_workload *workload = workload_of(world, seen->spec.namespace, name);
    struct imageref ref;
    if (world->apply_refused)
        return;
    if (!workload || imageref_parse(decision->image, &ref) != IMAGEREF_OK ||
        !str_eq(ref.digest, decision->digest))
        WORLD_FAIL(world, "cannot apply %.*s to %.*s", STR_FMT(decision->image), STR_FMT(name));
    if (workload->digest == digit_of(ref.digest))
        WORLD_FAIL(world, "%.*s has %.*s already", STR_FMT(name), STR_FMT(decision->image));
    if (come_up(world, workload) || workload->before == '-')
        workload->before = workload->digest;
    workload->digest = digit_of(ref.digest);
    workload->changed_at = world->now;
    workload->job = 0;
    workload->generation++;
    snprintf(workload->tag, sizeof(workload->tag), "%.*s", STR_FMT(ref.tag));
    snprintf(workload->revision, sizeof(workload->revision), "%lld", (long long)decision->revision);
    note(world, track, "apply", name_part(workload->where), workload->digest);
    buf_addf(&world->applies[workload - world->workloads], "%s=%c:%s@%lld ", workload->where,
             workload->digest, workload->tag, (long long)world->now);
}

static inline void lose_memory(struct world *world)
{
    for (size_t i = 0; i < world->track_count; i++) {
        world->tracks[i].blind = true;
        world->tracks[i].asked[0] = '\0';
        world->tracks[i].again_at = 0;
    }
}

/* Asks once, does what comes of it; false when it rests. */
static inline bool take_step(struct world *world, struct sim_track *track)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct seen_track *seen = see_track(world, track, &arena);
    struct track_facts facts = facts_for(world, track, seen, &arena);
    struct track_decision decision = {.step = STEP_REST};
    struct err err = ERR_CLEAN;
    if (track_decide(&facts, &arena, &decision, &err) < 0)
        WORLD_FAIL(world, "%s: %s", track->where, err.text);
    if (world->watch)
        world->watch(world, &facts, &decision);
    bool was_blind = track->blind;
    track->blind = false;
    track->again_at = decision.again_at;
    if (decision.step == STEP_WRITE)
        do_write(world, track, &decision);
    else if (decision.step == STEP_APPLY)
        do_apply(world, track, seen, &decision);
    else if (decision.step == STEP_ASK)
        track->asked[strlen(track->asked)] = digit_of(decision.digest);
    if (decision.step == STEP_REST || (decision.step == STEP_APPLY && world->apply_refused))
        return was_blind;
    world->steps++;
    /* An answer has to be heard in one life, or it is asked for ever. */
    bool each = world->crash_after < 0 && decision.step != STEP_ASK;
    if (each || world->steps == (unsigned)world->crash_after)
        lose_memory(world);
    return true;
}

static inline void settle(struct world *world)
{
    bool busy = true;
    for (int rounds = 0; busy; rounds++) {
        busy = false;
        if (rounds > 500)
            WORLD_FAIL(world, "it does not come to rest: %.*s", STR_FMT(finished(&world->log)));
        for (size_t i = 0; i < world->track_count; i++)
            busy = take_step(world, &world->tracks[i]) || busy;
    }
}

static inline void earliest(int64_t *next, int64_t at, int64_t now)
{
    if (at > now && at < *next)
        *next = at;
}

static inline void wait_for_seconds(struct world *world, int64_t seconds)
{
    int64_t end = world->now + seconds;
    settle(world);
    while (world->now < end) {
        int64_t next = end;
        for (size_t i = 0; i < world->track_count; i++)
            earliest(&next, world->tracks[i].again_at, world->now);
        for (size_t i = 0; i < world->workload_count; i++) {
            earliest(&next, world->workloads[i].changed_at + READY_AFTER, world->now);
            earliest(&next, world->workloads[i].changed_at + RESTART_AFTER, world->now);
        }
        world->now = next;
        for (size_t i = 0; i < world->track_count; i++)
            world->tracks[i].asked[0] = '\0'; /* what is known of presence gets old */
        settle(world);
    }
}

/* --- Lines --------------------------------------------------------------------------------------- */

/* Takes the next word of a line. */
static inline const char *next_word(const char **line, char *out, size_t size)
{
    while (**line == ' ')
        ++*line;
    size_t len = strcspn(*line, " ");
    snprintf(out, size, "%.*s", (int)len, *line);
    *line += len;
    while (**line == ' ')
        ++*line;
    return out;
}

/* ' becomes ", @2 the digest of that digit, # the time. */
static inline void expand(struct world *world, const char *text, char *out, size_t size)
{
    size_t len = 0;
    for (; *text && len + 80 < size; text++) {
        if (*text == '\'') {
            out[len++] = '"';
        } else if (*text == '@') {
            struct str digest = digest_of(*++text);
            memcpy(out + len, digest.ptr, digest.len);
            len += digest.len;
        } else if (*text == '#') {
            struct arena arena ARENA_SCOPED = ARENA_INIT(4096);
            struct buf when = BUF_INIT(&arena, 64);
            buf_add_when(&when, world->now);
            struct str stamp = finished(&when);
            memcpy(out + len, stamp.ptr, stamp.len);
            len += stamp.len;
        } else {
            out[len++] = *text;
        }
    }
    out[len] = '\0';
}

static inline void set_field(struct world *world, struct sim_track *track, const char *key,
                             const char *value)
{
    size_t i = 0;
    while (i < track->field_count && strcmp(track->fields[i].key, key) != 0)
        i++;
    if (i == track->field_count) {
        track->field_count++;
        snprintf(track->fields[i].key, sizeof(track->fields[i].key), "%s", key);
    }
    expand(world, value, track->fields[i].value, sizeof(track->fields[i].value));
    track->generation++;
}

static inline struct sim_track *find_track(struct world *world, const char *where)
{
    const char *slash = strchr(where, '/');
    struct sim_track *track =
        slash ? track_at(world, namespace_part(where), str_of(slash + 1)) : NULL;
    if (!track)
        WORLD_FAIL(world, "there is no Track %s", where);
    return track;
}

static inline void make_track(struct world *world, const char *where)
{
    char targets[128];
    struct sim_track *track = &world->tracks[world->track_count++];
    *track = (struct sim_track){.created = world->now, .status = STR("null"), .blind = true};
    snprintf(track->where, sizeof(track->where), "%s", where);
    snprintf(targets, sizeof(targets), "[{'kind':'Deployment','name':'%s'}]", name_part(where));
    set_field(world, track, "targets", targets);
    set_field(world, track, "follow", "{'tag':'latest'}");
}

static inline void make_workload(struct world *world, enum target_kind kind, const char *rest)
{
    char where[64], digest[8], tag[32];
    next_word(&rest, where, sizeof(where));
    struct sim_workload *workload = workload_at(world, where);
    if (!workload)
        workload = &world->workloads[world->workload_count++];
    *workload = (struct sim_workload){.kind = kind,
                                      .there = true,
                                      .replicas = 2,
                                      .before = '-',
                                      .changed_at = world->now - 100,
                                      .generation = 1};
    workload->digest = next_word(&rest, digest, sizeof(digest))[0];
    snprintf(workload->where, sizeof(workload->where), "%s", where);
    snprintf(workload->tag, sizeof(workload->tag), "%s", next_word(&rest, tag, sizeof(tag)));
}

/* Another hand. */
static inline void set_image(struct world *world, struct sim_workload *workload, const char *rest)
{
    char digest[8], tag[32];
    workload->before = workload->digest;
    workload->digest = next_word(&rest, digest, sizeof(digest))[0];
    snprintf(workload->tag, sizeof(workload->tag), "%s", next_word(&rest, tag, sizeof(tag)));
    workload->changed_at = world->now;
    workload->job = 0;
    workload->generation++;
}

static inline void push(struct world *world, const char *rest)
{
    char tag[32], digest[8];
    next_word(&rest, tag, sizeof(tag));
    next_word(&rest, digest, sizeof(digest));
    size_t i = 0;
    while (i < world->tag_count && strcmp(world->tags[i].tag, tag) != 0)
        i++;
    if (digest[0] == '-') {
        world->tags[i] = world->tags[--world->tag_count];
        return;
    }
    world->tag_count += i == world->tag_count;
    snprintf(world->tags[i].tag, sizeof(world->tags[i].tag), "%s", tag);
    world->tags[i].digest = digest[0];
}

static inline enum behaviour behaviour_of(const char *word)
{
    static const char *const words[] = {"well", "crash", "hang", "restart"};
    for (int i = 0; i < (int)COUNT(words); i++)
        if (strcmp(words[i], word) == 0)
            return (enum behaviour)i;
    fail_msg("no behaviour %s", word);
    return DOES_WELL;
}

/* What was done since the last look, and nothing else. */
static inline void expect_log(struct world *world, const char *want)
{
    struct str got = world->log.len ? finished(&world->log) : STR("nothing");
    if (!str_eq(got, str_of(want)) && world->crash_after == 0)
        WORLD_FAIL(world, "what was done is\n  \"%.*s\", not\n  \"%s\"", STR_FMT(got), want);
    world->log = BUF_INIT(world->arena, WORLD_LOG);
}

/* "production/web Waiting 2 1 3 Proof": phase, current, to go back to, candidate, what it awaits. */
static inline void expect_book(struct world *world, const char *rest)
{
    char where[64], got[128];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    const struct trackbook *book = &see_track(world, track, &arena)->book;
    snprintf(got, sizeof(got), "%s %c %c %c %s", track_phase_names[book->phase].ptr,
             digit_of(book->current.digest), digit_of(book->previous_good.digest),
             digit_of(book->candidate.digest),
             book->candidate.digest.len ? candidate_wait_names[book->candidate.waits].ptr : "-");
    if (strcmp(got, rest) != 0)
        WORLD_FAIL(world, "%s is\n  \"%s\", not\n  \"%s\"", where, got, rest);
}

/* "production/web Drifted True AnotherHand part of the message" */
static inline void expect_condition(struct world *world, const char *rest)
{
    char where[64], name[32], got[128];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    const struct trackbook *book = &see_track(world, track, &arena)->book;
    static const char *const statuses[] = {"Unknown", "True", "False"};
    next_word(&rest, name, sizeof(name));
    for (size_t i = 0; i < TRACK_CONDITIONS; i++) {
        const struct book_condition *condition = &book->conditions[i];
        if (!str_eq(track_condition_names[i], str_of(name)))
            continue;
        snprintf(got, sizeof(got), "%s %.*s", statuses[condition->status],
                 STR_FMT(condition->reason));
        size_t len = strlen(got);
        bool good = strncmp(got, rest, len) == 0 &&
                    (!rest[len] || text_has(condition->message, str_of(rest + len + 1)));
        if (!good)
            WORLD_FAIL(world, "%s of %s is\n  \"%s %.*s\", not\n  \"%s\"", name, where, got,
                       STR_FMT(condition->message), rest);
        return;
    }
    WORLD_FAIL(world, "there is no condition %s", name);
}

/* The rows of the book, newest first: "2Failed 1Healthy". */
static inline void expect_rows(struct world *world, const char *rest)
{
    char where[64];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    const struct trackbook *book = &see_track(world, track, &arena)->book;
    struct buf got = BUF_INIT(&arena, 4096);
    for (size_t i = 0; i < book->row_count; i++)
        buf_addf(&got, "%s%c%s", i ? " " : "", digit_of(book->rows[i].digest),
                 row_state_names[book->rows[i].state].ptr);
    if (!str_eq(finished(&got), str_of(rest)))
        WORLD_FAIL(world, "the rows are\n  \"%.*s\", not\n  \"%s\"", STR_FMT(finished(&got)), rest);
}

static inline bool change_registry(struct world *world, const char *verb, const char *rest)
{
    char word[32];
    if (strcmp(verb, "push") == 0) {
        push(world, rest);
    } else if (strcmp(verb, "bytes") == 0) {
        char digit = next_word(&rest, word, sizeof(word))[0];
        world->does[(unsigned char)digit] = behaviour_of(rest);
    } else if (strcmp(verb, "gone") == 0) {
        world->is_gone[(unsigned char)rest[0]] = true;
    } else if (strcmp(verb, "registry") == 0) {
        world->registry_down = strcmp(rest, "down") == 0;
    } else {
        return false;
    }
    return true;
}

static inline bool change_workload(struct world *world, const char *verb, const char *rest)
{
    static const char *const verbs[] = {"deployment", "statefulset", "daemonset", "cronjob"};
    char where[64];
    for (int i = 0; i < (int)COUNT(verbs); i++)
        if (strcmp(verb, verbs[i]) == 0) {
            make_workload(world, (enum target_kind)i, rest);
            return true;
        }
    const char *after = rest;
    struct sim_workload *workload = workload_at(world, next_word(&after, where, sizeof(where)));
    if (!workload)
        return false;
    if (strcmp(verb, "hand") == 0)
        set_image(world, workload, after);
    else if (strcmp(verb, "scale") == 0) {
        workload->replicas = after[0] - '0';
        workload->changed_at = world->now;
    } else if (strcmp(verb, "paused") == 0)
        workload->paused = strcmp(after, "yes") == 0;
    else if (strcmp(verb, "quota") == 0) {
        workload->quota = strcmp(after, "yes") == 0;
        workload->changed_at = world->now;
    } else if (strcmp(verb, "job") == 0)
        workload->job = strcmp(after, "failed") == 0 ? -1 : 1;
    else if (strcmp(verb, "remove") == 0)
        workload->there = false;
    else
        return false;
    return true;
}

static inline bool change_track(struct world *world, const char *verb, const char *rest)
{
    char where[64], key[16];
    if (strcmp(verb, "track") == 0) {
        make_track(world, rest);
    } else if (strcmp(verb, "spec") == 0) {
        struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
        next_word(&rest, key, sizeof(key));
        set_field(world, track, key, rest);
    } else if (strcmp(verb, "lose") == 0) { /* made again, with the same spec */
        struct sim_track *track = find_track(world, rest);
        track->status = STR("null");
        track->created = world->now;
    } else if (strcmp(verb, "delete") == 0) {
        find_track(world, rest)->deleted = true;
    } else if (strcmp(verb, "apply") == 0) {
        world->apply_refused = strcmp(rest, "refused") == 0;
    } else {
        return false;
    }
    return true;
}

static inline void run_line(struct world *world, const char *line)
{
    char verb[16];
    const char *rest = line;
    world->line = line;
    next_word(&rest, verb, sizeof(verb));
    if (strcmp(verb, "wait") == 0)
        wait_for_seconds(world, strtol(rest, NULL, 10));
    else if (strcmp(verb, ">") == 0)
        expect_log(world, rest);
    else if (strcmp(verb, "=") == 0)
        expect_book(world, rest);
    else if (strcmp(verb, "?") == 0)
        expect_condition(world, rest);
    else if (strcmp(verb, "rows") == 0)
        expect_rows(world, rest);
    else if (!change_registry(world, verb, rest) && !change_track(world, verb, rest) &&
             !change_workload(world, verb, rest))
        WORLD_FAIL(world, "nobody knows what that means");
}

static inline void begin_world(struct world *world, struct arena *arena, const char *scenario)
{
    *world = (struct world){.arena = arena,
                            .scenario = scenario,
                            .line = "",
                            .now = 1795253400,
                            .log = BUF_INIT(arena, WORLD_LOG),
                            .book = BUF_INIT(arena, 16 * 1024 * 1024)};
    for (size_t i = 0; i < WORLD_WORKLOADS; i++)
        world->applies[i] = BUF_INIT(arena, WORLD_LOG);
}

/* All that was done and is known at the end. */
static inline struct str end_of(struct world *world)
{
    for (size_t i = 0; i < world->track_count; i++)
        buf_addf(&world->book, "%.*s\n", (int)world->tracks[i].status.len,
                 world->tracks[i].status.ptr);
    for (size_t i = 0; i < world->workload_count; i++)
        buf_add(&world->book, world->applies[i].len ? finished(&world->applies[i]) : STR(""));
    return finished(&world->book);
}

#endif
