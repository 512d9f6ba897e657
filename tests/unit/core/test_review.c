/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/review.h"

#include "pinnace/banned.h"

TEST(paths)
{
    static const struct {
        const char *path;
        enum mode mode;
        enum level level;
        bool unknown;
    } rows[] = {
        {"/enforce/tagged", MODE_ENFORCE, LEVEL_TAGGED, false},
        {"/enforce/pinned", MODE_ENFORCE, LEVEL_PINNED, false},
        {"/enforce/released", MODE_ENFORCE, LEVEL_RELEASED, false},
        {"/warn/tagged", MODE_WARN, LEVEL_TAGGED, false},
        {"/warn/released", MODE_WARN, LEVEL_RELEASED, false},
        {"/audit/pinned", MODE_AUDIT, LEVEL_PINNED, false},
        {"/enforce/unknown", MODE_ENFORCE, LEVEL_OFF, true},
        {"/warn/unknown", MODE_WARN, LEVEL_OFF, true},
        {"/audit/unknown", MODE_AUDIT, LEVEL_OFF, true},
        {"/enforce/pinned?timeout=3s", MODE_ENFORCE, LEVEL_PINNED, false},
        {"/enforce/pinned?", MODE_ENFORCE, LEVEL_PINNED, false},
        {"/enforce/pinned?x=/warn/tagged", MODE_ENFORCE, LEVEL_PINNED, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review_path path = {.mode = MODES};
        CHECK(rows[i].path, review_path_parse(str_of(rows[i].path), &path));
        CHECK_INT(rows[i].path, path.mode, rows[i].mode);
        CHECK_INT(rows[i].path, path.unknown, rows[i].unknown);
        if (!rows[i].unknown)
            CHECK_INT(rows[i].path, path.level, rows[i].level);
    }
}

TEST(paths_of_objects)
{
    static const struct {
        const char *path;
        enum review_subject subject;
    } rows[] = {
        {"/namespaces", SUBJECT_NAMESPACE},   {"/namespaces?timeout=3s", SUBJECT_NAMESPACE},
        {"/pinpolicies", SUBJECT_PIN_POLICY}, {"/exemptions", SUBJECT_EXEMPTION},
        {"/enforce/pinned", SUBJECT_PODS},    {"/tracks", SUBJECT_TRACK},
        {"/track", SUBJECT_TRACKED_APPLY},    {"/track?timeout=3s", SUBJECT_TRACKED_APPLY},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review_path path = {.subject = SUBJECTS};
        CHECK(rows[i].path, review_path_parse(str_of(rows[i].path), &path));
        CHECK_INT(rows[i].path, path.subject, rows[i].subject);
    }
}

TEST(no_paths)
{
    static const struct str rows[] = {
        STR_INIT(""),
        {NULL, 0},
        STR_INIT("/"),
        STR_INIT("//"),
        STR_INIT("/enforce"),
        STR_INIT("/trac"),
        STR_INIT("/track/"),
        STR_INIT("/tracks/web"),
        STR_INIT("/enforce/"),
        STR_INIT("/enforce/off"),
        STR_INIT("/enforce/pinned/"),
        STR_INIT("/enforce//pinned"),
        STR_INIT("//enforce/pinned"),
        STR_INIT("enforce/pinned"),
        STR_INIT("/Enforce/pinned"),
        STR_INIT("/enforce/Pinned"),
        STR_INIT("/enforce/pinned "),
        STR_INIT("/enforce/pinned\0"),
        STR_INIT("/enforce/pinne"),
        STR_INIT("/pinned/enforce"),
        STR_INIT("/unknown/pinned"),
        STR_INIT("?/enforce/pinned"),
        STR_INIT("/enforce?/pinned"),
        STR_INIT("/enforce/pinned#x"),
        STR_INIT("/enforce%2fpinned"),
        STR_INIT("/metrics"),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review_path path = {.mode = MODES, .level = LEVELS};
        const char *row = rows[i].ptr ? rows[i].ptr : "none";
        CHECK(row, !review_path_parse(rows[i], &path));
        CHECK(row, path.mode == (enum mode)MODES && path.level == (enum level)LEVELS);
    }
}

#define ENVELOPE(request)                                                                          \
    "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1'," request "}"
#define REQUEST(rest)                                                                              \
    ENVELOPE("'request':{'uid':'u-1','kind':{'group':'','version':'v1','kind':'Pod'},"             \
             "'namespace':'shop','name':'web-1','operation':" rest "}")
#define POD(body) "{'kind':'Pod','apiVersion':'v1'," body "}"
#define IMAGE(image) "'spec':{'containers':[{'name':'c','image':'" image "'}]}"

static int decode(struct arena *arena, const char *text, struct review *ret_review, struct err *err)
{
    return review_decode(json_of(arena, text), arena, ret_review, err);
}

TEST(a_whole_one)
{
    TEST_ARENA(arena);
    struct review review = {0};
    struct err err = ERR_CLEAN;
    int result = decode(
        &arena,
        "{'request':{'oldObject':" POD("'metadata':{'name':'web-1'}," IMAGE(
            "old")) ",'object':{'apiVersion':'v1'," IMAGE("new") ",'kind':'Pod'},'dryRun':false,"
                                                                 "'operation':'UPDATE','name':'"
                                                                 "web\\u002d1','namespace':'shop','"
                                                                 "userInfo':{'username':'x'},"
                                                                 "'subResource':'"
                                                                 "ephemeralcontainers','"
                                                                 "requestKind':{'group':'x','kind':"
                                                                 "'Y'},"
                                                                 "'resource':{'group':'','version':"
                                                                 "'v1','resource':'pods'},"
                                                                 "'kind':{'kind':'Pod','version':'"
                                                                 "v1','group':''},'uid':'a\\\\b','"
                                                                 "options':null},"
                                                                 "'apiVersion':'admission.k8s.io/"
                                                                 "v1','kind':'AdmissionReview'}",
        &review, &err);
    CHECK_STR("err", ERR_TEXT(err), STR(""));
    assert_int_equal(result, 0);
    CHECK_STR("uid", review.uid, STR("a\\b"));
    CHECK_STR("group", review.group, STR(""));
    CHECK_STR("kind", review.kind_name, STR("Pod"));
    CHECK_STR("namespace", review.namespace, STR("shop"));
    CHECK_STR("name", review.name, STR("web-1"));
    assert_int_equal(review.operation, OPERATION_UPDATE);
    assert_true(review.has_object && review.has_old);
    struct image_cursor at = {0}, at_old = {0};
    CHECK_STR("new", site_image(object_next_image(&review.object, &at)), STR("new"));
    CHECK_STR("old", site_image(object_next_image(&review.old, &at_old)), STR("old"));
}

TEST(operations)
{
    static const struct {
        const char *rest;
        enum operation operation;
        bool has_object, has_old;
    } rows[] = {
        {"'CREATE','object':{}", OPERATION_CREATE, true, false},
        {"'CREATE','object':{},'oldObject':null", OPERATION_CREATE, true, false},
        {"'UPDATE','object':{},'oldObject':{}", OPERATION_UPDATE, true, true},
        {"'UPDATE','object':{}", OPERATION_UPDATE, true, false},
        {"'DELETE','oldObject':{}", OPERATION_DELETE, false, true},
        {"'DELETE','object':null,'oldObject':null", OPERATION_DELETE, false, false},
        {"'CONNECT','object':{}", OPERATION_CONNECT, true, false},
        {"'CONNECT'", OPERATION_CONNECT, false, false},
        {"'CONNECT','object':{'kind':'PodExecOptions','apiVersion':'v1'}", OPERATION_CONNECT, true,
         false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review review = {0};
        struct err err = ERR_CLEAN;
        int result =
            review_decode(json_format(&arena, REQUEST("%s"), rows[i].rest), &arena, &review, &err);
        if (i + 1 == COUNT(rows) && result < 0)
            continue; /* an object of another kind may also be refused */
        CHECK_STR(rows[i].rest, ERR_TEXT(err), STR(""));
        CHECK_INT(rows[i].rest, review.operation, rows[i].operation);
        CHECK_INT(rows[i].rest, review.has_object, rows[i].has_object);
        CHECK_INT(rows[i].rest, review.has_old, rows[i].has_old);
    }
}

/* The request's kind is what the object is, also where the object does not say it. */
TEST(the_kind_is_the_requests)
{
    TEST_ARENA(arena);
    struct review review = {0};
    struct image_cursor at = {0};
    assert_int_equal(decode(&arena, REQUEST("'CREATE','object':{" IMAGE("a") "}"), &review, NULL),
                     0);
    assert_non_null(review.object.kind);
    CHECK_STR("image", site_image(object_next_image(&review.object, &at)), STR("a"));
    assert_int_equal(decode(&arena,
                            ENVELOPE("'request':{'uid':'u','operation':'CREATE','kind':{'group':"
                                     "'example.org','kind':'Widget'},'object':{" IMAGE("a") "}}"),
                            &review, NULL),
                     0);
    assert_null(review.object.kind);
}

TEST(refused)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {"", "an object was expected here"},
        {"null", "an object was expected here"},
        {"[]", "an object was expected here"},
        {"{}", "kind: \"AdmissionReview\" was expected"},
        {"{'kind':'AdmissionReview'}", "apiVersion: \"admission.k8s.io/v1\" was expected"},
        {"{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1beta1'}", "apiVersion: "},
        {"{'kind':'Review','apiVersion':'admission.k8s.io/v1'}", "kind: "},
        {"{'kind':null,'apiVersion':'admission.k8s.io/v1'}", "kind: "},
        {ENVELOPE("'response':{}"), "request: is missing"},
        {ENVELOPE("'request':null"), "request: is missing"},
        {ENVELOPE("'request':[]"), "request: an object was expected here"},
        {ENVELOPE("'request':{}"), "request.uid: is missing"},
        {ENVELOPE("'request':{'uid':''}"), "request.uid: is missing"},
        {ENVELOPE("'request':{'uid':null}"), "request.uid: is missing"},
        {ENVELOPE("'request':{'uid':1}"), "request.uid: a string was expected here"},
        {ENVELOPE("'request':{'uid':'u'}"), "request.operation: "},
        {ENVELOPE("'request':{'uid':'u','operation':'create'}"), "request.operation: "},
        {ENVELOPE("'request':{'uid':'u','operation':'PATCH'}"), "request.operation: "},
        {ENVELOPE("'request':{'uid':'u','operation':'CREATE','object':{}}"),
         "request.kind.kind: is missing"},
        {ENVELOPE("'request':{'uid':'u','operation':'CREATE','kind':{'group':''},'object':{}}"),
         "request.kind.kind: is missing"},
        {ENVELOPE("'request':{'uid':'u','operation':'CREATE','kind':'Pod','object':{}}"),
         "request.kind: an object was expected here"},
        {ENVELOPE("'request':{'uid':'u','operation':'CREATE','kind':{'kind':1}}"),
         "request.kind.kind: a string was expected here"},
        {REQUEST("'CREATE'"), "request.object: is missing"},
        {REQUEST("'CREATE','object':null"), "request.object: is missing"},
        {REQUEST("'UPDATE','oldObject':{}"), "request.object: is missing"},
        {REQUEST("'CREATE','object':[]"), "request.object: an object was expected here"},
        {REQUEST("'CREATE','object':'x'"), "request.object: an object was expected here"},
        {REQUEST("'CREATE','object':{'kind':'Job','apiVersion':'v1'}"), "request.object: is "},
        {REQUEST("'CREATE','object':{'kind':'Pod','apiVersion':'apps/v1'}"), "request.object: is "},
        {REQUEST("'CREATE','object':{'kind':'pod'}"), "request.object: is "},
        {REQUEST("'UPDATE','object':{},'oldObject':{'kind':'Job'}"), "request.oldObject: is "},
        {REQUEST("'CREATE','object':{'spec':[]}"),
         "request.object.spec: an object was expected here"},
        {REQUEST("'CREATE','object':{'spec':{'containers':[{'image':1}]}}"),
         "request.object.spec.containers[0].image: a string was expected here"},
        {REQUEST("'UPDATE','object':{},'oldObject':{'spec':{'containers':{}}}"),
         "request.oldObject.spec.containers: a list was expected here"},
        {REQUEST("'CREATE','object':{'spec':{'containers':[{'image':'a','image':'b'}]}}"),
         "request.object.spec.containers[0].image: this key is given twice"},
        {REQUEST("'CREATE','object':{},'object':{}"), "request.object: this key is given twice"},
        {REQUEST("'CREATE','object':{},'\\u006fbject':{}"), "given twice"},
        {REQUEST("'CREATE','operation':'DELETE'"), "given twice"},
        {REQUEST("'CREATE','uid':'u-1'"), "given twice"},
        {ENVELOPE("'request':{},'request':{}"), "request: this key is given twice"},
        {REQUEST("'CREATE','object':{}") " {}", "something follows the value"},
        {REQUEST("'CREATE','object':{'spec':{'containers':[{'image':'a\\u0000'}]}}"),
         "request.object.spec.containers[0].image: "},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review review = {.uid = STR("untouched")};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, decode(&arena, rows[i].text, &review, &err), -1);
        CHECK_INT(rows[i].text, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].text, ERR_TEXT(err), rows[i].err);
        CHECK_STR(rows[i].text, review.uid, STR("untouched"));
    }
}

/* What is passed over may be as deep as it likes, and what stands behind it is read, and found. */
TEST(depth_of_what_is_passed_over)
{
    static const char form[] =
        REQUEST("'CREATE','options':%s,'object':{'metadata':{'managedFields':[{'fieldsV1':%s}]},"
                "'spec':{'containers':[{'name':'c','image':%s}]}}");
    static const size_t levels[] = {60, 64, 400, 10000};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(levels); i++) {
        struct review review;
        struct err err = ERR_CLEAN;
        struct image_cursor at = {0};
        struct str deep = nested(&arena, levels[i]);
        struct str text = json_format(&arena, form, deep.ptr, deep.ptr, "'x'");
        CHECK_INT(form, review_decode(text, &arena, &review, &err), 0);
        CHECK_STR(form, site_image(object_next_image(&review.object, &at)), STR("x"));
        text = json_format(&arena, form, deep.ptr, deep.ptr, "1");
        CHECK_INT(form, review_decode(text, &arena, &review, &err), -1);
        CHECK_HAS(form, ERR_TEXT(err), "request.object.spec.containers[0].image: a string");
    }
}

/* What comes from outside into a sentence does not break it. */
TEST(errors_are_printable)
{
    static const char *const rows[] = {
        "{'kind':'a\\nb\\u001b[2J','apiVersion':'admission.k8s.io/v1'}",
        "{'kind':'AdmissionReview','apiVersion':'a\\nb'}",
        ENVELOPE("'request':{'uid':'u','operation':'x\\ny'}"),
        REQUEST("'CREATE','object':{'kind':'a\\nb'}"),
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review review;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], decode(&arena, rows[i], &review, &err), -1);
        for (const char *c = err.text; *c; c++)
            CHECK(rows[i], *c >= ' ' && *c <= '~');
    }
}

TEST(cut_reviews)
{
    TEST_ARENA(arena);
    struct str text = json_of(&arena, REQUEST("'UPDATE','object':" POD(
                                          IMAGE("a\\u002fb")) ",'oldObject':" POD(IMAGE("b"))));
    struct review review;
    assert_int_equal(review_decode(text, &arena, &review, NULL), 0);
    for (size_t len = 0; len < text.len; len++) {
        struct str cut = exact_copy(str_head(text, len));
        assert_int_equal(review_decode(cut, &arena, &review, NULL), -1);
        exact_free(cut);
    }
}

/* Any byte changed: taken or not, but nothing is read that is not there. */
TEST(corrupted_reviews)
{
    TEST_ARENA(arena);
    struct str text = json_of(&arena, REQUEST("'CREATE','object':" POD(IMAGE("a@sha256:1\\n"))));
    for (size_t at = 0; at < text.len; at++)
        for (int c = 0; c < 256; c++) {
            struct arena own ARENA_SCOPED = ARENA_INIT(ROOM);
            struct str damaged = exact_copy(text);
            struct review review = {.uid = STR("untouched")};
            ((char *)(uintptr_t)damaged.ptr)[at] = (char)c;
            if (review_decode(damaged, &own, &review, NULL) < 0)
                assert_true(str_eq(review.uid, STR("untouched")));
            else
                assert_true(review.uid.len > 0 && review.has_object);
            exact_free(damaged);
        }
}

TEST(size)
{
    TEST_ARENA(arena);
    const char *text = REQUEST("'CREATE','object':{}");
    struct str spaces = run_of(&arena, ' ', REVIEW_MAX_BYTES - strlen(text));
    struct str most = json_format(&arena, "%s%s", text, spaces.ptr);
    struct str more = json_format(&arena, "%s ", most.ptr);
    struct review review = {.uid = STR("untouched")};
    struct err err = ERR_CLEAN;
    assert_int_equal(review_decode(more, &arena, &review, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    CHECK_STR("review", review.uid, STR("untouched"));
    assert_int_equal(review_decode(most, &arena, &review, &err), 0);
}

/* What is quoted in every answer has a longest length. */
TEST(long_names)
{
    static const char *const fields[] = {"request.uid", "request.kind.kind", "request.kind.group",
                                         "request.namespace"};
    TEST_ARENA(arena);
    for (size_t field = 0; field < COUNT(fields); field++)
        for (size_t more = 0; more < 2; more++) {
            const char *name[] = {"u", "Pod", "", "shop"};
            struct review review = {.has_old = true};
            struct err err = ERR_CLEAN;
            name[field] = run_of(&arena, 'n', 512 + more).ptr;
            struct str text = json_format(
                &arena,
                ENVELOPE("'request':{'uid':'%s','kind':{'kind':'%s','group':'%s'},'namespace':"
                         "'%s','operation':'CREATE','object':{}}"),
                name[0], name[1], name[2], name[3]);
            CHECK_INT(fields[field], review_decode(text, &arena, &review, &err), more ? -1 : 0);
            if (more) {
                CHECK_INT(fields[field], err.kind, ERR_LIMIT);
                CHECK(fields[field], str_starts(ERR_TEXT(err), str_of(fields[field])));
                CHECK(fields[field], review.has_old && !review.uid.ptr);
            }
        }
}

/* The largest review of the most images that can be, with escapes, fits in the memory of one. */
TEST(the_most_images)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4 * (size_t)ROOM);
    struct arena own ARENA_SCOPED = ARENA_INIT(REVIEW_MAX_MEMORY);
    struct buf buf = BUF_INIT(&arena, REVIEW_MAX_BYTES);
    struct review review;
    struct err err = ERR_CLEAN;
    struct str container = json_of(&arena, ",{'name':'a','image':'b\\n'}");
    struct str end = STR("]}}}}");
    buf_add(&buf, json_of(&arena, "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1',"
                                  "'request':{'uid':'u','kind':{'group':'','kind':'Pod'},"
                                  "'operation':'CREATE','object':{'spec':{'containers':[{}"));
    while (buf.len + container.len + end.len < REVIEW_MAX_BYTES)
        buf_add(&buf, container);
    buf_add(&buf, end);
    int result = review_decode(finished(&buf), &own, &review, &err);
    CHECK_STR("err", ERR_TEXT(err), STR(""));
    assert_int_equal(result, 0);
}

TEST(no_room)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(100);
    struct review review = {.uid = STR("untouched")};
    struct err err = ERR_CLEAN;
    struct str text = json_of(&arena, REQUEST("'CREATE','object':" POD(IMAGE("a"))));
    assert_int_equal(review_decode(text, &small, &review, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    CHECK_STR("review", review.uid, STR("untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(paths_of_objects),
        cmocka_unit_test(no_paths),
        cmocka_unit_test(a_whole_one),
        cmocka_unit_test(operations),
        cmocka_unit_test(the_kind_is_the_requests),
        cmocka_unit_test(refused),
        cmocka_unit_test(depth_of_what_is_passed_over),
        cmocka_unit_test(errors_are_printable),
        cmocka_unit_test(cut_reviews),
        cmocka_unit_test(corrupted_reviews),
        cmocka_unit_test(size),
        cmocka_unit_test(long_names),
        cmocka_unit_test(the_most_images),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
