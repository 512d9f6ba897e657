/* SPDX-License-Identifier: Apache-2.0 */
/* response: see the header. */
#include "response.h"

#include "pinnace/base64.h"

#include "pinnace/banned.h"

enum { ANSWER_MAX = 512 * 1024 };

static void close_part(struct response *response)
{
    /* Details are a part of the status, causes one of the details. */
    static const char *const ends[] = {
        [RESPONSE_HEAD] = "",      [RESPONSE_STATUS] = "}",   [RESPONSE_DETAILS] = "}}",
        [RESPONSE_CAUSES] = "]}}", [RESPONSE_WARNINGS] = "]", [RESPONSE_ANNOTATIONS] = "}",
    };
    for (const char *bracket = ends[response->part]; *bracket; bracket++)
        json_close(&response->json, *bracket);
}

static void open_part(struct response *response, enum response_part part, const char *key,
                      char bracket)
{
    if (response->part == part)
        return;
    if (part != RESPONSE_DETAILS && part != RESPONSE_CAUSES)
        close_part(response);
    response->part = part;
    json_key(&response->json, key);
    json_open(&response->json, bracket);
}

void response_begin(struct response *response, struct arena *arena, struct str uid, bool allowed)
{
    *response = (struct response){.arena = arena, .text = BUF_INIT(arena, ANSWER_MAX)};
    struct json_writer *json = &response->json;
    json->buf = &response->text;
    json_open(json, '{');
    json_member(json, "apiVersion", STR("admission.k8s.io/v1"));
    json_member(json, "kind", STR("AdmissionReview"));
    json_key(json, "response");
    json_open(json, '{');
    json_member(json, "uid", uid);
    json_key(json, "allowed");
    json_bool(json, allowed);
}

void response_patch(struct response *response, struct str patch)
{
    struct json_writer *json = &response->json;
    json_member(json, "patchType", STR("JSONPatch"));
    json_key(json, "patch");
    buf_add_char(json->buf, '"');
    buf_add_base64(json->buf, patch);
    buf_add_char(json->buf, '"');
    json->comma = true;
}

void response_refuse(struct response *response, enum response_code code, struct str message)
{
    struct json_writer *json = &response->json;
    open_part(response, RESPONSE_STATUS, "status", '{');
    json_key(json, "code");
    json_number(json, code);
    json_member(json, "status", STR("Failure"));
    json_member(json, "reason",
                code == RESPONSE_FORBIDDEN ? STR("Forbidden")
                : code == RESPONSE_INVALID ? STR("Invalid")
                                           : STR("InternalError"));
    json_member(json, "message", message);
}

void response_name_object(struct response *response, struct str kind, struct str name)
{
    open_part(response, RESPONSE_DETAILS, "details", '{');
    json_member(&response->json, "kind", kind);
    json_member(&response->json, "name", name);
}

void response_add_cause(struct response *response, struct str reason, struct str field,
                        struct str message)
{
    struct json_writer *json = &response->json;
    if (response->part == RESPONSE_STATUS)
        open_part(response, RESPONSE_DETAILS, "details", '{');
    open_part(response, RESPONSE_CAUSES, "causes", '[');
    json_open(json, '{');
    json_member(json, "reason", reason);
    json_member(json, "field", field);
    json_member(json, "message", message);
    json_close(json, '}');
}

/* What is quoted in warnings is ASCII, so that bytes are characters. */
void response_warn(struct response *response, struct str warning)
{
    struct buf cut = BUF_INIT(response->arena, RESPONSE_WARNING_MAX);
    open_part(response, RESPONSE_WARNINGS, "warnings", '[');
    if (warning.len > RESPONSE_WARNING_MAX) {
        buf_add(&cut, str_head(warning, RESPONSE_WARNING_MAX - 3));
        buf_add(&cut, STR("..."));
        warning = response_text(response, &cut);
    }
    response->warned += warning.len;
    json_string(&response->json, warning);
}

bool response_may_warn(const struct response *response)
{
    return response->warned + 2 * RESPONSE_WARNING_MAX < RESPONSE_WARNINGS_MAX;
}

void response_annotate(struct response *response, const char *key, struct str value)
{
    open_part(response, RESPONSE_ANNOTATIONS, "auditAnnotations", '{');
    json_member(&response->json, key, value);
}

struct str response_text(struct response *response, struct buf *buf)
{
    struct str text = STR_NONE;
    if (buf_finish(buf, &text, NULL) < 0)
        response->failed = true;
    return text;
}

int response_finish(struct response *response, struct str *ret_text, struct err *err)
{
    close_part(response);
    json_close(&response->json, '}');
    json_close(&response->json, '}');
    if (response->failed)
        return err_no_memory(err);
    return buf_finish(&response->text, ret_text, err);
}

void buf_add_review_object(struct buf *buf, const struct review *review)
{
    const struct object *object = &review->object;
    if (object->kind || str_eq(review->group, group_of(STR(PINNACE_API_VERSION))) ||
        str_eq(review->kind_name, STR("Namespace")))
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

void buf_add_wrong_kind(struct buf *buf, const struct review *review)
{
    buf_add(buf, STR(": it judges no such kind of group "));
    buf_add_quoted(buf, review->group, 253);
    buf_add(buf, STR("; the webhook configuration must not send it here"));
}
