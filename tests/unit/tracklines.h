/* SPDX-License-Identifier: Apache-2.0 */
/* tracklines: scenarios as lines: some change a world, some say what must have happened. */
#ifndef PINNACE_TESTS_TRACKLINES_H
#define PINNACE_TESTS_TRACKLINES_H

#include "tracksteps.h"

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

/* "production/web a part of it": what the candidate waits for. */
static inline void expect_wait(struct world *world, const char *rest)
{
    char where[64];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    struct str got = see_track(world, track, &arena)->book.candidate.waits_for;
    if (!text_has(got, str_of(rest)))
        WORLD_FAIL(world, "it waits for\n  \"%.*s\", not\n  \"%s\"", STR_FMT(got), rest);
}

/* "production/web 405": in so many seconds the candidate has what it waits for; - nobody knows. */
static inline void expect_until(struct world *world, const char *rest)
{
    char where[64], got[32] = "-";
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    int64_t until = see_track(world, track, &arena)->book.candidate.until;
    if (until)
        snprintf(got, sizeof(got), "%lld", (long long)(until - world->now));
    if (strcmp(got, rest) != 0)
        WORLD_FAIL(world, "it waits until %s, not %s", got, rest);
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

/* "production/web 2": what is approved and has not gone yet; - nothing. */
static inline void expect_approved(struct world *world, const char *rest)
{
    char where[64];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    char got = digit_of(see_track(world, track, &arena)->book.approved);
    if (got != rest[0])
        WORLD_FAIL(world, "approved is %c, not %s", got, rest);
}

/* "production/web 3 2 1": the revisions of the rows, newest first. */
static inline void expect_revisions(struct world *world, const char *rest)
{
    char where[64];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    const struct trackbook *book = &see_track(world, track, &arena)->book;
    struct buf got = BUF_INIT(&arena, 4096);
    for (size_t i = 0; i < book->row_count; i++)
        buf_addf(&got, "%s%lld", i ? " " : "", (long long)book->rows[i].revision);
    if (!str_eq(finished(&got), str_of(rest)))
        WORLD_FAIL(world, "the revisions are %.*s, not %s", STR_FMT(finished(&got)), rest);
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
        world->registry_hangs = strcmp(rest, "hangs") == 0;
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

/* It does not look into the registry for so long. */
static inline void doze(struct world *world, const char *rest)
{
    char where[64];
    struct sim_track *track = find_track(world, next_word(&rest, where, sizeof(where)));
    if (track->dozes)
        return;
    memcpy(track->dozing, world->tags, sizeof(track->dozing));
    track->dozing_count = world->tag_count;
    track->dozes = true;
    track->dozes_since = world->now;
    track->dozes_until = world->now + strtol(rest, NULL, 10);
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
    } else if (strcmp(verb, "lose") == 0 || strcmp(verb, "remake") == 0) {
        /* made again, with the same spec, and without its history or with it */
        struct sim_track *track = find_track(world, rest);
        track->lost = strcmp(verb, "remake") == 0 ? track->status : STR_NONE;
        track->status = STR("null");
        track->created = world->now;
    } else if (strcmp(verb, "doze") == 0) {
        doze(world, rest);
    } else if (strcmp(verb, "step") == 0) {
        take_step(world, find_track(world, rest));
    } else if (strcmp(verb, "delete") == 0) {
        find_track(world, rest)->deleted = true;
    } else if (strcmp(verb, "apply") == 0) {
        world->apply_refused = strcmp(rest, "refused") == 0;
    } else {
        return false;
    }
    return true;
}

/* The clock is put on, or back; the world goes on as before. */
static inline void put_clock(struct world *world, int64_t seconds)
{
    world->now += seconds;
    for (size_t i = 0; i < world->workload_count; i++)
        world->workloads[i].changed_at += seconds;
    for (size_t i = 0; i < world->track_count; i++) {
        world->tracks[i].again_at += seconds;
        world->tracks[i].dozes_until += seconds;
    }
}

static inline void run_line(struct world *world, const char *line)
{
    char verb[16];
    const char *rest = line;
    world->line = line;
    next_word(&rest, verb, sizeof(verb));
    if (strcmp(verb, "wait") == 0)
        wait_for_seconds(world, strtol(rest, NULL, 10));
    else if (strcmp(verb, "clock") == 0)
        put_clock(world, strtol(rest, NULL, 10));
    else if (strcmp(verb, ">") == 0)
        expect_log(world, rest);
    else if (strcmp(verb, "=") == 0)
        expect_book(world, rest);
    else if (strcmp(verb, "?") == 0)
        expect_condition(world, rest);
    else if (strcmp(verb, "waits") == 0)
        expect_wait(world, rest);
    else if (strcmp(verb, "until") == 0)
        expect_until(world, rest);
    else if (strcmp(verb, "rows") == 0)
        expect_rows(world, rest);
    else if (strcmp(verb, "approved") == 0)
        expect_approved(world, rest);
    else if (strcmp(verb, "revisions") == 0)
        expect_revisions(world, rest);
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
