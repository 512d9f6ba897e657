/* SPDX-License-Identifier: Apache-2.0 */
/* Each case prepares a process of its own: it is not undone. */
#include "../check.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pinnace/process.h"

#include "pinnace/banned.h"

enum { PREPARED = 42 };

/* How a child ends that does this: its exit code, or the signal with a minus. */
static int end_of(int (*child)(void))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int ends_by_hangup(void)
{
    int signals;
    if (process_prepare(PROCESS_HANGUP_ENDS, &signals, NULL) < 0)
        return 1;
    raise(SIGHUP);
    return PREPARED;
}

static int signals_come_by_descriptor(void)
{
    static const int waited[] = {SIGTERM, SIGINT, SIGHUP};
    int signals;
    if (process_prepare(PROCESS_HANGUP_WAITED, &signals, NULL) < 0 || process_wait(signals, 0) != 0)
        return 1;
    for (size_t i = 0; i < COUNT(waited); i++) {
        raise(waited[i]);
        if (process_wait(signals, -1) != waited[i])
            return 2;
    }
    return process_wait(signals, 0) == 0 ? PREPARED : 3;
}

static int others_do_nothing(void)
{
    static const int others[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGQUIT};
    int signals;
    if (process_prepare(PROCESS_HANGUP_ENDS, &signals, NULL) < 0)
        return 1;
    for (size_t i = 0; i < COUNT(others); i++)
        raise(others[i]);
    return process_wait(signals, 0) == 0 ? PREPARED : 2;
}

static int faults_end_it(void)
{
    int signals;
    if (process_prepare(PROCESS_HANGUP_WAITED, &signals, NULL) < 0)
        return 1;
    signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
    return PREPARED;
}

static int has_no_core(void)
{
    struct rlimit core;
    int signals;
    if (process_prepare(PROCESS_HANGUP_WAITED, &signals, NULL) < 0 ||
        getrlimit(RLIMIT_CORE, &core) < 0)
        return 1;
#ifdef NDEBUG
    return core.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? PREPARED : 2;
#else
    return PREPARED;
#endif
}

static int raises_files(void)
{
    struct rlimit files = {32, 100};
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 || process_raise_files(36, NULL) < 0 ||
        getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 1;
    return files.rlim_cur == 100 ? PREPARED : 2;
}

static int cannot_raise_files(void)
{
    const struct rlimit files = {32, 100};
    struct err err;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 || process_raise_files(37, &err) == 0)
        return 1;
    return strcmp(err.text, "37 connections need 101 open files; the limit is 100 "
                            "(see --connections)") == 0
               ? PREPARED
               : 2;
}

TEST(a_process_is_prepared)
{
    static const struct {
        const char *what;
        int (*child)(void);
        int end;
    } rows[] = {
        {"SIGHUP ends it", ends_by_hangup, -SIGHUP},
        {"signals by descriptor", signals_come_by_descriptor, PREPARED},
        {"other signals", others_do_nothing, PREPARED},
        {"an abort", faults_end_it, -SIGABRT},
        {"no core dump", has_no_core, PREPARED},
        {"as many files as there may be", raises_files, PREPARED},
        {"more files than there may be", cannot_raise_files, PREPARED},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].what, end_of(rows[i].child), rows[i].end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_process_is_prepared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
