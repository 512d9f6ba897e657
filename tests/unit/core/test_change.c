/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/change.h"

#include "pinnace/banned.h"

static const struct siphash_key keys[] = {{0, 0}, {1, 2}, {UINT64_MAX, UINT64_MAX}};

static struct object read_object(struct arena *arena, struct str text)
{
    struct object object = {0};
    struct err err = ERR_CLEAN;
    if (object_read(text, arena, &object, &err) < 0)
        fail_msg("%s: %s", text.ptr, err.text);
    return object;
}

/* Whether two templates of a Deployment say the same, under each key, both ways. */
static bool same(const char *row, struct arena *arena, struct str a, struct str b)
{
    static const char form[] = "{'kind':'Deployment','apiVersion':'apps/v1','spec':{%s}}";
    struct object one = read_object(arena, json_format(arena, form, a.ptr));
    struct object two = read_object(arena, json_format(arena, form, b.ptr));
    bool first = template_same(&one, &two, keys[0], arena);
    for (size_t i = 0; i < COUNT(keys); i++) {
        CHECK_INT(row, template_same(&one, &two, keys[i], arena), first);
        CHECK_INT(row, template_same(&two, &one, keys[i], arena), first);
        CHECK(row, template_same(&one, &one, keys[i], arena));
    }
    return first;
}

TEST(templates)
{
    static const struct {
        const char *name, *a, *b;
        bool same;
    } rows[] = {
        {"equal bytes", "'template':{'spec':{'a':1}}", "'template':{'spec':{'a':1}}", true},
        {"only beside it", "'replicas':1,'template':{'a':1}", "'replicas':5,'template':{'a':1}",
         true},
        {"keys permuted", "'template':{'a':1,'b':{'c':2,'d':3}}",
         "'template':{'b':{'d':3,'c':2},'a':1}", true},
        {"white space", "'template':{'a':[1,2],'b':{}}",
         "'template': {\n 'a' : [ 1 ,\t2 ] , 'b' : { } }", true},
        {"escapes", "'template':{'a':'nginx/x'}", "'template':{'\\u0061':'ngin\\u0078\\/x'}", true},
        {"absent in both", "'replicas':1", "'replicas':2", true},
        {"absent in one", "'replicas':1", "'template':{}", false},
        {"null is absent", "'template':null", "'replicas':2", true},
        {"empty and not", "'template':{}", "'template':{'a':null}", false},
        {"another value", "'template':{'a':1}", "'template':{'a':2}", false},
        {"another key", "'template':{'a':1}", "'template':{'b':1}", false},
        {"values swapped", "'template':{'a':1,'b':2}", "'template':{'a':2,'b':1}", false},
        {"one more key", "'template':{'a':1}", "'template':{'a':1,'b':1}", false},
        {"number and string", "'template':{'a':1}", "'template':{'a':'1'}", false},
        {"bool and string", "'template':{'a':true}", "'template':{'a':'true'}", false},
        {"null and string", "'template':{'a':null}", "'template':{'a':'null'}", false},
        {"null and empty", "'template':{'a':null}", "'template':{'a':''}", false},
        {"null and false", "'template':{'a':null}", "'template':{'a':false}", false},
        {"list and object", "'template':{'a':[]}", "'template':{'a':{}}", false},
        {"list and empty string", "'template':{'a':[]}", "'template':{'a':''}", false},
        {"list order", "'template':{'a':[1,2]}", "'template':{'a':[2,1]}", false},
        {"list order of objects", "'template':{'a':[{'x':1},{'y':2}]}",
         "'template':{'a':[{'y':2},{'x':1}]}", false},
        {"list depth", "'template':{'a':[1,2]}", "'template':{'a':[[1,2]]}", false},
        {"list ends", "'template':{'a':[[1],2]}", "'template':{'a':[[1,2]]}", false},
        {"list of nothing", "'template':{'a':[]}", "'template':{'a':[[]]}", false},
        {"list twice", "'template':{'a':[1]}", "'template':{'a':[1,1]}", false},
        {"object depth", "'template':{'a':{'b':1}}", "'template':{'a':{'b':{}}}", false},
        {"key moved out", "'template':{'a':{'b':1,'c':2}}", "'template':{'a':{'b':1},'c':2}",
         false},
        {"equal members cancel not", "'template':{'a':{'x':1},'b':{'x':1}}",
         "'template':{'a':{},'b':{}}", false},
        {"key given twice", "'template':{'a':1,'a':1}", "'template':{}", false},
        {"key given twice and once", "'template':{'a':1,'a':1}", "'template':{'a':1}", false},
        {"permuted below a list", "'template':{'a':[1,{'x':1,'y':[{'p':1,'q':2}]}],'b':2}",
         "'template':{'a':[1,{'y':[{'q':2,'p':1}],'x':1}],'b':2}", true},
        {"permuted below a list, another value",
         "'template':{'a':[1,{'x':1,'y':[{'p':1,'q':2}]}],'b':2}",
         "'template':{'a':[1,{'y':[{'q':3,'p':1}],'x':1}],'b':2}", false},
        {"permuted, and another value behind", "'template':{'a':{'x':1,'y':2},'b':1}",
         "'template':{'a':{'y':2,'x':1},'b':2}", false},
        {"permuted, and a list cut behind", "'template':{'a':{'x':1,'y':2},'b':[1,2]}",
         "'template':{'a':{'y':2,'x':1},'b':[1]}", false},
        {"permuted with escapes", "'template':{'a':'x','b':'y'}",
         "'template':{'\\u0062':'\\u0079','a':'x'}", true},
        {"last key missing", "'template':{'a':1,'b':2,'c':3}", "'template':{'a':1,'b':2}", false},
        {"case of a value", "'template':{'a':'X'}", "'template':{'a':'x'}", false},
        {"white space in a value", "'template':{'a':'x '}", "'template':{'a':'x'}", false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf a = BUF_INIT(&arena, 1000), b = BUF_INIT(&arena, 1000);
        buf_addf(&a, "%s", rows[i].a);
        buf_addf(&b, "%s", rows[i].b);
        CHECK_INT(rows[i].name, same(rows[i].name, &arena, finished(&a), finished(&b)),
                  rows[i].same);
    }
}

/* Every scalar of a real template, changed one by one, is a change. */
TEST(any_value_changes_it)
{
    static const char *const parts[] = {
        "'template':{'metadata':{'labels':{'app':'",
        "web",
        "'},'annotations':{'restartedAt':'",
        "1",
        "'}},'spec':{'containers':[{'name':'",
        "c",
        "','image':'",
        "nginx:1.27",
        "','args':['",
        "-a",
        "','",
        "-b",
        "'],'ports':[{'containerPort':",
        "80",
        "}],'tty':",
        "true",
        "}],'volumes':[{'name':'",
        "v",
        "','emptyDir':{'sizeLimit':",
        "null",
        "}}],'nodeSelector':{'",
        "zone",
        "':'",
        "z1",
        "'}}}",
    };
    static const struct {
        size_t part;
        const char *other;
    } changes[] = {
        {1, "api"}, {3, "2"},      {5, "d"},  {7, "nginx:1.28"}, {9, "-c"},    {11, "-a"},
        {13, "81"}, {15, "false"}, {17, "w"}, {19, "'1Gi'"},     {21, "host"}, {23, "z2"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i <= COUNT(changes); i++) {
        struct buf a = BUF_INIT(&arena, 2000), b = BUF_INIT(&arena, 2000);
        for (size_t k = 0; k < COUNT(parts); k++) {
            bool other = i < COUNT(changes) && changes[i].part == k;
            buf_addf(&a, "%s", parts[k]);
            buf_addf(&b, "%s", other ? changes[i].other : parts[k]);
        }
        buf_add_char(&b, ' '); /* so that the bytes differ, though not in the template */
        const char *row = i < COUNT(changes) ? changes[i].other : "none";
        CHECK_INT(row, same(row, &arena, finished(&a), finished(&b)), i == COUNT(changes));
    }
}

/* One change anywhere among many parts, behind more of them than are compared by their bytes. */
TEST(a_change_among_many_parts)
{
    enum { PARTS = 24 };
    TEST_ARENA(arena);
    for (int spaced = 0; spaced < 2; spaced++)
        for (int changed = -1; changed < PARTS; changed++) {
            char row[64];
            struct buf a = BUF_INIT(&arena, 4000), b = BUF_INIT(&arena, 4000);
            snprintf(row, sizeof(row), "part %d, spaced %d", changed, spaced);
            for (int i = 0; i < PARTS; i++) {
                const char *before = i ? "," : "'template':{'l':[";
                buf_addf(&a, "%s{'p':[{'v':'%d'}]}", before, i);
                buf_addf(&b, "%s{'p':%s[{'v':'%d'}]}", before, spaced ? " " : "",
                         i == changed ? 4711 : i);
            }
            buf_add(&a, STR("]}"));
            buf_add(&b, STR("] }"));
            CHECK_INT(row, same(row, &arena, finished(&a), finished(&b)), changed < 0);
        }
}

/* Below the levels that are taken apart, bytes are compared. */
TEST(deep_templates)
{
    static const char form[] = "'template':{'metadata':{'x':%s%s},'a':%d}";
    TEST_ARENA(arena);
    struct str deep = nested(&arena, 10000);
    struct str plain = json_format(&arena, form, "", deep.ptr, 1);
    struct str other = json_format(&arena, form, "", nested(&arena, 9999).ptr, 1);
    struct str mixed = json_format(&arena, "'template':{'a':1,'metadata':{'x':%s}}", deep.ptr);
    CHECK("spaced", same("spaced", &arena, plain, json_format(&arena, form, " ", deep.ptr, 1)));
    CHECK("order", same("order", &arena, plain, mixed));
    CHECK("less deep", !same("less deep", &arena, plain, other));
    CHECK("order, less deep", !same("order, less deep", &arena, other, mixed));
    CHECK("behind", !same("behind", &arena, plain, json_format(&arena, form, "", deep.ptr, 2)));
}

/* Each place that has a template has its own. */
TEST(places)
{
    static const struct {
        const char *kind, *before, *behind;
    } rows[] = {
        {"'kind':'PodTemplate','apiVersion':'v1'", "'template':{'a':", "},'spec':{'template':{}}"},
        {"'kind':'Job','apiVersion':'batch/v1'",
         "'spec':{'template':{'a':", "},'jobTemplate':{'spec':{'template':{}}}}"},
        {"'kind':'CronJob','apiVersion':'batch/v1'",
         "'spec':{'jobTemplate':{'spec':{'template':"
         "{'a':",
         "}}}},'template':{}"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object objects[3];
        static const char *const values[] = {"1", "1 ", "2"};
        for (size_t k = 0; k < 3; k++)
            objects[k] =
                read_object(&arena, json_format(&arena, "{%s,%s%s%s}", rows[i].kind, rows[i].before,
                                                values[k], rows[i].behind));
        CHECK(rows[i].kind, template_same(&objects[0], &objects[1], keys[1], &arena));
        CHECK(rows[i].kind, !template_same(&objects[0], &objects[2], keys[1], &arena));
    }
}

/* Without memory nothing is called unchanged. */
TEST(no_room_is_a_change)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(0);
    static const char form[] =
        "{'kind':'Deployment','apiVersion':'apps/v1','spec':{'template':{'a':'\\u0061'%s}}}";
    struct object one = read_object(&arena, json_format(&arena, form, ""));
    struct object two = read_object(&arena, json_format(&arena, form, " "));
    assert_false(template_same(&one, &two, keys[0], &small));
    assert_true(template_same(&one, &two, keys[0], &arena));
}

static const struct image_site *first_image(const struct object *object)
{
    struct image_cursor at = {0};
    const struct image_site *site = object_next_image(object, &at);
    assert_non_null(site);
    return site;
}

static bool had(const char *row, struct old_images *images, const struct image_site *site)
{
    bool has = false, again = true;
    struct err err = ERR_CLEAN;
    CHECK_INT(row, old_images_have(images, site, &has, &err), 0);
    CHECK_INT(row, old_images_have(images, site, &again, &err), 0);
    CHECK_INT(row, again, has); /* whatever was asked before */
    CHECK_INT(row, err.kind, ERR_NONE);
    return has;
}

static const char pod_form[] = "{'kind':'Pod','apiVersion':'v1','spec':{%s}}";

TEST(images_of_pods)
{
    static const char old_spec[] =
        "'containers':[{'name':'web','image':'a:1'},{'name':'side','image':'b:1'}],"
        "'initContainers':[{'name':'init','image':'c:1'}],"
        "'ephemeralContainers':[{'name':'debug','image':'d:1'}],"
        "'volumes':[{'name':'data','image':{'reference':'e:1'}}]";
    static const struct {
        const char *spec;
        bool had;
    } rows[] = {
        {"'containers':[{'name':'web','image':'a:1'}]", true},
        {"'containers':[{'image':'b:1','name':'side'}]", true},
        {"'containers':[{'name':'w\\u0065b','image':'\\u0061:1'}]", true},
        {"'initContainers':[{'name':'init','image':'c:1'}]", true},
        {"'ephemeralContainers':[{'name':'debug','image':'d:1'}]", true},
        {"'volumes':[{'name':'data','image':{'reference':'e:1'}}]", true},
        {"'containers':[{'name':'web','image':'a:2'}]", false},
        {"'containers':[{'name':'web','image':'b:1'}]", false},
        {"'containers':[{'name':'side','image':'a:1'}]", false},
        {"'containers':[{'name':'other','image':'a:1'}]", false},
        {"'containers':[{'image':'a:1'}]", false},
        {"'containers':[{'name':'web'}]", false},
        {"'containers':[{'name':'web','image':'A:1'}]", false},
        {"'containers':[{'name':'web','image':'a:1 '}]", false},
        {"'ephemeralContainers':[{'name':'web','image':'a:1'}]", false},
        {"'initContainers':[{'name':'web','image':'a:1'}]", false},
        {"'containers':[{'name':'debug','image':'d:1'}]", false},
        {"'containers':[{'name':'data','image':'e:1'}]", false},
        {"'volumes':[{'name':'other','image':{'reference':'e:1'}}]", false},
        {"'volumes':[{'name':'data','image':{'reference':'e:2'}}]", false},
        {"'volumes':[{'name':'web','image':{'reference':'a:1'}}]", false},
    };
    TEST_ARENA(arena);
    struct object old = read_object(&arena, json_format(&arena, pod_form, old_spec));
    struct object empty = read_object(&arena, json_format(&arena, pod_form, ""));
    for (size_t k = 0; k < COUNT(keys); k++) {
        /* One is asked all the questions, the other is asked each as the first. */
        struct old_images all = {.object = &old, .key = keys[k], .arena = &arena};
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct old_images one = {.object = &old, .key = keys[k], .arena = &arena};
            struct old_images none = {.object = &empty, .key = keys[k], .arena = &arena};
            struct object pod = read_object(&arena, json_format(&arena, pod_form, rows[i].spec));
            CHECK_INT(rows[i].spec, had(rows[i].spec, &all, first_image(&pod)), rows[i].had);
            CHECK_INT(rows[i].spec, had(rows[i].spec, &one, first_image(&pod)), rows[i].had);
            CHECK(rows[i].spec, !had(rows[i].spec, &none, first_image(&pod)));
        }
    }
}

static struct str many_containers(struct arena *arena, unsigned count, const char *tag)
{
    struct buf buf = BUF_INIT(arena, 100000);
    for (unsigned i = 0; i < count; i++)
        buf_addf(&buf, "%s{'name':'c%u','image':'i%u:%s'}", i ? "," : "'containers':[", i / 2,
                 i / 2, tag);
    buf_add(&buf, count ? STR("]") : STR(""));
    return finished(&buf);
}

/* Tables of every size, with equal ones among them: each is found, and its neighbour is not. */
TEST(many_images)
{
    TEST_ARENA(arena);
    for (unsigned count = 0; count < 70; count++) {
        struct object pod = read_object(
            &arena, json_format(&arena, pod_form, many_containers(&arena, count, "1").ptr));
        struct object other = read_object(
            &arena, json_format(&arena, pod_form, many_containers(&arena, count, "2").ptr));
        struct old_images in_order = {.object = &pod, .key = keys[1], .arena = &arena};
        struct old_images mixed = in_order;
        struct image_cursor at = {0}, at_other = {0};
        const struct image_site *site;
        bool has = false;
        while ((site = object_next_image(&pod, &at))) {
            assert_int_equal(old_images_have(&in_order, site, &has, NULL), 0);
            assert_true(has);
            assert_true(had("same", &mixed, site));
            assert_false(had("other", &mixed, object_next_image(&other, &at_other)));
        }
        assert_null(in_order.slots); /* asked in order, it needs no table */
    }
}

TEST(no_room_for_images)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(16);
    struct err err = ERR_CLEAN;
    struct object old = read_object(
        &arena, json_format(&arena, pod_form, "'containers':[{'name':'web','image':'a:1'}]"));
    struct object new = read_object(
        &arena, json_format(&arena, pod_form, "'containers':[{'name':'web','image':'a:2'}]"));
    struct old_images images = {.object = &old, .key = keys[0], .arena = &small};
    bool has = true;
    assert_int_equal(old_images_have(&images, first_image(&new), &has, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_true(has); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates),
        cmocka_unit_test(any_value_changes_it),
        cmocka_unit_test(a_change_among_many_parts),
        cmocka_unit_test(deep_templates),
        cmocka_unit_test(places),
        cmocka_unit_test(no_room_is_a_change),
        cmocka_unit_test(images_of_pods),
        cmocka_unit_test(many_images),
        cmocka_unit_test(no_room_for_images),
    };
    return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
