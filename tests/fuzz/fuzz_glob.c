/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the pattern and the text, matching agrees with the definition read out loud. The first
 * line is the pattern, the second the text; as image pattern and image too.
 */
#include <stdlib.h>

#include "pinnace/glob.h"

#include "pinnace/banned.h"

enum { LONGEST = 96, ROOM = 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* What is known of the rests of pattern and text: 0 nothing yet, 1 they match, 2 they do not. */
struct naive {
    struct str pattern, text;
    unsigned char known[LONGEST + 1][LONGEST + 1];
};

static bool naive_at(struct naive *naive, size_t p, size_t t);

static bool naive_star(struct naive *naive, size_t p, size_t t, bool over_slash)
{
    for (;; t++) {
        if (naive_at(naive, p, t))
            return true;
        if (t == naive->text.len || (!over_slash && naive->text.ptr[t] == '/'))
            return false;
    }
}

static bool naive_find(struct naive *naive, size_t p, size_t t)
{
    struct str pattern = str_tail(naive->pattern, p), text = str_tail(naive->text, t);
    if (pattern.len == 0)
        return text.len == 0;
    if (str_starts(pattern, STR("**")))
        return naive_star(naive, p + 2, t, true);
    if (pattern.ptr[0] == '*')
        return naive_star(naive, p + 1, t, false);
    if (text.len == 0)
        return false;
    bool one = pattern.ptr[0] == '?' ? text.ptr[0] != '/' : pattern.ptr[0] == text.ptr[0];
    return (one || pattern.ptr[0] == text.ptr[0]) && naive_at(naive, p + 1, t + 1);
}

static bool naive_at(struct naive *naive, size_t p, size_t t)
{
    unsigned char *known = &naive->known[p][t];
    if (*known == 0)
        *known = naive_find(naive, p, t) ? 1 : 2;
    return *known == 1;
}

static bool naive_match(struct str pattern, struct str text)
{
    static struct naive naive;
    naive = (struct naive){.pattern = pattern, .text = text};
    return naive_at(&naive, 0, 0);
}

static struct str finish(struct buf *buf)
{
    struct str text = STR_NONE;
    must(buf_finish(buf, &text, NULL) == 0);
    return text;
}

static void check_image(struct str pattern, struct str image)
{
    const struct image_glob untouched = {.host = image};
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct image_glob glob = untouched;
    struct imageref ref;
    const char *problem = image_glob_parse(pattern, &glob);
    if (problem) {
        must(strlen(problem) > 0 && memcmp(&glob, &untouched, sizeof(glob)) == 0);
        return;
    }
    must(glob.host.len > 0 && str_starts(pattern, glob.host));
    if (imageref_parse(image, &ref) != IMAGEREF_OK)
        return;
    struct buf host = BUF_INIT(&arena, ROOM / 4), path = BUF_INIT(&arena, ROOM / 4);
    buf_add_host(&host, ref.host);
    buf_add(&path, ref.in_library ? STR("library/") : STR(""));
    buf_add(&path, ref.path);
    struct str tag = ref.tag.len || ref.digest.len ? ref.tag : STR("latest");
    bool want = naive_match(glob.host, finish(&host)) &&
                (glob.path.len == 0 || naive_match(glob.path, finish(&path))) &&
                (glob.tag.len == 0 || naive_match(glob.tag, tag));
    must(image_glob_match(&glob, &ref) == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = {(const char *)data, size};
    size_t newline = str_find(all, '\n');
    if (newline == STR_NOT_FOUND)
        return 0;
    struct str pattern = str_head(all, newline), text = str_tail(all, newline + 1);
    /* Eight bytes less, since "library/" is put in front of some paths. */
    if (pattern.len > LONGEST || text.len > LONGEST - 8)
        return 0;
    must(glob_match(pattern, text) == naive_match(pattern, text));
    must(glob_match(STR("**"), text));
    must(glob_match(STR("*"), text) == (str_find(text, '/') == STR_NOT_FOUND));
    check_image(pattern, text);
    return 0;
}
