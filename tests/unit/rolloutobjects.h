/* SPDX-License-Identifier: Apache-2.0 */
/* rolloutobjects: workloads, Jobs and pods of a real cluster, as the fuzz target has them too. */
#ifndef PINNACE_TESTS_ROLLOUTOBJECTS_H
#define PINNACE_TESTS_ROLLOUTOBJECTS_H

#include "check.h"

#include "pinnace/file.h"
#include "pinnace/rollout.h"

static inline struct str object_named(struct arena *arena, const char *name)
{
    char path[256];
    struct str text = STR_NONE;
    struct err err = ERR_CLEAN;
    snprintf(path, sizeof(path), "fuzz/corpus/rollout/%s", name);
    if (file_read(path, ROOM, arena, &text, &err) < 0)
        print_error("%s\n", err.text);
    assert_non_null(text.ptr);
    return text;
}

static inline enum target_kind kind_named(const char *name)
{
    return strncmp(name, "deployment-", 11) == 0    ? TARGET_DEPLOYMENT
           : strncmp(name, "statefulset-", 12) == 0 ? TARGET_STATEFUL_SET
           : strncmp(name, "daemonset-", 10) == 0   ? TARGET_DAEMON_SET
                                                    : TARGET_CRON_JOB;
}

static inline void workload_named(struct arena *arena, const char *name,
                                  struct workload_facts *facts)
{
    struct err err = ERR_CLEAN;
    int done = workload_read(object_named(arena, name), kind_named(name), arena, facts, &err);
    CHECK_STR(name, ERR_TEXT(err), STR(""));
    CHECK_INT(name, done, 0);
}

static inline void pod_named(struct arena *arena, const char *name, struct pod_facts *facts)
{
    struct err err = ERR_CLEAN;
    int done = pod_read(object_named(arena, name), arena, facts, &err);
    CHECK_STR(name, ERR_TEXT(err), STR(""));
    CHECK_INT(name, done, 0);
}

/* Digests, and a repository. */
#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define WEB "registry.example/shop/web"

/* A Track of a repository with one target. */
static inline struct trackspec spec_of(const char *repository, const char *container)
{
    struct trackspec spec = {.targets = {{.container = str_of(container)}}, .target_count = 1};
    assert_int_equal(imageref_parse(str_of(repository), &spec.image), IMAGEREF_OK);
    return spec;
}

#endif
