/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "../check.h"

#include "pinnace/exec.h"

#include "pinnace/banned.h"

static int run(struct arena *arena, const char *script, int timeout_ms, struct str *ret_output,
               struct err *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", "WORD=ours", NULL};
    const struct exec_request request = {.argv = argv,
                                         .env = env,
                                         .input = STR("told"),
                                         .output_max = 4096,
                                         .timeout_ms = timeout_ms};
    return exec_run(&request, arena, ret_output, err);
}

TEST(programs)
{
    static const struct {
        const char *name, *script;
        int code;
        const char *output, *says;
    } rows[] = {
        {"words", "printf '%s' hello", 0, "hello", ""},
        {"nothing", ":", 0, "", ""},
        {"its environment", "printf '%s' \"$WORD$HOME\"", 0, "ours", ""},
        {"what it is told", "cat; printf end", 0, "toldend", ""},
        {"as much as may be", "head -c 4096 /dev/zero | tr '\\0' x | wc -c | tr -d '\\n'", 0,
         "4096", ""},
        {"failure", "echo words; exit 3", -1, "untouched", "exit status 3"},
        {"a signal", "kill -9 $$", -1, "untouched", "signal 9"},
        {"too much", "head -c 4097 /dev/zero", -1, "untouched", "more than 4096 bytes"},
        {"output closed early", "exec >&-; exit 0", 0, "", ""},
        {"no descriptor but three", "ls /proc/self/fd | tr -d '\\n'", 0, "0123", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct err err = ERR_CLEAN;
        struct str output = STR("untouched");
        int ends[2];
        assert_int_equal(pipe(ends), 0); /* open, and inherited if nobody prevents it */
        CHECK_INT(rows[i].name, run(&arena, rows[i].script, 20000, &output, &err), rows[i].code);
        CHECK_STR(rows[i].name, output, str_of(rows[i].output));
        CHECK_HAS(rows[i].name, ERR_TEXT(err), rows[i].says);
        close(ends[0]);
        close(ends[1]);
    }
}

TEST(input)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct str output = STR("untouched");
    const char *const argv[] = {"cat", NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    struct exec_request request = {
        .argv = argv, .env = env, .output_max = 2 * EXEC_INPUT_MAX, .timeout_ms = 20000};
    CHECK_INT("none", exec_run(&request, &arena, &output, &err), 0);
    CHECK_STR("none", output, STR(""));
    request.input = run_of(&arena, 'x', EXEC_INPUT_MAX);
    CHECK_INT("the most", exec_run(&request, &arena, &output, &err), 0);
    CHECK_STR("the most", output, request.input);
    request.input = run_of(&arena, 'x', EXEC_INPUT_MAX + 1);
    CHECK_INT("more", exec_run(&request, &arena, &output, &err), -1);
    CHECK_HAS("more", ERR_TEXT(err), "too much to tell it");
}

TEST(endless)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct str output = STR("untouched");
    CHECK_INT("silent", run(&arena, "exec sleep 1000", 200, &output, &err), -1);
    CHECK_HAS("silent", ERR_TEXT(err), "did not end within");
    CHECK_INT("output closed", run(&arena, "exec >&- sleep 1000", 200, &output, &err), -1);
    CHECK_STR("untouched", output, STR("untouched"));
}

TEST(not_there)
{
    TEST_ARENA(arena);
    const char *const argv[] = {"pinnace-no-such-program", NULL};
    const char *const env[] = {NULL};
    const struct exec_request request = {
        .argv = argv, .env = env, .output_max = 10, .timeout_ms = 1000};
    struct err err = ERR_CLEAN;
    struct str output;
    CHECK_INT("not there", exec_run(&request, &arena, &output, &err), -1);
    CHECK_HAS("not there", ERR_TEXT(err), "pinnace-no-such-program: cannot be run: No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs),
        cmocka_unit_test(input),
        cmocka_unit_test(endless),
        cmocka_unit_test(not_there),
    };
    return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
