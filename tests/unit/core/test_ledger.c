/* SPDX-License-Identifier: Apache-2.0 */
/* What Tracks say: rows, tags and digests. */
#include "../ledgerask.h"

#include "pinnace/banned.h"

TEST(a_track_is_read)
{
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','follow':{'semver':'*'},'targets':[{'kind':'Deployment',"
                      "'name':'web'},{'kind':'CronJob','name':'job','container':'main'}]",
                      "'phase':'Idle','current':{'digest':'" D2 "','tag':'1.1.0'},'ledger':["
                      "{'tag':'1.2.0','digest':'" D3 "','state':'Failed'},"
                      "{'tag':'1.1.0','digest':'" D2 "','state':'Healthy','movedTo':'" D4 "'},"
                      "{'digest':'" D1 "','state':'Adopted'}]"));
    const struct track *track = ledger.tracks;
    assert_non_null(track);
    assert_null(track->next);
    CHECK_STR("name", track->name, STR("web"));
    CHECK_STR("namespace", track->namespace, STR("shop"));
    CHECK_STR("host", track->image.host, STR("contoso.azurecr.io"));
    CHECK_STR("path", track->image.path, STR("shop/web"));
    CHECK_STR("current", track->current, STR(D2));
    const struct ledger_row *row = track->rows;
    CHECK_STR("newest tag", row->tag, STR("1.2.0"));
    CHECK_STR("newest digest", row->digest, STR(D3));
    CHECK("newest", !row->released && row->moved_to.len == 0);
    row = row->next;
    CHECK_STR("second digest", row->digest, STR(D2));
    CHECK_STR("second moved", row->moved_to, STR(D4));
    CHECK("second", row->released);
    CHECK("current", track_current(track) == row);
    row = row->next;
    CHECK("third", row->released && row->tag.len == 0 && row->next == NULL);
    size_t targets = 0;
    for (const struct track_target *t = track->targets; t; t = t->next, targets++)
        CHECK("target", str_eq(t->container, STR("main")) == str_eq(t->kind, STR("CronJob")));
    assert_int_equal(targets, 2);
}

TEST(states)
{
    static const struct {
        const char *state;
        bool released;
    } rows[] = {
        {"RollingOut", true}, {"Healthy", true},     {"Adopted", true},     {"Failed", false},
        {"Pending", false},   {"Applied", true},     {"RolledBack", false}, {"healthy", false},
        {"", false},          {"Superseded", false}, {"Healthy ", false},   {"Unknown", false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        ledger_with(&ledger, &arena,
                    json_format(&arena,
                                TRACK("web", "shop", "'image':'" WEB "'",
                                      "'ledger':[{'digest':'" D1 "','state':'%s'}]"),
                                rows[i].state)
                        .ptr);
        CHECK_INT(rows[i].state, ledger_released(&ledger, ledger.tracks, STR(D1)),
                  rows[i].released);
        CHECK(rows[i].state, !ledger_released(&ledger, ledger.tracks, STR(D2)));
        CHECK(rows[i].state, !ledger_released(&ledger, ledger.tracks, STR("")));
        CHECK(rows[i].state, !ledger_released(&ledger, ledger.tracks, STR_NONE));
    }
}

TEST(a_row_without_state_is_not_released)
{
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena,
                TRACK("web", "shop", "'image':'" WEB "'", "'ledger':[{'digest':'" D1 "'}]"));
    assert_false(ledger_released(&ledger, ledger.tracks, STR(D1)));
}

/* Whatever its rows say, and wherever the list stands. */
TEST(quarantine)
{
    TEST_ARENA(arena);
    static const char *const statuses[] = {
        "'ledger':[" ROW("3", D3, "RollingOut") "," ROW("1", D1, "Healthy") "," ROW(
            "0", D1, "Adopted") "],"
                                "'quarantined':[{'digest':'" D1 "'},{'digest':'" D4 "'}]",
        "'quarantined':[{'digest':'" D4 "'},{'digest':'" D1 "'}],"
        "'ledger':[" ROW("3", D3, "RollingOut") "," ROW("1", D1, "Healthy") "," ROW("0", D1,
                                                                                    "Adopted") "]",
    };
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct ledger ledger = {0};
        ledger_with(
            &ledger, &arena,
            json_format(&arena, TRACK("web", "shop", "'image':'" WEB "'", "%s"), statuses[i]).ptr);
        CHECK(statuses[i], !ledger_released(&ledger, ledger.tracks, STR(D1)));
        CHECK(statuses[i], ledger_released(&ledger, ledger.tracks, STR(D3)));
        CHECK(statuses[i], !ledger_released(&ledger, ledger.tracks, STR(D4)));
    }
}

TEST(refused)
{
    static const struct {
        const char *text, *err;
    } rows[] = {
        {"", "an object was expected here"},
        {"[]", "an object was expected here"},
        {"{}", "a ledger is made of Tracks"},
        {"{'kind':'Track','apiVersion':'pinnace.dev/v1'}", "a ledger is made of Tracks"},
        {"{'kind':'Track'}", "a ledger is made of Tracks"},
        {"{'kind':'PinPolicy','apiVersion':'pinnace.dev/v1alpha1'}", "\"PinPolicy\""},
        {"{'kind':'Service','apiVersion':'v1'}", "\"Service\" of \"v1\""},
        {TRACK("t", "n", "", ""), "spec.image: no image is named"},
        {TRACK("t", "n", "'image':null", ""), "spec.image: no image is named"},
        {TRACK("t", "n", "'image':1", ""), "spec.image: a string was expected here"},
        {TRACK("t", "n", "'image':'A/B'", ""), "spec.image: a repository is written"},
        {TRACK("t", "n", "'image':'a/b:1'", ""), "spec.image: a repository without tag"},
        {TRACK("t", "n", "'image':'a/b@" D1 "'", ""), "spec.image: a repository without tag"},
        {TRACK("t", "n", "'image':'a/b','targets':{}", ""), "spec.targets: a list"},
        {TRACK("t", "n", "'image':'a/b','targets':['x']", ""), "spec.targets[0]: an object"},
        {TRACK("t", "n", "'image':'a/b','targets':[{},{'kind':1}]", ""),
         "spec.targets[1].kind: a string"},
        {TRACK("t", "n", "'image':'a/b','targets':[{'name':[]}]", ""),
         "spec.targets[0].name: a string"},
        {TRACK("t", "n", "'image':'a/b','targets':[{'container':true}]", ""),
         "spec.targets[0].container: a string"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':{}"), "status.ledger: a list"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[1]"), "status.ledger[0]: an object"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[{}]"), "status.ledger[0].digest: a digest"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[" ROW("1", D1, "Healthy") ",{'digest':'x'}]"),
         "status.ledger[1].digest: a digest"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[{'digest':'" D1 "0'}]"),
         "status.ledger[0].digest: a digest"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[{'digest':'" D1 "','state':1}]"),
         "status.ledger[0].state: a string"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[{'digest':'" D1 "','tag':1}]"),
         "status.ledger[0].tag: a string"},
        {TRACK("t", "n", "'image':'a/b'", "'ledger':[{'digest':'" D1 "','movedTo':1}]"),
         "status.ledger[0].movedTo: a string"},
        {TRACK("t", "n", "'image':'a/b'", "'quarantined':1"), "status.quarantined: a list"},
        {TRACK("t", "n", "'image':'a/b'", "'quarantined':['" D1 "']"),
         "status.quarantined[0]: an object"},
        {TRACK("t", "n", "'image':'a/b'", "'quarantined':[{'digest':1}]"),
         "status.quarantined[0].digest: a string"},
        {TRACK("t", "n", "'image':'a/b'", "'current':'x'"), "status.current: an object"},
        {TRACK("t", "n", "'image':'a/b'", "'current':{'digest':1}"),
         "status.current.digest: a string"},
        {TRACK("t", "n", "'image':'a/b','image':'a/c'", ""), "\"image\" is given twice"},
        {"{'kind':'Track','apiVersion':'pinnace.dev/v1alpha1','spec':[]}", "spec: an object"},
        {"{'kind':'Track','apiVersion':'pinnace.dev/v1alpha1','spec':{'image':'a/b'},"
         "'status':[]}",
         "status: an object"},
        {"{'kind':'ControllerRevision','apiVersion':'apps/v1','metadata':{'name':'r'}}",
         "a ledger is made of Tracks"},
        {"{'kind':'ControllerRevision','apiVersion':'apps/v1','data':[]}",
         "data: an object was expected here"},
        {"{'kind':'ReplicaSet','apiVersion':'apps/v1','spec':{'template':[]}}",
         "spec.template: an object"},
        {"{'kind':'ReplicaSet','apiVersion':'apps/v1','spec':{'template':{'spec':{'containers':"
         "[{'image':7}]}}}}",
         "spec.template.spec.containers[0].image: a string"},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        ledger_with(&ledger, &arena, TRACK("before", "n", "'image':'a/b'", ""));
        ledger_with(&ledger, &arena, REPLICA_SET("r-1", "r", "", "a"));
        struct ledger before = ledger;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].text, ledger_add(&ledger, json_of(&arena, rows[i].text), &arena, &err),
                  -1);
        CHECK_INT(rows[i].text, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].text, ERR_TEXT(err), rows[i].err);
        assert_memory_equal(&ledger, &before, sizeof(ledger));
        assert_null(ledger.tracks->next);
        assert_null(ledger.workloads->next);
    }
}

TEST(size)
{
    TEST_ARENA(arena);
    const char *text = TRACK("web", "shop", "'image':'a/b'", "");
    struct str spaces = run_of(&arena, ' ', LEDGER_MAX_BYTES - strlen(text));
    struct ledger ledger = {0};
    struct err err = ERR_CLEAN;
    struct str most = json_format(&arena, "%s%s", text, spaces.ptr);
    assert_int_equal(ledger_add(&ledger, most, &arena, &err), 0);
    struct str more = json_format(&arena, "%s ", most.ptr);
    assert_int_equal(ledger_add(&ledger, more, &arena, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_null(ledger.tracks->next);
}

TEST(no_room)
{
    TEST_ARENA(arena);
    static const char *const texts[] = {TRACK("web", "shop", "'image':'a/b'", ""),
                                        REPLICA_SET("r-1", "r", "", "a")};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct arena small ARENA_SCOPED = ARENA_INIT(64);
        struct ledger ledger = {0};
        struct err err = ERR_CLEAN;
        CHECK_INT(texts[i], ledger_add(&ledger, json_of(&arena, texts[i]), &small, &err), -1);
        CHECK_INT(texts[i], err.kind, ERR_MEMORY);
        CHECK(texts[i], !ledger.tracks && !ledger.workloads);
    }
}

TEST(tracks_of_a_repository)
{
    static const struct {
        const char *image, *track; /* NULL: none */
    } rows[] = {
        {WEB ":1@" D1, "web"},
        {"CONTOSO.azurecr.io:443/shop/web", "web"},
        {WEB "2", NULL},
        {"contoso.azurecr.io/shop/api", NULL},
        {"fabrikam.io/x", NULL},
        {"nginx", "hub"},
        {"index.docker.io/library/nginx:1", "hub"},
        {"quay.io/nginx", NULL},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena, TRACK("web", "shop", "'image':'" WEB "'", ""));
    ledger_with(&ledger, &arena, TRACK("hub", "shop", "'image':'docker.io/library/nginx'", ""));
    ledger_with(&ledger, &arena,
                TRACK("api", "other", "'image':'contoso.azurecr.io/shop/api'", ""));
    struct object pod = pod_of(&arena, "", "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct imageref ref = ref_of(rows[i].image);
        struct ledger_query query = query_of(&pod, "web", &ref);
        const struct track *track = ledger_track(&ledger, &query);
        CHECK_INT(rows[i].image, track != NULL, rows[i].track != NULL);
        if (track)
            CHECK_STR(rows[i].image, track->name, str_of(rows[i].track));
        query.namespace = STR("empty");
        CHECK(rows[i].image, ledger_track(&ledger, &query) == NULL);
    }
}

/* Of several Tracks of one repository: the object's own, then one that released the digest. */
TEST(several_tracks_of_a_repository)
{
    static const struct {
        const char *owner, *digest, *track;
    } rows[] = {
        {"blue-1a", D1, "blue"},   {"blue-1a", D2, "blue"},  {"green-1a", D1, "green"},
        {"green-1a", D2, "green"}, {"other-1a", D1, "blue"}, {"other-1a", D2, "green"},
    };
    static const char *const tracks[] = {
        TRACK("blue", "shop", "'image':'" WEB "','targets':[{'kind':'Deployment','name':'blue'}]",
              "'ledger':[" ROW("1", D1, "Healthy") "]"),
        TRACK("green", "shop", "'image':'" WEB "','targets':[{'kind':'Deployment','name':'green'}]",
              "'ledger':[" ROW("2", D2, "Healthy") "]"),
    };
    TEST_ARENA(arena);
    for (size_t order = 0; order < 2; order++) {
        struct ledger ledger = {0};
        ledger_with(&ledger, &arena, tracks[order]);
        ledger_with(&ledger, &arena, tracks[1 - order]);
        for (size_t i = 0; i < COUNT(rows); i++) {
            char row[128];
            struct imageref ref = ref_of(json_format(&arena, WEB "@%s", rows[i].digest).ptr);
            struct object pod = pod_of(&arena, "ReplicaSet", rows[i].owner);
            struct ledger_query query = query_of(&pod, "web", &ref);
            snprintf(row, sizeof(row), "%s with %.12s, order %zu", rows[i].owner, rows[i].digest,
                     order);
            const struct track *track = ledger_track(&ledger, &query);
            CHECK(row, track != NULL);
            CHECK_STR(row, track->name, str_of(rows[i].track));
        }
    }
}

TEST(tags)
{
    static const struct {
        const char *name, *namespace, *image, *digest; /* NULL: no row */
    } rows[] = {
        {"newest of its namespace", "shop", WEB ":1.0.0", D3},
        {"older tag", "shop", WEB ":0.9.0", D2},
        {"only elsewhere", "shop", WEB ":0.8.0", D5},
        {"own before other", "prod", WEB ":1.0.0", D5},
        {"from a namespace without Tracks", "none", WEB ":0.9.0", D2},
        {"host written otherwise", "shop", "CONTOSO.azurecr.io:443/shop/web:0.9.0", D2},
        {"unknown tag", "shop", WEB ":7", NULL},
        {"no tag", "shop", WEB, NULL},
        {"tag with digest", "shop", WEB ":0.9.0@" D1, D2},
        {"other repository", "shop", "nginx:1.0.0", NULL},
        {"case matters", "shop", WEB ":V", NULL},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(
        &ledger, &arena,
        TRACK("web", "shop", "'image':'" WEB "'",
              "'ledger':[" ROW("1.0.0", D3, "Failed") "," ROW("1.0.0", D1, "Healthy") "," ROW(
                  "0.9.0", D2, "Healthy") "," ROW("v", D2, "Healthy") "]"));
    ledger_with(
        &ledger, &arena,
        TRACK("web", "prod", "'image':'" WEB "'",
              "'ledger':[" ROW("1.0.0", D5, "Healthy") "," ROW("0.8.0", D5, "Healthy") "]"));
    struct object pod = pod_of(&arena, "", "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct imageref ref = ref_of(rows[i].image);
        struct ledger_query query = query_of(&pod, "web", &ref);
        query.namespace = str_of(rows[i].namespace);
        const struct ledger_row *row = ledger_tag(&ledger, &query);
        CHECK_INT(rows[i].name, row != NULL, rows[i].digest != NULL);
        if (row)
            CHECK_STR(rows[i].name, row->digest, str_of(rows[i].digest));
    }
}

TEST(what_tags_meant)
{
    static const struct {
        const char *image;
        bool meant;
    } rows[] = {
        {WEB ":1.0.0@" D1, true},  {WEB ":1.0.0@" D3, true}, {WEB ":1.0.0@" D5, true},
        {WEB ":1.0.0@" D2, false}, {WEB ":0.9.0@" D2, true}, {WEB ":0.9.0@" D1, false},
        {WEB "@" D1, false},       {WEB ":7@" D1, false},    {"nginx:1.0.0@" D1, false},
        {WEB ":1.0.0", false},
    };
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    ledger_with(&ledger, &arena,
                TRACK("web", "shop", "'image':'" WEB "'",
                      "'ledger':[" ROW("1.0.0", D3, "Failed") "," ROW(
                          "1.0.0", D1, "Healthy") "," ROW("0.9.0", D2, "Healthy") "]"));
    ledger_with(
        &ledger, &arena,
        TRACK("web", "prod", "'image':'" WEB "'", "'ledger':[" ROW("1.0.0", D5, "Healthy") "]"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct imageref ref = ref_of(rows[i].image);
        CHECK_INT(rows[i].image, ledger_tag_meant(&ledger, &ref), rows[i].meant);
    }
}

TEST(current)
{
    static const struct {
        const char *status;
        bool known;
    } rows[] = {
        {"'current':{'digest':'" D1 "'},'ledger':[" ROW("1", D1, "Failed") "]", true},
        {"'current':{'digest':'" D2 "'},'ledger':[" ROW("1", D1, "Healthy") "]", false},
        {"'current':{'digest':''},'ledger':[" ROW("1", D1, "Healthy") "]", false},
        {"'current':{},'ledger':[" ROW("1", D1, "Healthy") "]", false},
        {"'current':null,'ledger':[" ROW("1", D1, "Healthy") "]", false},
        {"'current':{'digest':'" D1 "'}", false},
        {"", false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        ledger_with(
            &ledger, &arena,
            json_format(&arena, TRACK("web", "shop", "'image':'" WEB "'", "%s"), rows[i].status)
                .ptr);
        CHECK_INT(rows[i].status, track_current(ledger.tracks) != NULL, rows[i].known);
    }
}

TEST(nothing_known)
{
    TEST_ARENA(arena);
    const struct ledger none = {0};
    struct object pod = pod_of(&arena, "ReplicaSet", "web-1a");
    struct imageref ref = ref_of(WEB ":1@" D1);
    struct ledger_query query = query_of(&pod, "web", &ref);
    assert_null(ledger_track(&none, &query));
    assert_null(ledger_track_of(&none, &query));
    assert_null(ledger_tag(&none, &query));
    assert_false(ledger_tag_meant(&none, &ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_track_is_read),
        cmocka_unit_test(states),
        cmocka_unit_test(a_row_without_state_is_not_released),
        cmocka_unit_test(quarantine),
        cmocka_unit_test(refused),
        cmocka_unit_test(size),
        cmocka_unit_test(no_room),
        cmocka_unit_test(tracks_of_a_repository),
        cmocka_unit_test(several_tracks_of_a_repository),
        cmocka_unit_test(tags),
        cmocka_unit_test(what_tags_meant),
        cmocka_unit_test(current),
        cmocka_unit_test(nothing_known),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
