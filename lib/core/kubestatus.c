/* SPDX-License-Identifier: Apache-2.0 */
/* kubestatus: see the header. */
#include "pinnace/kubestatus.h"

#include <stdio.h>

#include "pinnace/scan.h"

#include "pinnace/banned.h"

struct status {
    struct str message, reason;
    int64_t code, retry_after_s;
};

/* A whole number of few digits; anything else is none. */
static int64_t read_number(struct scan *scan)
{
    int64_t number = 0;
    struct str text = scan_value(scan);
    if (text.len == 0 || text.len > 9)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.ptr[i]))
            return 0;
        number = number * 10 + (text.ptr[i] - '0');
    }
    return number;
}

static void read_details(struct scan *scan, struct status *status)
{
    static const struct str keys[] = {STR_INIT("retryAfterSeconds")};
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, keys, 1) != SCAN_END)
        status->retry_after_s = read_number(scan);
}

/* Whether body is a Status; what it says comes without trust, as words to show. */
static bool read_status(struct str body, struct arena *arena, struct status *ret_status)
{
    enum { KIND, MESSAGE, REASON, CODE, DETAILS, KEYS };
    static const struct str keys[] = {
        [KIND] = STR_INIT("kind"), [MESSAGE] = STR_INIT("message"), [REASON] = STR_INIT("reason"),
        [CODE] = STR_INIT("code"), [DETAILS] = STR_INIT("details"),
    };
    struct status status = {0};
    struct str kind = STR_NONE;
    struct scan scan;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == KIND)
            kind = scan_string(&scan);
        else if (key == MESSAGE)
            status.message = scan_string(&scan);
        else if (key == REASON)
            status.reason = scan_string(&scan);
        else if (key == CODE)
            status.code = read_number(&scan);
        else
            read_details(&scan, &status);
    }
    if (scan_finish(&scan, NULL) < 0 || !str_eq(kind, STR("Status")))
        return false;
    *ret_status = status;
    return true;
}

static enum kube_fault fault_of(int code, struct str reason)
{
    switch (code) {
    case 401:
        return KUBE_UNAUTHORIZED;
    case 403:
        return KUBE_FORBIDDEN;
    case 404:
        return KUBE_NOT_FOUND;
    case 409:
        return str_eq(reason, STR("AlreadyExists")) ? KUBE_EXISTS : KUBE_CONFLICT;
    case 410:
        return KUBE_GONE;
    case 413:
        return KUBE_TOO_LARGE;
    case 422:
        return KUBE_INVALID;
    case 429:
        return KUBE_TOO_MANY;
    default:
        return code >= 500 ? KUBE_SERVER : code >= 400 ? KUBE_BAD_REQUEST : KUBE_GARBLED;
    }
}

static const char *advice_for(enum kube_fault fault)
{
    switch (fault) {
    case KUBE_UNREACHABLE:
        return "is the cluster up, and the address in the kubeconfig right?";
    case KUBE_UNTRUSTED:
        return "are the certificates in the kubeconfig those of this cluster?";
    case KUBE_UNAUTHORIZED:
        return "the cluster does not know these credentials: log in again";
    case KUBE_FORBIDDEN:
        return "a Role or ClusterRole must allow it";
    case KUBE_NOT_FOUND:
        return "check its name and namespace";
    case KUBE_EXISTS:
        return "somebody else has made it: read it again";
    case KUBE_CONFLICT:
        return "somebody else has changed it: read it again, then try again";
    case KUBE_GONE:
        return "list again";
    case KUBE_TOO_LARGE:
        return "ask for less at a time";
    case KUBE_TOO_MANY:
    case KUBE_SERVER:
        return "try again later";
    case KUBE_FINE:
    case KUBE_BAD_REQUEST:
    case KUBE_INVALID:
    case KUBE_GARBLED:
        return NULL;
    }
    return NULL;
}

static void set_text(struct kube_error *error, struct kube_question question, struct str what)
{
    const char *advice = advice_for(error->fault);
    struct str path = question.path.len > 160 ? str_head(question.path, 160) : question.path;
    if (what.len > 280)
        what.len = 280;
    snprintf(error->text, sizeof(error->text), "%s %.*s: %.*s%s%s", question.method, STR_FMT(path),
             STR_FMT(what), advice ? "; " : "", advice ? advice : "");
    /* The words are the server's: no line breaks and no terminal's escapes out of them. */
    for (char *c = error->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

void kube_status_read(struct kube_question question, int status, struct str body,
                      struct kube_error *ret_error)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(64 * 1024 + body.len);
    struct status said = {0};
    char words[64];
    bool is_status = read_status(body, &arena, &said);
    int code = status ? status : (int)said.code;
    struct kube_error error = {.status = code,
                               .fault = fault_of(code, said.reason),
                               .retry_after_s = (int)said.retry_after_s};
    if (!is_status && code == 404) {
        /* What an API server says of an object, it says with a Status; this is of a kind. */
        said.message = STR("the server does not know this kind: is its CustomResourceDefinition "
                           "installed?");
    } else if (!is_status || !said.message.len) {
        snprintf(words, sizeof(words), "HTTP status %d%s", code,
                 is_status ? "" : ", and no Status with it");
        said.message = str_of(words);
    }
    set_text(&error, question, said.message);
    *ret_error = error;
}

void kube_error_set(struct kube_error *error, struct kube_question question, enum kube_fault fault,
                    const struct err *why)
{
    *error = (struct kube_error){.fault = fault};
    set_text(error, question, str_of(why->text));
}

bool kube_fault_is_passing(enum kube_fault fault)
{
    return fault == KUBE_UNREACHABLE || fault == KUBE_UNTRUSTED || fault == KUBE_CONFLICT ||
           fault == KUBE_EXISTS || fault == KUBE_GONE || fault == KUBE_TOO_MANY ||
           fault == KUBE_SERVER || fault == KUBE_GARBLED;
}

int kube_error_to_err(const struct kube_error *error, struct err *err)
{
    enum err_kind kind = ERR_INPUT;
    if (kube_fault_is_passing(error->fault))
        kind = ERR_SYSTEM;
    else if (error->fault == KUBE_TOO_LARGE)
        kind = ERR_LIMIT;
    return err_set(err, kind, "%s", error->text);
}
