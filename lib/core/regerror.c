/* SPDX-License-Identifier: Apache-2.0 */
/* regerror: what a registry's "no" means, for a person and for the next step; see regdoc.h. */
#include "pinnace/regdoc.h"

#include <stdarg.h>
#include <stdio.h>

#include "pinnace/scan.h"
#include "pinnace/semver.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024, SAID_MAX = 200, RETRY_AFTER_MOST = 3600 };

enum registry_fault registry_fault_of(int status)
{
    switch (status) {
    case 401:
        return REGISTRY_UNAUTHORIZED;
    case 403:
        return REGISTRY_FORBIDDEN;
    case 404:
        return REGISTRY_NOT_FOUND;
    case 408:
        return REGISTRY_UNREACHABLE;
    case 429:
        return REGISTRY_TOO_MANY;
    default:
        return status >= 500   ? REGISTRY_SERVER
               : status >= 400 ? REGISTRY_REFUSED
                               : REGISTRY_GARBLED;
    }
}

bool registry_fault_is_passing(enum registry_fault fault)
{
    return fault == REGISTRY_UNREACHABLE || fault == REGISTRY_TOO_MANY ||
           fault == REGISTRY_SERVER || fault == REGISTRY_PAUSED;
}

/* Whatever stands in it, a message stays one line of printable ASCII. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

int registry_error_set(struct registry_error *error, enum registry_fault fault, struct str about,
                       const char *format, ...)
{
    va_list args;
    int len = about.len ? snprintf(error->text, sizeof(error->text),
                                   "%.*s: ", (int)(about.len > 300 ? 300 : about.len), about.ptr)
                        : 0;
    va_start(args, format);
    vsnprintf(error->text + len, sizeof(error->text) - (size_t)len, format, args);
    va_end(args);
    make_printable(error->text);
    error->fault = fault;
    return -1;
}

/* The first error of {"errors":[{"code":"…","message":"…"}]}; both without bytes if there is none. */
static void read_body(struct str body, struct arena *arena, struct str *ret_code,
                      struct str *ret_message)
{
    static const struct str keys[] = {STR_INIT("errors")};
    static const struct str inner[] = {STR_INIT("code"), STR_INIT("message")};
    struct str code = STR_NONE, message = STR_NONE;
    struct scan scan;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END) {
        struct scan_elements elements = scan_array(&scan);
        for (bool first = true; scan_element(&scan, &elements); first = false) {
            struct scan_members fields = scan_object(&scan);
            for (int key; (key = scan_member(&scan, &fields, inner, 2)) != SCAN_END;) {
                struct str text = scan_string(&scan);
                if (first)
                    *(key == 0 ? &code : &message) = text;
            }
        }
    }
    if (scan_finish(&scan, NULL) < 0)
        return;
    *ret_code = code;
    *ret_message = message;
}

static const char *words_of(enum registry_fault fault, int status)
{
    switch (fault) {
    case REGISTRY_UNAUTHORIZED:
        return "the registry wants credentials, or does not take those it was given";
    case REGISTRY_FORBIDDEN:
        return "the registry does not allow this";
    case REGISTRY_NOT_FOUND:
        return "the registry has no such image, or does not show it to us";
    case REGISTRY_TOO_MANY:
        return "the registry wants to be asked less often";
    case REGISTRY_SERVER:
        return "the registry failed";
    case REGISTRY_UNREACHABLE:
        return "the registry gave up waiting";
    case REGISTRY_FINE:
    case REGISTRY_UNTRUSTED:
    case REGISTRY_PAUSED:
    case REGISTRY_REFUSED:
    case REGISTRY_GARBLED:
    case REGISTRY_MISMATCH:
    case REGISTRY_TOO_LARGE:
        break;
    }
    return status >= 300 && status < 400 ? "the registry sends us elsewhere too often, or badly"
                                         : "the registry refuses this";
}

void registry_error_read(struct str about, int status, struct str body,
                         struct registry_error *ret_error)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str code = STR_NONE, message = STR_NONE;
    enum registry_fault fault = registry_fault_of(status);
    if (body.len <= ROOM / 2)
        read_body(body, &arena, &code, &message);
    const char *words = words_of(fault, status);
    code.len = code.len > SAID_MAX ? SAID_MAX : code.len;
    message.len = message.len > SAID_MAX ? SAID_MAX : message.len;
    if (code.len || message.len)
        registry_error_set(ret_error, fault, about, "%s (%d %.*s: %.*s)", words, status,
                           STR_FMT(code), STR_FMT(message));
    else
        registry_error_set(ret_error, fault, about, "%s (%d)", words, status);
    ret_error->status = status;
    ret_error->retry_after_s = 0;
}

int64_t retry_after_read(struct str value, int64_t now)
{
    uint64_t seconds = 0;
    int64_t when = 0;
    if (semver_number(value, &seconds))
        return seconds > RETRY_AFTER_MOST ? RETRY_AFTER_MOST : (int64_t)seconds;
    if (!http_date_parse(value, &when) || when <= now)
        return 0;
    return when - now > RETRY_AFTER_MOST ? RETRY_AFTER_MOST : when - now;
}

/* The number in front, and behind it perhaps "w=" and another: what else is there does not count. */
static bool read_quota(struct str value, int64_t *ret_number, int64_t *ret_window)
{
    size_t comma = str_find(value, ',');
    struct str text = comma == STR_NOT_FOUND ? value : str_head(value, comma);
    size_t end = str_find(text, ';');
    struct str rest = end == STR_NOT_FOUND ? STR_NONE : str_tail(text, end + 1);
    uint64_t number, window = 0;
    if (!semver_number(end == STR_NOT_FOUND ? text : str_head(text, end), &number) ||
        number > INT32_MAX)
        return false;
    while (rest.len && rest.ptr[0] == ' ')
        rest = str_tail(rest, 1);
    if (str_starts(rest, STR("w=")) &&
        (!semver_number(str_tail(rest, 2), &window) || window > INT32_MAX))
        window = 0;
    *ret_number = (int64_t)number;
    *ret_window = (int64_t)window;
    return true;
}

bool rate_limit_read(struct str limit, struct str remaining, struct rate_limit *ret_rate)
{
    struct rate_limit rate;
    int64_t ignored;
    if (!read_quota(limit, &rate.limit, &rate.window_s) ||
        !read_quota(remaining, &rate.left, &ignored))
        return false;
    *ret_rate = rate;
    return true;
}

int64_t rate_limit_wait(const struct rate_limit *rate)
{
    if (rate->limit == 0 || rate->window_s == 0)
        return 0;
    int64_t wait = (rate->window_s + rate->limit - 1) / rate->limit;
    return wait > RETRY_AFTER_MOST ? RETRY_AFTER_MOST : wait;
}
