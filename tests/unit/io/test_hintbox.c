/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include <poll.h>
#include <pthread.h>

#include "pinnace/hintbox.h"

#include "pinnace/banned.h"

static struct push_hint hint_of(const char *host, const char *repository, const char *tag)
{
    return (struct push_hint){str_of(host), str_of(repository), str_of(tag)};
}

static bool put_one(struct hintbox *box, struct push_hint hint)
{
    const struct push_hints hints = {&hint, 1};
    return hintbox_put(box, &hints);
}

static bool is_readable(const struct hintbox *box)
{
    struct pollfd fd = {.fd = hintbox_fd(box), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void write_down(void *context, const struct push_hint *hint)
{
    buf_addf(context, "%.*s/%.*s:%.*s ", STR_FMT(hint->host), STR_FMT(hint->repository),
             STR_FMT(hint->tag));
}

static void count(void *context, const struct push_hint *hint)
{
    assert_true(hint->tag.len > 0);
    ++*(size_t *)context;
}

static size_t taken(struct hintbox *box)
{
    size_t number = 0;
    hintbox_take(box, count, &number);
    return number;
}

static struct hintbox *opened(void)
{
    struct hintbox *box = NULL;
    struct err err = ERR_CLEAN;
    assert_int_equal(hintbox_open(&box, &err), 0);
    return box;
}

TEST(each_once)
{
    TEST_ARENA(arena);
    struct hintbox *box = opened();
    struct buf buf = BUF_INIT(&arena, 10000);
    assert_false(is_readable(box));
    char tag[] = "latest";
    assert_true(put_one(box, hint_of("", "web", tag)));
    tag[0] = 'X'; /* it keeps a copy */
    assert_true(put_one(box, hint_of("", "web", "latest")));
    assert_true(put_one(box, hint_of("", "web", "main")));
    assert_true(put_one(box, hint_of("quay.io", "web", "latest")));
    assert_true(put_one(box, hint_of("", "quay.io web", "latest")));
    assert_true(put_one(box, hint_of("", "web", "latest")));
    assert_true(is_readable(box));
    hintbox_take(box, write_down, &buf);
    CHECK_STR("in order", finished(&buf),
              STR("/web:latest /web:main quay.io/web:latest /quay.io web:latest "));
    assert_false(is_readable(box));
    CHECK_INT("empty", taken(box), 0);
    assert_true(put_one(box, hint_of("", "web", "latest")));
    CHECK_INT("again, after it was taken", taken(box), 1);
    hintbox_close(&box);
    assert_null(box);
    hintbox_close(&box);
}

static struct push_hints numbered(struct arena *arena, int first, size_t many)
{
    struct push_hints hints = {arena_array(arena, struct push_hint, many), many};
    for (size_t i = 0; i < many; i++) {
        struct str tag = json_format(arena, "%d", first + (int)i);
        hints.items[i] = (struct push_hint){STR_NONE, STR("web"), tag};
    }
    return hints;
}

TEST(all_or_none)
{
    TEST_ARENA(arena);
    struct hintbox *box = opened();
    struct push_hints most = numbered(&arena, 0, PUSH_HINTS_MAX),
                      nearly = numbered(&arena, 0, PUSH_HINTS_MAX - 1),
                      two = numbered(&arena, 5000, 2), one = numbered(&arena, 7000, 1),
                      none = {NULL, 0};
    assert_true(hintbox_put(box, &none));
    assert_false(is_readable(box));
    assert_true(hintbox_put(box, &most));
    assert_true(hintbox_put(box, &most)); /* all of them are in it */
    assert_false(hintbox_put(box, &one));
    CHECK_INT("full", taken(box), PUSH_HINTS_MAX);
    assert_true(hintbox_put(box, &nearly));
    assert_false(hintbox_put(box, &two));
    assert_true(hintbox_put(box, &one));
    CHECK_INT("nothing of the two", taken(box), PUSH_HINTS_MAX);
    hintbox_close(&box);
}

TEST(long_names_take_room)
{
    TEST_ARENA(arena);
    struct hintbox *box = opened();
    struct str name = run_of(&arena, 'a', 400);
    size_t in = 0;
    for (; in < PUSH_HINTS_MAX; in++) {
        struct str tag = json_format(&arena, "%zu", in);
        if (!put_one(box, (struct push_hint){STR_NONE, name, tag}))
            break;
    }
    CHECK_INT("a thousand long ones", in, PUSH_HINTS_MAX);
    CHECK_INT("taken", taken(box), PUSH_HINTS_MAX);
    hintbox_close(&box);
}

enum { THREADS = 4, TIMES = 2000 };

static void *put_many(void *context)
{
    struct hintbox *box = context;
    char tag[16];
    for (int i = 0; i < TIMES; i++) {
        snprintf(tag, sizeof(tag), "%d", i % 100);
        if (!put_one(box, hint_of("", "web", tag)))
            return box;
    }
    return NULL;
}

TEST(several_threads)
{
    struct hintbox *box = opened();
    pthread_t threads[THREADS];
    size_t number = 0;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, box), 0);
    while (number < 100)
        hintbox_take(box, count, &number);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_true(taken(box) <= 100);
    CHECK_INT("nothing is left", taken(box), 0);
    hintbox_close(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once),
        cmocka_unit_test(all_or_none),
        cmocka_unit_test(long_names_take_room),
        cmocka_unit_test(several_threads),
    };
    return cmocka_run_group_tests_name("hintbox", tests, NULL, NULL);
}
