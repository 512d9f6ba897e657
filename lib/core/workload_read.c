/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload_read: a workload's facts in one pass, a small function for each level. Status and spec
 * come in any order, so what depends on the kind is sorted out by its tables of keys alone.
 */
#include "pinnace/rollout.h"

#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "rollout_inner.h"

#include "pinnace/banned.h"

enum { SELECTOR_MAX_BYTES = 32 * 1024 };

struct reader {
    struct scan *scan;
    struct workload_facts *facts;
    struct buf selector;
};

/* --- Images ------------------------------------------------------------------------------------ */

static void add_image(void *context, struct scan *scan, const struct workload_image *image)
{
    struct workload_facts *facts = context;
    if (facts->image_count == ROLLOUT_CONTAINERS_MAX) {
        scan_fail(scan, "a target has at most 32 containers", scan_offset(scan));
        return;
    }
    facts->images[facts->image_count++] = *image;
}

static void read_container(struct scan *scan, bool init, image_taker *take, void *context)
{
    enum { NAME, IMAGE, KEYS };
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("image")};
    struct workload_image image = {.init = init};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == NAME ? &image.container : &image.image) = scan_string(scan);
    if (scan->problem_kind == ERR_NONE)
        take(context, scan, &image);
}

void containers_scan(struct scan *scan, bool init, image_taker *take, void *context)
{
    if (scan_null(scan))
        return;
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements))
        read_container(scan, init, take, context);
}

static void read_pod_spec(struct scan *scan, image_taker *take, void *context)
{
    enum { CONTAINERS, INIT_CONTAINERS, KEYS };
    static const struct str keys[] = {STR_INIT("containers"), STR_INIT("initContainers")};
    if (scan_null(scan))
        return;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        containers_scan(scan, key == INIT_CONTAINERS, take, context);
}

void pod_template_scan(struct scan *scan, image_taker *take, void *context)
{
    static const struct str keys[] = {STR_INIT("spec")};
    if (scan_null(scan))
        return;
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, keys, 1) != SCAN_END)
        read_pod_spec(scan, take, context);
}

/* --- The selector ------------------------------------------------------------------------------ */

static void begin_term(struct reader *reader)
{
    if (reader->selector.len)
        buf_add_char(&reader->selector, ',');
}

static void read_match_labels(struct reader *reader)
{
    struct str key;
    if (scan_null(reader->scan))
        return;
    struct scan_members members = scan_object(reader->scan);
    while (scan_any_member(reader->scan, &members, &key)) {
        begin_term(reader);
        buf_add(&reader->selector, key);
        buf_add_char(&reader->selector, '=');
        buf_add(&reader->selector, scan_string(reader->scan));
    }
}

struct match_expression {
    struct str key, operator;
    struct buf values;
};

static void read_values(struct reader *reader, struct match_expression *expression)
{
    if (scan_null(reader->scan))
        return;
    struct scan_elements elements = scan_array(reader->scan);
    for (bool more = false; scan_element(reader->scan, &elements); more = true) {
        if (more)
            buf_add_char(&expression->values, ',');
        buf_add(&expression->values, scan_string(reader->scan));
    }
}

static void add_expression(struct reader *reader, struct match_expression *expression,
                           size_t offset)
{
    struct buf *out = &reader->selector;
    struct str values = {expression->values.ptr, expression->values.len};
    bool in = str_eq(expression->operator, STR("In")),
         lacks = str_eq(expression->operator, STR("DoesNotExist"));
    begin_term(reader);
    if (lacks)
        buf_add_char(out, '!');
    buf_add(out, expression->key);
    if (in || str_eq(expression->operator, STR("NotIn"))) {
        buf_add(out, in ? STR(" in (") : STR(" notin ("));
        buf_add(out, values);
        buf_add_char(out, ')');
    } else if (!lacks && !str_eq(expression->operator, STR("Exists"))) {
        scan_fail(reader->scan, "the operator is one of In, NotIn, Exists and DoesNotExist",
                  offset);
    }
    out->failed = out->failed || expression->values.failed;
}

static void read_match_expression(struct reader *reader)
{
    enum { KEY, OPERATOR, VALUES, KEYS };
    static const struct str keys[] = {STR_INIT("key"), STR_INIT("operator"), STR_INIT("values")};
    struct match_expression expression = {.values =
                                              BUF_INIT(reader->scan->arena, SELECTOR_MAX_BYTES)};
    size_t offset = scan_offset(reader->scan);
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == VALUES)
            read_values(reader, &expression);
        else
            *(key == KEY ? &expression.key : &expression.operator) = scan_string(reader->scan);
    }
    add_expression(reader, &expression, offset);
}

static void read_selector(struct reader *reader)
{
    enum { LABELS, EXPRESSIONS, KEYS };
    static const struct str keys[] = {STR_INIT("matchLabels"), STR_INIT("matchExpressions")};
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == LABELS) {
            read_match_labels(reader);
            continue;
        }
        if (scan_null(reader->scan))
            continue;
        struct scan_elements elements = scan_array(reader->scan);
        while (scan_element(reader->scan, &elements))
            read_match_expression(reader);
    }
}

/* --- Metadata ---------------------------------------------------------------------------------- */

static void read_annotations(struct reader *reader)
{
    static const struct str keys[] = {STR_INIT("pinnace.dev/track"),
                                      STR_INIT("pinnace.dev/revision")};
    if (scan_null(reader->scan))
        return;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, 2)) != SCAN_END;)
        *(key == 0 ? &reader->facts->track : &reader->facts->revision) = scan_string(reader->scan);
}

static void read_metadata(struct reader *reader)
{
    enum { NAMESPACE, NAME, UID, VERSION, GENERATION, ANNOTATIONS, KEYS };
    static const struct str keys[] = {STR_INIT("namespace"),  STR_INIT("name"),
                                      STR_INIT("uid"),        STR_INIT("resourceVersion"),
                                      STR_INIT("generation"), STR_INIT("annotations")};
    struct workload_facts *facts = reader->facts;
    struct str *const strings[] = {&facts->namespace, &facts->name, &facts->uid,
                                   &facts->resource_version};
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key < GENERATION)
            *strings[key] = scan_string(reader->scan);
        else if (key == GENERATION)
            facts->generation = scan_integer(reader->scan);
        else
            read_annotations(reader);
    }
}

/* --- Spec -------------------------------------------------------------------------------------- */

static void read_rolling_update(struct reader *reader)
{
    static const struct str keys[] = {STR_INIT("partition")};
    if (scan_null(reader->scan))
        return;
    struct scan_members members = scan_object(reader->scan);
    while (scan_member(reader->scan, &members, keys, 1) != SCAN_END)
        reader->facts->partition = scan_integer(reader->scan);
}

static void read_update_strategy(struct reader *reader)
{
    enum { TYPE, ROLLING_UPDATE, KEYS };
    static const struct str keys[] = {STR_INIT("type"), STR_INIT("rollingUpdate")};
    if (scan_null(reader->scan))
        return;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == TYPE)
            reader->facts->on_delete = str_eq(scan_string(reader->scan), STR("OnDelete"));
        else
            read_rolling_update(reader);
    }
}

static void read_spec(struct reader *reader)
{
    enum { TEMPLATE, SELECTOR, REPLICAS, PAUSED, STRATEGY, MANAGEMENT, KEYS };
    static const struct str keys[] = {STR_INIT("template"),       STR_INIT("selector"),
                                      STR_INIT("replicas"),       STR_INIT("paused"),
                                      STR_INIT("updateStrategy"), STR_INIT("podManagementPolicy")};
    struct scan *scan = reader->scan;
    struct workload_facts *facts = reader->facts;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == TEMPLATE)
            pod_template_scan(scan, add_image, facts);
        else if (key == SELECTOR)
            read_selector(reader);
        else if (key == REPLICAS && !scan_null(scan))
            facts->replicas = scan_integer(scan);
        else if (key == PAUSED)
            facts->paused = scan_bool(scan);
        else if (key == STRATEGY)
            read_update_strategy(reader);
        else if (key == MANAGEMENT)
            facts->in_parallel = str_eq(scan_string(scan), STR("Parallel"));
    }
}

static void read_job_template(struct reader *reader)
{
    enum { SPEC, TEMPLATE };
    static const struct str spec[] = {STR_INIT("spec")}, template[] = {STR_INIT("template")};
    struct scan_members members = scan_object(reader->scan);
    while (scan_member(reader->scan, &members, spec, 1) != SCAN_END) {
        struct scan_members inner = scan_object(reader->scan);
        while (scan_member(reader->scan, &inner, template, 1) != SCAN_END)
            pod_template_scan(reader->scan, add_image, reader->facts);
    }
}

static void read_cron_spec(struct reader *reader)
{
    enum { JOB_TEMPLATE, SUSPEND, KEYS };
    static const struct str keys[] = {STR_INIT("jobTemplate"), STR_INIT("suspend")};
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == JOB_TEMPLATE)
            read_job_template(reader);
        else
            reader->facts->suspended = scan_bool(reader->scan);
    }
}

/* --- Status ------------------------------------------------------------------------------------ */

static void take_condition(void *context, const struct object_condition *condition)
{
    struct workload_facts *facts = context;
    if (str_eq(condition->type, STR("ReplicaFailure")) && str_eq(condition->status, STR("True")))
        facts->replica_failure = condition->message;
    if (str_eq(condition->type, STR("Progressing")) &&
        str_eq(condition->reason, STR("ProgressDeadlineExceeded")))
        facts->late_since = condition->since;
}

/* The numbers of a kind's status, by the names that it has for them. */
enum {
    OBSERVED,
    REVISION_NOW,
    REVISION_NEW,
    CONDITIONS,
    ALL,
    UPDATED,
    READY,
    AVAILABLE,
    WANTED,
    STATUS_KEYS
};

#define STATUS_COMMON                                                                              \
    [OBSERVED] = STR_INIT("observedGeneration"), [REVISION_NOW] = STR_INIT("currentRevision"),     \
    [REVISION_NEW] = STR_INIT("updateRevision"), [CONDITIONS] = STR_INIT("conditions")

static const struct str replicated[STATUS_KEYS] = {
    STATUS_COMMON,
    [ALL] = STR_INIT("replicas"),
    [UPDATED] = STR_INIT("updatedReplicas"),
    [READY] = STR_INIT("readyReplicas"),
    [AVAILABLE] = STR_INIT("availableReplicas"),
};

static const struct str of_nodes[STATUS_KEYS] = {
    STATUS_COMMON,
    [ALL] = STR_INIT("currentNumberScheduled"),
    [UPDATED] = STR_INIT("updatedNumberScheduled"),
    [READY] = STR_INIT("numberReady"),
    [AVAILABLE] = STR_INIT("numberAvailable"),
    [WANTED] = STR_INIT("desiredNumberScheduled"),
};

static void read_status(struct reader *reader)
{
    struct workload_facts *facts = reader->facts;
    int64_t *const numbers[STATUS_KEYS] = {[OBSERVED] = &facts->observed_generation,
                                           [ALL] = &facts->all,
                                           [UPDATED] = &facts->updated,
                                           [READY] = &facts->ready,
                                           [AVAILABLE] = &facts->available,
                                           [WANTED] = &facts->replicas};
    bool by_nodes = facts->kind == TARGET_DAEMON_SET;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, by_nodes ? of_nodes : replicated,
                                     by_nodes ? STATUS_KEYS : WANTED)) != SCAN_END;) {
        if (key == CONDITIONS)
            conditions_scan(reader->scan, take_condition, facts);
        else if (key == REVISION_NOW)
            facts->current_revision = scan_string(reader->scan);
        else if (key == REVISION_NEW)
            facts->update_revision = scan_string(reader->scan);
        else
            *numbers[key] = scan_integer(reader->scan);
    }
}

/* --- All of it --------------------------------------------------------------------------------- */

static void read_workload(struct reader *reader)
{
    enum { METADATA, SPEC, STATUS, KEYS };
    static const struct str keys[] = {STR_INIT("metadata"), STR_INIT("spec"), STR_INIT("status")};
    bool cron_job = reader->facts->kind == TARGET_CRON_JOB;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (scan_null(reader->scan))
            continue;
        if (key == METADATA)
            read_metadata(reader);
        else if (key == SPEC && cron_job)
            read_cron_spec(reader);
        else if (key == SPEC)
            read_spec(reader);
        else if (cron_job)
            scan_value(reader->scan); /* it tells nothing of the template */
        else
            read_status(reader);
    }
}

int workload_read(struct str json, enum target_kind kind, struct arena *arena,
                  struct workload_facts *ret_facts, struct err *err)
{
    struct workload_facts facts = {.kind = kind, .replicas = kind == TARGET_DAEMON_SET ? 0 : 1};
    struct scan scan;
    struct reader reader = {
        .scan = &scan, .facts = &facts, .selector = BUF_INIT(arena, SELECTOR_MAX_BYTES)};
    scan_begin(&scan, json, arena);
    scan.deep = true;
    read_workload(&reader);
    if (scan_finish(&scan, err) < 0)
        return -1;
    bool selects = reader.selector.len || reader.selector.failed;
    if (selects && buf_finish(&reader.selector, &facts.selector, err) < 0)
        return err_prefix(err, "spec.selector: ");
    *ret_facts = facts;
    return 0;
}
