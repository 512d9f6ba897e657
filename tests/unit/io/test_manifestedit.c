/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/manifestedit.h"
#include "pinnace/object.h"

#include "pinnace/banned.h"

enum { CHANGES_MAX = 64 };

/* Every image "a:1" of the text is to become "a:1@x"; the rest as in manifest_edit. */
static int edit(struct arena *arena, const char *file, struct str text, struct str *ret_text,
                struct err *err)
{
    struct manifest *manifest = arena_new(arena, struct manifest);
    struct manifest_change changes[CHANGES_MAX];
    size_t count = 0;
    if (manifest_parse(file, text, arena, manifest, err) < 0)
        return -1;
    const struct manifest_object *source = manifest->objects;
    for (; source; source = source->next) {
        struct object *object = arena_new(arena, struct object);
        struct image_cursor cursor = {0};
        assert_int_equal(object_read(source->json, arena, object, err), 0);
        for (const struct image_site *site; (site = object_next_image(object, &cursor));)
            if (str_eq(site_image(site), STR("a:1")) && count < CHANGES_MAX)
                changes[count++] =
                    (struct manifest_change){source, site->offset, STR("a:1"), STR("a:1@x")};
    }
    return manifest_edit(manifest, changes, count, arena, ret_text, err);
}

#define POD(image) "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - image: " image "\n"

TEST(edited)
{
    static const struct {
        const char *name, *before, *after;
    } rows[] = {
        {"plain", POD("a:1"), POD("a:1@x")},
        {"quotes", POD("'a:1'"), POD("'a:1@x'")},
        {"double quotes", POD("\"a:1\""), POD("\"a:1@x\"")},
        {"a comment behind it", POD("a:1   # a:1, as ever"), POD("a:1@x   # a:1, as ever")},
        {"spaces", POD("   a:1  "), POD("   a:1@x  ")},
        {"line ends of DOS", "kind: Pod\r\nspec:\r\n  containers:\r\n  - image: a:1\r\n",
         "kind: Pod\r\nspec:\r\n  containers:\r\n  - image: a:1@x\r\n"},
        {"no line end", "kind: Pod\nspec: {containers: [{image: a:1}]}",
         "kind: Pod\nspec: {containers: [{image: a:1@x}]}"},
        {"flow", "{kind: Pod, spec: {containers: [{image: a:1, name: b}, {image: 'a:1'}]}}",
         "{kind: Pod, spec: {containers: [{image: a:1@x, name: b}, {image: 'a:1@x'}]}}"},
        {"json", "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"image\":\"a:1\"}]}}\n",
         "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"image\":\"a:1@x\"}]}}\n"},
        {"other letters before it",
         "kind: Pod\nspec: {containers: [{name: \xd1\x85\xd1\x85, image: "
         "a:1}]}\n",
         "kind: Pod\nspec: {containers: [{name: \xd1\x85\xd1\x85, image: a:1@x}]}\n"},
        {"a byte order mark", "\xef\xbb\xbf" POD("a:1"), "\xef\xbb\xbf" POD("a:1@x")},
        {"several documents", "---\n" POD("a:1") "---\n" POD("b:1") "---\n" POD("a:1"),
         "---\n" POD("a:1@x") "---\n" POD("b:1") "---\n" POD("a:1@x")},
        {"a List",
         "kind: List\nitems:\n- kind: Pod\n  spec: {containers: [{image: a:1}]}\n- kind: Pod\n  "
         "spec: {containers: [{image: a:1}]}\n",
         "kind: List\nitems:\n- kind: Pod\n  spec: {containers: [{image: a:1@x}]}\n- kind: Pod\n  "
         "spec: {containers: [{image: a:1@x}]}\n"},
        {"a map that is used twice",
         "kind: Pod\nspec:\n  containers:\n  - &c {image: a:1}\n  initContainers:\n  - *c\n",
         "kind: Pod\nspec:\n  containers:\n  - &c {image: a:1@x}\n  initContainers:\n  - *c\n"},
        {"nothing to do", POD("b:1"), POD("b:1")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str text = STR_NONE;
        if (edit(&arena, "f", str_of(rows[i].before), &text, &err) < 0)
            fail_msg("%s: %s", rows[i].name, err.text);
        CHECK_STR(rows[i].name, text, str_of(rows[i].after));
    }
}

TEST(refused)
{
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        {"a block", POD("|-\n      a:1"), "f:5: this image is written in a way"},
        {"a folded block", POD(">-\n      a:1"), "f:5: this image"},
        {"an escape", POD("\"a\\x3a1\""), "f:5: this image"},
        {"an escape in JSON",
         "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"image\":\"a\\u003a1\"}]}}",
         "f:1: this image"},
        {"an anchor", POD("&i a:1"), "f:5: this image"},
        {"a tag", POD("!!str a:1"), "f:5: this image"},
        {"an anchor that something else uses",
         "kind: Pod\nmetadata: {name: &i a:1}\nspec: {containers: [{image: *i}]}",
         "f:2: this image"},
        {"lines that are none to us", "# \xe2\x80\xa8\n" POD("a:1"), ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str text = STR("untouched");
        CHECK_INT(rows[i].name, edit(&arena, "f", str_of(rows[i].text), &text, &err), -1);
        CHECK_STR(rows[i].name, text, STR("untouched"));
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
    }
}

/* The same map under two keys, of which one is no image: its value would change too. */
TEST(shared_with_something_else)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct str text = STR("untouched");
    CHECK_INT("shared",
              edit(&arena, "f",
                   STR("kind: Pod\nspec:\n  containers:\n  - &c {image: a:1}\n  other: *c\n"),
                   &text, &err),
              -1);
    CHECK_HAS("shared", ERR_TEXT(err), "cannot be edited without a change of something else");
    CHECK_STR("shared", text, STR("untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edited),
        cmocka_unit_test(refused),
        cmocka_unit_test(shared_with_something_else),
    };
    return cmocka_run_group_tests_name("manifestedit", tests, NULL, NULL);
}
