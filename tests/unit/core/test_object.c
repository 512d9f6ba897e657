/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of an object that is as it should be. */
#include "../objects.h"

#include "pinnace/banned.h"

/* Every kind that makes pods, and what stands before and behind its pod spec. */
static const struct {
    const char *name, *api_version, *before, *behind, *path;
    enum pod_place place;
} all_kinds[] = {
    {"Pod", "v1", "'spec':", "", "spec", POD_AT_SPEC},
    {"PodTemplate", "v1", "'template':{'spec':", "}", "template.spec", POD_AT_TEMPLATE},
    {"ReplicationController", "v1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"Deployment", "apps/v1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"StatefulSet", "apps/v1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"DaemonSet", "apps/v1beta2", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"ReplicaSet", "apps/v1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"Job", "batch/v1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"CronJob", "batch/v1", "'spec':{'jobTemplate':{'spec':{'template':{'spec':", "}}}}",
     "spec.jobTemplate.spec.template.spec", POD_AT_JOB_TEMPLATE},
    {"CronJob", "batch/v1beta1", "'spec':{'jobTemplate':{'spec':{'template':{'spec':", "}}}}",
     "spec.jobTemplate.spec.template.spec", POD_AT_JOB_TEMPLATE},
    {"Deployment", "extensions/v1beta1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"DaemonSet", "extensions/v1beta1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
    {"ReplicaSet", "extensions/v1beta1", "'spec':{'template':{'spec':", "}}", "spec.template.spec",
     POD_AT_SPEC_TEMPLATE},
};

static const char pod_spec[] =
    "{'containers':[{'name':'web','image':'a:1'},{'image':'b:2','name':'side'}],"
    "'initContainers':[{'name':'init','image':'c:3'}],"
    "'ephemeralContainers':[{'name':'debug','image':'d:4'}],"
    "'volumes':[{'name':'tmp','emptyDir':{}},{'name':'data','image':{'reference':'e:5'}}]}";

TEST(every_kind)
{
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(all_kinds); i++) {
        const char *row = all_kinds[i].name, *path = all_kinds[i].path;
        struct str text =
            json_format(&arena, "{'apiVersion':'%s','kind':'%s',%s%s%s}", all_kinds[i].api_version,
                        row, all_kinds[i].before, pod_spec, all_kinds[i].behind);
        struct object object = read_good(row, &arena, text);
        CHECK(row, object.kind != NULL);
        CHECK_INT(row, object.kind->place, all_kinds[i].place);
        struct str want = json_format(&arena,
                                      "%s.containers[0].image container 'web' a:1\n"
                                      "%s.containers[1].image container 'side' b:2\n"
                                      "%s.initContainers[0].image init container 'init' c:3\n"
                                      "%s.ephemeralContainers[0].image ephemeral container "
                                      "'debug' d:4\n"
                                      "%s.volumes[1].image.reference volume 'data' e:5\n",
                                      path, path, path, path, path);
        CHECK_STR(row, images_of(&arena, &object), want);
    }
}

TEST(kinds_are_of_a_group)
{
    static const struct {
        const char *group, *name;
        bool found;
    } rows[] = {
        {"", "Pod", true},
        {"apps", "Deployment", true},
        {"batch", "CronJob", true},
        {"apps", "Pod", false},
        {"", "Deployment", false},
        {"batch", "Deployment", false},
        {"", "pod", false},
        {"", "Pods", false},
        {"", "", false},
        {"apps", "Scale", false},
        {"", "List", false},
        {"v1", "Pod", false},
        {"Apps", "Deployment", false},
        {"extensions", "StatefulSet", false},
        {"pinnace.dev", "Track", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[64];
        const struct kind *kind = kind_find(str_of(rows[i].group), str_of(rows[i].name));
        snprintf(row, sizeof(row), "%s of %s", rows[i].name, rows[i].group);
        CHECK_INT(row, kind != NULL, rows[i].found);
        CHECK(row, !kind || str_eq(kind->name, str_of(rows[i].name)));
    }
    size_t count = 0;
    while (kinds[count].name.ptr)
        count++;
    assert_int_equal(count, 12);
    assert_null(kind_find(STR_NONE, STR_NONE));
}

TEST(groups)
{
    static const struct {
        struct str api_version, group;
    } rows[] = {
        {STR_INIT("v1"), STR_INIT("")},  {STR_INIT("apps/v1"), STR_INIT("apps")},
        {STR_INIT(""), STR_INIT("")},    {{NULL, 0}, STR_INIT("")},
        {STR_INIT("/v1"), STR_INIT("")}, {STR_INIT("a.b/c/d"), STR_INIT("a.b")},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_STR(rows[i].api_version.ptr ? rows[i].api_version.ptr : "none",
                  group_of(rows[i].api_version), rows[i].group);
}

/* The kind may come last, or in the middle, and the lists in any order. */
TEST(keys_in_any_order)
{
    static const char *const members[] = {
        "'apiVersion':'v1'",
        "'kind':'Pod'",
        "'metadata':{'name':'n'}",
        ("'spec':{'volumes':[{'image':{'reference':'v'},'name':'d'}],"
         "'containers':[{'image':'a','name':'web'}]}"),
    };
    static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {3, 0, 1, 2},
                                       {1, 3, 0, 2}, {2, 3, 1, 0}, {3, 1, 2, 0}};
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(orders); i++) {
        const size_t *at = orders[i];
        struct str text = json_format(&arena, "{%s,%s,%s,%s}", members[at[0]], members[at[1]],
                                      members[at[2]], members[at[3]]);
        struct object object = read_good(text.ptr, &arena, text);
        CHECK_STR(text.ptr, object.name, STR("n"));
        CHECK_STR(text.ptr, images_of(&arena, &object),
                  json_of(&arena, "spec.volumes[0].image.reference volume 'd' v\n"
                                  "spec.containers[0].image container 'web' a\n"));
    }
}

/* Only the kind's own place counts, however much stands in the others. */
TEST(other_places_do_not_count)
{
    static const char *const bodies[] = {
        "'spec':{'containers':[{'image':'spec'}],'template':{'spec':{'containers':[{'image':"
        "'spec.template'}]}},'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'image':"
        "'spec.jobTemplate'}]}}}}},'template':{'spec':{'containers':[{'image':'template'}]}}",
        "'spec':{'spec':{'containers':[{'image':'x'}]}},'containers':[{'image':'y'}],"
        "'status':{'containers':[{'image':'z'}]},'data':{'spec':{'containers':[{'image':'u'}]}}",
    };
    static const struct {
        const char *kind, *image;
    } rows[] = {
        {"'kind':'Pod','apiVersion':'v1'", "spec"},
        {"'kind':'PodTemplate','apiVersion':'v1'", "template"},
        {"'kind':'Job','apiVersion':'batch/v1'", "spec.template"},
        {"'kind':'CronJob','apiVersion':'batch/v1'", "spec.jobTemplate"},
        {"'kind':'Pod','apiVersion':'example.org/v1'", NULL},
        {"'kind':'Widget','apiVersion':'v1'", NULL},
        {"'apiVersion':'v1'", NULL},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].kind;
        struct object object =
            read_good(row, &arena, json_format(&arena, "{%s,%s}", bodies[0], row));
        struct image_cursor at = {0};
        const struct image_site *site = object_next_image(&object, &at);
        CHECK_INT(row, site != NULL, rows[i].image != NULL);
        if (site)
            CHECK_STR(row, site_image(site), str_of(rows[i].image));
        CHECK(row, !object_next_image(&object, &at));
        object = read_good(row, &arena, json_format(&arena, "{%s,%s}", bodies[1], row));
        CHECK_STR(row, images_of(&arena, &object), STR(""));
    }
}

TEST(metadata)
{
    TEST_ARENA(arena);
    struct str text = json_of(
        &arena, "{'metadata':{'labels':{'name':'no','kind':'no'},'namespace':'shop','name':'web-1',"
                "'generateName':'web-','ownerReferences':[{'kind':'Node','name':'n'},"
                "{'controller':true,'apiVersion':'apps/v1','name':'web-7','kind':'ReplicaSet'},"
                "{'kind':'Other','name':'o','controller':false}],'uid':'x'},"
                "'kind':'Pod','apiVersion':'v1','status':{'name':'no'}}");
    struct object object = read_good("pod", &arena, text);
    CHECK_STR("api version", object.api_version, STR("v1"));
    CHECK_STR("kind", object.kind_name, STR("Pod"));
    CHECK_STR("name", object.name, STR("web-1"));
    CHECK_STR("generateName", object.generate_name, STR("web-"));
    CHECK_STR("namespace", object.namespace, STR("shop"));
    CHECK_STR("owner's kind", object.owner_kind, STR("ReplicaSet"));
    CHECK_STR("owner's name", object.owner_name, STR("web-7"));
    CHECK_STR("text", object.text, text);
}

TEST(owners_that_do_not_control)
{
    static const char *const rows[] = {
        "{}",
        "{'ownerReferences':[]}",
        "{'ownerReferences':null}",
        "{'ownerReferences':[{'kind':'ReplicaSet','name':'w'}]}",
        "{'ownerReferences':[{'kind':'ReplicaSet','name':'w','controller':false}]}",
        "{'ownerReferences':[{'kind':'ReplicaSet','name':'w','controller':null}]}",
        "{'ownerReferences':[{'kind':'ReplicaSet','name':'w','controller':'true'}]}",
        "{'labels':{'ownerReferences':[{'kind':'ReplicaSet','controller':true}]}}",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text =
            json_format(&arena, "{'kind':'Pod','apiVersion':'v1','metadata':%s}", rows[i]);
        struct object object = read_good(rows[i], &arena, text);
        CHECK(rows[i], object.owner_kind.len == 0 && object.owner_name.len == 0);
    }
}

TEST(lists_of_objects)
{
    TEST_ARENA(arena);
    struct object object = read_good("list", &arena,
                                     json_of(&arena, "{'kind':'List','apiVersion':'v1','items': "
                                                     "[{'kind':'Pod'}, {}] }"));
    CHECK_STR("items", object.items, json_of(&arena, "[{'kind':'Pod'}, {}]"));
    assert_null(object.kind);
    object = read_good("none", &arena, json_of(&arena, "{'kind':'List','apiVersion':'v1'}"));
    assert_int_equal(object.items.len, 0);
}

TEST(revisions)
{
    static const struct {
        const char *body, *current, *update;
    } rows[] = {
        {"'status':{'updateRevision':'b','x':{},'currentRevision':'a'}", "a", "b"},
        {"'status':{'currentRevision':'a'}", "a", ""},
        {"'status':{'currentRevision':1,'updateRevision':{}}", "", ""},
        {"'status':{'currentRevision':null}", "", ""},
        {"'status':7", "", ""},
        {"'status':null", "", ""},
        {"'spec':{'status':{'currentRevision':'a'}}", "", ""},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = read_good(
            rows[i].body, &arena,
            json_format(&arena, "{%s,'kind':'StatefulSet','apiVersion':'apps/v1'}", rows[i].body));
        CHECK_STR(rows[i].body, object.revisions[0], str_of(rows[i].current));
        CHECK_STR(rows[i].body, object.revisions[1], str_of(rows[i].update));
    }
}

TEST(replicas_and_data)
{
    TEST_ARENA(arena);
    struct object object =
        read_good("both", &arena,
                  json_of(&arena, "{'spec':{'replicas': 0 },'data': {'a':[1]} ,'kind':'Widget'}"));
    CHECK_STR("replicas", object.replicas, STR("0"));
    CHECK_STR("data", object.data, json_of(&arena, "{'a':[1]}"));
    object = read_good("none", &arena, json_of(&arena, "{'spec':{},'replicas':3}"));
    CHECK("none", object.replicas.len == 0 && object.data.len == 0);
}

TEST(templates)
{
    static const char body[] = "{ 'metadata':{}, 'spec':{'containers':[ ]} }";
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(all_kinds); i++) {
        const char *row = all_kinds[i].name;
        if (all_kinds[i].place == POD_AT_SPEC)
            continue;
        /* The template is what stands behind the last "template" key. */
        struct str before = json_of(&arena, all_kinds[i].before);
        size_t end = before.len - strlen("{\"spec\":");
        struct str text = json_format(&arena, "{'apiVersion':'%s','kind':'%s',%.*s %s %s}",
                                      all_kinds[i].api_version, row, (int)end, before.ptr, body,
                                      all_kinds[i].behind + 1);
        struct object object = read_good(row, &arena, text);
        for (int place = 0; place < POD_PLACES; place++)
            CHECK_STR(row, object.templates[place],
                      place == (int)all_kinds[i].place ? json_of(&arena, body) : STR_NONE);
    }
}

/* Null is absent, as the API server reads it. */
TEST(nulls)
{
    static const struct {
        const char *body, *images;
    } rows[] = {
        {"'spec':null", ""},
        {"'metadata':null", ""},
        {"'metadata':{'name':null,'namespace':null,'generateName':null}", ""},
        {"'spec':{'containers':null,'initContainers':null,'volumes':null}", ""},
        {"'spec':{'containers':[{'name':null,'image':null}]}",
         "spec.containers[0].image container '' \n"},
        {"'spec':{'volumes':[{'name':'d','image':null}]}", ""},
        {"'spec':{'volumes':[null]}", ""},
        {"'spec':{'volumes':[{'name':'d','image':{'reference':null}}]}",
         "spec.volumes[0].image.reference volume 'd' \n"},
        {"'spec':{'template':null,'jobTemplate':null},'template':null,'items':null", ""},
        {"'spec':{'containers':[null]}", "spec.containers[0].image container '' \n"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text = json_format(&arena, "{'kind':'Pod','apiVersion':'v1',%s}", rows[i].body);
        struct object object = read_good(rows[i].body, &arena, text);
        CHECK_STR(rows[i].body, images_of(&arena, &object), json_of(&arena, rows[i].images));
        CHECK(rows[i].body, object.name.len == 0);
    }
}

TEST(offsets)
{
    static const struct {
        const char *text, *at; /* what stands at the offset */
    } rows[] = {
        {"{'kind':'Pod','apiVersion':'v1','spec':{'containers':[{'name':'w','image': 'a:1'}]}}",
         "'a:1'}"},
        {"{'kind':'Pod','apiVersion':'v1','spec':{'containers':[ {'name':'w'}]}}", "{'name':'w'}"},
        {"{'kind':'Pod','apiVersion':'v1','spec':{'volumes':[{'image':{'reference':'v'}}]}}",
         "'v'}}"},
        {"{'kind':'Pod','apiVersion':'v1','spec':{'volumes':[{'name':'d','image':{}}]}}",
         "{'name':'d','image':{}}"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text = json_of(&arena, rows[i].text);
        struct object object = read_good(rows[i].text, &arena, text);
        struct image_cursor at = {0};
        const struct image_site *site = object_next_image(&object, &at);
        CHECK(rows[i].text, site != NULL);
        CHECK(rows[i].text, str_starts(str_tail(text, site->offset), json_of(&arena, rows[i].at)));
    }
}

TEST(escapes)
{
    TEST_ARENA(arena);
    struct str text = json_of(
        &arena, "{'\\u006bind':'P\\u006fd','apiVersion':'\\u00761','spec':{'containers\\u003a':[],"
                "'c\\u006fntainers':[{'n\\u0061me':'w\\u0065b','\\u0069mage':'a\\/b:\\u0031'}]}}");
    struct object object = read_good("pod", &arena, text);
    CHECK_STR("images", images_of(&arena, &object),
              json_of(&arena, "spec.containers[0].image container 'web' a/b:1\n"));
}

/* Names as long as Kubernetes lets them be are shown whole. */
TEST(holders)
{
    TEST_ARENA(arena);
    struct str name = run_of(&arena, 'n', 63);
    struct buf buf = BUF_INIT(&arena, 200);
    struct image_site site = {.name_ptr = name.ptr, .name_len = 63, .list = LIST_VOLUMES};
    buf_add_holder(&buf, &site);
    CHECK_STR("63 letters", finished(&buf), json_format(&arena, "volume '%s'", name.ptr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(kinds_are_of_a_group),
        cmocka_unit_test(groups),
        cmocka_unit_test(keys_in_any_order),
        cmocka_unit_test(other_places_do_not_count),
        cmocka_unit_test(metadata),
        cmocka_unit_test(owners_that_do_not_control),
        cmocka_unit_test(lists_of_objects),
        cmocka_unit_test(revisions),
        cmocka_unit_test(replicas_and_data),
        cmocka_unit_test(templates),
        cmocka_unit_test(nulls),
        cmocka_unit_test(offsets),
        cmocka_unit_test(escapes),
        cmocka_unit_test(holders),
    };
    return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
