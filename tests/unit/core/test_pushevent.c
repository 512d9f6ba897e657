/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/pushevent.h"

#include "pinnace/banned.h"

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER "application/vnd.docker.distribution.manifest.v2+json"
#define TARGET(repository, tag)                                                                    \
    "'target':{'mediaType':'" OCI_INDEX "','digest':'" D1 "','repository':'" repository            \
    "','tag':'" tag "'}"
#define PUSH(repository, tag) "{'action':'push'," TARGET(repository, tag) "}"
#define EVENTS(events) "{'events':[" events "]}"

/* "host/repository:tag" of each hint, with a space behind it. */
static struct str shown(const struct push_hints *hints, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 1 << 20);
    for (size_t i = 0; i < hints->count; i++) {
        buf_add(&buf, hints->items[i].host);
        buf_add_char(&buf, '/');
        buf_add(&buf, hints->items[i].repository);
        buf_add_char(&buf, ':');
        buf_add(&buf, hints->items[i].tag);
        buf_add_char(&buf, ' ');
    }
    return finished(&buf);
}

TEST(envelopes)
{
    static const struct {
        const char *name, *body, *hints;
    } rows[] = {
        {"one", EVENTS(PUSH("shop/web", "latest")), "/shop/web:latest "},
        {"as a registry sends it",
         "{'events':[{'id':'320678d8','timestamp':'2026-05-01T10:00:00.123456789Z','action':'push',"
         "'target':{'mediaType':'" OCI_INDEX "','digest':'" D1 "','size':708,'length':708,"
         "'repository':'team/app','url':'https://r.example.com/v2/team/app/manifests/" D1
         "','tag':'v1.2.3','references':[{'mediaType':'" DOCKER "','digest':'" D2
         "','size':1234}]},'request':{'id':'6d','addr':'10.0.0.7:42961','host':'r.example.com',"
         "'method':'PUT','useragent':'x'},'actor':{'name':'ci'},'source':{'addr':'reg-0:5000'}}]}",
         "/team/app:v1.2.3 "},
        {"several", EVENTS(PUSH("a", "1") "," PUSH("b", "2") "," PUSH("a", "1")),
         "/a:1 /b:2 /a:1 "},
        {"any order", EVENTS("{" TARGET("a/b", "x") ",'action':'push'}"), "/a/b:x "},
        {"escapes", EVENTS(PUSH("sh\\u006fp/web", "l\\u0061test")), "/shop/web:latest "},
        {"the first part is no host", EVENTS(PUSH("quay.io/a", "1")), "/quay.io/a:1 "},
        {"no events", EVENTS(""), ""},
        {"unknown fields", "{'version':2,'events':[" PUSH("a", "1") "],'more':{'events':[]}}",
         "/a:1 "},
        {"a pull", EVENTS("{'action':'pull'," TARGET("a", "1") "}"), ""},
        {"a deletion", EVENTS("{'action':'delete','target':{'repository':'a','tag':'1'}}"), ""},
        {"a mount", EVENTS("{'action':'mount'," TARGET("a", "1") "}"), ""},
        {"no action", EVENTS("{" TARGET("a", "1") "}"), ""},
        {"an action of nothing", EVENTS("{'action':null," TARGET("a", "1") "}"), ""},
        {"no target", EVENTS("{'action':'push'}"), ""},
        {"a target of nothing", EVENTS("{'action':'push','target':null}"), ""},
        {"a blob",
         EVENTS("{'action':'push','target':{'mediaType':'application/octet-stream','repository':"
                "'a','tag':'1'}}"),
         ""},
        {"no type", EVENTS("{'action':'push','target':{'repository':'a','tag':'1'}}"), ""},
        {"by digest", EVENTS(PUSH("a", "")), ""},
        {"no tag", EVENTS("{'action':'push','target':{'mediaType':'" DOCKER "','repository':'a'}}"),
         ""},
        {"no name of an image", EVENTS(PUSH("A", "1") "," PUSH("a//b", "1") "," PUSH("", "1")), ""},
        {"a tag in the repository", EVENTS(PUSH("a:b", "1") "," PUSH("a@" D1, "1")), ""},
        {"no tag by the grammar",
         EVENTS(PUSH("a", "-x") "," PUSH("a", "x y") "," PUSH("a", "x@" D1) "," PUSH("a", "x/y")),
         ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct push_hints hints = {.count = 77};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        if (push_read_distribution(body, &arena, &hints, &err) < 0)
            fail_msg("%s: %s", rows[i].name, err.text);
        CHECK_STR(rows[i].name, shown(&hints, &arena), str_of(rows[i].hints));
        exact_free(body);
    }
}

TEST(no_envelopes)
{
    static const struct {
        const char *name, *body, *says;
    } rows[] = {
        {"nothing", "", "object"},
        {"a word", "push", ""},
        {"a list", "[" PUSH("a", "1") "]", "object"},
        {"an event alone", PUSH("a", "1"), "events: is missing"},
        {"events are an object", "{'events':{}}", "array"},
        {"events are nothing", "{'events':null}", "array"},
        {"an event is a string", "{'events':['push']}", "object"},
        {"a target is a list", EVENTS("{'target':[]}"), "object"},
        {"an action is a number", EVENTS("{'action':1}"), "string"},
        {"a tag is a list", EVENTS("{'action':'push','target':{'tag':['x']}}"), "string"},
        {"events twice", "{'events':[],'\\u0065vents':[]}", "twice"},
        {"a tag twice", EVENTS("{'target':{'tag':'a','tag':'b'}}"), "twice"},
        {"cut off", "{'events':[" PUSH("a", "1"), ""},
        {"something behind it", EVENTS("") "x", ""},
        {"no text", EVENTS(PUSH("a", "\x01")), ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct push_hints hints = {.count = 77};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        CHECK_INT(rows[i].name, push_read_distribution(body, &arena, &hints, &err), -1);
        CHECK_INT(rows[i].name, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        CHECK_INT(rows[i].name, hints.count, 77);
        exact_free(body);
    }
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
    struct err err = ERR_CLEAN;
    struct push_hints hints = {.count = 77};
    struct str large = run_of(&arena, ' ', PUSH_BODY_MAX + 1);
    assert_int_equal(push_read_distribution(large, &arena, &hints, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_int_equal(push_read_generic(large, &arena, &hints, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_int_equal(hints.count, 77);
    assert_int_equal(
        push_read_distribution(envelope_of(&arena, PUSH_HINTS_MAX), &arena, &hints, &err), 0);
    assert_int_equal(hints.count, PUSH_HINTS_MAX);
    CHECK_STR("the last", hints.items[PUSH_HINTS_MAX - 1].tag, STR("1023"));
    hints.count = 77;
    assert_int_equal(
        push_read_distribution(envelope_of(&arena, PUSH_HINTS_MAX + 1), &arena, &hints, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    CHECK_HAS("one too many", ERR_TEXT(err), "more than 1024 pushes");
    assert_int_equal(hints.count, 77);
}

TEST(generic)
{
    static const struct {
        const char *name, *body, *hint, *says;
    } rows[] = {
        {"plain", "{'repository':'shop/web','tag':'1.0'}", "/shop/web:1.0 ", ""},
        {"a host", "{'tag':'1.0','repository':'r.example.com:5000/shop/web'}",
         "r.example.com:5000/shop/web:1.0 ", ""},
        {"one part", "{'repository':'web','tag':'1'}", "/web:1 ", ""},
        {"the hub by its name", "{'repository':'docker.io/library/nginx','tag':'1'}",
         "docker.io/library/nginx:1 ", ""},
        {"a digest that is false", "{'repository':'a','tag':'1','digest':'sha256:00'}", "/a:1 ",
         ""},
        {"a digest that is none", "{'repository':'a','tag':'1','digest':[{}]}", "/a:1 ", ""},
        {"nothing", "", "", "object"},
        {"empty", "{}", "", "repository: is missing"},
        {"no repository", "{'tag':'1'}", "", "repository: is missing"},
        {"no tag", "{'repository':'a'}", "", "tag: is missing"},
        {"an empty tag", "{'repository':'a','tag':''}", "", "tag: is missing"},
        {"a tag of nothing", "{'repository':'a','tag':null}", "", "tag: is missing"},
        {"a number", "{'repository':'a','tag':1}", "", "string"},
        {"twice", "{'repository':'a','tag':'1','tag':'2'}", "", "twice"},
        {"upper case", "{'repository':'a/B','tag':'1'}", "", "repository and tag"},
        {"a tag in the repository", "{'repository':'a/b:1','tag':'2'}", "", "repository and tag"},
        {"a digest in the repository", "{'repository':'a/b@" D1 "','tag':'2'}", "",
         "repository and tag"},
        {"a digest in the tag", "{'repository':'a/b','tag':'2@" D1 "'}", "", "repository and tag"},
        {"a path in the tag", "{'repository':'a','tag':'5000/b:1'}", "", "repository and tag"},
        {"spaces", "{'repository':'a','tag':'1 '}", "", "repository and tag"},
        {"behind it", "{'repository':'a','tag':'1'}{}", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct push_hints hints = {.count = 77};
        struct str body = exact_copy(json_of(&arena, rows[i].body));
        bool wanted = rows[i].hint[0] != '\0';
        CHECK_INT(rows[i].name, push_read_generic(body, &arena, &hints, &err), wanted ? 0 : -1);
        CHECK_INT(rows[i].name, hints.count, wanted ? 1 : 77);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        if (wanted)
            CHECK_STR(rows[i].name, shown(&hints, &arena), str_of(rows[i].hint));
        exact_free(body);
    }
}

TEST(long_names)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct push_hints hints = {.count = 77};
    for (int length = 127; length <= 129; length++) {
        struct str tag = run_of(&arena, 'a', (size_t)length);
        struct str body = json_format(&arena, "{'repository':'a','tag':'%.*s'}", STR_FMT(tag));
        CHECK_INT("tag", push_read_generic(body, &arena, &hints, &err), length <= 128 ? 0 : -1);
    }
    struct str path = run_of(&arena, 'a', 100000);
    struct str body = json_format(&arena, "{'repository':'%.*s','tag':'1'}", STR_FMT(path));
    CHECK_INT("path", push_read_generic(body, &arena, &hints, &err), -1);
    body = json_format(&arena, EVENTS(PUSH("%.*s", "1")), STR_FMT(path));
    CHECK_INT("path", push_read_distribution(body, &arena, &hints, &err), 0);
    CHECK_INT("path", hints.count, 0);
}

TEST(concerns)
{
    static const struct {
        const char *name, *host, *repository, *tag, *image, *followed; /* a range begins with > */
        bool it_does;
    } rows[] = {
        {"the tag", "", "shop/web", "latest", WEB, "latest", true},
        {"its host", "contoso.azurecr.io", "shop/web", "latest", WEB, "latest", true},
        {"its host in another case", "Contoso.azurecr.io:443", "shop/web", "latest", WEB, "latest",
         true},
        {"another host", "fabrikam.azurecr.io", "shop/web", "latest", WEB, "latest", false},
        {"another tag", "", "shop/web", "main", WEB, "latest", false},
        {"another repository", "", "shop/api", "latest", WEB, "latest", false},
        {"a longer one", "", "shop/web/x", "latest", WEB, "latest", false},
        {"of the hub", "", "library/nginx", "latest", "nginx", "latest", true},
        {"of the hub, short", "", "nginx", "latest", "nginx", "latest", true},
        {"of the hub, by an alias", "index.docker.io", "library/nginx", "latest", "nginx", "latest",
         true},
        {"no library elsewhere", "", "library/web", "latest", "quay.io/web", "latest", false},
        {"in the range", "", "shop/web", "v1.2.0", WEB, ">=1.0.0", true},
        {"below the range", "", "shop/web", "v0.9.0", WEB, ">=1.0.0", false},
        {"no version", "", "shop/web", "latest", WEB, ">=1.0.0", false},
        {"a signature", "", "shop/web", "sha256-" HEX_OF("1") ".sig", WEB, ">=1.0.0", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct imageref image = ref_of(rows[i].image);
        static struct semrange range;
        bool by_range = rows[i].followed[0] == '>';
        if (by_range)
            assert_int_equal(semrange_parse(str_of(rows[i].followed), &range, &err), 0);
        struct tag_follow follow = {.tag = by_range ? STR_NONE : str_of(rows[i].followed),
                                    .range = by_range ? &range : NULL};
        struct push_hint hint = {str_of(rows[i].host), str_of(rows[i].repository),
                                 str_of(rows[i].tag)};
        CHECK_INT(rows[i].name, push_concerns(&hint, &image, &follow), rows[i].it_does);
    }
}

#define SECRET "0123456789abcdef"

TEST(secrets)
{
    static const struct {
        const char *name, *text;
        int count; /* -1: refused */
        const char *says;
    } rows[] = {
        {"one", SECRET, 1, ""},
        {"a line", SECRET "\n", 1, ""},
        {"of another system", SECRET "\r\n" SECRET "\r\n", 2, ""},
        {"empty lines", "\n\n" SECRET "\n\n" SECRET "2\n\n", 2, ""},
        {"four", SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n", 4, ""},
        {"five", SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET, -1, "line 5: more than 4"},
        {"nothing", "", -1, "there is no secret"},
        {"lines of nothing", "\n\r\n\n", -1, "there is no secret"},
        {"short", SECRET "\n0123456789abcde\n", -1, "line 2: a secret has 16 to 256"},
        {"a space", "0123456789 abcdef", -1, "line 1: a secret is printable"},
        {"at the end", SECRET " ", -1, "line 1: a secret is printable"},
        {"another script", "0123456789abcd\xc3\xa9", -1, "line 1: a secret is printable"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        struct push_secrets secrets = {.count = 77};
        struct str text = exact_copy(str_of(rows[i].text));
        int result = push_secrets_read(text, &secrets, &err);
        CHECK_INT(rows[i].name, result, rows[i].count < 0 ? -1 : 0);
        CHECK_INT(rows[i].name, secrets.count, rows[i].count < 0 ? 77 : rows[i].count);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        CHECK(rows[i].name, rows[i].text[0] == '\0' || !text_has(ERR_TEXT(err), STR("abcde")));
        for (int j = 0; j < rows[i].count; j++)
            CHECK(rows[i].name, str_starts(secrets.items[j], STR(SECRET)));
        exact_free(text);
    }
    TEST_ARENA(arena);
    struct push_secrets secrets;
    for (size_t size = 256; size <= 257; size++)
        CHECK_INT("long", push_secrets_read(run_of(&arena, 'x', size), &secrets, NULL),
                  size == 256 ? 0 : -1);
}

TEST(signatures)
{
    static const struct {
        const char *name, *header;
        int first; /* byte; -1: none */
    } rows[] = {
        {"small", "sha256=" HEX_OF("b"), 0xbb},
        {"large", "sha256=" HEX_OF("B"), 0xbb},
        {"digits", "sha256=" HEX_OF("0"), 0},
        {"nothing", "", -1},
        {"no prefix", HEX_OF("b"), -1},
        {"another prefix", "sha512=" HEX_OF("b"), -1},
        {"a prefix in upper case", "SHA256=" HEX_OF("b"), -1},
        {"a colon", "sha256:" HEX_OF("b"), -1},
        {"short", "sha256=bb", -1},
        {"long", "sha256=" HEX_OF("b") "b", -1},
        {"no hex", "sha256=" HEX_OF("g"), -1},
        {"a space in front", " sha256=" HEX_OF("b"), -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned char sum[PUSH_SIGNATURE_BYTES] = {0x77};
        struct str header = exact_copy(str_of(rows[i].header));
        CHECK_INT(rows[i].name, push_signature_read(header, sum), rows[i].first >= 0);
        CHECK_INT(rows[i].name, sum[0], rows[i].first < 0 ? 0x77 : rows[i].first);
        exact_free(header);
    }
}

TEST(bearers)
{
    static const struct {
        const char *header, *token;
    } rows[] = {
        {"Bearer abc", "abc"}, {"bearer abc", "abc"}, {"BEARER  abc", "abc"},
        {"Bearer ", ""},       {"Bearer", ""},        {"", ""},
        {"Basic abc", ""},     {"Bearerabc", ""},     {"Bearer a b", "a b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str header = exact_copy(str_of(rows[i].header));
        CHECK_STR(rows[i].header, push_bearer_read(header), str_of(rows[i].token));
        exact_free(header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelopes), cmocka_unit_test(no_envelopes), cmocka_unit_test(limits),
        cmocka_unit_test(generic),   cmocka_unit_test(long_names),   cmocka_unit_test(concerns),
        cmocka_unit_test(secrets),   cmocka_unit_test(signatures),   cmocka_unit_test(bearers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
