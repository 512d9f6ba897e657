/* SPDX-License-Identifier: Apache-2.0 */
/* Books that are full, time that passed while nobody looked, and answers that are old. */
#include "../world.h"

#include "pinnace/trackdecide.h"

#include "pinnace/banned.h"

enum { NOW = 1795253400 };

/* A Track that follows latest, of one Deployment. */
struct scene {
    struct trackspec spec;
    struct trackbook book;
    struct workload_facts workload;
    struct target_facts target;
    struct track_facts facts;
};

static struct str digest_number(struct arena *arena, int number)
{
    return json_format(arena, "sha256:%064x", number);
}

static struct scene *new_scene(struct arena *arena, struct str runs)
{
    struct scene *scene = arena_new(arena, struct scene);
    struct err err = ERR_CLEAN;
    struct str json = json_of(arena, "{'metadata':{'name':'web','namespace':'p','generation':1},"
                                     "'spec':{'image':'" WEB "','follow':{'tag':'latest'},"
                                     "'targets':[{'kind':'Deployment','name':'web'}]}}");
    CHECK_INT("scene", trackspec_read(json, arena, &scene->spec, &err), 0);
    scene->workload = (struct workload_facts){
        .name = STR("web"),
        .images = {{STR("web"), json_format(arena, WEB ":latest@%.*s", STR_FMT(runs)), false}},
        .image_count = 1,
        .replicas = 1,
        .updated = 1,
        .ready = 1,
        .available = 1,
        .all = 1};
    scene->target = (struct target_facts){.workload = &scene->workload, .pods_known = true};
    scene->facts = (struct track_facts){
        .spec = &scene->spec,
        .book = &scene->book,
        .targets = &scene->target,
        .registry = {.at = 1, .tag = STR("latest"), .digest = runs, .revision = 7},
        .now = NOW};
    scene->book.begun = true;
    scene->book.generation = 1;
    scene->book.follows = STR("latest");
    scene->book.row_count = 1;
    scene->book.rows[0] = (struct book_row){.revision = 7,
                                            .tag = STR("latest"),
                                            .digest = runs,
                                            .state = ROW_HEALTHY,
                                            .started_at = NOW - 100,
                                            .why = STR("followed latest")};
    scene->book.current.tag = STR("latest");
    scene->book.current.digest = runs;
    scene->book.current.revision = 7;
    return scene;
}

static struct track_decision decide(const struct scene *scene, struct arena *arena)
{
    struct track_decision decision = {.step = STEP_REST};
    struct err err = ERR_CLEAN;
    CHECK_INT("decide", track_decide(&scene->facts, arena, &decision, &err), 0);
    return decision;
}

/* What the registry names, and what is waited for, is never forgotten, however old. */
TEST(quarantine_overflows)
{
    TEST_ARENA(arena);
    struct scene *scene = new_scene(&arena, digest_number(&arena, 1000));
    struct trackbook *book = &scene->book;
    struct pod_image image = {.container = STR("web"),
                              .image = scene->workload.images[0].image,
                              .fault = STR("container web crashes again and again")};
    struct pod_facts pod = {.name = STR("web-1"),
                            .owner_uid = STR("u"),
                            .images = &image,
                            .image_count = 1,
                            .begun = true,
                            .created_at = NOW};
    scene->target.pods = &pod;
    scene->target.pod_count = 1;
    scene->workload.available = scene->workload.ready = 0;
    book->rows[0].state = ROW_ROLLING_OUT;
    book->rollout.applied = 1;
    for (int i = 0; i < BOOK_QUARANTINED_MAX; i++)
        book->quarantined[book->quarantined_count++] =
            (struct book_quarantined){STR("latest"), digest_number(&arena, i), STR("why"), NOW};
    scene->facts.registry.digest = digest_number(&arena, 0);
    book->candidate.digest = digest_number(&arena, 1);
    struct track_decision decision = decide(scene, &arena);
    CHECK_INT("full", decision.step, STEP_WRITE);
    CHECK_INT("full", decision.book->quarantined_count, BOOK_QUARANTINED_MAX);
    CHECK_INT("full", decision.book->rows[0].state, ROW_FAILED);
    CHECK("new", book_quarantine_of(decision.book, digest_number(&arena, 1000)) != NULL);
    CHECK("named", book_quarantine_of(decision.book, digest_number(&arena, 0)) != NULL);
    CHECK("candidate", book_quarantine_of(decision.book, digest_number(&arena, 1)) != NULL);
    CHECK("oldest", book_quarantine_of(decision.book, digest_number(&arena, 2)) == NULL);
    CHECK("next", book_quarantine_of(decision.book, digest_number(&arena, 3)) != NULL);
    CHECK_INT("named", decision.book->candidate.waits, WAITS_QUARANTINED);
}

/* The first proof that nobody needs makes room: not that of what runs, nor what is awaited. */
TEST(proofs_overflow)
{
    TEST_ARENA(arena);
    struct scene *scene = new_scene(&arena, digest_number(&arena, 1));
    struct trackbook *book = &scene->book;
    struct str awaited = digest_number(&arena, 0);
    for (int i = 0; i < BOOK_PROOFS_MAX; i++)
        book->proofs[book->proof_count++] = (struct book_proof){.tag = STR("latest"),
                                                                .digest = digest_number(&arena, i),
                                                                .seen_at = NOW - 1000 + i,
                                                                .seconds = i};
    scene->facts.awaited = &awaited;
    scene->facts.awaited_count = 1;
    scene->facts.registry.digest = digest_number(&arena, 1000);
    struct track_decision decision = decide(scene, &arena);
    CHECK_INT("full", decision.step, STEP_WRITE);
    CHECK_INT("full", decision.book->proof_count, BOOK_PROOFS_MAX);
    CHECK("awaited", book_proof_of(decision.book, awaited) != NULL);
    CHECK("current", book_proof_of(decision.book, digest_number(&arena, 1)) != NULL);
    CHECK("oldest", book_proof_of(decision.book, digest_number(&arena, 2)) == NULL);
    CHECK_INT("others", book_proof_of(decision.book, digest_number(&arena, 3))->seconds, 3);
    const struct book_proof *seen = book_proof_of(decision.book, digest_number(&arena, 1000));
    CHECK("seen", seen == &decision.book->proofs[BOOK_PROOFS_MAX - 1]);
}

/* What was before anybody followed the targets counts on no deadline; what is after it does. */
TEST(following_since)
{
    static const struct {
        const char *name;
        int64_t since, counted_at;
        bool failed;
        int64_t again_at;
    } rows[] = {
        {"followed all the time", 0, NOW - 599, false, NOW + 1},
        {"the time is up", 0, NOW - 600, true, 0},
        {"nobody looked until now", NOW, NOW - 9999, false, NOW + 600},
        {"nobody looked for long", NOW - 599, NOW - 9999, false, NOW + 1},
        {"and then it is up", NOW - 600, NOW - 9999, true, 0},
        {"it began later than that", NOW - 9999, NOW - 599, false, NOW + 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct scene *scene = new_scene(&arena, digest_number(&arena, 1));
        struct pod_image image = {.container = STR("web"),
                                  .image = scene->workload.images[0].image};
        struct pod_facts pod = {.name = STR("web-1"),
                                .owner_uid = STR("u"),
                                .images = &image,
                                .image_count = 1,
                                .begun = true};
        scene->target.pods = &pod;
        scene->target.pod_count = 1;
        scene->workload.available = scene->workload.ready = 0;
        scene->book.rows[0].state = ROW_ROLLING_OUT;
        scene->book.rollout.applied = 1;
        scene->spec.deadline = 600;
        scene->book.rollout.counting = true;
        scene->book.rollout.counted_at = rows[i].counted_at;
        scene->facts.following_since = rows[i].since;
        struct track_decision decision = decide(scene, &arena);
        const struct trackbook *book = decision.step == STEP_WRITE ? decision.book : &scene->book;
        CHECK_INT(rows[i].name, book->rows[0].state == ROW_FAILED, rows[i].failed);
        CHECK_INT(rows[i].name, decision.again_at, rows[i].again_at);
    }
}

/* What is to be kept stands beside the step: it is never one, and no error of it changes any. */
TEST(protection_goes_beside)
{
    TEST_ARENA(arena);
    struct scene *scene = new_scene(&arena, digest_number(&arena, 1));
    scene->spec.protect = true;
    scene->facts.protect = (struct protect_facts){.able = true, .has_locks = true};
    struct track_decision decision = decide(scene, &arena);
    CHECK_INT("told", decision.step, STEP_WRITE);
    CHECK_INT("first things first", decision.protect.what, PROTECT_NOTHING);
    const struct book_condition *condition = &decision.book->conditions[TRACK_PROTECTED];
    CHECK_STR("told", condition->reason, STR("Protecting"));
    scene->book = *decision.book;
    decision = decide(scene, &arena);
    CHECK_INT("rests", decision.step, STEP_REST);
    CHECK_INT("looks", decision.protect.what, PROTECT_LOOK);
    scene->facts.protect.error = STR("no");
    scene->facts.protect.fault = REGISTRY_FORBIDDEN;
    decision = decide(scene, &arena);
    CHECK_INT("refused", decision.step, STEP_WRITE);
    CHECK_INT("refused", decision.event_count, 1);
    CHECK_STR("refused", str_of(decision.events[0].reason), STR("Unprotected"));
    scene->book = *decision.book;
    scene->facts.protect.error = STR("no, in 5 seconds perhaps");
    decision = decide(scene, &arena);
    CHECK_INT("it is told once", decision.step, STEP_REST);
    CHECK_INT("and tried again", decision.protect.what, PROTECT_LOOK);
    scene->facts.registry.digest = digest_number(&arena, 2);
    decision = decide(scene, &arena);
    CHECK_INT("it delays nothing", decision.step, STEP_WRITE);
    CHECK_INT("it delays nothing", decision.book->rows[0].state, ROW_ROLLING_OUT);
}

/* Another one that leads rolled out what is newer: what the registry said before is asked again. */
TEST(an_answer_from_before_the_book)
{
    static const struct {
        const char *name;
        int64_t revision;
        int digest;
        bool look_anew;
    } rows[] = {
        {"what runs", 6, 1, false},
        {"something else, asked before it ran", 6, 2, true},
        {"something else, asked before it was taken back", 8, 2, true},
        {"something else, asked since", 7, 2, false},
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *scene = new_scene(&arena, digest_number(&arena, 1));
        scene->facts.registry.revision = rows[i].revision;
        scene->facts.registry.digest = digest_number(&arena, rows[i].digest);
        struct track_decision decision = decide(scene, &arena);
        bool rolls = rows[i].digest != 1 && !rows[i].look_anew;
        CHECK_INT(rows[i].name, decision.look_anew, rows[i].look_anew);
        CHECK_INT(rows[i].name, decision.book->rows[0].state,
                  rolls ? ROW_ROLLING_OUT : ROW_HEALTHY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protection_goes_beside),
        cmocka_unit_test(quarantine_overflows),
        cmocka_unit_test(proofs_overflow),
        cmocka_unit_test(following_since),
        cmocka_unit_test(an_answer_from_before_the_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
