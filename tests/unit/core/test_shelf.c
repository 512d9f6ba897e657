/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/shelf.h"

#include "pinnace/banned.h"

static struct shelf_key key(const char *namespace, const char *name)
{
    return (struct shelf_key){str_of(namespace), str_of(name)};
}

static void put(struct shelf *shelf, const char *namespace, const char *name, const char *json)
{
    struct err err;
    assert_int_equal(shelf_put(shelf, key(namespace, name), str_of(json), &err), 0);
}

/* "a/x=1 a/y=2!": an exclamation mark behind what is bad. */
static void assert_holds(const struct shelf *shelf, const char *expected)
{
    char text[512] = "";
    size_t len = 0;
    for (size_t i = 0; i < shelf->count; i++) {
        const struct shelf_item *item = shelf->items[i];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s/%.*s=%.*s%s", i ? " " : "",
                                STR_FMT(item->key.namespace), STR_FMT(item->key.name),
                                STR_FMT(item->json), item->bad ? "!" : "");
    }
    assert_string_equal(text, expected);
}

TEST(keeps_the_order_of_keys)
{
    struct shelf shelf = SHELF_INIT(10000, 10000);
    put(&shelf, "b", "x", "1");
    put(&shelf, "a", "yy", "2");
    put(&shelf, "a", "y", "3");
    put(&shelf, "ab", "", "4");
    put(&shelf, "", "z", "5");
    assert_holds(&shelf, "/z=5 a/y=3 a/yy=2 ab/=4 b/x=1");
    shelf_free(&shelf);
    assert_int_equal(shelf.count, 0);
    assert_int_equal(shelf.max_bytes, 10000);
}

TEST(replaces_and_removes)
{
    struct shelf shelf = SHELF_INIT(10000, 10000);
    put(&shelf, "a", "x", "1");
    put(&shelf, "a", "y", "2");
    put(&shelf, "a", "x", "longer");
    shelf_remove(&shelf, key("a", "y"));
    shelf_remove(&shelf, key("a", "not there"));
    assert_holds(&shelf, "a/x=longer");
    assert_null(shelf_find(&shelf, key("a", "y")));
    assert_int_equal(shelf_find(&shelf, key("a", "x"))->json.len, 6);
    shelf_remove(&shelf, key("a", "x"));
    assert_int_equal(shelf.bytes, 0);
    shelf_free(&shelf);
}

TEST(what_a_list_does_not_have_goes)
{
    struct shelf shelf = SHELF_INIT(10000, 10000);
    put(&shelf, "a", "x", "1");
    put(&shelf, "a", "y", "2");
    put(&shelf, "b", "x", "3");
    shelf_begin(&shelf);
    put(&shelf, "a", "y", "2");
    put(&shelf, "c", "new", "4");
    assert_holds(&shelf, "a/x=1 a/y=2 b/x=3 c/new=4"); /* nothing goes before the list is whole */
    shelf_whole(&shelf);
    assert_holds(&shelf, "a/y=2 c/new=4");
    shelf_begin(&shelf);
    shelf_whole(&shelf);
    assert_holds(&shelf, "");
    assert_int_equal(shelf.bytes, 0);
    shelf_free(&shelf);
}

TEST(of_the_bad_what_was_said_before_stays)
{
    struct shelf shelf = SHELF_INIT(10000, 10000);
    struct err err;
    put(&shelf, "a", "x", "1");
    shelf_begin(&shelf);
    assert_int_equal(shelf_put_bad(&shelf, key("a", "x"), &err), 0);
    assert_int_equal(shelf_put_bad(&shelf, key("a", "w"), &err), 0);
    shelf_whole(&shelf);
    assert_holds(&shelf, "a/w=! a/x=1!");
    assert_int_equal(shelf_count_bad(&shelf), 2);
    put(&shelf, "a", "x", "2");
    assert_holds(&shelf, "a/w=! a/x=2");
    assert_int_equal(shelf_count_bad(&shelf), 1);
    shelf_free(&shelf);
}

TEST(many)
{
    struct shelf shelf = SHELF_INIT(1000000, 1000000);
    char name[16];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "%u", i * 7919 % 1000);
        put(&shelf, "a", name, "1");
    }
    assert_int_equal(shelf.count, 1000);
    for (size_t i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "%zu", i);
        assert_non_null(shelf_find(&shelf, key("a", name)));
    }
    shelf_free(&shelf);
}

TEST(the_ceiling_holds)
{
    const size_t one = sizeof(struct shelf_item) + 2 + 10;
    struct shelf shelf = SHELF_INIT(2 * one, 2 * one);
    struct err err;
    put(&shelf, "a", "x", "0123456789");
    put(&shelf, "a", "y", "0123456789");
    assert_int_equal(shelf_put(&shelf, key("a", "z"), STR("1"), &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_int_equal(shelf_put(&shelf, key("a", "x"), STR("0123456789+"), &err), -1);
    assert_int_equal(shelf_put_bad(&shelf, key("a", "z"), &err), -1);
    assert_holds(&shelf, "a/x=0123456789 a/y=0123456789");
    put(&shelf, "a", "x", "1234567890"); /* in the place of what it replaces */
    shelf_remove(&shelf, key("a", "y"));
    put(&shelf, "a", "z", "0123456789");
    assert_holds(&shelf, "a/x=1234567890 a/z=0123456789");
    shelf_free(&shelf);
}

/* A list of all others fits although what it is to replace is still there; a third such one does not. */
TEST(what_a_list_may_replace_takes_no_room)
{
    const size_t one = sizeof(struct shelf_item) + 2 + 10;
    struct shelf shelf = SHELF_INIT(2 * one, 2 * one);
    struct err err;
    put(&shelf, "a", "x", "0123456789");
    put(&shelf, "a", "y", "0123456789");
    shelf_begin(&shelf);
    put(&shelf, "b", "x", "0123456789");
    put(&shelf, "b", "y", "0123456789");
    assert_int_equal(shelf_put(&shelf, key("b", "z"), STR("0123456789"), &err), -1);
    shelf_begin(&shelf); /* the list has failed half way */
    assert_int_equal(shelf_put(&shelf, key("c", "x"), STR("0123456789"), &err), -1);
    assert_int_equal(shelf_put_bad(&shelf, key("a", "x"), &err), 0);
    put(&shelf, "b", "y", "1234567890");
    shelf_whole(&shelf);
    assert_holds(&shelf, "a/x=0123456789! b/y=1234567890");
    assert_int_equal(shelf.bytes, 2 * one);
    assert_int_equal(shelf.seen_bytes, 2 * one);
    shelf_remove(&shelf, key("a", "x"));
    put(&shelf, "a", "z", "0123456789");
    shelf_free(&shelf);
}

/* Who fills his share is refused, and others are not. */
TEST(shares)
{
    const size_t one = sizeof(struct shelf_item) + 2 + 10;
    struct shelf shelf = SHELF_INIT(5 * one, 2 * one);
    struct err err;
    put(&shelf, "a", "x", "0123456789");
    put(&shelf, "a", "y", "0123456789");
    assert_false(shelf_is_full(&shelf));
    assert_int_equal(shelf_put(&shelf, key("a", "z"), STR("0123456789"), &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_true(shelf.news && shelf_is_full(&shelf));
    assert_int_equal(shelf_put(&shelf, key("a", "z"), STR("0123456789"), &err), -1);
    assert_false(shelf.news);
    put(&shelf, "b", "x", "0123456789");
    put(&shelf, "b", "y", "0123456789");
    assert_int_equal(shelf_put(&shelf, key("b", "z"), STR("0123456789"), &err), -1);
    assert_true(shelf.news);
    put(&shelf, "c", "x", "0123456789");
    assert_int_equal(shelf_put(&shelf, key("d", "x"), STR("0123456789"), &err), -1);
    assert_true(shelf.news); /* of the shelf as a whole */
    assert_int_equal(shelf_put(&shelf, key("e", "x"), STR("0123456789"), &err), -1);
    assert_false(shelf.news);
    assert_int_equal(shelf.share_count, 3);
    assert_holds(&shelf, "a/x=0123456789 a/y=0123456789 b/x=0123456789 b/y=0123456789 "
                         "c/x=0123456789");
    shelf_free(&shelf);
}

/* Room that others left is told by the next list. */
TEST(full_until_a_list_fits)
{
    const size_t one = sizeof(struct shelf_item) + 2 + 1;
    struct shelf shelf = SHELF_INIT(4 * one, one);
    struct err err;
    for (int round = 0; round < 3; round++) {
        shelf_begin(&shelf);
        put(&shelf, "a", "x", "1");
        if (round < 2)
            assert_int_equal(shelf_put(&shelf, key("a", "y"), STR("1"), &err), -1);
        assert_int_equal(shelf.news, round == 0);
        shelf_whole(&shelf);
        assert_int_equal(shelf_is_full(&shelf), round < 2);
    }
    shelf_free(&shelf);
}

TEST(what_has_ended_leaves_its_room)
{
    size_t one = sizeof(struct shelf_item) + strlen("ax1");
    struct shelf shelf = SHELF_INIT(3 * one, 3 * one);
    struct err err = ERR_CLEAN;
    shelf_begin(&shelf);
    put(&shelf, "a", "x", "1");
    put(&shelf, "a", "y", "2");
    put(&shelf, "b", "z", "3");
    shelf_set_end(&shelf, key("a", "x"), 100);
    shelf_set_end(&shelf, key("b", "z"), 200);
    shelf_set_end(&shelf, key("b", "not there"), 1);
    assert_int_equal(shelf_put(&shelf, key("c", "w"), STR("4"), &err), -1);
    shelf.now = 99;
    assert_int_equal(shelf_put(&shelf, key("c", "w"), STR("4"), &err), -1);
    assert_int_equal(shelf_drop_ended(&shelf), 0);
    shelf.now = 100;
    shelf.full = shelf.refused = false;
    put(&shelf, "c", "w", "4");
    assert_holds(&shelf, "a/y=2 b/z=3 c/w=4");
    assert_false(shelf_is_full(&shelf));
    assert_int_equal(shelf.bytes, 3 * one);
    assert_int_equal(shelf.seen_bytes, 3 * one);
    put(&shelf, "b", "z", "5"); /* anew, and without an end */
    shelf.now = 1000;
    assert_int_equal(shelf_drop_ended(&shelf), 0);
    assert_int_equal(shelf.share_count, 3);
    shelf_set_end(&shelf, key("b", "z"), 200);
    assert_int_equal(shelf_drop_ended(&shelf), 1);
    assert_int_equal(shelf.share_count, 2);
    assert_holds(&shelf, "a/y=2 c/w=4");
    shelf_free(&shelf);
}

TEST(what_has_ended_leaves_the_room_of_its_namespace)
{
    size_t one = sizeof(struct shelf_item) + strlen("ax1");
    struct shelf shelf = SHELF_INIT(10 * one, one);
    shelf.now = 100;
    put(&shelf, "a", "x", "1");
    put(&shelf, "b", "x", "1");
    shelf_set_end(&shelf, key("a", "x"), 100);
    put(&shelf, "a", "y", "2"); /* the last of its namespace made room for it */
    assert_holds(&shelf, "a/y=2 b/x=1");
    assert_int_equal(shelf.bytes, 2 * one);
    shelf_set_end(&shelf, key("a", "y"), 50);
    put(&shelf, "a", "y", "3");
    assert_holds(&shelf, "a/y=3 b/x=1");
    assert_false(shelf_is_full(&shelf));
    shelf_free(&shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(full_until_a_list_fits),
        cmocka_unit_test(keeps_the_order_of_keys),
        cmocka_unit_test(replaces_and_removes),
        cmocka_unit_test(what_a_list_does_not_have_goes),
        cmocka_unit_test(of_the_bad_what_was_said_before_stays),
        cmocka_unit_test(many),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(what_a_list_may_replace_takes_no_room),
        cmocka_unit_test(what_has_ended_leaves_its_room),
        cmocka_unit_test(what_has_ended_leaves_the_room_of_its_namespace),
    };
    return cmocka_run_group_tests_name("shelf", tests, NULL, NULL);
}
