/* SPDX-License-Identifier: Apache-2.0 */
/* trackspec: see the header. One function for each object of the schema, the whole at the end. */
#include "pinnace/trackspec.h"

#include "pinnace/json.h"
#include "pinnace/policy.h"
#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

const struct str target_kind_names[TARGET_KINDS] = {
    [TARGET_DEPLOYMENT] = STR_INIT("Deployment"),
    [TARGET_STATEFUL_SET] = STR_INIT("StatefulSet"),
    [TARGET_DAEMON_SET] = STR_INIT("DaemonSet"),
    [TARGET_CRON_JOB] = STR_INIT("CronJob"),
};

static int wrong(const struct json_fields *fields, const char *field, const char *problem,
                 struct err *err)
{
    return err_set(err, ERR_INPUT, "%s.%s: %s", fields->path, field, problem);
}

/* --- Single values ------------------------------------------------------------------------------ */

/* As Kubernetes names objects (".": several labels) and containers; it ends up in addresses. */
static bool is_name(struct str name, bool dots, size_t max)
{
    static const struct str others = STR_INIT("-.");
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool edge = i == 0 || i + 1 == name.len;
        if ((c >= 'a' && c <= 'z') || ascii_is_digit(c))
            continue;
        if (edge || str_find(others, c) == STR_NOT_FOUND || (c == '.' && !dots))
            return false;
    }
    return name.len > 0 && name.len <= max;
}

static int get_name(const struct json_fields *fields, const char *field, size_t max,
                    struct arena *arena, struct str *ret_name, struct err *err)
{
    struct str name = STR_NONE;
    if (json_get_string(fields, field, arena, &name, err) < 0)
        return -1;
    if (!name.ptr)
        return 0;
    if (!is_name(name, max > LABEL_MAX_BYTES, max))
        return wrong(fields, field, "a name as Kubernetes has them was expected here", err);
    *ret_name = name;
    return 0;
}

static int get_duration(const struct json_fields *fields, const char *field, struct arena *arena,
                        int64_t *ret_seconds, struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(fields, field, arena, &text, err) < 0)
        return -1;
    if (text.ptr && !duration_parse(text, ret_seconds))
        return wrong(fields, field, "a duration such as 10m was expected here", err);
    return 0;
}

/* One of two words; *ret_second: it is the second one. */
static int get_choice(const struct json_fields *fields, const char *field, const char *first,
                      const char *second, bool *ret_second, struct arena *arena, struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(fields, field, arena, &text, err) < 0)
        return -1;
    if (text.ptr && !str_eq(text, str_of(first)) && !str_eq(text, str_of(second)))
        return err_set(err, ERR_INPUT, "%s.%s: %s or %s was expected here", fields->path, field,
                       first, second);
    if (text.ptr)
        *ret_second = str_eq(text, str_of(second));
    return 0;
}

/* --- Objects ------------------------------------------------------------------------------------ */

static int read_image(const struct json_fields *spec, struct arena *arena, struct imageref *image,
                      struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(spec, "image", arena, &text, err) < 0)
        return -1;
    enum imageref_fault fault = imageref_parse(text, image);
    if (fault != IMAGEREF_OK)
        return wrong(spec, "image", imageref_fault_text(fault), err);
    if (image->tag.len || image->digest.len)
        return wrong(spec, "image",
                     "a repository without tag and digest belongs here; what is followed stands in "
                     "spec.follow",
                     err);
    return 0;
}

static int read_range(const struct json_fields *follow, struct arena *arena, struct trackspec *spec,
                      struct err *err)
{
    struct semrange *range = arena_new(arena, struct semrange);
    if (!range)
        return err_no_memory(err);
    if (semrange_parse(spec->range, range, err) < 0)
        return err_prefix(err, "%s.semver: ", follow->path);
    spec->follow.range = range;
    return 0;
}

static int read_pattern(const struct json_fields *follow, struct arena *arena,
                        struct trackspec *spec, struct err *err)
{
    struct regex *regex = arena_new(arena, struct regex);
    if (!regex)
        return err_no_memory(err);
    if (regex_compile(spec->regex, regex, err) < 0)
        return err_prefix(err, "%s.pattern: ", follow->path);
    spec->follow.pattern = regex;
    return 0;
}

static int check_followed_tag(const struct json_fields *follow, const struct tag_follow *tags,
                              struct err *err)
{
    struct semver version;
    enum tag_verdict verdict = tag_judge(tags, tags->tag, &version);
    if (verdict == TAG_FITS)
        return 0;
    return err_set(err, ERR_INPUT, "%s.tag: \"%.*s\" %s", follow->path, STR_FMT(tags->tag),
                   tag_verdict_text(verdict));
}

static int read_follow(const struct json_fields *spec_fields, struct arena *arena,
                       struct trackspec *spec, struct err *err)
{
    static const char *const known[] = {"tag", "semver", "pattern", NULL};
    struct json_fields fields = {.path = "spec.follow"};
    struct str tag = STR_NONE, range = STR_NONE, pattern = STR_NONE;
    if (json_get_object(spec_fields, "follow", &fields, err) < 0 ||
        json_only(&fields, known, err) < 0 ||
        json_get_string(&fields, "tag", arena, &tag, err) < 0 ||
        json_get_string(&fields, "semver", arena, &range, err) < 0 ||
        json_get_string(&fields, "pattern", arena, &pattern, err) < 0)
        return -1;
    if (!tag.ptr == !range.ptr)
        return err_set(err, ERR_INPUT, "%s: either \"tag\" or \"semver\" belongs here, %s",
                       fields.path, tag.ptr ? "not both" : "one of them");
    spec->range = range;
    spec->regex = pattern;
    spec->follow.tag = tag;
    if (range.ptr && read_range(&fields, arena, spec, err) < 0)
        return -1;
    if (pattern.ptr && read_pattern(&fields, arena, spec, err) < 0)
        return -1;
    return tag.ptr ? check_followed_tag(&fields, &spec->follow, err) : 0;
}

static int read_from(const struct json_fields *spec_fields, struct arena *arena,
                     struct trackspec *spec, struct err *err)
{
    static const char *const known[] = {"namespace", "track", "soak", NULL};
    struct json_fields fields = {0};
    if (json_get_object(spec_fields, "from", &fields, err) < 0)
        return -1;
    if (!fields.object)
        return 0;
    spec->from.namespace = spec->namespace;
    if (json_only(&fields, known, err) < 0 ||
        get_name(&fields, "namespace", LABEL_MAX_BYTES, arena, &spec->from.namespace, err) < 0 ||
        get_name(&fields, "track", NAME_MAX_BYTES, arena, &spec->from.track, err) < 0 ||
        get_duration(&fields, "soak", arena, &spec->from.soak, err) < 0)
        return -1;
    if (!spec->from.track.len)
        return wrong(&fields, "track", "the name of the Track that has to prove it is missing",
                     err);
    if (str_eq(spec->from.track, spec->name) && str_eq(spec->from.namespace, spec->namespace))
        return wrong(&fields, "track", "a Track cannot wait for itself", err);
    return 0;
}

static int read_kind(const struct json_fields *fields, struct arena *arena, enum target_kind *kind,
                     struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(fields, "kind", arena, &text, err) < 0)
        return -1;
    for (int i = 0; i < TARGET_KINDS; i++) {
        if (!str_eq(text, target_kind_names[i]))
            continue;
        *kind = (enum target_kind)i;
        return 0;
    }
    return wrong(fields, "kind",
                 "one of Deployment, StatefulSet, DaemonSet and CronJob was expected here", err);
}

static int read_target(const struct json_fields *fields, struct arena *arena,
                       struct trackspec_target *target, struct err *err)
{
    static const char *const known[] = {"kind", "name", "container", NULL};
    if (json_only(fields, known, err) < 0 || read_kind(fields, arena, &target->kind, err) < 0 ||
        get_name(fields, "name", NAME_MAX_BYTES, arena, &target->name, err) < 0 ||
        get_name(fields, "container", LABEL_MAX_BYTES, arena, &target->container, err) < 0)
        return -1;
    if (!target->name.len)
        return wrong(fields, "name", "the name of the workload is missing", err);
    return 0;
}

/* One without a container means all of them. */
static bool overlap(const struct trackspec_target *a, const struct trackspec_target *b)
{
    return a->kind == b->kind && str_eq(a->name, b->name) &&
           (!a->container.len || !b->container.len || str_eq(a->container, b->container));
}

static int read_targets(const struct json_fields *spec_fields, struct arena *arena,
                        struct trackspec *spec, struct err *err)
{
    struct json_list list;
    struct json_fields fields = {0};
    int more;
    if (json_get_list(spec_fields, "targets", &list, err) < 0)
        return -1;
    if (list.count == 0 || list.count > TRACK_TARGETS_MAX)
        return err_set(err, ERR_INPUT, "%s.targets: 1 to %d targets were expected here, not %zu",
                       spec_fields->path, TRACK_TARGETS_MAX, list.count);
    while ((more = json_next_object(&list, &fields, err)) > 0) {
        struct trackspec_target *target = &spec->targets[spec->target_count];
        if (read_target(&fields, arena, target, err) < 0)
            return -1;
        for (size_t i = 0; i < spec->target_count; i++)
            if (overlap(target, &spec->targets[i]))
                return err_set(err, ERR_INPUT, "%s: means a container of spec.targets[%zu] again",
                               fields.path, i);
        spec->target_count++;
    }
    return more;
}

static int read_rollout(const struct json_fields *spec_fields, struct arena *arena,
                        struct trackspec *spec, struct err *err)
{
    static const char *const known[] = {"deadline", "soak", "onFailure", NULL};
    struct json_fields fields = {0};
    if (json_get_object(spec_fields, "rollout", &fields, err) < 0 ||
        json_only(&fields, known, err) < 0 ||
        get_duration(&fields, "deadline", arena, &spec->deadline, err) < 0 ||
        get_duration(&fields, "soak", arena, &spec->soak, err) < 0)
        return -1;
    return get_choice(&fields, "onFailure", "Rollback", "Hold", &spec->hold_on_failure, arena, err);
}

static int get_text(const struct json_fields *fields, const char *field, struct arena *arena,
                    struct str *ret_text, struct err *err)
{
    if (json_get_string(fields, field, arena, ret_text, err) < 0)
        return -1;
    if (ret_text->len > TRACK_TEXT_MAX)
        return err_set(err, ERR_INPUT, "%s.%s: at most %d bytes", fields->path, field,
                       TRACK_TEXT_MAX);
    return 0;
}

/* with_digest: else only the time tells one from the other. */
static int read_word(const struct json_fields *spec_fields, const char *name, bool with_digest,
                     struct arena *arena, struct track_word *word, struct err *err)
{
    static const char *const known[] = {"by", "reason", "at", "digest", NULL};
    static const char *const without_digest[] = {"by", "reason", "at", NULL};
    struct json_fields fields = {0};
    struct str at = STR_NONE;
    if (json_get_object(spec_fields, name, &fields, err) < 0)
        return -1;
    if (!fields.object)
        return 0;
    if (json_only(&fields, with_digest ? known : without_digest, err) < 0 ||
        json_get_string(&fields, "digest", arena, &word->digest, err) < 0 ||
        get_text(&fields, "reason", arena, &word->reason, err) < 0 ||
        get_text(&fields, "by", arena, &word->by, err) < 0 ||
        json_get_string(&fields, "at", arena, &at, err) < 0)
        return -1;
    if (at.ptr && (!when_parse(at, &word->at) || word->at <= 0))
        return wrong(&fields, "at", "a time such as 2026-11-21T09:30:00Z was expected here", err);
    enum imageref_fault fault = with_digest ? digest_check(word->digest) : IMAGEREF_OK;
    if (fault != IMAGEREF_OK)
        return wrong(&fields, "digest",
                     word->digest.len ? imageref_fault_text(fault)
                                      : "a digest such as sha256:... was expected here",
                     err);
    if (!with_digest && !word->at)
        return wrong(&fields, "at", "the time at which it was said is missing", err);
    word->said = true;
    return 0;
}

static int read_words(const struct json_fields *fields, struct arena *arena, struct trackspec *spec,
                      struct err *err)
{
    if (read_word(fields, "hold", true, arena, &spec->hold, err) < 0 ||
        read_word(fields, "approve", true, arena, &spec->approve, err) < 0 ||
        read_word(fields, "promote", true, arena, &spec->promote, err) < 0)
        return -1;
    return read_word(fields, "resume", false, arena, &spec->resume, err);
}

static int read_spec(const struct json_fields *fields, struct arena *arena, struct trackspec *spec,
                     struct err *err)
{
    static const char *const known[] = {"image",   "follow",   "from",    "approval", "targets",
                                        "rollout", "interval", "keep",    "protect",  "suspend",
                                        "hold",    "approve",  "promote", "resume",   NULL};
    int64_t keep = spec->keep;
    if (json_only(fields, known, err) < 0 || read_image(fields, arena, &spec->image, err) < 0 ||
        read_follow(fields, arena, spec, err) < 0 || read_from(fields, arena, spec, err) < 0 ||
        get_choice(fields, "approval", "Automatic", "Manual", &spec->manual, arena, err) < 0 ||
        read_targets(fields, arena, spec, err) < 0 || read_rollout(fields, arena, spec, err) < 0 ||
        get_duration(fields, "interval", arena, &spec->interval, err) < 0 ||
        json_get_whole(fields, "keep", 1, TRACK_KEEP_MAX, &keep, err) < 0 ||
        json_get_bool(fields, "protect", &spec->protect, err) < 0 ||
        json_get_bool(fields, "suspend", &spec->suspend, err) < 0)
        return -1;
    spec->keep = (unsigned)keep;
    return read_words(fields, arena, spec, err);
}

/* --- The object --------------------------------------------------------------------------------- */

static int64_t scan_when(struct scan *scan)
{
    int64_t seconds = 0;
    size_t at = scan_offset(scan);
    struct str text = scan_string(scan);
    if (text.ptr && !when_parse(text, &seconds))
        scan_fail(scan, "a time such as 2026-11-21T09:30:00Z was expected here", at);
    return seconds;
}

static void scan_metadata(struct scan *scan, struct trackspec *spec)
{
    enum { NAME, NAMESPACE, UID, VERSION, GENERATION, CREATED, DELETED, KEYS };
    static const struct str keys[] = {
        [NAME] = STR_INIT("name"),
        [NAMESPACE] = STR_INIT("namespace"),
        [UID] = STR_INIT("uid"),
        [VERSION] = STR_INIT("resourceVersion"),
        [GENERATION] = STR_INIT("generation"),
        [CREATED] = STR_INIT("creationTimestamp"),
        [DELETED] = STR_INIT("deletionTimestamp"),
    };
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAME)
            spec->name = scan_string(scan);
        else if (key == NAMESPACE)
            spec->namespace = scan_string(scan);
        else if (key == UID)
            spec->uid = scan_string(scan);
        else if (key == VERSION)
            spec->resource_version = scan_string(scan);
        else if (key == GENERATION)
            spec->generation = scan_integer(scan);
        else if (key == CREATED)
            spec->created = scan_when(scan);
        else
            spec->deleted = scan_when(scan) != 0;
    }
}

static struct str scan_expected(struct scan *scan, struct str expected, const char *problem)
{
    size_t at = scan_offset(scan);
    struct str text = scan_string(scan);
    if (text.ptr && !str_eq(text, expected))
        scan_fail(scan, problem, at);
    return text;
}

/* Other people's fields beside the spec, such as managedFields, may nest as they like. */
static int read_object(struct str json, struct arena *arena, struct trackspec *spec,
                       struct str *ret_spec, struct err *err)
{
    enum { VERSION, KIND, METADATA, SPEC, KEYS };
    static const struct str keys[] = {[VERSION] = STR_INIT("apiVersion"),
                                      [KIND] = STR_INIT("kind"),
                                      [METADATA] = STR_INIT("metadata"),
                                      [SPEC] = STR_INIT("spec")};
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == VERSION)
            scan_expected(&scan, STR(PINNACE_API_VERSION),
                          "a Track of " PINNACE_API_VERSION " was expected here");
        else if (key == KIND)
            scan_expected(&scan, STR("Track"), "a Track was expected here");
        else if (key == METADATA)
            scan_metadata(&scan, spec);
        else
            *ret_spec = scan_value(&scan);
    }
    return scan_finish(&scan, err);
}

bool containers_meet(struct str container, const struct imageref *image, struct str other_container,
                     const struct imageref *other_image)
{
    if (container.len && other_container.len)
        return str_eq(container, other_container);
    return imageref_same_repository(image, other_image);
}

int trackspec_read(struct str json, struct arena *arena, struct trackspec *ret_spec,
                   struct err *err)
{
    struct trackspec spec = {.namespace = STR("default"),
                             .from.soak = 10 * 60,
                             .deadline = 10 * 60,
                             .soak = 60,
                             .interval = 60,
                             .keep = 10};
    struct str text = STR_NONE;
    JSON_SCOPED struct cJSON *tree = NULL;
    if (json.len > TRACK_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "%zu bytes; of a Track at most %d are read", json.len,
                       TRACK_MAX_BYTES);
    if (read_object(json, arena, &spec, &text, err) < 0)
        return -1;
    if (!is_name(spec.name, true, NAME_MAX_BYTES) ||
        !is_name(spec.namespace, false, LABEL_MAX_BYTES))
        return err_set(err, ERR_INPUT,
                       "metadata: a Track needs a name and a namespace as "
                       "Kubernetes has them");
    if (!text.len || text.ptr[0] != '{')
        return err_set(err, ERR_INPUT, "spec: an object was expected here");
    if (json_read(text, TRACK_MAX_BYTES, &tree, err) < 0)
        return err_prefix(err, "spec: ");
    struct json_fields fields = {.object = tree, .path = "spec"};
    if (read_spec(&fields, arena, &spec, err) < 0)
        return -1;
    *ret_spec = spec;
    return 0;
}
