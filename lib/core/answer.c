/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: the verdict as an AdmissionReview. A denial names every offending image up to a number
 * that a person reads; the API server's own limits are kept for warnings.
 */
#include "response.h"

#include "pinnace/banned.h"

struct answer {
    const struct review *review;
    const struct review_context *context;
    const struct verdict *verdict;
    struct arena *arena;
    bool complains;
    struct str complaint; /* what is wrong beyond single images */
    enum response_code code;
    struct response response;
};

static void add_headline(struct buf *buf, const struct answer *answer)
{
    const struct verdict *verdict = answer->verdict;
    struct str level = level_names[answer->context->path.level];
    size_t refused = verdict->count[FINDING_REFUSED];
    buf_add(buf, STR("Pinnace refuses "));
    buf_add_review_object(buf, answer->review);
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

static bool is_by_ledger(const struct finding *finding)
{
    return finding->reason == REASON_NOT_RELEASED || finding->reason == REASON_TAG_MISMATCH;
}

/* In doubt it is refused, and the doubt is told. */
static void add_doubt(struct buf *buf, const struct answer *answer)
{
    const struct verdict *verdict = answer->verdict;
    bool doubtful = false;
    for (size_t i = 0; i < verdict->kept; i++)
        doubtful |=
            verdict->findings[i].weight == FINDING_REFUSED && is_by_ledger(&verdict->findings[i]);
    if (!doubtful || !answer->context->not_asked.len)
        return;
    buf_add(buf, STR("\nWhether it was released just now could not be asked of the API server; try "
                     "again ("));
    buf_add(buf, answer->context->not_asked);
    buf_add_char(buf, ')');
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
    for (size_t i = 0;
         i < verdict->kept && named < RESPONSE_NAMED_MAX && buf->len < RESPONSE_DENIAL_MAX; i++) {
        if (verdict->findings[i].weight != FINDING_REFUSED)
            continue;
        add_line(buf, &verdict->findings[i]);
        named++;
    }
    if (named < verdict->count[FINDING_REFUSED])
        buf_addf(buf, "\n- and %zu more", verdict->count[FINDING_REFUSED] - named);
    add_doubt(buf, answer);
}

/* Status.details.causes: the same for programs. */
static void write_causes(struct answer *answer)
{
    struct response *response = &answer->response;
    size_t named = 0;
    for (size_t i = 0; i < answer->verdict->kept && named < RESPONSE_NAMED_MAX; i++) {
        const struct finding *finding = &answer->verdict->findings[i];
        struct buf field = BUF_INIT(answer->arena, 256);
        struct buf message = BUF_INIT(answer->arena, RESPONSE_DENIAL_MAX);
        if (finding->weight != FINDING_REFUSED)
            continue;
        buf_add_field(&field, finding->site);
        buf_add_finding(&message, finding);
        response_add_cause(response, reason_names[finding->reason], response_text(response, &field),
                           response_text(response, &message));
        named++;
    }
}

static void write_status(struct answer *answer)
{
    struct buf message = BUF_INIT(answer->arena, RESPONSE_DENIAL_MAX + RESPONSE_COMPLAINT_MAX);
    add_denial(&message, answer);
    response_refuse(&answer->response, answer->code, response_text(&answer->response, &message));
    if (!answer->complains)
        write_causes(answer);
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
    if (text->failed || text->len - begin <= RESPONSE_WARNING_MAX || !finding->row ||
        finding->exemption)
        return;
    text->len = prefix;
    buf_add(text, STR("write "));
    buf_add_suggestion(text, finding);
}

/* Those of one weight, as long as there is room for another one and for the count of the rest. */
static size_t write_warnings_of(struct answer *answer, enum finding_weight weight)
{
    const struct verdict *verdict = answer->verdict;
    struct response *response = &answer->response;
    size_t named = 0;
    for (size_t i = 0; i < verdict->kept && response_may_warn(response); i++) {
        const struct finding *finding = &verdict->findings[i];
        struct buf text = BUF_INIT(answer->arena, RESPONSE_DENIAL_MAX);
        if (finding->weight != weight)
            continue;
        add_warning(&text, finding);
        response_warn(response, response_text(response, &text));
        named++;
    }
    return named;
}

/* In the order of the weights: what the level forbids comes before what is let in all the same. */
static void write_warnings(struct answer *answer)
{
    struct response *response = &answer->response;
    size_t named = 0, due = 0;
    if (answer->complains && answer->context->path.mode == MODE_WARN)
        response_warn(response, answer->complaint);
    for (int weight = 0; weight < FINDING_WEIGHTS; weight++) {
        if (!warns_of(answer, weight))
            continue;
        due += answer->verdict->count[weight];
        named += write_warnings_of(answer, (enum finding_weight)weight);
    }
    if (named < due) {
        struct buf text = BUF_INIT(answer->arena, RESPONSE_WARNING_MAX);
        buf_addf(&text, "and %zu more images", due - named);
        response_warn(response, response_text(response, &text));
    }
}

static void write_findings_annotation(struct answer *answer, const char *key,
                                      enum finding_weight weight)
{
    struct buf text = BUF_INIT(answer->arena, RESPONSE_DENIAL_MAX);
    size_t named = 0, count = answer->verdict->count[weight];
    if (count == 0)
        return;
    for (size_t i = 0; i < answer->verdict->kept && named < RESPONSE_NAMED_MAX; i++) {
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
    response_annotate(&answer->response, key, response_text(&answer->response, &text));
}

/* The API server puts the webhook's name, and so mode and level, in front of each key. */
static void write_annotations(struct answer *answer)
{
    const size_t *count = answer->verdict->count;
    bool refused = count[FINDING_REFUSED] || answer->complains;
    if (!refused && !count[FINDING_EXEMPT] && !count[FINDING_ADVICE])
        return;
    response_annotate(&answer->response, "verdict",
                      refused                 ? STR("violation")
                      : count[FINDING_EXEMPT] ? STR("exempt")
                                              : STR("advice"));
    if (answer->complains)
        response_annotate(&answer->response, "error", answer->complaint);
    write_findings_annotation(answer, "violations", FINDING_REFUSED);
    write_findings_annotation(answer, "exempted", FINDING_EXEMPT);
    write_findings_annotation(answer, "advice", FINDING_ADVICE);
}

static int write_answer(struct answer *answer, bool allowed, struct str *ret_text, struct err *err)
{
    response_begin(&answer->response, answer->arena, answer->review->uid, allowed);
    if (!allowed)
        write_status(answer);
    write_warnings(answer);
    write_annotations(answer);
    return response_finish(&answer->response, ret_text, err);
}

/* What speaks against the request as a whole; judging its images would not help. */
static int complain(struct answer *answer, const struct err *unanswerable, struct err *err)
{
    const struct review *review = answer->review;
    struct buf text = BUF_INIT(answer->arena, RESPONSE_COMPLAINT_MAX);
    buf_add(&text, STR("Pinnace refuses "));
    buf_add_review_object(&text, review);
    answer->code = RESPONSE_FORBIDDEN;
    if (unanswerable) {
        buf_addf(&text, ": %s", unanswerable->text);
        answer->code = RESPONSE_INTERNAL;
    } else if (answer->context->path.unknown) {
        buf_addf(&text, ": the label pinnace.dev/%.*s of namespace ",
                 STR_FMT(mode_names[answer->context->path.mode]));
        buf_add_quoted(&text, review->namespace, 63);
        buf_add(&text, STR(" has a value that is no level; it must be off, tagged, pinned or "
                           "released"));
    } else {
        buf_add_wrong_kind(&text, review);
        answer->code = RESPONSE_INVALID;
    }
    answer->complains = true;
    return buf_finish(&text, &answer->complaint, err);
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
        .keep = RESPONSE_NAMED_MAX,
    };
}

/* What is wrong beyond single images is in *answer afterwards. */
static int judge_images(struct answer *answer, struct review_outcome *outcome, struct err *err)
{
    const struct review *review = answer->review;
    const struct review_context *context = answer->context;
    struct question question = question_of(review, context);
    struct err why;
    int done = judge(&question, answer->arena, &outcome->verdict, &why);
    if (done < 0 && why.kind == ERR_MEMORY)
        return err_no_memory(err);
    bool wrong = !review->object.kind || (context->path.unknown && outcome->verdict.images);
    if (context->path.unknown)
        outcome->verdict = (struct verdict){.images = outcome->verdict.images};
    return done < 0 || wrong ? complain(answer, done < 0 ? &why : NULL, err) : 0;
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
                            .code = RESPONSE_FORBIDDEN};
    if (review_writes(review) && judge_images(&answer, &outcome, err) < 0)
        return -1;
    outcome.violates = outcome.verdict.count[FINDING_REFUSED] || answer.complains;
    outcome.allowed = !outcome.violates || context->path.mode != MODE_ENFORCE;
    if (write_answer(&answer, outcome.allowed, ret_answer, err) < 0)
        return -1;
    *ret_outcome = outcome;
    return 0;
}

bool review_hangs_on_ledger(const struct review_context *context,
                            const struct review_outcome *outcome)
{
    size_t by_ledger = 0, refused = 0;
    if (outcome->allowed || context->path.unknown || context->path.level != LEVEL_RELEASED)
        return false;
    for (size_t i = 0; i < outcome->verdict.kept; i++) {
        const struct finding *finding = &outcome->verdict.findings[i];
        refused += finding->weight == FINDING_REFUSED;
        by_ledger += finding->weight == FINDING_REFUSED && is_by_ledger(finding);
    }
    return by_ledger && by_ledger == refused;
}
