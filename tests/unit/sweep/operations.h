/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operations: what is done again and again while memory runs out at another place each time. Each
 * must answer -1 with ERR_MEMORY, or the safe answer, and leave its outputs as they were.
 */
#ifndef PINNACE_TESTS_OPERATIONS_H
#define PINNACE_TESTS_OPERATIONS_H

#include "clouds.h"
#include "expect.h"
#include "followed.h"
#include "hooks.h"
#include "trackviews.h"

#include "pinnace/challenge.h"
#include "pinnace/change.h"
#include "pinnace/dockerlogin.h"
#include "pinnace/json.h"
#include "pinnace/objectreview.h"
#include "pinnace/regdoc.h"
#include "pinnace/rollout.h"
#include "pinnace/trackapply.h"
#include "pinnace/trackdecide.h"
#include "pinnace/yaml.h"

struct work {
    const char *name;
    int (*run)(struct arena *arena, struct err *err);
};

/* Texts of the operations, made once before anything fails. */
static struct str pin_policy, break_glass, track, replica_set, denied_create, denied_update,
    warned_create, pod_text, template_new, template_old, manifest, long_exemption, odd_policy,
    relabelled, second_track, open_image;
static struct object object_new, object_old;
static struct ledger others; /* a Track with the same target */

/* A pod of so many containers, so that every list of chunks and findings has to grow. */
static inline struct str pod_of(struct arena *arena, int count, const char *tag)
{
    struct buf buf = BUF_INIT(arena, 1000000);
    buf_add(&buf, STR("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"},"
                      "\"spec\":{\"containers\":["));
    for (int i = 0; i < count; i++)
        buf_addf(&buf, "%s{\"name\":\"c\\u0030%d\",\"image\":\"nginx\\u003a%s\"}", i ? "," : "", i,
                 tag);
    buf_add(&buf, STR("]}}"));
    return finished(&buf);
}

static inline struct str review_of(struct arena *arena, const char *verb, struct str object,
                                   struct str old)
{
    return json_format(arena,
                       "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':"
                       "{'uid':'u\\u002d1','kind':{'group':'','kind':'Pod'},'namespace':'shop',"
                       "'operation':'%s','object':%s,'oldObject':%s}}",
                       verb, object.ptr, old.ptr);
}

#define OBJECT_REVIEW(group, kind, object)                                                         \
    "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u\\u002d1',"   \
    "'kind':{'group':'" group "','kind':'" kind                                                    \
    "'},'name':'x','namespace':'shop','operation':'CREATE','object':" object "}}"

static inline void make_object_reviews(struct arena *arena)
{
    long_exemption =
        json_of(arena, OBJECT_REVIEW("pinnace.dev", "Exemption",
                                     EXEMPTION("n", "shop", "'a.b'", "2999-01-01T00:00:00Z")));
    odd_policy = json_of(arena, OBJECT_REVIEW("pinnace.dev", "PinPolicy",
                                              POLICY("'registries':['**'],'tags':{'immutable':["
                                                     "'*']},'exemptions':[{'images':['*'],"
                                                     "'namespaces':['x'],'reason':'r','expires':"
                                                     "'1999-01-01T00:00:00Z'}]")));
    relabelled = json_of(arena, OBJECT_REVIEW("", "Namespace",
                                              "{'metadata':{'labels':{'pinnace.dev/enforce':"
                                              "'p\\u0069nned','pinnace.dev/warn':'x'}}}"));
    second_track = json_of(
        arena,
        OBJECT_REVIEW("pinnace.dev", "Track",
                      TRACK("x", "shop",
                            "'image':'" WEB "','follow':{'semver':'>=1.0.0','pattern':'-a$'},"
                            "'from':{'track':'web'},'targets':[{'kind':'Deployment','name':"
                            "'w\\u0065b'}]",
                            "")));
    open_image =
        json_of(arena, OBJECT_REVIEW("apps", "Deployment",
                                     "{'metadata':{'name':'w\\u0065b'},'spec':{'template':{'spec':{"
                                     "'containers':[{'name':'a','image':'" WEB
                                     "'},{'name':'b','image':'" WEB ":latest'}]}}}}"));
}

static inline void make_texts(struct arena *arena)
{
    make_object_reviews(arena);
    make_track_views(arena);
    pin_policy = json_of(
        arena, POLICY("'tags':{'immutable':['a','b']},'registries':['quay.io'],'free':['*'],"
                      "'longestExemption':'1h','exemptions':[{'images':['quay.io','a.b'],"
                      "'namespaces':['x','y'],'reason':'r'},{'images':['c.d'],'namespaces':['z'],"
                      "'reason':'s'}]"));
    break_glass =
        json_of(arena, EXEMPTION("n\\u0061me", "shop", "'a.b','c.d'", "2026-11-21T09:30:00Z"));
    track = json_of(
        arena, TRACK("web", "shop",
                     "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web'},{'kind':"
                     "'Job','name':'j','container':'c'}]",
                     "'current':{'digest':'" D1 "'},'ledger':[" ROW("1", D1, "Healthy") "," ROW(
                         "2", D2, "Failed") "],'quarantined':[{'digest':'" D2 "'}]"));
    ledger_with(&others, arena,
                TRACK("web", "shop",
                      "'image':'" WEB "','targets':[{'kind':'Deployment','name':'web'}]",
                      "'current':{'digest':'" D1 "'},'ledger':[" ROW("1", D1, "Healthy") "]"));
    replica_set = json_of(arena, REPLICA_SET("w\\u0065b-1", "web", "", WEB "@" D1));
    pod_text = pod_of(arena, 200, "1");
    denied_create = review_of(arena, "CREATE", pod_of(arena, 70, "1"), STR("null"));
    warned_create = denied_create;
    denied_update = review_of(arena, "UPDATE", pod_of(arena, 70, "1"), pod_of(arena, 70, "2"));
    template_new = json_of(arena, "{'kind':'Job','apiVersion':'batch/v1','spec':{'template':{"
                                  "'a':'\\u0061','b':['\\u0062'],'c':{'\\u0063':1}}}}");
    template_old = json_of(arena, "{'kind':'Job','apiVersion':'batch/v1','spec':{'template':{"
                                  "'c':{'c':1},'b':['\\u0062'],'a':'\\u0061'}}}");
    object_new = object_of(arena, template_new.ptr);
    object_old = object_of(arena, template_old.ptr);
    manifest = STR("a: &x {b: [1, two, 0x10]}\nc:\n  <<: *x\n  d: |\n    text\n---\n- \"e\\n\"\n");
}

static inline int add_policy(struct str text, struct arena *arena, struct err *err)
{
    struct policy policy = policy_builtin;
    int result = policy_add(&policy, text, arena, err);
    bool same = memcmp(&policy, &policy_builtin, sizeof(policy)) == 0;
    expect(same == (result < 0), "the policy was touched, or nothing was added to it");
    return result;
}

static inline int run_pin_policy(struct arena *arena, struct err *err)
{
    return add_policy(pin_policy, arena, err);
}

static inline int run_break_glass(struct arena *arena, struct err *err)
{
    return add_policy(break_glass, arena, err);
}

static inline int add_to_ledger(struct str text, struct arena *arena, struct err *err)
{
    struct ledger ledger = {0};
    int result = ledger_add(&ledger, text, arena, err);
    expect((ledger.tracks || ledger.workloads) == (result == 0), "the ledger was touched");
    return result;
}

static inline int run_track(struct arena *arena, struct err *err)
{
    return add_to_ledger(track, arena, err);
}

static inline int run_workload(struct arena *arena, struct err *err)
{
    return add_to_ledger(replica_set, arena, err);
}

static inline int run_object(struct arena *arena, struct err *err)
{
    struct object object = {.name = STR("untouched")};
    int result = object_read(pod_text, arena, &object, err);
    expect(str_eq(object.name, STR("untouched")) == (result < 0), "the object was touched");
    return result;
}

static inline int run_json(struct arena *arena, struct err *err)
{
    struct cJSON *tree = NULL;
    (void)arena; /* it brings its own */
    int result = json_read(track, LEDGER_MAX_BYTES, &tree, err);
    expect((tree == NULL) == (result < 0), "there is a tree, or there is none");
    json_free(&tree);
    return result;
}

static inline int answer_review(struct str text, const char *path, bool allowed,
                                struct arena *arena, struct err *err)
{
    struct review review = {.uid = STR("untouched")};
    struct review_context context = {.policy = &policy_builtin, .key = {1, 2}};
    struct review_outcome outcome = {.allowed = !allowed, .verdict = {.images = 4711}};
    struct str answer = STR("untouched");
    review_path_parse(str_of(path), &context.path);
    if (review_decode(text, arena, &review, err) < 0) {
        expect(str_eq(review.uid, STR("untouched")), "the review was touched");
        return -1;
    }
    if (review_answer(&review, &context, arena, &outcome, &answer, err) < 0) {
        expect(outcome.verdict.images == 4711, "the outcome was touched");
        expect(str_eq(answer, STR("untouched")), "the answer was touched");
        return -1;
    }
    expect(outcome.allowed == allowed, "it was decided otherwise");
    expect(outcome.verdict.count[FINDING_REFUSED] == 70, "an image was missed");
    expect(text_has(answer, allowed ? STR("\"allowed\":true") : STR("\"allowed\":false")),
           "the answer says otherwise");
    return 0;
}

static inline int run_denied_create(struct arena *arena, struct err *err)
{
    return answer_review(denied_create, "/enforce/pinned", false, arena, err);
}

static inline int run_denied_update(struct arena *arena, struct err *err)
{
    return answer_review(denied_update, "/enforce/pinned", false, arena, err);
}

static inline int run_warned_create(struct arena *arena, struct err *err)
{
    return answer_review(warned_create, "/warn/tagged", true, arena, err);
}

static inline int answer_object(enum review_subject subject, struct str text, bool allowed,
                                struct arena *arena, struct err *err)
{
    const struct nslook look = {.level = LEVEL_PINNED,
                                .kept = 1,
                                .count = 5,
                                .lines = {STR("one")},
                                .trouble = STR("slow")};
    const struct review_context context = {
        .path.subject = subject, .policy = &policy_builtin, .now = 1795253400};
    struct review review;
    bool got = !allowed;
    struct str answer = STR("untouched");
    if (review_decode(text, arena, &review, err) < 0)
        return -1;
    if (objectreview_answer(&review, &context, &look, arena, &got, &answer, err) < 0) {
        expect(str_eq(answer, STR("untouched")), "the answer was touched");
        expect(got == !allowed, "the verdict was touched");
        return -1;
    }
    expect(got == allowed, "it was decided otherwise");
    return 0;
}

static inline int run_long_exemption(struct arena *arena, struct err *err)
{
    return answer_object(SUBJECT_EXEMPTION, long_exemption, false, arena, err);
}

static inline int run_odd_policy(struct arena *arena, struct err *err)
{
    return answer_object(SUBJECT_PIN_POLICY, odd_policy, true, arena, err);
}

static inline int run_relabelled(struct arena *arena, struct err *err)
{
    return answer_object(SUBJECT_NAMESPACE, relabelled, false, arena, err);
}

static inline int run_second_track(struct arena *arena, struct err *err)
{
    const struct review_context context = {
        .path.subject = SUBJECT_TRACK, .policy = &policy_builtin, .ledger = &others};
    struct review review;
    bool allowed = true;
    struct str answer = STR("untouched");
    if (review_decode(second_track, arena, &review, err) < 0)
        return -1;
    int done = objectreview_answer(&review, &context, NULL, arena, &allowed, &answer, err);
    expect(str_eq(answer, STR("untouched")) == (done < 0), "the answer was touched");
    expect(allowed == (done < 0), "it was decided otherwise");
    return done;
}

static inline int run_tracked_apply(struct arena *arena, struct err *err)
{
    struct review review;
    size_t replaced = 4711;
    struct str answer = STR("untouched");
    if (review_decode(open_image, arena, &review, err) < 0)
        return -1;
    int done = trackapply_answer(&review, &others, arena, &replaced, &answer, err);
    expect(str_eq(answer, STR("untouched")) == (done < 0), "the answer was touched");
    expect(replaced == (done < 0 ? 4711 : 2), "the count was touched");
    return done;
}

static inline int run_look(struct arena *arena, struct err *err)
{
    const struct question question = {.level = LEVEL_PINNED, .policy = &policy_builtin};
    struct nslook look = {.level = LEVEL_PINNED};
    int done =
        nslook_add(&look, &question, kind_find(STR(""), STR("Pod")), pod_text, arena, arena, err);
    expect((look.count == 1) == (done == 0), "it was found, or it failed");
    return done;
}

static inline int run_template_same(struct arena *arena, struct err *err)
{
    struct siphash_key key = {1, 2};
    if (template_same(&object_new, &object_old, key, arena))
        return 0;
    return err_no_memory(err); /* a change that is none is judged: the safe answer */
}

static inline int run_yaml(struct arena *arena, struct err *err)
{
    struct yaml_documents documents = {.count = 4711};
    int result = yaml_read(arena, manifest, &documents, err);
    expect((documents.count == 4711) == (result < 0), "the documents were touched");
    return result;
}

static inline int run_logins(struct arena *arena, struct err *err)
{
    static const char first[] = "{\"auths\":{\"a.io\":{\"auth\":\"dXNlcjpwYXNz\"},\"b.io/\\u0061\":"
                                "{\"username\":\"\\u0061\"}},\"credHelpers\":{\"c.io\":\"x\"}}";
    static const char second[] = "{\"type\":\"kubernetes.io/dockercfg\",\"data\":{\".dockercfg\":"
                                 "\"eyJhLmlvIjp7InVzZXJuYW1lIjoiYiJ9fQ==\"}}";
    struct docker_logins logins = {0};
    if (docker_logins_add(&logins, str_of(first), arena, err) < 0) {
        expect(logins.first == NULL && logins.count == 0, "the logins were touched");
        return -1;
    }
    int result = docker_logins_add_secret(&logins, str_of(second), arena, err);
    expect(logins.count == (result < 0 ? 3 : 4), "the logins were touched, or nothing was added");
    return result;
}

static inline int run_registry_documents(struct arena *arena, struct err *err)
{
    static const char index[] = "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" D1
                                "\",\"platform\":{\"os\":\"\\u006c\"}}]}";
    struct oci_manifest read = {.child_count = 4711};
    struct tags_page page = {.count = 4711};
    struct registry_token token = {.life_s = 4711};
    int result = oci_manifest_read(str_of(index), STR(""), arena, &read, err);
    expect((read.child_count == 4711) == (result < 0), "the manifest was touched");
    if (result == 0) {
        result = tags_page_read(STR("{\"name\":\"a\",\"tags\":[\"\\u0061\"]}"), arena, &page, err);
        expect((page.count == 4711) == (result < 0), "the page was touched");
    }
    if (result == 0) {
        result = registry_token_read(STR("{\"token\":\"\\u0061\"}"), arena, &token, err);
        expect((token.life_s == 4711) == (result < 0), "the token was touched");
    }
    return result;
}

/* A pod that something is wrong with, in a Deployment that waits for it. */
static inline int run_rollout(struct arena *arena, struct err *err)
{
    struct trackspec spec = {.target_count = 1};
    struct workload_facts facts = {.replicas = 4711};
    struct pod_facts pod = {.created_at = 4711};
    struct rollout rollout = {.restarts = 4711};
    struct str workload = STR(
        "{\"spec\":{\"selector\":{\"matchLabels\":{\"a\\u0070p\":\"web\"},\"matchExpressions\":[{"
        "\"key\":\"b\",\"operator\":\"In\",\"values\":[\"c\"]}]},\"template\":{\"spec\":{"
        "\"containers\":[{\"name\":\"w\\u0065b\",\"image\":\"" WEB ":1@" D1 "\"}]}}}}");
    struct str crashing =
        STR("{\"metadata\":{\"ownerReferences\":[{\"controller\":true,\"uid\":\"u"
            "\"}]},\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"" WEB ":1@" D1
            "\"}]},\"status\":{\"conditions\":[{\"type\":\"PodScheduled\","
            "\"status\":\"False\"}],\"containerStatuses\":[{\"name\":\"web\",\"state"
            "\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}");
    if (imageref_parse(STR(WEB), &spec.image) != IMAGEREF_OK)
        expect(false, "the repository was not read");
    int result = workload_read(workload, TARGET_DEPLOYMENT, arena, &facts, err);
    expect((facts.replicas == 4711) == (result < 0), "the workload was touched");
    if (result == 0)
        result = pod_read(crashing, arena, &pod, err);
    expect((pod.created_at == 4711) == (result < 0), "the pod was touched");
    if (result == 0)
        result =
            rollout_read(&spec, &spec.targets[0], &facts, &pod, 1, STR(D1), arena, &rollout, err);
    expect((rollout.restarts == 4711) == (result < 0), "the rollout was touched");
    expect(result < 0 || rollout.state == ROLLOUT_FAILED, "it was judged otherwise");
    return result;
}

static inline int run_registry_headers(struct arena *arena, struct err *err)
{
    struct challenges challenges = {.count = 0};
    struct str next = STR("untouched");
    if (challenges_add(&challenges, STR("Basic realm=\"x\", Bearer realm=\"y\""), arena, err) < 0) {
        expect(challenges.count == 0, "the challenges were touched");
        return -1;
    }
    int result = link_next(STR("</v2/x>; rel=next"), STR("https://r.test/v2/a"), arena, &next, err);
    expect(str_eq(next, STR("untouched")) == (result < 0), "the link was touched");
    return result;
}

#define A_TRACK                                                                                    \
    "{\"metadata\":{\"name\":\"w\\u0065b\",\"uid\":\"\\u0075\"},\"spec\":{\"image\":\"" WEB        \
    "\",\"follow\":{\"semver\":\"*\",\"pattern\":\"^v\"},\"targets\":[{\"kind\":\"Deployment\","   \
    "\"name\":"                                                                                    \
    "\"web\"}]},\"status\":{\"begun\":true,\"follows\":\"\\u002a\",\"current\":{\"digest\":\"" D1  \
    "\",\"tag\":\"v1.0.0\"},\"ledger\":[{\"digest\":\"" D1                                         \
    "\",\"tag\":\"v1.0.0\",\"state\":\"Healthy\"}]}}"

static inline int run_track_read(struct arena *arena, struct err *err)
{
    struct trackspec spec = {.keep = 4711};
    struct trackbook book;
    book.generation = 4711;
    int result = trackspec_read(STR(A_TRACK), arena, &spec, err);
    expect((spec.keep == 4711) == (result < 0), "the spec was touched");
    if (result < 0)
        return -1;
    result = trackbook_read(STR(A_TRACK), arena, &book, err);
    expect((book.generation == 4711) == (result < 0), "the book was touched");
    return result;
}

/* Another hand has been there, and the registry has something new: much to say. */
static inline int run_decide(struct arena *arena, struct err *err)
{
    struct trackspec spec;
    struct trackbook book;
    struct workload_facts workload = {
        .images = {{STR("web"), STR(WEB ":v9@" D2), false}}, .image_count = 1, .replicas = 1};
    struct target_facts target = {.workload = &workload};
    struct track_decision decision = {.again_at = 4711};
    if (trackspec_read(STR(A_TRACK), arena, &spec, err) < 0 ||
        trackbook_read(STR(A_TRACK), arena, &book, err) < 0)
        return -1;
    struct track_facts facts = {.spec = &spec,
                                .book = &book,
                                .targets = &target,
                                .registry = {.at = 1, .tag = STR("v1.1.0"), .digest = STR(D3)},
                                .now = 1795253400};
    int result = track_decide(&facts, arena, &decision, err);
    expect((decision.again_at == 4711) == (result < 0), "the decision was touched");
    expect(result < 0 || (decision.step == STEP_WRITE && decision.book->phase == PHASE_DRIFTED),
           "it was decided otherwise");
    return result;
}

static const struct work works[] = {
    {"policy_add of a PinPolicy", run_pin_policy},
    {"policy_add of an Exemption", run_break_glass},
    {"ledger_add of a Track", run_track},
    {"ledger_add of a workload", run_workload},
    {"object_read", run_object},
    {"json_read", run_json},
    {"review_answer: a creation denied", run_denied_create},
    {"review_answer: an update denied", run_denied_update},
    {"review_answer: warned of", run_warned_create},
    {"objectreview_answer: an Exemption refused", run_long_exemption},
    {"objectreview_answer: a PinPolicy warned of", run_odd_policy},
    {"objectreview_answer: a Namespace refused", run_relabelled},
    {"objectreview_answer: a Track refused", run_second_track},
    {"trackapply_answer", run_tracked_apply},
    {"nslook_add", run_look},
    {"workload_read, pod_read and rollout_read", run_rollout},
    {"template_same", run_template_same},
    {"yaml_read", run_yaml},
    {"docker_logins_add", run_logins},
    {"hints of pushes", run_push_events},
    {"documents of a registry", run_registry_documents},
    {"headers of a registry", run_registry_headers},
    {"trackspec_read and trackbook_read", run_track_read},
    {"track_decide", run_decide},
    {"tables of Tracks", run_track_tables},
    {"a word to a Track", run_track_word},
    {"why a workload runs what it runs", run_explain},
    {"workload_patch_write", run_workload_patch},
    {"object_meta_read", run_meta},
    {"names of pull secrets", run_pull_names},
    {"lines and pages of a watch", run_watch},
    {"lease_record_read", run_lease},
    {"certsecret_read", run_cert_secret},
    {"hookconfig_read", run_hook_config},
    {"the history of a Track", run_history},
    {"documents of AWS", run_aws_documents},
    {"tokens", run_token_documents},
    {"what refuses a token", run_token_errors},
    {"who we are to Azure", run_azure},
    {"who we are to AWS", run_aws},
    {"who we are to Google", run_google},
    {"who an account is", run_annotations},
    {"a signature for AWS", run_signature},
};

#endif
