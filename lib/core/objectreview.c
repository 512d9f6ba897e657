/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objectreview: see the header. Of a PinPolicy or an Exemption is refused what a snapshot would not
 * take over or not count; warned of is what it would, and is hardly meant.
 */
#include "pinnace/objectreview.h"

#include <stdio.h>

#include "pinnace/nslevels.h"
#include "pinnace/trackreview.h"
#include "pinnace/when.h"

#include "response.h"

#include "pinnace/banned.h"

enum {
    MESSAGE_MAX = 4096,
    SOON = 14 * 24 * 3600,          /* an expiry is told so long ahead */
    FAULTS_MAX = TRACKREVIEW_TEXTS, /* no fewer than there are modes */
};

_Static_assert((int)FAULTS_MAX >= (int)MODES, "a Namespace may have a fault in each mode");

struct answer {
    const struct review *review;
    const struct review_context *context;
    const struct nslook *look;
    struct arena *arena;
    struct policy policy;           /* with nothing but the object in it */
    struct nslevels levels, before; /* of a Namespace */
    struct trackreview track;       /* of a Track */
    bool wrong_kind;                /* which only a wrong webhook configuration sends */
    struct {
        struct str field, sentence;
    } faults[FAULTS_MAX];
    size_t fault_count;
    struct response response;
};

/* ---- what is said ---- */

/* A decoder's error begins with the field: "spec.images[0]: is empty". */
static int add_fault(struct answer *answer, const struct err *why, struct err *err)
{
    struct str text = arena_copy(answer->arena, str_of(why->text)), field = STR("");
    if (why->kind == ERR_MEMORY || !text.ptr)
        return err_no_memory(err);
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] != ':' || text.ptr[i + 1] != ' ')
            continue;
        field = str_head(text, i);
        text = str_tail(text, i + 2);
        break;
    }
    answer->faults[answer->fault_count].field = field;
    answer->faults[answer->fault_count++].sentence = text;
    return 0;
}

/* "Pinnace refuses Exemption "x" of namespace "y": spec.expires: ..." */
static void refuse(struct answer *answer)
{
    const struct review *review = answer->review;
    struct response *response = &answer->response;
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    struct str name = review->object.name.len ? review->object.name : review->name;
    buf_add(&text, STR("Pinnace refuses "));
    buf_add_review_object(&text, review);
    if (review->namespace.len && answer->context->path.subject != SUBJECT_NAMESPACE) {
        buf_add(&text, STR(" of namespace "));
        buf_add_quoted(&text, review->namespace, 63);
    }
    if (answer->wrong_kind)
        buf_add_wrong_kind(&text, review);
    for (size_t i = 0; i < answer->fault_count; i++)
        buf_addf(&text, "%s%.*s%s%.*s", i ? "; " : ": ", STR_FMT(answer->faults[i].field),
                 answer->faults[i].field.len ? ": " : "", STR_FMT(answer->faults[i].sentence));
    response_refuse(response, RESPONSE_INVALID, response_text(response, &text));
    response_name_object(response, review->kind_name, name);
    for (size_t i = 0; i < answer->fault_count; i++)
        response_add_cause(response, STR("FieldValueInvalid"), answer->faults[i].field,
                           answer->faults[i].sentence);
}

static void warn(struct answer *answer, struct buf *text)
{
    struct str warning = response_text(&answer->response, text);
    if (response_may_warn(&answer->response))
        response_warn(&answer->response, warning);
}

/* ---- PinPolicy and Exemption ---- */

static const struct exemption *exemption_of(const struct answer *answer)
{
    const struct exemption *first = answer->policy.exemptions;
    return first && first->name.len ? first : NULL;
}

static void add_too_late(struct buf *buf, int64_t longest, int64_t latest)
{
    buf_add(buf, STR("spec.expires: an Exemption lasts at most "));
    buf_add_duration(buf, longest);
    buf_add(buf, STR(" from its creation, as the PinPolicy's longestExemption has it; the latest "
                     "time that is accepted is "));
    buf_add_when(buf, latest);
}

static void add_over(struct buf *buf, int64_t now, int64_t latest)
{
    if (latest <= now) {
        buf_add(buf, STR("spec.expires: this Exemption has lasted as long as it may; write a new "
                         "one"));
        return;
    }
    buf_add(buf, STR("spec.expires: that is over already; the latest time that is accepted is "));
    buf_add_when(buf, latest);
    buf_add(buf, STR(", and who wants to end an Exemption deletes it"));
}

/* As judges count it: from its creation, which the API server stamps before it asks. */
static int check_expiry(struct answer *answer, const struct exemption *exemption, struct err *err)
{
    int64_t now = answer->context->now, longest = answer->context->policy->longest_exemption;
    int64_t latest = (exemption->created ? exemption->created : now) + longest;
    struct buf buf = BUF_INIT(answer->arena, MESSAGE_MAX);
    struct err why;
    struct str text;
    if (exemption->expires <= now)
        add_over(&buf, now, latest);
    else if (exemption->expires > latest)
        add_too_late(&buf, longest, latest);
    else
        return 0;
    if (buf_finish(&buf, &text, err) < 0)
        return -1;
    err_set(&why, ERR_INPUT, "%.*s", STR_FMT(text));
    return add_fault(answer, &why, err);
}

/* By the very decoder that makes snapshots. */
static int judge_policy(struct answer *answer, struct err *err)
{
    bool is_exemption = answer->context->path.subject == SUBJECT_EXEMPTION;
    struct str kind = is_exemption ? STR("Exemption") : STR("PinPolicy");
    struct err why;
    answer->policy = policy_builtin;
    answer->wrong_kind = !str_eq(answer->review->kind_name, kind) ||
                         !str_eq(answer->review->group, group_of(STR(PINNACE_API_VERSION)));
    if (answer->wrong_kind)
        return 0;
    if (policy_add(&answer->policy, answer->review->object_text, answer->arena, &why) < 0)
        return add_fault(answer, &why, err);
    const struct exemption *exemption = exemption_of(answer);
    return exemption ? check_expiry(answer, exemption, err) : 0;
}

static bool is_stars(struct str pattern)
{
    return str_eq(pattern, STR("*")) || str_eq(pattern, STR("**"));
}

static bool fits_everything(const struct image_glob *glob)
{
    return is_stars(glob->host) && (!glob->path.len || str_eq(glob->path, STR("**"))) &&
           (!glob->tag.len || is_stars(glob->tag));
}

static void warn_of_globs(struct answer *answer, const char *field, const struct image_globs *globs,
                          const char *meaning)
{
    for (size_t i = 0; i < globs->count; i++) {
        struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
        if (!fits_everything(&globs->items[i]))
            continue;
        buf_addf(&text, "%s[%zu]: fits every image there is, so %s", field, i, meaning);
        warn(answer, &text);
    }
}

static void warn_of_end(struct answer *answer, size_t index, int64_t expires)
{
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    bool over = expires <= answer->context->now;
    if (expires == 0 || expires - answer->context->now > SOON)
        return;
    buf_addf(&text, "spec.exemptions[%zu].expires: ", index);
    buf_add(&text, over ? STR("has let nothing in since ") : STR("ends in less than 14 days, "));
    buf_add_when(&text, expires);
    buf_add(&text, over ? STR("; take it out") : STR("; what needs it is refused from then on"));
    warn(answer, &text);
}

/* The list has them backwards. */
static void warn_of_standing(struct answer *answer)
{
    size_t index = 0;
    for (const struct exemption *e = answer->policy.exemptions; e; e = e->next)
        index++;
    for (const struct exemption *e = answer->policy.exemptions; e; e = e->next) {
        char field[64];
        snprintf(field, sizeof(field), "spec.exemptions[%zu].images", --index);
        warn_of_globs(answer, field, &e->images,
                      "nothing is asked of any image in these namespaces");
        warn_of_end(answer, index, e->expires);
    }
}

static void warn_of_oddities(struct answer *answer)
{
    const struct exemption *exemption = exemption_of(answer);
    const struct policy *policy = &answer->policy;
    if (exemption) {
        warn_of_globs(answer, "spec.images", &exemption->images,
                      "nothing is asked of any image in this namespace until it ends");
        return;
    }
    warn_of_globs(answer, "spec.registries", &policy->registries,
                  "none is refused for its registry");
    warn_of_globs(answer, "spec.free", &policy->free,
                  "level \"released\" asks for no more than \"pinned\" where no Track is");
    if (tag_is_immutable(&policy->tags, STR("latest"))) {
        struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
        buf_add(&text, STR("spec.tags.immutable: fits \"latest\", which is moved from image to "
                           "image"));
        warn(answer, &text);
    }
    warn_of_standing(answer);
}

/* ---- Namespace ---- */

static bool is_same(const struct nslevel *a, const struct nslevel *b)
{
    return !a->value.ptr == !b->value.ptr && str_eq(a->value, b->value);
}

/* What was there before and is left as it is, is not this request's fault. */
static void add_unknown(struct buf *buf, int mode, struct str value)
{
    buf_addf(buf, "metadata.labels[%.*s]: ", STR_FMT(nslevel_labels[mode]));
    buf_add_quoted(buf, value, 63);
    buf_add(buf, STR(" is no level; it is one of off, tagged, pinned and released"));
}

static int check_levels(struct answer *answer, struct err *err)
{
    for (int mode = 0; mode < MODES; mode++) {
        const struct nslevel *level = &answer->levels.modes[mode];
        struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
        struct str fault;
        struct err why;
        if (!level->value.ptr || level->known || is_same(level, &answer->before.modes[mode]))
            continue;
        add_unknown(&text, mode, level->value);
        if (buf_finish(&text, &fault, err) < 0)
            return -1;
        err_set(&why, ERR_INPUT, "%.*s", STR_FMT(fault));
        if (add_fault(answer, &why, err) < 0)
            return -1;
    }
    return 0;
}

static void warn_of_unknown(struct answer *answer)
{
    for (int mode = 0; mode < MODES; mode++) {
        const struct nslevel *level = &answer->levels.modes[mode];
        struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
        if (!level->value.ptr || level->known)
            continue;
        add_unknown(&text, mode, level->value);
        warn(answer, &text);
    }
}

static int read_both(const struct review *review, struct arena *arena, struct nslevels *ret_new,
                     struct nslevels *ret_old, struct err *err)
{
    *ret_old = (struct nslevels){0};
    if (review->has_old && nslevels_read(review->old_text, arena, ret_old, err) < 0)
        return -1;
    return nslevels_read(review->object_text, arena, ret_new, err);
}

static int judge_namespace(struct answer *answer, struct err *err)
{
    const struct review *review = answer->review;
    struct err why;
    answer->wrong_kind = !str_eq(review->kind_name, STR("Namespace")) || review->group.len;
    if (answer->wrong_kind)
        return 0;
    if (read_both(review, answer->arena, &answer->levels, &answer->before, &why) < 0)
        return add_fault(answer, &why, err);
    return check_levels(answer, err);
}

static void warn_of_line(struct answer *answer, struct str line)
{
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    const struct nslook *look = answer->look;
    buf_addf(&text, "%.*s=%.*s ", STR_FMT(mode_names[look->mode]),
             STR_FMT(level_names[look->level]));
    buf_add(&text, look->mode == MODE_ENFORCE ? STR("would not let in again ")
                                              : STR("would complain of "));
    buf_add(&text, line);
    warn(answer, &text);
}

/* The command comes first: a warning may be cut, and what went wrong can be long. */
static void warn_of_rest(struct answer *answer, size_t named)
{
    const struct nslook *look = answer->look;
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    if (look->count > named)
        buf_addf(&text, "and %zu more; ", look->count - named);
    if (look->trouble.len)
        buf_add(&text, STR("what is there was not looked at in full; "));
    buf_addf(&text, "see: kubectl pinnace doctor --before %.*s %.*s",
             STR_FMT(level_names[look->level]), STR_FMT(answer->review->object.name));
    if (look->trouble.len)
        buf_addf(&text, " (%.*s)", STR_FMT(look->trouble));
    warn(answer, &text);
}

static void warn_of_look(struct answer *answer)
{
    const struct nslook *look = answer->look;
    size_t named = 0;
    for (; named < look->kept && named < NSLOOK_LINES; named++)
        warn_of_line(answer, look->lines[named]);
    if (named < look->count || look->trouble.len)
        warn_of_rest(answer, named);
}

static bool is_raised(const struct nslevel *new, const struct nslevel *old)
{
    return new->known &&new->level > old->level;
}

bool objectreview_wants_look(const struct review *review, const struct review_path *path,
                             struct arena *arena, struct nslook *ret_look)
{
    static const enum mode modes[] = {MODE_ENFORCE, MODE_WARN};
    struct nslevels new, old;
    struct err err;
    if (path->subject != SUBJECT_NAMESPACE || review->operation != OPERATION_UPDATE ||
        !review->has_old || read_both(review, arena, &new, &old, &err) < 0)
        return false;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        const struct nslevel *level = &new.modes[modes[i]];
        if (!is_raised(level, &old.modes[modes[i]]))
            continue;
        *ret_look = (struct nslook){.mode = modes[i], .level = level->level, .uid = old.uid};
        return true;
    }
    return false;
}

/* ---- Track ---- */

/* The namespace is the review's, whatever else is there. */
static int read_spec(const struct review *review, struct str text, struct arena *arena,
                     struct trackspec *ret_spec, struct err *err)
{
    if (trackspec_read(text, arena, ret_spec, err) < 0)
        return -1;
    ret_spec->namespace = review->namespace;
    return 0;
}

static int judge_track(struct answer *answer, struct err *err)
{
    const struct review *review = answer->review;
    struct trackspec *spec = arena_new(answer->arena, struct trackspec);
    struct trackspec *old = arena_new(answer->arena, struct trackspec);
    struct err why;
    answer->wrong_kind = !str_eq(review->kind_name, STR("Track")) ||
                         !str_eq(review->group, group_of(STR(PINNACE_API_VERSION)));
    if (answer->wrong_kind)
        return 0;
    if (!spec || !old)
        return err_no_memory(err);
    if (read_spec(review, review->object_text, answer->arena, spec, &why) < 0)
        return add_fault(answer, &why, err);
    if (!review->has_old || read_spec(review, review->old_text, answer->arena, old, &why) < 0)
        old = NULL;
    if (trackreview_read(spec, old, answer->context->ledger, answer->arena, &answer->track, err) <
        0)
        return -1;
    for (size_t i = 0; i < answer->track.fault_count; i++) {
        err_set(&why, ERR_INPUT, "%.*s", STR_FMT(answer->track.faults[i]));
        if (add_fault(answer, &why, err) < 0)
            return -1;
    }
    return 0;
}

static void warn_of_track(struct answer *answer)
{
    for (size_t i = 0; i < answer->track.warning_count; i++) {
        struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
        buf_add(&text, answer->track.warnings[i]);
        warn(answer, &text);
    }
}

/* ---- the answer ---- */

static int judge_object(struct answer *answer, struct err *err)
{
    if (answer->context->path.subject == SUBJECT_NAMESPACE)
        return judge_namespace(answer, err);
    if (answer->context->path.subject == SUBJECT_TRACK)
        return judge_track(answer, err);
    return judge_policy(answer, err);
}

static void warn_of_what_is_allowed(struct answer *answer)
{
    if (answer->context->path.subject == SUBJECT_TRACK) {
        warn_of_track(answer);
        return;
    }
    if (answer->context->path.subject != SUBJECT_NAMESPACE) {
        warn_of_oddities(answer);
        return;
    }
    warn_of_unknown(answer);
    if (answer->look)
        warn_of_look(answer);
}

int objectreview_answer(const struct review *review, const struct review_context *context,
                        const struct nslook *look, struct arena *arena, bool *ret_allowed,
                        struct str *ret_answer, struct err *err)
{
    struct answer answer = {.review = review, .context = context, .look = look, .arena = arena};
    bool written = review_writes(review);
    if (written && judge_object(&answer, err) < 0)
        return -1;
    bool allowed = !answer.wrong_kind && answer.fault_count == 0;
    response_begin(&answer.response, arena, review->uid, allowed);
    if (!allowed)
        refuse(&answer);
    else if (written)
        warn_of_what_is_allowed(&answer);
    if (response_finish(&answer.response, ret_answer, err) < 0)
        return -1;
    *ret_allowed = allowed;
    return 0;
}
