/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/kubestatus.h"

#include "pinnace/banned.h"

static const struct kube_question question = {"GET", STR_INIT("/api/v1/pods/x")};

TEST(answers)
{
    static const struct {
        const char *name;
        int status;
        const char *body;
        enum kube_fault fault;
        int says_status, after_s;
        const char *says;
        bool passing;
    } rows[] = {
        {"404", 404, "{'kind':'Status','message':'pods \\'x\\' not found'}", KUBE_NOT_FOUND, 404, 0,
         "GET /api/v1/pods/x: pods", false},
        {"401", 401, "{'kind':'Status','message':'Unauthorized'}", KUBE_UNAUTHORIZED, 401, 0,
         "log in again", false},
        {"403", 403, "{'kind':'Status','message':'no'}", KUBE_FORBIDDEN, 403, 0, "Role", false},
        {"made by another", 409, "{'kind':'Status','reason':'AlreadyExists','message':'m'}",
         KUBE_EXISTS, 409, 0, "somebody else has made it", true},
        {"changed by another", 409, "{'kind':'Status','reason':'Conflict','message':'m'}",
         KUBE_CONFLICT, 409, 0, "somebody else has changed it", true},
        {"a watch that is too old", 0, "{'kind':'Status','code':410,'message':'too old'}",
         KUBE_GONE, 410, 0, "list again", true},
        {"422", 422, "{'kind':'Status','message':'spec: bad'}", KUBE_INVALID, 422, 0, "spec: bad",
         false},
        {"too many", 429, "{'kind':'Status','message':'m','details':{'retryAfterSeconds':7}}",
         KUBE_TOO_MANY, 429, 7, "later", true},
        {"too large", 413, "{'kind':'Status','message':'m'}", KUBE_TOO_LARGE, 413, 0, "less",
         false},
        {"500", 500, "{'kind':'Status','message':'etcd'}", KUBE_SERVER, 500, 0, "etcd", true},
        {"a proxy's page", 502, "<html>bad gateway</html>", KUBE_SERVER, 502, 0, "HTTP status 502",
         true},
        {"another proxy's", 418, "", KUBE_BAD_REQUEST, 418, 0, "HTTP status 418", false},
        {"a redirection", 302, "", KUBE_GARBLED, 302, 0, "HTTP status 302", true},
        {"a Status without a message", 404, "{'kind':'Status'}", KUBE_NOT_FOUND, 404, 0,
         "HTTP status 404;", false},
        {"another kind is no Status", 400, "{'kind':'Pod','message':'lies'}", KUBE_BAD_REQUEST, 400,
         0, "HTTP status 400, and no Status", false},
        {"no such kind", 404, "404 page not found", KUBE_NOT_FOUND, 404, 0,
         "does not know this kind", false},
        {"a Status that succeeds is no answer here", 0, "{'kind':'Status','code':200}",
         KUBE_GARBLED, 200, 0, "200", true},
        {"a code that cannot be meant", 0, "{'kind':'Status','code':99999999999}", KUBE_GARBLED, 0,
         0, "", true},
        {"a message of another type", 500, "{'kind':'Status','message':[]}", KUBE_SERVER, 500, 0,
         "HTTP status 500", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct kube_error error = {0};
        kube_status_read(question, rows[i].status, json_of(&arena, rows[i].body), &error);
        CHECK_INT(rows[i].name, error.fault, rows[i].fault);
        CHECK_INT(rows[i].name, error.status, rows[i].says_status);
        CHECK_INT(rows[i].name, error.retry_after_s, rows[i].after_s);
        CHECK_HAS(rows[i].name, str_of(error.text), rows[i].says);
        CHECK_INT(rows[i].name, kube_fault_is_passing(error.fault), rows[i].passing);
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].name, kube_error_to_err(&error, &err), -1);
        CHECK_STR(rows[i].name, ERR_TEXT(err), str_of(error.text));
    }
}

/* Words of a server are shown on terminals and in logs. */
TEST(hostile_words)
{
    TEST_ARENA(arena);
    struct kube_error error;
    struct str body = json_format(&arena, "{'kind':'Status','message':'a\\u001b[2Jb\\nc\\u007f%s'}",
                                  run_of(&arena, 'x', 100000).ptr);
    kube_status_read(question, 500, body, &error);
    struct str text = str_of(error.text);
    CHECK_HAS("no escapes", text, "a [2Jb c x");
    CHECK_HAS("the advice is not pushed out", text, "; try again later");
    for (size_t i = 0; i < text.len; i++)
        CHECK("printable", text.ptr[i] >= ' ' && text.ptr[i] != 0x7f);
}

TEST(our_own)
{
    struct kube_error error;
    struct err err = {ERR_SYSTEM, "10.0.0.1:6443: could not connect"};
    kube_error_set(&error, question, KUBE_UNREACHABLE, &err);
    CHECK_INT("no answer", error.status, 0);
    CHECK_HAS("no answer", str_of(error.text),
              "10.0.0.1:6443: could not connect; is the cluster up");
    CHECK("no answer", kube_fault_is_passing(error.fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(hostile_words),
        cmocka_unit_test(our_own),
    };
    return cmocka_run_group_tests_name("kubestatus", tests, NULL, NULL);
}
