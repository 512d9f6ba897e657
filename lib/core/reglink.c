/* SPDX-License-Identifier: Apache-2.0 */
/* reglink: where the next page of a list is, by its Link header (RFC 8288); see regdoc.h. */
#include "pinnace/regdoc.h"

#include "pinnace/buf.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

enum { LINK_MAX = 16 * 1024 };

static int refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "Link: %s", what);
}

/* The parameters of one link end at a comma outside quotes. */
static size_t parameters_end(struct str text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        if (quoted && text.ptr[i] == '\\')
            i++;
        else if (text.ptr[i] == '"')
            quoted = !quoted;
        else if (text.ptr[i] == ',' && !quoted)
            return i;
    }
    return text.len;
}

/* Whether "next" is among the words of rel="…", the first one that is given. */
static bool is_next(struct str parameters)
{
    while (parameters.len) {
        size_t semicolon = str_find(parameters, ';');
        struct str one = semicolon == STR_NOT_FOUND ? parameters : str_head(parameters, semicolon);
        parameters = semicolon == STR_NOT_FOUND ? STR_NONE : str_tail(parameters, semicolon + 1);
        size_t equals = str_find(one, '=');
        if (equals == STR_NOT_FOUND ||
            !str_eq_nocase(str_trimmed(str_head(one, equals)), STR("rel")))
            continue;
        struct str value = str_trimmed(str_tail(one, equals + 1));
        if (value.len >= 2 && value.ptr[0] == '"' && str_ends(value, STR("\"")))
            value = str_tail(str_head(value, value.len - 1), 1);
        while (value.len) {
            size_t blank = str_find(value, ' ');
            if (str_eq_nocase(blank == STR_NOT_FOUND ? value : str_head(value, blank), STR("next")))
                return true;
            value = blank == STR_NOT_FOUND ? STR_NONE : str_tail(value, blank + 1);
        }
        return false;
    }
    return false;
}

/* The target of the link with rel=next; .len 0: there is none. */
static int find_next(struct str header, struct str *ret_target, struct err *err)
{
    struct str rest = str_trimmed(header), target = STR_NONE;
    while (rest.len && !target.len) {
        if (rest.ptr[0] == ',') {
            rest = str_trimmed(str_tail(rest, 1));
            continue;
        }
        size_t end = str_find(rest, '>');
        if (rest.ptr[0] != '<' || end == STR_NOT_FOUND)
            return refuse(err, "a target in <> was expected");
        struct str candidate = str_tail(str_head(rest, end), 1);
        rest = str_tail(rest, end + 1);
        size_t stop = parameters_end(rest);
        if (is_next(str_head(rest, stop)))
            target = str_trimmed(candidate);
        if (is_next(str_head(rest, stop)) && !target.len)
            return refuse(err, "the target of the next page is empty");
        rest = str_trimmed(str_tail(rest, stop));
    }
    *ret_target = target;
    return 0;
}

/* "https://host:port" of a URL. */
static struct str origin_of(struct str url)
{
    struct str host = url_host(url);
    return str_between(url.ptr, host.ptr + host.len);
}

static bool is_absolute(struct str target)
{
    return str_starts(target, STR("https://")) || str_starts(target, STR("http://"));
}

/* The URL up to its query, or up to and with the last slash of its path. */
static struct str base_of(struct str url, bool query_only)
{
    size_t query = str_find(url, '?');
    struct str path = query == STR_NOT_FOUND ? url : str_head(url, query);
    return query_only ? path : str_head(path, str_rfind(path, '/') + 1);
}

static int check_target(struct str target, struct str url, struct err *err)
{
    if ((target.len && !str_is_word(target)) || str_starts(target, STR("//")) ||
        (!is_absolute(target) && str_find(target, ':') != STR_NOT_FOUND &&
         str_find(target, ':') < str_find(target, '/') && target.ptr[0] != '?'))
        return refuse(err, "the target is no URL of http or https");
    if (is_absolute(target) && !str_eq_nocase(origin_of(target), origin_of(url)))
        return refuse(err, "the next page is said to be on another host; that is not followed");
    return 0;
}

int link_next(struct str header, struct str url, struct arena *arena, struct str *ret_next,
              struct err *err)
{
    struct str target = STR_NONE;
    struct buf next = BUF_INIT(arena, 2 * LINK_MAX);
    if (header.len > LINK_MAX)
        return err_set(err, ERR_LIMIT, "Link: more than 16 KiB");
    if (find_next(header, &target, err) < 0)
        return -1;
    if (target.len == 0) {
        *ret_next = STR_NONE;
        return 0;
    }
    if (check_target(target, url, err) < 0)
        return -1;
    if (target.ptr[0] == '/')
        buf_add(&next, origin_of(url));
    else if (!is_absolute(target))
        buf_add(&next, base_of(url, target.ptr[0] == '?'));
    buf_add(&next, target);
    return buf_finish(&next, ret_next, err);
}
