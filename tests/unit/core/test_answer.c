/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered, mode by mode. */
#include "../reviews.h"

#include "pinnace/banned.h"

TEST(allowed_in_silence)
{
    static const char *const paths[] = {"/enforce/tagged", "/enforce/pinned", "/warn/pinned",
                                        "/audit/pinned"};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct answer answer ANSWER_SCOPED =
            answer_of(paths[i], paths[i], (struct review_context){0}, &arena,
                      CREATE(IMAGE("a", "nginx@" D1)));
        CHECK(paths[i], answer.outcome.allowed);
        CHECK(paths[i], !answer.outcome.violates);
        CHECK_INT(paths[i], answer.outcome.verdict.images, 1);
        CHECK_STR(paths[i], answer.text,
                  json_of(&arena, "{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview',"
                                  "'response':{'uid':'u-1','allowed':true}}"));
    }
}

TEST(denied)
{
    TEST_ARENA(arena);
    struct answer answer ANSWER_SCOPED =
        answer_of("denied", "/enforce/pinned", (struct review_context){0}, &arena,
                  CREATE(IMAGE("a", "nginx:1") "," IMAGE("b", "nginx@" D1) "," IMAGE(
                      "c", "nginx@sha256:1") ",{'name':'d'}"));
    const cJSON *status = tree_at(answer.tree, "response.status");
    struct str message = tree_text(status, "message");
    assert_false(answer.outcome.allowed);
    assert_int_equal(tree_number(status, "code"), 403);
    CHECK_STR("reason", tree_text(status, "reason"), STR("Forbidden"));
    CHECK_HAS("headline", message,
              "Pinnace refuses Pod \"web\": 3 of 4 images do not meet level "
              "\"pinned\" of namespace \"shop\"\n");
    CHECK_HAS("first", message,
              "\n- spec.containers[0].image (container \"a\"): NoDigest: "
              "\"nginx:1\" ");
    CHECK_HAS("second", message, "\n- spec.containers[2].image (container \"c\"): BadDigest: ");
    CHECK_HAS("third", message, "\n- spec.containers[3].image (container \"d\"): BadReference: ");
    assert_false(text_has(message, STR("containers[1]")));
    assert_false(text_has(message, STR(" more")));
    assert_int_equal(tree_count(status, "details.causes"), 3);
    CHECK_STR("cause", tree_text(status, "details.causes.0.reason"), STR("NoDigest"));
    CHECK_STR("cause", tree_text(status, "details.causes.0.field"),
              STR("spec.containers[0].image"));
    CHECK_HAS("cause", tree_text(status, "details.causes.0.message"), "\"nginx:1\"");
    CHECK_STR("cause", tree_text(status, "details.causes.1.reason"), STR("BadDigest"));
    CHECK_STR("cause", tree_text(status, "details.causes.2.reason"), STR("BadReference"));
    assert_null(tree_at(answer.tree, "response.warnings"));
    CHECK_STR("verdict", tree_text(answer.tree, "response.auditAnnotations.verdict"),
              STR("violation"));
}

/* How the object is called, as far as it has a name yet. */
TEST(names)
{
    static const struct {
        const char *request, *says;
    } rows[] = {
        {"'object':{'metadata':{'name':'web'},%s}", "Pod 'web': its image does not"},
        {"'name':'web','object':{%s}", "Pod 'web': "},
        {"'object':{'metadata':{'generateName':'web-'},%s}", "Pod 'web-'...: "},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *image = "'spec':{'containers':[{'image':'nginx'}]}";
        struct buf buf = BUF_INIT(&arena, 2000);
        for (const char *c = rows[i].request; *c; c++) {
            if (*c == '%')
                buf_add(&buf, str_of(image));
            else if (*c != 's' || c == rows[i].request || c[-1] != '%')
                buf_add_char(&buf, *c);
        }
        struct str review =
            json_format(&arena, REVIEW("'operation':'CREATE',%s"), finished(&buf).ptr);
        struct answer answer ANSWER_SCOPED = answer_of(
            rows[i].says, "/enforce/pinned", (struct review_context){0}, &arena, review.ptr);
        CHECK_HAS(rows[i].says, tree_text(answer.tree, "response.status.message"),
                  json_of(&arena, rows[i].says).ptr);
    }
}

/* The same refusal in each mode: a denial, a warning, an annotation. */
TEST(modes)
{
    static const struct {
        const char *path;
        bool allowed, warned;
    } rows[] = {
        {"/enforce/pinned", false, false},
        {"/warn/pinned", true, true},
        {"/audit/pinned", true, false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].path;
        struct answer answer ANSWER_SCOPED =
            answer_of(row, row, (struct review_context){0}, &arena,
                      CREATE(IMAGE("a", "nginx:1") "," IMAGE("b", "nginx:2")));
        CHECK_INT(row, answer.outcome.allowed, rows[i].allowed);
        CHECK_INT(row, answer.outcome.verdict.count[FINDING_REFUSED], 2);
        CHECK_INT(row, tree_count(answer.tree, "response.warnings"), rows[i].warned ? 2 : 0);
        if (rows[i].warned) {
            struct str warning = tree_text(answer.tree, "response.warnings.0");
            CHECK_HAS(row, warning, "spec.containers[0].image: NoDigest: \"nginx:1\"");
        }
        CHECK_STR(row, tree_text(answer.tree, "response.auditAnnotations.verdict"),
                  STR("violation"));
        struct str violations = tree_text(answer.tree, "response.auditAnnotations.violations");
        CHECK_HAS(row, violations, "NoDigest spec.containers[0].image \"nginx:1\"");
        CHECK_HAS(row, violations, "NoDigest spec.containers[1].image \"nginx:2\"");
    }
}

/* An exemption lets in, and says so: to the person and to the log, or to the log alone. */
TEST(exempted)
{
    static const struct {
        const char *path;
        bool warned;
    } rows[] = {{"/enforce/pinned", true}, {"/warn/pinned", true}, {"/audit/pinned", false}};
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    policy_with(&policy, &arena, EXEMPTION("hotfix", "shop", "'quay.io'", "2026-11-21T09:30:00Z"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].path;
        struct review_context context = {.policy = &policy, .now = NOW};
        struct answer answer ANSWER_SCOPED =
            answer_of(row, row, context, &arena, CREATE(IMAGE("a", "quay.io/x")));
        CHECK(row, answer.outcome.allowed);
        CHECK(row, !answer.outcome.violates);
        CHECK_INT(row, answer.outcome.verdict.count[FINDING_EXEMPT], 1);
        CHECK_INT(row, tree_count(answer.tree, "response.warnings"), rows[i].warned);
        if (rows[i].warned) {
            struct str warning = tree_text(answer.tree, "response.warnings.0");
            CHECK_HAS(row, warning, "Exemption \"hotfix\" until 2026-11-21T09:30:00Z");
        }
        CHECK_STR(row, tree_text(answer.tree, "response.auditAnnotations.verdict"), STR("exempt"));
        CHECK_HAS(row, tree_text(answer.tree, "response.auditAnnotations.exempted"),
                  "NoDigest spec.containers[0].image \"quay.io/x\" by hotfix");
        context.now = NOW + 1;
        struct answer over ANSWER_SCOPED =
            answer_of(row, row, context, &arena, CREATE(IMAGE("a", "quay.io/x")));
        CHECK_INT(row, over.outcome.allowed, i > 0);
    }
}

/* One that is refused beside one that is exempt: both are told of. */
TEST(exempted_and_refused)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    policy_with(&policy, &arena,
                POLICY("'exemptions':[{'images':['quay.io'],'namespaces':['*'],'reason':'r'}]"));
    struct answer answer ANSWER_SCOPED =
        answer_of("both", "/enforce/pinned", (struct review_context){.policy = &policy}, &arena,
                  CREATE(IMAGE("a", "quay.io/x") "," IMAGE("b", "nginx")));
    assert_false(answer.outcome.allowed);
    CHECK_HAS("headline", tree_text(answer.tree, "response.status.message"), "1 of 2 images does");
    assert_int_equal(tree_count(answer.tree, "response.status.details.causes"), 1);
    assert_int_equal(tree_count(answer.tree, "response.warnings"), 1);
    CHECK_STR("verdict", tree_text(answer.tree, "response.auditAnnotations.verdict"),
              STR("violation"));
    CHECK_HAS("exempted", tree_text(answer.tree, "response.auditAnnotations.exempted"),
              "by PinPolicy");
    CHECK_HAS("violations", tree_text(answer.tree, "response.auditAnnotations.violations"),
              "\"nginx\"");
}

TEST(advised)
{
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(
        &ledger, &arena,
        TRACK("web", "shop", "'image':'" WEB "'", "'ledger':[" ROW("1.0.0", D1, "Healthy") "]"));
    struct answer answer ANSWER_SCOPED =
        answer_of("advice", "/enforce/pinned", (struct review_context){.ledger = &ledger}, &arena,
                  CREATE(IMAGE("a", WEB ":1.0.0@" D2)));
    assert_true(answer.outcome.allowed);
    assert_false(answer.outcome.violates);
    CHECK_HAS("warning", tree_text(answer.tree, "response.warnings.0"),
              "spec.containers[0].image: TagMismatch: ");
    CHECK_STR("verdict", tree_text(answer.tree, "response.auditAnnotations.verdict"),
              STR("advice"));
    CHECK_HAS("advice", tree_text(answer.tree, "response.auditAnnotations.advice"),
              "TagMismatch spec.containers[0].image");
}

TEST(uids)
{
    static const char *const uids[] = {
        "705ab4f5-6393-11e8-b7cc-42010a800002",
        "a\\\"b\\\\c\\/d",
        "\\u0001\\n\\t",
        "\\ud83d\\udc33 \xc3\xa4",
        "</script>",
        "\x7f",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(uids); i++)
        for (int denied = 0; denied < 2; denied++) {
            struct str text = json_format(
                &arena,
                "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':"
                "'%s','kind':{'group':'','kind':'Pod'},'operation':'CREATE','object':{'spec':"
                "{'containers':[{'image':'%s'}]}}}}",
                uids[i], denied ? "nginx" : "nginx@" D1);
            struct answer answer ANSWER_SCOPED =
                answer_of(uids[i], "/enforce/pinned", (struct review_context){0}, &arena, text.ptr);
            struct cJSON *asked = tree_of(uids[i], answer.review);
            CHECK_STR(uids[i], tree_text(answer.tree, "response.uid"),
                      tree_text(asked, "request.uid"));
            CHECK_INT(uids[i], answer.outcome.allowed, !denied);
            json_free(&asked);
        }
}

/* Nothing is judged that is not made or changed. */
TEST(deletions_and_connections)
{
    static const char *const reviews[] = {
        REVIEW("'operation':'DELETE','oldObject':{'spec':{'containers':[{'image':'nginx'}]}}"),
        REVIEW("'operation':'CONNECT','object':{'spec':{'containers':[{'image':'nginx'}]}}"),
        REVIEW("'operation':'DELETE'"),
    };
    static const char *const paths[] = {"/enforce/pinned", "/enforce/released", "/warn/unknown",
                                        "/enforce/unknown"};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(reviews); i++)
        for (size_t k = 0; k < COUNT(paths); k++) {
            struct answer answer ANSWER_SCOPED =
                answer_of(paths[k], paths[k], (struct review_context){0}, &arena, reviews[i]);
            CHECK(reviews[i], answer.outcome.allowed);
            CHECK(reviews[i], !answer.outcome.violates);
            CHECK(reviews[i], tree_at(answer.tree, "response.warnings") == NULL);
        }
}

#define UPDATE(new, old)                                                                           \
    REVIEW("'operation':'UPDATE','object':{'spec':{'containers':[" new "]}},'oldObject':{'spec':{" \
                                                                       "'containers':[" old "]}}")

TEST(updates)
{
    static const struct {
        const char *name, *review;
        bool allowed;
    } rows[] = {
        {"unchanged", UPDATE(IMAGE("a", "nginx"), IMAGE("a", "nginx")), true},
        {"changed", UPDATE(IMAGE("a", "nginx:2"), IMAGE("a", "nginx")), false},
        {"added", UPDATE(IMAGE("a", "nginx") "," IMAGE("b", "nginx"), IMAGE("a", "nginx")), false},
        {"no old object",
         REVIEW("'operation':'UPDATE','object':{'spec':{'containers':["
                "{'image':'nginx'}]}}"),
         false},
        {"an old object at a creation means nothing",
         REVIEW("'operation':'CREATE','object':{'spec':{'containers':[{'image':'nginx'}]}},"
                "'oldObject':{'spec':{'containers':[{'image':'nginx'}]}}"),
         false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer ANSWER_SCOPED = answer_of(
            rows[i].name, "/enforce/pinned", (struct review_context){0}, &arena, rows[i].review);
        CHECK_INT(rows[i].name, answer.outcome.allowed, rows[i].allowed);
    }
}

/* A label's value that is no level refuses what would be judged, and nothing else. */
TEST(unknown_level)
{
    static const struct {
        const char *path, *review;
        bool allowed, complains;
    } rows[] = {
        {"/enforce/unknown", CREATE(IMAGE("a", "nginx@" D1)), false, true},
        {"/enforce/unknown", CREATE(IMAGE("a", "nginx")), false, true},
        {"/enforce/unknown", CREATE(""), true, false},
        {"/enforce/unknown", UPDATE(IMAGE("a", "nginx"), IMAGE("a", "nginx")), true, false},
        {"/enforce/unknown", UPDATE(IMAGE("a", "nginx:2"), IMAGE("a", "nginx")), false, true},
        {"/warn/unknown", CREATE(IMAGE("a", "nginx")), true, true},
        {"/audit/unknown", CREATE(IMAGE("a", "nginx")), true, true},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].path;
        struct answer answer ANSWER_SCOPED =
            answer_of(row, row, (struct review_context){0}, &arena, rows[i].review);
        CHECK_INT(row, answer.outcome.allowed, rows[i].allowed);
        CHECK_INT(row, tree_at(answer.tree, "response.auditAnnotations.error") != NULL,
                  rows[i].complains);
        CHECK_INT(row, answer.outcome.violates, rows[i].complains);
        CHECK_INT(row, answer.outcome.verdict.count[FINDING_REFUSED], 0);
        if (!rows[i].allowed) {
            struct str message = tree_text(answer.tree, "response.status.message");
            CHECK_HAS(row, message, "the label pinnace.dev/enforce of namespace \"shop\"");
            CHECK_HAS(row, message, "off, tagged, pinned or released");
            assert_int_equal(tree_number(answer.tree, "response.status.code"), 403);
        }
        if (i == 5)
            CHECK_HAS(row, tree_text(answer.tree, "response.warnings.0"), "pinnace.dev/warn");
        if (i == 6)
            assert_null(tree_at(answer.tree, "response.warnings"));
    }
}

TEST(unknown_kind)
{
    static const char *const paths[] = {"/enforce/tagged", "/enforce/released", "/enforce/unknown",
                                        "/warn/pinned", "/audit/pinned"};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(paths); i++) {
        const char *row = paths[i];
        struct answer answer ANSWER_SCOPED = answer_of(
            row, row, (struct review_context){0}, &arena,
            "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u',"
            "'kind':{'group':'example.org','kind':'Widget'},'operation':'CREATE','object':{}}}");
        CHECK_INT(row, answer.outcome.allowed, strncmp(row, "/enforce", 8) != 0);
        CHECK(row, answer.outcome.violates);
        CHECK_HAS(row, tree_text(answer.tree, "response.auditAnnotations.error"), "Widget");
        CHECK_INT(row, tree_count(answer.tree, "response.warnings"), row[1] == 'w');
        if (answer.outcome.allowed)
            continue;
        CHECK_HAS(row, tree_text(answer.tree, "response.status.message"), "Widget");
        if (!strstr(row, "unknown")) {
            CHECK_INT(row, tree_number(answer.tree, "response.status.code"), 422);
            CHECK_STR(row, tree_text(answer.tree, "response.status.reason"), STR("Invalid"));
        }
    }
}

/* No guess: refused, with another code, and let in with a complaint where nothing is enforced. */
TEST(released_without_a_ledger)
{
    static const char *const paths[] = {"/enforce/released", "/warn/released", "/audit/released"};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(paths); i++) {
        const char *row = paths[i];
        struct answer answer ANSWER_SCOPED = answer_of(row, row, (struct review_context){0}, &arena,
                                                       CREATE(IMAGE("a", "nginx@" D1)));
        CHECK_INT(row, answer.outcome.allowed, i > 0);
        CHECK_HAS(row, tree_text(answer.tree, "response.auditAnnotations.error"), "ledger");
        CHECK(row, answer.outcome.violates);
        CHECK_INT(row, tree_count(answer.tree, "response.warnings"), i == 1);
        if (i == 0) {
            assert_int_equal(tree_number(answer.tree, "response.status.code"), 500);
            CHECK_STR(row, tree_text(answer.tree, "response.status.reason"), STR("InternalError"));
        }
    }
}

/* When a newer ledger is asked for, and what is said when that was not possible. */
TEST(what_hangs_on_the_ledger)
{
    static const struct {
        const char *row, *path, *images;
        bool hangs;
    } rows[] = {
        {"not released", "/enforce/released", IMAGE("a", WEB "@" D2), true},
        {"of no Track", "/enforce/released", IMAGE("a", "nginx@" D2), true},
        {"another tag's", "/enforce/released", IMAGE("a", WEB ":2@" D1), true},
        {"two", "/enforce/released", IMAGE("a", "nginx@" D2) "," IMAGE("b", WEB "@" D2), true},
        {"one of two", "/enforce/released", IMAGE("a", WEB "@" D1) "," IMAGE("b", WEB "@" D2),
         true},
        {"released", "/enforce/released", IMAGE("a", WEB "@" D1), false},
        {"no digest", "/enforce/released", IMAGE("a", WEB ":1"), false},
        {"no digest in one", "/enforce/released", IMAGE("a", WEB ":1") "," IMAGE("b", WEB "@" D2),
         false},
        {"a warning", "/warn/released", IMAGE("a", WEB "@" D2), false},
        {"audit", "/audit/released", IMAGE("a", WEB "@" D2), false},
        {"no release is asked for", "/enforce/pinned", IMAGE("a", WEB ":1"), false},
        {"no level", "/enforce/unknown", IMAGE("a", WEB "@" D2), false},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena,
                TRACK("web", "shop", "'image':'" WEB "'",
                      "'ledger':[" ROW("1", D1, "Healthy") "," ROW("2", D2, "Failed") "]"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].row;
        struct review_context context = {.ledger = &ledger, .not_asked = STR("it is away")};
        struct answer answer ANSWER_SCOPED =
            answer_of(row, rows[i].path, context, &arena,
                      json_format(&arena, CREATE("%s"), rows[i].images).ptr);
        assert_true(review_path_parse(str_of(rows[i].path), &context.path));
        CHECK_INT(row, review_hangs_on_ledger(&context, &answer.outcome), rows[i].hangs);
        struct str message = tree_text(answer.tree, "response.status.message");
        if (rows[i].hangs)
            CHECK_HAS(
                row, message,
                "\nWhether it was released just now could not be asked of the API server; try "
                "again (it is away)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed_in_silence),
        cmocka_unit_test(denied),
        cmocka_unit_test(names),
        cmocka_unit_test(modes),
        cmocka_unit_test(exempted),
        cmocka_unit_test(exempted_and_refused),
        cmocka_unit_test(advised),
        cmocka_unit_test(uids),
        cmocka_unit_test(deletions_and_connections),
        cmocka_unit_test(updates),
        cmocka_unit_test(unknown_level),
        cmocka_unit_test(unknown_kind),
        cmocka_unit_test(released_without_a_ledger),
        cmocka_unit_test(what_hangs_on_the_ledger),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
