/* SPDX-License-Identifier: Apache-2.0 */
/* reviews: a review that is asked, and what every answer must be, whatever it says. */
#ifndef PINNACE_TESTS_REVIEWS_H
#define PINNACE_TESTS_REVIEWS_H

#include "tree.h"
#include "world.h"

#include "pinnace/review.h"

enum {
    NOW = 1795253399,        /* the second before 2026-11-21T09:30:00Z */
    DENIAL_MOST = 16 * 1024, /* bytes of a message that an API server hands on whole */
    NAMED_MOST = 20,         /* images that a person reads of */
    WARNING_MOST = 256,      /* characters of one warning */
    WARNINGS_MOST = 4096,    /* of all of one answer */
};

struct answer {
    struct arena arena;
    struct cJSON *tree;
    struct review_outcome outcome;
    struct str text;
    struct str review; /* what was asked */
};

static inline void answer_end(struct answer *answer)
{
    json_free(&answer->tree);
    arena_free(&answer->arena);
}

#define ANSWER_SCOPED __attribute__((cleanup(answer_end)))

static inline int try_answer(struct answer *answer, const char *path, struct review_context context,
                             struct str text, struct err *err)
{
    struct review review;
    answer->review = text;
    context.key = (struct siphash_key){1, 2};
    if (!context.policy)
        context.policy = &policy_builtin;
    assert_true(review_path_parse(str_of(path), &context.path));
    if (review_decode(text, &answer->arena, &review, err) < 0)
        return -1;
    return review_answer(&review, &context, &answer->arena, &answer->outcome, &answer->text, err);
}

/* What every answer must be, whatever it says. */
static inline void check_answer(const char *row, const struct answer *answer)
{
    const cJSON *response = tree_at(answer->tree, "response");
    size_t total = 0;
    CHECK_STR(row, tree_text(answer->tree, "apiVersion"), STR("admission.k8s.io/v1"));
    CHECK_STR(row, tree_text(answer->tree, "kind"), STR("AdmissionReview"));
    CHECK(row, tree_at(answer->tree, "request") == NULL);
    CHECK(row, cJSON_IsBool(tree_at(response, "allowed")));
    CHECK_INT(row, cJSON_IsTrue(tree_at(response, "allowed")), answer->outcome.allowed);
    CHECK_INT(row, tree_at(response, "status") != NULL, !answer->outcome.allowed);
    CHECK(row, tree_at(response, "patch") == NULL);
    if (!answer->outcome.allowed) {
        struct str message = tree_text(response, "status.message");
        CHECK(row, message.len > 0 && message.len <= DENIAL_MOST);
        CHECK(row, tree_count(response, "status.details.causes") <= NAMED_MOST);
        CHECK_STR(row, tree_text(response, "status.status"), STR("Failure"));
        CHECK(row, tree_text(response, "status.reason").len > 0);
    }
    for (size_t i = 0; i < tree_count(response, "warnings"); i++) {
        struct str text = tree_text_at(response, "warnings", i);
        CHECK(row, text.len > 0 && text.len <= WARNING_MOST);
        CHECK(row, str_find(text, '\n') == STR_NOT_FOUND);
        total += text.len;
    }
    CHECK(row, total <= WARNINGS_MOST);
    for (size_t i = 0; i < tree_count(response, "auditAnnotations"); i++)
        CHECK(row, tree_text_at(response, "auditAnnotations", i).len > 0);
}

static inline struct answer answer_of(const char *row, const char *path,
                                      struct review_context context, struct arena *arena,
                                      const char *text)
{
    struct answer answer = {.arena = ARENA_INIT(REVIEW_MAX_MEMORY)};
    struct err err = ERR_CLEAN;
    if (try_answer(&answer, path, context, json_of(arena, text), &err) < 0)
        fail_msg("row \"%s\": %s", row, err.text);
    answer.tree = tree_of(row, answer.text);
    check_answer(row, &answer);
    return answer;
}

#define REVIEW(rest)                                                                               \
    "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u-1','kind':"  \
    "{'group':'','version':'v1','kind':'Pod'},'namespace':'shop'," rest "}}"
#define CREATE(images)                                                                             \
    REVIEW(                                                                                        \
        "'operation':'CREATE','object':{'metadata':{'name':'web'},'spec':{'containers':[" images   \
        "]}}")
#define IMAGE(name, image) "{'name':'" name "','image':'" image "'}"

#endif
