/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/audit.h"

#include "pinnace/banned.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define OWNED(kind, name)                                                                          \
    ",'ownerReferences':[{'apiVersion':'apps/v1','kind':'" kind "','name':'" name                  \
    "','uid':'1','controller':true}]"
#define META(name, owner) "'metadata':{'name':'" name "','namespace':'a'" owner "}"
#define CONTAINERS(image) "'containers':[{'name':'c','image':'" image "'}]"
#define WORKLOAD(name, owner, image)                                                               \
    "{" META(name, owner) ",'spec':{'template':{'spec':{" CONTAINERS(image) "}}}}"
#define POD(name, owner, image, id)                                                                \
    "{" META(name, owner) ",'spec':{" CONTAINERS(                                                  \
        image) "},'status':{'containerStatuses':[{'name':'c','imageID':'" id "'}]}}"

struct thing {
    const char *kind, *json; /* of the kind "Namespace": one of those */
};

enum { THINGS = 6 };

static const struct kind *kind_by_name(const char *name)
{
    for (const struct kind *kind = kinds; kind->name.len; kind++)
        if (str_eq(kind->name, str_of(name)))
            return kind;
    fail_msg("no kind %s", name);
    return NULL;
}

static void add(struct audit *audit, const struct thing *thing, const char *row)
{
    struct str json = json_of(audit->arena, thing->json);
    struct err err = ERR_CLEAN;
    int code = strcmp(thing->kind, "Namespace") == 0
                   ? audit_add_namespace(audit, json, &err)
                   : audit_add_object(audit, kind_by_name(thing->kind), json, &err);
    if (code < 0)
        print_error("row \"%s\": %s\n", row, err.text);
    assert_int_equal(code, 0);
}

/* "KIND/NAME IMAGE REASON pods=N old exempt runs=…;" */
static struct str describe(const struct audit *audit)
{
    struct buf text = BUF_INIT(audit->arena, 64 * 1024);
    for (const struct audit_row *row = audit->rows; row; row = row->next) {
        buf_addf(&text, "%.*s/%.*s %.*s %.*s pods=%zu", STR_FMT(row->kind), STR_FMT(row->name),
                 STR_FMT(row->image), STR_FMT(reason_names[row->reason]), row->pods);
        if (!row->in_template)
            buf_add(&text, STR(" old"));
        if (row->exempt)
            buf_add(&text, STR(" exempt"));
        if (row->runs.len)
            buf_addf(&text, " runs=%.*s", STR_FMT(row->runs));
        buf_add_char(&text, ';');
    }
    return finished(&text);
}

static const struct row {
    const char *name;
    struct thing things[THINGS];
    const char *want, *ahead; /* ahead: of what could not be made again */
} rows[] = {
    {"a pinned one", {{"Pod", POD("p", "", "r.io/x@sha256:" D64, "")}}, "", ""},
    {"a pod alone",
     {{"Pod", POD("p", "", "r.io/x:1", "r.io/x@sha256:" D64)}},
     "Pod/p r.io/x:1 NoDigest pods=1 runs=r.io/x:1@sha256:" D64 ";",
     "Pod/p r.io/x:1 NoDigest pods=1 runs=r.io/x:1@sha256:" D64 ";"},
    {"a static pod belongs to nobody",
     {{"Pod", POD("p-node", OWNED("Node", "node"), "x:1", "")}},
     "Pod/p-node x:1 NoDigest pods=1;",
     "Pod/p-node x:1 NoDigest pods=1;"},
    {"a Deployment, its ReplicaSet and two pods are one row",
     {{"ReplicaSet", WORKLOAD("d-1", OWNED("Deployment", "d"), "x:1")},
      {"Deployment", WORKLOAD("d", "", "x:1")},
      {"Pod", POD("d-1-a", OWNED("ReplicaSet", "d-1"), "x:1", "")},
      {"Pod", POD("d-1-b", OWNED("ReplicaSet", "d-1"), "x:1", "")}},
     "Deployment/d x:1 NoDigest pods=2;",
     "Deployment/d x:1 NoDigest pods=2;"},
    {"the old revision still runs what the template does not say any more",
     {{"ReplicaSet", WORKLOAD("d-1", OWNED("Deployment", "d"), "x:1")},
      {"Deployment", WORKLOAD("d", "", "x@sha256:" D64)},
      {"Pod", POD("d-1-a", OWNED("ReplicaSet", "d-1"), "x:1", "")}},
     "Deployment/d x:1 NoDigest pods=1 old;",
     ""},
    {"a revision kept for a rollback is no finding",
     {{"ReplicaSet",
       "{" META("d-1",
                OWNED("Deployment",
                      "d")) ",'spec':{'replicas':0,'template':{'spec':{" CONTAINERS("x:1") "}}}}"},
      {"Deployment", WORKLOAD("d", "", "x@sha256:" D64)}},
     "",
     ""},
    {"a ReplicaSet of its own is one, with or without pods",
     {{"ReplicaSet",
       "{" META("r", "") ",'spec':{'replicas':0,'template':{'spec':{" CONTAINERS("x:1") "}}}}"}},
     "ReplicaSet/r x:1 NoDigest pods=0;",
     "ReplicaSet/r x:1 NoDigest pods=0;"},
    {"what an operator makes is made again by him",
     {{"ReplicaSet", WORKLOAD("r-1", OWNED("Rollout", "r"), "x:1")},
      {"Pod", POD("r-1-a", OWNED("ReplicaSet", "r-1"), "x:1", "")}},
     "Rollout/r x:1 NoDigest pods=1;",
     "Rollout/r x:1 NoDigest pods=1;"},
    {"a CronJob's Job's pod",
     {{"Job", WORKLOAD("c-1", OWNED("CronJob", "c"), "x:1")},
      {"Pod", POD("c-1-a", OWNED("Job", "c-1"), "x:1", "")}},
     "CronJob/c x:1 NoDigest pods=1 old;",
     ""},
    {"in order of kind and name",
     {{"Pod", POD("b", "", "x:1", "")},
      {"Deployment", WORKLOAD("z", "", "x:1")},
      {"Pod", POD("a", "", "x:1", "")}},
     "Deployment/z x:1 NoDigest pods=0;Pod/a x:1 NoDigest pods=1;Pod/b x:1 NoDigest pods=1;",
     "Deployment/z x:1 NoDigest pods=0;Pod/a x:1 NoDigest pods=1;Pod/b x:1 NoDigest pods=1;"},
    {"a namespace that asks for less",
     {{"Namespace", "{'metadata':{'name':'a','labels':{'pinnace.dev/enforce':'tagged'}}}"},
      {"Pod", POD("p", "", "x:1.2.3", "")},
      {"Pod", POD("q", "", "x", "")}},
     "Pod/q x NoTag pods=1;",
     "Pod/q x NoTag pods=1;"},
    {"the strictest of its levels counts",
     {{"Namespace", "{'metadata':{'name':'a','labels':{'pinnace.dev/enforce':'off',"
                    "'pinnace.dev/warn':'pinned'}}}"},
      {"Pod", POD("p", "", "x:1.2.3", "")}},
     "Pod/p x:1.2.3 NoDigest pods=1;",
     "Pod/p x:1.2.3 NoDigest pods=1;"},
    {"off is off",
     {{"Namespace", "{'metadata':{'name':'a','labels':{'pinnace.dev/enforce':'off'}}}"},
      {"Pod", POD("p", "", "x", "")}},
     "",
     ""},
    {"no label asks for pinned",
     {{"Namespace", "{'metadata':{'name':'a'}}"}, {"Pod", POD("p", "", "x:1.2.3", "")}},
     "Pod/p x:1.2.3 NoDigest pods=1;",
     "Pod/p x:1.2.3 NoDigest pods=1;"},
};

TEST(what_counts_as_one)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct audit *audit = arena_new(&arena, struct audit);
        struct err err = ERR_CLEAN;
        assert_non_null(audit);
        audit->arena = &arena;
        audit->policy = &policy_builtin;
        for (size_t j = 0; j < THINGS && rows[i].things[j].kind; j++)
            add(audit, &rows[i].things[j], rows[i].name);
        CHECK_INT(rows[i].name, audit_sort(audit, &err), 0);
        CHECK_STR(rows[i].name, describe(audit), str_of(rows[i].want));
        audit_forget_old(audit);
        CHECK_STR(rows[i].name, describe(audit), str_of(rows[i].ahead));
        size_t left = 0;
        for (const struct audit_row *row = audit->rows; row; row = row->next)
            left++;
        CHECK_INT(rows[i].name, audit->findings, left);
    }
}

TEST(an_exemption_is_shown_and_no_finding)
{
    TEST_ARENA(arena);
    struct audit *audit = arena_new(&arena, struct audit);
    struct policy policy = policy_builtin;
    struct err err = ERR_CLEAN;
    assert_int_equal(policy_add(&policy,
                                json_of(&arena, "{'apiVersion':'pinnace.dev/v1alpha1','kind':"
                                                "'PinPolicy','metadata':{'name':'default'},'spec':"
                                                "{'exemptions':[{'images':['docker.io/library/x'],"
                                                "'namespaces':['a'],'reason':'r'}]}}"),
                                &arena, &err),
                     0);
    audit->arena = &arena;
    audit->policy = &policy;
    add(audit, &(struct thing){"Pod", POD("p", "", "x:1", "")}, "exempt");
    CHECK_STR("exempt", describe(audit), STR("Pod/p x:1 NoDigest pods=1 exempt;"));
    CHECK_INT("exempt", audit->findings, 0);
}

TEST(what_cannot_be_told)
{
    TEST_ARENA(arena);
    struct audit *audit = arena_new(&arena, struct audit);
    struct err err = ERR_CLEAN;
    audit->arena = &arena;
    audit->policy = &policy_builtin;
    audit->has_level = true;
    audit->level = LEVEL_RELEASED;
    struct str pod = json_of(&arena, POD("p", "", "x:1", ""));
    assert_int_equal(audit_add_object(audit, kind_by_name("Pod"), pod, &err), -1);
    CHECK_HAS("no ledger", ERR_TEXT(err), "ledger");
    assert_int_equal(audit_add_object(audit, kind_by_name("Pod"), STR("[]"), &err), -1);
    assert_int_equal(audit_add_namespace(audit, STR("1"), &err), -1);
    assert_null(audit->rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_as_one),
        cmocka_unit_test(an_exemption_is_shown_and_no_finding),
        cmocka_unit_test(what_cannot_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
