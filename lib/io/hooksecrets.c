/* SPDX-License-Identifier: Apache-2.0 */
/* hooksecrets: see the header. */
#include "pinnace/hooksecrets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "pinnace/file.h"

#include "pinnace/banned.h"

enum { ROOM = 128 * 1024 }; /* to read one file */

static int copy_secrets(struct str text, struct arena *arena, struct push_secrets *ret_secrets,
                        struct err *err)
{
    struct push_secrets secrets;
    struct str copy = arena_copy(arena, text);
    if (!copy.ptr)
        return err_no_memory(err);
    if (push_secrets_read(copy, &secrets, err) < 0)
        return -1;
    *ret_secrets = secrets;
    return 0;
}

/* A file that is not there is in order. */
static int read_one(const char *folder, const struct hook_receiver *receiver, struct arena *arena,
                    struct push_secrets *ret_secrets, struct err *err)
{
    struct arena room ARENA_SCOPED = ARENA_INIT(ROOM);
    char path[PATH_MAX];
    struct stat facts;
    struct str text;
    int len = snprintf(path, sizeof(path), "%s/%.*s", folder, STR_FMT(hook_name(receiver)));
    if (len < 0 || (size_t)len >= sizeof(path))
        return err_set(err, ERR_LIMIT, "%.100s…: its name is too long", folder);
    if (stat(path, &facts) < 0 && errno == ENOENT)
        return 0;
    if (file_read(path, PUSH_SECRETS_FILE_MAX, &room, &text, err) < 0)
        return -1;
    if (copy_secrets(text, arena, ret_secrets, err) < 0)
        return err_prefix(err, "%s: ", path);
    return 0;
}

int hook_secrets_read(const char *folder, struct arena *arena, struct hook_secrets *ret_secrets,
                      struct err *err)
{
    struct hook_secrets secrets = {0};
    bool is_folder = false, any = false;
    if (file_is_folder(folder, &is_folder, err) < 0)
        return -1;
    if (!is_folder)
        return err_set(err, ERR_INPUT, "%s: this is no folder of files named like receivers",
                       folder);
    for (size_t i = 0; i < HOOK_RECEIVERS; i++) {
        if (read_one(folder, hook_at(i), arena, &secrets.of[i], err) < 0)
            return -1;
        any |= secrets.of[i].count > 0;
    }
    if (!any)
        return err_set(err, ERR_INPUT,
                       "%s: there is no secret in it: a file named like a receiver (acr, github, "
                       "generic and so on) with one a line",
                       folder);
    *ret_secrets = secrets;
    return 0;
}

bool hook_secrets_same(const struct hook_secrets *a, const struct hook_secrets *b)
{
    for (size_t i = 0; i < HOOK_RECEIVERS; i++) {
        if (a->of[i].count != b->of[i].count)
            return false;
        for (size_t j = 0; j < a->of[i].count; j++)
            if (!str_eq(a->of[i].items[j], b->of[i].items[j]))
                return false;
    }
    return true;
}
