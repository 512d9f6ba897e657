/* SPDX-License-Identifier: Apache-2.0 */
/* objectreview: see the header. */
#include "pinnace/objectreview.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/nslevels.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum {
    WARNING_MAX = 256,
    MESSAGE_MAX = 4096,
    ANSWER_MAX = 32 * 1024,
    CODE_UNPROCESSABLE = 422,
    SOON = 14 * 24 * 3600, /* an expiry is told so long ahead */
};

struct answer {
    const struct review *review;
    const struct review_context *context;
    const struct nslook *look;
    struct arena *arena;
    struct err refusal; /* ERR_NONE: allowed */
    struct str warnings[NSLOOK_LINES + 2];
    size_t warning_count;
};

/* ---- what is said ---- */

static int add_warning(struct answer *answer, struct buf *text, struct err *err)
{
    struct str warning;
    if (buf_finish(text, &warning, err) < 0)
        return -1;
    answer->warnings[answer->warning_count++] =
        warning.len > WARNING_MAX ? str_head(warning, WARNING_MAX) : warning;
    return 0;
}

/* kubectl shows the causes of what is invalid, not the message; others show the message. */
static void write_details(const struct answer *answer, struct json_writer *json, struct str name)
{
    struct str text = str_of(answer->refusal.text);
    size_t colon = str_find(text, ':');
    struct str field = colon == STR_NOT_FOUND ? STR_NONE : str_head(text, colon);
    size_t begin = colon == STR_NOT_FOUND ? 0 : colon + 1;
    if (begin < text.len && text.ptr[begin] == ' ')
        begin++;
    json_key(json, "details");
    json_open(json, '{');
    json_member(json, "kind", answer->review->kind_name);
    json_member(json, "name", name);
    json_key(json, "causes");
    json_open(json, '[');
    json_open(json, '{');
    json_member(json, "reason", STR("FieldValueInvalid"));
    json_member(json, "field", field);
    json_member(json, "message", str_tail(text, begin));
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
}

/* "Pinnace refuses Exemption "x": spec.expires: ..." */
static int write_status(const struct answer *answer, struct json_writer *json, struct err *err)
{
    const struct review *review = answer->review;
    struct str name = review->object.name.len ? review->object.name : review->name, message;
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    buf_add(&text, STR("Pinnace refuses "));
    buf_add(&text, review->kind_name);
    buf_add_char(&text, ' ');
    buf_add_quoted(&text, name, 253);
    buf_addf(&text, ": %s", answer->refusal.text);
    if (buf_finish(&text, &message, err) < 0)
        return -1;
    json_key(json, "status");
    json_open(json, '{');
    json_key(json, "code");
    json_number(json, CODE_UNPROCESSABLE);
    json_member(json, "status", STR("Failure"));
    json_member(json, "reason", STR("Invalid"));
    json_member(json, "message", message);
    write_details(answer, json, name);
    json_close(json, '}');
    return 0;
}

static int write_answer(const struct answer *answer, struct str *ret_text, struct err *err)
{
    struct buf text = BUF_INIT(answer->arena, ANSWER_MAX);
    struct json_writer json = {.buf = &text};
    bool allowed = answer->refusal.kind == ERR_NONE;
    json_open(&json, '{');
    json_member(&json, "apiVersion", STR("admission.k8s.io/v1"));
    json_member(&json, "kind", STR("AdmissionReview"));
    json_key(&json, "response");
    json_open(&json, '{');
    json_member(&json, "uid", answer->review->uid);
    json_key(&json, "allowed");
    json_bool(&json, allowed);
    if (!allowed && write_status(answer, &json, err) < 0)
        return -1;
    if (answer->warning_count) {
        json_key(&json, "warnings");
        json_open(&json, '[');
        for (size_t i = 0; i < answer->warning_count; i++)
            json_string(&json, answer->warnings[i]);
        json_close(&json, ']');
    }
    json_close(&json, '}');
    json_close(&json, '}');
    return buf_finish(&text, ret_text, err);
}

/* ---- PinPolicy ---- */

static int warn_of_end(struct answer *answer, const struct exemption *exemption, struct err *err)
{
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    buf_add(&text, STR("spec.exemptions: the one with the reason "));
    buf_add_quoted(&text, exemption->reason, 80);
    buf_add(&text,
            exemption->expires <= answer->context->now ? STR(" ended at ") : STR(" ends at "));
    buf_add_when(&text, exemption->expires);
    return add_warning(answer, &text, err);
}

static int judge_pin_policy(struct answer *answer, struct err *err)
{
    struct policy policy = policy_builtin;
    if (policy_add(&policy, answer->review->object_text, answer->arena, &answer->refusal) < 0)
        return 0;
    for (const struct exemption *e = policy.exemptions; e; e = e->next)
        if (e->expires && e->expires - SOON <= answer->context->now &&
            answer->warning_count < NSLOOK_LINES && warn_of_end(answer, e, err) < 0)
            return -1;
    return 0;
}

/* ---- Exemption ---- */

static int refuse_too_long(struct answer *answer, int64_t latest, struct err *err)
{
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    struct str message;
    buf_addf(&text, "spec.expires: that is later than the PinPolicy's longestExemption allows; at "
                    "the latest ");
    buf_add_when(&text, latest);
    if (buf_finish(&text, &message, err) < 0)
        return -1;
    err_set(&answer->refusal, ERR_INPUT, "%.*s", STR_FMT(message));
    return 0;
}

static int judge_exemption(struct answer *answer, struct err *err)
{
    int64_t now = answer->context->now;
    struct policy policy = policy_builtin;
    if (policy_add(&policy, answer->review->object_text, answer->arena, &answer->refusal) < 0)
        return 0;
    const struct exemption *exemption = policy.exemptions;
    if (!exemption || !exemption->name.len) {
        err_set(&answer->refusal, ERR_INPUT, "kind: an Exemption was expected here");
        return 0;
    }
    int64_t begin = exemption->created ? exemption->created : now;
    int64_t latest = begin + answer->context->policy->longest_exemption;
    if (exemption->expires > latest)
        return refuse_too_long(answer, latest, err);
    if (exemption->expires <= now)
        err_set(&answer->refusal, ERR_INPUT, "spec.expires: that is over already");
    return 0;
}

/* ---- Namespace ---- */

static bool is_same(const struct nslevel *a, const struct nslevel *b)
{
    return !a->value.ptr == !b->value.ptr && str_eq(a->value, b->value);
}

/* What was there before and is left as it is, is not this request's fault. */
static void check_levels(struct answer *answer, const struct nslevels *new,
                         const struct nslevels *old)
{
    for (int mode = 0; mode < MODES; mode++) {
        const struct nslevel *level = &new->modes[mode];
        struct buf quoted = BUF_INIT(answer->arena, MESSAGE_MAX);
        struct str value = STR_NONE;
        if (!level->value.ptr || level->known || is_same(level, &old->modes[mode]))
            continue;
        buf_add_quoted(&quoted, level->value, 63);
        buf_finish(&quoted, &value, NULL);
        err_set(&answer->refusal, ERR_INPUT,
                "metadata.labels[%.*s]: %.*s is no level; it is one of off, tagged, pinned and "
                "released",
                STR_FMT(nslevel_labels[mode]), STR_FMT(value));
        return;
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

static int warn_of_line(struct answer *answer, struct str line, struct err *err)
{
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    const struct nslook *look = answer->look;
    buf_addf(&text, "%.*s=%.*s ", STR_FMT(mode_names[look->mode]),
             STR_FMT(level_names[look->level]));
    buf_add(&text, look->mode == MODE_ENFORCE ? STR("would not let in again ")
                                              : STR("would complain of "));
    buf_add(&text, line);
    return add_warning(answer, &text, err);
}

static int warn_of_rest(struct answer *answer, size_t named, struct err *err)
{
    const struct nslook *look = answer->look;
    struct buf text = BUF_INIT(answer->arena, MESSAGE_MAX);
    struct str name = answer->review->object.name;
    if (look->trouble.len)
        buf_addf(&text, "what is there was not looked at in full (%.*s)", STR_FMT(look->trouble));
    else
        buf_addf(&text, "and %zu more", look->count - named);
    buf_addf(&text, "; see: kubectl pinnace doctor --before %.*s %.*s",
             STR_FMT(level_names[look->level]), STR_FMT(name));
    return add_warning(answer, &text, err);
}

static int judge_namespace(struct answer *answer, struct err *err)
{
    struct nslevels new, old;
    const struct nslook *look = answer->look;
    size_t named = 0;
    if (read_both(answer->review, answer->arena, &new, &old, &answer->refusal) < 0)
        return 0;
    check_levels(answer, &new, &old);
    if (answer->refusal.kind != ERR_NONE || !look)
        return 0;
    for (; named < look->kept && named < NSLOOK_LINES; named++)
        if (warn_of_line(answer, look->lines[named], err) < 0)
            return -1;
    return named < look->count || look->trouble.len ? warn_of_rest(answer, named, err) : 0;
}

void buf_add_nslook_line(struct buf *buf, const struct object *object,
                         const struct finding *finding)
{
    buf_add(buf, object->kind_name);
    buf_add_char(buf, ' ');
    buf_add_quoted(buf, object->name, 63);
    buf_add(buf, STR(": "));
    buf_add_holder(buf, finding->site);
    buf_addf(buf, ": %.*s: ", STR_FMT(reason_names[finding->reason]));
    buf_add_finding(buf, finding);
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
        *ret_look = (struct nslook){.mode = modes[i], .level = level->level};
        return true;
    }
    return false;
}

int objectreview_answer(const struct review *review, const struct review_context *context,
                        const struct nslook *look, struct arena *arena, bool *ret_allowed,
                        struct str *ret_answer, struct err *err)
{
    struct answer answer = {
        .review = review, .context = context, .look = look, .arena = arena, .refusal = {0}};
    int done = 0;
    if (review->operation != OPERATION_CREATE && review->operation != OPERATION_UPDATE)
        done = 0;
    else if (context->path.subject == SUBJECT_PIN_POLICY)
        done = judge_pin_policy(&answer, err);
    else if (context->path.subject == SUBJECT_EXEMPTION)
        done = judge_exemption(&answer, err);
    else
        done = judge_namespace(&answer, err);
    if (done < 0)
        return -1;
    if (answer.refusal.kind == ERR_MEMORY) {
        *err = answer.refusal;
        return -1;
    }
    if (write_answer(&answer, ret_answer, err) < 0)
        return -1;
    *ret_allowed = answer.refusal.kind == ERR_NONE;
    return 0;
}
