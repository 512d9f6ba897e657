/* SPDX-License-Identifier: Apache-2.0 */
/* exec: see the header. */
#define _GNU_SOURCE /* pipe2, closefrom for a child */
#include "pinnace/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pinnace/bytes.h"
#include "pinnace/clock.h"

#include "pinnace/banned.h"

struct child {
    const char *name;
    pid_t pid;
    int output;   /* -1 once it has ended */
    int lifetime; /* a pidfd; -1 once the child has ended */
    int status;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Whatever became of it, no child and no zombie is left. */
static void child_end(struct child *child)
{
    close_fd(&child->output);
    if (child->lifetime >= 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
            ;
    }
    close_fd(&child->lifetime);
}

/* Signals that we block or ignore are not the child's business. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (!code)
        code = posix_spawnattr_setsigdefault(attributes, &usual);
    return code ? code
                : posix_spawnattr_setflags(attributes,
                                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int set_files(posix_spawn_file_actions_t *files, int input, int output)
{
    int code = 0;
    if (input >= 0)
        code = posix_spawn_file_actions_adddup2(files, input, STDIN_FILENO);
    if (!code)
        code = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    return code ? code : posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}

static int spawn(const struct exec_request *request, int input, int output, pid_t *ret_pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    int code = posix_spawnattr_init(&attributes);
    if (code)
        return code;
    code = posix_spawn_file_actions_init(&files);
    if (!code) {
        code = set_attributes(&attributes);
        if (!code)
            code = set_files(&files, input, output);
        if (!code) /* the casts: the standard promises not to write */
            code = posix_spawnp(ret_pid, request->argv[0], &files, &attributes,
                                (char *const *)(uintptr_t)request->argv,
                                (char *const *)(uintptr_t)request->env);
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return code;
}

/* The end of a pipe that has all of the input in it already, and an end. */
static int input_of(const struct exec_request *request, int *ret_input, struct err *err)
{
    int ends[2];
    if (request->input.len > EXEC_INPUT_MAX)
        return err_set(err, ERR_LIMIT, "%s: too much to tell it", request->argv[0]);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", request->argv[0], strerror(errno));
    ssize_t written =
        request->input.len ? write(ends[1], request->input.ptr, request->input.len) : 0;
    close(ends[1]);
    if (written != (ssize_t)request->input.len) {
        close(ends[0]);
        return err_set(err, ERR_SYSTEM, "%s: it cannot be told anything", request->argv[0]);
    }
    *ret_input = ends[0];
    return 0;
}

static int child_begin(const struct exec_request *request, struct child *child, struct err *err)
{
    int ends[2], input = -1;
    if (!request->has_stdin && input_of(request, &input, err) < 0)
        return -1;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        close_fd(&input);
        return err_set(err, ERR_SYSTEM, "%s: %s", child->name, strerror(errno));
    }
    int code = spawn(request, input, ends[1], &child->pid);
    close_fd(&input);
    close(ends[1]);
    child->output = ends[0];
    if (code)
        return err_set(err, ERR_SYSTEM, "%s: cannot be run: %s", child->name, strerror(code));
    child->lifetime = pidfd_open(child->pid, 0);
    if (child->lifetime >= 0)
        return 0;
    code = errno;
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    return err_set(err, ERR_SYSTEM, "%s: cannot be waited for: %s", child->name, strerror(code));
}

static int take_output(struct child *child, struct bytes *output, struct err *err)
{
    char chunk[4096];
    ssize_t got = read(child->output, chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR)
        return 0;
    if (got < 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", child->name, strerror(errno));
    if (got == 0)
        close_fd(&child->output);
    else if (!bytes_add(output, (struct str){chunk, (size_t)got}))
        return err_set(err, ERR_LIMIT, "%s: it writes more than %zu bytes", child->name,
                       output->limit);
    return 0;
}

static void take_status(struct child *child)
{
    if (waitpid(child->pid, &child->status, WNOHANG) == child->pid)
        close_fd(&child->lifetime);
}

/* Until both its output and itself have ended; a grandchild may keep the output open. */
static int child_wait(struct child *child, struct bytes *output, int timeout_ms, struct err *err)
{
    int64_t until = clock_boot_ms() + timeout_ms;
    while (child->output >= 0 || child->lifetime >= 0) {
        struct pollfd fds[] = {{.fd = child->output, .events = POLLIN},
                               {.fd = child->lifetime, .events = POLLIN}};
        int64_t left = until - clock_boot_ms();
        int ready = left > 0 ? poll(fds, 2, (int)left) : 0;
        if (ready < 0 && errno != EINTR)
            return err_set(err, ERR_SYSTEM, "%s: %s", child->name, strerror(errno));
        if (ready == 0)
            return err_set(err, ERR_SYSTEM, "%s: it did not end within %d s", child->name,
                           timeout_ms / 1000);
        if (ready > 0 && fds[0].revents && take_output(child, output, err) < 0)
            return -1;
        if (ready > 0 && fds[1].revents)
            take_status(child);
    }
    return 0;
}

int exec_run(const struct exec_request *request, struct arena *arena, struct str *ret_output,
             struct err *err)
{
    struct bytes output BYTES_SCOPED = BYTES_INIT(request->output_max);
    struct child child __attribute__((cleanup(child_end))) = {
        .name = request->argv[0], .output = -1, .lifetime = -1};
    if (child_begin(request, &child, err) < 0 ||
        child_wait(&child, &output, request->timeout_ms, err) < 0)
        return -1;
    if (WIFSIGNALED(child.status))
        return err_set(err, ERR_SYSTEM, "%s: it was ended by signal %d", child.name,
                       WTERMSIG(child.status));
    if (WEXITSTATUS(child.status) != 0)
        return err_set(err, ERR_SYSTEM, "%s: it failed with exit status %d", child.name,
                       WEXITSTATUS(child.status));
    struct str copy = arena_copy(arena, bytes_str(&output));
    if (!copy.ptr)
        return err_no_memory(err);
    *ret_output = copy;
    return 0;
}
