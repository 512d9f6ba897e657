/* SPDX-License-Identifier: Apache-2.0 */
#include "../tree.h"
#include "../world.h"

#include "pinnace/objectreview.h"

#include "pinnace/banned.h"

enum { NOW = 1795253400 }; /* 2026-11-21T09:30:00Z */

struct asked {
    const char *row, *path, *kind, *operation, *object, *old;
    const struct nslook *look;
};

/* "allowed", or "FIELD: MESSAGE" of the refusal; then each warning behind a " | ". */
static struct str answer_of(struct arena *arena, const struct asked *asked)
{
    struct review review;
    struct review_context context = {.policy = &policy_builtin, .now = NOW};
    struct err err = ERR_CLEAN;
    struct str text;
    bool allowed;
    bool namespace = str_eq(str_of(asked->kind), STR("Namespace"));
    struct str json = json_format(
        arena,
        "{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{'uid':'u',"
        "'kind':{'group':'%s','version':'v1','kind':'%s'},'operation':'%s','object':%s,"
        "'oldObject':%s}}",
        namespace ? "" : "pinnace.dev", asked->kind, asked->operation, asked->object,
        asked->old ? asked->old : "null");
    assert_true(review_path_parse(str_of(asked->path), &context.path));
    CHECK_INT(asked->row, review_decode(json, arena, &review, &err), 0);
    CHECK_INT(asked->row,
              objectreview_answer(&review, &context, asked->look, arena, &allowed, &text, &err), 0);
    JSON_SCOPED struct cJSON *tree = NULL;
    CHECK_INT(asked->row, json_read(text, text.len, &tree, &err), 0);
    const cJSON *response = tree_at(tree, "response"), *warning;
    CHECK_STR(asked->row, tree_text(response, "uid"), STR("u"));
    CHECK_INT(asked->row, cJSON_IsTrue(tree_at(response, "allowed")), allowed);
    struct buf says = BUF_INIT(arena, 64 * 1024);
    if (allowed) {
        buf_add(&says, STR("allowed"));
        CHECK(asked->row, !tree_at(response, "status"));
    } else {
        const cJSON *cause = cJSON_GetArrayItem(tree_at(response, "status.details.causes"), 0);
        CHECK_INT(asked->row, cJSON_GetNumberValue(tree_at(response, "status.code")), 422);
        buf_add(&says, tree_text(cause, "field"));
        buf_add(&says, STR(": "));
        buf_add(&says, tree_text(cause, "message"));
    }
    cJSON_ArrayForEach(warning, tree_at(response, "warnings"))
    {
        CHECK(asked->row, strlen(warning->valuestring) <= 256);
        buf_addf(&says, " | %s", warning->valuestring);
    }
    return finished(&says);
}

#define PIN_POLICY(spec)                                                                           \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'PinPolicy','metadata':{'name':'default'},"       \
    "'spec':" spec "}"
#define EXEMPTION_OF(created, expires)                                                             \
    "{'apiVersion':'pinnace.dev/v1alpha1','kind':'Exemption','metadata':{'name':'x',"              \
    "'namespace':'a'" created "},'spec':{'images':['docker.io/library/nginx'],'reason':'r',"       \
    "'expires':'" expires "'}}"
#define STANDING(expires)                                                                          \
    PIN_POLICY("{'exemptions':[{'images':['docker.io/a/b'],'namespaces':['*'],'reason':'why',"     \
               "'expires':'" expires "'}]}")

TEST(what_is_meant_and_what_is_not)
{
    static const struct {
        struct asked asked;
        const char *says;
    } rows[] = {
        {{"policy", "/pinpolicies", "PinPolicy", "CREATE", PIN_POLICY("{}"), NULL, NULL},
         "allowed"},
        {{"bad glob", "/pinpolicies", "PinPolicy", "UPDATE", PIN_POLICY("{'registries':['nginx']}"),
          PIN_POLICY("{}"), NULL},
         "spec.registries[0]: \"nginx\" begins with no registry; write it out, as in "
         "docker.io/library/nginx"},
        {{"unknown field", "/pinpolicies", "PinPolicy", "CREATE", PIN_POLICY("{'registry':[]}"),
          NULL, NULL},
         "spec.registry: no such field here; there are: tags, registries, free, exemptions, "
         "longestExemption"},
        {{"deleted", "/pinpolicies", "PinPolicy", "DELETE", PIN_POLICY("{'registry':[]}"), NULL,
          NULL},
         "allowed"},
        {{"ends soon", "/pinpolicies", "PinPolicy", "CREATE", STANDING("2026-12-05T09:30:00Z"),
          NULL, NULL},
         "allowed | spec.exemptions[0].expires: ends in less than 14 days, 2026-12-05T09:30:00Z; "
         "what "
         "needs it is refused from then on"},
        {{"ends later", "/pinpolicies", "PinPolicy", "CREATE", STANDING("2026-12-05T09:30:01Z"),
          NULL, NULL},
         "allowed"},
        {{"ended", "/pinpolicies", "PinPolicy", "CREATE", STANDING("2026-11-21T09:30:00Z"), NULL,
          NULL},
         "allowed | spec.exemptions[0].expires: has let nothing in since 2026-11-21T09:30:00Z; "
         "take it "
         "out"},
        {{"a day", "/exemptions", "Exemption", "CREATE", EXEMPTION_OF("", "2026-11-22T09:30:00Z"),
          NULL, NULL},
         "allowed"},
        {{"more", "/exemptions", "Exemption", "CREATE", EXEMPTION_OF("", "2026-11-22T09:30:01Z"),
          NULL, NULL},
         "spec.expires: an Exemption lasts at most 24h from its creation, as the PinPolicy's "
         "longestExemption has it; the latest time that is accepted is 2026-11-22T09:30:00Z"},
        {{"prolonged", "/exemptions", "Exemption", "UPDATE",
          EXEMPTION_OF(",'creationTimestamp':'2026-11-21T00:00:00Z'", "2026-11-22T00:00:01Z"),
          EXEMPTION_OF("", "2026-11-22T00:00:00Z"), NULL},
         "spec.expires: an Exemption lasts at most 24h from its creation, as the PinPolicy's "
         "longestExemption has it; the latest time that is accepted is 2026-11-22T00:00:00Z"},
        {{"over", "/exemptions", "Exemption", "CREATE", EXEMPTION_OF("", "2026-11-21T09:30:00Z"),
          NULL, NULL},
         "spec.expires: that is over already; the latest time that is accepted is "
         "2026-11-22T09:30:00Z, and who wants to end an Exemption deletes it"},
        {{"used up", "/exemptions", "Exemption", "UPDATE",
          EXEMPTION_OF(",'creationTimestamp':'2026-11-20T09:30:00Z'", "2026-11-21T09:00:00Z"),
          EXEMPTION_OF("", "2026-11-21T08:00:00Z"), NULL},
         "spec.expires: this Exemption has lasted as long as it may; write a new one"},
        {{"stamped by a clock that is behind", "/exemptions", "Exemption", "CREATE",
          EXEMPTION_OF(",'creationTimestamp':'2026-11-21T09:29:58Z'", "2026-11-22T09:29:59Z"), NULL,
          NULL},
         "spec.expires: an Exemption lasts at most 24h from its creation, as the PinPolicy's "
         "longestExemption has it; the latest time that is accepted is "
         "2026-11-22T09:29:58Z"},
        {{"all", "/pinpolicies", "PinPolicy", "CREATE", PIN_POLICY("{'registries':['**']}"), NULL,
          NULL},
         "allowed | spec.registries[0]: fits every image there is, so none is refused for its "
         "registry"},
        {{"no time", "/exemptions", "Exemption", "CREATE", EXEMPTION_OF("", "tomorrow"), NULL,
          NULL},
         "spec.expires: a time such as 2026-11-21T09:30:00Z was expected here"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        CHECK_STR(rows[i].asked.row, answer_of(&arena, &rows[i].asked), str_of(rows[i].says));
    }
}

#define NAMESPACE(labels) "{'kind':'Namespace','metadata':{'name':'n','labels':{" labels "}}}"
#define ENFORCE(level) NAMESPACE("'pinnace.dev/enforce':'" level "'")
#define WARN(level) NAMESPACE("'pinnace.dev/warn':'" level "'")

TEST(levels_of_namespaces)
{
    static const struct {
        struct asked asked;
        const char *says, *look;
    } rows[] = {
        {{"made", "/namespaces", "Namespace", "CREATE", ENFORCE("pinned"), NULL, NULL},
         "allowed",
         NULL},
        {{"unknown", "/namespaces", "Namespace", "CREATE", ENFORCE("pined"), NULL, NULL},
         "metadata.labels[pinnace.dev/enforce]: \"pined\" is no level; it is one of off, tagged, "
         "pinned and released",
         NULL},
        {{"empty", "/namespaces", "Namespace", "CREATE", WARN(""), NULL, NULL},
         "metadata.labels[pinnace.dev/warn]: \"\" is no level; it is one of off, tagged, pinned "
         "and released",
         NULL},
        {{"unknown before", "/namespaces", "Namespace", "UPDATE", WARN("x"), WARN("x"), NULL},
         "allowed | metadata.labels[pinnace.dev/warn]: \"x\" is no level; it is one of off, "
         "tagged, "
         "pinned and released",
         NULL},
        {{"raised", "/namespaces", "Namespace", "UPDATE", ENFORCE("pinned"), ENFORCE("tagged"),
          NULL},
         "allowed",
         "enforce=pinned"},
        {{"set", "/namespaces", "Namespace", "UPDATE", ENFORCE("tagged"), NAMESPACE(""), NULL},
         "allowed",
         "enforce=tagged"},
        {{"lowered", "/namespaces", "Namespace", "UPDATE", ENFORCE("tagged"), ENFORCE("pinned"),
          NULL},
         "allowed",
         NULL},
        {{"from a typo", "/namespaces", "Namespace", "UPDATE", ENFORCE("tagged"), ENFORCE("tag"),
          NULL},
         "allowed",
         "enforce=tagged"},
        {{"warn", "/namespaces", "Namespace", "UPDATE", WARN("released"), WARN("off"), NULL},
         "allowed",
         "warn=released"},
        {{"audit", "/namespaces", "Namespace", "UPDATE", NAMESPACE("'pinnace.dev/audit':'pinned'"),
          NAMESPACE(""), NULL},
         "allowed",
         NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        const struct asked *asked = &rows[i].asked;
        struct review review;
        struct review_path path;
        struct nslook look = {0};
        struct err err = ERR_CLEAN;
        CHECK_STR(asked->row, answer_of(&arena, asked), str_of(rows[i].says));
        struct str json = json_format(
            &arena,
            "{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{'uid':'u',"
            "'kind':{'kind':'Namespace'},'operation':'%s','object':%s,'oldObject':%s}}",
            asked->operation, asked->object, asked->old ? asked->old : "null");
        assert_true(review_path_parse(STR("/namespaces"), &path));
        CHECK_INT(asked->row, review_decode(json, &arena, &review, &err), 0);
        bool wants = objectreview_wants_look(&review, &path, &arena, &look);
        CHECK_INT(asked->row, wants, rows[i].look != NULL);
        if (!wants)
            continue;
        struct buf text = BUF_INIT(&arena, 100);
        buf_addf(&text, "%.*s=%.*s", STR_FMT(mode_names[look.mode]),
                 STR_FMT(level_names[look.level]));
        CHECK_STR(asked->row, finished(&text), str_of(rows[i].look));
    }
}

TEST(what_was_found_is_warned_of)
{
    TEST_ARENA(arena);
    struct nslook look = {.mode = MODE_ENFORCE, .level = LEVEL_PINNED, .count = 1, .kept = 1};
    struct asked asked = {"one",         "/namespaces", "Namespace", "UPDATE", ENFORCE("pinned"),
                          NAMESPACE(""), &look};
    look.lines[0] = STR("Deployment \"web\"");
    CHECK_STR("one", answer_of(&arena, &asked),
              STR("allowed | enforce=pinned would not let in again Deployment \"web\""));
    look.mode = MODE_WARN;
    look.count = 7;
    CHECK_STR("more", answer_of(&arena, &asked),
              STR("allowed | warn=pinned would complain of Deployment \"web\" | and 6 more; see: "
                  "kubectl pinnace doctor --before pinned n"));
    look.kept = look.count = 0;
    look.trouble = STR("no time");
    CHECK_STR("trouble", answer_of(&arena, &asked),
              STR("allowed | what is there was not looked at in full; see: kubectl pinnace doctor "
                  "--before pinned n (no time)"));
    look = (struct nslook){.count = 100000, .kept = NSLOOK_LINES};
    for (size_t i = 0; i < look.kept; i++)
        look.lines[i] = run_of(&arena, 'x', 1000);
    struct str long_answer = answer_of(&arena, &asked);
    CHECK("long", long_answer.len < 4096);
    CHECK_HAS("long", long_answer, "and 99990 more");
    asked.object = ENFORCE("pined");
    CHECK_HAS("refused", answer_of(&arena, &asked), "is no level");
}

/* Each is named, and a Pod is none. */
TEST(several_faults_and_other_kinds)
{
    static const struct {
        const char *path, *kind, *object, *says;
    } rows[] = {
        {"/namespaces", "Namespace",
         NAMESPACE("'pinnace.dev/warn':'x','pinnace.dev/audit':'y','pinnace.dev/enforce':'off'"),
         "pinnace.dev/audit]: \"y\" is no level"},
        {"/namespaces", "Pod", "{'metadata':{'name':'n'}}", "no such kind"},
        {"/pinpolicies", "Exemption", EXEMPTION_OF("", "2026-11-22T09:30:00Z"), "no such kind"},
        {"/exemptions", "Pod", "{'metadata':{'name':'n'}}", "no such kind"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct review review;
        struct review_context context = {.policy = &policy_builtin, .now = NOW};
        struct str text;
        bool allowed = true, ours = str_eq(str_of(rows[i].kind), STR("Exemption"));
        struct str json = json_format(
            &arena,
            "{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{'uid':'u',"
            "'kind':{'group':'%s','kind':'%s'},'operation':'CREATE','object':%s}}",
            ours ? "pinnace.dev" : "", rows[i].kind, rows[i].object);
        assert_true(review_path_parse(str_of(rows[i].path), &context.path));
        assert_int_equal(review_decode(json, &arena, &review, NULL), 0);
        assert_int_equal(
            objectreview_answer(&review, &context, NULL, &arena, &allowed, &text, NULL), 0);
        JSON_SCOPED struct cJSON *tree = tree_of(rows[i].kind, text);
        CHECK(rows[i].kind, !allowed);
        CHECK_HAS(rows[i].kind, tree_text(tree, "response.status.message"), rows[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_meant_and_what_is_not),
        cmocka_unit_test(levels_of_namespaces),
        cmocka_unit_test(what_was_found_is_warned_of),
        cmocka_unit_test(several_faults_and_other_kinds),
    };
    return cmocka_run_group_tests_name("objectreview", tests, NULL, NULL);
}
