/* SPDX-License-Identifier: Apache-2.0 */
/* tree: JSON that was written, read back through the strict reader and asked by path. */
#ifndef PINNACE_TESTS_TREE_H
#define PINNACE_TESTS_TREE_H

#include "check.h"

#include <cJSON.h>

#include "pinnace/json.h"

static inline struct cJSON *tree_of(const char *row, struct str text)
{
    struct cJSON *tree = NULL;
    struct err err = ERR_CLEAN;
    if (json_read(text, 16 * 1024 * 1024, &tree, &err) < 0)
        fail_msg("row \"%s\": %s in: %.*s", row, err.text, STR_FMT(text));
    return tree;
}

/* "response.status.details.causes.3.reason": names and indices; NULL when there is none. */
static inline const cJSON *tree_at(const cJSON *tree, const char *path)
{
    while (tree && *path) {
        size_t len = strcspn(path, ".");
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        tree = cJSON_IsArray(tree) ? cJSON_GetArrayItem(tree, (int)strtol(name, NULL, 10))
                                   : cJSON_GetObjectItemCaseSensitive(tree, name);
        path += len + (path[len] == '.');
    }
    return tree;
}

/* The string there, or none. */
static inline struct str tree_text(const cJSON *tree, const char *path)
{
    return str_of(cJSON_GetStringValue(tree_at(tree, path)));
}

/* The string of an element or a member, by its index. */
static inline struct str tree_text_at(const cJSON *tree, const char *path, size_t index)
{
    return str_of(cJSON_GetStringValue(cJSON_GetArrayItem(tree_at(tree, path), (int)index)));
}

/* The number there, or -1. */
static inline long long tree_number(const cJSON *tree, const char *path)
{
    const cJSON *at = tree_at(tree, path);
    return cJSON_IsNumber(at) ? (long long)cJSON_GetNumberValue(at) : -1;
}

static inline size_t tree_count(const cJSON *tree, const char *path)
{
    const cJSON *at = tree_at(tree, path);
    return at ? (size_t)cJSON_GetArraySize(at) : 0;
}

#endif
