/* SPDX-License-Identifier: Apache-2.0 */
#include "../protectscene.h"

#include "pinnace/banned.h"

TEST(names_of_tags)
{
    static const struct {
        const char *namespace, *name, *uid, *tag;
    } rows[] = {
        {"p", "web", "1A2b3c4d-5e6f", "pinnace-keep-p-web-1a2b3c4d-111111111111"},
        {"p", "a.b", "", "pinnace-keep-p-a.b--111111111111"},
        {"p", "web", "a/b c?d-e-f-g-h", "pinnace-keep-p-web-abcdefgh-111111111111"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct buf buf = BUF_INIT(&arena, 1024);
        struct trackspec spec = {.namespace = str_of(rows[i].namespace),
                                 .name = str_of(rows[i].name),
                                 .uid = str_of(rows[i].uid)};
        buf_add_retain_tag(&buf, &spec, STR(D1));
        CHECK_STR(rows[i].tag, finished(&buf), str_of(rows[i].tag));
    }
    TEST_ARENA(arena);
    char letters[253];
    memset(letters, 'n', sizeof(letters));
    struct buf buf = BUF_INIT(&arena, 1024);
    struct trackspec spec = {
        .namespace = {letters, 63}, .name = {letters, 253}, .uid = STR("1a2b3c4d")};
    struct semver version;
    const struct tag_follow any = {.tag = STR("")};
    buf_add_retain_tag(&buf, &spec, STR(D1));
    struct str longest = finished(&buf);
    CHECK("it is a tag", longest.len <= TAG_MAX_BYTES);
    CHECK_INT("none that is followed", tag_judge(&any, longest, &version), TAG_RETAINS);
}

static const struct {
    const char *name, *spec, *status;
    enum registry_fault fault;
    const char *error;
    bool tags, unable;
    const char *said; /* "False Gone: ..."; NULL: nothing, "": that there is no such thing */
} words[] = {
    {"not wanted", "'protect':false", THREE, 0, NULL, false, false, ""},
    {"unable", NULL, THREE, 0, NULL, false, true, NULL},
    {"begun", NULL, THREE, 0, NULL, false, false, "False Protecting: "},
    {"half", NULL, RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D4, "Meant")), 0, NULL, false,
     false, "False Protecting: "},
    {"locked", NULL, RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D4, "Others")), 0, NULL,
     false, false, "True Locked: 1 release locked in the registry"},
    {"retained", NULL,
     THREE "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours") "," IMAGE(D3, "Ours")), 0, NULL, true,
     false, "True Retained: 3 releases retained by tags of their own"},
    {"an old one is gone", NULL,
     THREE "," LOCKS(IMAGE(D1, "Gone") "," IMAGE(D2, "Ours") "," IMAGE(D3, "Ours")), 0, NULL, false,
     false, "True Locked: 3 releases"},
    {"what is gone back to is gone", NULL,
     THREE "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Gone") "," IMAGE(D3, "Ours")), 0, NULL, false,
     false, "False Gone: the registry does not have"},
    {"a gone child is none", NULL, RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D4, "Gone")),
     0, NULL, false, false, "True Locked"},
    {"sha512", NULL, RUNS(D512), 0, NULL, false, false, "False OtherDigest: only images"},
    {"nothing", NULL, "'begun':true", 0, NULL, false, false, "Unknown NothingReleased: "},
    {"refused", NULL, THREE, REGISTRY_FORBIDDEN, "no", false, false, "False Refused: no"},
    {"refused too", NULL, THREE, REGISTRY_UNAUTHORIZED, "no", false, false, "False Refused: no"},
    {"broken", NULL, THREE, REGISTRY_SERVER, "500", false, false, "False RegistryFailed: 500"},
    {"let go", "'protect':false", THREE "," LOCKS(OURS3), 0, NULL, false, false,
     "False LettingGo: what we locked is let go"},
};

TEST(words_for_people)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        TEST_ARENA(arena);
        const struct scene scene = {.spec = words[i].spec, .status = words[i].status};
        struct protect_question question = question_of(&arena, &scene);
        const struct protect_facts facts = {.able = !words[i].unable,
                                            .has_locks = !words[i].tags,
                                            .fault = words[i].fault,
                                            .error = str_of(words[i].error)};
        question.facts = &facts;
        struct protect_saying saying = protect_say(&question, &arena);
        CHECK(words[i].name, saying.said == (words[i].said != NULL));
        if (!words[i].said || !words[i].said[0]) {
            CHECK(words[i].name, !saying.reason);
            continue;
        }
        static const char *const statuses[] = {"Unknown", "True", "False"};
        struct str text = json_format(&arena, "%s %s: %.*s", statuses[saying.status], saying.reason,
                                      STR_FMT(saying.message));
        CHECK_HAS(words[i].name, text, words[i].said);
    }
    CHECK("role", strstr(protect_advice(true, REGISTRY_FORBIDDEN), "AcrPush"));
    CHECK("push", strstr(protect_advice(false, REGISTRY_UNAUTHORIZED), "may push"));
    CHECK("wait", !protect_advice(true, REGISTRY_SERVER));
}

/* What has lost its tag to what runs, and nothing is to keep. */
TEST(exposed)
{
    static const struct {
        const char *name, *spec, *status;
        bool exposed;
    } rows[] = {
        {"moved on", "'keep':5",
         "'current':{'tag':'latest','digest':'" D2 "'},'previousGood':{'tag':'latest','digest':'" D1
         "'}," LEDGER(TAGGED_ROW(D2, "latest", "Healthy") "," TAGGED_ROW(D1, "latest", "Healthy")),
         true},
        {"protected", "'protect':true",
         "'current':{'tag':'latest','digest':'" D2 "'},'previousGood':{'tag':'latest','digest':'" D1
         "'}",
         false},
        {"versions", "'keep':5",
         "'current':{'tag':'v2.0.0','digest':'" D2 "'},'previousGood':{'tag':'v1.0.0','digest':'" D1
         "'}",
         false},
        {"nothing before", "'keep':5", "'current':{'tag':'latest','digest':'" D2 "'}", false},
        {"a tag of its own", "'keep':5",
         "'current':{'tag':'latest','digest':'" D2 "'},'previousGood':{'tag':'latest','digest':'" D1
         "'}," LEDGER(TAGGED_ROW(D1, "latest", "Healthy") "," TAGGED_ROW(D1, "v1.0.0", "Healthy")),
         false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackview view = track_of(&arena, "web", rows[i].spec, rows[i].status);
        CHECK(rows[i].name, protect_is_exposed(view.spec, view.book) == rows[i].exposed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_of_tags),
                                       cmocka_unit_test(words_for_people),
                                       cmocka_unit_test(exposed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
