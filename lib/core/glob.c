/* SPDX-License-Identifier: Apache-2.0 */
/* glob: see the header. No recursion: one place to go back to for "*", one for "**". */
#include "pinnace/glob.h"

#include "pinnace/banned.h"

enum { HOST_MAX = 512 };

struct retry {
    size_t pattern, text;
    bool set;
};

/* Lets a star take one more byte; false when it cannot. */
static bool take_one_more(struct retry *star, struct str text, bool over_slash, size_t *ret_pattern,
                          size_t *ret_text)
{
    if (!star->set || star->text >= text.len || (!over_slash && text.ptr[star->text] == '/'))
        return false;
    star->text++;
    *ret_pattern = star->pattern;
    *ret_text = star->text;
    return true;
}

bool glob_match(struct str pattern, struct str text)
{
    size_t steps = SIZE_MAX;
    return glob_match_within(pattern, text, &steps);
}

bool glob_match_within(struct str pattern, struct str text, size_t *steps)
{
    struct retry star = {0}, double_star = {0};
    size_t p = 0, t = 0;
    while (p < pattern.len || t < text.len) {
        if (*steps == 0)
            return false;
        --*steps;
        if (str_starts(str_tail(pattern, p), STR("**"))) {
            p += 2;
            double_star = (struct retry){p, t, true};
            star.set = false; /* what stands before a "**" need not be tried again */
            continue;
        }
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = (struct retry){++p, t, true};
            continue;
        }
        bool same =
            p < pattern.len && t < text.len &&
            (pattern.ptr[p] == text.ptr[t] || (pattern.ptr[p] == '?' && text.ptr[t] != '/'));
        if (same) {
            p++;
            t++;
            continue;
        }
        if (take_one_more(&star, text, false, &p, &t))
            continue;
        star.set = false;
        if (!take_one_more(&double_star, text, true, &p, &t))
            return false;
    }
    return true;
}

/* "nginx:1.27" has a colon too, but no port behind it. */
static bool port_like(struct str port)
{
    for (size_t i = 0; i < port.len; i++)
        if (!ascii_is_digit(port.ptr[i]) && port.ptr[i] != '*')
            return false;
    return port.len > 0;
}

static const char *check_host(struct str host)
{
    size_t colon = str_rfind(host, ':');
    bool named = str_find(host, '.') != STR_NOT_FOUND || str_find(host, '*') != STR_NOT_FOUND ||
                 str_eq(host, STR("localhost"));
    if (colon != STR_NOT_FOUND && host.ptr[0] != '[')
        named = port_like(str_tail(host, colon + 1));
    if (!named && host.ptr[0] != '[')
        return "begins with no registry; write it out, as in docker.io/library/nginx";
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] >= 'A' && host.ptr[i] <= 'Z')
            return "has upper-case letters in its registry; registries are compared in lower case";
    return NULL;
}

const char *image_glob_parse(struct str pattern, struct image_glob *ret_glob)
{
    if (pattern.len == 0)
        return "is empty";
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.ptr[i] <= ' ' || pattern.ptr[i] > '~' || pattern.ptr[i] == '@')
            return "has white space, an '@' or a character outside ASCII";
    struct image_glob glob = {.host = pattern};
    size_t slash = str_find(pattern, '/');
    if (slash != STR_NOT_FOUND) {
        glob.host = str_head(pattern, slash);
        glob.path = str_tail(pattern, slash + 1);
        size_t last = str_rfind(glob.path, '/'), colon = str_rfind(glob.path, ':');
        if (colon != STR_NOT_FOUND && (last == STR_NOT_FOUND || colon > last)) {
            glob.tag = str_tail(glob.path, colon + 1);
            glob.path = str_head(glob.path, colon);
            if (glob.tag.len == 0)
                return "ends with a colon and no tag";
        }
        if (glob.path.len == 0)
            return "has nothing between the registry and what follows";
        bool hub = str_eq(glob.host, STR("docker.io"));
        if (hub && str_find(glob.path, '/') == STR_NOT_FOUND && !str_eq(glob.path, STR("**")))
            return "fits nothing: images without a path on Docker Hub are docker.io/library/NAME";
    }
    const char *problem = check_host(glob.host);
    if (problem)
        return problem;
    glob.host = host_core(glob.host);
    *ret_glob = glob;
    return NULL;
}

static bool host_match(struct str pattern, struct str host, size_t *steps)
{
    char text[HOST_MAX];
    struct str core = host_normal(host, text, sizeof(text));
    return core.ptr && glob_match_within(pattern, core, steps);
}

static bool path_match(struct str pattern, const struct imageref *ref, size_t *steps)
{
    char text[HOST_MAX];
    if (!ref->in_library)
        return glob_match_within(pattern, ref->path, steps);
    struct str library = STR("library/");
    memcpy(text, library.ptr, library.len);
    memcpy(text + library.len, ref->path.ptr, ref->path.len); /* a parsed path is at most 255 */
    return glob_match_within(pattern, (struct str){text, library.len + ref->path.len}, steps);
}

bool image_glob_match(const struct image_glob *glob, const struct imageref *ref)
{
    size_t steps = SIZE_MAX;
    return image_glob_match_within(glob, ref, &steps);
}

bool image_glob_match_within(const struct image_glob *glob, const struct imageref *ref,
                             size_t *steps)
{
    enum { BEFORE = 8 }; /* as many steps the normal form of the host is worth */
    if (*steps < BEFORE) {
        *steps = 0;
        return false;
    }
    *steps -= BEFORE;
    if (glob->tag.len) {
        struct str tag = ref->tag.len || ref->digest.len ? ref->tag : STR("latest");
        if (!glob_match_within(glob->tag, tag, steps))
            return false;
    }
    return host_match(glob->host, ref->host, steps) &&
           (!glob->path.len || path_match(glob->path, ref, steps));
}
