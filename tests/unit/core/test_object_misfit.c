/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of an object that is not as it should be, or very large. */
#include "../objects.h"

#include "pinnace/banned.h"

/* A container without an image is told of too: nothing goes unseen. */
TEST(missing_images)
{
    TEST_ARENA(arena);
    struct str text =
        json_of(&arena, "{'kind':'Pod','apiVersion':'v1','spec':{'containers':[{},"
                        "{'name':'web'},{'Image':'a'},{'image':''}],"
                        "'volumes':[{'name':'d','image':{}},{'image':{'ref':'x'}}]}}");
    struct object object = read_good("pod", &arena, text);
    CHECK_STR("images", images_of(&arena, &object),
              json_of(&arena, "spec.containers[0].image container '' \n"
                              "spec.containers[1].image container 'web' \n"
                              "spec.containers[2].image container '' \n"
                              "spec.containers[3].image container '' \n"
                              "spec.volumes[0].image.reference volume 'd' \n"
                              "spec.volumes[1].image.reference volume '' \n"));
}

TEST(keys_given_twice)
{
    static const char *const rows[] = {
        "{'kind':'Pod','kind':'Job'}",
        "{'apiVersion':'v1','apiVersion':'v1'}",
        "{'metadata':{},'metadata':{}}",
        "{'metadata':{'name':'a','name':'b'}}",
        "{'metadata':{'ownerReferences':[],'ownerReferences':[]}}",
        "{'metadata':{'ownerReferences':[{'controller':true,'controller':false}]}}",
        "{'spec':{},'spec':{}}",
        "{'spec':{'containers':[],'containers':[]}}",
        "{'spec':{'containers':[],'c\\u006fntainers':[]}}",
        "{'spec':{'containers':[{'image':'a@sha256:x','image':'b'}]}}",
        "{'spec':{'containers':[{'image':'a','\\u0069mage':'b'}]}}",
        "{'spec':{'template':{},'template':{}}}",
        "{'spec':{'template':{'spec':{},'spec':{}}}}",
        "{'spec':{'jobTemplate':{'spec':{'template':{},'template':{}}}}}",
        "{'spec':{'volumes':[{'image':{'reference':'a','reference':'b'}}]}}",
        "{'template':{'spec':{'initContainers':[{'image':'a','image':'b'}]}}}",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = {.name = STR("untouched")};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], object_read(json_of(&arena, rows[i]), &arena, &object, &err), -1);
        CHECK_INT(rows[i], err.kind, ERR_INPUT);
        CHECK_HAS(rows[i], ERR_TEXT(err), "given twice");
        CHECK_STR(rows[i], object.name, STR("untouched"));
    }
}

/* What is misshapen fails where the kind keeps its pods, and nowhere else. */
TEST(wrong_types)
{
    static const struct {
        const char *body;
        bool fails[POD_PLACES]; /* Pod, PodTemplate, Job, CronJob */
        const char *err;
    } rows[] = {
        {"'spec':[]", {true, false, true, true}, "spec: an object was expected here"},
        {"'spec':'x'", {true, false, true, true}, "spec: an object was expected here"},
        {"'spec':{'containers':{}}", {true}, "spec.containers: a list was expected here"},
        {"'spec':{'containers':'x'}", {true}, "spec.containers: a list was expected here"},
        {"'spec':{'containers':['x']}", {true}, "spec.containers[0]: an object was expected here"},
        {"'spec':{'containers':[{},[]]}",
         {true},
         "spec.containers[1]: an object was expected here"},
        {"'spec':{'containers':[{'image':1}]}",
         {true},
         "spec.containers[0].image: a string was expected here"},
        {"'spec':{'containers':[{'image':['a']}]}",
         {true},
         "spec.containers[0].image: a string was expected here"},
        {"'spec':{'containers':[{'image':{'x':1}}]}",
         {true},
         "spec.containers[0].image: a string was expected here"},
        {"'spec':{'initContainers':[{'image':true}]}",
         {true},
         "spec.initContainers[0].image: a string was expected here"},
        {"'spec':{'ephemeralContainers':[{'name':1}]}",
         {true},
         "spec.ephemeralContainers[0].name: a string was expected here"},
        {"'spec':{'volumes':{}}", {true}, "spec.volumes: a list was expected here"},
        {"'spec':{'volumes':[1]}", {true}, "spec.volumes[0]: an object was expected here"},
        {"'spec':{'volumes':[{'image':'a:1'}]}",
         {true},
         "spec.volumes[0].image: an object was expected here"},
        {"'spec':{'volumes':[{'image':{'reference':1}}]}",
         {true},
         "spec.volumes[0].image.reference: a string was expected here"},
        {"'template':1", {false, true}, "template: an object was expected here"},
        {"'template':{'spec':[]}", {false, true}, "template.spec: an object was expected here"},
        {"'template':{'spec':{'containers':1}}",
         {false, true},
         "template.spec.containers: a list was expected here"},
        {"'spec':{'template':[]}",
         {false, false, true},
         "spec.template: an object was expected here"},
        {"'spec':{'template':{'spec':1}}",
         {false, false, true},
         "spec.template.spec: an object was expected here"},
        {"'spec':{'template':{'spec':{'containers':[{'image':1}]}}}",
         {false, false, true},
         "spec.template.spec.containers[0].image: a string was expected here"},
        {"'spec':{'jobTemplate':'x'}",
         {false, false, false, true},
         "spec.jobTemplate: an object was expected here"},
        {"'spec':{'jobTemplate':{'spec':1}}",
         {false, false, false, true},
         "spec.jobTemplate.spec: an object was expected here"},
        {"'spec':{'jobTemplate':{'spec':{'template':[]}}}",
         {false, false, false, true},
         "spec.jobTemplate.spec.template: an object was expected here"},
        {"'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':7}}}}}",
         {false, false, false, true},
         "spec.jobTemplate.spec.template.spec.containers: a list was expected here"},
        {"'status':7,'data':[],'rules':'x'", {false}, NULL},
    };
    static const char *const own[POD_PLACES] = {
        "'kind':'Pod','apiVersion':'v1'",
        "'kind':'PodTemplate','apiVersion':'v1'",
        "'kind':'Job','apiVersion':'batch/v1'",
        "'kind':'CronJob','apiVersion':'batch/v1'",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int place = 0; place <= POD_PLACES; place++) {
            char row[200];
            struct object object = {.name = STR("untouched")};
            struct err err = ERR_CLEAN;
            const char *kind = place < POD_PLACES ? own[place] : "'kind':'Widget'";
            snprintf(row, sizeof(row), "%s, %s", rows[i].body, kind);
            bool fails = place < POD_PLACES && rows[i].fails[place];
            struct str text = json_format(&arena, "{%s,%s}", rows[i].body, kind);
            CHECK_INT(row, object_read(text, &arena, &object, &err), fails ? -1 : 0);
            CHECK_INT(row, err.kind, fails ? ERR_INPUT : ERR_NONE);
            if (fails) {
                CHECK_STR(row, object.name, STR("untouched"));
                CHECK(row, str_starts(ERR_TEXT(err), str_of(rows[i].err)));
                CHECK_HAS(row, ERR_TEXT(err), " (line 1, column ");
            }
        }
}

/* Who it is must have the right types for every kind. */
TEST(wrong_types_of_who_it_is)
{
    static const char *const rows[] = {
        "[]",
        "1",
        "null",
        "'x'",
        "{'kind':1}",
        "{'apiVersion':{}}",
        "{'metadata':[]}",
        "{'metadata':{'name':1}}",
        "{'metadata':{'namespace':[]}}",
        "{'metadata':{'generateName':true}}",
        "{'metadata':{'ownerReferences':{}}}",
        "{'metadata':{'ownerReferences':['x']}}",
        "{'metadata':{'ownerReferences':[{'kind':1}]}}",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = {.name = STR("untouched")};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i], object_read(json_of(&arena, rows[i]), &arena, &object, &err), -1);
        CHECK_INT(rows[i], err.kind, ERR_INPUT);
        CHECK_STR(rows[i], object.name, STR("untouched"));
    }
}

TEST(the_first_misfit_is_told)
{
    TEST_ARENA(arena);
    struct object object;
    struct scan scan;
    struct err err = ERR_CLEAN;
    size_t offset = 7;
    struct str text = json_of(&arena, "{'kind':'Pod','apiVersion':'v1','spec':\n{'containers':"
                                      "[{'image':1}],'volumes':2}}");
    scan_begin(&scan, text, &arena);
    object_scan(&scan, &object);
    assert_int_equal(scan_finish(&scan, &err), 0);
    assert_int_equal(object_check(&object, &offset, &err), -1);
    assert_string_equal(err.text, "spec.containers[0].image: a string was expected here (is a "
                                  "quote missing?) (line 2, column 25)");
    assert_int_equal(text.ptr[offset], '1');
    object.derived = true;
    assert_int_equal(object_check(&object, NULL, &err), -1);
    assert_string_equal(err.text, "spec.containers[0].image: a string was expected here (is a "
                                  "quote missing?)");
    object.kind = NULL;
    offset = 7;
    assert_int_equal(object_check(&object, &offset, &err), 0);
    assert_int_equal(offset, 7);
}

/* More images than fit in one piece of memory, in their order. */
TEST(many_images)
{
    TEST_ARENA(arena);
    for (unsigned count = 0; count < 400; count += count < 130 ? 1 : 90) {
        struct buf buf = BUF_INIT(&arena, 1000000);
        buf_add(&buf, STR("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"spec\":{\"containers\":["));
        for (unsigned i = 0; i < count; i++)
            buf_addf(&buf, "%s{\"image\":\"i%u\"}", i ? "," : "", i);
        buf_add(&buf, STR("]}}"));
        struct object object = read_good("pod", &arena, finished(&buf));
        const struct image_site *site;
        unsigned seen = 0;
        for (struct image_cursor at = {0}; (site = object_next_image(&object, &at)); seen++) {
            char want[16];
            snprintf(want, sizeof(want), "i%u", seen);
            CHECK_STR(want, site_image(site), str_of(want));
            CHECK_INT(want, site->index, seen);
        }
        assert_int_equal(seen, count);
    }
}

TEST(no_room)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(100);
    struct object object = {.name = STR("untouched")};
    struct err err = ERR_CLEAN;
    struct str text = json_of(&arena, "{'kind':'Pod','apiVersion':'v1','spec':{'containers':"
                                      "[{'image':'a'}]}}");
    assert_int_equal(object_read(text, &small, &object, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    CHECK_STR("object", object.name, STR("untouched"));
}

/* The scanner's own refusals come through. */
TEST(no_json)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {"", "an object was expected here (line 1, column 1)"},
        {"{", "a key in double quotes was expected here"},
        {"{} {}", "something follows the value"},
        {"{'spec':{'containers':[{'image':'\\ud800'}]}}",
         "spec.containers[0].image: an escape that JSON does not have"},
        {"{'spec':{'containers':[{'image':01}]}}", "spec.containers[0].image: not a number"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = {.name = STR("untouched")};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, object_read(json_of(&arena, rows[i].text), &arena, &object, &err),
                  -1);
        CHECK(rows[i].text, str_starts(ERR_TEXT(err), str_of(rows[i].err)));
        CHECK_STR(rows[i].text, object.name, STR("untouched"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_images),
        cmocka_unit_test(keys_given_twice),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(wrong_types_of_who_it_is),
        cmocka_unit_test(the_first_misfit_is_told),
        cmocka_unit_test(many_images),
        cmocka_unit_test(no_room),
        cmocka_unit_test(no_json),
    };
    return cmocka_run_group_tests_name("object_misfit", tests, NULL, NULL);
}
