/* SPDX-License-Identifier: Apache-2.0 */
/* The two receivers that others are made of: notifications of the CNCF registry, and pipelines. */
#include "../hookasked.h"

#include "pinnace/banned.h"

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER "application/vnd.docker.distribution.manifest.v2+json"
#define TARGET(repository, tag)                                                                    \
    "'target':{'mediaType':'" OCI_INDEX "','digest':'" D1 "','repository':'" repository            \
    "','tag':'" tag "'}"
#define PUSH(repository, tag) "{'action':'push'," TARGET(repository, tag) "}"
#define EVENTS(events) "{'events':[" events "]}"

TEST(envelopes)
{
    static const struct hook_row rows[] = {
        {"one", EVENTS(PUSH("shop/web", "latest")), "/shop/web:latest ", 200, ""},
        {"as a registry sends it",
         "{'events':[{'id':'320678d8','timestamp':'2026-05-01T10:00:00.123456789Z','action':'push',"
         "'target':{'mediaType':'" OCI_INDEX "','digest':'" D1 "','size':708,'length':708,"
         "'repository':'team/app','url':'https://r.example.com/v2/team/app/manifests/" D1
         "','tag':'v1.2.3','references':[{'mediaType':'" DOCKER "','digest':'" D2
         "','size':1234}]},'request':{'id':'6d','addr':'10.0.0.7:42961','host':'r.example.com',"
         "'method':'PUT','useragent':'x'},'actor':{'name':'ci'},'source':{'addr':'reg-0:5000'}}]}",
         "/team/app:v1.2.3 ", 200, ""},
        {"several", EVENTS(PUSH("a", "1") "," PUSH("b", "2") "," PUSH("a", "1")), "/a:1 /b:2 /a:1 ",
         200, ""},
        {"any order", EVENTS("{" TARGET("a/b", "x") ",'action':'push'}"), "/a/b:x ", 200, ""},
        {"escapes", EVENTS(PUSH("sh\\u006fp/web", "l\\u0061test")), "/shop/web:latest ", 200, ""},
        {"the first part is no host", EVENTS(PUSH("quay.io/a", "1")), "/quay.io/a:1 ", 200, ""},
        {"no events", EVENTS(""), "", 200, ""},
        {"unknown fields", "{'version':2,'events':[" PUSH("a", "1") "],'more':{'events':[]}}",
         "/a:1 ", 200, ""},
        {"a pull", EVENTS("{'action':'pull'," TARGET("a", "1") "}"), "", 200, ""},
        {"a deletion", EVENTS("{'action':'delete','target':{'repository':'a','tag':'1'}}"), "", 200,
         ""},
        {"a mount", EVENTS("{'action':'mount'," TARGET("a", "1") "}"), "", 200, ""},
        {"no action", EVENTS("{" TARGET("a", "1") "}"), "", 200, ""},
        {"an action of nothing", EVENTS("{'action':null," TARGET("a", "1") "}"), "", 200, ""},
        {"no target", EVENTS("{'action':'push'}"), "", 200, ""},
        {"a target of nothing", EVENTS("{'action':'push','target':null}"), "", 200, ""},
        {"a blob",
         EVENTS("{'action':'push','target':{'mediaType':'application/octet-stream','repository':"
                "'a','tag':'1'}}"),
         "", 200, ""},
        {"no type", EVENTS("{'action':'push','target':{'repository':'a','tag':'1'}}"), "", 200, ""},
        {"by digest", EVENTS(PUSH("a", "")), "", 200, ""},
        {"no tag", EVENTS("{'action':'push','target':{'mediaType':'" DOCKER "','repository':'a'}}"),
         "", 200, ""},
        {"no name of an image", EVENTS(PUSH("A", "1") "," PUSH("a//b", "1") "," PUSH("", "1")), "",
         200, ""},
        {"a tag in the repository", EVENTS(PUSH("a:b", "1") "," PUSH("a@" D1, "1")), "", 200, ""},
        {"no tag by the grammar",
         EVENTS(PUSH("a", "-x") "," PUSH("a", "x y") "," PUSH("a", "x@" D1) "," PUSH("a", "x/y")),
         "", 200, ""},
    };
    check_rows("/hooks/distribution", rows, COUNT(rows));
    check_rows("/hooks/gitlab", rows, COUNT(rows));
}

TEST(no_envelopes)
{
    static const struct hook_row rows[] = {
        {"nothing", "", "", 400, "object"},
        {"a word", "push", "", 400, ""},
        {"a list", "[" PUSH("a", "1") "]", "", 400, "object"},
        {"an event alone", PUSH("a", "1"), "", 400, "events: is missing"},
        {"events are an object", "{'events':{}}", "", 400, "array"},
        {"events are nothing", "{'events':null}", "", 400, "is missing"},
        {"an event is a string", "{'events':['push']}", "", 400, "object"},
        {"a target is a list", EVENTS("{'target':[]}"), "", 400, "object"},
        {"an action is a number", EVENTS("{'action':1}"), "", 400, "string"},
        {"a tag is a list", EVENTS("{'action':'push','target':{'tag':['x']}}"), "", 400, "string"},
        {"events twice", "{'events':[],'\\u0065vents':[]}", "", 400, "twice"},
        {"a tag twice", EVENTS("{'target':{'tag':'a','tag':'b'}}"), "", 400, "twice"},
        {"cut off", "{'events':[" PUSH("a", "1"), "", 400, ""},
        {"something behind it", EVENTS("") "x", "", 400, ""},
        {"no text", EVENTS(PUSH("a", "\x01")), "", 400, ""},
    };
    check_rows("/hooks/distribution", rows, COUNT(rows));
    check_rows("/hooks/gitlab", rows, COUNT(rows));
}

static struct str envelope_of(struct arena *arena, int count)
{
    struct buf buf = BUF_INIT(arena, 4 << 20);
    buf_add(&buf, STR("{\"events\":["));
    for (int i = 0; i < count; i++)
        buf_addf(&buf,
                 "%s{\"action\":\"push\",\"target\":{\"mediaType\":\"%s\",\"repository\":\"a\","
                 "\"tag\":\"%d\"}}",
                 i ? "," : "", OCI_INDEX, i);
    buf_add(&buf, STR("]}"));
    return finished(&buf);
}

TEST(limits)
{
    TEST_ARENA(arena);
    struct hook_verdict verdict;
    struct str large = run_of(&arena, ' ', PUSH_BODY_MAX + 1);
    for (size_t i = 0; i < HOOK_RECEIVERS; i++) {
        ask(hook_path(hook_at(i)), large, NULL, NULL, &arena, &verdict);
        CHECK_INT(hook_path(hook_at(i)), verdict.status, 413);
    }
    ask("/hooks/distribution", envelope_of(&arena, PUSH_HINTS_MAX), NULL, NULL, &arena, &verdict);
    assert_int_equal(verdict.hints.count, PUSH_HINTS_MAX);
    CHECK_STR("the last", verdict.hints.items[PUSH_HINTS_MAX - 1].tag, STR("1023"));
    ask("/hooks/distribution", envelope_of(&arena, PUSH_HINTS_MAX + 1), NULL, NULL, &arena,
        &verdict);
    CHECK_INT("one too many", verdict.status, 413);
    CHECK_HAS("one too many", verdict.reason, "more than 1024 pushes");
    CHECK_INT("one too many", verdict.hints.count, 0);
}

TEST(little_memory)
{
    TEST_ARENA(arena);
    struct str body = envelope_of(&arena, PUSH_HINTS_MAX);
    struct arena small ARENA_SCOPED = ARENA_INIT(16 * 1024);
    struct hook_verdict verdict;
    ask("/hooks/distribution", body, NULL, NULL, &small, &verdict);
    CHECK_INT("it may go well again", verdict.status, 503);
}

TEST(generic)
{
    static const struct hook_row rows[] = {
        {"plain", "{'repository':'shop/web','tag':'1.0'}", "/shop/web:1.0 ", 200, ""},
        {"a host", "{'tag':'1.0','repository':'r.example.com:5000/shop/web'}",
         "r.example.com:5000/shop/web:1.0 ", 200, ""},
        {"one part", "{'repository':'web','tag':'1'}", "/web:1 ", 200, ""},
        {"the hub by its name", "{'repository':'docker.io/library/nginx','tag':'1'}",
         "docker.io/library/nginx:1 ", 200, ""},
        {"a digest that is false", "{'repository':'a','tag':'1','digest':'sha256:00'}", "/a:1 ",
         200, ""},
        {"a digest that is none", "{'repository':'a','tag':'1','digest':[{}]}", "/a:1 ", 200, ""},
        {"nothing", "", "", 400, "object"},
        {"empty", "{}", "", 400, "repository: is missing"},
        {"no repository", "{'tag':'1'}", "", 400, "repository: is missing"},
        {"no tag", "{'repository':'a'}", "", 400, "tag: is missing"},
        {"an empty tag", "{'repository':'a','tag':''}", "", 400, "tag: is missing"},
        {"a tag of nothing", "{'repository':'a','tag':null}", "", 400, "tag: is missing"},
        {"a number", "{'repository':'a','tag':1}", "", 400, "string"},
        {"twice", "{'repository':'a','tag':'1','tag':'2'}", "", 400, "twice"},
        {"upper case", "{'repository':'a/B','tag':'1'}", "", 400, "repository and tag"},
        {"a tag in the repository", "{'repository':'a/b:1','tag':'2'}", "", 400,
         "repository and tag"},
        {"a digest in the repository", "{'repository':'a/b@" D1 "','tag':'2'}", "", 400,
         "repository and tag"},
        {"a digest in the tag", "{'repository':'a/b','tag':'2@" D1 "'}", "", 400,
         "repository and tag"},
        {"a path in the tag", "{'repository':'a','tag':'5000/b:1'}", "", 400, "repository and tag"},
        {"spaces", "{'repository':'a','tag':'1 '}", "", 400, "repository and tag"},
        {"behind it", "{'repository':'a','tag':'1'}{}", "", 400, ""},
    };
    check_rows("/hooks/generic", rows, COUNT(rows));
}

TEST(long_names)
{
    TEST_ARENA(arena);
    struct hook_verdict verdict;
    for (int length = 127; length <= 129; length++) {
        struct str tag = run_of(&arena, 'a', (size_t)length);
        struct str body = json_format(&arena, "{'repository':'a','tag':'%.*s'}", STR_FMT(tag));
        ask("/hooks/generic", body, NULL, NULL, &arena, &verdict);
        CHECK_INT("tag", verdict.status, length <= 128 ? 200 : 400);
    }
    struct str path = run_of(&arena, 'a', 100000);
    struct str body = json_format(&arena, "{'repository':'%.*s','tag':'1'}", STR_FMT(path));
    ask("/hooks/generic", body, NULL, NULL, &arena, &verdict);
    CHECK_INT("path", verdict.status, 400);
    body = json_format(&arena, EVENTS(PUSH("%.*s", "1")), STR_FMT(path));
    ask("/hooks/distribution", body, NULL, NULL, &arena, &verdict);
    CHECK_INT("path", verdict.status, 200);
    CHECK_INT("path", verdict.hints.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelopes), cmocka_unit_test(no_envelopes),
        cmocka_unit_test(limits),    cmocka_unit_test(little_memory),
        cmocka_unit_test(generic),   cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
