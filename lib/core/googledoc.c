/* SPDX-License-Identifier: Apache-2.0 */
/* googledoc: see the header. */
#include "pinnace/googledoc.h"

#include "pinnace/buf.h"
#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { POOL_MAX = 256 };

int google_token_read(struct str body, struct arena *arena, struct google_token *ret_token,
                      struct err *err)
{
    enum { TOKEN, EXPIRES, KEYS };
    static const struct str keys[] = {
        [TOKEN] = STR_INIT("accessToken"), [EXPIRES] = STR_INIT("expireTime")};
    struct str values[KEYS] = {{0}};
    struct google_token token;
    struct scan scan;
    if (body.len > GOOGLEDOC_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "an answer of more than 256 KiB");
    scan_begin(&scan, body, arena);
    scan.derived = true; /* no part of it in an error */
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;)
        values[key] = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    token.token = values[TOKEN];
    if (!str_is_word(token.token))
        return err_set(err, ERR_INPUT, "accessToken: is missing, or cannot be one");
    if (!when_parse(values[EXPIRES], &token.expires))
        return err_set(err, ERR_INPUT, "expireTime: is missing, or is no time");
    *ret_token = token;
    return 0;
}

/* --- Errors ------------------------------------------------------------------------------------ */

/* "error" is a word with a description beside it, or an object. */
static void read_error(struct scan *scan, struct google_error *error)
{
    enum { MESSAGE, STATUS, KEYS };
    static const struct str keys[] = {
        [MESSAGE] = STR_INIT("message"), [STATUS] = STR_INIT("status")};
    if (scan_peek(scan) != SCAN_OBJECT) {
        error->code = scan_string(scan);
        return;
    }
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == MESSAGE ? &error->message : &error->code) = scan_string(scan);
}

void google_error_read(struct str body, struct arena *arena, struct google_error *ret_error)
{
    enum { ERROR, DESCRIPTION, KEYS };
    static const struct str keys[] = {
        [ERROR] = STR_INIT("error"), [DESCRIPTION] = STR_INIT("error_description")};
    struct google_error error = {.code = STR_NONE};
    struct scan scan;
    *ret_error = error;
    if (body.len > GOOGLEDOC_MAX_BYTES)
        return;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == ERROR)
            read_error(&scan, &error);
        else
            error.message = scan_string(&scan);
    }
    if (scan_finish(&scan, NULL) < 0)
        return;
    size_t end = str_find(error.message, '\n');
    if (end != STR_NOT_FOUND)
        error.message = str_head(error.message, end);
    *ret_error = error;
}

/* --- The pool ---------------------------------------------------------------------------------- */

/* "https://container.googleapis.com/v1/projects/PROJECT/locations/…" */
struct str google_pool_of(struct str issuer, struct arena *arena)
{
    static const struct str prefix = STR_INIT("https://container.googleapis.com/v1/projects/");
    struct str project, pool;
    if (!str_starts(issuer, prefix) || !str_is_word(issuer))
        return STR_NONE;
    project = str_tail(issuer, prefix.len);
    size_t end = str_find(project, '/');
    if (end == STR_NOT_FOUND || end == 0)
        return STR_NONE;
    struct buf buf = BUF_INIT(arena, POOL_MAX);
    buf_add(&buf, str_head(project, end));
    buf_add(&buf, STR(".svc.id.goog"));
    return buf_finish(&buf, &pool, NULL) < 0 ? STR_NONE : pool;
}
