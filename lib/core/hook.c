/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook: see the header. What comes is judged in an order that gives strangers nothing to do: method,
 * proof and type by the head alone, a signature before the body is read as JSON.
 *
 * 200 is what every sender takes for success. Event Grid drops what is answered by 400, 401, 403 or
 * 413 and tries everything else again, so those stand for what will never be right.
 */
#include "hook_inner.h"

#include "pinnace/httphead.h"

#include "pinnace/banned.h"

enum { PROOFS_MAX = 2 };

struct hook_receiver {
    struct str name;
    const char *path;
    struct hook_proof proofs[PROOFS_MAX];
    size_t proof_count;
    const char *needs; /* what a proof looks like */
    int (*read)(struct hook_reading *reading, struct err *err);
    bool handshakes; /* OPTIONS, as CloudEvents have it */
    bool forms;      /* the JSON may come as "payload" of a form */
};

#define BY_BEARER                                                                                  \
    .proofs = {{"Authorization", "Bearer ", HOOK_SECRET}}, .proof_count = 1,                       \
    .needs = "this needs exactly one header \"Authorization: Bearer SECRET\""
#define BY_QUERY                                                                                   \
    .proofs = {{NULL, "", HOOK_SECRET}}, .proof_count = 1,                                         \
    .needs = "this needs exactly one \"?secret=SECRET\" behind its path"
#define BY_EITHER                                                                                  \
    .proofs = {{"Authorization", "Bearer ", HOOK_SECRET}, {NULL, "", HOOK_SECRET}},                \
    .proof_count = 2,                                                                              \
    .needs = "this needs \"?secret=SECRET\" behind its path, or \"Authorization: Bearer SECRET\""
#define BY_SIGNATURE(field, before, hash, sum)                                                     \
    .proofs = {{field, before, hash}}, .proof_count = 1,                                           \
    .needs = "this needs exactly one header \"" field ": " before sum "\" of the body"

static const struct hook_receiver receivers[] = {
    {STR_INIT("acr"), "/hooks/acr", BY_BEARER, .read = hook_read_acr},
    {STR_INIT("distribution"), "/hooks/distribution", BY_BEARER, .read = hook_read_distribution},
    {STR_INIT("dockerhub"), "/hooks/dockerhub", BY_QUERY, .read = hook_read_dockerhub},
    {STR_INIT("ecr"), "/hooks/ecr", BY_BEARER, .read = hook_read_ecr},
    {STR_INIT("eventgrid"), "/hooks/eventgrid", BY_EITHER, .read = hook_read_eventgrid,
     .handshakes = true},
    {STR_INIT("gcr"), "/hooks/gcr", BY_QUERY, .read = hook_read_gcr},
    {STR_INIT("generic"), "/hooks/generic",
     BY_SIGNATURE("X-Hub-Signature-256", "sha256=", HOOK_SHA256, "HMAC-SHA256"),
     .read = hook_read_generic},
    {STR_INIT("gitea"), "/hooks/gitea",
     BY_SIGNATURE("X-Gitea-Signature", "", HOOK_SHA256, "HMAC-SHA256"), .read = hook_read_gitea},
    {STR_INIT("github"), "/hooks/github",
     BY_SIGNATURE("X-Hub-Signature-256", "sha256=", HOOK_SHA256, "HMAC-SHA256"),
     .read = hook_read_github, .forms = true},
    {STR_INIT("gitlab"),
     "/hooks/gitlab",
     {{"X-Gitlab-Token", "", HOOK_SECRET}, {"Authorization", "Bearer ", HOOK_SECRET}},
     2,
     "this needs one header \"X-Gitlab-Token: SECRET\" or \"Authorization: Bearer SECRET\"",
     .read = hook_read_gitlab},
    {STR_INIT("harbor"),
     "/hooks/harbor",
     {{"Authorization", "Bearer ", HOOK_SECRET}, {"Authorization", "", HOOK_SECRET}},
     2,
     "this needs exactly one header \"Authorization: SECRET\"",
     .read = hook_read_harbor},
    {STR_INIT("jfrog"),
     "/hooks/jfrog",
     {{"X-JFrog-Event-Auth", "", HOOK_SECRET}, {"X-JFrog-Event-Auth", "", HOOK_SHA256}},
     2,
     "this needs exactly one header \"X-JFrog-Event-Auth\", the secret or HMAC-SHA256 of the body",
     .read = hook_read_jfrog},
    {STR_INIT("nexus"), "/hooks/nexus",
     BY_SIGNATURE("X-Nexus-Webhook-Signature", "", HOOK_SHA1, "HMAC-SHA1"),
     .read = hook_read_nexus},
    {STR_INIT("quay"), "/hooks/quay", BY_QUERY, .read = hook_read_quay},
};

_Static_assert(sizeof(receivers) / sizeof(receivers[0]) == HOOK_RECEIVERS, "HOOK_RECEIVERS");

const struct hook_receiver *hook_find(struct str path)
{
    for (size_t i = 0; i < HOOK_RECEIVERS; i++)
        if (str_eq(path, str_of(receivers[i].path)))
            return &receivers[i];
    return NULL;
}

const struct hook_receiver *hook_at(size_t number)
{
    return number < HOOK_RECEIVERS ? &receivers[number] : NULL;
}

size_t hook_number(const struct hook_receiver *receiver)
{
    return (size_t)(receiver - receivers);
}

struct str hook_name(const struct hook_receiver *receiver)
{
    return receiver->name;
}

const char *hook_path(const struct hook_receiver *receiver)
{
    return receiver->path;
}

/* --- Refusals ----------------------------------------------------------------------------------- */

static bool refuse(struct hook_verdict *ret_verdict, unsigned status, struct str reason)
{
    *ret_verdict = (struct hook_verdict){.status = status, .reason = reason};
    return true;
}

void hook_refuse_path(struct hook_verdict *ret_verdict)
{
    refuse(ret_verdict, 404, STR("there is no such receiver; they are " HOOK_PATHS));
}

void hook_refuse_all(struct hook_verdict *ret_verdict)
{
    refuse(ret_verdict, 404, STR("this receiver has no secret, so nobody may send here"));
}

static bool type_is_json(struct str type)
{
    size_t end = str_find(type, ';');
    struct str name = end == STR_NOT_FOUND ? type : str_head(type, end);
    while (name.len && ascii_is_space(name.ptr[name.len - 1]))
        name.len--;
    return http_type_is(type, STR("application/json")) || str_ends(name, STR("+json"));
}

static bool type_is_form(struct str type)
{
    return http_type_is(type, STR("application/x-www-form-urlencoded"));
}

static bool is_handshake(const struct hook_receiver *receiver, const struct hook_request *request)
{
    return receiver->handshakes && str_eq(request->method, STR("OPTIONS"));
}

static bool refused_by_proof(const struct hook_receiver *receiver,
                             const struct hook_request *request, bool whole,
                             const struct push_secrets *secrets, const struct hook_tools *tools,
                             struct hook_verdict *ret_verdict)
{
    if (!secrets)
        return false;
    enum hook_proven proven =
        hook_prove(receiver->proofs, receiver->proof_count, request, whole, secrets, tools);
    if (proven == HOOK_PROVEN || (proven == HOOK_LATER && !whole))
        return false;
    if (proven != HOOK_NO_PROOF && proven != HOOK_AMBIGUOUS)
        return refuse(ret_verdict, 403,
                      STR("neither a secret of this receiver nor signed with one"));
    refuse(ret_verdict, 401, str_of(receiver->needs));
    ret_verdict->challenge = receiver->proofs[0].sum == HOOK_SECRET ? "Bearer realm=\"pinnace\""
                                                                    : "Signature realm=\"pinnace\"";
    return true;
}

bool hook_refused(const struct hook_receiver *receiver, const struct hook_request *request,
                  const struct push_secrets *secrets, const struct hook_tools *tools,
                  struct hook_verdict *ret_verdict)
{
    bool handshake = is_handshake(receiver, request);
    if (!handshake && !str_eq(request->method, STR("POST"))) {
        refuse(ret_verdict, 405, STR("hints come by POST"));
        ret_verdict->allow = receiver->handshakes ? "POST, OPTIONS" : "POST";
        return true;
    }
    if (refused_by_proof(receiver, request, false, secrets, tools, ret_verdict))
        return true;
    if (handshake || type_is_json(request->type) ||
        (receiver->forms && type_is_form(request->type)))
        return false;
    return refuse(ret_verdict, 415,
                  STR("the body has to be application/json, or another type of JSON"));
}

/* --- Verdicts ----------------------------------------------------------------------------------- */

static void shake_hands(const struct hook_request *request, struct hook_verdict *ret_verdict)
{
    struct str origin;
    if (request->header(request->context, "WebHook-Request-Origin", &origin) != 1) {
        refuse(ret_verdict, 400, STR("a handshake needs one header \"WebHook-Request-Origin\""));
        return;
    }
    *ret_verdict = (struct hook_verdict){
        .accepted = true, .status = 200, .reason = STR("a handshake"), .allows_origin = true};
}

/* The JSON of the body, which a form has under the name "payload". */
static int unpack(const struct hook_request *request, struct hook_reading *reading, struct err *err)
{
    if (request->body.len > PUSH_BODY_MAX)
        return err_set(err, ERR_LIMIT, "a body of %zu bytes; at most %d are read",
                       request->body.len, (int)PUSH_BODY_MAX);
    reading->body = request->body;
    if (!type_is_form(request->type))
        return 0;
    char *room = arena_alloc(reading->arena, request->body.len);
    if (!room)
        return err_no_memory(err);
    if (hook_form_value(request->body, STR("payload"), room, &reading->body) != 1)
        return err_set(err, ERR_INPUT, "a form with one \"payload\" was expected");
    return 0;
}

static int read(const struct hook_receiver *receiver, const struct hook_request *request,
                struct hook_reading *reading, struct err *err)
{
    if (unpack(request, reading, err) < 0 || receiver->read(reading, err) < 0)
        return -1;
    if (reading->no_memory)
        return err_no_memory(err);
    if (reading->too_many)
        return err_set(err, ERR_LIMIT, "more than %d pushes in one body", (int)PUSH_HINTS_MAX);
    return 0;
}

void hook_judge(const struct hook_receiver *receiver, const struct hook_request *request,
                const struct push_secrets *secrets, const struct hook_tools *tools,
                struct arena *arena, struct hook_verdict *ret_verdict)
{
    struct hook_reading reading = {.arena = arena};
    struct err err;
    if (hook_refused(receiver, request, secrets, tools, ret_verdict) ||
        refused_by_proof(receiver, request, true, secrets, tools, ret_verdict))
        return;
    if (is_handshake(receiver, request)) {
        shake_hands(request, ret_verdict);
        return;
    }
    if (read(receiver, request, &reading, &err) < 0) {
        struct str reason = arena_copy(arena, str_of(err.text));
        refuse(ret_verdict,
               err.kind == ERR_LIMIT    ? 413
               : err.kind == ERR_MEMORY ? 503
                                        : 400,
               reason.ptr ? reason : STR("out of memory"));
        return;
    }
    *ret_verdict = (struct hook_verdict){
        .accepted = true, .status = 200, .hints = reading.hints, .answer = reading.answer};
    if (!reading.hints.count)
        ret_verdict->reason =
            reading.passed_over ? str_of(reading.passed_over) : STR("it tells of nothing");
}
