/* SPDX-License-Identifier: Apache-2.0 */
/* How long an answer gets, whatever is asked. */
#include "../reviews.h"

#include "pinnace/banned.h"

/* Five hundred images of four thousand bytes each, of every hostile sort. */
static struct str hostile_review(struct arena *arena, size_t sort, size_t count)
{
    struct buf buf = BUF_INIT(arena, REVIEW_MAX_BYTES), image = BUF_INIT(arena, 5000);
    static const char *const units[] = {
        "A", "abc.", "\\n", "\\u0001", "\\\\", "\xf0\x9f\x90\xb3", "\xd1\x85", "a", "`",
    };
    while (image.len < 4000)
        buf_add(&image, str_of(units[sort % COUNT(units)]));
    if (sort == 1)
        buf_add(&image, STR("example/x@" D1)); /* but for its host a good name */
    if (sort == 9) {                           /* the longest good name there is */
        image = BUF_INIT(arena, 5000);
        buf_addf(&image, "h.h.%s/%s:%s@" D512, run_of(arena, 'h', 257).ptr,
                 run_of(arena, 'p', 255).ptr, run_of(arena, 't', 128).ptr);
    }
    for (size_t i = 0; i < count; i++)
        buf_addf(&buf, "%s{'name':'n%zu','image':'%s'}", i ? "," : "", i, finished(&image).ptr);
    return json_format(arena, CREATE("%s"), finished(&buf).ptr);
}

TEST(hostile_images)
{
    static const char *const paths[] = {"/enforce/tagged", "/enforce/pinned", "/warn/pinned",
                                        "/audit/pinned"};
    enum { SORTS = 10, IMAGES = 500 };
    for (size_t sort = 0; sort < SORTS; sort++) {
        TEST_ARENA(arena);
        struct policy policy = policy_builtin;
        policy_with(&policy, &arena, POLICY("'registries':['contoso.azurecr.io']"));
        struct str review = hostile_review(&arena, sort, IMAGES);
        for (size_t i = 0; i < COUNT(paths); i++) {
            char row[64];
            snprintf(row, sizeof(row), "%s, sort %zu", paths[i], sort);
            struct answer answer ANSWER_SCOPED = answer_of(
                row, paths[i], (struct review_context){.policy = &policy}, &arena, review.ptr);
            CHECK_INT(row, answer.outcome.verdict.count[FINDING_REFUSED], IMAGES);
            CHECK_INT(row, answer.outcome.allowed, i > 1);
            CHECK(row, answer.outcome.violates);
            CHECK(row, answer.text.len < 128 * 1024);
        }
    }
}

/* How many are named, and how many more there are, add up. */
TEST(as_many_as_a_person_reads)
{
    static const size_t counts[] = {1, 2, 19, 20, 21, 22, 500};
    for (size_t i = 0; i < COUNT(counts); i++) {
        TEST_ARENA(arena);
        char row[64], more[64];
        struct buf buf = BUF_INIT(&arena, 100000);
        size_t count = counts[i], named = 0, rest = 0;
        snprintf(row, sizeof(row), "%zu images", count);
        for (size_t k = 0; k < count; k++)
            buf_addf(&buf, "%s{'name':'n%zu','image':'i:%zu'}", k ? "," : "", k, k);
        struct str review = json_format(&arena, CREATE("%s"), finished(&buf).ptr);
        struct answer denial ANSWER_SCOPED =
            answer_of(row, "/enforce/pinned", (struct review_context){0}, &arena, review.ptr);
        struct str message = tree_text(denial.tree, "response.status.message");
        for (size_t k = 0; k + 8 < message.len; k++)
            named += str_starts(str_tail(message, k), STR("\n- spec."));
        CHECK_INT(row, named, count < NAMED_MOST ? count : NAMED_MOST);
        CHECK_INT(row, tree_count(denial.tree, "response.status.details.causes"), named);
        snprintf(more, sizeof(more), "\n- and %zu more", count - named);
        CHECK_INT(row, str_ends(message, str_of(more)), count > named);
        struct answer warned ANSWER_SCOPED =
            answer_of(row, "/warn/pinned", (struct review_context){0}, &arena, review.ptr);
        size_t warnings = tree_count(warned.tree, "response.warnings");
        struct str last = tree_text_at(warned.tree, "response.warnings", warnings - 1);
        if (str_starts(last, STR("and "))) {
            warnings--;
            rest = strtoul(last.ptr + 4, NULL, 10);
        }
        CHECK_INT(row, warnings + rest, count);
    }
}

/*
 * Where a warning would be cut before it says what to write instead, it says that alone; who let
 * an exempt image in is said first in any case.
 */
TEST(long_warnings)
{
    static const char form[] = "contoso.azurecr.io/shop/%s";
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    struct policy policy = policy_builtin;
    struct str name = json_format(&arena, form, run_of(&arena, 'w', 60).ptr);
    ledger_with(&ledger, &arena,
                json_format(&arena,
                            TRACK("web", "shop", "'image':'%s'",
                                  "'ledger':[" ROW("1.0.0", D1, "Healthy") "]"),
                            name.ptr)
                    .ptr);
    struct str review = json_format(
        &arena, CREATE("{'name':'a','image':'%s:1.0.0'},{'name':'b','image':'nginx'}"), name.ptr);
    struct review_context context = {.policy = &policy, .ledger = &ledger, .now = NOW};
    struct answer refused ANSWER_SCOPED =
        answer_of("refused", "/warn/pinned", context, &arena, review.ptr);
    struct str warning = tree_text(refused.tree, "response.warnings.0");
    CHECK_STR(
        "refused", warning,
        json_format(&arena, "spec.containers[0].image: NoDigest: write %s:1.0.0@" D1, name.ptr));
    CHECK_HAS("short", tree_text(refused.tree, "response.warnings.1"), "\"nginx\" names no digest");
    policy_with(&policy, &arena,
                EXEMPTION("hotfix", "shop", "'contoso.azurecr.io'", "2026-11-21T09:30:00Z"));
    struct answer exempt ANSWER_SCOPED =
        answer_of("exempt", "/warn/pinned", context, &arena, review.ptr);
    bool told = false;
    for (size_t i = 0; i < 2; i++)
        told = told || text_has(tree_text_at(exempt.tree, "response.warnings", i),
                                STR("Exemption \"hotfix\""));
    assert_true(told);
}

/* Long names of everything at once: as long as is read, or longer where that is not bounded. */
TEST(long_names)
{
    TEST_ARENA(arena);
    const char *name = run_of(&arena, 'n', 512).ptr, *longer = run_of(&arena, 'n', 100000).ptr;
    static const char *const paths[] = {"/enforce/pinned", "/warn/pinned",   "/enforce/unknown",
                                        "/warn/unknown",   "/audit/unknown", "/enforce/released"};
    for (size_t i = 0; i < COUNT(paths); i++)
        for (int known = 0; known < 2; known++) {
            struct str text = json_format(
                &arena,
                "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':"
                "'%s','kind':{'group':'%s','kind':'%s'},'namespace':'%s','name':'%s','operation':"
                "'CREATE','object':{'metadata':{'name':'%s'},'spec':{'containers':[{'name':'%s',"
                "'image':'%s'}]}}}}",
                name, known ? "" : name, known ? "Pod" : name, name, longer, longer, longer,
                longer);
            struct answer answer ANSWER_SCOPED =
                answer_of(paths[i], paths[i], (struct review_context){0}, &arena, text.ptr);
            CHECK(paths[i], answer.text.len < 64 * 1024);
        }
}

/* Letters of other scripts where a warning is cut: it stays within what an API server takes. */
TEST(warnings_cut_between_letters)
{
    TEST_ARENA(arena);
    for (size_t before = 0; before < 8; before++) {
        struct buf kind = BUF_INIT(&arena, 10000);
        buf_add(&kind, run_of(&arena, 'K', before));
        for (int i = 0; i < 160; i++)
            buf_add(&kind, STR("\xe2\x82\xac"));
        struct str text = json_format(
            &arena,
            "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u',"
            "'kind':{'group':'','kind':'%s'},'operation':'CREATE','object':{}}}",
            finished(&kind).ptr);
        struct answer answer ANSWER_SCOPED =
            answer_of("kind", "/warn/pinned", (struct review_context){0}, &arena, text.ptr);
        struct str warning = tree_text(answer.tree, "response.warnings.0");
        CHECK("whole letters", !text_has(warning, STR("\xef\xbf\xbd")));
    }
}

/* Line breaks in what is quoted do not become line breaks of a warning. */
TEST(warnings_are_one_line)
{
    TEST_ARENA(arena);
    struct answer answer ANSWER_SCOPED = answer_of(
        "kind", "/warn/pinned", (struct review_context){0}, &arena,
        "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u',"
        "'kind':{'group':'a\\nb','kind':'c\\nd'},'namespace':'e\\nf','operation':'CREATE',"
        "'object':{'metadata':{'name':'g\\nh'}}}}");
    assert_int_equal(tree_count(answer.tree, "response.warnings"), 1);
}

/* As long a name as an Exemption can have, beside more images than are named. */
TEST(long_exemptions)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    const char *name = run_of(&arena, 'n', 253).ptr;
    policy_with(
        &policy, &arena,
        json_format(&arena, EXEMPTION("%s", "shop", "'quay.io'", "2026-11-21T09:30:00Z"), name)
            .ptr);
    struct buf buf = BUF_INIT(&arena, 100000);
    for (int i = 0; i < 30; i++)
        buf_addf(&buf, "%s{'image':'quay.io/a:%d'}", i ? "," : "", i);
    struct str review = json_format(&arena, CREATE("%s"), finished(&buf).ptr);
    static const char *const paths[] = {"/enforce/pinned", "/warn/pinned", "/audit/pinned"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct answer answer ANSWER_SCOPED =
            answer_of(paths[i], paths[i], (struct review_context){.policy = &policy, .now = NOW},
                      &arena, review.ptr);
        CHECK(paths[i], answer.outcome.allowed);
        CHECK_INT(paths[i], answer.outcome.verdict.count[FINDING_EXEMPT], 30);
    }
}

TEST(no_room)
{
    TEST_ARENA(arena);
    struct str text = json_of(&arena, CREATE(IMAGE("a", "nginx") "," IMAGE("b", "nginx:1")));
    size_t refused = 0;
    for (size_t room = 0; room < 128 * 1024; room += 512) {
        struct answer answer = {.arena = ARENA_INIT(room), .text = STR("untouched")};
        struct err err = ERR_CLEAN;
        int result = try_answer(&answer, "/enforce/pinned", (struct review_context){0}, text, &err);
        if (result < 0) {
            assert_int_equal(err.kind, ERR_MEMORY);
            CHECK_STR("answer", answer.text, STR("untouched"));
            assert_int_equal(answer.outcome.verdict.images, 0);
        } else {
            refused++;
            assert_false(answer.outcome.allowed);
        }
        arena_free(&answer.arena);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_images),
        cmocka_unit_test(as_many_as_a_person_reads),
        cmocka_unit_test(long_warnings),
        cmocka_unit_test(long_names),
        cmocka_unit_test(warnings_cut_between_letters),
        cmocka_unit_test(warnings_are_one_line),
        cmocka_unit_test(long_exemptions),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests_name("answer_limits", tests, NULL, NULL);
}
