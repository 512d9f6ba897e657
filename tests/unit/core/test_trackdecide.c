/* SPDX-License-Identifier: Apache-2.0 */
/* What holds in any world, whatever happens in it: worlds are made up, by numbers that repeat. */
#include "../trackrunner.h"

#include "pinnace/banned.h"

enum { WORLDS = 100, EVENTS = 60 };

static uint64_t seed;

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
    CHECK(world->scenario, book_quarantine_of(next, failed->digest) != NULL);
    CHECK(world->scenario, !book_quarantine_of(next, row->digest));
    CHECK(world->scenario, has_good_row(facts->book, row->digest));
}

static void check_write(struct world *world, const struct track_facts *facts,
                        const struct trackbook *next)
{
    const struct trackbook *book = facts->book;
    CHECK(world->scenario, !trackbook_equal(book, next));
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

/* What is applied stands in the book that is written, as what rolls out now. */
static void check_apply(struct world *world, const struct track_facts *facts,
                        const struct track_decision *decision)
{
    const struct trackbook *book = facts->book;
    CHECK(world->scenario, book->row_count && book->rows[0].state == ROW_ROLLING_OUT);
    CHECK_STR(world->scenario, decision->digest, book->rows[0].digest);
    CHECK_INT(world->scenario, decision->revision, book->rows[0].revision);
    CHECK(world->scenario, decision->target < facts->spec->target_count);
    CHECK(world->scenario, !book_quarantine_of(book, decision->digest));
    CHECK(world->scenario, !facts->spec->deleted);
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

static void something_happens(struct world *world)
{
    static const char *const does[] = {"well", "well", "well", "crash", "hang", "restart"};
    const char *where = tracks[any(2)];
    switch (any(14)) {
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
    default:
        line(world, "push %s %c", tags[any(6)], digits[any(15)]);
        break;
    }
    line(world, "wait %u", any(3) ? any(70) : any(1500));
}

TEST(whatever_happens)
{
    unsigned long steps = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        char name[32];
        TEST_ARENA(arena);
        struct world world;
        snprintf(name, sizeof(name), "world %u", i);
        seed = i;
        begin_world(&world, &arena, name);
        world.crash_after = any(3) ? 0 : -1;
        world.watch = check_decision;
        for (size_t k = 0; k < COUNT(tags); k++)
            line(&world, "push %s %c", tags[k], digits[k]);
        for (size_t k = 0; k < COUNT(tracks); k++) {
            line(&world, "deployment %s %c v1.0.0", tracks[k], any(3) ? '2' : '-');
            line(&world, "track %s", tracks[k]);
        }
        line(&world, "spec production/web follow {'semver':'>=1.0.0'}");
        line(&world, "spec production/web from {'namespace':'staging','track':'web','soak':'2m'}");
        for (int k = 0; k < EVENTS; k++)
            something_happens(&world);
        steps += world.steps;
    }
    print_message("%u worlds, %lu steps\n", WORLDS, steps);
    assert_true(steps > WORLDS * EVENTS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_happens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
