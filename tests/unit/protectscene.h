/* SPDX-License-Identifier: Apache-2.0 */
/* protectscene: Tracks for the tests of what registries are to keep for them. */
#ifndef PINNACE_TESTS_PROTECTSCENE_H
#define PINNACE_TESTS_PROTECTSCENE_H

#include "world.h"

#include "pinnace/protect.h"
#include "pinnace/trackview.h"

#define TAGGED_ROW(digest, tag, state) "{'digest':'" digest "','tag':'" tag "','state':'" state "'}"
#define RUNS(digest) "'current':{'digest':'" digest "'}"
#define LEDGER(rows) "'ledger':[" rows "]"
#define LOCKS(parts) "'protected':[" parts "]"
#define IMAGE(of, state) "{'of':'" of "','state':'" state "'}"
#define CHILD(of, digest, state) "{'of':'" of "','digest':'" digest "','state':'" state "'}"
#define TAG(of, tag, state) "{'of':'" of "','tag':'" tag "','state':'" state "'}"

/* Two releases under latest, and one under a version before them. */
#define THREE                                                                                      \
    RUNS(D3)                                                                                       \
    ",'previousGood':{'digest':'" D2                                                               \
    "'}," LEDGER(TAGGED_ROW(D3, "latest", "Healthy") "," TAGGED_ROW(                               \
        D2, "latest", "Healthy") "," TAGGED_ROW(D1, "v1.0.0", "Healthy"))

static inline struct trackview track_of(struct arena *arena, const char *name, const char *spec,
                                        const char *status)
{
    struct trackview view = {0};
    struct err err = ERR_CLEAN;
    struct str json = json_format(
        arena,
        "{'metadata':{'name':'%s','namespace':'p','uid':'1A2b3c4d-5e6f'},'spec':{'image':'" WEB
        "','follow':{'tag':'latest'},'targets':[{'kind':'Deployment','name':'web'}],%s},"
        "'status':{%s}}",
        name, spec, status);
    if (trackview_read(json, arena, &view, &err) < 0)
        fail_msg("%s: %s", status, err.text);
    return view;
}

struct scene {
    const char *name, *spec, *status; /* spec NULL: protect:true */
    const char *other_spec, *other;   /* a Track beside it; NULL: none */
    bool tags, restless, unable, due;
    size_t turn;
    const char *job;
};

static inline struct protect_question question_of(struct arena *arena, const struct scene *scene)
{
    struct protect_question question = {.at_rest = !scene->restless};
    struct protect_facts *facts = arena_new(arena, struct protect_facts);
    struct protect_other *other = arena_new(arena, struct protect_other);
    struct trackview view =
        track_of(arena, "web", scene->spec ? scene->spec : "'protect':true", scene->status);
    *facts = (struct protect_facts){
        .able = !scene->unable, .has_locks = !scene->tags, .due = scene->due, .turn = scene->turn};
    question.spec = view.spec;
    question.book = view.book;
    question.facts = facts;
    if (scene->other) {
        view = track_of(arena, "other", scene->other_spec ? scene->other_spec : "'protect':true",
                        scene->other);
        *other = (struct protect_other){view.spec, view.book};
        question.others = other;
        question.other_count = 1;
    }
    return question;
}

#define OURS3 IMAGE(D3, "Ours")
#define OURS2 IMAGE(D2, "Ours")

#endif
