/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever follows a cluster keeps for its ledger, and how one namespace of it is known anew. */
#include "../world.h"

#include "pinnace/banned.h"

/* All that a ledger is asked about must be the same for what was written of it. */
static void check_kept(const char *text)
{
    TEST_ARENA(arena);
    struct ledger whole = {0}, kept = {0};
    struct buf once = BUF_INIT(&arena, ROOM), twice = BUF_INIT(&arena, ROOM);
    struct err err = ERR_CLEAN;
    struct str first, second;
    ledger_with(&whole, &arena, text);
    buf_add_track(&once, whole.tracks);
    CHECK_INT(text, buf_finish(&once, &first, &err), 0);
    CHECK_INT(text, ledger_add(&kept, first, &arena, &err), 0);
    const struct track *a = whole.tracks, *b = kept.tracks;
    CHECK_STR("name", b->name, a->name);
    CHECK_STR("namespace", b->namespace, a->namespace);
    CHECK("image", imageref_same_repository(&a->image, &b->image));
    CHECK_STR("followed", b->follow_tag, a->follow_tag);
    CHECK_STR("from", b->from_track, a->from_track);
    CHECK_STR("from there", b->from_namespace, a->from_namespace);
    CHECK_STR("current", b->current, a->current);
    const struct ledger_row *mine = a->rows, *its = b->rows;
    for (; mine && its; mine = mine->next, its = its->next) {
        CHECK_STR("tag", its->tag, mine->tag);
        CHECK_STR("digest", its->digest, mine->digest);
        CHECK_STR("moved", its->moved_to, mine->moved_to);
        CHECK_INT("released", its->released, mine->released);
    }
    CHECK("rows", !mine && !its);
    size_t targets[2] = {0};
    for (const struct track_target *t = a->targets; t; t = t->next)
        targets[0]++;
    for (const struct track_target *t = b->targets; t; t = t->next)
        targets[1]++;
    CHECK_INT("targets", targets[1], targets[0]);
    buf_add_track(&twice, b);
    CHECK_INT(text, buf_finish(&twice, &second, &err), 0);
    CHECK_INT("nothing is added", second.len, first.len);
}

TEST(what_is_kept_of_a_track)
{
    check_kept(TRACK("web", "shop", "'image':'" WEB "'", ""));
    check_kept(TRACK("web", "shop", "'image':'nginx','follow':{'semver':'*'}", "'phase':'New'"));
    check_kept(TRACK("web", "shop",
                     "'image':'Contoso.azurecr.io:443/shop/web','follow':{'tag':'main'},'from':{"
                     "'track':'stage'},'targets':[{'kind':'Deployment','name':'web'},"
                     "{'kind':'CronJob','name':'job','container':'main'}]",
                     "'current':{'digest':'" D1 "'},'ledger':[" ROW("1.1.0", D2, "Failed") "," ROW(
                         "1.0.0", D1, "Applied") ",{'digest':'" D3
                                                 "','state':'Adopted','movedTo':'" D4 "'}],"
                                                 "'quarantined':[{'digest':'" D3 "'}]"));
    check_kept(TRACK("web", "shop",
                     "'image':'nginx','from':{'track':'web','namespace':'staging','soak':'1h'}",
                     "'ledger':[]"));
}

static struct str tracks_of(const struct ledger *ledger, struct arena *arena)
{
    struct buf buf = BUF_INIT(arena, 4096);
    struct str text = STR_NONE;
    for (const struct track *track = ledger->tracks; track; track = track->next)
        buf_addf(&buf, "%.*s/%.*s ", STR_FMT(track->namespace), STR_FMT(track->name));
    buf_finish(&buf, &text, NULL);
    return text;
}

TEST(one_namespace_anew)
{
    TEST_ARENA(arena);
    struct arena small ARENA_SCOPED = ARENA_INIT(64);
    struct ledger base = {0}, fresh = {0}, both = {0};
    struct err err = ERR_CLEAN;
    ledger_with(&base, &arena, TRACK("old", "shop", "'image':'" WEB "'", ""));
    ledger_with(&base, &arena, TRACK("a", "other", "'image':'" WEB "'", ""));
    ledger_with(&base, &arena, TRACK("web", "shop", "'image':'" WEB "'", ""));
    ledger_with(
        &fresh, &arena,
        TRACK("web", "shop", "'image':'" WEB "'", "'ledger':[" ROW("1", D1, "Healthy") "]"));
    ledger_with(&fresh, &arena, TRACK("b", "other", "'image':'" WEB "'", ""));
    ledger_with(&fresh, &arena, REPLICA_SET("web-1", "web", "", WEB "@" D2));
    assert_int_equal(ledger_refresh(&base, &fresh, STR("shop"), &arena, &both, &err), 0);
    CHECK_STR("tracks", tracks_of(&both, &arena), STR("shop/web other/a "));
    CHECK("released", ledger_released(&both, both.tracks, STR(D1)));
    CHECK("workloads", both.workloads == fresh.workloads);
    assert_int_equal(ledger_refresh(&base, &fresh, STR("shop"), &small, &both, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    CHECK("untouched", both.workloads == fresh.workloads && both.tracks);
}

/* Items of lists of built-in kinds do not say what they are. */
TEST(listed)
{
    static const struct {
        const char *row, *api_version, *kind, *json;
        bool fine, wanted;
    } rows[] = {
#define OF(kind, owner)                                                                            \
    "'metadata':{'name':'w-1','namespace':'shop','ownerReferences':[{'kind':'" kind                \
    "','name':'" owner "','controller':true}]}"
#define PODS "'template':{'spec':{'containers':[{'name':'c','image':'a'}]}}"
        {"of a target", "apps/v1", "ReplicaSet", "{" OF("Deployment", "w") ",'spec':{" PODS "}}",
         true, true},
        {"three", "apps/v1", "ReplicaSet",
         "{" OF("Deployment", "w") ",'spec':{'replicas':3," PODS "}}", true, true},
        {"empty", "apps/v1", "ReplicaSet",
         "{" OF("Deployment", "w") ",'spec':{'replicas':0," PODS "}}", true, false},
        {"of another", "apps/v1", "ReplicaSet", "{" OF("Deployment", "v") ",'spec':{" PODS "}}",
         true, false},
        {"of another kind", "apps/v1", "ReplicaSet",
         "{" OF("StatefulSet", "w") ",'spec':{" PODS "}}", true, false},
        {"elsewhere", "apps/v1", "ReplicaSet",
         "{'metadata':{'name':'w','ownerReferences':[{'kind':'Deployment','name':'w','controller':"
         "true}]},'spec':{" PODS "}}",
         true, false},
        {"a target", "apps/v1", "Deployment",
         "{'metadata':{'name':'w','namespace':'shop'},'spec':{'replicas':0," PODS "}}", true, true},
        {"a revision", "apps/v1", "ControllerRevision",
         "{" OF("Deployment", "w") ",'data':{'spec':{" PODS "}}}", true, true},
        {"what says its kind", "apps/v1", "ReplicaSet",
         "{'apiVersion':'v1','kind':'ConfigMap','metadata':{}}", false, false},
        {"a Track among others", "apps/v1", "ReplicaSet", TRACK("x", "shop", "'image':''", ""),
         false, false},
        {"misshapen", "apps/v1", "ReplicaSet", "{'metadata':{},'spec':{'template':7}}", false,
         false},
        {"no pods come of it", "v1", "ConfigMap", "{'metadata':{}}", false, false},
        {"nothing", "apps/v1", "ReplicaSet", "7", false, false},
        {"no kind at all", "", "", "{'metadata':{}}", false, false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger ledger = {0};
        struct err err = ERR_CLEAN;
        ledger_with(
            &ledger, &arena,
            TRACK("t", "shop", "'image':'a','targets':[{'kind':'Deployment','name':'w'}]", ""));
        int added = ledger_add_listed(&ledger, str_of(rows[i].api_version), str_of(rows[i].kind),
                                      json_of(&arena, rows[i].json), &arena, &err);
        CHECK_INT(rows[i].row, added, rows[i].fine ? 0 : -1);
        CHECK_INT(rows[i].row, ledger.workloads != NULL, rows[i].fine);
        if (rows[i].fine)
            CHECK_INT(rows[i].row, ledger_wants(&ledger, &ledger.workloads->object),
                      rows[i].wanted);
    }
}

/* As anybody who may write the Track can make them; what it says must reach the ledger. */
TEST(deep_managed_fields)
{
    TEST_ARENA(arena);
    struct ledger ledger = {0};
    struct err err = ERR_CLEAN;
    struct buf buf = BUF_INIT(&arena, ROOM);
    struct str text;
    buf_add(&buf, STR("{\"apiVersion\":\"pinnace.dev/v1alpha1\",\"kind\":\"Track\",\"metadata\":{"
                      "\"name\":\"web\",\"managedFields\":"));
    for (int i = 0; i < 300; i++)
        buf_add(&buf, STR("[{\"a\":"));
    buf_add(&buf, STR("1"));
    for (int i = 0; i < 300; i++)
        buf_add(&buf, STR("}]"));
    buf_add(&buf, STR("},\"spec\":{\"image\":\"nginx\"}}"));
    assert_int_equal(buf_finish(&buf, &text, &err), 0);
    if (ledger_add(&ledger, text, &arena, &err) < 0)
        fail_msg("%s", err.text);
    CHECK_STR("namespace", ledger.tracks->namespace, STR("default"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_of_a_track),
        cmocka_unit_test(one_namespace_anew),
        cmocka_unit_test(listed),
        cmocka_unit_test(deep_managed_fields),
    };
    return cmocka_run_group_tests_name("ledger_keep", tests, NULL, NULL);
}
