/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: the verdict as an AdmissionReview. A denial names every offending image up to a number
 * that a person reads; the API server's own limits are kept for warnings.
 */
#include "pinnace/review.h"

#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum {
    NAMED_MAX = 20,         /* images named one by one */
    DENIAL_MAX = 14 * 1024, /* then the rest is counted, so that 16 KiB are never passed */
    WARNING_MAX = 256,      /* characters: the API server cuts what is longer */
    WARNINGS_MAX = 4096,    /* and drops what comes after so many in one answer */
    COMPLAINT_MAX = 4096,
    ANSWER_MAX = 128 * 1024,
    CODE_FORBIDDEN = 403,
    CODE_UNPROCESSABLE = 422,
    CODE_INTERNAL = 500,
};

struct answer {
    const struct review *review;
    const struct review_context *context;
    const struct verdict *verdict;
    struct arena *arena;
    bool complains;
    struct str complaint; /* what is wrong beyond single images */
    int code;
    bool failed; /* a piece of text found no memory: no answer is better than half of one */
    struct json_writer json;
};

static struct str text_of(struct answer *answer, struct buf *buf)
{
    struct str text = STR_NONE;
    if (buf_finish(buf, &text, NULL) < 0)
        answer->failed = true;
    return text;
}

static void add_object_name(struct buf *buf, const struct review *review)
{
    const struct object *object = &review->object;
    if (review->object.kind)
        buf_add(buf, review->kind_name);
    else
        buf_add_quoted(buf, review->kind_name, 63);
    buf_add_char(buf, ' ');
    if (object->name.len || review->name.len) {
        buf_add_quoted(buf, object->name.len ? object->name : review->name, 253);
    } else {
        buf_add_quoted(buf, object->generate_name, 253);
        buf_add(buf, STR("..."));
    }
}

static void add_headline(struct buf *buf, const struct answer *answer)
{
    const struct verdict *verdict = answer->verdict;
    struct str level = level_names[answer->context->path.level];
    size_t refused = verdict->count[FINDING_REFUSED];
    buf_add(buf, STR("Pinnace refuses "));
    add_object_name(buf, answer->review);
    if (verdict->images == 1)
        buf_add(buf, STR(": its image does"));
    else
        buf_addf(buf, ": %zu of %zu images %s", refused, verdict->images,
                 refused == 1 ? "does" : "do");
    buf_addf(buf, " not meet level \"%.*s\" of namespace ", STR_FMT(level));
    buf_add_quoted(buf, answer->review->namespace, 63);
}

static void add_line(struct buf *buf, const struct finding *finding)
{
    buf_add(buf, STR("\n- "));
    buf_add_field(buf, finding->site);
    buf_add(buf, STR(" ("));
    buf_add_holder(buf, finding->site);
    buf_addf(buf, "): %.*s: ", STR_FMT(reason_names[finding->reason]));
    buf_add_finding(buf, finding);
}

static void add_denial(struct buf *buf, const struct answer *answer)
{
    const struct verdict *verdict = answer->verdict;
    size_t named = 0;
    if (answer->complains) {
        buf_add(buf, answer->complaint);
        return;
    }
    add_headline(buf, answer);
    for (size_t i = 0; i < verdict->kept && named < NAMED_MAX && buf->len < DENIAL_MAX; i++) {
        if (verdict->findings[i].weight != FINDING_REFUSED)
            continue;
        add_line(buf, &verdict->findings[i]);
        named++;
    }
    if (named < verdict->count[FINDING_REFUSED])
        buf_addf(buf, "\n- and %zu more", verdict->count[FINDING_REFUSED] - named);
}

/* Status.details.causes: the same for programs. */
static void write_causes(struct answer *answer)
{
    struct json_writer *json = &answer->json;
    size_t named = 0;
    json_key(json, "details");
    json_open(json, '{');
    json_key(json, "causes");
    json_open(json, '[');
    for (size_t i = 0; i < answer->verdict->kept && named < NAMED_MAX; i++) {
        const struct finding *finding = &answer->verdict->findings[i];
        struct buf field = BUF_INIT(answer->arena, 256);
        struct buf message = BUF_INIT(answer->arena, DENIAL_MAX);
        if (finding->weight != FINDING_REFUSED)
            continue;
        buf_add_field(&field, finding->site);
        buf_add_finding(&message, finding);
        json_open(json, '{');
        json_member(json, "reason", reason_names[finding->reason]);
        json_member(json, "field", text_of(answer, &field));
        json_member(json, "message", text_of(answer, &message));
        json_close(json, '}');
        named++;
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void write_status(struct answer *answer)
{
    struct json_writer *json = &answer->json;
    struct buf message = BUF_INIT(answer->arena, DENIAL_MAX + COMPLAINT_MAX);
    add_denial(&message, answer);
    json_key(json, "status");
    json_open(json, '{');
    json_key(json, "code");
    json_number(json, answer->code);
    json_member(json, "status", STR("Failure"));
    json_member(json, "reason",
                answer->code == CODE_FORBIDDEN       ? STR("Forbidden")
                : answer->code == CODE_UNPROCESSABLE ? STR("Invalid")
                                                     : STR("InternalError"));
    json_member(json, "message", text_of(answer, &message));
    if (!answer->complains)
        write_causes(answer);
    json_close(json, '}');
}

/* A warning of at most WARNING_MAX bytes; what is quoted in it is ASCII. */
static void write_warning(struct answer *answer, struct buf *text, size_t *total)
{
    struct str warning = text_of(answer, text);
    struct buf cut = BUF_INIT(answer->arena, WARNING_MAX);
    if (warning.len > WARNING_MAX) {
        buf_add(&cut, str_head(warning, WARNING_MAX - 3));
        buf_add(&cut, STR("..."));
        warning = text_of(answer, &cut);
    }
    *total += warning.len;
    json_string(&answer->json, warning);
}

/* Audit is for the log alone; a refusal is in the denial, unless the mode only warns of it. */
static bool warns_of(const struct answer *answer, int weight)
{
    enum mode mode = answer->context->path.mode;
    return mode == MODE_WARN || (mode == MODE_ENFORCE && weight != FINDING_REFUSED);
}

/* One sentence; where that would be cut before what to write instead, only this is said. */
static void add_warning(struct buf *text, const struct finding *finding)
{
    size_t begin = text->len;
    buf_add_field(text, finding->site);
    buf_addf(text, ": %.*s: ", STR_FMT(reason_names[finding->reason]));
    size_t prefix = text->len;
    buf_add_finding(text, finding);
    if (text->failed || text->len - begin <= WARNING_MAX || !finding->row || finding->exemption)
        return;
    text->len = prefix;
    buf_add(text, STR("write "));
    buf_add_suggestion(text, finding);
}

/* Those of one weight, as long as there is room for another one and for the count of the rest. */
static size_t write_warnings_of(struct answer *answer, enum finding_weight weight, size_t *total)
{
    const struct verdict *verdict = answer->verdict;
    size_t named = 0;
    for (size_t i = 0; i < verdict->kept && *total + 2 * WARNING_MAX < WARNINGS_MAX; i++) {
        const struct finding *finding = &verdict->findings[i];
        struct buf text = BUF_INIT(answer->arena, DENIAL_MAX);
        if (finding->weight != weight)
            continue;
        add_warning(&text, finding);
        write_warning(answer, &text, total);
        named++;
    }
    return named;
}

/* In the order of the weights: what the level forbids comes before what is let in all the same. */
static void write_warnings(struct answer *answer)
{
    size_t named = 0, total = 0, due = 0;
    for (int weight = 0; weight < FINDING_WEIGHTS; weight++)
        due += warns_of(answer, weight) ? answer->verdict->count[weight] : 0;
    bool complains = answer->complains && answer->context->path.mode == MODE_WARN;
    if (due == 0 && !complains)
        return;
    json_key(&answer->json, "warnings");
    json_open(&answer->json, '[');
    if (complains) {
        struct buf text = BUF_INIT(answer->arena, COMPLAINT_MAX);
        buf_add(&text, answer->complaint);
        write_warning(answer, &text, &total);
    }
    for (int weight = 0; weight < FINDING_WEIGHTS; weight++)
        if (warns_of(answer, weight))
            named += write_warnings_of(answer, (enum finding_weight)weight, &total);
    if (named < due) {
        struct buf text = BUF_INIT(answer->arena, WARNING_MAX);
        buf_addf(&text, "and %zu more images", due - named);
        write_warning(answer, &text, &total);
    }
    json_close(&answer->json, ']');
}

static void write_findings_annotation(struct answer *answer, const char *key,
                                      enum finding_weight weight)
{
    struct buf text = BUF_INIT(answer->arena, DENIAL_MAX);
    size_t named = 0, count = answer->verdict->count[weight];
    if (count == 0)
        return;
    for (size_t i = 0; i < answer->verdict->kept && named < NAMED_MAX; i++) {
        const struct finding *finding = &answer->verdict->findings[i];
        if (finding->weight != weight)
            continue;
        buf_addf(&text, "%s%.*s ", named++ ? "; " : "", STR_FMT(reason_names[finding->reason]));
        buf_add_field(&text, finding->site);
        buf_add_char(&text, ' ');
        buf_add_quoted(&text, site_image(finding->site), 300);
        if (finding->exemption)
            buf_addf(&text, " by %.*s",
                     STR_FMT(finding->exemption->name.len ? finding->exemption->name
                                                          : STR("PinPolicy")));
    }
    if (named < count)
        buf_addf(&text, "; and %zu more", count - named);
    json_member(&answer->json, key, text_of(answer, &text));
}

/* The API server puts the webhook's name, and so mode and level, in front of each key. */
static void write_annotations(struct answer *answer)
{
    const size_t *count = answer->verdict->count;
    struct json_writer *json = &answer->json;
    bool refused = count[FINDING_REFUSED] || answer->complains;
    if (!refused && !count[FINDING_EXEMPT] && !count[FINDING_ADVICE])
        return;
    json_key(json, "auditAnnotations");
    json_open(json, '{');
    json_member(json, "verdict",
                refused                 ? STR("violation")
                : count[FINDING_EXEMPT] ? STR("exempt")
                                        : STR("advice"));
    if (answer->complains)
        json_member(json, "error", answer->complaint);
    write_findings_annotation(answer, "violations", FINDING_REFUSED);
    write_findings_annotation(answer, "exempted", FINDING_EXEMPT);
    write_findings_annotation(answer, "advice", FINDING_ADVICE);
    json_close(json, '}');
}

static int write_answer(struct answer *answer, bool allowed, struct str *ret_text, struct err *err)
{
    struct buf text = BUF_INIT(answer->arena, ANSWER_MAX);
    struct json_writer *json = &answer->json;
    *json = (struct json_writer){.buf = &text};
    json_open(json, '{');
    json_member(json, "apiVersion", STR("admission.k8s.io/v1"));
    json_member(json, "kind", STR("AdmissionReview"));
    json_key(json, "response");
    json_open(json, '{');
    json_member(json, "uid", answer->review->uid);
    json_key(json, "allowed");
    json_bool(json, allowed);
    if (!allowed)
        write_status(answer);
    write_warnings(answer);
    write_annotations(answer);
    json_close(json, '}');
    json_close(json, '}');
    if (answer->failed)
        return err_no_memory(err);
    return buf_finish(&text, ret_text, err);
}

/* What speaks against the request as a whole; judging its images would not help. */
static void complain(struct answer *answer, const struct err *unanswerable, struct buf *text)
{
    const struct review *review = answer->review;
    buf_add(text, STR("Pinnace refuses "));
    add_object_name(text, review);
    answer->code = CODE_FORBIDDEN;
    if (unanswerable) {
        buf_addf(text, ": %s", unanswerable->text);
        answer->code = CODE_INTERNAL;
    } else if (answer->context->path.unknown) {
        buf_addf(text, ": the label pinnace.dev/%.*s of namespace ",
                 STR_FMT(mode_names[answer->context->path.mode]));
        buf_add_quoted(text, review->namespace, 63);
        buf_add(text, STR(" has a value that is no level; it must be off, tagged, pinned or "
                          "released"));
    } else {
        buf_add(text, STR(": it judges no such kind of group "));
        buf_add_quoted(text, review->group, 253);
        buf_add(text, STR("; the webhook configuration must not send it here"));
        answer->code = CODE_UNPROCESSABLE;
    }
    answer->complains = true;
    answer->complaint = text_of(answer, text);
}

static struct question question_of(const struct review *review,
                                   const struct review_context *context)
{
    return (struct question){
        /* Under an unknown level the strictest that needs no ledger tells whether images change. */
        .level = context->path.unknown ? LEVEL_PINNED : context->path.level,
        .namespace = review->namespace,
        .policy = context->policy,
        .ledger = context->ledger,
        .now = context->now,
        .key = context->key,
        .object = &review->object,
        .old = review->operation == OPERATION_UPDATE && review->has_old ? &review->old : NULL,
        .keep = NAMED_MAX,
    };
}

int review_answer(const struct review *review, const struct review_context *context,
                  struct arena *arena, struct review_outcome *ret_outcome, struct str *ret_answer,
                  struct err *err)
{
    struct review_outcome outcome = {0};
    struct answer answer = {.review = review,
                            .context = context,
                            .verdict = &outcome.verdict,
                            .arena = arena,
                            .code = CODE_FORBIDDEN};
    struct buf complaint = BUF_INIT(arena, COMPLAINT_MAX);
    bool judged = review->operation == OPERATION_CREATE || review->operation == OPERATION_UPDATE;
    if (judged) {
        struct question question = question_of(review, context);
        struct err why;
        outcome.kind_unknown = !review->object.kind;
        int done = judge(&question, arena, &outcome.verdict, &why);
        if (done < 0 && why.kind == ERR_MEMORY)
            return err_no_memory(err);
        if (done < 0)
            complain(&answer, &why, &complaint);
        else if (outcome.kind_unknown || (context->path.unknown && outcome.verdict.images))
            complain(&answer, NULL, &complaint);
        if (context->path.unknown)
            outcome.verdict = (struct verdict){.images = outcome.verdict.images};
    }
    bool refused = outcome.verdict.count[FINDING_REFUSED] || answer.complains;
    outcome.allowed = !refused || context->path.mode != MODE_ENFORCE;
    if (write_answer(&answer, outcome.allowed, ret_answer, err) < 0)
        return -1;
    *ret_outcome = outcome;
    return 0;
}
