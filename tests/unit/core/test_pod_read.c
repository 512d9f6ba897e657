/* SPDX-License-Identifier: Apache-2.0 */
#include "../rolloutobjects.h"

#include "pinnace/banned.h"

/* "ready begun | web 2 FAULT ... OBSTACLE ...": restarts; "ended" if there is nothing to say of it */
static struct str describe(struct arena *arena, const struct pod_facts *facts)
{
    struct buf text = BUF_INIT(arena, 64 * 1024);
    buf_addf(&text, "%s%s%s%s", facts->ready ? "ready " : "", facts->deleted ? "deleted " : "",
             facts->over ? "over " : "", facts->begun ? "begun" : "");
    if (facts->fault.len)
        buf_addf(&text, " FAULT %.*s", STR_FMT(facts->fault));
    if (facts->obstacle.len)
        buf_addf(&text, " OBSTACLE %.*s", STR_FMT(facts->obstacle));
    for (size_t i = 0; i < facts->image_count; i++) {
        const struct pod_image *image = &facts->images[i];
        buf_addf(&text, " | %s%.*s", image->init ? "init:" : "", STR_FMT(image->container));
        if (image->restarts)
            buf_addf(&text, " %lld", (long long)image->restarts);
        if (image->ended && !image->fault.len && !image->obstacle.len)
            buf_add(&text, STR(" ended"));
        if (image->fault.len)
            buf_addf(&text, " FAULT %.*s", STR_FMT(image->fault));
        if (image->obstacle.len)
            buf_addf(&text, " OBSTACLE %.*s", STR_FMT(image->obstacle));
    }
    return finished(&text);
}

#define NO_SUCH_FILE "no such file or directory: unknown"
#define SHOP "registry.test:5000/shop/web"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

TEST(of_a_real_cluster)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"pod-good", "ready begun | web"},
        {"pod-unready", "begun | web"},
        {"pod-late", "begun | web"},
        /* What the image is to blame for. */
        {"pod-crash", "begun | web 5 FAULT container \"web\" ends again and again: exit status 1, "
                      "5 restarts"},
        {"pod-crash2", "begun | web 5 FAULT container \"web\" ends again and again: exit status 1, "
                       "5 restarts"},
        {"pod-live", "begun | web 6 FAULT container \"web\" ends again and again: exit status 0, "
                     "6 restarts"},
        {"pod-eat", "begun | web 5 FAULT container \"web\" was killed for taking more memory than "
                    "it may (OOMKilled)"},
        {"pod-noexec", "begun | web 5 FAULT container \"web\" cannot be started: stat "
                       "/nothing: " NO_SUCH_FILE},
        {"pod-badcommand", "begun | web 5 FAULT container \"web\" cannot be started: stat "
                           "/no/such: " NO_SUCH_FILE},
        {"pod-gone", "begun | web FAULT the image of container \"web\" cannot be pulled: " SHOP
                     "@sha256:" ONES ": not found"},
        {"pod-arch", "begun | web FAULT the image of container \"web\" cannot be pulled: no match "
                     "for platform in manifest: not found"},
        {"pod-badname", "begun | web FAULT the image of container \"web\" has no valid name: "
                        "invalid reference format: repository name (Shop/web@sha256) must be "
                        "lowercase"},
        {"pod-init", "begun | web | init:prepare 5 FAULT init container \"prepare\" ends again and "
                     "again: exit status 1, 5 restarts"},
        /* A sidecar took the port. One that is done is done. */
        {"pod-initok", "begun | web 5 FAULT container \"web\" ends again and again: exit status 1, "
                       "5 restarts | init:prepare | init:side"},
        {"pod-stuck-crash-0", "begun | web 2 FAULT container \"web\" ends again and again: exit "
                              "status 1, 2 restarts"},
        {"pod-stuck-back-crash-0", "begun | web 2 FAULT container \"web\" ends again and again: "
                                   "exit status 1, 2 restarts"},
        {"pod-cronbad", "over  | web ended"},
        /* What somebody else is to blame for. */
        {"pod-private", "begun | web OBSTACLE the image of container \"web\" cannot be pulled: "
                        "pull access denied, repository does not exist or may require "
                        "authorization: server message: insufficient_scope: authorization failed"},
        {"pod-away", "begun | web OBSTACLE the image of container \"web\" cannot be pulled: dial "
                     "tcp 192.0.2.1:5009: connect: connection refused"},
        {"pod-nohost", "begun | web OBSTACLE the image of container \"web\" cannot be pulled: dial "
                       "tcp: lookup nowhere.test on 192.0.2.53:53: server misbehaving"},
        {"pod-never",
         "begun | web OBSTACLE the image of container \"web\" may not be pulled: Container "
         "image \"registry.test:5000/shop/other@sha256:"
         "f5fbd336633caea47297eaa2313cbb2c63ffef63681fffa15b043df3f00a29b5\" is not "
         "present with pull policy of Never"},
        {"pod-nosecret", "begun | web OBSTACLE container \"web\" cannot be made: secret \"none\" "
                         "not found"},
        {"pod-nokey", "begun | web OBSTACLE container \"web\" cannot be made: couldn't find key "
                      "none in ConfigMap default/kube-root-ca.crt"},
        {"pod-rootuser",
         "begun | web OBSTACLE container \"web\" cannot be made: container's runAsUser "
         "breaks non-root policy (pod: \"rootuser-5466fff657-8bd4q_default(ef340c61"
         "-f72f-46e0-8eaa-052e1ff2e858)\", container: web)"},
        {"pod-novolume", " | web"},
        {"pod-noclaim", " OBSTACLE the pod has no node: 0/1 nodes are available: "
                        "persistentvolumeclaim \"none\" not found. not found | web"},
        {"pod-big",
         " OBSTACLE the pod has no node: 0/1 nodes are available: 1 Insufficient memory. no "
         "new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption "
         "is not helpful for scheduling. | web"},
        {"pod-gated", " OBSTACLE the pod is held back by a scheduling gate: Scheduling is blocked "
                      "due to non-empty scheduling gates | web"},
        {"pod-gate", "begun OBSTACLE its containers are ready and the pod is not: its node does "
                     "not answer, or a readiness gate is closed: corresponding condition of pod "
                     "readiness gate \"example.com/open\" does not exist. | web"},
        /* Jobs. */
        {"job-cron", "ready over begun | web"},
        {"job-cronbad", "over begun FAULT the Job failed: Job has reached the specified backoff "
                        "limit | web"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_facts facts;
        pod_named(&arena, rows[i].name, &facts);
        CHECK_STR(rows[i].name, describe(&arena, &facts), str_of(rows[i].want));
        CHECK_INT(rows[i].name, facts.uid.len, 36);
        CHECK_INT(rows[i].name, facts.owner_uid.len, 36);
        CHECK(rows[i].name, facts.created_at > 1790000000);
        CHECK(rows[i].name, !facts.ready || facts.ready_since >= facts.created_at);
    }
}

/* A container "a" that waits, with what a kubelet or a runtime says. */
TEST(whose_fault_it_is)
{
    enum { FAULT, OBSTACLE, NEITHER };
    static const struct {
        const char *reason, *message;
        int want;
    } rows[] = {
        {"ContainerCreating", "", NEITHER},
        {"PodInitializing", "", NEITHER},
        {"SomethingNew", "image not found", NEITHER},
        {"CrashLoopBackOff", "back-off 10s restarting failed container", FAULT},
        {"InvalidImageName", "", FAULT},
        {"SignatureValidationFailed", "", FAULT},
        {"ErrImageNeverPull", "", OBSTACLE},
        {"RegistryUnavailable", "", OBSTACLE},
        {"ImageInspectError", "", OBSTACLE},
        {"CreateContainerConfigError", "secret 'x' not found", OBSTACLE},
        {"CreateContainerConfigError", "configmap 'image will not run' not found", OBSTACLE},
        {"CreateContainerConfigError",
         "container has runAsNonRoot and image will run as root (pod: 'p', container: a)", FAULT},
        {"CreateContainerConfigError",
         "container has runAsNonRoot and image has non-numeric user (web), cannot verify user is "
         "non-root",
         FAULT},
        {"CreateContainerError", "context deadline exceeded", OBSTACLE},
        {"CreateContainerError", "the name a_b is already in use", OBSTACLE},
        {"CreateContainerError", "failed to generate spec: no command specified", FAULT},
        {"CreateContainerError",
         "container create failed: executable file not found in $PATH: No such file or directory",
         FAULT},
        {"RunContainerError",
         "OCI runtime create failed: runc create failed: unable to start container process: exec: "
         "'/web': permission denied: unknown",
         FAULT},
        {"RunContainerError",
         "OCI runtime create failed: error mounting '/x' to rootfs at '/y': no such file or "
         "directory",
         OBSTACLE},
        {"RunContainerError", "exec format error", FAULT},
        /* What registries and runtimes say of an image that is not there. */
        {"ErrImagePull",
         "reading manifest v1 in quay.example/team/web: manifest unknown: manifest unknown", FAULT},
        {"ErrImagePull",
         "Error response from daemon: manifest for r.example/web:v1 not found: manifest unknown",
         FAULT},
        {"ErrImagePull",
         "failed to pull and unpack image 'r.io/timeout/x:1': 'r.io/x:1': not found", FAULT},
        {"ErrImagePull", "r.io/unauthorized/denied:1: not found", FAULT},
        {"ErrImagePull", "no image found in image index for architecture arm64", FAULT},
        {"ErrImagePull",
         "failed commit on ref 'x': unexpected commit digest sha256:1, expected 2: "
         "failed size validation: 1 != 2: failed precondition",
         FAULT},
        /* And of what is no image's fault. */
        {"ErrImagePull", "", OBSTACLE},
        {"ErrImagePull", "something that nobody has seen before", OBSTACLE},
        {"ImagePullBackOff", "Back-off pulling image 'r.io/not found/x:1'", OBSTACLE},
        {"ErrImagePull",
         "unexpected status from HEAD request to https://r.io/v2/x: 429 Too Many "
         "Requests",
         OBSTACLE},
        {"ErrImagePull", "toomanyrequests: You have reached your pull rate limit", OBSTACLE},
        {"ErrImagePull",
         "failed to authorize: failed to fetch anonymous token: unexpected status: "
         "401 Unauthorized",
         OBSTACLE},
        {"ErrImagePull", "unexpected status from GET request to https://r.io/v2/x: 403 Forbidden",
         OBSTACLE},
        {"ErrImagePull",
         "unexpected status code [manifests v1]: 500 Internal Server Error: blob not found",
         OBSTACLE},
        {"ErrImagePull", "502 Bad Gateway", OBSTACLE},
        {"ErrImagePull", "503 Service Unavailable", OBSTACLE},
        {"ErrImagePull", "net/http: TLS handshake timeout", OBSTACLE},
        {"ErrImagePull", "x509: certificate has expired or is not yet valid", OBSTACLE},
        {"ErrImagePull", "dial tcp 192.0.2.1:443: i/o timeout", OBSTACLE},
        {"ErrImagePull", "dial tcp: lookup r.io: no such host", OBSTACLE},
        {"ErrImagePull", "read: connection reset by peer", OBSTACLE},
        {"ErrImagePull", "write /x: no space left on device", OBSTACLE},
        {"ErrImagePull", "rpc error: code = Canceled desc = context canceled", OBSTACLE},
        {"ErrImagePull",
         "pull access denied for x, repository does not exist or may require "
         "'docker login'",
         OBSTACLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_facts facts;
        struct err err = ERR_CLEAN;
        struct buf message = BUF_INIT(&arena, 4096);
        for (const char *c = rows[i].message; *c; c++)
            buf_addf(&message, *c == '\'' ? "\\\"" : "%c", *c);
        struct str text = *rows[i].message ? finished(&message) : STR("");
        struct str json = json_format(
            &arena,
            "{'status':{'containerStatuses':[{'state':{'waiting':{'message':'%.*s','reason':'%s'}},"
            "'name':'a'}]},'spec':{'containers':[{'name':'a','image':'x'}]}}",
            STR_FMT(text), rows[i].reason);
        CHECK_INT(rows[i].message, pod_read(json, &arena, &facts, &err), 0);
        const struct pod_image *image = &facts.images[0];
        CHECK_INT(rows[i].message, image->fault.len > 0, rows[i].want == FAULT);
        CHECK_INT(rows[i].message, image->obstacle.len > 0, rows[i].want == OBSTACLE);
    }
}

TEST(how_containers_ended)
{
    static const struct {
        const char *status, *want;
    } rows[] = {
        {"'state':{'running':{}},'restartCount':3,'lastState':{'terminated':{'exitCode':1,"
         "'reason':'Error'}}",
         " | a 3"},
        /* A node that went away and came back is no doing of the image. */
        {"'state':{'running':{}},'restartCount':3,'lastState':{'terminated':{'exitCode':255,"
         "'reason':'Unknown'}}",
         " | a"},
        {"'state':{'terminated':{'exitCode':137,'reason':'ContainerStatusUnknown'}},"
         "'restartCount':1",
         " | a"},
        {"'state':{'terminated':{'exitCode':1,'reason':'Error'}},'restartCount':0", " | a ended"},
        {"'state':{'terminated':{'exitCode':1,'reason':'Error'}},'restartCount':1", " | a 1 ended"},
        {"'state':{'terminated':{'exitCode':137,'reason':'OOMKilled'}},'restartCount':0",
         " | a FAULT container \"a\" was killed for taking more memory than it may (OOMKilled)"},
        {"'state':{'terminated':{'exitCode':128,'reason':'StartError','message':'exec: "
         "\\'/a\\'\\u0000'}}",
         " | a FAULT container \"a\" cannot be started: exec: \"/a\" "},
        {"'state':{'terminated':{'exitCode':128,'reason':'StartError','message':'no cgroup'}}",
         " | a OBSTACLE container \"a\" cannot be started: no cgroup"},
        {"'state':{'waiting':{'reason':'CrashLoopBackOff'}},'restartCount':4,'lastState':{"
         "'terminated':{'exitCode':128,'reason':'ContainerCannotRun','message':'a "
         "mount\\nfailed'}}",
         " | a 4 OBSTACLE container \"a\" cannot be started: a mount failed"},
        {"'state':{'waiting':{'reason':'CrashLoopBackOff'}},'restartCount':1,'lastState':{"
         "'terminated':{'exitCode':3,'reason':'Error','message':'\\u0000 last words'}}",
         " | a 1 FAULT container \"a\" ends again and again: exit status 3, 1 restart"},
        {"'state':null,'lastState':null", " | a"},
        {"'state':{'waiting':null,'terminated':null}", " | a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_facts facts;
        struct err err = ERR_CLEAN;
        struct str json = json_format(&arena,
                                      "{'spec':{'containers':[{'name':'a'}]},'status':{"
                                      "'containerStatuses':[{'name':'a',%s}]}}",
                                      rows[i].status);
        char *bytes = (char *)(uintptr_t)json.ptr;
        for (size_t c = 0; c + 1 < json.len; c++) /* \' was to be \" */
            if (bytes[c] == '\\' && bytes[c + 1] == '\'')
                bytes[c + 1] = '"';
        CHECK_INT(rows[i].status, pod_read(json, &arena, &facts, &err), 0);
        CHECK_STR(rows[i].status, describe(&arena, &facts), str_of(rows[i].want));
    }
}

TEST(pods_as_a_whole)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        {"{}", ""},
        {"{'metadata':null,'spec':null,'status':null}", ""},
        {"{'spec':{'initContainers':null,'containers':[{'image':'i','name':'a'}]}}", " | a"},
        {"{'metadata':{'deletionTimestamp':'2026-11-21T09:36:09Z','ownerReferences':null}}",
         "deleted "},
        {"{'status':{'phase':'Failed'}}", "over "},
        {"{'status':{'phase':'Succeeded'}}", "over "},
        {"{'status':{'conditions':[{'type':'PodScheduled','status':'True'}]}}", "begun"},
        {"{'status':{'conditions':[{'type':'PodReadyToStartContainers','status':'False'},"
         "{'type':'PodScheduled','status':'True'}]}}",
         ""},
        {"{'status':{'conditions':[{'type':'ContainersReady','status':'True'},"
         "{'type':'PodScheduled','status':'True'},{'type':'Ready','status':'False'}]}}",
         "begun OBSTACLE its containers are ready and the pod is not: its node does not answer, or "
         "a readiness gate is closed"},
        {"{'spec':{'template':{'spec':{'containers':[{'name':'j'}]}}}}", "begun | j"},
        {"{'spec':{'template':null}}", "begun"},
        {"{'spec':{'template':{}},'status':{'conditions':[{'type':'Failed','status':'True',"
         "'reason':'DeadlineExceeded','message':'Job was active longer than specified "
         "deadline'}]}}",
         "over begun OBSTACLE the Job was ended: Job was active longer than specified deadline"},
        {"{'spec':{'template':{}},'status':{'conditions':[{'type':'Failed','status':'False'}]}}",
         "begun"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_facts facts;
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json, pod_read(json_of(&arena, rows[i].json), &arena, &facts, &err), 0);
        CHECK_STR(rows[i].json, describe(&arena, &facts), str_of(rows[i].want));
    }
}

/* The one that controls it, whatever the order. */
TEST(owners)
{
    TEST_ARENA(arena);
    struct pod_facts facts;
    struct err err = ERR_CLEAN;
    struct str json =
        json_of(&arena, "{'metadata':{'ownerReferences':[{'uid':'a'},{'controller':true,'uid':'b'},"
                        "{'uid':'c','controller':false}]}}");
    CHECK_INT("", pod_read(json, &arena, &facts, &err), 0);
    CHECK_STR("", facts.owner_uid, STR("b"));
}

TEST(what_is_no_pod)
{
    static const struct {
        const char *json, *problem;
    } rows[] = {
        {"", ""},
        {"[]", "an object was expected here"},
        {"{'spec':[]}", "spec: an object"},
        {"{'status':{'containerStatuses':{}}}", "an array was expected"},
        {"{'status':{'containerStatuses':[{'restartCount':'1'}]}}", "restartCount: a number"},
        {"{'status':{'containerStatuses':[{'state':{'waiting':{'reason':'\\u0000'}}}]}}", "reason"},
        {"{'metadata':{'creationTimestamp':'x'}}", "creationTimestamp: a time"},
        {"{'metadata':{},'metadata':{}}", "given twice"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct pod_facts facts = {.image_count = 77};
        struct err err = ERR_CLEAN;
        CHECK_INT(rows[i].json, pod_read(json_of(&arena, rows[i].json), &arena, &facts, &err), -1);
        CHECK_INT(rows[i].json, err.kind, ERR_INPUT);
        CHECK_HAS(rows[i].json, ERR_TEXT(err), rows[i].problem);
        CHECK_INT(rows[i].json, facts.image_count, 77);
    }
}

/* Sentences stay short, whole in their characters, and on one line. */
TEST(long_messages)
{
    TEST_ARENA(arena);
    struct pod_facts facts;
    struct err err = ERR_CLEAN;
    struct buf text = BUF_INIT(&arena, 100000);
    buf_add(&text,
            STR("{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
                "\"message\":\"x\\n\\u007f"));
    for (int i = 0; i < 20000; i++)
        buf_add(&text, STR("\xc3\xa9"));
    buf_add(&text, STR("\"}]}}"));
    CHECK_INT("", pod_read(finished(&text), &arena, &facts, &err), 0);
    CHECK("", str_starts(facts.obstacle, STR("the pod has no node: x  \xc3\xa9")));
    CHECK("", str_ends(facts.obstacle, STR("\xc3\xa9...")));
    CHECK("", facts.obstacle.len < 340);
}

/* Nobody's pod has so many; what is too much costs no more than to be read over. */
TEST(crowded_pods)
{
    TEST_ARENA(arena);
    struct pod_facts facts;
    struct err err = ERR_CLEAN;
    struct buf text = BUF_INIT(&arena, 10000000);
    buf_add(&text, STR("{\"spec\":{\"containers\":["));
    for (int i = 0; i < 50000; i++)
        buf_addf(&text, "%s{\"name\":\"c%d\"}", i ? "," : "", i);
    buf_add(&text, STR("]},\"status\":{\"containerStatuses\":["));
    for (int i = 0; i < 50000; i++)
        buf_addf(&text, "%s{\"name\":\"c%d\"}", i ? "," : "", i);
    buf_add(&text, STR("]}}"));
    CHECK_INT("", pod_read(finished(&text), &arena, &facts, &err), 0);
    CHECK_INT("", facts.image_count, 256);
    CHECK_STR("", facts.images[255].container, STR("c255"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_real_cluster),
        cmocka_unit_test(whose_fault_it_is),
        cmocka_unit_test(how_containers_ended),
        cmocka_unit_test(pods_as_a_whole),
        cmocka_unit_test(owners),
        cmocka_unit_test(what_is_no_pod),
        cmocka_unit_test(long_messages),
        cmocka_unit_test(crowded_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
