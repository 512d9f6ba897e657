/* SPDX-License-Identifier: Apache-2.0 */
/* What holds in any world, whatever happens in it: worlds are made up, by numbers that repeat. */
#include "../trackrunner.h"

#include "pinnace/trackview.h"

#include "pinnace/banned.h"

enum { WORLDS = 24, EVENTS = 60 };

static uint64_t seed;
static unsigned first_world, worlds = WORLDS; /* others by the command line, for a hunt */

static unsigned any(unsigned count)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % count;
}

static bool starts(struct str text, const char *prefix)
{
    return str_starts(text, str_of(prefix));
}

/* By itself, and not the way back. */
static bool goes_forward(const struct book_row *row)
{
    return starts(row->why, "followed ") || starts(row->why, "in the range ");
}

static bool is_proved(const struct track_facts *facts, struct str digest)
{
    const struct trackbook *source = facts->source.book;
    const struct book_proof *proof = source ? book_proof_of(source, digest) : NULL;
    return proof && !book_quarantine_of(source, digest) &&
           proof_seconds(proof, facts->now) >= facts->spec->from.soak;
}

static void check_forward(struct world *world, const struct track_facts *facts,
                          const struct book_row *row)
{
    const struct trackspec *spec = facts->spec;
    const struct trackbook *book = facts->book;
    struct semver now, next;
    CHECK(world->scenario, !spec->suspend && !spec->hold.said);
    CHECK(world->scenario,
          !book_quarantine_of(book, row->digest) || str_eq(spec->approve.digest, row->digest));
    CHECK(world->scenario, !spec->manual || str_eq(spec->approve.digest, row->digest));
    CHECK(world->scenario, !spec->from.track.len || is_proved(facts, row->digest));
    CHECK(world->scenario, !str_eq(book->current.digest, row->digest));
    if (spec->range.len && semver_parse(book->current.tag, &now))
        CHECK(world->scenario, semver_parse(row->tag, &next) && semver_compare(&next, &now) >= 0);
    for (size_t i = 0; i < book->proof_count; i++)
        if (tag_is_semver(row->tag) && str_eq(book->proofs[i].tag, row->tag))
            CHECK_STR(world->scenario, book->proofs[i].digest, row->digest);
}

static bool has_good_row(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->row_count; i++) {
        enum row_state state = book->rows[i].state;
        if (str_eq(book->rows[i].digest, digest) &&
            (state == ROW_HEALTHY || state == ROW_ADOPTED || state == ROW_APPLIED))
            return true;
    }
    return false;
}

static void check_back(struct world *world, const struct track_facts *facts,
                       const struct trackbook *next)
{
    const struct book_row *row = &next->rows[0];
    const struct book_row *failed = &facts->book->rows[0];
    CHECK(world->scenario, failed->state == ROW_ROLLING_OUT || failed->state == ROW_APPLIED);
    CHECK(world->scenario, !facts->book->rollout.going_back && !facts->spec->hold_on_failure);
    CHECK(world->scenario, !str_eq(facts->spec->hold.digest, failed->digest));
    CHECK(world->scenario, book_quarantine_of(next, failed->digest) != NULL);
    CHECK(world->scenario, !book_quarantine_of(next, row->digest));
    CHECK(world->scenario, has_good_row(facts->book, row->digest));
}

/* What was said of bytes stays said: only what runs now has its verdict before it. */
static void check_verdicts(struct world *world, const struct trackbook *book,
                           const struct trackbook *next)
{
    for (size_t i = 0; i < next->row_count; i++)
        for (size_t k = 0; k < book->row_count; k++) {
            const struct book_row *now = &next->rows[i], *then = &book->rows[k];
            if (now->revision != then->revision)
                continue;
            CHECK_STR(world->scenario, now->digest, then->digest);
            CHECK(world->scenario, now->state == then->state || then->state == ROW_ROLLING_OUT ||
                                       (i == 0 && k == 0 && then->state == ROW_APPLIED &&
                                        now->state == ROW_ROLLING_OUT));
        }
    for (size_t i = 1; i < next->row_count; i++) {
        CHECK(world->scenario, next->rows[i].state != ROW_ROLLING_OUT);
        CHECK(world->scenario, next->rows[i].revision < next->rows[i - 1].revision);
    }
}

/* Only a person takes something out of it: there are fewer bytes here than room. */
static void check_quarantine(struct world *world, const struct track_facts *facts,
                             const struct trackbook *next)
{
    for (size_t i = 0; i < facts->book->quarantined_count; i++) {
        struct str digest = facts->book->quarantined[i].digest;
        CHECK(world->scenario, book_quarantine_of(next, digest) ||
                                   str_eq(facts->spec->approve.digest, digest) ||
                                   str_eq(facts->spec->hold.digest, digest));
    }
}

/* Who has to prove it had its turn to look since it was seen. */
static void check_never_proved(struct world *world, const struct track_facts *facts,
                               const struct trackbook *next)
{
    const struct trackbook *source = facts->source.book;
    if (next->conditions[TRACK_NEVER_PROVED].status != CONDITION_TRUE ||
        facts->book->conditions[TRACK_NEVER_PROVED].status == CONDITION_TRUE ||
        book_quarantine_of(source, next->candidate.digest))
        return;
    const struct sim_track *track =
        track_at(world, facts->spec->from.namespace, facts->spec->from.track);
    CHECK(world->scenario, track && (!track->dozes || track->dozes_since > next->candidate.since));
}

static bool is_same(const struct book_condition *a, const struct book_condition *b)
{
    return a->status == b->status && a->since == b->since && a->generation == b->generation &&
           str_eq(a->reason, b->reason) && str_eq(a->message, b->message);
}

/* What is said anew is of this generation of the spec, and goes on since it turned. */
static void check_conditions(struct world *world, const struct track_facts *facts,
                             const struct trackbook *next)
{
    CHECK_INT(world->scenario, next->generation, facts->spec->generation);
    for (size_t i = 0; i < TRACK_CONDITIONS; i++) {
        const struct book_condition *before = &facts->book->conditions[i];
        const struct book_condition *now = &next->conditions[i];
        if (is_same(before, now) || !now->reason.len)
            continue;
        CHECK_INT(world->scenario, now->generation, facts->spec->generation);
        CHECK_INT(world->scenario, now->since,
                  now->status == before->status && before->reason.len ? before->since : facts->now);
    }
}

static bool is_rolling(const struct trackbook *book)
{
    return book->row_count && book->rows[0].state == ROW_ROLLING_OUT;
}

/* Time is a proof of what is seen while it goes by, and no Track has more watched than is asked for. */
static void check_proof(struct world *world, const struct track_facts *facts,
                        const struct track_decision *decision)
{
    const struct trackbook *next = decision->book;
    const struct book_proof *proof = book_proof_of(next, next->current.digest);
    const struct book_proof *before = book_proof_of(facts->book, next->current.digest);
    bool rolls = is_rolling(facts->book) || is_rolling(next) || !facts->book->begun;
    CHECK(world->scenario, rolls || facts->proof_wanted || !decision->follow_pods);
    for (size_t i = 0; i < facts->spec->target_count; i++) {
        const struct target_facts *target = &facts->targets[i];
        CHECK(world->scenario, rolls || !target->workload || target->workload->replicas ||
                                   target->workload->kind == TARGET_CRON_JOB ||
                                   !decision->follow_pods);
        CHECK(world->scenario,
              !proof || !proof->since || (before && before->since) || target->pods_known);
    }
}

static void check_write(struct world *world, const struct track_facts *facts,
                        const struct trackbook *next)
{
    const struct trackbook *book = facts->book;
    CHECK(world->scenario, !trackbook_equal(book, next));
    check_verdicts(world, book, next);
    check_conditions(world, facts, next);
    check_quarantine(world, facts, next);
    check_never_proved(world, facts, next);
    CHECK(world->scenario,
          !next->row_count || !next->begun || next->rows[0].revision >= book->current.revision);
    if (!next->row_count || !book->begun || next->rows[0].revision == book->rows[0].revision)
        return;
    const struct book_row *row = &next->rows[0];
    CHECK(world->scenario, row->state == ROW_ROLLING_OUT);
    CHECK_STR(world->scenario, next->current.digest, row->digest);
    CHECK(world->scenario, !book_quarantine_of(next, row->digest));
    if (goes_forward(row))
        check_forward(world, facts, row);
    else if (starts(row->why, "rolled back: "))
        check_back(world, facts, next);
    else
        CHECK(world->scenario, starts(row->why, "rolled back by") ||
                                   starts(row->why, "promoted by") ||
                                   starts(row->why, "resumed by"));
}

static bool is_younger(const struct trackspec *a, const struct trackspec *than)
{
    return a->created != than->created ? a->created > than->created
                                       : str_compare(a->name, than->name) > 0;
}

/*
 * What is applied stands in the book that is written, as what rolls out now; or in the one that is to
 * be written, if a person holds it in the spec and the one that is written has nothing against it.
 */
static void check_apply(struct world *world, const struct track_facts *facts,
                        const struct track_decision *decision)
{
    const struct trackbook *book = decision->book;
    if (!trackbook_equal(facts->book, book)) {
        CHECK_STR(world->scenario, decision->digest, facts->spec->hold.digest);
        CHECK(world->scenario, !book_quarantine_of(facts->book, decision->digest));
        CHECK(world->scenario, book_newest(facts->book, decision->digest) != NULL);
    }
    CHECK(world->scenario, book->row_count && book->rows[0].state == ROW_ROLLING_OUT);
    CHECK_STR(world->scenario, decision->digest, book->rows[0].digest);
    CHECK_INT(world->scenario, decision->revision, book->rows[0].revision);
    CHECK(world->scenario, decision->target < facts->spec->target_count);
    CHECK(world->scenario, !book_quarantine_of(book, decision->digest));
    CHECK(world->scenario, !facts->spec->deleted);
    const struct str target = facts->spec->targets[decision->target].name;
    for (size_t i = 0; i < facts->beside_count; i++)
        for (size_t k = 0; k < facts->beside[i]->target_count; k++)
            if (str_eq(facts->beside[i]->targets[k].name, target))
                CHECK(world->scenario, is_younger(facts->beside[i], facts->spec));
}

static void check_decision(struct world *world, const struct track_facts *facts,
                           const struct track_decision *decision)
{
    if (decision->step == STEP_WRITE)
        check_write(world, facts, decision->book);
    else
        CHECK_INT(world->scenario, decision->event_count, 0);
    if (decision->step == STEP_APPLY)
        check_apply(world, facts, decision);
    if (decision->book)
        check_proof(world, facts, decision);
    CHECK(world->scenario, decision->again_at == 0 || decision->again_at > facts->now);
}

static const char digits[] = "123456789abcdef";

static const char *const tags[] = {"latest", "v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0", "v1.3.0-rc.1"};
static const char *const tracks[] = {"staging/web", "production/web"};

__attribute__((format(printf, 2, 3))) static void line(struct world *world, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    run_line(world, text);
    world->line = "";
}

static void say_something(struct world *world, const char *where)
{
    static const char *const words[] = {"hold", "approve", "promote"};
    const char *word = words[any(3)];
    unsigned how = any(4);
    if (how == 0)
        line(world, "spec %s %s", where, word);
    else if (how == 1)
        line(world, "spec %s resume {'at':'#','by':'ann'}", where);
    else
        line(world, "spec %s %s {'digest':'@%c','by':'ann'%s}", where, word, digits[any(15)],
             any(2) ? ",'at':'#'" : "");
}

static void change_spec(struct world *world, const char *where)
{
    static const char *const changes[] = {
        "suspend true",
        "suspend false",
        "suspend false",
        "approval 'Manual'",
        "approval 'Automatic'",
        "follow {'tag':'latest'}",
        "follow {'semver':'>=1.0.0'}",
        "follow {'semver':'*-0'}",
        "keep 1",
        "keep 3",
        "rollout {'onFailure':'Hold'}",
        "rollout {'soak':'5m'}",
        "rollout {'deadline':'20s'}",
    };
    line(world, "spec %s %s", where, changes[any(COUNT(changes))]);
}

static void something_rare(struct world *world, const char *where)
{
    static const char *const targets[] = {
        "[{'kind':'Deployment','name':'web'}]", "[{'kind':'Deployment','name':'api'}]",
        "[{'kind':'Deployment','name':'web'},{'kind':'Deployment','name':'api'}]",
        "[{'kind':'Deployment','name':'api'},{'kind':'Deployment','name':'web'}]"};
    switch (any(6)) {
    case 0:
        line(world, "registry hangs");
        break;
    case 1:
        line(world, "gone %c", digits[any(15)]);
        break;
    case 2:
        line(world, "remake %s", where);
        break;
    case 3:
        line(world, "remove %s", where);
        break;
    case 4:
        line(world, "deployment %s %c v1.0.0", where, digits[any(15)]);
        break;
    default:
        line(world, "spec %s targets %s", any(4) ? where : "production/zeb", targets[any(4)]);
        break;
    }
}

/* When all is well again, all comes to its end: nothing waits for what will not come. */
static void all_is_well(struct world *world)
{
    world->registry_down = world->registry_hangs = world->apply_refused = false;
    memset(world->is_gone, 0, sizeof(world->is_gone));
    for (size_t i = 0; i < COUNT(digits) - 1; i++)
        line(world, "bytes %c well", digits[i]);
    for (size_t i = 0; i < world->workload_count; i++) {
        struct sim_workload *workload = &world->workloads[i];
        workload->there = true;
        workload->paused = workload->quota = false;
        workload->changed_at = world->now;
        workload->replicas = 2;
    }
    for (size_t i = 0; i < world->track_count; i++) {
        const char *where = world->tracks[i].where;
        line(world, "spec %s hold", where);
        line(world, "spec %s suspend false", where);
        line(world, "spec %s rollout", where);
        line(world, "wait 1");
        line(world, "spec %s resume {'at':'#','by':'ann'}", where);
    }
    line(world, "wait 9999");
}

static void expect_good_end(struct world *world)
{
    for (size_t i = 0; i < world->track_count; i++) {
        TEST_ARENA(arena);
        const struct seen_track *seen = see_track(world, &world->tracks[i], &arena);
        const struct trackbook *book = &seen->book;
        if (str_eq(book->conditions[TRACK_READY].reason, STR("TargetTaken")))
            continue;
        world->line = world->tracks[i].where;
        /* What failed is tried again only by a person's word about those bytes. */
        bool failed = book->phase == PHASE_FAILED && book->rows[0].state == ROW_FAILED;
        /* Nothing that the registry names may be rolled out, and nothing was before. */
        bool none = book->phase == PHASE_NEW && !book->current.digest.len &&
                    book->conditions[TRACK_RESOLVED].status == CONDITION_FALSE;
        if (book->phase != PHASE_CURRENT && book->phase != PHASE_WAITING && !failed && !none)
            WORLD_FAIL(world, "it is %s: %.*s", track_phase_names[book->phase].ptr,
                       STR_FMT(track_json(world, &world->tracks[i])));
        for (size_t k = 0; k < TRACK_CONDITIONS; k++)
            CHECK(world->scenario, !book->conditions[k].reason.len ||
                                       book->conditions[k].generation == seen->spec.generation);
        for (size_t k = 0; k < seen->spec.target_count && book->current.digest.len; k++) {
            const struct sim_workload *workload =
                workload_of(world, seen->spec.namespace, seen->spec.targets[k].name);
            CHECK(world->scenario, workload && workload->digest == digit_of(book->current.digest));
        }
    }
}

static void something_happens(struct world *world)
{
    static const char *const does[] = {"well", "well", "well", "crash", "hang", "restart"};
    const char *where = tracks[any(2)];
    switch (any(15)) {
    case 0:
        line(world, "bytes %c %s", digits[any(15)], does[any(6)]);
        break;
    case 1:
        line(world, "hand %s %c %s", where, digits[any(15)], tags[any(6)]);
        break;
    case 2:
        line(world, "scale %s %u", where, any(3));
        break;
    case 3:
        line(world, "%s %s %s", any(2) ? "quota" : "paused", where, any(2) ? "yes" : "no");
        break;
    case 4:
        line(world, "registry %s", any(3) ? "up" : "down");
        break;
    case 5:
        say_something(world, where);
        break;
    case 6:
        change_spec(world, where);
        break;
    case 7:
        lose_memory(world);
        break;
    case 8:
        line(world, "apply %s", any(3) ? "allowed" : "refused");
        break;
    case 10:
        line(world, "doze %s %u", where, any(60));
        break;
    case 9:
        something_rare(world, where);
        break;
    default:
        line(world, "push %s %c", tags[any(6)], digits[any(15)]);
        break;
    }
    line(world, "wait %u", any(3) ? any(70) : any(1500));
}

static void run_world(struct world *world, struct arena *arena, unsigned number, int crash_after)
{
    static char name[32];
    snprintf(name, sizeof(name), "world %u", number);
    begin_world(world, arena, name);
    seed = number;
    world->crash_after = crash_after;
    world->watch = check_decision;
    for (size_t k = 0; k < COUNT(tags); k++)
        line(world, "push %s %c", tags[k], digits[k]);
    for (size_t k = 0; k < COUNT(tracks); k++) {
        line(world, "deployment %s %c v1.0.0", tracks[k], any(3) ? '2' : '-');
        line(world, "track %s", tracks[k]);
    }
    line(world, "deployment staging/api 2 v1.0.0");
    line(world, "deployment production/api 2 v1.0.0");
    line(world, "track production/zeb");
    line(world, "spec production/zeb targets [{'kind':'Deployment','name':'api'}]");
    line(world, "spec production/web follow {'semver':'>=1.0.0'}");
    line(world, "spec production/web from {'namespace':'staging','track':'web','soak':'2m'}");
    for (int k = 0; k < EVENTS; k++)
        something_happens(world);
    all_is_well(world);
}

TEST(whatever_happens)
{
    unsigned long steps = 0;
    for (unsigned i = first_world; i < first_world + worlds; i++) {
        TEST_ARENA(arena);
        struct world world;
        run_world(&world, &arena, i, i % 3 ? 0 : -1);
        expect_good_end(&world);
        steps += world.steps;
    }
    print_message("%u worlds, %lu steps\n", worlds, steps);
    assert_true(steps > worlds * EVENTS / 4);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        first_world = (unsigned)strtoul(argv[1], NULL, 10);
        worlds = (unsigned)strtoul(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_happens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
