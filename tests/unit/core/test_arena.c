/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/arena.h"

#include "pinnace/banned.h"

static bool all_zero(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

static const size_t sizes[] = {0,
                               1,
                               15,
                               16,
                               17,
                               4095,
                               16383,
                               16384,
                               16385,
                               65536,
                               1024 * 1024 - 1,
                               1024 * 1024,
                               1024 * 1024 + 1,
                               3 * 1024 * 1024,
                               24};

TEST(memory_is_zeroed_and_aligned)
{
    TEST_ARENA(arena);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            char row[32];
            snprintf(row, sizeof(row), "%zu bytes", sizes[i]);
            char *at = arena_alloc(&arena, sizes[i]);
            CHECK(row, at != NULL);
            CHECK_INT(row, (uintptr_t)at % _Alignof(max_align_t), 0);
            CHECK(row, all_zero(at, sizes[i]));
            memset(at, 0xff, sizes[i]);
        }
        arena_reset(&arena); /* the second round gets memory that was written to */
    }
}

static void check_pieces_of(struct arena *arena)
{
    enum { PIECES = 3000 };
    static char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(arena, i % 97);
        assert_non_null(pieces[i]);
        memset(pieces[i], (int)(i % 251), i % 97);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < i % 97; k++)
            assert_int_equal((unsigned char)pieces[i][k], i % 251);
}

TEST(pieces_do_not_overlap)
{
    TEST_ARENA(arena);
    check_pieces_of(&arena);
}

TEST(pieces_of_one_that_begins_small_do_not_overlap_either)
{
    struct arena arena ARENA_SCOPED = ARENA_SMALL_INIT(16 * 1024 * 1024);
    assert_non_null(arena_alloc(&arena, 1));
    assert_true(arena.taken <= 1024);
    check_pieces_of(&arena);
}

TEST(the_ceiling_holds)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4096);
    assert_null(arena_alloc(&arena, 4097));
    assert_non_null(arena_alloc(&arena, 4096)); /* a refusal takes nothing */
    assert_null(arena_alloc(&arena, 1));
    assert_true(arena.taken <= arena.limit);
}

TEST(the_ceiling_holds_for_many_small_pieces)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(100 * 1000);
    size_t count = 0;
    while (arena_alloc(&arena, 16))
        count++;
    assert_true(count <= 100 * 1000 / 16);
    assert_true(count >= 100 * 1000 / 16 / 2); /* and most of it can be had */
    assert_true(arena.taken <= arena.limit);
}

TEST(no_room_at_all)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(0);
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_copy(&arena, STR("x")).ptr);
    assert_int_equal(arena_copy(&arena, STR("x")).len, 0);
}

TEST(sizes_that_overflow)
{
    static const struct {
        const char *name;
        size_t count, size;
    } rows[] = {
        {"everything", 1, SIZE_MAX},
        {"rounds up to nothing", 1, SIZE_MAX - 14},
        {"half and one", 1, SIZE_MAX / 2 + 1},
        {"product wraps to nothing", SIZE_MAX / 16 + 1, 16},
        {"product wraps to something small", SIZE_MAX / 16 + 2, 16},
        {"both large", SIZE_MAX, SIZE_MAX},
    };
    struct arena arena ARENA_SCOPED = ARENA_INIT(SIZE_MAX);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].name, !arena_calloc(&arena, rows[i].count, rows[i].size));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_int_equal(arena.taken, 0);
}

TEST(arrays_may_be_empty)
{
    TEST_ARENA(arena);
    assert_non_null(arena_array(&arena, struct str, 0));
    struct str *items = arena_array(&arena, struct str, 1000);
    assert_non_null(items);
    assert_true(all_zero((const char *)items, 1000 * sizeof(*items)));
    struct err *one = arena_new(&arena, struct err);
    assert_non_null(one);
    assert_true(all_zero((const char *)one, sizeof(*one)));
}

TEST(copies)
{
    static const struct {
        const char *name;
        struct str text;
    } rows[] = {
        {"text", STR_INIT("nginx")},
        {"empty", STR_INIT("")},
        {"none", {NULL, 0}},
        {"NUL within", STR_INIT("a\0b")},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str copy = arena_copy(&arena, rows[i].text);
        CHECK(rows[i].name, copy.ptr && copy.ptr != rows[i].text.ptr);
        CHECK_STR(rows[i].name, copy, rows[i].text);
        CHECK_INT(rows[i].name, copy.ptr[copy.len], '\0');
    }
}

/* What fitted before a reset fits after it, however often. */
TEST(reset_gives_back)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(512 * 1024);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 20; i++)
            assert_non_null(arena_alloc(&arena, 10000));
        assert_true(arena.taken >= 200000);
        arena_reset(&arena);
        assert_true(arena.taken <= 20000);
    }
}

TEST(empty_arenas_end_well)
{
    struct arena arena = ARENA_INIT(1000);
    arena_reset(&arena);
    arena_free(&arena);
    assert_non_null(arena_alloc(&arena, 1));
    arena_free(&arena);
    arena_free(&arena);
    assert_int_equal(arena.taken, 0);
    assert_non_null(arena_alloc(&arena, 1)); /* it may be used again */
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(pieces_of_one_that_begins_small_do_not_overlap_either),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(the_ceiling_holds_for_many_small_pieces),
        cmocka_unit_test(no_room_at_all),
        cmocka_unit_test(sizes_that_overflow),
        cmocka_unit_test(arrays_may_be_empty),
        cmocka_unit_test(copies),
        cmocka_unit_test(reset_gives_back),
        cmocka_unit_test(empty_arenas_end_well),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
