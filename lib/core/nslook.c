/* SPDX-License-Identifier: Apache-2.0 */
/* nslook: see the header. */
#include "pinnace/nslook.h"

#include "pinnace/banned.h"

enum { NAME_SHOWN = 63, LINE_MAX = 1024 };

/* A condition that says that a Job came to its end. */
static bool read_condition(struct scan *scan)
{
    static const struct str keys[] = {STR_INIT("type"), STR_INIT("status")};
    struct str values[2] = {STR_NONE, STR_NONE};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;)
        values[key] = scan_string(scan);
    bool of_end = str_eq(values[0], STR("Complete")) || str_eq(values[0], STR("Failed"));
    return of_end && str_eq(values[1], STR("True"));
}

/* status of a Job or a Pod */
static bool read_status(struct scan *scan)
{
    static const struct str keys[] = {STR_INIT("phase"), STR_INIT("conditions")};
    enum { PHASE, CONDITIONS, KEYS };
    bool over = false;
    if (scan_peek(scan) != SCAN_OBJECT) {
        scan_value(scan);
        return false;
    }
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == PHASE) {
            struct str phase = scan_string(scan);
            over |= str_eq(phase, STR("Succeeded")) || str_eq(phase, STR("Failed"));
            continue;
        }
        if (scan_peek(scan) != SCAN_ARRAY) {
            scan_value(scan);
            continue;
        }
        struct scan_elements elements = scan_array(scan);
        while (scan_element(scan, &elements))
            over |= read_condition(scan);
    }
    return over;
}

/* Nobody makes again what has come to its end. */
static int is_over(const struct object *object, struct arena *arena, bool *ret_over,
                   struct err *err)
{
    static const struct str keys[] = {STR_INIT("status")};
    bool over = false;
    struct scan scan;
    if (!str_eq(object->kind->name, STR("Job")) && !str_eq(object->kind->name, STR("Pod"))) {
        *ret_over = false;
        return 0;
    }
    scan_begin(&scan, object->text, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        over = read_status(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    *ret_over = over;
    return 0;
}

/*
 * Its owner makes it, and is looked at itself. Other owners are not: a Node has static pods, and
 * what an operator's own kind would make again is seen here or nowhere.
 */
static bool comes_of_another(const struct object *object)
{
    for (const struct kind *kind = kinds; kind->name.ptr; kind++)
        if (str_eq(kind->name, object->owner_kind))
            return true;
    return false;
}

static const struct finding *first_refused(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->kept; i++)
        if (verdict->findings[i].weight == FINDING_REFUSED)
            return &verdict->findings[i];
    return NULL;
}

static int add_line(struct nslook *look, const struct object *object, const struct finding *finding,
                    struct arena *lines, struct err *err)
{
    struct buf buf = BUF_INIT(lines, LINE_MAX);
    struct str line;
    buf_add(&buf, object->kind->name);
    buf_add_char(&buf, ' ');
    buf_add_quoted(&buf, object->name, NAME_SHOWN);
    buf_add(&buf, STR(": "));
    buf_add_holder(&buf, finding->site);
    buf_addf(&buf, ": %.*s: ", STR_FMT(reason_names[finding->reason]));
    buf_add_finding(&buf, finding);
    if (buf_finish(&buf, &line, err) < 0)
        return -1;
    look->lines[look->kept++] = line;
    return 0;
}

static int judge_one(const struct question *without, const struct object *object,
                     struct arena *scratch, struct verdict *ret_verdict, struct err *err)
{
    struct question question = *without;
    question.object = object;
    question.keep = 1;
    return judge(&question, scratch, ret_verdict, err);
}

int nslook_add(struct nslook *look, const struct question *question, const struct kind *kind,
               struct str json, struct arena *lines, struct arena *scratch, struct err *err)
{
    struct object object;
    struct verdict verdict;
    bool over;
    if (object_read(json, scratch, &object, err) < 0)
        return -1;
    object.kind = kind;
    if (object_check(&object, NULL, err) < 0 || is_over(&object, scratch, &over, err) < 0)
        return -1;
    if (over || comes_of_another(&object))
        return 0;
    if (judge_one(question, &object, scratch, &verdict, err) < 0)
        return -1;
    const struct finding *first = first_refused(&verdict);
    if (!first)
        return 0;
    if (look->kept < NSLOOK_LINES && add_line(look, &object, first, lines, err) < 0)
        return -1;
    look->count++;
    return 0;
}
