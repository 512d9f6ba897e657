/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/doctor.h"

#include "pinnace/banned.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { NOW = 1795253400 }; /* 2026-11-21T09:30:00Z */

/* "WEIGHT SUBJECT: TEXT;" */
static struct str describe(const struct doctor *doctor)
{
    struct buf text = BUF_INIT(doctor->arena, 64 * 1024);
    for (const struct doctor_line *line = doctor->lines; line; line = line->next) {
        buf_addf(&text, "%.*s %s: %.*s;", STR_FMT(doctor_weight_names[line->weight]), line->subject,
                 STR_FMT(line->text));
        /* What is amiss comes with what to do. */
        assert_true(line->weight != DOCTOR_PROBLEM || line->remedy);
        assert_true(line->weight != DOCTOR_OK || !line->remedy);
    }
    assert_false(doctor->failed);
    return finished(&text);
}

static void as_version(struct doctor *doctor, struct str json)
{
    doctor_version(doctor, json);
}

static void as_kind(struct doctor *doctor, struct str json)
{
    doctor_kind(doctor, STR("k"), json);
}

static void as_deployment(struct doctor *doctor, struct str json)
{
    doctor_deployment(doctor, STR("d"), json);
}

static void as_endpoints(struct doctor *doctor, struct str json)
{
    doctor_endpoints(doctor, json);
}

static void as_lease(struct doctor *doctor, struct str json)
{
    doctor_lease(doctor, json, NOW);
}

static void as_namespace(struct doctor *doctor, struct str json)
{
    struct doctor_census census = {0};
    doctor_namespace(doctor, &census, json);
    doctor_say(doctor, DOCTOR_OK, "probe", NULL, "%.*s", STR_FMT(census.probe));
}

#define READY(node) "{'conditions':{'ready':true},'nodeName':'" node "'}"
#define DEPLOYMENT(image, available)                                                               \
    "{'spec':{'template':{'spec':{'containers':[{'image':'" image                                  \
    "'}]}}},'status':{'conditions':[{'type':'Progressing','status':'True'},{'type':'Available',"   \
    "'status':'" available "'}]}}"
#define LEASE(holder, renewed)                                                                     \
    "{'metadata':{'resourceVersion':'1'},'spec':{'holderIdentity':'" holder                        \
    "','renewTime':'" renewed "','leaseDurationSeconds':10}}"

static const struct {
    void (*judge)(struct doctor *doctor, struct str json);
    const char *json, *want;
} rows[] = {
    {as_version, "{'major':'1','minor':'36'}", "ok api server: Kubernetes 1.36;"},
    {as_version, "{'major':'1','minor':'30+'}", "ok api server: Kubernetes 1.30;"},
    {as_version, "{'major':'1','minor':'29'}", "problem api server: Kubernetes 1.29;"},
    {as_version, "{'major':'2','minor':'0'}", "ok api server: Kubernetes 2.0;"},
    {as_version, "{}", "problem api server: Kubernetes 0.0;"},
    {as_kind, "{'status':{'conditions':[{'type':'Established','status':'True'}]}}",
     "ok kinds: k is served;"},
    {as_kind, "{'status':{'conditions':[{'type':'Established','status':'False'}]}}",
     "problem kinds: k is there, but not served;"},
    {as_kind, "{}", "problem kinds: k is there, but not served;"},
    {as_deployment, DEPLOYMENT("r.io/p@sha256:" D64, "True"),
     "ok deployment: d is available;ok image: d runs r.io/p@sha256:" D64 ";"},
    {as_deployment, DEPLOYMENT("pinnace:0.1.0", "False"),
     "problem deployment: d is not available;"
     "warning image: d runs pinnace:0.1.0, which names no digest;"},
    {as_endpoints, "{'items':[]}",
     "problem service: no webhook is ready: nothing answers the API server;"},
    {as_endpoints, "{'items':[{'endpoints':null}]}",
     "problem service: no webhook is ready: nothing answers the API server;"},
    {as_endpoints, "{'items':[{'endpoints':[" READY("a") ",{'conditions':{'ready':false}}]}]}",
     "warning service: only one webhook is ready: when it goes, nobody answers;"},
    {as_endpoints, "{'items':[{'endpoints':[" READY("a") "," READY("a") "]}]}",
     "warning service: all 2 webhooks are on node a: when it goes, nobody answers;"},
    {as_endpoints, "{'items':[{'endpoints':[" READY("a") "]},{'endpoints':[" READY("b") "]}]}",
     "ok service: 2 webhooks are ready, on several nodes;"},
    {as_lease, LEASE("one", "2026-11-21T09:29:58.000000Z"), "ok controller: one leads;"},
    {as_lease, LEASE("one", "2026-11-21T09:20:00.000000Z"),
     "problem controller: one holds the Lease, but has not renewed it since "
     "2026-11-21T09:20:00.000000Z;"},
    {as_lease, LEASE("", "2026-11-21T09:29:58.000000Z"),
     "problem controller: nobody holds the Lease: certificates are not renewed;"},
    {as_namespace, "{'metadata':{'name':'a','labels':{'pinnace.dev/enforce':'pinned'}}}",
     "ok probe: a;"},
    {as_namespace,
     "{'metadata':{'name':'a','deletionTimestamp':'2026-11-21T09:00:00Z','labels':"
     "{'pinnace.dev/enforce':'pinned'}}}",
     "ok probe: ;"},
    {as_namespace, "{'metadata':{'name':'kube-system','labels':{'pinnace.dev/enforce':'pinned'}}}",
     "ok probe: ;"},
    {as_namespace, "{'metadata':{'name':'a','labels':{'pinnace.dev/warn':'pined'}}}",
     "problem namespaces: a has pinnace.dev/warn=pined, which is no level;ok probe: ;"},
};

TEST(facts_become_lines)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct doctor doctor;
        doctor_begin(&doctor, &arena);
        rows[i].judge(&doctor, json_of(&arena, rows[i].json));
        CHECK_STR(rows[i].json, describe(&doctor), str_of(rows[i].want));
    }
}

TEST(what_cannot_be_read_is_a_problem)
{
    static const char *const bad[] = {"", "{", "nonsense"};
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; j < COUNT(bad); j++) {
            TEST_ARENA(arena);
            struct doctor doctor;
            doctor_begin(&doctor, &arena);
            rows[i].judge(&doctor, str_of(bad[j]));
            CHECK_INT(rows[i].json, doctor.count[DOCTOR_PROBLEM], 1);
        }
}

TEST(certificates)
{
    static const struct {
        int64_t left;
        const char *want;
    } spans[] = {
        {86400 * 60, "ok certificate: the serving certificate lasts 60 days;"},
        {86400 * 14, "ok certificate: the serving certificate lasts 14 days;"},
        {86400 * 14 - 1, "warning certificate: the serving certificate lasts 13 days;"},
        {0, "problem certificate: the serving certificate ended 0 days ago;"},
        {-86400 * 3, "problem certificate: the serving certificate ended 3 days ago;"},
    };
    for (size_t i = 0; i < COUNT(spans); i++) {
        TEST_ARENA(arena);
        struct doctor doctor;
        doctor_begin(&doctor, &arena);
        doctor_certificate(&doctor, NOW + spans[i].left, NOW);
        CHECK_STR(spans[i].want, describe(&doctor), str_of(spans[i].want));
    }
}

TEST(trials)
{
    static const struct {
        const char *refusal;
        enum doctor_weight want;
    } answers[] = {
        {"", DOCTOR_PROBLEM},
        {"admission webhook \"enforce-pinned.pinnace.dev\" denied the request: x", DOCTOR_OK},
        {"ValidatingAdmissionPolicy 'pinnace-pinned' with binding x denied request", DOCTOR_OK},
        {"failed calling webhook \"enforce-pinned.pinnace.dev\": timeout", DOCTOR_PROBLEM},
        {"pods is forbidden: User \"x\" cannot create resource \"pods\"", DOCTOR_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        TEST_ARENA(arena);
        struct doctor doctor;
        doctor_begin(&doctor, &arena);
        doctor_probe(&doctor, STR("a"), str_of(answers[i].refusal));
        CHECK_INT(answers[i].refusal, doctor.count[answers[i].want], 1);
    }
}

#define HOOK(level, policy, more)                                                                  \
    "{'name':'enforce-" level ".pinnace.dev','failurePolicy':'" policy                             \
    "','clientConfig':{'caBundle':'eA=='},'namespaceSelector':{'matchExpressions':[{'key':"        \
    "'pinnace.dev/enforce','operator':'In'}]}" more "}"
#define REST(policy)                                                                               \
    HOOK("tagged", policy, "")                                                                     \
    "," HOOK("tagged-update", policy, "") "," HOOK("pinned-update", policy, "") "," HOOK(          \
        "released", policy, "") "," HOOK("released-update", policy,                                \
                                         "") "," HOOK("unknown", policy,                           \
                                                      "") "," HOOK("unknown-update", policy, "")

TEST(webhook_configurations)
{
    static const struct {
        const char *json, *want;
        enum doctor_profile profile;
    } configs[] = {
        {"{'webhooks':[" REST("Fail") "," HOOK("pinned", "Fail", "") "]}",
         "ok webhook: 8 entries, profile strict;", DOCTOR_STRICT},
        {"{'webhooks':[" REST("Ignore") "," HOOK("pinned", "Ignore", "") "]}",
         "ok webhook: 8 entries, profile available;", DOCTOR_AVAILABLE},
        {"{'webhooks':[" REST("Fail") "," HOOK("pinned", "Ignore", "") "]}",
         "problem webhook: of the entries that enforce, 7 fail closed and 1 open: no profile "
         "does;",
         DOCTOR_MIXED},
        {"{'webhooks':[" REST("Fail") "]}",
         "problem webhook: enforce-pinned.pinnace.dev is missing;"
         "ok webhook: 7 entries, profile strict;",
         DOCTOR_STRICT},
        {"{'webhooks':[" REST("Fail") "," HOOK("pinned", "Fail",
                                               ",'objectSelector':{'matchLabels':{'a':'b'}}") "]}",
         "problem webhook: enforce-pinned.pinnace.dev has an objectSelector: whoever sets a label "
         "gets past it;ok webhook: 8 entries, profile strict;",
         DOCTOR_STRICT},
        {"{'webhooks':[" REST("Fail") ",{'name':'enforce-pinned.pinnace.dev','failurePolicy':"
                                      "'Fail','clientConfig':{}}]}",
         "problem webhook: enforce-pinned.pinnace.dev has no caBundle, so the API server cannot "
         "trust it;problem webhook: enforce-pinned.pinnace.dev is not picked by the label "
         "pinnace.dev/enforce any more;ok webhook: 8 entries, profile strict;",
         DOCTOR_STRICT},
    };
    for (size_t i = 0; i < COUNT(configs); i++) {
        TEST_ARENA(arena);
        struct doctor doctor;
        enum doctor_profile profile = DOCTOR_MIXED;
        doctor_begin(&doctor, &arena);
        doctor_hooks(&doctor, json_of(&arena, configs[i].json), &profile);
        CHECK_STR(configs[i].want, describe(&doctor), str_of(configs[i].want));
        CHECK_INT(configs[i].want, profile, configs[i].profile);
    }
}

TEST(exemptions)
{
    TEST_ARENA(arena);
    struct exemption over = {.name = STR("over"), .expires = NOW};
    struct exemption standing = {.next = &over};
    struct exemption lengthy = {.next = &standing,
                                .name = STR("lengthy"),
                                .namespace = STR("a"),
                                .created = NOW - 1,
                                .expires = NOW + 90000};
    struct exemption good = {
        .next = &lengthy, .name = STR("good"), .created = NOW - 1, .expires = NOW + 1};
    struct policy policy = policy_builtin;
    struct doctor doctor;
    policy.exemptions = &good;
    doctor_begin(&doctor, &arena);
    doctor_exemptions(&doctor, &policy, NOW);
    CHECK_STR("exemptions", describe(&doctor),
              STR("warning exemptions: lengthy of namespace a is longer than may be, so it does "
                  "not count;ok exemptions: 1 in force, 1 over;"));
}

static struct str sight(const struct doctor *doctor)
{
    struct buf text = BUF_INIT(doctor->arena, 64 * 1024);
    doctor_sight(&text, doctor);
    return finished(&text);
}

/* What a look comes to is compared with what the one before came to. */
TEST(what_passes_is_no_news)
{
    static const char *const refused = "failed calling webhook \"enforce-pinned.pinnace.dev\": ";
    static const struct {
        int64_t left;
        const char *why, *version, *want;
    } looks[] = {
        {86400 * 60, "10.0.0.7:8443: refused after 3 ms", "{'major':'1','minor':'33'}",
         "ok api server: Kubernetes 1.33\n"
         "ok certificate: the serving certificate lasts days\n"
         "problem trial: the webhook does not answer: failed calling webhook "
         "\"enforce-pinned.pinnace.dev\": refused after ms\n"
         "unknown registry: a.example, asked without credentials: UNAUTHORIZED: trace \n"},
        {86400 * 59, "10.0.0.8:8443: refused after 12 ms", "{'major':'1','minor':'33'}", NULL},
        {86400 * 13, "10.0.0.8:8443: refused after 12 ms", "{'major':'1','minor':'34'}",
         "ok api server: Kubernetes 1.34\n"
         "warning certificate: the serving certificate lasts days\n"
         "problem trial: the webhook does not answer: failed calling webhook "
         "\"enforce-pinned.pinnace.dev\": refused after ms\n"
         "unknown registry: a.example, asked without credentials: UNAUTHORIZED: trace \n"},
    };
    const char *want = NULL;
    for (size_t i = 0; i < COUNT(looks); i++) {
        TEST_ARENA(arena);
        struct doctor doctor;
        struct buf text = BUF_INIT(&arena, 1024);
        buf_addf(&text, "%s%s", refused, looks[i].why);
        doctor_begin(&doctor, &arena);
        doctor_version(&doctor, json_of(&arena, looks[i].version));
        doctor_certificate(&doctor, NOW + looks[i].left, NOW);
        doctor_probe(&doctor, STR("a"), finished(&text));
        doctor_say(&doctor, DOCTOR_UNKNOWN, "registry", NULL,
                   "a.example, asked without credentials: (401 UNAUTHORIZED: trace %zu-af)", i);
        want = looks[i].want ? looks[i].want : want;
        CHECK_STR(looks[i].version, sight(&doctor), str_of(want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_become_lines),
        cmocka_unit_test(what_cannot_be_read_is_a_problem),
        cmocka_unit_test(certificates),
        cmocka_unit_test(trials),
        cmocka_unit_test(webhook_configurations),
        cmocka_unit_test(exemptions),
        cmocka_unit_test(what_passes_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
