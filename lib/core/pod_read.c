/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod_read: a pod's or a Job's facts in one pass. Containers stand twice in a pod, in its spec and
 * in its status, in any order; they are brought together at the end, by name.
 */
#include "pinnace/rollout.h"

#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "rollout_inner.h"

#include "pinnace/banned.h"

enum {
    SENTENCE_MAX_BYTES = 1024,
    POD_CONTAINERS_MAX = 256, /* what comes after is not looked at: nobody's pod has so many */
};

struct known_state {
    struct known_state *next;
    struct container_state state;
};

struct known_image {
    struct known_image *next;
    struct workload_image image;
};

struct reader {
    struct scan *scan;
    struct pod_facts facts;
    struct known_image *images; /* the last first */
    struct known_state *states;
    size_t state_count;
    bool is_job;
    struct object_condition placed, ready, containers_ready, begun, failed;
    struct str phase;
};

/* --- What pods and workloads have in common ----------------------------------------------------- */

int64_t time_scan(struct scan *scan)
{
    size_t offset = scan_offset(scan);
    struct str text = scan_string(scan);
    int64_t seconds = 0;
    if (text.len && !when_parse(text, &seconds))
        scan_fail(scan, "a time such as 2026-11-21T09:30:00Z was expected here", offset);
    return seconds;
}

static void read_condition(struct scan *scan, struct object_condition *condition)
{
    enum { TYPE, STATUS, REASON, MESSAGE, SINCE, KEYS };
    static const struct str keys[] = {STR_INIT("type"), STR_INIT("status"), STR_INIT("reason"),
                                      STR_INIT("message"), STR_INIT("lastTransitionTime")};
    struct str *const strings[] = {&condition->type, &condition->status, &condition->reason};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == SINCE)
            condition->since = time_scan(scan);
        else if (key == MESSAGE)
            condition->message = scan_text(scan);
        else
            *strings[key] = scan_string(scan);
    }
}

void conditions_scan(struct scan *scan,
                     void (*take)(void *context, const struct object_condition *condition),
                     void *context)
{
    if (scan_null(scan))
        return;
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        struct object_condition condition = {0};
        read_condition(scan, &condition);
        take(context, &condition);
    }
}

/* --- Metadata ---------------------------------------------------------------------------------- */

static void read_owner(struct reader *reader)
{
    enum { UID, CONTROLLER, KEYS };
    static const struct str keys[] = {STR_INIT("uid"), STR_INIT("controller")};
    struct str uid = STR_NONE;
    bool controls = false;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == UID)
            uid = scan_string(reader->scan);
        else
            controls = scan_bool(reader->scan);
    }
    if (controls)
        reader->facts.owner_uid = uid;
}

static void read_owners(struct reader *reader)
{
    if (scan_null(reader->scan))
        return;
    struct scan_elements elements = scan_array(reader->scan);
    while (scan_element(reader->scan, &elements))
        read_owner(reader);
}

static void read_metadata(struct reader *reader)
{
    enum { NAME, UID, CREATED, DELETED, OWNERS, KEYS };
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("uid"),
                                      STR_INIT("creationTimestamp"), STR_INIT("deletionTimestamp"),
                                      STR_INIT("ownerReferences")};
    struct pod_facts *facts = &reader->facts;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAME || key == UID)
            *(key == NAME ? &facts->name : &facts->uid) = scan_string(reader->scan);
        else if (key == CREATED)
            facts->created_at = time_scan(reader->scan);
        else if (key == DELETED)
            facts->deleted = scan_string(reader->scan).len > 0;
        else
            read_owners(reader);
    }
}

/* --- Containers -------------------------------------------------------------------------------- */

static void take_image(void *context, struct scan *scan, const struct workload_image *image)
{
    struct reader *reader = context;
    if (reader->facts.image_count == POD_CONTAINERS_MAX)
        return;
    struct known_image *known = arena_new(scan->arena, struct known_image);
    if (!known) {
        scan_out_of_memory(scan);
        return;
    }
    *known = (struct known_image){reader->images, *image};
    reader->images = known;
    reader->facts.image_count++;
}

static void read_waiting(struct scan *scan, struct container_state *state)
{
    enum { REASON, MESSAGE, KEYS };
    static const struct str keys[] = {STR_INIT("reason"), STR_INIT("message")};
    if (scan_null(scan))
        return;
    state->waits = true;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == REASON)
            state->waits_for = scan_string(scan);
        else
            state->says = scan_text(scan);
    }
}

struct ending {
    bool known;
    struct str reason, message;
    int64_t exit_code;
};

static void read_terminated(struct scan *scan, struct ending *ending)
{
    enum { REASON, MESSAGE, EXIT_CODE, KEYS };
    static const struct str keys[] = {STR_INIT("reason"), STR_INIT("message"),
                                      STR_INIT("exitCode")};
    if (scan_null(scan))
        return;
    ending->known = true;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == REASON)
            ending->reason = scan_string(scan);
        else if (key == MESSAGE)
            ending->message = scan_text(scan);
        else
            ending->exit_code = scan_integer(scan);
    }
}

static void read_state(struct scan *scan, struct container_state *state, struct ending *ending)
{
    enum { WAITING, TERMINATED, KEYS };
    static const struct str keys[] = {STR_INIT("waiting"), STR_INIT("terminated")};
    if (scan_null(scan))
        return;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == WAITING)
            read_waiting(scan, state);
        else
            read_terminated(scan, ending);
    }
}

static void read_container_status(struct scan *scan, struct container_state *state)
{
    enum { NAME, RESTARTS, STATE, LAST_STATE, KEYS };
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("restartCount"), STR_INIT("state"),
                                      STR_INIT("lastState")};
    struct container_state past = {0};
    struct ending now = {0}, last = {0};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAME)
            state->container = scan_string(scan);
        else if (key == RESTARTS)
            state->restarts = scan_integer(scan);
        else if (key == STATE)
            read_state(scan, state, &now);
        else
            read_state(scan, &past, &last);
    }
    state->ended = now.known;
    const struct ending *ending = now.known ? &now : &last;
    state->ended_reason = ending->reason;
    state->last_words = ending->message;
    state->exit_code = ending->exit_code;
}

static void add_state(struct reader *reader, const struct container_state *state)
{
    if (reader->state_count == POD_CONTAINERS_MAX)
        return;
    struct known_state *known = arena_new(reader->scan->arena, struct known_state);
    if (!known) {
        scan_out_of_memory(reader->scan);
        return;
    }
    *known = (struct known_state){reader->states, *state};
    reader->states = known;
    reader->state_count++;
}

static void read_container_statuses(struct reader *reader, bool init)
{
    struct scan *scan = reader->scan;
    if (scan_null(scan))
        return;
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        struct container_state state = {.init = init};
        read_container_status(scan, &state);
        add_state(reader, &state);
    }
}

/* --- Status ------------------------------------------------------------------------------------ */

static void take_condition(void *context, const struct object_condition *condition)
{
    struct reader *reader = context;
    const struct {
        struct str type;
        struct object_condition *where;
    } known[] = {
        {STR("PodScheduled"), &reader->placed},
        {STR("Ready"), &reader->ready},
        {STR("ContainersReady"), &reader->containers_ready},
        {STR("PodReadyToStartContainers"), &reader->begun},
        {STR("Complete"), &reader->ready},
        {STR("Failed"), &reader->failed},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (str_eq(condition->type, known[i].type))
            *known[i].where = *condition;
}

static void read_status(struct reader *reader)
{
    enum { CONDITIONS, CONTAINERS, INIT_CONTAINERS, PHASE, KEYS };
    static const struct str keys[] = {STR_INIT("conditions"), STR_INIT("containerStatuses"),
                                      STR_INIT("initContainerStatuses"), STR_INIT("phase")};
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == CONDITIONS)
            conditions_scan(reader->scan, take_condition, reader);
        else if (key == PHASE)
            reader->phase = scan_string(reader->scan);
        else
            read_container_statuses(reader, key == INIT_CONTAINERS);
    }
}

/* The spec of a pod has containers, that of a Job has a template. */
static void read_spec(struct reader *reader)
{
    enum { CONTAINERS, INIT_CONTAINERS, TEMPLATE, KEYS };
    static const struct str keys[] = {STR_INIT("containers"), STR_INIT("initContainers"),
                                      STR_INIT("template")};
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key != TEMPLATE) {
            containers_scan(reader->scan, key == INIT_CONTAINERS, take_image, reader);
            continue;
        }
        reader->is_job = true;
        pod_template_scan(reader->scan, take_image, reader);
    }
}

/* --- The facts --------------------------------------------------------------------------------- */

static bool is_true(const struct object_condition *condition)
{
    return str_eq(condition->status, STR("True"));
}

static bool is_false(const struct object_condition *condition)
{
    return str_eq(condition->status, STR("False"));
}

static int sentence(struct arena *arena, struct str *ret_text, struct err *err, const char *what,
                    struct str words)
{
    struct buf text = BUF_INIT(arena, SENTENCE_MAX_BYTES);
    buf_addf(&text, "%s", what);
    if (words.len) {
        buf_add(&text, STR(": "));
        buf_add_words(&text, words);
    }
    return buf_finish(&text, ret_text, err);
}

/* Of a Job that ended by itself, what it ran is to blame; of one that was ended, nobody knows. */
static int judge_job(struct reader *reader, struct arena *arena, struct err *err)
{
    struct pod_facts *facts = &reader->facts;
    facts->begun = true;
    facts->over = is_true(&reader->ready) || is_true(&reader->failed);
    if (!is_true(&reader->failed))
        return 0;
    bool by_others = str_eq(reader->failed.reason, STR("DeadlineExceeded"));
    return sentence(arena, by_others ? &facts->obstacle : &facts->fault, err,
                    by_others ? "the Job was ended" : "the Job failed", reader->failed.message);
}

static int judge_pod(struct reader *reader, struct arena *arena, struct err *err)
{
    struct pod_facts *facts = &reader->facts;
    facts->over = str_eq(reader->phase, STR("Failed")) || str_eq(reader->phase, STR("Succeeded"));
    facts->begun = is_true(&reader->placed) && !is_false(&reader->begun);
    if (is_false(&reader->placed))
        return sentence(arena, &facts->obstacle, err,
                        str_eq(reader->placed.reason, STR("SchedulingGated"))
                            ? "the pod is held back by a scheduling gate"
                            : "the pod has no node",
                        reader->placed.message);
    if (is_true(&reader->containers_ready) && is_false(&reader->ready))
        return sentence(arena, &facts->obstacle, err,
                        "its containers are ready and the pod is not: its node does not answer, or "
                        "a readiness gate is closed",
                        reader->ready.message);
    return 0;
}

static int join_states(struct reader *reader, struct arena *arena, struct pod_image *image,
                       struct err *err)
{
    for (const struct known_state *known = reader->states; known; known = known->next)
        if (known->state.init == image->init && str_eq(known->state.container, image->container) &&
            container_judge(&known->state, arena, image, err) < 0)
            return -1;
    return 0;
}

static int join_images(struct reader *reader, struct arena *arena, struct err *err)
{
    struct pod_facts *facts = &reader->facts;
    size_t index = facts->image_count;
    facts->images = arena_array(arena, struct pod_image, facts->image_count);
    if (!facts->images)
        return err_no_memory(err);
    for (const struct known_image *known = reader->images; known; known = known->next) {
        struct pod_image *image = &facts->images[--index];
        *image = (struct pod_image){.container = known->image.container,
                                    .image = known->image.image,
                                    .init = known->image.init};
        if (join_states(reader, arena, image, err) < 0)
            return -1;
    }
    return 0;
}

static void read_object(struct reader *reader)
{
    enum { METADATA, SPEC, STATUS, KEYS };
    static const struct str keys[] = {STR_INIT("metadata"), STR_INIT("spec"), STR_INIT("status")};
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (scan_null(reader->scan))
            continue;
        if (key == METADATA)
            read_metadata(reader);
        else if (key == SPEC)
            read_spec(reader);
        else
            read_status(reader);
    }
}

int pod_read(struct str json, struct arena *arena, struct pod_facts *ret_facts, struct err *err)
{
    struct scan scan;
    struct reader reader = {.scan = &scan};
    scan_begin(&scan, json, arena);
    scan.deep = true;
    read_object(&reader);
    if (scan_finish(&scan, err) < 0 || join_images(&reader, arena, err) < 0)
        return -1;
    reader.facts.ready = is_true(&reader.ready);
    reader.facts.ready_since = reader.facts.ready ? reader.ready.since : 0;
    if ((reader.is_job ? judge_job(&reader, arena, err) : judge_pod(&reader, arena, err)) < 0)
        return -1;
    *ret_facts = reader.facts;
    return 0;
}
