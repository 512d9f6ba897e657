/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: small documents as a cJSON tree, behind the strict scanner, since cJSON by itself takes
 * what is not JSON and lets the first of two equal keys win. The getters read one object's fields
 * by name and say, when a field is not what it should be, which one it is.
 */
#ifndef PINNACE_JSON_H
#define PINNACE_JSON_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/str.h"

struct cJSON;

/* Refuses what scan refuses, more than max_bytes, and a key given twice anywhere. */
int json_read(struct str text, size_t max_bytes, struct cJSON **ret_tree, struct err *err);

void json_free(struct cJSON **tree);
#define JSON_SCOPED __attribute__((cleanup(json_free)))

enum { JSON_PATH_SIZE = 128 };

/* The fields of one object; path is where it stands in the document, for messages. */
struct json_fields {
    const struct cJSON *object; /* NULL: absent, and so are all its fields */
    char path[JSON_PATH_SIZE];
};

/*
 * All of them: 0 with *ret_ set when the field is there, 0 with *ret_ untouched when it is absent
 * or null, -1 when it has another type.
 */
int json_get_string(const struct json_fields *fields, const char *name, struct arena *arena,
                    struct str *ret_value, struct err *err);
int json_get_bool(const struct json_fields *fields, const char *name, bool *ret_value,
                  struct err *err);
/* From min to max; a number with a fraction is none, 3.0 is one. */
int json_get_whole(const struct json_fields *fields, const char *name, int64_t min, int64_t max,
                   int64_t *ret_value, struct err *err);
int json_get_object(const struct json_fields *fields, const char *name,
                    struct json_fields *ret_fields, struct err *err);

/* The elements of a list, taken one by one. */
struct json_list {
    bool present;
    const struct cJSON *next;
    size_t count, index; /* index of next */
    char path[JSON_PATH_SIZE];
};
int json_get_list(const struct json_fields *fields, const char *name, struct json_list *ret_list,
                  struct err *err);
/* 1 when an element was read, 0 at the end, -1 when it has another type. */
int json_next_object(struct json_list *list, struct json_fields *ret_fields, struct err *err);
int json_next_string(struct json_list *list, struct arena *arena, struct str *ret_value,
                     struct err *err);

/* -1 when the object has a field that is not in names (ended by NULL): a typing error must not pass. */
int json_only(const struct json_fields *fields, const char *const names[], struct err *err);

#endif
