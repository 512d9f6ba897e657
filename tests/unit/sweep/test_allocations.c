/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation with its first allocation failing, then its second, and so on until none is left
 * to fail. The allocator is replaced for the whole program, so that libraries fail with us; under
 * sanitizers, which bring their own, this is not built.
 */
#include "operations.h"

#include "pinnace/banned.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool armed;
static size_t allowed_first; /* how many allocations go well before one fails */
static size_t seen, failed;

static bool fails_now(void)
{
    if (!armed || seen++ != allowed_first)
        return false;
    failed++;
    return true;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __libc_realloc(old, size);
}

/* Runs it once; whether an allocation failed in it. */
static bool run_with_failure(const struct work *work, size_t at)
{
    char row[128];
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct err err = ERR_CLEAN;
    snprintf(row, sizeof(row), "%s, allocation %zu", work->name, at + 1);
    complaint = NULL;
    seen = failed = 0;
    allowed_first = at;
    armed = true;
    int result = work->run(&arena, &err);
    armed = false;
    CHECK_STR(row, str_of(complaint ? complaint : ""), STR(""));
    CHECK_INT(row, result, failed ? -1 : 0);
    CHECK_INT(row, err.kind, failed ? ERR_MEMORY : ERR_NONE);
    return failed > 0;
}

TEST(allocations)
{
    TEST_ARENA(arena);
    make_texts(&arena);
    for (size_t i = 0; i < COUNT(works); i++) {
        size_t at = 0;
        while (run_with_failure(&works[i], at))
            at++;
        CHECK(works[i].name, at > 0); /* or nothing was swept at all */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(allocations)};
    return cmocka_run_group_tests_name("allocations", tests, NULL, NULL);
}
