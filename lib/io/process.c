/* SPDX-License-Identifier: Apache-2.0 */
/* process: see the header. */
#include "pinnace/process.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "pinnace/banned.h"

enum {
    MAPPED_BYTES =
        128 * 1024, /* from here on a block is a mapping of its own, and goes when freed */
    OTHER_FILES = 64,
};

static void keep_secrets(void)
{
#ifdef NDEBUG /* a debugger is welcome elsewhere */
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* glibc raises its thresholds with what it sees; one large review would keep its memory for ever. */
static void fix_heap(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    mallopt(M_TRIM_THRESHOLD, MAPPED_BYTES);
}

/* Threads inherit it. What must not be blocked, the kernel does not block. */
static void block_signals(sigset_t *blocked)
{
    sigdelset(blocked, SIGSEGV);
    sigdelset(blocked, SIGBUS);
    sigdelset(blocked, SIGFPE);
    sigdelset(blocked, SIGILL);
    sigdelset(blocked, SIGABRT);
    sigprocmask(SIG_BLOCK, blocked, NULL);
}

int process_prepare(enum process_hangup hangup, int *ret_signals, struct err *err)
{
    sigset_t blocked, waited;
    sigfillset(&blocked);
    sigemptyset(&waited);
    sigaddset(&waited, SIGTERM);
    sigaddset(&waited, SIGINT);
    if (hangup == PROCESS_HANGUP_WAITED)
        sigaddset(&waited, SIGHUP);
    else
        sigdelset(&blocked, SIGHUP);
    keep_secrets();
    fix_heap();
    signal(SIGPIPE, SIG_IGN);
    block_signals(&blocked);
    int signals = signalfd(-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        return err_set(err, ERR_SYSTEM, "no signals can be read: %s", strerror(errno));
    *ret_signals = signals;
    return 0;
}

int process_raise_files(unsigned connections, struct err *err)
{
    struct rlimit files;
    rlim_t need = (rlim_t)connections + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < need) {
        files.rlim_cur = need < files.rlim_max ? need : files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < need)
        return err_set(err, ERR_SYSTEM,
                       "%u connections need %llu open files; the limit is %llu (see --connections)",
                       connections, (unsigned long long)need, (unsigned long long)files.rlim_cur);
    return 0;
}

int process_wait(int signals, int milliseconds)
{
    struct pollfd poll_for = {.fd = signals, .events = POLLIN};
    struct signalfd_siginfo info;
    poll(&poll_for, 1, milliseconds);
    return read(signals, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}
