/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/tagselect.h"

#include "pinnace/banned.h"

static struct semrange range;
static struct regex pattern;

/* What is followed: a range (or "tag=…"), a pattern or NULL, and what runs now or NULL. */
static struct tag_follow follow_of(const char *text, const char *regex, const char *current)
{
    struct tag_follow follow = {.current = str_of(current)};
    if (str_starts(str_of(text), STR("tag="))) {
        follow.tag = str_of(text + 4);
    } else {
        assert_int_equal(semrange_parse(str_of(text), &range, NULL), 0);
        follow.range = &range;
    }
    if (regex) {
        assert_int_equal(regex_compile(str_of(regex), &pattern, NULL), 0);
        follow.pattern = &pattern;
    }
    return follow;
}

/* Adds the words of a line, from the front or from the back. */
static void add_all(struct tag_pick *pick, const struct tag_follow *follow, struct str line,
                    bool backwards)
{
    while (line.len) {
        size_t blank = backwards ? str_rfind(line, ' ') : str_find(line, ' ');
        struct str word = line;
        if (blank != STR_NOT_FOUND)
            word = backwards ? str_tail(line, blank + 1) : str_head(line, blank);
        tag_pick_add(pick, follow, word);
        line = blank == STR_NOT_FOUND ? STR_NONE
               : backwards            ? str_head(line, blank)
                                      : str_tail(line, blank + 1);
    }
}

TEST(picks)
{
    static const struct {
        const char *follow, *pattern, *current, *tags, *picked;
    } rows[] = {
        {">=1.0.0", NULL, NULL, "v1.2.0 v1.10.0 v1.9.0 latest main", "v1.10.0"},
        {">=1.0.0", NULL, NULL, "latest 20240501 1 1.2 0123456", ""},
        {">=1.0.0", NULL, NULL, "1.0.0 2.0.0-rc.1", "1.0.0"},
        {">=1.0.0-0", NULL, NULL, "1.0.0 2.0.0-rc.1", "2.0.0-rc.1"},
        {">=1.0.0", NULL, NULL, "1.2.3 v1.2.3", "v1.2.3"},
        {">=1.0.0", NULL, "1.2.3", "1.2.3 v1.2.3", "1.2.3"},
        {">=1.0.0", NULL, "1.2.2", "1.2.2 v1.2.2 1.2.3", "1.2.3"},
        {">=1.0.0", NULL, NULL, "1.2.3_a 1.2.3_c 1.2.3_b 1.2.3", "1.2.3_c"},
        {">=1.0.0", NULL, "1.2.3_a", "1.2.3_a 1.2.3_c v1.2.3_b", "1.2.3_a"},
        {">=1.0.0", "^v", NULL, "v1.0.0 2.0.0", "v1.0.0"},
        {">=1.0.0-0", "-amd64$", NULL, "1.0.0-amd64 2.0.0-arm64", "1.0.0-amd64"},
        {">=1.0.0", NULL, NULL, "1.0.0 99999999999999999999.0.0", "1.0.0"},
        {"tag=latest", NULL, NULL, "v1.0.0 latest latest", "latest"},
        {"tag=latest", NULL, NULL, "v1.0.0 Latest", ""},
        {"tag=latest", "^v", NULL, "v1.0.0 latest", ""},
        {">=1.0.0-0", NULL, NULL, "1.0.0 2.0.0-x.sig 2.0.0-x.att 2.0.0-x.sbom", "1.0.0"},
        {">=1.0.0", NULL, NULL, "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tag_follow follow = follow_of(rows[i].follow, rows[i].pattern, rows[i].current);
        for (int backwards = 0; backwards < 2; backwards++) {
            struct tag_pick pick = {0};
            add_all(&pick, &follow, str_of(rows[i].tags), backwards);
            CHECK_STR(rows[i].tags, tag_picked(&pick), str_of(rows[i].picked));
        }
    }
}

TEST(verdicts)
{
    static const struct {
        const char *tag;
        enum tag_verdict verdict;
    } rows[] = {
        {"1.5.0", TAG_FITS},
        {"", TAG_BAD},
        {"-1.0.0", TAG_BAD},
        {".1", TAG_BAD},
        {"1.0.0+b", TAG_BAD},
        {"a/b", TAG_BAD},
        {"sha256-0123", TAG_SIGNATURE},
        {"sha512-0123.sig", TAG_SIGNATURE},
        {"1.0.0.sbom", TAG_SIGNATURE},
        {"pinnace-keep-production-web-1a2b3c4d-9f86d081884c", TAG_RETAINS},
        {"1.0.0-debug", TAG_OFF_PATTERN},
        {"main", TAG_NO_VERSION},
        {"1.6.0-rc.1", TAG_PRE_RELEASE},
        {"3.0.0-rc.1", TAG_OUTSIDE},
        {"3.0.0", TAG_OUTSIDE},
    };
    struct tag_follow follow = follow_of(">=1 <2", "^[^g]*$", NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct semver version = {0};
        CHECK_INT(rows[i].tag, tag_judge(&follow, str_of(rows[i].tag), &version), rows[i].verdict);
        CHECK(rows[i].tag, tag_verdict_text(rows[i].verdict)[0] != '\0');
    }
}

TEST(longest)
{
    TEST_ARENA(arena);
    struct tag_follow follow = follow_of(">=0.0.0-0", NULL, NULL);
    for (size_t len = TAG_MAX_BYTES; len <= TAG_MAX_BYTES + 1; len++) {
        struct tag_pick pick = {0};
        struct buf buf = BUF_INIT(&arena, 1024);
        buf_add(&buf, STR("v1.0.0-"));
        buf_add(&buf, run_of(&arena, 'a', len - 7));
        tag_pick_add(&pick, &follow, finished(&buf));
        assert_int_equal(pick.len, len == TAG_MAX_BYTES ? len : 0);
        assert_int_equal(pick.seen, 1);
        assert_int_equal(pick.fitting, len == TAG_MAX_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picks),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(longest),
    };
    return cmocka_run_group_tests_name("tagselect", tests, NULL, NULL);
}
