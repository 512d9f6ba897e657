/* SPDX-License-Identifier: Apache-2.0 */
/* file: see the header. */
#define _GNU_SOURCE /* mkostemp */
#include "pinnace/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pinnace/banned.h"

static void close_fd(const int *fd)
{
    if (*fd > STDERR_FILENO)
        close(*fd);
}
#define FD_SCOPED __attribute__((cleanup(close_fd)))

static int system_error(const char *path, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
}

static int read_all(int fd, const char *path, size_t max_bytes, struct arena *arena,
                    struct str *ret_text, struct err *err)
{
    size_t size = 0, room = 64 * 1024;
    char *bytes = arena_alloc(arena, room);
    while (bytes) {
        ssize_t got = read(fd, bytes + size, room - size - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return system_error(path, err);
        size += (size_t)got;
        if (size > max_bytes)
            return err_set(err, ERR_LIMIT,
                           "%s: more than %zu bytes, which is the most that is read", path,
                           max_bytes);
        if (got == 0) {
            *ret_text = (struct str){bytes, size};
            return 0;
        }
        if (size + 1 < room)
            continue;
        room *= 2;
        char *bigger = arena_alloc(arena, room);
        if (bigger)
            memcpy(bigger, bytes, size);
        bytes = bigger;
    }
    err_no_memory(err);
    return err_prefix(err, "%s: ", path);
}

int file_read(const char *path, size_t max_bytes, struct arena *arena, struct str *ret_text,
              struct err *err)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", max_bytes, arena, ret_text, err);
    FD_SCOPED int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return system_error(path, err);
    return read_all(fd, path, max_bytes, arena, ret_text, err);
}

int file_is_folder(const char *path, bool *ret_is_folder, struct err *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return system_error(path, err);
    *ret_is_folder = S_ISDIR(st.st_mode);
    return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_manifest(struct str name)
{
    return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")) ||
           str_ends(name, STR(".json"));
}

static int add_name(struct file_names *names, struct str name, struct arena *arena, struct err *err)
{
    if ((names->count & (names->count - 1)) == 0) {
        size_t room = names->count ? names->count * 2 : 1;
        const char **bigger = arena_array(arena, const char *, room);
        if (!bigger)
            return err_no_memory(err);
        if (names->count)
            memcpy(bigger, names->items, names->count * sizeof(*bigger));
        names->items = bigger;
    }
    struct str copy = arena_copy(arena, name);
    if (!copy.ptr)
        return err_no_memory(err);
    names->items[names->count++] = copy.ptr;
    return 0;
}

static void close_walk(FTS **walk)
{
    if (*walk)
        fts_close(*walk);
}

int file_list_manifests(const char *folder, struct arena *arena, struct file_names *ret_names,
                        struct err *err)
{
    struct file_names names = {0};
    struct str root = arena_copy(arena, str_of(folder));
    if (!root.ptr)
        return err_no_memory(err);
    char *roots[] = {(char *)(uintptr_t)root.ptr, NULL};
    FTS *walk __attribute__((cleanup(close_walk))) =
        fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk)
        return system_error(folder, err);
    for (FTSENT *entry; (errno = 0, entry = fts_read(walk));) {
        struct str name = {entry->fts_name, entry->fts_namelen};
        bool hidden = entry->fts_level > 0 && str_starts(name, STR("."));
        if (hidden && entry->fts_info == FTS_D)
            fts_set(walk, entry, FTS_SKIP);
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            errno = entry->fts_errno;
            return system_error(entry->fts_path, err);
        }
        bool file = entry->fts_info == FTS_F || entry->fts_info == FTS_SL;
        if (file && !hidden && is_manifest(name) &&
            add_name(&names, (struct str){entry->fts_path, entry->fts_pathlen}, arena, err) < 0)
            return -1;
    }
    if (errno)
        return system_error(folder, err);
    *ret_names = names;
    return 0;
}

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

int random_key(struct siphash_key *ret_key, struct err *err)
{
    if (getrandom(ret_key, sizeof(*ret_key), 0) != sizeof(*ret_key))
        return err_set(err, ERR_SYSTEM, "no random bytes: %s", strerror(errno));
    return 0;
}

/* --- Writing ----------------------------------------------------------------------------------- */

static int write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text = str_tail(text, (size_t)written);
    }
    return fsync(fd);
}

/* The owner may be one that only root can give: then it is ours. */
static int fill_copy(int fd, const struct stat *status, struct str text)
{
    if (fchown(fd, status->st_uid, status->st_gid) < 0 && errno != EPERM)
        return -1;
    return fchmod(fd, status->st_mode & 07777) < 0 ? -1 : write_all(fd, text);
}

static int replace(const char *path, char *copy, struct str text, struct err *err)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return system_error(path, err);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INPUT, "%s: this is no file that could be written", path);
    int fd FD_SCOPED = mkostemp(copy, O_CLOEXEC);
    if (fd < 0)
        return system_error(copy, err);
    if (fill_copy(fd, &status, text) == 0 && rename(copy, path) == 0)
        return 0;
    system_error(copy, err);
    unlink(copy);
    return -1;
}

int file_replace(const char *path, struct str text, struct err *err)
{
    char copy[PATH_MAX + 16];
    char *real = realpath(path, NULL);
    if (!real)
        return system_error(path, err);
    int result = -1;
    if (snprintf(copy, sizeof(copy), "%s.XXXXXX", real) < (int)sizeof(copy))
        result = replace(real, copy, text, err);
    else
        err_set(err, ERR_LIMIT, "%s: its name is too long", path);
    free(real);
    return result;
}
