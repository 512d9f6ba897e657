/* SPDX-License-Identifier: Apache-2.0 */
/* json: see the header. The only file that knows cJSON's tree. */
#include "pinnace/json.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "pinnace/scan.h"

#include "pinnace/banned.h"

static int by_name(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    return strcmp((*left)->string, (*right)->string);
}

/* Sorted, so that an object of many keys costs no square. */
static int refuse_twins(const cJSON *object, struct arena *arena, struct err *err)
{
    size_t count = (size_t)cJSON_GetArraySize(object), i = 0;
    const cJSON **members = arena_array(arena, const cJSON *, count);
    if (!members)
        return err_no_memory(err);
    for (const cJSON *member = object->child; member; member = member->next)
        members[i++] = member;
    qsort(members, count, sizeof(*members), by_name);
    for (i = 1; i < count; i++)
        if (strcmp(members[i - 1]->string, members[i]->string) == 0)
            return err_set(err, ERR_INPUT, "the key \"%.64s\" is given twice in one object",
                           members[i]->string);
    return 0;
}

/* The depth is bounded: the scanner has been here before. */
static int refuse_twins_below(const cJSON *value, struct arena *arena, struct err *err)
{
    if (cJSON_IsObject(value) && refuse_twins(value, arena, err) < 0)
        return -1;
    arena_reset(arena);
    for (const cJSON *child = value->child; child; child = child->next)
        if (child->child && refuse_twins_below(child, arena, err) < 0)
            return -1;
    return 0;
}

void json_free(struct cJSON **tree)
{
    cJSON_Delete(*tree);
}

int json_read(struct str text, size_t max_bytes, struct cJSON **ret_tree, struct err *err)
{
    if (text.len > max_bytes)
        return err_set(err, ERR_LIMIT, "%zu bytes; at most %zu are read", text.len, max_bytes);
    struct arena arena ARENA_SCOPED = ARENA_INIT(2 * max_bytes);
    struct scan scan;
    scan_begin(&scan, text, &arena);
    scan_value(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    JSON_SCOPED cJSON *tree = cJSON_ParseWithLengthOpts(text.ptr, text.len, NULL, 0);
    if (!tree)
        return err_no_memory(err);
    if (refuse_twins_below(tree, &arena, err) < 0)
        return -1;
    *ret_tree = tree;
    tree = NULL;
    return 0;
}

static const cJSON *get(const struct json_fields *fields, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(fields->object, name);
    return cJSON_IsNull(value) ? NULL : value;
}

static int expected(const struct json_fields *fields, const char *name, const char *what,
                    struct err *err)
{
    return err_set(err, ERR_INPUT, "%s%s%s: %s was expected here", fields->path,
                   fields->path[0] ? "." : "", name, what);
}

static void join_path(const struct json_fields *fields, const char *name, char out[JSON_PATH_SIZE])
{
    snprintf(out, JSON_PATH_SIZE, "%.90s%s%.32s", fields->path, fields->path[0] ? "." : "", name);
}

static int copy_string(const cJSON *value, struct arena *arena, struct str *ret_value,
                       struct err *err)
{
    struct str copy = arena_copy(arena, str_of(value->valuestring));
    if (!copy.ptr)
        return err_no_memory(err);
    *ret_value = copy;
    return 0;
}

int json_get_string(const struct json_fields *fields, const char *name, struct arena *arena,
                    struct str *ret_value, struct err *err)
{
    const cJSON *value = get(fields, name);
    if (!value)
        return 0;
    if (!cJSON_IsString(value))
        return expected(fields, name, "a string", err);
    return copy_string(value, arena, ret_value, err);
}

int json_get_bool(const struct json_fields *fields, const char *name, bool *ret_value,
                  struct err *err)
{
    const cJSON *value = get(fields, name);
    if (!value)
        return 0;
    if (!cJSON_IsBool(value))
        return expected(fields, name, "true or false", err);
    *ret_value = cJSON_IsTrue(value);
    return 0;
}

int json_get_whole(const struct json_fields *fields, const char *name, int64_t min, int64_t max,
                   int64_t *ret_value, struct err *err)
{
    const cJSON *value = get(fields, name);
    if (!value)
        return 0;
    double number = cJSON_GetNumberValue(value); /* NaN when it is none */
    if (!(number >= (double)min && number <= (double)max) || number != (double)(int64_t)number)
        return err_set(err, ERR_INPUT, "%s%s%s: a whole number from %lld to %lld was expected here",
                       fields->path, fields->path[0] ? "." : "", name, (long long)min,
                       (long long)max);
    *ret_value = (int64_t)number;
    return 0;
}

int json_get_object(const struct json_fields *fields, const char *name,
                    struct json_fields *ret_fields, struct err *err)
{
    const cJSON *value = get(fields, name);
    if (!value)
        return 0;
    if (!cJSON_IsObject(value))
        return expected(fields, name, "an object", err);
    struct json_fields found = {.object = value};
    join_path(fields, name, found.path);
    *ret_fields = found;
    return 0;
}

int json_get_list(const struct json_fields *fields, const char *name, struct json_list *ret_list,
                  struct err *err)
{
    const cJSON *value = get(fields, name);
    struct json_list list = {0};
    if (value && !cJSON_IsArray(value))
        return expected(fields, name, "a list", err);
    if (value) {
        list.next = value->child;
        list.count = (size_t)cJSON_GetArraySize(value);
        join_path(fields, name, list.path);
        list.present = true;
    }
    *ret_list = list;
    return 0;
}

int json_next_object(struct json_list *list, struct json_fields *ret_fields, struct err *err)
{
    if (!list->next)
        return 0;
    if (!cJSON_IsObject(list->next))
        return err_set(err, ERR_INPUT, "%s[%zu]: an object was expected here", list->path,
                       list->index);
    struct json_fields found = {.object = list->next};
    snprintf(found.path, sizeof(found.path), "%.100s[%zu]", list->path, list->index);
    *ret_fields = found;
    list->next = list->next->next;
    list->index++;
    return 1;
}

int json_next_string(struct json_list *list, struct arena *arena, struct str *ret_value,
                     struct err *err)
{
    if (!list->next)
        return 0;
    if (!cJSON_IsString(list->next))
        return err_set(err, ERR_INPUT, "%s[%zu]: a string was expected here", list->path,
                       list->index);
    if (copy_string(list->next, arena, ret_value, err) < 0)
        return -1;
    list->next = list->next->next;
    list->index++;
    return 1;
}

int json_only(const struct json_fields *fields, const char *const names[], struct err *err)
{
    const cJSON *member = fields->object ? fields->object->child : NULL;
    for (; member; member = member->next) {
        size_t i = 0;
        while (names[i] && strcmp(names[i], member->string) != 0)
            i++;
        if (names[i])
            continue;
        char known[256] = "";
        size_t len = 0;
        for (i = 0; names[i] && len < sizeof(known); i++)
            len +=
                (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "", names[i]);
        return err_set(err, ERR_INPUT, "%s%s%.64s: no such field here; there are: %s", fields->path,
                       fields->path[0] ? "." : "", member->string, known);
    }
    return 0;
}
