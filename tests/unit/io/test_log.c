/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include <signal.h>
#include <unistd.h>

#include "pinnace/json.h"
#include "pinnace/log.h"

#include "pinnace/banned.h"

enum { LINES_MAX = 100 * 1000 };

static struct log *open_log(int ends[2])
{
    struct log *log = NULL;
    struct err err = ERR_CLEAN;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_open(ends[1], &log, &err), 0);
    return log;
}

/* All that was written, once the log and its end of the pipe are closed. */
static struct str read_rest(struct arena *arena, int ends[2])
{
    struct buf text = BUF_INIT(arena, ROOM);
    char piece[4096];
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], piece, sizeof(piece))) > 0;)
        buf_add(&text, (struct str){piece, (size_t)got});
    close(ends[0]);
    return finished(&text);
}

static void check_json_lines(const char *row, struct str text)
{
    CHECK(row, text.len == 0 || text.ptr[text.len - 1] == '\n');
    while (text.len) {
        size_t end = str_find(text, '\n');
        JSON_SCOPED struct cJSON *tree = NULL;
        struct err err = ERR_CLEAN;
        if (json_read(str_head(text, end), ROOM, &tree, &err) < 0)
            fail_msg("row \"%s\": %s: %.*s", row, err.text, STR_FMT(str_head(text, end)));
        text = str_tail(text, end + 1);
    }
}

TEST(a_line)
{
    TEST_ARENA(arena);
    int ends[2];
    struct log *log = open_log(ends);
    const struct log_field fields[] = {LOG_TEXT("name", STR("a\"\n\xff")), LOG_NUMBER("n", -3),
                                       LOG_TEXT("none", STR_NONE)};
    log_write(log, LOG_WARNING, "it happened", fields, COUNT(fields));
    log_write(log, LOG_INFO, "end", NULL, 0);
    log_close(&log);
    struct str text = read_rest(&arena, ends);
    check_json_lines("a line", text);
    CHECK_HAS("a line", text, "{\"time\":\"20");
    CHECK_HAS("a line", text,
              "Z\",\"level\":\"warning\",\"event\":\"it happened\","
              "\"name\":\"a\\\"\\n\xef\xbf\xbd\",\"n\":-3,\"none\":\"\"}\n");
    CHECK_HAS("a line", text, "\"level\":\"info\",\"event\":\"end\"}\n");
    CHECK("closed", log == NULL);
}

TEST(what_is_too_long_is_cut)
{
    TEST_ARENA(arena);
    int ends[2];
    struct log *log = open_log(ends);
    struct log_field fields[20];
    for (size_t i = 0; i < COUNT(fields); i++)
        fields[i] = LOG_TEXT("k", run_of(&arena, i % 2 ? '\1' : 'x', 100000));
    log_write(log, LOG_INFO, "long", fields, COUNT(fields));
    log_close(&log);
    struct str text = read_rest(&arena, ends);
    CHECK("long", text.len > 1000 && text.len <= 4096);
    CHECK("long", str_ends(text, STR("\"}\n")));
}

/* Nobody reads: the writer hangs in its write, those who log do not. */
TEST(a_full_pipe_blocks_nobody)
{
    TEST_ARENA(arena);
    int ends[2];
    struct log *log = open_log(ends);
    int lines = 0;
    for (; log_dropped(log) == 0 && lines < LINES_MAX; lines++)
        log_write(log, LOG_INFO, "line", NULL, 0);
    CHECK("dropped", lines < LINES_MAX);
    struct buf text = BUF_INIT(&arena, ROOM);
    char piece[4096];
    while (!text.ptr || !text_has((struct str){text.ptr, text.len}, STR("log dropped"))) {
        ssize_t got = read(ends[0], piece, sizeof(piece));
        assert_true(got > 0);
        buf_add(&text, (struct str){piece, (size_t)got});
    }
    log_close(&log);
    buf_add(&text, read_rest(&arena, ends));
    check_json_lines("all", finished(&text));
    CHECK_HAS("all", finished(&text), "\"event\":\"log dropped\",\"lines\":1}");
}

TEST(the_end_does_not_wait_for_a_reader)
{
    int ends[2];
    struct log *log = open_log(ends);
    while (log_dropped(log) == 0)
        log_write(log, LOG_INFO, "line", NULL, 0);
    log_close(&log);
    CHECK("closed", log == NULL);
    close(ends[0]); /* lets the writer go, which frees what is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(a_full_pipe_blocks_nobody),
        cmocka_unit_test(the_end_does_not_wait_for_a_reader),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
