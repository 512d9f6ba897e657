/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is said of a PinPolicy, an Exemption or a Namespace: it gets no answer, or a whole one, and
 * what the policy cannot read is not let in.
 */
#include <cJSON.h>
#include <stdlib.h>

#include "pinnace/json.h"
#include "pinnace/objectreview.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, NOW = 1795253400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_answer(struct str answer, bool allowed)
{
    struct err err = {ERR_NONE, ""};
    JSON_SCOPED struct cJSON *tree = NULL;
    must(json_read(answer, answer.len, &tree, &err) == 0);
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(tree, "response");
    const cJSON *warnings = cJSON_GetObjectItemCaseSensitive(response, "warnings"), *warning;
    must(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(response, "allowed")) == allowed);
    must(!cJSON_GetObjectItemCaseSensitive(response, "status") == allowed);
    size_t total = 0;
    cJSON_ArrayForEach(warning, warnings)
    {
        must(strlen(warning->valuestring) <= 256);
        total += strlen(warning->valuestring);
    }
    must(total <= 4096);
}

static void ask(const struct review *review, enum review_subject subject)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct review_context context = {
        .path = {.subject = subject}, .policy = &policy_builtin, .now = NOW};
    struct nslook look = {0};
    struct err err = {ERR_NONE, ""};
    struct policy policy = policy_builtin;
    struct str answer;
    bool allowed;
    bool wants = objectreview_wants_look(review, &context.path, &arena, &look);
    must(!wants || subject == SUBJECT_NAMESPACE);
    look.count = look.kept = wants ? 1 : 0;
    look.lines[0] = review->object.name;
    must(objectreview_answer(review, &context, wants ? &look : NULL, &arena, &allowed, &answer,
                             &err) == 0);
    check_answer(answer, allowed);
    bool judged = review->operation == OPERATION_CREATE || review->operation == OPERATION_UPDATE;
    if (allowed && judged && subject != SUBJECT_NAMESPACE)
        must(policy_add(&policy, review->object_text, &arena, &err) == 0);
}

/* The object as one of a list: it is found to be against the level, or not, or cannot be read. */
static void look_at(const struct review *review)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    const struct question question = {.level = LEVEL_PINNED, .policy = &policy_builtin};
    for (const struct kind *kind = kinds; review->has_object && kind->name.ptr; kind++) {
        struct nslook look = {.level = LEVEL_PINNED};
        struct err err = {ERR_NONE, ""};
        if (nslook_add(&look, &question, kind, review->object_text, &arena, &arena, &err) < 0)
            must(err.kind == ERR_INPUT || err.kind == ERR_LIMIT);
        must(look.count <= 1 && look.kept == look.count);
        must(err.kind == ERR_NONE || look.count == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct review review;
    struct err err = {ERR_NONE, ""};
    if (review_decode((struct str){(const char *)data, size}, &arena, &review, &err) < 0)
        return 0;
    for (int subject = SUBJECT_PODS + 1; subject < SUBJECTS; subject++)
        ask(&review, (enum review_subject)subject);
    look_at(&review);
    return 0;
}
