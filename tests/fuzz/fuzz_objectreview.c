/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is said of a PinPolicy, an Exemption, a Track or a Namespace: it gets no answer, or a whole
 * one, and what the decoders cannot read is not let in. Of any workload, tracked apply replaces what
 * it says, by digests of the ledger, and nothing twice.
 */
#include <cJSON.h>
#include <stdlib.h>

#include "pinnace/base64.h"
#include "pinnace/json.h"
#include "pinnace/objectreview.h"
#include "pinnace/trackapply.h"
#include "pinnace/trackspec.h"

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

/* A Track that has released something, in the namespace that seeds have. */
static void make_ledger(struct ledger *ledger, const struct review *review, struct arena *arena)
{
    struct err err = {ERR_NONE, ""};
    struct str track = STR(
        "{\"apiVersion\":\"pinnace.dev/v1alpha1\",\"kind\":\"Track\",\"metadata\":{\"name\":\"t\","
        "\"namespace\":\"production\"},\"spec\":{\"image\":\"contoso.azurecr.io/shop/"
        "web\",\"follow\":{"
        "\"tag\":\"main\"},\"from\":{\"track\":\"web\"},\"targets\":[{\"kind\":\"Deployment\","
        "\"name\":"
        "\"web\"}]},\"status\":{\"current\":{\"digest\":\"sha256:"
        "1111111111111111111111111111111111111111111111111111111111111111\"},\"ledger\":[{\"tag\":"
        "\"v1\","
        "\"state\":\"Healthy\",\"digest\":\"sha256:"
        "1111111111111111111111111111111111111111111111111111111111111111\"}]}}");
    must(ledger_add(ledger, track, arena, &err) == 0);
    if (review->has_old)
        ledger_add(ledger, review->old_text, arena, &err);
}

static struct str text_of(const cJSON *operation, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(operation, key);
    must(cJSON_IsString(value));
    return str_of(value->valuestring);
}

static void check_patch(struct str encoded, size_t replaced, struct arena *arena)
{
    struct err err = {ERR_NONE, ""};
    JSON_SCOPED struct cJSON *tree = NULL;
    struct str patch;
    struct imageref before, after;
    must(base64_decode(encoded, arena, &patch, &err) == 0);
    must(json_read(patch, patch.len, &tree, &err) == 0);
    must((size_t)cJSON_GetArraySize(tree) == 3 * replaced);
    for (const cJSON *at = tree->child; at; at = at->next->next->next) {
        must(str_eq(text_of(at->next, "path"), text_of(at->next->next, "path")));
        must(str_eq(text_of(at->next->next, "op"), STR("replace")));
        must(imageref_parse(text_of(at->next, "value"), &before) == IMAGEREF_OK);
        must(imageref_parse(text_of(at->next->next, "value"), &after) == IMAGEREF_OK);
        must(!before.digest.len && after.digest.len && imageref_same_repository(&before, &after));
    }
}

static void apply(const struct review *review)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    JSON_SCOPED struct cJSON *tree = NULL;
    struct err err = {ERR_NONE, ""};
    struct ledger ledger = {0};
    struct str answer;
    size_t replaced;
    make_ledger(&ledger, review, &arena);
    if (trackapply_answer(review, &ledger, &arena, &replaced, &answer, &err) < 0) {
        must(err.kind == ERR_LIMIT || err.kind == ERR_MEMORY);
        return;
    }
    check_answer(answer, true);
    must(json_read(answer, answer.len, &tree, &err) == 0);
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(tree, "response");
    const cJSON *patch = cJSON_GetObjectItemCaseSensitive(response, "patch");
    must(!patch == !replaced);
    if (patch)
        check_patch(str_of(patch->valuestring), replaced, &arena);
}

static void ask_of_track(const struct review *review)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct ledger ledger = {0};
    struct trackspec spec;
    struct err err = {ERR_NONE, ""};
    struct str answer;
    bool allowed;
    const struct review_context context = {
        .path = {.subject = SUBJECT_TRACK}, .policy = &policy_builtin, .ledger = &ledger};
    make_ledger(&ledger, review, &arena);
    must(objectreview_answer(review, &context, NULL, &arena, &allowed, &answer, &err) == 0);
    check_answer(answer, allowed);
    if (allowed && review_writes(review))
        must(trackspec_read(review->object_text, &arena, &spec, &err) == 0);
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
    for (int subject = SUBJECT_PODS + 1; subject < SUBJECT_TRACK; subject++)
        ask(&review, (enum review_subject)subject);
    ask_of_track(&review);
    apply(&review);
    look_at(&review);
    return 0;
}
