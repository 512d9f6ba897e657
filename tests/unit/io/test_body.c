/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "../../../lib/io/body.h"

#include "pinnace/banned.h"

enum {
    MAX = 100 * 1024,
    ALL = 128 * 1024,
};

static struct body_budget budget_of(size_t taken)
{
    return (struct body_budget){.max_body = MAX, .max_bodies = ALL, .taken = taken};
}

/* In pieces, each byte its place modulo 251, so that none can be lost or doubled unseen. */
static void add(struct body *body, struct body_budget *budget, size_t size, size_t piece,
                uint64_t expected, bool proven)
{
    char bytes[4096];
    for (size_t at = 0; at < size;) {
        size_t len = size - at < piece ? size - at : piece;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)((at + i) % 251);
        body_add(body, budget, (struct str){bytes, len}, expected, proven);
        at += len;
    }
}

TEST(bytes_come_out_as_they_came)
{
    static const struct {
        const char *name;
        size_t size, piece;
        uint64_t expected;
    } rows[] = {
        {"nothing", 0, 1, 0},
        {"one byte", 1, 1, 1},
        {"in one piece", 4096, 4096, 4096},
        {"byte by byte", 20000, 1, 20000},
        {"announced", MAX, 4096, MAX},
        {"not announced", MAX, 4000, 0},
        {"less announced than comes", 50000, 1000, 10},
        {"more announced than comes", 500, 100, MAX},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct body_budget budget = budget_of(0);
        struct body body = {0};
        add(&body, &budget, rows[i].size, rows[i].piece, rows[i].expected, true);
        CHECK_INT(rows[i].name, body.fault, BODY_WHOLE);
        CHECK_INT(rows[i].name, body.len, rows[i].size);
        for (size_t b = 0; b < body.len; b++)
            CHECK_INT(rows[i].name, (unsigned char)body.bytes[b], b % 251);
        body_free(&body, &budget);
        CHECK_INT(rows[i].name, budget.taken, 0);
    }
}

TEST(memory_is_taken_for_what_came)
{
    struct body_budget budget = budget_of(0);
    struct body body = {0};
    add(&body, &budget, 100, 100, MAX, true);
    CHECK("a promise", budget.taken == 0 && body.room <= BODY_FREE_BYTES);
    add(&body, &budget, BODY_FREE_BYTES, 1024, MAX, true);
    CHECK("more than is free", budget.taken == body.room && body.room == 2 * BODY_FREE_BYTES);
    body_free(&body, &budget);
    CHECK_INT("freed", budget.taken, 0);
}

TEST(ceilings)
{
    static const struct {
        const char *name;
        size_t taken, size;
        bool proven;
        enum body_fault fault;
    } rows[] = {
        {"as large as may be", 0, MAX, true, BODY_WHOLE},
        {"a byte more", 0, MAX + 1, true, BODY_TOO_LARGE},
        {"a small one when nothing is left", ALL, BODY_FREE_BYTES, false, BODY_WHOLE},
        {"a larger one then", ALL, BODY_FREE_BYTES + 1, true, BODY_NO_ROOM},
        {"what is left", ALL - 32 * 1024, 32 * 1024, true, BODY_WHOLE},
        {"more than is left", ALL - 32 * 1024 + 1, 32 * 1024, true, BODY_NO_ROOM},
        {"half is for those who are proven", ALL / 2 - 32 * 1024, 32 * 1024, false, BODY_WHOLE},
        {"not a byte more", ALL / 2 - 32 * 1024 + 1, 32 * 1024, false, BODY_NO_ROOM},
        {"which they get", ALL / 2 - 32 * 1024 + 1, 32 * 1024, true, BODY_WHOLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct body_budget budget = budget_of(rows[i].taken);
        struct body body = {0};
        add(&body, &budget, rows[i].size, 1024, rows[i].size, rows[i].proven);
        CHECK_INT(rows[i].name, body.fault, rows[i].fault);
        if (rows[i].fault != BODY_WHOLE) {
            CHECK(rows[i].name, !body.bytes && budget.taken == rows[i].taken);
            add(&body, &budget, 10, 10, 0, true);
            CHECK(rows[i].name, !body.bytes && body.fault == rows[i].fault);
        }
        body_free(&body, &budget);
        CHECK_INT(rows[i].name, budget.taken, rows[i].taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_came),
        cmocka_unit_test(memory_is_taken_for_what_came),
        cmocka_unit_test(ceilings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
