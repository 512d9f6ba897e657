/* SPDX-License-Identifier: Apache-2.0 */
#include "../world.h"

#include "pinnace/trackspec.h"

#include "pinnace/banned.h"

#define HEAD                                                                                       \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Track','metadata':{'name':'web',"                \
    "'namespace':'production'},"
#define LEAST                                                                                      \
    "'image':'" WEB "','follow':{'tag':'latest'},'targets':[{'kind':'Deployment','name':'web'}]"
#define SPEC(body) HEAD "'spec':{" body "}}"
#define WITH(body) SPEC(LEAST "," body)
#define FOLLOW(body)                                                                               \
    SPEC("'image':'" WEB "','targets':[{'kind':'Deployment','name':'web'}],'follow':" body)
#define TARGETS(body) SPEC("'image':'" WEB "','follow':{'tag':'latest'},'targets':" body)
#define IMAGE(image)                                                                               \
    SPEC("'image':" image                                                                          \
         ",'follow':{'tag':'latest'},'targets':[{'kind':'Deployment','name':'web'}]")
#define TARGET(kind, name, container)                                                              \
    "{'kind':'" kind "','name':'" name "','container':'" container "'}"

static struct trackspec read_good(struct arena *arena, const char *text)
{
    struct trackspec spec = {0};
    struct err err = ERR_CLEAN;
    if (trackspec_read(json_of(arena, text), arena, &spec, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return spec;
}

TEST(defaults)
{
    TEST_ARENA(arena);
    struct trackspec spec = read_good(&arena, SPEC(LEAST));
    CHECK_STR("name", spec.name, STR("web"));
    CHECK_STR("namespace", spec.namespace, STR("production"));
    CHECK_STR("host", spec.image.host, STR("contoso.azurecr.io"));
    CHECK_STR("tag", spec.follow.tag, STR("latest"));
    CHECK("follow", !spec.follow.range && !spec.follow.pattern);
    CHECK("from", spec.from.track.len == 0);
    CHECK("flags",
          !spec.manual && !spec.hold_on_failure && !spec.suspend && !spec.deleted && !spec.protect);
    CHECK("words",
          !spec.hold.said && !spec.approve.said && !spec.promote.said && !spec.resume.said);
    CHECK_INT("deadline", spec.deadline, 600);
    CHECK_INT("soak", spec.soak, 60);
    CHECK_INT("interval", spec.interval, 60);
    CHECK_INT("keep", spec.keep, 10);
    CHECK_INT("targets", spec.target_count, 1);
    CHECK_INT("kind", spec.targets[0].kind, TARGET_DEPLOYMENT);
    CHECK_INT("container", spec.targets[0].container.len, 0);
    spec = read_good(&arena, WITH("'from':{'track':'w','namespace':null},'rollout':null,"
                                  "'hold':null,'keep':null,'suspend':null"));
    CHECK_STR("own namespace", spec.from.namespace, STR("production"));
    CHECK_INT("soak there", spec.from.soak, 600);
}

TEST(everything)
{
    TEST_ARENA(arena);
    struct trackspec spec = read_good(
        &arena,
        "{'metadata':{'name':'web','namespace':'p','uid':'u','resourceVersion':'7','generation':3,"
        "'creationTimestamp':'2026-11-21T09:30:00Z','deletionTimestamp':'2026-11-21T09:31:00Z',"
        "'labels':{'a':'b'}},'status':{'x':[1]},'spec':{'image':'" WEB "','follow':{'semver':"
        "'>=1.0 <3','pattern':'^v'},'from':{'namespace':'staging','track':'s\\u0074g','soak':"
        "'1h'},'approval':'Manual','targets':[" TARGET("StatefulSet", "a", "c") "," TARGET(
            "StatefulSet", "a",
            "d") ","
                 "{'kind':'CronJob','name':'a'},{'kind':'DaemonSet','name':'a'}],'rollout':{'"
                 "deadline':'5m',"
                 "'soak':'90s','onFailure':'Hold'},'interval':'30s','keep':50,'suspend':true,'"
                 "protect':true,"
                 "'hold':{'digest':'" D1 "','reason':'r','by':'ann','at':'2026-11-21T09:30:00Z'},"
                 "'approve':{'digest':'" D2 "'},'promote':{'digest':'" D3 "','by':'bob'},"
                 "'resume':{'at':'2026-11-21T09:30:01Z','by':'cy'}}}");
    CHECK_STR("uid", spec.uid, STR("u"));
    CHECK_STR("version", spec.resource_version, STR("7"));
    CHECK_INT("generation", spec.generation, 3);
    CHECK_INT("created", spec.created, 1795253400);
    CHECK("deleted", spec.deleted);
    struct semver version;
    CHECK_INT("fits", tag_judge(&spec.follow, STR("v1.2.0"), &version), TAG_FITS);
    CHECK_INT("off the pattern", tag_judge(&spec.follow, STR("1.2.0"), &version), TAG_OFF_PATTERN);
    CHECK_STR("range", spec.range, STR(">=1.0 <3"));
    CHECK_STR("pattern", spec.regex, STR("^v"));
    CHECK_STR("from", spec.from.track, STR("stg"));
    CHECK_STR("from there", spec.from.namespace, STR("staging"));
    CHECK_INT("soak there", spec.from.soak, 3600);
    CHECK("manual", spec.manual && spec.hold_on_failure && spec.suspend && spec.protect);
    CHECK_INT("targets", spec.target_count, 4);
    CHECK_INT("kind", spec.targets[1].kind, TARGET_STATEFUL_SET);
    CHECK_STR("container", spec.targets[1].container, STR("d"));
    CHECK_INT("kind", spec.targets[3].kind, TARGET_DAEMON_SET);
    CHECK_INT("deadline", spec.deadline, 300);
    CHECK_INT("soak", spec.soak, 90);
    CHECK_INT("interval", spec.interval, 30);
    CHECK_INT("keep", spec.keep, 50);
    CHECK("hold", spec.hold.said && spec.hold.at == 1795253400);
    CHECK_STR("hold", spec.hold.digest, STR(D1));
    CHECK_STR("approve", spec.approve.digest, STR(D2));
    CHECK_STR("promote", spec.promote.by, STR("bob"));
    CHECK_INT("resume", spec.resume.at, 1795253401);
}

static const struct {
    const char *text, *err;
} refused[] = {
    {"", "an object was expected here"},
    {"[]", "an object was expected here"},
    {"{}", "metadata: a Track needs a name"},
    {"{'kind':'Pod'}", "kind: a Track was expected here"},
    {"{'apiVersion':'pinnace.dev/v2'}", "apiVersion: a Track of pinnace.dev/v1alpha1"},
    {"{'metadata':{'name':'../x'}}", "metadata: a Track needs a name"},
    {"{'metadata':{'name':'a','namespace':'x.y'}}", "metadata: a Track needs a name"},
    {"{'metadata':{'name':'a','generation':1.5}}", "metadata.generation: a whole number"},
    {"{'metadata':{'name':'a','creationTimestamp':'x'}}", "metadata.creationTimestamp: a time"},
    {HEAD "'x':1}", "spec: an object was expected here"},
    {HEAD "'spec':[]}", "spec: an object was expected here"},
    {HEAD "'spec':{},'spec':{}}", "given twice"},
    {SPEC("'image':'a.b/c','image':'a.b/d'"), "\"image\" is given twice"},
    {SPEC(""), "spec.image: "},
    {WITH("'tag':'x'"), "spec.tag: no such field here; there are: image, follow, "},
    {IMAGE("7"), "spec.image: a string was expected here"},
    {IMAGE("'a.b/c:1'"), "spec.image: a repository without tag and digest belongs here"},
    {IMAGE("'a.b/c@" D1 "'"), "spec.image: a repository without tag and digest belongs here"},
    {IMAGE("'a.b/C'"), "spec.image: "},
    {FOLLOW("null"), "spec.follow: either \"tag\" or \"semver\" belongs here, one of them"},
    {FOLLOW("{'pattern':'x'}"), "spec.follow: either \"tag\" or \"semver\" belongs here, one"},
    {FOLLOW("{'tag':'a','semver':'1'}"), "belongs here, not both"},
    {FOLLOW("{'tag':7}"), "spec.follow.tag: a string"},
    {FOLLOW("{'tag':''}"), "spec.follow.tag: \"\" is not a tag"},
    {FOLLOW("{'tag':'a b'}"), "spec.follow.tag: \"a b\" is not a tag"},
    {FOLLOW("{'tag':'x.sig'}"), "spec.follow.tag: \"x.sig\" belongs to an image"},
    {FOLLOW("{'tag':'a','pattern':'^b'}"), "spec.follow.tag: \"a\" does not match the pattern"},
    {FOLLOW("{'semver':''}"), "spec.follow.semver: "},
    {FOLLOW("{'semver':'>=1.0 foo'}"), "spec.follow.semver: "},
    {FOLLOW("{'semver':'1','pattern':'('}"), "spec.follow.pattern: "},
    {FOLLOW("{'semver':'1','latest':true}"), "spec.follow.latest: no such field here"},
    {WITH("'from':{}"), "spec.from.track: the name of the Track"},
    {WITH("'from':{'track':'web'}"), "spec.from.track: a Track cannot wait for itself"},
    {WITH("'from':{'track':'web','namespace':'production'}"), "cannot wait for itself"},
    {WITH("'from':{'track':'a/b'}"), "spec.from.track: a name as Kubernetes has them"},
    {WITH("'from':{'track':'a','namespace':'A'}"), "spec.from.namespace: a name"},
    {WITH("'from':{'track':'a','soak':'soon'}"), "spec.from.soak: a duration such as 10m"},
    {WITH("'from':{'track':'a','soak':'0s'}"), "spec.from.soak: a duration"},
    {WITH("'approval':'manual'"), "spec.approval: Automatic or Manual was expected here"},
    {TARGETS("null"), "spec.targets: 1 to 16 targets were expected here, not 0"},
    {TARGETS("[]"), "spec.targets: 1 to 16 targets were expected here, not 0"},
    {TARGETS("{}"), "spec.targets: a list was expected here"},
    {TARGETS("['x']"), "spec.targets[0]: an object"},
    {TARGETS("[{'kind':'Pod','name':'a'}]"), "spec.targets[0].kind: one of Deployment, "},
    {TARGETS("[{'name':'a'}]"), "spec.targets[0].kind: one of"},
    {TARGETS("[{'kind':'Deployment'}]"), "spec.targets[0].name: the name of the workload"},
    {TARGETS("[{'kind':'Deployment','name':'a','namespace':'b'}]"), "[0].namespace: no such"},
    {TARGETS("[{'kind':'Deployment','name':'-a'}]"), "spec.targets[0].name: a name"},
    {TARGETS("[{'kind':'Deployment','name':'a',"
             "'container':'a.b'}]"),
     "[0].container: a name"},
    {TARGETS("[" TARGET("CronJob", "a", "b") "," TARGET("CronJob", "a", "b") "]"),
     "spec.targets[1]: means a container of spec.targets[0] again"},
    {TARGETS("[" TARGET("CronJob", "a", "b") "," TARGET("CronJob", "c",
                                                        "b") ","
                                                             "{'kind':'CronJob','name':'a'}]"),
     "spec.targets[2]: means a container of spec.targets[0] again"},
    {WITH("'rollout':{'deadline':'10'}"), "spec.rollout.deadline: a duration"},
    {WITH("'rollout':{'soak':10}"), "spec.rollout.soak: a string"},
    {WITH("'rollout':{'onFailure':'Panic'}"), "spec.rollout.onFailure: Rollback or Hold"},
    {WITH("'rollout':{'timeout':'1m'}"), "spec.rollout.timeout: no such field"},
    {WITH("'interval':'1d'"), "spec.interval: a duration"},
    {WITH("'keep':0"), "spec.keep: a whole number from 1 to 50"},
    {WITH("'keep':51"), "spec.keep: a whole number from 1 to 50"},
    {WITH("'keep':1.5"), "spec.keep: a whole number from 1 to 50"},
    {WITH("'keep':'9'"), "spec.keep: a whole number from 1 to 50"},
    {WITH("'suspend':'yes'"), "spec.suspend: true or false"},
    {WITH("'protect':1"), "spec.protect: true or false"},
    {WITH("'hold':{}"), "spec.hold.digest: a digest such as sha256:"},
    {WITH("'hold':{'digest':'v1.4.0'}"), "spec.hold.digest: "},
    {WITH("'hold':{'digest':'sha256:12'}"), "spec.hold.digest: a sha256 digest has exactly 64"},
    {WITH("'approve':{'digest':'" D1 "','until':'x'}"), "spec.approve.until: no such field"},
    {WITH("'promote':{'digest':'" D1 "','at':'noon'}"), "spec.promote.at: a time"},
    {WITH("'resume':{}"), "spec.resume.at: the time at which it was said is missing"},
    {WITH("'resume':{'at':'1970-01-01T00:00:00Z'}"), "spec.resume.at: a time"},
    {WITH("'resume':{'at':'2026-11-21T09:30:00Z','digest':'x'}"), "spec.resume.digest: no such"},
};

TEST(what_cannot_be_meant)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        TEST_ARENA(arena);
        struct trackspec spec = {.keep = 4711};
        struct err err = ERR_CLEAN;
        CHECK_INT(refused[i].text,
                  trackspec_read(json_of(&arena, refused[i].text), &arena, &spec, &err), -1);
        CHECK_HAS(refused[i].text, ERR_TEXT(err), refused[i].err);
        CHECK_INT(refused[i].text, err.kind, ERR_INPUT);
        CHECK_INT(refused[i].text, spec.keep, 4711);
    }
}

static struct str with_targets(struct arena *arena, int count)
{
    struct buf buf = BUF_INIT(arena, 64 * 1024);
    buf_add(&buf, STR(HEAD "'spec':{'image':'" WEB "','follow':{'tag':'latest'},'targets':["));
    for (int i = 0; i < count; i++)
        buf_addf(&buf, "%s{'kind':'CronJob','name':'a%d'}", i ? "," : "", i);
    buf_add(&buf, STR("]}}"));
    return json_of(arena, finished(&buf).ptr);
}

TEST(bounds)
{
    TEST_ARENA(arena);
    struct trackspec spec = {0};
    struct err err = ERR_CLEAN;
    CHECK_INT("16", trackspec_read(with_targets(&arena, 16), &arena, &spec, &err), 0);
    CHECK_INT("17", trackspec_read(with_targets(&arena, 17), &arena, &spec, &err), -1);
    CHECK_HAS("17", ERR_TEXT(err), "not 17");
    struct str longest = run_of(&arena, 'x', TRACK_TEXT_MAX + 1);
    for (int over = 0; over < 2; over++) {
        struct str text = json_format(&arena, WITH("'hold':{'digest':'" D1 "','reason':'%.*s'}"),
                                      TRACK_TEXT_MAX + over, longest.ptr);
        CHECK_INT("reason", trackspec_read(text, &arena, &spec, &err), -over);
    }
    CHECK_HAS("reason", ERR_TEXT(err), "spec.hold.reason: at most 1024 bytes");
    struct str large = run_of(&arena, ' ', TRACK_MAX_BYTES + 1);
    CHECK_INT("large", trackspec_read(large, &arena, &spec, &err), -1);
    CHECK_INT("large", err.kind, ERR_LIMIT);
}

/* Whoever writes the object may nest the managedFields as he likes; the Track is read all the same. */
TEST(deep_neighbours)
{
    TEST_ARENA(arena);
    struct buf buf = BUF_INIT(&arena, 1024 * 1024);
    buf_add(&buf, STR("{\"metadata\":{\"name\":\"web\",\"managedFields\":"));
    for (int i = 0; i < 5000; i++)
        buf_add(&buf, STR("["));
    for (int i = 0; i < 5000; i++)
        buf_add(&buf, STR("]"));
    buf_add(&buf, STR("},\"spec\":{"));
    buf_add(&buf, json_of(&arena, LEAST));
    buf_add(&buf, STR("}}"));
    struct trackspec spec = {0};
    struct err err = ERR_CLEAN;
    CHECK_INT("deep", trackspec_read(finished(&buf), &arena, &spec, &err), 0);
    CHECK_STR("deep", spec.namespace, STR("default"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything),
        cmocka_unit_test(what_cannot_be_meant),
        cmocka_unit_test(bounds),
        cmocka_unit_test(deep_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
