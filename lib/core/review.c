/* SPDX-License-Identifier: Apache-2.0 */
/* review: decodes an AdmissionReview; see the header. */
#include "pinnace/review.h"

#include "pinnace/banned.h"

static const struct str operation_names[OPERATIONS] = {
    [OPERATION_CREATE] = STR_INIT("CREATE"),
    [OPERATION_UPDATE] = STR_INIT("UPDATE"),
    [OPERATION_DELETE] = STR_INIT("DELETE"),
    [OPERATION_CONNECT] = STR_INIT("CONNECT"),
};

static bool find_subject(struct str path, enum review_subject *ret_subject)
{
    static const struct str paths[SUBJECTS] = {
        [SUBJECT_PIN_POLICY] = STR_INIT("/pinpolicies"),
        [SUBJECT_EXEMPTION] = STR_INIT("/exemptions"),
        [SUBJECT_NAMESPACE] = STR_INIT("/namespaces"),
        [SUBJECT_TRACK] = STR_INIT("/tracks"),
        [SUBJECT_TRACKED_APPLY] = STR_INIT("/track"),
    };
    for (int i = SUBJECT_PODS + 1; i < SUBJECTS; i++) {
        if (!str_eq(path, paths[i]))
            continue;
        *ret_subject = (enum review_subject)i;
        return true;
    }
    return false;
}

bool review_path_parse(struct str path, struct review_path *ret_path)
{
    struct review_path parsed = {0};
    size_t query = str_find(path, '?');
    if (query != STR_NOT_FOUND)
        path = str_head(path, query);
    if (find_subject(path, &parsed.subject)) {
        *ret_path = parsed;
        return true;
    }
    if (!str_starts(path, STR("/")))
        return false;
    path = str_tail(path, 1);
    size_t slash = str_find(path, '/');
    if (slash == STR_NOT_FOUND || !mode_parse(str_head(path, slash), &parsed.mode))
        return false;
    struct str level = str_tail(path, slash + 1);
    parsed.unknown = str_eq(level, STR("unknown"));
    if (!parsed.unknown && (!level_parse(level, &parsed.level) || parsed.level == LEVEL_OFF))
        return false;
    *ret_path = parsed;
    return true;
}

struct envelope {
    struct str api_version, kind, operation;
    bool has_request;
};

static void read_kind(struct scan *scan, struct review *review)
{
    static const struct str keys[] = {STR_INIT("group"), STR_INIT("kind")};
    enum { GROUP, KIND, KEYS };
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == GROUP ? &review->group : &review->kind_name) = scan_string(scan);
}

/* null, as for the oldObject of a CREATE, is no object. */
static bool read_object(struct scan *scan, struct object *ret_object, struct str *ret_text)
{
    if (scan_peek(scan) == SCAN_NULL) {
        scan_value(scan);
        return false;
    }
    size_t begin = scan_offset(scan);
    object_scan(scan, ret_object);
    *ret_text = str_between(scan->text.ptr + begin, scan->cur);
    return true;
}

static void read_request(struct scan *scan, struct envelope *envelope, struct review *review)
{
    static const struct str keys[] = {
        STR_INIT("uid"),       STR_INIT("kind"),   STR_INIT("namespace"), STR_INIT("name"),
        STR_INIT("operation"), STR_INIT("object"), STR_INIT("oldObject")};
    enum { UID, KIND, NAMESPACE, NAME, OPERATION, OBJECT, OLD_OBJECT, KEYS };
    struct scan_members members = scan_object(scan);
    envelope->has_request = true;
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == UID)
            review->uid = scan_string(scan);
        else if (key == KIND)
            read_kind(scan, review);
        else if (key == NAMESPACE)
            review->namespace = scan_string(scan);
        else if (key == NAME)
            review->name = scan_string(scan);
        else if (key == OPERATION)
            envelope->operation = scan_string(scan);
        else if (key == OBJECT)
            review->has_object = read_object(scan, &review->object, &review->object_text);
        else
            review->has_old = read_object(scan, &review->old, &review->old_text);
    }
}

static void read_envelope(struct scan *scan, struct envelope *envelope, struct review *review)
{
    static const struct str keys[] = {STR_INIT("apiVersion"), STR_INIT("kind"),
                                      STR_INIT("request")};
    enum { API_VERSION, KIND, REQUEST, KEYS };
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == API_VERSION)
            envelope->api_version = scan_string(scan);
        else if (key == KIND)
            envelope->kind = scan_string(scan);
        else if (scan_peek(scan) == SCAN_NULL)
            scan_value(scan);
        else
            read_request(scan, envelope, review);
    }
}

static bool find_operation(struct str name, enum operation *ret_operation)
{
    for (int i = 0; i < OPERATIONS; i++) {
        if (!str_eq(name, operation_names[i]))
            continue;
        *ret_operation = (enum operation)i;
        return true;
    }
    return false;
}

/* Longer than an API server ever sends; what is echoed or quoted must have an end. */
static int check_length(const char *field, struct str value, struct err *err)
{
    enum { LONGEST = 512 };
    if (value.len <= LONGEST)
        return 0;
    return err_set(err, ERR_LIMIT, "%s: has %zu bytes; at most %d are read", field, value.len,
                   LONGEST);
}

static int check_envelope(const struct envelope *envelope, struct review *review, struct err *err)
{
    if (!str_eq(envelope->kind, STR("AdmissionReview")))
        return err_set(err, ERR_INPUT, "kind: \"AdmissionReview\" was expected, not \"%.*s\"",
                       STR_FMT(envelope->kind));
    if (!str_eq(envelope->api_version, STR("admission.k8s.io/v1")))
        return err_set(err, ERR_INPUT,
                       "apiVersion: \"admission.k8s.io/v1\" was expected, not \"%.*s\"",
                       STR_FMT(envelope->api_version));
    if (!envelope->has_request)
        return err_set(err, ERR_INPUT, "request: is missing; this is no question");
    if (!review->uid.len)
        return err_set(err, ERR_INPUT, "request.uid: is missing; the answer must name it");
    if (!find_operation(envelope->operation, &review->operation))
        return err_set(err, ERR_INPUT,
                       "request.operation: CREATE, UPDATE, DELETE or CONNECT was expected, not "
                       "\"%.*s\"",
                       STR_FMT(envelope->operation));
    if (!review->kind_name.len)
        return err_set(err, ERR_INPUT, "request.kind.kind: is missing");
    if (check_length("request.uid", review->uid, err) < 0 ||
        check_length("request.kind.kind", review->kind_name, err) < 0 ||
        check_length("request.kind.group", review->group, err) < 0)
        return -1;
    return check_length("request.namespace", review->namespace, err);
}

/* The kind is the request's: the API server converts the object to it. They must not differ. */
static int check_object(const struct review *review, const char *field, struct object *object,
                        struct err *err)
{
    bool other_kind = object->kind_name.len && !str_eq(object->kind_name, review->kind_name);
    bool other_group =
        object->api_version.len && !str_eq(group_of(object->api_version), review->group);
    if (other_kind || other_group)
        return err_set(err, ERR_INPUT,
                       "%s: is \"%.*s\" of \"%.*s\", but request.kind says \"%.*s\" of group "
                       "\"%.*s\"",
                       field, STR_FMT(object->kind_name), STR_FMT(object->api_version),
                       STR_FMT(review->kind_name), STR_FMT(review->group));
    object->kind_name = review->kind_name;
    object->kind = kind_find(review->group, review->kind_name);
    return object_check(object, NULL, err);
}

int review_decode(struct str text, struct arena *arena, struct review *ret_review, struct err *err)
{
    struct review review = {0};
    struct envelope envelope = {0};
    struct scan scan;
    if (text.len > REVIEW_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "%zu bytes; a review has at most %d", text.len,
                       REVIEW_MAX_BYTES);
    scan_begin(&scan, text, arena);
    scan.deep = true;
    read_envelope(&scan, &envelope, &review);
    if (scan_finish(&scan, err) < 0 || check_envelope(&envelope, &review, err) < 0)
        return -1;
    if (review_writes(&review) && !review.has_object)
        return err_set(err, ERR_INPUT, "request.object: is missing");
    if (review.has_object && check_object(&review, "request.object", &review.object, err) < 0)
        return -1;
    if (review.has_old && check_object(&review, "request.oldObject", &review.old, err) < 0)
        return -1;
    *ret_review = review;
    return 0;
}
