/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/policy.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

#define HEAD(kind, name)                                                                           \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'" kind "','metadata':{'name':'" name             \
    "','namespace':'shop','creationTimestamp':'2026-11-21T00:00:00Z'},"
#define PIN_POLICY HEAD("PinPolicy", "default")
#define EXEMPTION HEAD("Exemption", "hotfix")

static int64_t at(const char *time)
{
    int64_t seconds = 0;
    assert_true(when_parse(str_of(time), &seconds));
    return seconds;
}

/* Reads a copy that is gone afterwards: a policy needs only its arena. */
static int add(struct policy *policy, struct arena *arena, const char *text, struct err *err)
{
    struct str copy = exact_copy(json_of(arena, text));
    int result = policy_add(policy, copy, arena, err);
    exact_free(copy);
    return result;
}

static void add_good(struct policy *policy, struct arena *arena, const char *text)
{
    struct err err = ERR_CLEAN;
    if (add(policy, arena, text, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

static bool exempts(const char *row, const struct policy *policy, const char *namespace,
                    const char *image, int64_t now)
{
    struct imageref ref;
    CHECK_INT(row, imageref_parse(str_of(image), &ref), IMAGEREF_OK);
    size_t steps = SIZE_MAX;
    return policy_exempts(policy, str_of(namespace), &ref, now, &steps) != NULL;
}

TEST(without_any)
{
    assert_true(tag_is_immutable(&policy_builtin.tags, STR("1.4.0")));
    assert_false(tag_is_immutable(&policy_builtin.tags, STR("latest")));
    assert_false(tag_is_immutable(&policy_builtin.tags, STR("1.4.0-SNAPSHOT")));
    assert_int_equal(policy_builtin.registries.count, 0);
    assert_int_equal(policy_builtin.free.count, 0);
    assert_int_equal(policy_builtin.longest_exemption, 24 * 3600);
    assert_false(exempts("builtin", &policy_builtin, "shop", "nginx", 0));
}

TEST(a_whole_one)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    add_good(&policy, &arena,
             PIN_POLICY
             "'spec':{"
             "'tags':{'semver':false,'immutable':['20*','\\u0073table'],'moving':['*-x']},"
             "'registries':['contoso.azurecr.io','docker.io/library/*'],"
             "'free':['mcr.microsoft.com/**'],"
             "'longestExemption':'72h',"
             "'exemptions':[{'images':['docker.io/istio/*'],'namespaces':['team-*'],"
             "'reason':'sidecar','expires':'2027-01-01T00:00:00Z'},"
             "{'images':['quay.io'],'namespaces':['**'],'reason':'tools'}]}}");
    assert_false(policy.tags.semver);
    assert_int_equal(policy.tags.immutable_count, 2);
    CHECK_STR("immutable", policy.tags.immutable[1], STR("stable"));
    assert_int_equal(policy.tags.moving_count, 1);
    assert_int_equal(policy.registries.count, 2);
    CHECK_STR("registries", policy.registries.items[1].path, STR("library/*"));
    assert_int_equal(policy.free.count, 1);
    CHECK_STR("free", policy.free.items[0].host, STR("mcr.microsoft.com"));
    assert_int_equal(policy.longest_exemption, 72 * 3600);
    size_t count = 0;
    for (const struct exemption *e = policy.exemptions; e; e = e->next) {
        assert_int_equal(e->name.len, 0);
        assert_true(e->reason.len > 0);
        count++;
    }
    assert_int_equal(count, 2);
    assert_true(exempts("expiring", &policy, "team-a", "istio/proxy", at("2026-12-31T23:59:59Z")));
    assert_false(exempts("expired", &policy, "team-a", "istio/proxy", at("2027-01-01T00:00:00Z")));
    assert_false(exempts("elsewhere", &policy, "shop", "istio/proxy", at("2026-12-31T00:00:00Z")));
    assert_true(exempts("standing", &policy, "shop", "quay.io/a/b", at("2099-01-01T00:00:00Z")));
}

/* What is left out stays as it is built in; an empty list is a list. */
TEST(defaults)
{
    static const struct {
        const char *text;
        size_t moving;
    } rows[] = {
        {PIN_POLICY "'spec':{}}", TAG_MOVING_BUILTIN_COUNT},
        {PIN_POLICY "'spec':null}", TAG_MOVING_BUILTIN_COUNT},
        {PIN_POLICY "'status':{}}", TAG_MOVING_BUILTIN_COUNT},
        {PIN_POLICY "'spec':{'tags':null,'registries':null,'free':null,'exemptions':null,"
                    "'longestExemption':null}}",
         TAG_MOVING_BUILTIN_COUNT},
        {PIN_POLICY "'spec':{'tags':{}}}", TAG_MOVING_BUILTIN_COUNT},
        {PIN_POLICY "'spec':{'tags':{'semver':null,'moving':null}}}", TAG_MOVING_BUILTIN_COUNT},
        {PIN_POLICY "'spec':{'registries':[],'free':[],'exemptions':[],'tags':{'moving':[]}}}", 0},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_builtin;
        add_good(&policy, &arena, rows[i].text);
        CHECK(rows[i].text, policy.tags.semver && policy.longest_exemption == 24 * 3600);
        CHECK_INT(rows[i].text, policy.tags.moving_count, rows[i].moving);
        CHECK(rows[i].text, policy.registries.count == 0 && policy.free.count == 0);
        CHECK(rows[i].text, policy.exemptions == NULL);
    }
}

#define SPEC(body) PIN_POLICY "'spec':{" body "}}"
#define EXEMPT(body) SPEC("'exemptions':[" body "]")
#define BREAK(body) EXEMPTION "'spec':{" body "}}"

TEST(refused)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {"", "an object was expected here"},
        {"[]", "an object was expected here"},
        {"{", "a key in double quotes was expected here"},
        {"{}", "PinPolicy and Exemption"},
        {"{'kind':'PinPolicy','metadata':{'name':'default'}}", "PinPolicy and Exemption"},
        {"{'kind':'PinPolicy','apiVersion':'pinnace.dev/v1'}", "PinPolicy and Exemption"},
        {"{'kind':'PinPolicy','apiVersion':'v1alpha1'}", "PinPolicy and Exemption"},
        {"{'kind':'ImagePolicy','apiVersion':'pinnace.dev/v1alpha1'}", "\"ImagePolicy\""},
        {"{'kind':'Track','apiVersion':'pinnace.dev/v1alpha1'}", "\"Track\""},
        {"{'kind':'Pod','apiVersion':'v1'}", "\"Pod\" of \"v1\""},
        {HEAD("PinPolicy", "other") "'spec':{}}", "metadata.name: "},
        {HEAD("PinPolicy", "") "'spec':{}}", "metadata.name: "},
        {PIN_POLICY "'spec':[]}", "spec: an object was expected here"},
        {PIN_POLICY "'spec':'x'}", "spec: "},
        {SPEC("'tag':{}"), "spec.tag: no such field here; there are: tags, "},
        {SPEC("'Tags':{}"), "spec.Tags: no such field here"},
        {SPEC("'tags':[]"), "spec.tags: an object was expected here"},
        {SPEC("'tags':{'semVer':true}"), "spec.tags.semVer: no such field here"},
        {SPEC("'tags':{'semver':'true'}"), "spec.tags.semver: true or false was expected here"},
        {SPEC("'tags':{'immutable':'x'}"), "spec.tags.immutable: a list was expected here"},
        {SPEC("'tags':{'immutable':['x',1]}"), "spec.tags.immutable[1]: a string"},
        {SPEC("'tags':{'immutable':['x',null]}"), "spec.tags.immutable[1]: a string"},
        {SPEC("'tags':{'moving':['x','']}"), "spec.tags.moving[1]: is empty"},
        {SPEC("'registries':{}"), "spec.registries: a list was expected here"},
        {SPEC("'registries':['quay.io','nginx']"), "spec.registries[1]: \"nginx\" begins with no"},
        {SPEC("'registries':['docker.io/nginx']"), "spec.registries[0]: "},
        {SPEC("'registries':['']"), "spec.registries[0]: is empty"},
        {SPEC("'free':['a b']"), "spec.free[0]: "},
        {SPEC("'free':[[]]"), "spec.free[0]: a string"},
        {SPEC("'longestExemption':24"), "spec.longestExemption: a string was expected here"},
        {SPEC("'longestExemption':'1d'"), "spec.longestExemption: a duration"},
        {SPEC("'longestExemption':''"), "spec.longestExemption: a duration"},
        {SPEC("'exemptions':{}"), "spec.exemptions: a list was expected here"},
        {EXEMPT("1"), "spec.exemptions[0]: an object was expected here"},
        {EXEMPT("{}"), "spec.exemptions[0].images: "},
        {EXEMPT("{'images':[],'namespaces':['a'],'reason':'r'}"), "spec.exemptions[0].images: "},
        {EXEMPT("{'images':['nginx'],'namespaces':['a'],'reason':'r'}"),
         "spec.exemptions[0].images[0]: \"nginx\" begins"},
        {EXEMPT("{'images':['quay.io'],'reason':'r'}"), "spec.exemptions[0].namespaces: "},
        {EXEMPT("{'images':['quay.io'],'reason':'r','namespaces':[]}"),
         "spec.exemptions[0].namespaces: "},
        {EXEMPT("{'images':['quay.io'],'reason':'r','namespaces':['']}"),
         "spec.exemptions[0].namespaces[0]: is empty"},
        {EXEMPT("{'images':['quay.io'],'namespaces':['a']}"), "spec.exemptions[0].reason: "},
        {EXEMPT("{'images':['quay.io'],'namespaces':['a'],'reason':''}"),
         "spec.exemptions[0].reason: "},
        {EXEMPT("{'images':['quay.io'],'namespaces':['a'],'reason':'r','expires':'soon'}"),
         "spec.exemptions[0].expires: a time such as"},
        {EXEMPT("{'images':['quay.io'],'namespaces':['a'],'reason':'r','by':'me'}"),
         "spec.exemptions[0].by: no such field here"},
        {EXEMPT("{'images':['quay.io'],'namespaces':['a'],'reason':'r'},{'image':'quay.io'}"),
         "spec.exemptions[1].image: no such field here"},
        {BREAK(""), "spec.images: at least one"},
        {BREAK("'images':['quay.io'],'reason':'r'"), "spec.expires: "},
        {BREAK("'images':['quay.io'],'reason':'r','expires':null"), "spec.expires: "},
        {BREAK("'images':['quay.io'],'reason':'r','expires':'2026-02-30T00:00:00Z'"),
         "spec.expires: a time such as"},
        {BREAK("'images':['quay.io'],'expires':'2026-11-21T00:00:00Z'"), "spec.reason: "},
        {BREAK("'reason':'r','expires':'2026-11-21T00:00:00Z'"), "spec.images: "},
        {BREAK("'images':['quay.io'],'reason':1,'expires':'2026-11-21T00:00:00Z'"),
         "spec.reason: a string was expected here"},
        {BREAK("'images':['quay.io'],'reason':'r','expires':'2026-11-21T00:00:00Z','by':1"),
         "spec.by: a string was expected here"},
        {BREAK("'images':['quay.io'],'reason':'r','expires':'2026-11-21T00:00:00Z',"
               "'namespaces':['*']"),
         "spec.namespaces: no such field here"},
        {HEAD("Exemption", "") "'spec':{'images':['quay.io'],'reason':'r',"
                               "'expires':'2026-11-21T00:00:00Z'}}",
         "metadata.name: "},
        {SPEC("'free':[],'free':[]"), "\"free\" is given twice"},
        {SPEC("'free':['\\u0000']"), "NUL"},
        {"{'kind':'PinPolicy','kind':'PinPolicy'}", "kind: this key is given twice"},
    };
    TEST_ARENA(arena);
    struct policy before = policy_builtin;
    add_good(&before, &arena, SPEC("'free':['mcr.microsoft.com']"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = before;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, add(&policy, &arena, rows[i].text, &err), -1);
        CHECK_INT(rows[i].text, err.kind, ERR_INPUT);
        if (strncmp(rows[i].err, "spec", 4) == 0 || strncmp(rows[i].err, "meta", 4) == 0)
            CHECK(rows[i].text, str_starts(ERR_TEXT(err), str_of(rows[i].err)));
        CHECK_HAS(rows[i].text, ERR_TEXT(err), rows[i].err);
        assert_memory_equal(&policy, &before, sizeof(policy));
    }
}

/* Typing errors beside the spec, where a whole policy would be lost in silence. */
TEST(unknown_fields_at_the_top)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {PIN_POLICY "'specs':{'registries':['quay.io']}}", "specs: "},
        {PIN_POLICY "'Spec':{'registries':['quay.io']}}", "Spec: "},
        {PIN_POLICY "'registries':['quay.io']}", "registries: "},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_builtin;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, add(&policy, &arena, rows[i].text, &err), -1);
        CHECK_HAS(rows[i].text, ERR_TEXT(err), rows[i].err);
    }
}

/* The path is whole even when there is no spec at all. */
TEST(no_spec)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct err err = ERR_CLEAN;
    assert_int_equal(add(&policy, &arena, EXEMPTION "'status':{}}", &err), -1);
    CHECK("path", str_starts(ERR_TEXT(err), STR("spec.images: ")));
}

TEST(size)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct err err = ERR_CLEAN;
    size_t room = POLICY_MAX_BYTES - strlen("{'longestExemption':'1h'}");
    struct str space = run_of(&arena, ' ', room + 1);
    struct str text =
        json_format(&arena, SPEC("%.*s'longestExemption':'1h'"), (int)room, space.ptr);
    assert_int_equal(policy_add(&policy, text, &arena, &err), 0);
    assert_int_equal(policy.longest_exemption, 3600);
    text = json_format(&arena, SPEC("%s'longestExemption':'1h'"), space.ptr);
    assert_int_equal(policy_add(&policy, text, &arena, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
}

/* What others write into an object neither fills the room for what is meant nor hides it. */
TEST(what_does_not_count)
{
    static const char form[] =
        "{'apiVersion':'" PINNACE_API_VERSION
        "','kind':'Exemption','metadata':{'name':'x','namespace':'shop',"
        "'creationTimestamp':'2026-11-21T09:00:00Z','annotations':{'a':'%s'},"
        "'managedFields':[{'fieldsV1':%s}]},"
        "'spec':{'images':['quay.io/a/b'],'reason':'\\u0022r\\u0022',"
        "'expires':'2026-11-21T09:30:00Z'},'status':{'deep':%s}}";
    TEST_ARENA(arena);
    struct policy whole = policy_builtin, brief = policy_builtin;
    struct err err = ERR_CLEAN;
    struct str essence, deep = nested(&arena, 10000);
    struct str text =
        json_format(&arena, form, run_of(&arena, 'x', POLICY_MAX_BYTES).ptr, deep.ptr, deep.ptr);
    assert_int_equal(policy_add(&whole, text, &arena, &err), 0);
    assert_int_equal(policy_essence(text, &arena, &essence, &err), 0);
    assert_true(essence.len < 300);
    assert_int_equal(policy_add(&brief, essence, &arena, &err), 0);
    CHECK_STR("name", brief.exemptions->name, STR("x"));
    CHECK_STR("namespace", brief.exemptions->namespace, STR("shop"));
    CHECK_STR("reason", brief.exemptions->reason, STR("\"r\""));
    assert_int_equal(brief.exemptions->created, whole.exemptions->created);
    assert_int_equal(brief.exemptions->expires, whole.exemptions->expires);
    assert_int_equal(policy_essence(STR("[]"), &arena, &essence, &err), -1);
}

/* In what is read there is nothing that deep. */
TEST(deep_where_it_counts)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    struct err err = ERR_CLEAN;
    struct str text = json_format(&arena, SPEC("'tags':%s"), nested(&arena, 70).ptr);
    assert_int_equal(policy_add(&policy, text, &arena, &err), -1);
    assert_non_null(strstr(err.text, "64 levels"));
    assert_non_null(strstr(err.text, "spec"));
}

TEST(no_room)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(64);
    struct policy policy = policy_builtin;
    struct err err = ERR_CLEAN;
    struct str text = json_of(&arena, EXEMPT("{'images':['quay.io'],'namespaces':['a'],"
                                             "'reason':'r'}"));
    assert_int_equal(policy_add(&policy, text, &small, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_memory_equal(&policy, &policy_builtin, sizeof(policy));
}

TEST(break_glass)
{
    static const struct {
        const char *name, *namespace, *image, *now;
        bool exempt;
    } rows[] = {
        {"in its namespace", "shop", "quay.io/a/b:latest", "2026-11-21T09:00:00Z", true},
        {"the second before", "shop", "quay.io/a/b:latest", "2026-11-21T09:29:59Z", true},
        {"the second it ends", "shop", "quay.io/a/b:latest", "2026-11-21T09:30:00Z", false},
        {"long after", "shop", "quay.io/a/b:latest", "2036-11-21T09:30:00Z", false},
        {"another namespace", "shop2", "quay.io/a/b:latest", "2026-11-21T09:00:00Z", false},
        {"no namespace", "", "quay.io/a/b:latest", "2026-11-21T09:00:00Z", false},
        {"namespaces are no globs", "sh*", "quay.io/a/b:latest", "2026-11-21T09:00:00Z", false},
        {"another image", "shop", "quay.io/a/c:latest", "2026-11-21T09:00:00Z", false},
        {"another registry", "shop", "docker.io/a/b:latest", "2026-11-21T09:00:00Z", false},
        {"the other pattern", "shop", "nginx:1.27", "2026-11-21T09:00:00Z", true},
    };
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    add_good(&policy, &arena,
             BREAK("'images':['quay.io/a/b','docker.io/library/nginx:1.*'],'reason':'hot fix',"
                   "'expires':'2026-11-21T09:30:00Z','by':'ada'"));
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].name,
                  exempts(rows[i].name, &policy, rows[i].namespace, rows[i].image, at(rows[i].now)),
                  rows[i].exempt);
    CHECK_STR("name", policy.exemptions->name, STR("hotfix"));
    CHECK_STR("namespace", policy.exemptions->namespace, STR("shop"));
    CHECK_STR("by", policy.exemptions->by, STR("ada"));
    CHECK_STR("reason", policy.exemptions->reason, STR("hot fix"));
}

TEST(break_glass_without_namespace)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    add_good(&policy, &arena,
             "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Exemption','metadata':{'name':'x'},"
             "'spec':{'images':['quay.io'],'reason':'r','expires':'2026-11-21T09:30:00Z'}}");
    assert_true(exempts("default", &policy, "default", "quay.io/a", at("2026-11-21T09:00:00Z")));
    assert_false(exempts("other", &policy, "shop", "quay.io/a", at("2026-11-21T09:00:00Z")));
}

/* One that was made to last longer than the PinPolicy lets it does not count. */
TEST(break_glass_for_too_long)
{
    static const struct {
        const char *expires, *longest;
        bool counts;
    } rows[] = {
        {"2026-11-21T23:59:59Z", NULL, true},  {"2026-11-22T00:00:00Z", NULL, true},
        {"2026-11-22T00:00:01Z", NULL, false}, {"2027-11-21T00:00:00Z", NULL, false},
        {"2026-11-22T00:00:01Z", "25h", true}, {"2026-11-21T02:00:00Z", "1h", false},
        {"2026-11-21T01:00:00Z", "1h", true},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[64];
        struct policy policy = policy_builtin;
        snprintf(row, sizeof(row), "%s, %s", rows[i].expires,
                 rows[i].longest ? rows[i].longest : "built in");
        add_good(&policy, &arena,
                 json_format(&arena, BREAK("'images':['quay.io'],'reason':'r','expires':'%s'"),
                             rows[i].expires)
                     .ptr);
        if (rows[i].longest)
            add_good(&policy, &arena,
                     json_format(&arena, SPEC("'longestExemption':'%s'"), rows[i].longest).ptr);
        CHECK_INT(row, exempts(row, &policy, "shop", "quay.io/a", at("2026-11-21T00:30:00Z")),
                  rows[i].counts);
    }
}

/* Several objects are one policy: what is in force of any of them counts. */
TEST(several)
{
    TEST_ARENA(arena);
    struct policy policy = policy_builtin;
    add_good(&policy, &arena,
             BREAK("'images':['quay.io'],'reason':'r','expires':'2026-11-21T01:00:00Z'"));
    add_good(&policy, &arena,
             BREAK("'images':['quay.io'],'reason':'r','expires':'2026-11-21T03:00:00Z'"));
    add_good(&policy, &arena, SPEC("'registries':['quay.io']"));
    add_good(&policy, &arena,
             BREAK("'images':['quay.io'],'reason':'r','expires':'2026-11-21T02:00:00Z'"));
    assert_true(exempts("last", &policy, "shop", "quay.io/a", at("2026-11-21T02:59:59Z")));
    assert_false(exempts("over", &policy, "shop", "quay.io/a", at("2026-11-21T03:00:00Z")));
    assert_int_equal(policy.registries.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any),
        cmocka_unit_test(a_whole_one),
        cmocka_unit_test(defaults),
        cmocka_unit_test(refused),
        cmocka_unit_test(unknown_fields_at_the_top),
        cmocka_unit_test(no_spec),
        cmocka_unit_test(size),
        cmocka_unit_test(what_does_not_count),
        cmocka_unit_test(deep_where_it_counts),
        cmocka_unit_test(no_room),
        cmocka_unit_test(break_glass),
        cmocka_unit_test(break_glass_without_namespace),
        cmocka_unit_test(break_glass_for_too_long),
        cmocka_unit_test(several),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
