/* SPDX-License-Identifier: Apache-2.0 */
/* hooks: what is sent to receivers of hints, while memory runs out. */
#ifndef PINNACE_TESTS_SWEEP_HOOKS_H
#define PINNACE_TESTS_SWEEP_HOOKS_H

#include "expect.h"

#include "pinnace/hook.h"

static inline int run_hook(const char *path, const char *type, const char *body, size_t hints,
                           struct arena *arena, struct err *err)
{
    struct hook_verdict verdict = {.status = 4711};
    const struct hook_request request = {
        .method = STR("POST"), .path = str_of(path), .type = str_of(type), .body = str_of(body)};
    hook_judge(hook_find(request.path), &request, NULL, NULL, arena, &verdict);
    if (verdict.status == 503) {
        expect(!verdict.accepted && verdict.hints.count == 0, "there are hints without memory");
        return err_no_memory(err);
    }
    expect(verdict.status == 200 && verdict.hints.count == hints, "it was judged otherwise");
    expect(hints || verdict.answer.len, "the answer is missing");
    return 0;
}

static inline int run_push_events(struct arena *arena, struct err *err)
{
    static const char json[] = "application/json", form[] = "application/x-www-form-urlencoded";
    static const struct {
        const char *path, *type, *body;
        size_t hints;
    } rows[] = {
        {"/hooks/distribution", json,
         "{\"events\":[{\"action\":\"p\\u0075sh\",\"target\":{\"repository\":\"a\",\"tag\":\"1\","
         "\"mediaType\":\"application/vnd.oci.image.index.v1+json\"}}]}",
         1},
        {"/hooks/generic", json, "{\"repository\":\"\\u0061\",\"tag\":\"1\"}", 1},
        {"/hooks/eventgrid", json,
         "[{\"eventType\":\"Microsoft.EventGrid.SubscriptionValidationEvent\",\"data\":{"
         "\"validationCode\":\"\\u0061\"}}]",
         0},
        {"/hooks/gcr", json,
         "{\"message\":{\"data\":"
         "\"eyJhY3Rpb24iOiJJTlNFUlQiLCJ0YWciOiJldS5nY3IuaW8vcC9hcHA6djEifQ==\"}}",
         1},
        {"/hooks/github", form,
         "payload={\"action\":\"published\",\"package\":{\"package_type\":\"CONTAINER\","
         "\"package_version\":{\"package_url\":\"ghcr.io/A/b:1\"}}}",
         1},
        {"/hooks/jfrog", json,
         "{\"domain\":\"docker\",\"event_type\":\"pushed\",\"data\":{\"repo_key\":\"k\","
         "\"image_name\":\"a\",\"tag\":\"1\"}}",
         2},
        {"/hooks/ecr", json,
         "{\"source\":\"aws.ecr\",\"detail-type\":\"ECR Image Action\",\"account\":\"1\","
         "\"region\":\"cn-north-1\",\"detail\":{\"result\":\"SUCCESS\",\"action-type\":\"PUSH\","
         "\"repository-name\":\"a\",\"image-tag\":\"1\"}}",
         1},
        {"/hooks/gitea", json,
         "{\"action\":\"created\",\"package\":{\"type\":\"container\",\"name\":\"b\","
         "\"version\":\"1\",\"owner\":{\"login\":\"A\"}}}",
         1},
        {"/hooks/acr", json,
         "{\"action\":\"p\\u0075sh\",\"target\":{\"repository\":\"a\",\"tag\":\"1\",\"mediaType\":"
         "\"application/vnd.oci.image.index.v1+json\"},\"request\":{\"host\":\"c.azurecr.io\"}}",
         1},
        {"/hooks/dockerhub", json,
         "{\"push_data\":{\"tag\":\"\\u0061\"},\"repository\":{\"repo_name\":\"a/b\"}}", 1},
        {"/hooks/gitlab", json,
         "{\"object_kind\":\"pipeline\",\"object_attributes\":{\"status\":\"success\",\"tag\":true,"
         "\"ref\":\"1\"},\"project\":{\"path_with_namespace\":\"A/b\"}}",
         1},
        {"/hooks/harbor", json,
         "{\"type\":\"PUSH_ARTIFACT\",\"event_data\":{\"resources\":[{\"tag\":\"1\",\"resource_"
         "url\":"
         "\"h.io/\\u0061:1\"},{\"tag\":\"2\",\"resource_url\":\"h.io/a:2\"}]}}",
         2},
        {"/hooks/nexus", json,
         "{\"repositoryName\":\"r\",\"action\":\"CREATED\",\"component\":{\"format\":\"docker\","
         "\"name\":\"\\u0061\",\"version\":\"1\"}}",
         2},
        {"/hooks/quay", json, "{\"docker_url\":\"quay.io/a/b\",\"updated_tags\":[\"\\u0061\"]}", 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (run_hook(rows[i].path, rows[i].type, rows[i].body, rows[i].hints, arena, err) < 0)
            return -1;
    return 0;
}

#endif
