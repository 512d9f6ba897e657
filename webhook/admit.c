/* SPDX-License-Identifier: Apache-2.0 */
/* admit: see the header. */
#include "admit.h"

#include <stdlib.h>
#include <time.h>

#include "pinnace/file.h"
#include "pinnace/httphead.h"
#include "pinnace/trackapply.h"

#include "scratch.h"

#include "pinnace/banned.h"

static uint64_t monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- what is no review ---- */

/* Anybody who reaches the port can be wrong as often as he likes: one line a second will do. */
static void log_error(struct admit *admit, struct str path, const struct err *err)
{
    uint64_t second = monotonic_now() / 1000000000, last = atomic_load(&admit->last_error);
    if (second == last || !atomic_compare_exchange_strong(&admit->last_error, &last, second))
        return;
    const struct log_field fields[] = {LOG_TEXT("path", path),
                                       LOG_TEXT("error", str_of(err->text))};
    log_write(admit->log, err->kind == ERR_SYSTEM ? LOG_ERROR : LOG_WARNING, "no review", fields,
              2);
}

void admit_look(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply)
{
    struct admit *admit = context;
    struct review_path path;
    if (!review_path_parse(request->path, &path)) {
        counter_add(&admit->counters->errors[ERROR_NOT_FOUND]);
        *ret_reply =
            httpd_plain(404, STR("no webhook answers at this path; it is " REVIEW_PATHS "\n"));
    } else if (!str_eq(request->method, STR("POST"))) {
        counter_add(&admit->counters->errors[ERROR_METHOD]);
        *ret_reply = httpd_plain(405, STR("an AdmissionReview is sent by POST\n"));
        ret_reply->allow = "POST";
    } else if (!http_type_is(request->content_type, STR("application/json"))) {
        counter_add(&admit->counters->errors[ERROR_TYPE]);
        *ret_reply = httpd_plain(415, STR("an AdmissionReview is sent as application/json\n"));
    }
}

static void reply_error(struct admit *admit, const struct httpd_request *request,
                        struct arena *arena, const struct err *err, struct httpd_reply *ret_reply)
{
    struct buf text = BUF_INIT(arena, sizeof(err->text) + 1);
    struct str sentence = STR("there is no memory for this request; try again\n");
    unsigned status = 400;
    enum counted_error counted = ERROR_BAD_REVIEW;
    if (err->kind == ERR_MEMORY) {
        status = 503;
        counted = ERROR_NO_MEMORY;
    } else if (err->kind == ERR_SYSTEM) {
        status = 500;
        counted = ERROR_INTERNAL;
    }
    if (arena) {
        buf_addf(&text, "%s\n", err->text);
        buf_finish(&text, &sentence, NULL);
    }
    counter_add(&admit->counters->errors[counted]);
    log_error(admit, request->path, err);
    *ret_reply = httpd_plain(status, sentence);
}

/* ---- what is one ---- */

/* "NoDigest,MutableTag": each reason once. */
static struct str reasons_text(const struct review_outcome *outcome, struct arena *arena)
{
    struct buf text = BUF_INIT(arena, 512);
    struct str whole = STR_NONE;
    uint32_t seen = 0;
    for (size_t i = 0; i < outcome->verdict.kept; i++) {
        const struct finding *finding = &outcome->verdict.findings[i];
        if (finding->weight != FINDING_REFUSED || (seen & 1u << finding->reason))
            continue;
        seen |= 1u << finding->reason;
        buf_addf(&text, "%s%.*s", text.len ? "," : "", STR_FMT(reason_names[finding->reason]));
    }
    buf_finish(&text, &whole, NULL);
    return whole;
}

static struct str first_image(const struct review_outcome *outcome)
{
    for (size_t i = 0; i < outcome->verdict.kept; i++)
        if (outcome->verdict.findings[i].weight == FINDING_REFUSED)
            return site_image(outcome->verdict.findings[i].site);
    return STR_NONE;
}

static void log_answer(struct admit *admit, const struct review_path *path,
                       const struct review *review, const struct review_outcome *outcome,
                       struct arena *arena)
{
    const struct object *object = &review->object;
    struct str name = review->name.len ? review->name : object->name;
    const struct log_field fields[] = {
        LOG_TEXT("mode", mode_names[path->mode]),
        LOG_TEXT("level", path->unknown ? STR("unknown") : level_names[path->level]),
        LOG_TEXT("kind", review->kind_name),
        LOG_TEXT("namespace", review->namespace),
        LOG_TEXT("name", name.len ? name : object->generate_name),
        LOG_TEXT("uid", review->uid),
        LOG_NUMBER("images", outcome->verdict.images),
        LOG_NUMBER("against", outcome->verdict.count[FINDING_REFUSED]),
        LOG_TEXT("reasons", reasons_text(outcome, arena)),
        LOG_TEXT("image", first_image(outcome)),
    };
    log_write(admit->log, LOG_INFO, outcome->allowed ? "allowed" : "refused", fields,
              sizeof(fields) / sizeof(fields[0]));
}

/* What an answer has to wait for: one of these. */
struct memo {
    struct look *look;
    struct fresh_read *read;
};

static struct review_context context_of(const struct admit *admit, const struct review_path *path,
                                        const struct snapshot *snapshot)
{
    return (struct review_context){.path = *path,
                                   .policy = &snapshot->policy,
                                   .ledger = snapshot->has_ledger ? &snapshot->ledger : NULL,
                                   .now = clock_now(),
                                   .key = admit->key};
}

/* What was asked meanwhile counts instead of what this replica had heard of. */
static int refresh(struct review_context *context, const struct review *review,
                   const struct fresh_read *read, struct ledger *ledger, struct arena *arena,
                   struct err *err)
{
    const struct ledger *fresh = fresh_read_ledger(read);
    context->not_asked = fresh_read_trouble(read);
    if (!fresh || !context->ledger)
        return 0;
    if (ledger_refresh(context->ledger, fresh, review->namespace, arena, ledger, err) < 0)
        return -1;
    context->ledger = ledger;
    return 0;
}

/* False when there is nobody to be asked, or no room for more. */
static bool ask_freshly(struct admit *admit, const struct review *review, struct memo *ret_wait)
{
    if (admit->fresh && review->namespace.len)
        ret_wait->read = fresh_read_new(admit->fresh, review->namespace);
    return ret_wait->read;
}

/*
 * A replica that is cut from the API server may well still be asked by it, always on the same
 * connection. So that ends with a refusal in doubt, and who tries again may reach another replica.
 */
static int judge_pods(struct admit *admit, const struct httpd_request *request,
                      const struct review *review, const struct review_context *snapshot,
                      struct memo *ret_wait, struct arena *arena, struct httpd_reply *ret_reply,
                      struct err *err)
{
    const struct memo *memo = request->memo;
    struct review_context context = *snapshot; /* and then what was asked freshly */
    struct review_outcome outcome;
    struct ledger ledger;
    if (memo && refresh(&context, review, memo->read, &ledger, arena, err) < 0)
        return -1;
    if (review_answer(review, &context, arena, &outcome, &ret_reply->body, err) < 0)
        return -1;
    if (!memo && review_hangs_on_ledger(&context, &outcome) && ask_freshly(admit, review, ret_wait))
        return 0;
    ret_reply->last = !outcome.allowed && context.not_asked.len;
    counters_add_answer(admit->counters, &context.path, &outcome, monotonic_now() - request->begun);
    if (!outcome.allowed || admit->log_allowed)
        log_answer(admit, &context.path, review, &outcome, arena);
    return 0;
}

static void log_object(struct admit *admit, const struct review *review, bool allowed)
{
    const struct log_field fields[] = {
        LOG_TEXT("kind", review->kind_name),
        LOG_TEXT("namespace", review->namespace),
        LOG_TEXT("name", review->object.name),
        LOG_TEXT("uid", review->uid),
    };
    log_write(admit->log, LOG_INFO, allowed ? "allowed" : "refused", fields, 4);
}

/* Nothing is said of what is in a namespace when nobody can look. */
static int judge_object(struct admit *admit, const struct httpd_request *request,
                        const struct review *review, const struct review_context *context,
                        struct memo *ret_wait, struct arena *arena, struct httpd_reply *ret_reply,
                        struct err *err)
{
    const struct memo *memo = request->memo;
    const struct nslook *found = memo ? look_result(memo->look) : NULL;
    struct nslook wanted;
    bool allowed;
    if (!memo && admit->looks && objectreview_wants_look(review, &context->path, arena, &wanted)) {
        ret_wait->look = look_new(admit->looks, review->object.name, &wanted);
        if (ret_wait->look)
            return 0;
        wanted.trouble = STR("others are just looking");
        found = &wanted;
    }
    if (objectreview_answer(review, context, found, arena, &allowed, &ret_reply->body, err) < 0)
        return -1;
    counter_add(&admit->counters->objects[context->path.subject][allowed]);
    if (!allowed || admit->log_allowed)
        log_object(admit, review, allowed);
    return 0;
}

/* Of images that are replaced there is nothing to count against anybody. */
static int apply_tracked(struct admit *admit, const struct review *review,
                         const struct review_context *context, struct arena *arena,
                         struct str *ret_text, struct err *err)
{
    size_t replaced;
    if (trackapply_answer(review, context->ledger, arena, &replaced, ret_text, err) < 0)
        return -1;
    counter_add(&admit->counters->applies[replaced > 0]);
    return 0;
}

/* *ret_wait is what is being found out, if the answer has to wait for it. */
static int judge_review(struct admit *admit, const struct httpd_request *request,
                        const struct snapshot *snapshot, struct memo *ret_wait, struct arena *arena,
                        struct httpd_reply *ret_reply, struct err *err)
{
    struct review review;
    struct review_path path;
    if (!review_path_parse(request->path, &path))
        return err_set(err, ERR_SYSTEM, "a path was let in that is none");
    if (review_decode(request->body, arena, &review, err) < 0)
        return err_prefix(err, "not an AdmissionReview that can be answered: ");
    struct review_context context = context_of(admit, &path, snapshot);
    int done;
    if (path.subject == SUBJECT_PODS)
        done = judge_pods(admit, request, &review, &context, ret_wait, arena, ret_reply, err);
    else if (path.subject == SUBJECT_TRACKED_APPLY)
        done = apply_tracked(admit, &review, &context, arena, &ret_reply->body, err);
    else
        done = judge_object(admit, request, &review, &context, ret_wait, arena, ret_reply, err);
    if (done < 0 && err->kind != ERR_MEMORY)
        err->kind = ERR_SYSTEM;
    return done;
}

static void drop(struct memo *memo)
{
    if (memo->look)
        look_free(memo->look);
    if (memo->read)
        fresh_read_free(memo->read);
    *memo = (struct memo){NULL, NULL};
}

/* The wait as a memo of the request; -1 when there is no memory for it. */
static int keep(struct memo *wait, struct memo **ret_memo, struct err *err)
{
    if (!wait->look && !wait->read)
        return 0;
    struct memo *memo = malloc(sizeof(*memo));
    if (!memo) {
        drop(wait);
        return err_no_memory(err);
    }
    *memo = *wait;
    *ret_memo = memo;
    return 0;
}

void admit_answer(void *context, const struct httpd_request *request, struct httpd_reply *ret_reply)
{
    struct admit *admit = context;
    struct arena *arena = scratch_take();
    struct snapshot *snapshot = snapshots_take(admit->snapshots);
    struct memo wait = {NULL, NULL}, *memo = NULL;
    struct err err = {.kind = ERR_NONE};
    struct httpd_reply reply = {.status = 200, .content_type = "application/json", .proven = true};
    int done = -1;
    if (!arena)
        err_no_memory(&err);
    else if (!snapshot)
        err_set(&err, ERR_SYSTEM, "there is no policy to judge by yet");
    else
        done = judge_review(admit, request, snapshot, &wait, arena, &reply, &err);
    snapshots_release(admit->snapshots, snapshot);
    if (done == 0)
        done = keep(&wait, &memo, &err);
    if (done < 0)
        reply_error(admit, request, arena, &err, ret_reply);
    else if (memo)
        ret_reply->memo = memo;
    else
        *ret_reply = reply;
}

void admit_wait(void *context, void *memo, struct httpd_waiting *waiting)
{
    const struct memo *wait = memo;
    (void)context;
    if (wait->look)
        look_begin(wait->look, waiting);
    else
        fresh_read_begin(wait->read, waiting);
}

void admit_drop(void *context, void *memo)
{
    (void)context;
    drop(memo);
    free(memo);
}
