/* SPDX-License-Identifier: Apache-2.0 */
#include "../rolloutobjects.h"

#include "pinnace/banned.h"

/* All that is read, in one line. */
static struct str describe(struct arena *arena, const struct workload_facts *facts)
{
    struct buf text = BUF_INIT(arena, 64 * 1024);
    buf_addf(&text, "%.*s/%.*s gen %lld/%lld", STR_FMT(facts->namespace), STR_FMT(facts->name),
             (long long)facts->generation, (long long)facts->observed_generation);
    for (size_t i = 0; i < facts->image_count; i++)
        buf_addf(&text, " %s%.*s", facts->images[i].init ? "init:" : "",
                 STR_FMT(facts->images[i].container));
    buf_addf(&text, " [%.*s] want %lld has %lld/%lld/%lld/%lld", STR_FMT(facts->selector),
             (long long)facts->replicas, (long long)facts->updated, (long long)facts->ready,
             (long long)facts->available, (long long)facts->all);
    if (facts->partition)
        buf_addf(&text, " partition %lld", (long long)facts->partition);
    buf_addf(&text, "%s%s%s%s%s%s", facts->paused ? " paused" : "",
             facts->on_delete ? " OnDelete" : "", facts->suspended ? " suspended" : "",
             facts->in_parallel ? " parallel" : "", facts->late_since ? " late" : "",
             facts->replica_failure.len ? " refused" : "");
    return finished(&text);
}

TEST(of_a_real_cluster)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"deployment-good", "default/good gen 1/1 web [app=good] want 2 has 2/2/2/2"},
        {"deployment-unready", "default/unready gen 1/1 web [app=unready] want 2 has 2/0/0/2 late"},
        {"deployment-zero", "default/zero gen 1/1 web [app=zero] want 0 has 0/0/0/0"},
        {"deployment-paused", "default/paused gen 3/3 web [app=paused] want 2 has 0/2/2/2 paused"},
        {"deployment-quota", "quota/quota gen 1/1 web [app=quota] want 2 has 1/1/1/1 refused"},
        {"deployment-surge", "default/surge gen 2/2 web [app=surge] want 3 has 3/1/1/4"},
        {"deployment-initok",
         "default/initok gen 1/1 web init:prepare init:side [app=initok] want 2 has 2/0/0/2"},
        {"deployment-expr", "default/expr gen 1/1 web [app in (expr,b),!x,app,app notin (z),"
                            "app=expr] want 2 has 2/2/2/2"},
        {"statefulset-part",
         "default/part gen 2/2 web [app=part] want 3 has 1/3/3/3 partition 2 parallel"},
        {"statefulset-stsdel",
         "default/stsdel gen 2/2 web [app=stsdel] want 2 has 0/2/2/2 OnDelete"},
        {"daemonset-ds", "default/ds gen 1/1 web [app=ds] want 1 has 1/1/1/1"},
        {"daemonset-dsdel", "default/dsdel gen 2/2 web [app=dsdel] want 1 has 0/1/1/1 OnDelete"},
        {"cronjob-cron", "default/cron gen 1/0 web [] want 1 has 0/0/0/0"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct workload_facts facts;
        workload_named(&arena, rows[i].name, &facts);
        CHECK_STR(rows[i].name, describe(&arena, &facts), str_of(rows[i].want));
        CHECK_INT(rows[i].name, facts.uid.len, 36);
        CHECK(rows[i].name, facts.resource_version.len > 0);
    }
}

#define POD_SPEC "'spec':{'initContainers':[{'image':'i'}],'containers':[{'name':'a','image':'x'}]}"

TEST(any_order)
{
    static const struct {
        enum target_kind kind;
        const char *json, *want;
    } rows[] = {
        {TARGET_DEPLOYMENT, "{}", "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DAEMON_SET, "{'metadata':{},'spec':{},'status':{}}",
         "/ gen 0/0 [] want 0 has 0/0/0/0"},
        {TARGET_DEPLOYMENT, "{'metadata':null,'spec':null,'status':null}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DEPLOYMENT,
         "{'spec':{'template':{" POD_SPEC "},'paused':true,'replicas':null,'selector':{"
         "'matchExpressions':null,'matchLabels':null}},'status':{'replicas':7,'conditions':null,"
         "'updatedReplicas':3,'availableReplicas':2,'readyReplicas':1,'observedGeneration':4},"
         "'metadata':{'generation':5,'namespace':'n','name':'w','annotations':null}}",
         "n/w gen 5/4 init: a [] want 1 has 3/1/2/7 paused"},
        {TARGET_STATEFUL_SET,
         "{'status':{'updateRevision':'b','currentRevision':'a'},'spec':{'replicas':4,"
         "'podManagementPolicy':'OrderedReady','updateStrategy':{'rollingUpdate':{'partition':2},"
         "'type':'RollingUpdate'}}}",
         "/ gen 0/0 [] want 4 has 0/0/0/0 partition 2"},
        {TARGET_STATEFUL_SET, "{'spec':{'updateStrategy':null}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_STATEFUL_SET, "{'spec':{'updateStrategy':{'rollingUpdate':null}}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DAEMON_SET,
         "{'status':{'desiredNumberScheduled':9,'numberReady':1,'currentNumberScheduled':2,"
         "'updatedNumberScheduled':3,'numberAvailable':4,'replicas':99}}",
         "/ gen 0/0 [] want 9 has 3/1/4/2"},
        {TARGET_CRON_JOB,
         "{'spec':{'suspend':true,'jobTemplate':{'spec':{'suspend':false,'template':{" POD_SPEC
         "}}}},'status':{'active':[{'name':'x'}]}}",
         "/ gen 0/0 init: a [] want 1 has 0/0/0/0 suspended"},
        /* Where another kind keeps its pods. */
        {TARGET_CRON_JOB, "{'spec':{'template':{" POD_SPEC "}}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DEPLOYMENT, "{'spec':{'jobTemplate':{'spec':{'template':{" POD_SPEC "}}}}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DEPLOYMENT, "{'spec':{'template':null}}", "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DEPLOYMENT, "{'spec':{'template':{'spec':null}}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DEPLOYMENT,
         "{'spec':{'template':{'spec':{'containers':null,'initContainers':[]}}}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        /* Only what failed counts, whatever the order of its fields. */
        {TARGET_DEPLOYMENT,
         "{'status':{'conditions':[{'status':'True','message':'no','type':'ReplicaFailure'},"
         "{'reason':'ProgressDeadlineExceeded','lastTransitionTime':'2026-11-21T09:36:09Z',"
         "'type':'Progressing','status':'False'}]}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0 late refused"},
        {TARGET_DEPLOYMENT,
         "{'status':{'conditions':[{'status':'False','message':'no','type':'ReplicaFailure'},"
         "{'reason':'NewReplicaSetAvailable','lastTransitionTime':'2026-11-21T09:36:09Z',"
         "'type':'Progressing','status':'True'}]}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
        {TARGET_DEPLOYMENT, "{'metadata':{'managedFields':[{'x':'\\u0000'}]}}",
         "/ gen 0/0 [] want 1 has 0/0/0/0"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct workload_facts facts;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json,
                  workload_read(json_of(&arena, rows[i].json), rows[i].kind, &arena, &facts, &err),
                  0);
        CHECK_STR(rows[i].json, describe(&arena, &facts), str_of(rows[i].want));
    }
}

TEST(annotations)
{
    TEST_ARENA(arena);
    struct workload_facts facts;
    struct err err = ERR_CLEAN;
    struct str json = json_of(&arena, "{'metadata':{'annotations':{'a':'b','pinnace.dev/revision':"
                                      "'7','pinnace.dev/track':'web'}}}");
    CHECK_INT("", workload_read(json, TARGET_DEPLOYMENT, &arena, &facts, &err), 0);
    CHECK_STR("", facts.track, STR("web"));
    CHECK_STR("", facts.revision, STR("7"));
}

TEST(what_is_no_workload)
{
    static const struct {
        const char *json, *problem;
    } rows[] = {
        {"", "a"},
        {"[]", "an object was expected here"},
        {"{'spec':1}", "spec: an object was expected here"},
        {"{'spec':{'replicas':'2'}}", "spec.replicas: a number was expected here"},
        {"{'spec':{'paused':1}}", "spec.paused: true or false"},
        {"{'spec':{'selector':{'matchLabels':{'a':1}}}}", "spec.selector.matchLabels.a"},
        {"{'spec':{'selector':{'matchExpressions':[{'key':'a','operator':'Near'}]}}}",
         "spec.selector.matchExpressions[0]: the operator is one of"},
        {"{'spec':{'template':{'spec':{'containers':{}}}}}", "containers: an array was expected"},
        {"{'spec':{'template':{'spec':{'containers':[{'image':3}]}}}}", "containers[0].image"},
        {"{'status':{'observedGeneration':1.5}}", "status.observedGeneration"},
        {"{'status':{'conditions':[{'lastTransitionTime':'now'}]}}", "lastTransitionTime: a time"},
        {"{'metadata':{'name':'x\\u0000'}}", "metadata.name"},
        {"{'spec':{},'spec':{}}", "given twice"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct workload_facts facts = {.partition = 77};
        struct err err = ERR_CLEAN;
        CHECK_INT(
            rows[i].json,
            workload_read(json_of(&arena, rows[i].json), TARGET_DEPLOYMENT, &arena, &facts, &err),
            -1);
        CHECK_INT(rows[i].json, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].json, ERR_TEXT(err), rows[i].problem);
        CHECK_INT(rows[i].json, facts.partition, 77);
    }
}

static struct str with_containers(struct arena *arena, int count)
{
    struct buf text = BUF_INIT(arena, 1000000);
    buf_add(&text, STR("{\"spec\":{\"template\":{\"spec\":{\"containers\":["));
    for (int i = 0; i < count; i++)
        buf_addf(&text, "%s{\"name\":\"c%d\",\"image\":\"x\"}", i ? "," : "", i);
    buf_add(&text, STR("]}}}}"));
    return finished(&text);
}

TEST(many_containers)
{
    TEST_ARENA(arena);
    struct workload_facts facts;
    struct err err = ERR_CLEAN;
    CHECK_INT("32",
              workload_read(with_containers(&arena, 32), TARGET_DEPLOYMENT, &arena, &facts, &err),
              0);
    CHECK_INT("32", facts.image_count, 32);
    CHECK_INT("33",
              workload_read(with_containers(&arena, 33), TARGET_DEPLOYMENT, &arena, &facts, &err),
              -1);
    CHECK_HAS("33", ERR_TEXT(err), "at most 32 containers");
}

TEST(no_room)
{
    struct arena small ARENA_SCOPED = ARENA_INIT(1024);
    TEST_ARENA(arena);
    struct workload_facts facts;
    struct err err = ERR_CLEAN;
    struct buf text = BUF_INIT(&arena, 200000);
    buf_add(&text, STR("{\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\""));
    buf_add(&text, run_of(&arena, 'x', 40000));
    buf_add(&text, STR("\"}}}}"));
    struct str json = finished(&text);
    CHECK_INT("ceiling", workload_read(json, TARGET_DEPLOYMENT, &arena, &facts, &err), -1);
    CHECK_HAS("ceiling", ERR_TEXT(err), "spec.selector: ");
    CHECK_INT("arena", workload_read(json, TARGET_DEPLOYMENT, &small, &facts, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_real_cluster), cmocka_unit_test(any_order),
        cmocka_unit_test(annotations),       cmocka_unit_test(what_is_no_workload),
        cmocka_unit_test(many_containers),   cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
