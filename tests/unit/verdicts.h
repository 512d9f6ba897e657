/* SPDX-License-Identifier: Apache-2.0 */
/* verdicts: one question to the judge, and what he says of one image. */
#ifndef PINNACE_TESTS_VERDICTS_H
#define PINNACE_TESTS_VERDICTS_H

#include "world.h"

#include "pinnace/judge.h"

enum { NOW = 1795253400, KEEP = 100 }; /* 2026-11-21T09:30:00Z */

static inline struct verdict ask(const char *row, struct arena *arena,
                                 const struct question *question)
{
    struct verdict verdict = {0};
    struct err err = ERR_CLEAN;
    int result = judge(question, arena, &verdict, &err);
    CHECK_STR(row, ERR_TEXT(err), STR(""));
    CHECK_INT(row, result, 0);
    CHECK(row, verdict.kept <= verdict.count[0] + verdict.count[1] + verdict.count[2]);
    return verdict;
}

static inline struct str pod_with(struct arena *arena, const char *image)
{
    return json_format(arena,
                       "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p'},'spec':"
                       "{'containers':[{'name':'web','image':'%s'}]}}",
                       image);
}

/* What is said of the only image there is. */
static inline struct finding judge_image(const char *row, struct arena *arena,
                                         struct question question, const char *image)
{
    struct object object = object_of(arena, pod_with(arena, image).ptr);
    question.object = &object;
    question.keep = KEEP;
    struct verdict verdict = ask(row, arena, &question);
    CHECK_INT(row, verdict.images, question.level == LEVEL_OFF ? 0 : 1);
    if (verdict.kept == 0)
        return (struct finding){.reason = REASON_NONE};
    CHECK_INT(row, verdict.kept, 1);
    CHECK_INT(row, verdict.count[verdict.findings[0].weight], 1);
    return verdict.findings[0];
}

/* The ledger of these tests: a Track of the repository in the namespace, and one elsewhere. */
static inline void add_tracks(struct ledger *ledger, struct arena *arena)
{
    ledger_with(ledger, arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web','container':"
                      "'web'}]",
                      "'current':{'digest':'" D2 "'},'ledger':["
                      "{'tag':'1.3.0','digest':'" D3 "','state':'RollingOut'},"
                      "{'tag':'1.2.0','digest':'" D2 "','state':'Healthy'},"
                      "{'tag':'1.1.0','digest':'" D1 "','state':'Healthy','movedTo':'" D6 "'},"
                      "{'tag':'1.0.0','digest':'" D4 "','state':'Failed'},"
                      "{'digest':'" D5 "','state':'Adopted'}],"
                      "'quarantined':[{'digest':'" D4 "'}]"));
    ledger_with(ledger, arena,
                TRACK("api", "other", "'image':'contoso.azurecr.io/shop/api'",
                      "'current':{'digest':'" D1 "'},'ledger':[" ROW("1.0.0", D1, "Healthy") "]"));
}

#define NONE REASON_NONE

#endif
