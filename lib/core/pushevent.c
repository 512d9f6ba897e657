/* SPDX-License-Identifier: Apache-2.0 */
/* pushevent: see the header. */
#include "pinnace/pushevent.h"

#include <stdio.h>

#include "pinnace/regdoc.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { NAME_MAX_BYTES = 512 };

/* --- Names ------------------------------------------------------------------------------------- */

/*
 * What is left of the repository behind the host, which is under "under" if that is given: else the
 * first part is one if it looks like one. The parts must be found again as they went in.
 */
static enum imageref_fault read_name(const char *under, struct str repository, struct str tag,
                                     struct push_hint *ret_hint)
{
    char text[NAME_MAX_BYTES];
    struct imageref ref;
    int len = snprintf(text, sizeof(text), "%s%.*s:%.*s", under, STR_FMT(repository), STR_FMT(tag));
    if (len < 0 || (size_t)len >= sizeof(text))
        return IMAGEREF_TOO_LONG;
    enum imageref_fault fault = imageref_parse((struct str){text, (size_t)len}, &ref);
    if (fault != IMAGEREF_OK)
        return fault;
    if (!str_eq(ref.tag, tag) || ref.digest.len)
        return IMAGEREF_BAD_TAG;
    size_t host = (size_t)(ref.path.ptr - text) - strlen(under);
    *ret_hint = (struct push_hint){host ? str_head(repository, host - 1) : STR_NONE,
                                   str_tail(repository, host), tag};
    return IMAGEREF_OK;
}

/* --- Notifications of the CNCF registry --------------------------------------------------------- */

struct event {
    struct str action, media_type, repository, tag;
};

static void scan_target(struct scan *scan, struct event *event)
{
    enum { MEDIA_TYPE, REPOSITORY, TAG, KEYS };
    static const struct str keys[] = {[MEDIA_TYPE] = STR_INIT("mediaType"),
                                      [REPOSITORY] = STR_INIT("repository"),
                                      [TAG] = STR_INIT("tag")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == MEDIA_TYPE)
            event->media_type = scan_string(scan);
        else if (key == REPOSITORY)
            event->repository = scan_string(scan);
        else
            event->tag = scan_string(scan);
    }
}

static struct event scan_event(struct scan *scan)
{
    static const struct str keys[] = {STR_INIT("action"), STR_INIT("target")};
    struct event event = {.action = STR_NONE};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;) {
        if (key == 0)
            event.action = scan_string(scan);
        else if (scan_peek(scan) == SCAN_NULL)
            scan_value(scan);
        else
            scan_target(scan, &event);
    }
    return event;
}

/* A registry that holds what has no name of an image, holds nothing that anybody follows. */
static bool read_event(const struct event *event, struct push_hint *ret_hint)
{
    return str_eq(event->action, STR("push")) && event->tag.len &&
           media_of(event->media_type) != MEDIA_OTHER &&
           read_name("localhost/", event->repository, event->tag, ret_hint) == IMAGEREF_OK;
}

static void add_hint(struct scan *scan, struct push_hints *hints, const struct push_hint *hint)
{
    if ((hints->count & (hints->count - 1)) == 0) {
        size_t room = hints->count ? hints->count * 2 : 1;
        struct push_hint *bigger = arena_array(scan->arena, struct push_hint, room);
        if (!bigger) {
            scan_out_of_memory(scan);
            return;
        }
        if (hints->count)
            memcpy(bigger, hints->items, hints->count * sizeof(*bigger));
        hints->items = bigger;
    }
    hints->items[hints->count++] = *hint;
}

static int check_size(struct str body, struct err *err)
{
    if (body.len > PUSH_BODY_MAX)
        return err_set(err, ERR_LIMIT, "a notification of %zu bytes; at most %d are read", body.len,
                       (int)PUSH_BODY_MAX);
    return 0;
}

int push_read_distribution(struct str body, struct arena *arena, struct push_hints *ret_hints,
                           struct err *err)
{
    static const struct str keys[] = {STR_INIT("events")};
    struct push_hints hints = {.count = 0};
    struct scan scan;
    bool has_events = false, too_many = false;
    if (check_size(body, err) < 0)
        return -1;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END) {
        struct scan_elements elements = scan_array(&scan);
        has_events = true;
        while (scan_element(&scan, &elements)) {
            struct event event = scan_event(&scan);
            struct push_hint hint;
            if (scan.problem || !read_event(&event, &hint))
                continue;
            if (hints.count < PUSH_HINTS_MAX)
                add_hint(&scan, &hints, &hint);
            else
                too_many = true;
        }
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!has_events)
        return err_set(err, ERR_INPUT, "events: is missing; this is no notification");
    if (too_many)
        return err_set(err, ERR_LIMIT, "more than %d pushes in one envelope", (int)PUSH_HINTS_MAX);
    *ret_hints = hints;
    return 0;
}

/* --- What pipelines send ------------------------------------------------------------------------ */

int push_read_generic(struct str body, struct arena *arena, struct push_hints *ret_hints,
                      struct err *err)
{
    static const struct str keys[] = {STR_INIT("repository"), STR_INIT("tag")};
    struct str repository = STR_NONE, tag = STR_NONE;
    struct push_hint hint;
    struct scan scan;
    if (check_size(body, err) < 0)
        return -1;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;)
        *(key == 0 ? &repository : &tag) = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!repository.len || !tag.len)
        return err_set(err, ERR_INPUT,
                       "%s: is missing; {\"repository\": \"shop/web\", \"tag\": \"1.0\"} is "
                       "how it should look",
                       repository.len ? "tag" : "repository");
    enum imageref_fault fault = read_name("", repository, tag, &hint);
    if (fault != IMAGEREF_OK)
        return err_set(err, ERR_INPUT, "repository and tag: %s", imageref_fault_text(fault));
    struct push_hint *item = arena_new(arena, struct push_hint);
    if (!item)
        return err_no_memory(err);
    *item = hint;
    *ret_hints = (struct push_hints){item, 1};
    return 0;
}

/* --- Whom it concerns --------------------------------------------------------------------------- */

static bool is_path(struct str path, const struct imageref *image)
{
    static const struct str library = STR_INIT("library/");
    if (str_eq(path, image->path))
        return true;
    return image->in_library && str_starts(path, library) &&
           str_eq(str_tail(path, library.len), image->path);
}

bool push_concerns(const struct push_hint *hint, const struct imageref *image,
                   const struct tag_follow *follow)
{
    struct semver version;
    if (hint->host.len && !host_same(hint->host, image->host))
        return false;
    return is_path(hint->repository, image) && tag_judge(follow, hint->tag, &version) == TAG_FITS;
}

/* --- Secrets ------------------------------------------------------------------------------------ */

static int check_secret(struct str secret, size_t line, struct err *err)
{
    if (secret.len < PUSH_SECRET_MIN_BYTES || secret.len > PUSH_SECRET_MAX_BYTES)
        return err_set(err, ERR_INPUT, "line %zu: a secret has %d to %d characters, not %zu", line,
                       (int)PUSH_SECRET_MIN_BYTES, (int)PUSH_SECRET_MAX_BYTES, secret.len);
    for (size_t i = 0; i < secret.len; i++)
        if (secret.ptr[i] <= ' ' || secret.ptr[i] > '~')
            return err_set(err, ERR_INPUT,
                           "line %zu: a secret is printable ASCII without spaces, as a header can "
                           "carry it",
                           line);
    return 0;
}

static struct str next_line(struct str *text)
{
    size_t end = str_find(*text, '\n');
    struct str line = end == STR_NOT_FOUND ? *text : str_head(*text, end);
    *text = end == STR_NOT_FOUND ? STR_NONE : str_tail(*text, end + 1);
    return line.len && line.ptr[line.len - 1] == '\r' ? str_head(line, line.len - 1) : line;
}

int push_secrets_read(struct str text, struct push_secrets *ret_secrets, struct err *err)
{
    struct push_secrets secrets = {.count = 0};
    for (size_t number = 1; text.len; number++) {
        struct str line = next_line(&text);
        if (!line.len)
            continue;
        if (secrets.count == PUSH_SECRETS_MAX)
            return err_set(err, ERR_LIMIT, "line %zu: more than %d secrets", number,
                           (int)PUSH_SECRETS_MAX);
        if (check_secret(line, number, err) < 0)
            return -1;
        secrets.items[secrets.count++] = line;
    }
    if (!secrets.count)
        return err_set(err, ERR_INPUT, "there is no secret in it; one a line is expected");
    *ret_secrets = secrets;
    return 0;
}

/* --- Headers ------------------------------------------------------------------------------------ */

bool push_signature_read(struct str header, unsigned char ret_sum[PUSH_SIGNATURE_BYTES])
{
    static const struct str prefix = STR_INIT("sha256=");
    unsigned char sum[PUSH_SIGNATURE_BYTES];
    if (!str_starts(header, prefix) || header.len != prefix.len + 2 * sizeof(sum))
        return false;
    const char *hex = header.ptr + prefix.len;
    for (size_t i = 0; i < sizeof(sum); i++) {
        int high = ascii_hex_value(hex[2 * i]), low = ascii_hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        sum[i] = (unsigned char)(high * 16 + low);
    }
    memcpy(ret_sum, sum, sizeof(sum));
    return true;
}

struct str push_bearer_read(struct str header)
{
    static const struct str scheme = STR_INIT("Bearer ");
    if (header.len <= scheme.len || !str_eq_nocase(str_head(header, scheme.len), scheme))
        return STR_NONE;
    struct str token = str_tail(header, scheme.len);
    while (token.len && token.ptr[0] == ' ')
        token = str_tail(token, 1);
    return token;
}
