/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send, by what he shows; and what else is judged by the head of a request. */
#include <stdio.h>

#include "../hookasked.h"

#include "pinnace/banned.h"

#define OLD "0123456789abcdef"
#define SECRET "It's a Secret to Everybody"

static struct push_secrets two_secrets(void)
{
    return (struct push_secrets){.items = {STR_INIT(OLD), STR_INIT(SECRET)}, .count = 2};
}

static unsigned status_of(const char *path, struct str body, const char *const *headers)
{
    TEST_ARENA(arena);
    struct push_secrets secrets = two_secrets();
    struct hook_verdict verdict;
    ask(path, body, &secrets, headers, &arena, &verdict);
    CHECK(path, (verdict.status == 401) == (verdict.challenge != NULL));
    CHECK(path, verdict.accepted == (verdict.status == 200));
    return verdict.status;
}

#define BEARER(secret) "Authorization: Bearer " secret

TEST(sent_secrets)
{
    static const struct {
        const char *path, *headers[3];
        unsigned status;
    } rows[] = {
        {"/hooks/acr", {BEARER(SECRET)}, 400},
        {"/hooks/acr", {BEARER(OLD)}, 400},
        {"/hooks/acr", {"authorization: bearer  " OLD}, 400},
        {"/hooks/acr", {BEARER(OLD "0")}, 403},
        {"/hooks/acr", {BEARER("0123456789abcde")}, 403},
        {"/hooks/acr", {BEARER("")}, 403},
        {"/hooks/acr", {"Authorization: " OLD}, 403},
        {"/hooks/acr", {"Authorization: Basic " OLD}, 403},
        {"/hooks/acr", {BEARER(OLD), BEARER(OLD)}, 401},
        {"/hooks/acr", {NULL}, 401},
        {"/hooks/acr?secret=" OLD, {NULL}, 401},
        {"/hooks/distribution", {BEARER(OLD)}, 400},
        {"/hooks/ecr", {BEARER(OLD)}, 400},
        {"/hooks/harbor", {BEARER(OLD)}, 400},
        {"/hooks/harbor", {"Authorization: " SECRET}, 400},
        {"/hooks/harbor", {"Authorization: " OLD "x"}, 403},
        {"/hooks/gitlab", {"X-Gitlab-Token: " OLD}, 400},
        {"/hooks/gitlab", {BEARER(OLD)}, 400},
        {"/hooks/gitlab", {"X-Gitlab-Token: " OLD "x", BEARER(OLD)}, 400},
        {"/hooks/gitlab", {"X-Gitlab-Token: x"}, 403},
        {"/hooks/gitlab", {NULL}, 401},
        {"/hooks/jfrog", {"X-JFrog-Event-Auth: " OLD}, 400},
        {"/hooks/jfrog", {"X-JFrog-Event-Auth: x"}, 403},
        {"/hooks/jfrog", {NULL}, 401},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].headers[0] ? rows[i].headers[0] : rows[i].path,
                  status_of(rows[i].path, STR("{}"), rows[i].headers), rows[i].status);
}

TEST(secrets_in_queries)
{
    static const struct {
        const char *query;
        unsigned status;
    } rows[] = {
        {"", 401},
        {"?", 401},
        {"?secret", 401},
        {"?secret=", 403},
        {"?secret=" OLD, 400},
        {"?a=b&secret=" OLD "&c", 400},
        {"?secret=%30123456789abcdef", 400},
        {"?secret=It%27s+a%20Secret+to+Everybody", 400},
        {"?secret=" OLD "0", 403},
        {"?secret=0123456789abcde", 403},
        {"?Secret=" OLD, 401},
        {"?secret=" OLD "&secret=" OLD, 401},
        {"?secret=%3", 401},
        {"?secret=%zz", 401},
    };
    static const char *const paths[] = {"dockerhub", "quay", "gcr", "eventgrid"};
    for (size_t i = 0; i < COUNT(rows) * COUNT(paths); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/hooks/%s%s", paths[i % COUNT(paths)],
                 rows[i / COUNT(paths)].query);
        CHECK_INT(path, status_of(path, STR("{}"), NULL), rows[i / COUNT(paths)].status);
    }
    TEST_ARENA(arena);
    struct str filler = run_of(&arena, 'x', HOOK_QUERY_MAX);
    struct buf path = BUF_INIT(&arena, 1 << 16);
    buf_addf(&path, "/hooks/quay?secret=" OLD "&x=%.*s", STR_FMT(filler));
    CHECK_INT("a long query is not read", status_of(finished(&path).ptr, STR("{}"), NULL), 401);
}

/* "Name: PREFIX" and the HMAC of the body. */
static const char *signature(const char *prefix, enum hook_sum sum, const char *secret,
                             struct str body, struct arena *arena)
{
    unsigned char bytes[HOOK_SUM_MAX_BYTES];
    struct buf buf = BUF_INIT(arena, 1024);
    size_t size = hook_tools.hmac(sum, str_of(secret), body, bytes);
    CHECK_INT(prefix, size, sum == HOOK_SHA1 ? 20 : 32);
    buf_add(&buf, str_of(prefix));
    for (size_t i = 0; i < size; i++)
        buf_addf(&buf, "%02x", bytes[i]);
    return finished(&buf).ptr;
}

TEST(signatures)
{
    static const struct {
        const char *path, *prefix;
        enum hook_sum sum;
    } rows[] = {
        {"/hooks/generic", "X-Hub-Signature-256: sha256=", HOOK_SHA256},
        {"/hooks/github", "X-Hub-Signature-256: sha256=", HOOK_SHA256},
        {"/hooks/gitea", "X-Gitea-Signature: ", HOOK_SHA256},
        {"/hooks/jfrog", "X-JFrog-Event-Auth: ", HOOK_SHA256},
        {"/hooks/nexus", "X-Nexus-Webhook-Signature: ", HOOK_SHA1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct str body = STR("[1]"), other = STR("[1] ");
        const char *good = signature(rows[i].prefix, rows[i].sum, SECRET, body, &arena);
        const char *stranger = signature(rows[i].prefix, rows[i].sum, "x" SECRET, body, &arena);
        const char *cut = arena_copy(&arena, str_head(str_of(good), strlen(good) - 1)).ptr;
        char *flipped = (char *)(uintptr_t)arena_copy(&arena, str_of(good)).ptr;
        flipped[strlen(good) - 1] ^= 1;
        CHECK_INT(good, status_of(rows[i].path, body, (const char *const[]){good, NULL}), 400);
        CHECK_INT(good, status_of(rows[i].path, other, (const char *const[]){good, NULL}), 403);
        CHECK_INT(good, status_of(rows[i].path, body, (const char *const[]){stranger, NULL}), 403);
        CHECK_INT(good, status_of(rows[i].path, body, (const char *const[]){cut, NULL}), 403);
        CHECK_INT(good, status_of(rows[i].path, body, (const char *const[]){flipped, NULL}), 403);
        CHECK_INT(good, status_of(rows[i].path, body, (const char *const[]){rows[i].prefix, NULL}),
                  403);
        CHECK_INT(good, status_of(rows[i].path, body, (const char *const[]){good, good, NULL}),
                  401);
        CHECK_INT(good, status_of(rows[i].path, body, NULL), 401);
    }
}

/* The vector of GitHub's documentation, and a letter more. */
TEST(known_signature)
{
    static const char *const headers[] = {
        "X-Hub-Signature-256: "
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        NULL};
    CHECK_INT("proved, though no JSON", status_of("/hooks/github", STR("Hello, World!"), headers),
              400);
    CHECK_INT("forged", status_of("/hooks/github", STR("Hello, World?"), headers), 403);
}

TEST(heads)
{
    static const struct {
        const char *name, *method, *path, *type;
        unsigned status;
    } rows[] = {
        {"good", "POST", "/hooks/acr", "application/json", 0},
        {"parameters", "POST", "/hooks/acr", "application/json; charset=utf-8", 0},
        {"CloudEvents", "POST", "/hooks/harbor", "application/cloudevents+json ; charset=x", 0},
        {"a batch", "POST", "/hooks/eventgrid", "application/cloudevents-batch+json", 0},
        {"events", "POST", "/hooks/distribution",
         "application/vnd.docker.distribution.events.v2+json", 0},
        {"a form", "POST", "/hooks/github", "application/x-www-form-urlencoded", 0},
        {"a form elsewhere", "POST", "/hooks/quay", "application/x-www-form-urlencoded", 415},
        {"no type", "POST", "/hooks/acr", "", 415},
        {"text", "POST", "/hooks/acr", "text/plain", 415},
        {"a parameter of JSON", "POST", "/hooks/acr", "text/plain; x=y+json", 415},
        {"a handshake", "OPTIONS", "/hooks/eventgrid", "", 0},
        {"a handshake elsewhere", "OPTIONS", "/hooks/acr", "", 405},
        {"another method", "GET", "/hooks/eventgrid", "application/json", 405},
        {"in lower case", "post", "/hooks/acr", "application/json", 405},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct asked nothing = {NULL};
        struct hook_verdict verdict = {.status = 0};
        const struct hook_request request = {.method = str_of(rows[i].method),
                                             .path = str_of(rows[i].path),
                                             .type = str_of(rows[i].type),
                                             .header = asked_header,
                                             .context = &nothing};
        bool refused = hook_refused(hook_find(request.path), &request, NULL, &hook_tools, &verdict);
        CHECK_INT(rows[i].name, refused, rows[i].status != 0);
        CHECK_INT(rows[i].name, verdict.status, rows[i].status);
        CHECK(rows[i].name, (verdict.status == 405) == (verdict.allow != NULL));
    }
}

static struct hook_verdict shake(const char *query, const char *const *headers, struct arena *arena)
{
    struct asked asked = {headers};
    struct push_secrets secrets = two_secrets();
    struct hook_verdict verdict;
    const struct hook_request request = {.method = STR("OPTIONS"),
                                         .path = STR("/hooks/eventgrid"),
                                         .query = str_of(query),
                                         .header = asked_header,
                                         .context = &asked};
    hook_judge(hook_find(request.path), &request, &secrets, &hook_tools, arena, &verdict);
    return verdict;
}

TEST(handshakes)
{
    static const char *const origin[] = {"WebHook-Request-Origin: eventgrid.azure.net", NULL};
    TEST_ARENA(arena);
    struct hook_verdict verdict = shake("secret=" OLD, origin, &arena);
    CHECK_INT("good", verdict.status, 200);
    CHECK("good", verdict.accepted && verdict.allows_origin && verdict.hints.count == 0);
    CHECK_INT("no origin", shake("secret=" OLD, NULL, &arena).status, 400);
    CHECK_INT("a stranger", shake("secret=x", origin, &arena).status, 403);
    CHECK_INT("nobody", shake("", origin, &arena).status, 401);
}

TEST(receivers)
{
    struct hook_verdict verdict;
    hook_refuse_path(&verdict);
    for (size_t i = 0; i < HOOK_RECEIVERS; i++) {
        const struct hook_receiver *receiver = hook_at(i);
        CHECK_INT("number", hook_number(receiver), i);
        CHECK("found", hook_find(str_of(hook_path(receiver))) == receiver);
        CHECK_STR("path", str_tail(str_of(hook_path(receiver)), 7), hook_name(receiver));
        CHECK("told", text_has(verdict.reason, hook_name(receiver)));
        CHECK("sorted", i == 0 || str_compare(hook_name(hook_at(i - 1)), hook_name(receiver)) < 0);
    }
    assert_null(hook_at(HOOK_RECEIVERS));
    static const char *const none[] = {"",          "/",           "/hooks",
                                       "/hooks/",   "/hooks/acr/", "/hooks/ACR",
                                       "/hooks/ac", "/hooks/acrx", "acr"};
    for (size_t i = 0; i < COUNT(none); i++)
        CHECK(none[i], hook_find(str_of(none[i])) == NULL);
    CHECK_INT("another path", verdict.status, 404);
    hook_refuse_all(&verdict);
    CHECK_INT("no secrets", verdict.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_secrets), cmocka_unit_test(secrets_in_queries),
        cmocka_unit_test(signatures),   cmocka_unit_test(known_signature),
        cmocka_unit_test(heads),        cmocka_unit_test(handshakes),
        cmocka_unit_test(receivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
