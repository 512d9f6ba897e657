/* SPDX-License-Identifier: Apache-2.0 */
#include "../rolloutobjects.h"

#include "pinnace/banned.h"

/* --- Made up ----------------------------------------------------------------------------------- */

/* A pod of container "web"; what it has else a row says: see rows. */
struct pod_row {
    const char *digest;
    const char
        *is; /* r: ready, b: begun, d: deleted, o: over, s: of a stranger, j: a Job, e: ended */
    const char *fault, *obstacle, *own_obstacle;
    int restarts, made_at;
};

#define POD(bytes, ...)                                                                            \
    {                                                                                              \
        .digest = (bytes), .is = __VA_ARGS__                                                       \
    }

static struct pod_facts pod_of(struct arena *arena, const struct pod_row *row)
{
    struct pod_facts pod = {
        .name = STR("web-1"),
        .owner_uid = strchr(row->is, 's') ? STR_NONE : STR("u1"),
        .images = arena_new(arena, struct pod_image),
        .image_count = 1,
        .ready = strchr(row->is, 'r'),
        .begun = strchr(row->is, 'b') || strchr(row->is, 'r'),
        .deleted = strchr(row->is, 'd'),
        .over = strchr(row->is, 'o'),
        .created_at = row->made_at,
    };
    bool job = strchr(row->is, 'j');
    assert_non_null(pod.images);
    *pod.images = (struct pod_image){
        .container = STR("web"),
        /* A mirror may have put its own host there. */
        .image = json_format(arena, "mirror.example/web@%s", row->digest),
        .ended = strchr(row->is, 'e'),
        .restarts = row->restarts,
        .fault = job ? STR_NONE : str_of(row->fault),
        .obstacle = str_of(row->obstacle),
    };
    if (job)
        pod.fault = str_of(row->fault);
    pod.obstacle = str_of(row->own_obstacle);
    return pod;
}

/* They keep the tables short. */
#define ROW(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define LIST(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define UNSOUND false, 0
#define SOUND true, 0

TEST(states)
{
    static const struct {
        const char *name;
        enum target_kind kind;
        /* wanted, updated, ready, available, all */
        int numbers[5];
        struct workload_facts more;
        struct pod_row pods[3];
        enum rollout_state want;
        bool sound;
        int restarts;
        const char *why;
    } rows[] = {
        /* Deployments, as kubectl goes by them. */
        ROW("done", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0), LIST(POD(A, "r"), POD(A, "r")),
            ROLLOUT_COMPLETE, SOUND, "2 of 2 are new, 2 available"),
        ROW("done, pods unknown", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0), LIST(LIST(0)),
            ROLLOUT_COMPLETE, UNSOUND, "2 of 2 are new"),
        ROW("one new", TARGET_DEPLOYMENT, LIST(2, 1, 2, 2, 3), LIST(0),
            LIST(POD(A, "b"), POD(B, "r")), ROLLOUT_UNDER_WAY, UNSOUND,
            "1 of 2 are new, 2 available, 2 old still there"),
        ROW("old ones left", TARGET_DEPLOYMENT, LIST(2, 2, 3, 3, 3), LIST(0),
            LIST(POD(A, "r"), POD(A, "r"), POD(B, "r")), ROLLOUT_UNDER_WAY, SOUND,
            "1 old still there"),
        ROW("not available", TARGET_DEPLOYMENT, LIST(2, 2, 2, 1, 2), LIST(0),
            LIST(POD(A, "r"), POD(A, "r")), ROLLOUT_UNDER_WAY, SOUND, "1 available"),
        ROW("unseen", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(.generation = 5),
            LIST(POD(A, "r")), ROLLOUT_UNSEEN, SOUND, "not looked"),
        ROW("other", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(.image_count = 9),
            LIST(POD(B, "r")), ROLLOUT_OTHER, UNSOUND, "another image"),
        ROW("zero", TARGET_DEPLOYMENT, LIST(0, 0, 0, 0, 0), LIST(0), LIST(LIST(0)), ROLLOUT_APPLIED,
            UNSOUND, "zero"),
        ROW("zero, unseen", TARGET_DEPLOYMENT, LIST(0, 0, 0, 0, 0), LIST(.generation = 5),
            LIST(LIST(0)), ROLLOUT_UNSEEN, UNSOUND, ""),
        ROW("paused", TARGET_DEPLOYMENT, LIST(2, 0, 2, 2, 2), LIST(.paused = true),
            LIST(POD(B, "r")), ROLLOUT_WAITING, UNSOUND, "paused"),
        ROW("paused when done", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(.paused = true),
            LIST(POD(A, "r")), ROLLOUT_COMPLETE, SOUND, ""),
        /* Faults: of new pods alone. */
        ROW("crash", TARGET_DEPLOYMENT, LIST(2, 1, 2, 2, 3), LIST(0),
            LIST(POD(B, "r"), POD(A, "b", .fault = "it crashes")), ROLLOUT_FAILED, UNSOUND,
            "pod web-1: it crashes"),
        ROW("crash when done", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "r"), POD(A, "b", .fault = "it crashes", .restarts = 3)), ROLLOUT_FAILED,
            true, 3, "crashes"),
        ROW("old crash", TARGET_DEPLOYMENT, LIST(2, 1, 2, 2, 3), LIST(0),
            LIST(POD(B, "b", .fault = "it crashes"), POD(A, "b")), ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("crash of one that goes", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "bd", .fault = "it crashes", .restarts = 3), POD(A, "r")), ROLLOUT_COMPLETE,
            SOUND, ""),
        ROW("one that is over", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "bo", .obstacle = "evicted", .restarts = 3), POD(A, "r")), ROLLOUT_COMPLETE,
            SOUND, ""),
        ROW("crash of a stranger", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "bs", .fault = "it crashes", .restarts = 9), POD(A, "r")), ROLLOUT_COMPLETE,
            SOUND, ""),
        ROW("restarts", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "r", .restarts = 2), POD(A, "r", .restarts = 1)), ROLLOUT_COMPLETE, true, 3,
            ""),
        ROW("an end before its restart", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "be", .restarts = 1), POD(A, "r")), ROLLOUT_COMPLETE, true, 2, ""),
        ROW("an end that is none of a restart", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(0),
            LIST(POD(A, "boe"), POD(A, "r")), ROLLOUT_COMPLETE, SOUND, ""),
        /* Obstacles: as long as no pod has a chance. */
        ROW("no pull", TARGET_DEPLOYMENT, LIST(2, 1, 2, 2, 3), LIST(0),
            LIST(POD(A, "b", .obstacle = "no pull")), ROLLOUT_BLOCKED, UNSOUND,
            "pod web-1: no pull"),
        ROW("no node", TARGET_DEPLOYMENT, LIST(2, 1, 2, 2, 3), LIST(0),
            LIST(POD(A, "", .own_obstacle = "no node")), ROLLOUT_BLOCKED, UNSOUND, "no node"),
        ROW("no pull for one", TARGET_DEPLOYMENT, LIST(2, 2, 0, 0, 2), LIST(0),
            LIST(POD(A, "b", .obstacle = "no pull"), POD(A, "b")), ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("fault beside an obstacle", TARGET_DEPLOYMENT, LIST(2, 2, 0, 0, 2), LIST(0),
            LIST(POD(A, "b", .obstacle = "no pull"), POD(A, "b", .fault = "it crashes")),
            ROLLOUT_FAILED, UNSOUND, ""),
        ROW("quota", TARGET_DEPLOYMENT, LIST(2, 0, 2, 2, 2),
            LIST(.replica_failure = STR_INIT("exceeded quota")), LIST(POD(B, "r")), ROLLOUT_BLOCKED,
            UNSOUND, "exceeded quota"),
        ROW("quota, one came in", TARGET_DEPLOYMENT, LIST(2, 1, 1, 1, 2),
            LIST(.replica_failure = STR_INIT("exceeded quota")), LIST(POD(A, "b")),
            ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("quota, one runs", TARGET_DEPLOYMENT, LIST(2, 1, 1, 1, 1),
            LIST(.replica_failure = STR_INIT("exceeded quota")), LIST(POD(A, "r")), ROLLOUT_BLOCKED,
            SOUND, "exceeded quota"),
        ROW("quota of old", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2),
            LIST(.replica_failure = STR_INIT("exceeded quota")), LIST(POD(A, "r")),
            ROLLOUT_COMPLETE, SOUND, ""),
        /* Its own deadline, if it is about these pods. */
        ROW("late", TARGET_DEPLOYMENT, LIST(2, 2, 0, 0, 2), LIST(.late_since = 50),
            LIST(POD(A, "b", .made_at = 40)), ROLLOUT_FAILED, UNSOUND, "progressDeadlineSeconds"),
        ROW("late before", TARGET_DEPLOYMENT, LIST(2, 2, 0, 0, 2), LIST(.late_since = 50),
            LIST(POD(A, "b", .made_at = 60)), ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("late and hindered", TARGET_DEPLOYMENT, LIST(2, 2, 0, 0, 2), LIST(.late_since = 50),
            LIST(POD(A, "b", .obstacle = "no pull", .made_at = 40)), ROLLOUT_BLOCKED, UNSOUND,
            "no pull"),
        ROW("late but done", TARGET_DEPLOYMENT, LIST(2, 2, 2, 2, 2), LIST(.late_since = 50),
            LIST(POD(A, "r", .made_at = 40)), ROLLOUT_COMPLETE, SOUND, ""),
        /* StatefulSets. */
        ROW("set", TARGET_STATEFUL_SET, LIST(2, 2, 2, 2, 2),
            LIST(.update_revision = STR_INIT("r2"), .current_revision = STR_INIT("r2")),
            LIST(POD(A, "r")), ROLLOUT_COMPLETE, SOUND, ""),
        ROW("set, between revisions", TARGET_STATEFUL_SET, LIST(2, 2, 2, 2, 2),
            LIST(.update_revision = STR_INIT("r2"), .current_revision = STR_INIT("r1")),
            LIST(POD(A, "r")), ROLLOUT_UNDER_WAY, SOUND, ""),
        ROW("set, not ready", TARGET_STATEFUL_SET, LIST(2, 2, 1, 1, 2),
            LIST(.update_revision = STR_INIT("r2"), .current_revision = STR_INIT("r2")),
            LIST(POD(A, "b")), ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("set of a stranger", TARGET_STATEFUL_SET, LIST(1, 1, 1, 1, 1),
            LIST(.uid = STR_INIT("u2")), LIST(POD(A, "b", .fault = "it crashes")), ROLLOUT_COMPLETE,
            UNSOUND, ""),
        ROW("set, waits for an old one", TARGET_STATEFUL_SET, LIST(2, 0, 1, 1, 2),
            LIST(.update_revision = STR_INIT("r2"), .current_revision = STR_INIT("r1")),
            LIST(POD(B, "b", .fault = "it crashes"), POD(B, "r")), ROLLOUT_BLOCKED, UNSOUND,
            "kubectl delete pod web-1 -n shop"),
        ROW("set in parallel", TARGET_STATEFUL_SET, LIST(2, 0, 1, 1, 2),
            LIST(.update_revision = STR_INIT("r2"), .in_parallel = true),
            LIST(POD(B, "b", .fault = "it crashes")), ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("set, the old one goes", TARGET_STATEFUL_SET, LIST(2, 0, 1, 1, 2),
            LIST(.update_revision = STR_INIT("r2")), LIST(POD(B, "bd"), POD(B, "r")),
            ROLLOUT_UNDER_WAY, UNSOUND, ""),
        ROW("partition", TARGET_STATEFUL_SET, LIST(3, 1, 3, 3, 3),
            LIST(.partition = 2, .update_revision = STR_INIT("r2")), LIST(POD(A, "r"), POD(B, "r")),
            ROLLOUT_COMPLETE, SOUND, "1 of 1 is new, 3 available; a partition keeps 2 as they are"),
        ROW("partition, not yet", TARGET_STATEFUL_SET, LIST(3, 0, 3, 3, 3),
            LIST(.partition = 2, .update_revision = STR_INIT("r2")), LIST(POD(B, "r")),
            ROLLOUT_UNDER_WAY, UNSOUND, "0 of 1 is new"),
        ROW("partition of all", TARGET_STATEFUL_SET, LIST(3, 0, 3, 3, 3), LIST(.partition = 3),
            LIST(POD(B, "r")), ROLLOUT_WAITING, UNSOUND, "partition"),
        ROW("set OnDelete", TARGET_STATEFUL_SET, LIST(2, 1, 2, 2, 2), LIST(.on_delete = true),
            LIST(POD(A, "r")), ROLLOUT_WAITING, SOUND, "OnDelete"),
        ROW("set OnDelete, crash", TARGET_STATEFUL_SET, LIST(2, 1, 1, 1, 2),
            LIST(.on_delete = true), LIST(POD(A, "b", .fault = "it crashes")), ROLLOUT_FAILED,
            UNSOUND, ""),
        ROW("set OnDelete, done", TARGET_STATEFUL_SET, LIST(2, 2, 2, 2, 2),
            LIST(.on_delete = true, .update_revision = STR_INIT("r2")), LIST(POD(A, "r")),
            ROLLOUT_COMPLETE, SOUND, ""),
        /* DaemonSets. */
        ROW("nodes", TARGET_DAEMON_SET, LIST(3, 3, 3, 3, 3), LIST(0), LIST(POD(A, "r")),
            ROLLOUT_COMPLETE, SOUND, ""),
        ROW("nodes, some", TARGET_DAEMON_SET, LIST(3, 1, 3, 3, 3), LIST(0), LIST(POD(A, "r")),
            ROLLOUT_UNDER_WAY, SOUND, "1 of 3 are new, 3 available"),
        ROW("nodes, not available", TARGET_DAEMON_SET, LIST(3, 3, 3, 2, 3), LIST(0),
            LIST(POD(A, "r")), ROLLOUT_UNDER_WAY, SOUND, ""),
        ROW("no nodes", TARGET_DAEMON_SET, LIST(0, 0, 0, 0, 0), LIST(0), LIST(LIST(0)),
            ROLLOUT_APPLIED, UNSOUND, ""),
        ROW("nodes OnDelete", TARGET_DAEMON_SET, LIST(3, 1, 3, 3, 3), LIST(.on_delete = true),
            LIST(POD(A, "r")), ROLLOUT_WAITING, SOUND, "OnDelete"),
        /* CronJobs. */
        ROW("no Job", TARGET_CRON_JOB, LIST(1), LIST(0), LIST(LIST(0)), ROLLOUT_WAITING, UNSOUND,
            "next run"),
        ROW("old Job", TARGET_CRON_JOB, LIST(1), LIST(0), LIST(POD(B, "roj")), ROLLOUT_WAITING,
            UNSOUND, "next run"),
        ROW("Job runs", TARGET_CRON_JOB, LIST(1), LIST(0), LIST(POD(A, "bj")), ROLLOUT_WAITING,
            UNSOUND, "running"),
        ROW("Job done", TARGET_CRON_JOB, LIST(1), LIST(0), LIST(POD(A, "roj")), ROLLOUT_COMPLETE,
            SOUND, "Job web-1: it succeeded"),
        ROW("Job failed", TARGET_CRON_JOB, LIST(1), LIST(0),
            LIST(POD(A, "oj", .fault = "the Job failed")), ROLLOUT_FAILED, UNSOUND,
            "Job web-1: the Job failed"),
        ROW("Job ended", TARGET_CRON_JOB, LIST(1), LIST(0),
            LIST(POD(A, "oj", .own_obstacle = "the Job was ended")), ROLLOUT_BLOCKED, UNSOUND,
            "the Job was ended"),
        ROW("Job failed, then done", TARGET_CRON_JOB, LIST(1), LIST(0),
            LIST(POD(A, "roj", .made_at = 9), POD(A, "oj", .fault = "no", .made_at = 8)),
            ROLLOUT_COMPLETE, SOUND, ""),
        ROW("Job done, then failed", TARGET_CRON_JOB, LIST(1), LIST(0),
            LIST(POD(A, "roj", .made_at = 8), POD(A, "oj", .fault = "no", .made_at = 9)),
            ROLLOUT_FAILED, UNSOUND, ""),
        ROW("Job of a stranger", TARGET_CRON_JOB, LIST(1), LIST(0), LIST(POD(A, "rojs")),
            ROLLOUT_WAITING, UNSOUND, ""),
        ROW("suspended", TARGET_CRON_JOB, LIST(1), LIST(.suspended = true), LIST(LIST(0)),
            ROLLOUT_APPLIED, UNSOUND, "suspended"),
        ROW("suspended, Job done", TARGET_CRON_JOB, LIST(1), LIST(.suspended = true),
            LIST(POD(A, "roj")), ROLLOUT_COMPLETE, SOUND, ""),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackspec spec = spec_of(WEB, "");
        struct workload_facts facts = rows[i].more;
        struct pod_facts pods[3];
        struct rollout rollout;
        struct err err = ERR_CLEAN;
        size_t count = 0;
        facts.kind = rows[i].kind;
        facts.namespace = STR("shop");
        facts.uid = facts.uid.len ? facts.uid : STR("u1");
        facts.images[0] = (struct workload_image){
            STR("web"), facts.image_count ? STR(WEB "@" B) : STR(WEB ":1@" A), false};
        facts.image_count = 1;
        facts.replicas = rows[i].numbers[0];
        facts.updated = rows[i].numbers[1];
        facts.ready = rows[i].numbers[2];
        facts.available = rows[i].numbers[3];
        facts.all = rows[i].numbers[4];
        for (; count < 3 && rows[i].pods[count].digest; count++)
            pods[count] = pod_of(&arena, &rows[i].pods[count]);
        CHECK_INT(rows[i].name,
                  rollout_read(&spec, &spec.targets[0], &facts, pods, count, STR(A), &arena,
                               &rollout, &err),
                  0);
        CHECK_INT(rows[i].name, rollout.state, rows[i].want);
        CHECK_INT(rows[i].name, rollout.sound, rows[i].sound);
        CHECK_INT(rows[i].name, rollout.restarts, rows[i].restarts);
        CHECK_HAS(rows[i].name, rollout.why, rows[i].why);
    }
}

/* As long as nothing runs that could fail, no time is counted against it. */
TEST(not_made_yet)
{
    static const struct {
        const char *name;
        struct pod_row pods[2];
        bool want;
    } rows[] = {
        {"none", {{0}}, true},
        {"old ones", {POD(B, "r")}, true},
        {"not placed", {POD(A, "")}, true},
        {"begun", {POD(A, "b")}, false},
        {"one ready", {POD(A, "r")}, true},
        {"all ready", {POD(A, "r"), POD(A, "r")}, false},
        {"one ready, one begun", {POD(A, "r"), POD(A, "b")}, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackspec spec = spec_of(WEB, "web");
        struct workload_facts facts = {.replicas = 2,
                                       .all = 3,
                                       .images = {{STR("web"), STR(WEB "@" A), false}},
                                       .image_count = 1};
        struct pod_facts pods[2];
        struct rollout rollout;
        struct err err = ERR_CLEAN;
        size_t count = 0;
        for (; count < 2 && rows[i].pods[count].digest; count++)
            pods[count] = pod_of(&arena, &rows[i].pods[count]);
        CHECK_INT(rows[i].name,
                  rollout_read(&spec, &spec.targets[0], &facts, pods, count, STR(A), &arena,
                               &rollout, &err),
                  0);
        CHECK_INT(rows[i].name, rollout.state, ROLLOUT_UNDER_WAY);
        CHECK_INT(rows[i].name, rollout.unmade, rows[i].want);
    }
}

/* What is wrong with a container that the Track does not mean is no fault of its image. */
TEST(another_container)
{
    static const struct {
        const char *name, *digest_of_init, *fault_of_side, *fault_of_init;
        enum rollout_state want;
        int restarts;
    } rows[] = {
        {"all well", A, "", "", ROLLOUT_UNDER_WAY, 2},
        {"a sidecar", A, "it crashes", "", ROLLOUT_BLOCKED, 2},
        {"its init container", A, "", "it crashes", ROLLOUT_FAILED, 2},
        {"half of it is old", B, "", "it crashes", ROLLOUT_UNDER_WAY, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackspec spec = spec_of(WEB, "");
        struct workload_facts facts = {.replicas = 1,
                                       .images = {{STR("web"), STR(WEB "@" A), false},
                                                  {STR("prepare"), STR(WEB "@" A), true},
                                                  {STR("side"), STR("envoy:1"), false}},
                                       .image_count = 3};
        struct pod_image images[] = {
            {.container = STR("side"),
             .image = STR("envoy:1"),
             .restarts = 7,
             .fault = str_of(rows[i].fault_of_side)},
            {.container = STR("web"), .image = STR(WEB "@" A), .restarts = 2},
            {.container = STR("prepare"),
             .image = json_format(&arena, WEB "@%s", rows[i].digest_of_init),
             .init = true,
             .fault = str_of(rows[i].fault_of_init)},
        };
        struct pod_facts pod = {
            .owner_uid = STR("rs"), .images = images, .image_count = 3, .begun = true};
        struct rollout rollout;
        struct err err = ERR_CLEAN;
        CHECK_INT(
            rows[i].name,
            rollout_read(&spec, &spec.targets[0], &facts, &pod, 1, STR(A), &arena, &rollout, &err),
            0);
        CHECK_INT(rows[i].name, rollout.state, rows[i].want);
        CHECK_INT(rows[i].name, rollout.restarts, rows[i].restarts);
    }
}

/* --- Of a real cluster ------------------------------------------------------------------------- */

TEST(of_a_real_cluster)
{
    static const struct {
        const char *workload, *pods[2];
        enum rollout_state want;
        bool sound;
        const char *why;
    } rows[] = {
        {"deployment-good", {"pod-good"}, ROLLOUT_COMPLETE, true, "2 of 2 are new, 2 available"},
        {"deployment-unready", {"pod-unready"}, ROLLOUT_FAILED, false, "progressDeadlineSeconds"},
        {"deployment-zero", {NULL}, ROLLOUT_APPLIED, false, "zero replicas"},
        {"deployment-paused", {"pod-good"}, ROLLOUT_WAITING, false, "paused"},
        {"deployment-quota", {NULL}, ROLLOUT_BLOCKED, false, "is forbidden: exceeded quota: q"},
        {"deployment-surge",
         {"pod-surge-good", "pod-surge-crash-0"},
         ROLLOUT_FAILED,
         false,
         "ends again and again: exit status 1"},
        {"deployment-surge",
         {"pod-surge-good"},
         ROLLOUT_UNDER_WAY,
         false,
         "3 of 3 are new, 1 available, 1 old still there"},
        {"deployment-crash2", {"pod-crash2"}, ROLLOUT_FAILED, false, "ends again and again"},
        {"statefulset-part",
         {"pod-part-good"},
         ROLLOUT_COMPLETE,
         false,
         "1 of 1 is new, 3 available; a partition keeps 2"},
        {"statefulset-stsdel", {NULL}, ROLLOUT_WAITING, false, "OnDelete"},
        {"statefulset-stuck", {"pod-stuck-crash-0"}, ROLLOUT_FAILED, false, "ends again and again"},
        {"statefulset-stuck-back",
         {"pod-stuck-back-crash-0"},
         ROLLOUT_BLOCKED,
         false,
         "kubectl delete pod stuck-"},
        {"daemonset-ds", {"pod-ds"}, ROLLOUT_COMPLETE, false, "1 of 1 is new, 1 available"},
        {"daemonset-dsdel", {"pod-dsdel"}, ROLLOUT_WAITING, false, "OnDelete"},
        {"cronjob-cron", {"job-cron"}, ROLLOUT_COMPLETE, true, "it succeeded"},
        {"cronjob-cronbad", {"job-cronbad"}, ROLLOUT_FAILED, false, "the Job failed: Job has"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackspec spec = spec_of("registry.test:5000/shop/web", "");
        struct workload_facts facts;
        struct pod_facts pods[2];
        struct rollout rollout;
        struct str tag, digest;
        struct err err = ERR_CLEAN;
        size_t count = 0;
        workload_named(&arena, rows[i].workload, &facts);
        for (; count < 2 && rows[i].pods[count]; count++)
            pod_named(&arena, rows[i].pods[count], &pods[count]);
        CHECK_INT(rows[i].workload, target_holds(&spec, &spec.targets[0], &facts, &tag, &digest),
                  HOLDS_ONE);
        CHECK_INT(rows[i].workload,
                  rollout_read(&spec, &spec.targets[0], &facts, pods, count, digest, &arena,
                               &rollout, &err),
                  0);
        CHECK_HAS(rows[i].workload, rollout.why, rows[i].why);
        CHECK_INT(rows[i].workload, rollout.state, rows[i].want);
        CHECK_INT(rows[i].workload, rollout.sound, rows[i].sound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(states),
        cmocka_unit_test(not_made_yet),
        cmocka_unit_test(another_container),
        cmocka_unit_test(of_a_real_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
