/* SPDX-License-Identifier: Apache-2.0 */
/* Whose containers a Track speaks of, and what the revisions of its targets still run. */
#include "../ledgerask.h"

#include "pinnace/banned.h"

/* The container that a Track names is its own, whatever image that has. */
TEST(targeted_containers)
{
    static const struct {
        const char *object, *container;
        bool targeted;
    } rows[] = {
        {"'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':'web'}", "main", true},
        {"'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':'web'}", "side", false},
        {"'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':'web'}", "", false},
        {"'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':'web2'}", "main", false},
        {"'kind':'StatefulSet','apiVersion':'apps/v1','metadata':{'name':'web'}", "main", false},
        {"'kind':'ReplicaSet','apiVersion':'apps/v1','metadata':{'name':'web-1a','ownerReferences':"
         "[{'kind':'Deployment','name':'web','controller':true}]}",
         "main", true},
        {"'kind':'Pod','apiVersion':'v1','metadata':{'generateName':'web-1a-','ownerReferences':"
         "[{'kind':'ReplicaSet','name':'web-1a','controller':true}]}",
         "main", true},
        {"'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':"
         "[{'kind':'ReplicaSet','name':'web-api-1a','controller':true}]}",
         "main", false},
        {"'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':"
         "[{'kind':'ReplicaSet','name':'web','controller':true}]}",
         "main", false},
        {"'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':"
         "[{'kind':'ReplicaSet','name':'web-1a'}]}",
         "main", false},
        {"'kind':'Job','apiVersion':'batch/v1','metadata':{'ownerReferences':"
         "[{'kind':'CronJob','name':'nightly','controller':true}]}",
         "main", true},
        {"'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':"
         "[{'kind':'Job','name':'nightly-29384710','controller':true}]}",
         "main", true},
        {"'kind':'Pod','apiVersion':'v1','metadata':{'name':'web'}", "main", false},
        {"'kind':'Pod','apiVersion':'v1'", "main", false},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web','container':"
                      "'main'},{'kind':'CronJob','name':'nightly','container':'main'},"
                      "{'kind':'DaemonSet','name':'all'}]",
                      ""));
    struct imageref ref = ref_of("nginx");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object object = object_of(&arena, json_format(&arena, "{%s}", rows[i].object).ptr);
        struct ledger_query query = query_of(&object, rows[i].container, &ref);
        CHECK_INT(rows[i].object, ledger_track_of(&ledger, &query) != NULL, rows[i].targeted);
        query.namespace = STR("other");
        CHECK(rows[i].object, ledger_track_of(&ledger, &query) == NULL);
    }
}

/* Who made the owner is known from the ledger first, and guessed from its name only without it. */
TEST(owners_of_owners)
{
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    struct imageref ref = ref_of("nginx");
    ledger_with(&ledger, &arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web','container':"
                      "'main'}]",
                      ""));
    ledger_with(&ledger, &arena, REPLICA_SET("odd-name", "web", "", "a"));
    ledger_with(&ledger, &arena, REPLICA_SET("web-1a", "api", "", "a"));
    struct object odd = pod_of(&arena, "ReplicaSet", "odd-name");
    struct object alike = pod_of(&arena, "ReplicaSet", "web-1a");
    struct ledger_query query = query_of(&odd, "main", &ref);
    assert_non_null(ledger_track_of(&ledger, &query));
    query = query_of(&alike, "main", &ref);
    assert_null(ledger_track_of(&ledger, &query));
}

/* A target that does not say which workload it is is nobody's, least of all the nameless'. */
TEST(empty_targets)
{
    static const char *const targets[] = {"{'container':'main'}",
                                          "{'kind':'Pod','container':'main'}",
                                          "{'kind':'ReplicaSet','name':null,'container':'main'}",
                                          "{'name':'web','container':'main'}"};
    static const char *const objects[] = {
        "{'kind':'Pod','apiVersion':'v1'}",
        "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'web'}}",
        "{'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':[{'kind':'ReplicaSet',"
        "'controller':true}]}}",
        "{'kind':'Pod','apiVersion':'v1','metadata':{'ownerReferences':[{'name':'web',"
        "'controller':true}]}}",
    };
    TEST_ARENA(arena);
    struct imageref ref = ref_of("nginx");
    for (size_t i = 0; i < COUNT(targets); i++)
        for (size_t k = 0; k < COUNT(objects); k++) {
            struct ledger ledger = {0};
            struct object pod = object_of(&arena, objects[k]);
            struct ledger_query query = query_of(&pod, "main", &ref);
            ledger_with(&ledger, &arena,
                        json_format(&arena,
                                    TRACK("web", "shop", "'image':'" WEB "','targets':[%s]", ""),
                                    targets[i])
                            .ptr);
            CHECK(targets[i], ledger_track_of(&ledger, &query) == NULL);
        }
}

/* What a live revision of a target holds may run, though no row says so. */
TEST(live_revisions)
{
    static const struct {
        const char *name, *workload;
        bool released;
    } rows[] = {
        {"live", REPLICA_SET("web-1a", "web", "'replicas':3,", WEB "@" D4), true},
        {"live by default", REPLICA_SET("web-1a", "web", "", WEB ":1.0.0@" D4), true},
        {"host written otherwise",
         REPLICA_SET("web-1a", "web", "", "CONTOSO.azurecr.io:443/shop/web@" D4), true},
        {"scaled to nothing", REPLICA_SET("web-1a", "web", "'replicas':0,", WEB "@" D4), false},
        {"of another Deployment", REPLICA_SET("api-1a", "api", "", WEB "@" D4), false},
        {"another digest", REPLICA_SET("web-1a", "web", "", WEB "@" D5), false},
        {"only the tag", REPLICA_SET("web-1a", "web", "", WEB ":1.0.0"), false},
        {"another repository", REPLICA_SET("web-1a", "web", "", "contoso.azurecr.io/x@" D4), false},
        {"in another namespace",
         "{'kind':'ReplicaSet','apiVersion':'apps/v1','metadata':{'name':'web-1a','namespace':"
         "'other','ownerReferences':[{'kind':'Deployment','name':'web','controller':true}]},'spec':"
         "{'template':{'spec':{'containers':[{'image':'" WEB "@" D4 "'}]}}}}",
         false},
        {"nobody's",
         "{'kind':'ReplicaSet','apiVersion':'apps/v1','metadata':{'name':'web-1a','namespace':"
         "'shop'},'spec':{'template':{'spec':{'containers':[{'image':'" WEB "@" D4 "'}]}}}}",
         false},
        {"the target itself, which anybody may write",
         "{'kind':'Deployment','apiVersion':'apps/v1','metadata':{'name':'web','namespace':"
         "'shop'},'spec':{'template':{'spec':{'containers':[{'image':'" WEB "@" D4 "'}]}}}}",
         false},
        {"in an init container",
         "{'kind':'ReplicaSet','apiVersion':'apps/v1','metadata':{'name':'web-1a','namespace':"
         "'shop','ownerReferences':[{'kind':'Deployment','name':'web','controller':true}]},'spec':"
         "{'template':{'spec':{'initContainers':[{'image':'" WEB "@" D4 "'}]}}}}",
         true},
        {"a revision of a StatefulSet",
         "{'kind':'ControllerRevision','apiVersion':'apps/v1','metadata':{'name':'db-7','namespace'"
         ":'shop','ownerReferences':[{'kind':'StatefulSet','name':'db','controller':true}]},"
         "'revision':3,'data':{'spec':{'template':{'$patch':'replace','spec':{'containers':["
         "{'name':'web','image':'" WEB "@" D4 "'}]}}}}}",
         true},
        {"a revision of another StatefulSet",
         "{'kind':'ControllerRevision','apiVersion':'apps/v1','metadata':{'name':'x-7','namespace'"
         ":'shop','ownerReferences':[{'kind':'StatefulSet','name':'x','controller':true}]},"
         "'data':{'spec':{'template':{'spec':{'containers':[{'image':'" WEB "@" D4 "'}]}}}}}",
         false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        ledger_with(&ledger, &arena, rows[i].workload);
        ledger_with(&ledger, &arena,
                    TRACK("web", "shop",
                          "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web'},"
                          "{'kind':'StatefulSet','name':'db'}]",
                          "'ledger':[" ROW("1.0.0", D1, "Healthy") "]"));
        CHECK_INT(rows[i].name, ledger_released(&ledger, ledger.tracks, STR(D4)), rows[i].released);
        CHECK(rows[i].name, ledger_released(&ledger, ledger.tracks, STR(D1)));
        CHECK(rows[i].name, !ledger_released(&ledger, ledger.tracks, STR("")));
    }
}

#define REVISION(name, owner_kind, owner)                                                          \
    "{'kind':'ControllerRevision','apiVersion':'apps/v1','metadata':{'name':'" name                \
    "','namespace':'shop','ownerReferences':[{'kind':'" owner_kind "','name':'" owner              \
    "','controller':true}]},'data':{'spec':{'template':{'spec':{'containers':[{'image':'" WEB      \
    "@" D4 "'}]}}}}}"

/* A StatefulSet says which of its revisions its pods may run; while it is not known, all may be. */
TEST(revisions_of_stateful_sets)
{
    static const struct {
        const char *name, *revision, *owner; /* owner: its kind and its status; NULL: not known */
        bool released;
    } rows[] = {
        {"current", REVISION("db-1", "StatefulSet", "db"),
         "'StatefulSet','status':{'currentRevision':'db-1','updateRevision':'db-2'}", true},
        {"next", REVISION("db-2", "StatefulSet", "db"),
         "'StatefulSet','status':{'currentRevision':'db-1','updateRevision':'db-2'}", true},
        {"old", REVISION("db-0", "StatefulSet", "db"),
         "'StatefulSet','status':{'currentRevision':'db-1','updateRevision':'db-2'}", false},
        {"none is said", REVISION("db-1", "StatefulSet", "db"), "'StatefulSet','status':{}", false},
        {"misshapen", REVISION("db-1", "StatefulSet", "db"),
         "'StatefulSet','status':{'currentRevision':1,'updateRevision':null}", false},
        {"not known", REVISION("db-0", "StatefulSet", "db"), NULL, true},
        {"of a DaemonSet", REVISION("all-0", "DaemonSet", "all"),
         "'DaemonSet','status':{'updateRevision':'all-1'}", true},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        ledger_with(&ledger, &arena, rows[i].revision);
        if (rows[i].owner)
            ledger_with(&ledger, &arena,
                        json_format(&arena,
                                    "{'apiVersion':'apps/v1','metadata':{'name':'%s','namespace':"
                                    "'shop'},'kind':%s}",
                                    rows[i].owner[1] == 'S' ? "db" : "all", rows[i].owner)
                            .ptr);
        ledger_with(&ledger, &arena,
                    TRACK("web", "shop",
                          "'image':'" WEB "','targets':[{'kind':'StatefulSet','name':'db'},"
                          "{'kind':'DaemonSet','name':'all'}]",
                          ""));
        CHECK_INT(rows[i].name, ledger_released(&ledger, ledger.tracks, STR(D4)), rows[i].released);
    }
}

TEST(owners)
{
    static const struct {
        const char *name, *owner_kind, *owner, *list, *container;
        bool has;
    } rows[] = {
        {"in the template", "ReplicaSet", "web-1a", "containers", "web", true},
        {"not in the template", "ReplicaSet", "web-1a", "containers", "istio-proxy", false},
        {"in another list", "ReplicaSet", "web-1a", "initContainers", "web", false},
        {"no name", "ReplicaSet", "web-1a", "containers", "", false},
        {"owner unknown", "ReplicaSet", "web-2b", "containers", "istio-proxy", true},
        {"owner of another kind", "Job", "web-1a", "containers", "istio-proxy", true},
        {"no owner", "", "", "containers", "istio-proxy", true},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    struct imageref ref = ref_of("nginx");
    ledger_with(&ledger, &arena, REPLICA_SET("web-1a", "web", "", "a:1"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct object owner = pod_of(&arena, rows[i].owner_kind, rows[i].owner);
        struct object pod = object_of(
            &arena, json_format(&arena,
                                "{'kind':'Pod','apiVersion':'v1','spec':{'%s':[{'name':'%s',"
                                "'image':'b:1'}]}}",
                                rows[i].list, rows[i].container)
                        .ptr);
        struct image_cursor at = {0};
        const struct image_site *site = object_next_image(&pod, &at);
        struct ledger_query query = query_of(&owner, rows[i].container, &ref);
        CHECK_INT(rows[i].name, ledger_owner_has(&ledger, &query, site), rows[i].has);
        query.namespace = STR("other");
        CHECK(rows[i].name, ledger_owner_has(&ledger, &query, site));
    }
}

/* Objects of files have no namespace: both kinds are then of the namespace that kubectl means. */
TEST(without_namespace)
{
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena,
                "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'web'},"
                "'spec':{'image':'" WEB "','targets':[{'kind':'Deployment','name':'web'}]}}");
    ledger_with(&ledger, &arena,
                "{'kind':'ReplicaSet','apiVersion':'apps/v1','metadata':{'name':'web-1a',"
                "'ownerReferences':[{'kind':'Deployment','name':'web','controller':true}]},'spec':"
                "{'template':{'spec':{'containers':[{'name':'web','image':'" WEB "@" D4 "'}]}}}}");
    struct object pod = pod_of(&arena, "ReplicaSet", "web-1a");
    struct imageref ref = ref_of(WEB "@" D4);
    struct ledger_query query = query_of(&pod, "web", &ref);
    query.namespace = STR("default");
    const struct track *track = ledger_track(&ledger, &query);
    assert_non_null(track);
    assert_true(ledger_released(&ledger, track, STR(D4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targeted_containers),
        cmocka_unit_test(owners_of_owners),
        cmocka_unit_test(empty_targets),
        cmocka_unit_test(live_revisions),
        cmocka_unit_test(revisions_of_stateful_sets),
        cmocka_unit_test(owners),
        cmocka_unit_test(without_namespace),
    };
    return cmocka_run_group_tests_name("ledger_owner", tests, NULL, NULL);
}
