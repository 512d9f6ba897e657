/* SPDX-License-Identifier: Apache-2.0 */
/* audit: see the header. */
#include "pinnace/audit.h"

#include <stdlib.h>

#include "pinnace/nslevels.h"
#include "pinnace/podstatus.h"

#include "pinnace/banned.h"

enum { SENTENCE_MAX = 4096, KEEP = 1024 };

/* What owns an object that other objects belong to. */
struct audit_link {
    struct audit_link *next;
    struct str namespace, kind, name;
    struct str owner_kind, owner_name;
};

/* ---- finding things again ---- */

static size_t mix(size_t hash, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 16777619u;
    return (hash ^ 0xff) * 16777619u;
}

static size_t bucket_of(struct str namespace, struct str kind, struct str name)
{
    size_t hash = mix(mix(mix(2166136261u, namespace), kind), name);
    return (hash ^ hash >> 15) % AUDIT_BUCKETS;
}

static const struct audit_link *find_link(const struct audit *audit, struct str namespace,
                                          struct str kind, struct str name)
{
    const struct audit_link *link = audit->link_buckets[bucket_of(namespace, kind, name)];
    while (link && !(str_eq(link->name, name) && str_eq(link->namespace, namespace) &&
                     str_eq(link->kind, kind)))
        link = link->next;
    return link;
}

/* Each of them copied, or .ptr NULL. */
static struct str copy(struct audit *audit, struct str s)
{
    return s.len ? arena_copy(audit->arena, s) : STR("");
}

static int add_link(struct audit *audit, const struct object *object, struct err *err)
{
    struct audit_link *link = arena_new(audit->arena, struct audit_link);
    if (!link)
        return err_no_memory(err);
    link->namespace = copy(audit, object->namespace);
    link->kind = copy(audit, object->kind_name);
    link->name = copy(audit, object->name);
    link->owner_kind = copy(audit, object->owner_kind);
    link->owner_name = copy(audit, object->owner_name);
    if (!link->namespace.ptr || !link->kind.ptr || !link->name.ptr || !link->owner_kind.ptr ||
        !link->owner_name.ptr)
        return err_no_memory(err);
    size_t bucket = bucket_of(link->namespace, link->kind, link->name);
    link->next = audit->link_buckets[bucket];
    audit->link_buckets[bucket] = link;
    return 0;
}

/* ---- namespaces ---- */

int audit_add_namespace(struct audit *audit, struct str json, struct err *err)
{
    struct arena scratch ARENA_SCOPED = ARENA_INIT(16 * 1024 * 1024);
    struct audit_namespace *entry = arena_new(audit->arena, struct audit_namespace);
    struct nslevels levels;
    struct object object;
    if (!entry)
        return err_no_memory(err);
    if (object_read(json, &scratch, &object, err) < 0 ||
        nslevels_read(json, &scratch, &levels, err) < 0)
        return -1;
    bool labelled = false;
    for (int mode = 0; mode < MODES; mode++) {
        labelled = labelled || levels.modes[mode].known;
        if (levels.modes[mode].level > entry->level)
            entry->level = levels.modes[mode].level;
    }
    if (!labelled)
        entry->level = LEVEL_PINNED;
    entry->name = copy(audit, object.name);
    if (!entry->name.ptr)
        return err_no_memory(err);
    entry->next = audit->known;
    audit->known = entry;
    audit->namespaces++;
    return 0;
}

static enum level level_of(const struct audit *audit, struct str namespace)
{
    const struct audit_namespace *known = audit->known;
    if (audit->has_level)
        return audit->level;
    while (known && !str_eq(known->name, namespace))
        known = known->next;
    return known ? known->level : LEVEL_PINNED;
}

/* ---- rows ---- */

/* Whose object it is in the end: a pod's ReplicaSet's Deployment. A static pod is its own. */
static void find_root(const struct audit *audit, const struct object *object, struct str *ret_kind,
                      struct str *ret_name)
{
    *ret_kind = object->kind_name;
    *ret_name = object->name;
    if (!object->owner_name.len || str_eq(object->owner_kind, STR("Node")))
        return;
    *ret_kind = object->owner_kind;
    *ret_name = object->owner_name;
    const struct audit_link *link =
        find_link(audit, object->namespace, object->owner_kind, object->owner_name);
    if (!link)
        return;
    *ret_kind = link->owner_kind;
    *ret_name = link->owner_name;
}

/* What nothing that is listed makes, nothing of ours can know the template of. */
static bool is_made_by_others(struct str kind)
{
    for (const struct kind *known = kinds; known->name.len; known++)
        if (str_eq(known->name, kind))
            return false;
    return true;
}

static struct audit_row *find_row(struct audit *audit, const struct audit_row *like)
{
    struct audit_row *row = audit->row_buckets[bucket_of(like->namespace, like->kind, like->name)];
    while (row && !(str_eq(row->name, like->name) && str_eq(row->namespace, like->namespace) &&
                    str_eq(row->kind, like->kind) && row->list == like->list &&
                    str_eq(row->container, like->container) && str_eq(row->image, like->image)))
        row = row->next_in_bucket;
    return row;
}

static struct audit_row *add_row(struct audit *audit, const struct audit_row *like,
                                 const struct finding *finding)
{
    struct audit_row *row = arena_new(audit->arena, struct audit_row);
    struct buf sentence = BUF_INIT(audit->arena, SENTENCE_MAX);
    if (!row)
        return NULL;
    *row = *like;
    row->namespace = copy(audit, like->namespace);
    row->kind = copy(audit, like->kind);
    row->name = copy(audit, like->name);
    row->container = copy(audit, like->container);
    row->image = copy(audit, like->image);
    row->reason = finding->reason;
    row->exempt = finding->weight == FINDING_EXEMPT;
    buf_add_finding(&sentence, finding);
    if (!row->namespace.ptr || !row->kind.ptr || !row->name.ptr || !row->container.ptr ||
        !row->image.ptr || buf_finish(&sentence, &row->sentence, NULL) < 0)
        return NULL;
    size_t bucket = bucket_of(row->namespace, row->kind, row->name);
    row->next_in_bucket = audit->row_buckets[bucket];
    audit->row_buckets[bucket] = row;
    row->next = audit->rows;
    audit->rows = row;
    audit->findings += !row->exempt;
    return row;
}

/* The line to paste: the image as it is written, with the digest of what runs. */
static int note_run(struct audit *audit, struct audit_row *row,
                    const struct pod_container *containers, struct err *err)
{
    struct imageref ref;
    while (containers &&
           !(containers->list == row->list && str_eq(containers->name, row->container)))
        containers = containers->next;
    struct str digest = containers ? image_id_digest(containers->image_id) : STR_NONE;
    if (row->runs.len || !digest.len || imageref_parse(row->image, &ref) != IMAGEREF_OK ||
        ref.digest.len)
        return 0;
    struct buf text = BUF_INIT(audit->arena, SENTENCE_MAX);
    buf_add(&text, row->image);
    buf_add_char(&text, '@');
    buf_add(&text, digest);
    return buf_finish(&text, &row->runs, err);
}

static int take_finding(struct audit *audit, const struct object *object,
                        const struct finding *finding, enum level level,
                        const struct pod_container *containers, struct err *err)
{
    struct audit_row like = {.namespace = object->namespace,
                             .level = level,
                             .list = finding->site->list,
                             .container = site_name(finding->site),
                             .image = site_image(finding->site)};
    bool is_pod = object->kind->place == POD_AT_SPEC;
    find_root(audit, object, &like.kind, &like.name);
    struct audit_row *row = find_row(audit, &like);
    if (!row)
        row = add_row(audit, &like, finding);
    if (!row)
        return err_no_memory(err);
    row->pods += is_pod;
    if (!object->owner_name.len || str_eq(object->owner_kind, STR("Node")) ||
        is_made_by_others(like.kind))
        row->in_template = true;
    return is_pod ? note_run(audit, row, containers, err) : 0;
}

static int judge_object(struct audit *audit, const struct object *object, struct arena *scratch,
                        struct err *err)
{
    struct verdict verdict;
    struct pod_container *containers = NULL;
    const struct question question = {.level = level_of(audit, object->namespace),
                                      .namespace = object->namespace,
                                      .policy = audit->policy,
                                      .ledger = audit->ledger,
                                      .now = audit->now,
                                      .object = object,
                                      .keep = KEEP};
    if (question.level == LEVEL_OFF)
        return 0;
    if (judge(&question, scratch, &verdict, err) < 0)
        return -1;
    audit->images += verdict.images;
    if (verdict.kept && object->kind->place == POD_AT_SPEC &&
        podstatus_read(object->text, scratch, &containers, err) < 0)
        return -1;
    for (size_t i = 0; i < verdict.kept; i++)
        if (verdict.findings[i].weight != FINDING_ADVICE &&
            take_finding(audit, object, &verdict.findings[i], question.level, containers, err) < 0)
            return -1;
    return 0;
}

/* A ReplicaSet that is kept for a rollback has no pods: nothing runs of it. */
static bool is_history(const struct object *object)
{
    return object->owner_name.len && str_eq(object->kind_name, STR("ReplicaSet")) &&
           str_eq(object->replicas, STR("0"));
}

int audit_add_object(struct audit *audit, const struct kind *kind, struct str json, struct err *err)
{
    struct arena scratch ARENA_SCOPED = ARENA_INIT(64 * 1024 * 1024);
    struct object object;
    if (object_read(json, &scratch, &object, err) < 0)
        return -1;
    object.kind = kind;
    object.kind_name = kind->name;
    if (object_check(&object, NULL, err) < 0)
        return -1;
    audit->workloads += !object.owner_name.len;
    if (object.owner_name.len && kind->place != POD_AT_SPEC && add_link(audit, &object, err) < 0)
        return -1;
    return is_history(&object) ? 0 : judge_object(audit, &object, &scratch, err);
}

/* ---- order ---- */

void audit_forget_old(struct audit *audit)
{
    struct audit_row **at = &audit->rows;
    while (*at) {
        struct audit_row *row = *at;
        if (row->in_template) {
            at = &row->next;
            continue;
        }
        audit->findings -= !row->exempt;
        *at = row->next;
    }
}

static int compare_rows(const void *a_in, const void *b_in)
{
    const struct audit_row *a = *(const struct audit_row *const *)a_in;
    const struct audit_row *b = *(const struct audit_row *const *)b_in;
    int order = str_compare(a->namespace, b->namespace);
    if (order == 0)
        order = str_compare(a->kind, b->kind);
    if (order == 0)
        order = str_compare(a->name, b->name);
    if (order == 0)
        order = (a->list > b->list) - (a->list < b->list);
    if (order == 0)
        order = str_compare(a->container, b->container);
    return order ? order : str_compare(a->image, b->image);
}

int audit_sort(struct audit *audit, struct err *err)
{
    size_t count = 0, at = 0;
    for (const struct audit_row *row = audit->rows; row; row = row->next)
        count++;
    struct audit_row **rows = arena_array(audit->arena, struct audit_row *, count);
    if (!rows)
        return err_no_memory(err);
    for (struct audit_row *row = audit->rows; row; row = row->next)
        rows[at++] = row;
    qsort(rows, count, sizeof(struct audit_row *), compare_rows);
    for (size_t i = 0; i < count; i++)
        rows[i]->next = i + 1 < count ? rows[i + 1] : NULL;
    audit->rows = count ? rows[0] : NULL;
    return 0;
}
