/* SPDX-License-Identifier: Apache-2.0 */
/* kube_files: the kubeconfig files that kubectl would take, in its order. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "kube_access.h"

#include "pinnace/file.h"
#include "pinnace/yaml.h"

#include "pinnace/banned.h"

static struct str folder_of(struct str path)
{
    size_t slash = str_rfind(path, '/');
    return slash == STR_NOT_FOUND ? STR("") : slash == 0 ? STR("/") : str_head(path, slash);
}

static int add_file(struct kubeconfig *config, const char *path, struct arena *arena,
                    struct err *err)
{
    struct str text;
    struct yaml_documents documents;
    if (file_read(path, KUBECONFIG_MAX_BYTES, arena, &text, err) < 0)
        return -1;
    if (yaml_read(arena, text, &documents, err) < 0)
        return err_prefix(err, "%s: ", path);
    if (documents.count > 1)
        return err_set(err, ERR_INPUT, "%s: more than one document is in this kubeconfig", path);
    if (documents.count == 1 &&
        kubeconfig_add(config, documents.items[0].json, folder_of(str_of(path)), arena, err) < 0)
        return err_prefix(err, "%s: ", path);
    return 0;
}

/* Each file of KUBECONFIG; one that does not exist is passed over, as kubectl does. */
static int add_listed(struct kubeconfig *config, struct str list, struct arena *arena,
                      bool *ret_found, struct err *err)
{
    while (list.len) {
        size_t colon = str_find(list, ':');
        struct str item = colon == STR_NOT_FOUND ? list : str_head(list, colon);
        list = str_tail(list, colon == STR_NOT_FOUND ? list.len : colon + 1);
        struct str path = arena_copy(arena, item);
        if (!path.ptr)
            return err_no_memory(err);
        if (!path.len || (access(path.ptr, F_OK) < 0 && errno == ENOENT))
            continue;
        if (add_file(config, path.ptr, arena, err) < 0)
            return -1;
        *ret_found = true;
    }
    return 0;
}

static int home_file(struct arena *arena, struct str *ret_path, struct err *err)
{
    struct buf path = BUF_INIT(arena, 8192);
    const char *home = getenv("HOME");
    buf_add(&path, home ? str_of(home) : STR(""));
    buf_add(&path, STR("/.kube/config"));
    return buf_finish(&path, ret_path, err);
}

int kube_files_find(const struct kube_options *options, struct arena *arena,
                    struct kubeconfig *ret_config, bool *ret_found, struct err *err)
{
    struct kubeconfig config = {0};
    struct str home;
    const char *listed = getenv("KUBECONFIG");
    bool found = false;
    if (options->kubeconfig) {
        if (add_file(&config, options->kubeconfig, arena, err) < 0)
            return -1;
        found = true;
    } else if (listed && listed[0]) {
        if (add_listed(&config, str_of(listed), arena, &found, err) < 0)
            return -1;
    } else if (home_file(arena, &home, err) < 0 ||
               add_listed(&config, home, arena, &found, err) < 0) {
        return -1;
    }
    *ret_config = config;
    *ret_found = found;
    return 0;
}
