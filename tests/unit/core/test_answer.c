/* SPDX-License-Identifier: Apache-2.0 */
#include "../tree.h"
#include "../world.h"

#include "pinnace/review.h"

#include "pinnace/banned.h"

enum {
    NOW = 1795253399,        /* the second before 2026-11-21T09:30:00Z */
    DENIAL_MOST = 16 * 1024, /* bytes of a message that an API server hands on whole */
    NAMED_MOST = 20,         /* images that a person reads of */
    WARNING_MOST = 256,      /* characters of one warning */
    WARNINGS_MOST = 4096,    /* of all of one answer */
};

struct answer {
    struct arena arena;
    struct cJSON *tree;
    struct review_outcome outcome;
    struct str text;
    struct str review; /* what was asked */
};

static void answer_end(struct answer *answer)
{
    json_free(&answer->tree);
    arena_free(&answer->arena);
}

#define ANSWER_SCOPED __attribute__((cleanup(answer_end)))

static int try_answer(struct answer *answer, const char *path, struct review_context context,
                      struct str text, struct err *err)
{
    struct review review;
    answer->review = text;
    context.key = (struct siphash_key){1, 2};
    if (!context.policy)
        context.policy = &policy_builtin;
    assert_true(review_path_parse(str_of(path), &context.path));
    if (review_decode(text, &answer->arena, &review, err) < 0)
        return -1;
    return review_answer(&review, &context, &answer->arena, &answer->outcome, &answer->text, err);
}

/* What every answer must be, whatever it says. */
static void check_answer(const char *row, const struct answer *answer)
{
    const cJSON *response = tree_at(answer->tree, "response");
    size_t total = 0;
    CHECK_STR(row, tree_text(answer->tree, "apiVersion"), STR("admission.k8s.io/v1"));
    CHECK_STR(row, tree_text(answer->tree, "kind"), STR("AdmissionReview"));
    CHECK(row, tree_at(answer->tree, "request") == NULL);
    CHECK(row, cJSON_IsBool(tree_at(response, "allowed")));
    CHECK_INT(row, cJSON_IsTrue(tree_at(response, "allowed")), answer->outcome.allowed);
    CHECK_INT(row, tree_at(response, "status") != NULL, !answer->outcome.allowed);
    CHECK(row, tree_at(response, "patch") == NULL);
    if (!answer->outcome.allowed) {
        struct str message = tree_text(response, "status.message");
        CHECK(row, message.len > 0 && message.len <= DENIAL_MOST);
        CHECK(row, tree_count(response, "status.details.causes") <= NAMED_MOST);
        CHECK_STR(row, tree_text(response, "status.status"), STR("Failure"));
        CHECK(row, tree_text(response, "status.reason").len > 0);
    }
    for (size_t i = 0; i < tree_count(response, "warnings"); i++) {
        struct str text = tree_text_at(response, "warnings", i);
        CHECK(row, text.len > 0 && text.len <= WARNING_MOST);
        CHECK(row, str_find(text, '\n') == STR_NOT_FOUND);
        total += text.len;
    }
    CHECK(row, total <= WARNINGS_MOST);
    for (size_t i = 0; i < tree_count(response, "auditAnnotations"); i++)
        CHECK(row, tree_text_at(response, "auditAnnotations", i).len > 0);
}

static struct answer answer_of(const char *row, const char *path, struct review_context context,
                               struct arena *arena, const char *text)
{
    struct answer answer = {.arena = ARENA_INIT(REVIEW_MAX_MEMORY)};
    struct err err = ERR_CLEAN;
    if (try_answer(&answer, path, context, json_of(arena, text), &err) < 0)
        fail_msg("row \"%s\": %s", row, err.text);
    answer.tree = tree_of(row, answer.text);
    check_answer(row, &answer);
    return answer;
}

#define REVIEW(rest)                                                                               \
    "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u-1','kind':"  \
    "{'group':'','version':'v1','kind':'Pod'},'namespace':'shop'," rest "}}"
#define CREATE(images)                                                                             \
    REVIEW(                                                                                        \
        "'operation':'CREATE','object':{'metadata':{'name':'web'},'spec':{'containers':[" images   \
        "]}}")
#define IMAGE(name, image) "{'name':'" name "','image':'" image "'}"

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
        cmocka_unit_test(hostile_images),
        cmocka_unit_test(as_many_as_a_person_reads),
        cmocka_unit_test(long_warnings),
        cmocka_unit_test(long_names),
        cmocka_unit_test(warnings_cut_between_letters),
        cmocka_unit_test(warnings_are_one_line),
        cmocka_unit_test(long_exemptions),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
