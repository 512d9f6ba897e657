/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/watch.h"

#include "pinnace/banned.h"

#define POD "{'kind':'Pod','metadata':{'name':'a','resourceVersion':'12'},'spec':{}}"

TEST(events)
{
    static const struct {
        const char *name, *json;
        enum watch_type type;
        const char *object, *version;
    } rows[] = {
        {"added", "{'type':'ADDED','object':" POD "}", WATCH_ADDED, POD, "12"},
        {"modified", "{'type':'MODIFIED','object':" POD "}", WATCH_MODIFIED, POD, "12"},
        {"deleted", "{'type':'DELETED','object':" POD "}", WATCH_DELETED, POD, "12"},
        {"the object first", "{'object':" POD ",'type':'ADDED'}", WATCH_ADDED, POD, "12"},
        {"room between", " { 'type' : 'ADDED' , 'object' :  " POD " } ", WATCH_ADDED, POD, "12"},
        {"more than we know", "{'x':[1,{}],'type':'ADDED','object':" POD ",'y':null}", WATCH_ADDED,
         POD, "12"},
        {"a bookmark", "{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'77'}}}",
         WATCH_BOOKMARK, "{'metadata':{'resourceVersion':'77'}}", "77"},
        {"an error", "{'type':'ERROR','object':{'kind':'Status','code':410}}", WATCH_ERROR,
         "{'kind':'Status','code':410}", ""},
        {"a version that is no number",
         "{'type':'ADDED','object':{'metadata':{'resourceVersion':'a/b'}}}", WATCH_ADDED,
         "{'metadata':{'resourceVersion':'a/b'}}", "a/b"},
        {"another resourceVersion deeper down",
         "{'type':'ADDED','object':{'spec':{'metadata':{'resourceVersion':'9'}},'metadata':"
         "{'resourceVersion':'1','x':{'resourceVersion':'8'}}}}",
         WATCH_ADDED,
         "{'spec':{'metadata':{'resourceVersion':'9'}},'metadata':{'resourceVersion':'1','x':"
         "{'resourceVersion':'8'}}}",
         "1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct watch_event event = {0};
        int code = watch_event_read(json_of(&arena, rows[i].json), &arena, &event, &err);
        CHECK_INT(rows[i].name, code, 0);
        CHECK_INT(rows[i].name, event.type, rows[i].type);
        CHECK_STR(rows[i].name, event.object, json_of(&arena, rows[i].object));
        CHECK_STR(rows[i].name, event.resource_version, str_of(rows[i].version));
    }
}

TEST(no_events)
{
    static const struct {
        const char *name, *json, *says;
    } rows[] = {
        {"nothing", "", ""},
        {"half", "{'type':'ADDED','object':{", ""},
        {"two", "{'type':'ADDED','object':" POD "}{}", "follows"},
        {"no type", "{'object':" POD "}", "type"},
        {"a type of its own", "{'type':'added','object':" POD "}", "\"added\""},
        {"a type that is a number", "{'type':1,'object':" POD "}", "type"},
        {"no object", "{'type':'ADDED'}", "object"},
        {"null", "{'type':'ADDED','object':null}", "object"},
        {"a list", "{'type':'ADDED','object':[]}", "object"},
        {"no version", "{'type':'ADDED','object':{'metadata':{}}}", "resourceVersion"},
        {"an empty one", "{'type':'ADDED','object':{'metadata':{'resourceVersion':''}}}",
         "resourceVersion"},
        {"a number", "{'type':'ADDED','object':{'metadata':{'resourceVersion':5}}}",
         "resourceVersion"},
        {"twice", "{'type':'ADDED','type':'DELETED','object':" POD "}", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct watch_event event = {.type = WATCH_BOOKMARK};
        struct str text = exact_copy(json_of(&arena, rows[i].json));
        CHECK_INT(rows[i].name, watch_event_read(text, &arena, &event, &err), -1);
        exact_free(text);
        CHECK_INT(rows[i].name, event.type, WATCH_BOOKMARK);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        CHECK(rows[i].name, err.text[0] != '\0');
    }
}

TEST(pages)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct watch_page page = {0};
    struct str text = json_of(&arena, "{'kind':'PodList','apiVersion':'v1','metadata':"
                                      "{'resourceVersion':'5','continue':'abc','remainingItemCount'"
                                      ":7},'items':[{'a':1}, {'b':[{}]}]}");
    CHECK_INT("a page", watch_page_read(text, &arena, &page, &err), 0);
    CHECK_STR("a page", page.kind, STR("Pod"));
    CHECK_STR("a page", page.api_version, STR("v1"));
    CHECK_STR("a page", page.resource_version, STR("5"));
    CHECK_STR("a page", page.next, STR("abc"));
    CHECK_INT("a page", page.count, 2);
    CHECK_STR("a page", page.items[0], STR("{\"a\":1}"));
    CHECK_STR("a page", page.items[1], STR("{\"b\":[{}]}"));
    text = json_of(&arena, "{'items':null,'metadata':{'resourceVersion':'5'},'kind':'TrackList'}");
    CHECK_INT("null is empty", watch_page_read(text, &arena, &page, &err), 0);
    CHECK_INT("null is empty", page.count, 0);
    CHECK_INT("the last page", page.next.len, 0);
}

TEST(many_items)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 1024 * 1024);
    struct err err = ERR_CLEAN;
    struct watch_page page = {0};
    buf_add(&buf, STR("{\"kind\":\"XList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["));
    for (int i = 0; i < 5000; i++)
        buf_addf(&buf, "%s{\"n\":%d}", i ? "," : "", i);
    buf_add(&buf, STR("]}"));
    CHECK_INT("5,000", watch_page_read(finished(&buf), &arena, &page, &err), 0);
    CHECK_INT("5,000", page.count, 5000);
    CHECK_STR("the last one", page.items[4999], STR("{\"n\":4999}"));
}

TEST(no_pages)
{
    static const struct {
        const char *name, *json, *says;
    } rows[] = {
        {"no list", "{'kind':'Pod','metadata':{'resourceVersion':'5'}}", "a list was expected"},
        {"no kind", "{'metadata':{'resourceVersion':'5'},'items':[]}", "kind"},
        {"no version", "{'kind':'PodList','metadata':{},'items':[]}", "resourceVersion"},
        {"an item that is a number",
         "{'kind':'PodList','metadata':{'resourceVersion':'5'},'items':[{},1]}", "items[1]"},
        {"items that are none", "{'kind':'PodList','metadata':{'resourceVersion':'5'},'items':{}}",
         "items"},
        {"cut off", "{'kind':'PodList','metadata':{'resourceVersion':'5'},'items':[{}", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct watch_page page = {.count = 77};
        struct str text = json_of(&arena, rows[i].json);
        CHECK_INT(rows[i].name, watch_page_read(text, &arena, &page, &err), -1);
        CHECK_INT(rows[i].name, page.count, 77);
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

TEST(no_room)
{
    TEST_ARENA(arena);
    struct str text = json_of(&arena, "{'kind':'PodList','metadata':{'resourceVersion':'5'},"
                                      "'items':[{}]}");
    struct arena small ARENA_SCOPED = ARENA_INIT(64);
    struct watch_page page;
    struct err err = ERR_CLEAN;
    CHECK_INT("a full arena", watch_page_read(text, &small, &page, &err), -1);
    CHECK_INT("a full arena", err.kind, ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events),     cmocka_unit_test(no_events), cmocka_unit_test(pages),
        cmocka_unit_test(many_items), cmocka_unit_test(no_pages),  cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
