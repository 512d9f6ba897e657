/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines: a range, a pattern, then tags. The pick is one of the tags and does not depend on their
 * order, the order of versions is one, and a range means the same read twice.
 */
#include <stdlib.h>

#include "pinnace/tagselect.h"

#include "pinnace/banned.h"

enum { TAGS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct str next_line(struct str *rest)
{
    size_t end = str_find(*rest, '\n');
    struct str line = end == STR_NOT_FOUND ? *rest : str_head(*rest, end);
    *rest = end == STR_NOT_FOUND ? STR_NONE : str_tail(*rest, end + 1);
    return line;
}

static void check_order(struct str a_text, struct str b_text)
{
    struct semver a, b;
    if (!semver_parse(a_text, &a) || !semver_parse(b_text, &b))
        return;
    int there = semver_compare(&a, &b), back = semver_compare(&b, &a);
    must((there > 0) == (back < 0) && (there < 0) == (back > 0));
    must(semver_compare(&a, &a) == 0);
    must(semver_has_form(a_text));
}

static void check_pick(const struct tag_follow *follow, const struct str *tags, size_t count)
{
    struct tag_pick forth = {.len = 0}, back = {.len = 0};
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        tag_pick_add(&forth, follow, tags[i]);
        tag_pick_add(&back, follow, tags[count - 1 - i]);
    }
    must(str_eq(tag_picked(&forth), tag_picked(&back)) && forth.fitting == back.fitting);
    must((forth.len > 0) == (forth.fitting > 0));
    for (size_t i = 0; i < count; i++)
        found = found || str_eq(tags[i], tag_picked(&forth));
    must(found || forth.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, tags[TAGS_MAX];
    static struct semrange range;
    static struct regex regex;
    struct err err = {ERR_NONE, ""};
    size_t count = 0;
    struct tag_follow follow = {.range = NULL};
    if (semrange_parse(next_line(&rest), &range, &err) == 0)
        follow.range = &range;
    else
        must(err.text[0]);
    if (regex_compile(next_line(&rest), &regex, &err) == 0)
        follow.pattern = &regex;
    while (rest.len && count < TAGS_MAX)
        tags[count++] = next_line(&rest);
    if (count)
        follow.current = follow.tag = tags[0];
    for (size_t i = 1; i < count; i++)
        check_order(tags[i - 1], tags[i]);
    check_pick(&follow, tags, count);
    return 0;
}
