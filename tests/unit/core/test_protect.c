/* SPDX-License-Identifier: Apache-2.0 */
#include "../protectscene.h"

#include "pinnace/banned.h"

static char digit_of(struct str digest)
{
    return digest.len ? digest.ptr[digest.len - 1] : '-';
}

/* "lock 1: image 4 v1.0.0": digests by their last digit. */
static struct str job_text(struct arena *arena, const struct protect_job *job)
{
    static const char *const names[] = {"nothing", "look", "lock", "let go"};
    struct buf buf = BUF_INIT(arena, 64 * 1024);
    buf_add(&buf, str_of(names[job->what]));
    if (job->what == PROTECT_NOTHING)
        return finished(&buf);
    buf_addf(&buf, " %c", digit_of(job->release));
    if (job->tag.len)
        buf_addf(&buf, " with %.*s", STR_FMT(job->tag));
    for (size_t i = 0; i < job->part_count; i++) {
        const struct book_lock *part = &job->parts[i];
        buf_addf(&buf, "%s", i ? " " : ": ");
        if (part->tag.len)
            buf_add(&buf, part->tag);
        else if (part->digest.len)
            buf_add_char(&buf, digit_of(part->digest));
        else
            buf_add(&buf, STR("image"));
    }
    return finished(&buf);
}

static const struct scene scenes[] = {
    /* To look: what runs first, then what is gone back to, then the others, newest first. */
    {.name = "what runs", .status = THREE, .job = "look 3"},
    {.name = "gone back to", .status = THREE "," LOCKS(OURS3), .job = "look 2"},
    {.name = "a version", .status = THREE "," LOCKS(OURS3 "," OURS2), .job = "look 1 with v1.0.0"},
    {.name = "retained",
     .status = THREE "," LOCKS(OURS3 "," OURS2),
     .tags = true,
     .job = "look 1 with pinnace-keep-p-web-1a2b3c4d-111111111111"},
    {.name = "all",
     .status = THREE "," LOCKS(OURS3 "," OURS2 "," IMAGE(D1, "Others")),
     .job = "nothing"},
    {.name = "unable", .status = THREE, .unable = true, .job = "nothing"},
    {.name = "not wanted", .spec = "'protect':false", .status = THREE, .job = "nothing"},
    {.name = "nothing yet", .status = "'begun':true", .job = "nothing"},
    {.name = "rolling",
     .status = RUNS(D1) "," LEDGER(TAGGED_ROW(D1, "latest", "RollingOut")),
     .job = "look 1"},
    {.name = "sha512", .status = RUNS(D512), .job = "nothing"},
    {.name = "gone", .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Gone")), .job = "nothing"},

    /* When all is done, at one after the other anew, now and then. */
    {.name = "due",
     .status = THREE "," LOCKS(OURS3 "," OURS2 "," IMAGE(D1, "Others")),
     .due = true,
     .turn = 5,
     .job = "look 1 with v1.0.0"},
    {.name = "due, but there is something to do",
     .status = THREE "," LOCKS(OURS3 "," OURS2),
     .due = true,
     .job = "look 1 with v1.0.0"},
    {.name = "gone, and due",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Gone")),
     .due = true,
     .job = "look 1"},
    {.name = "no more protection, and due",
     .spec = "'protect':false",
     .status = THREE,
     .due = true,
     .job = "nothing"},

    /* What has failed is not gone back to; unless it runs all the same. */
    {.name = "failed",
     .status = RUNS(D2) "," LEDGER(TAGGED_ROW(D3, "a", "Failed") "," TAGGED_ROW(
         D4, "a", "Abandoned") "," TAGGED_ROW(D2, "a", "Healthy")) "," LOCKS(OURS2),
     .job = "nothing"},
    {.name = "quarantined",
     .status = RUNS(D2) "," LEDGER(TAGGED_ROW(D3, "a", "Healthy")) ",'quarantined':[{'digest':'" D3
                                                                   "'}]," LOCKS(OURS2),
     .job = "nothing"},
    {.name = "runs though failed",
     .status = RUNS(D3) "," LEDGER(TAGGED_ROW(D3, "a", "Failed")),
     .job = "look 3"},

    /* Tags: a version, wherever on the ledger it stands; never one that is followed or moves. */
    {.name = "tag of another row",
     .status = RUNS(D1) "," LEDGER(
         TAGGED_ROW(D1, "latest", "Healthy") "," TAGGED_ROW(D1, "1.2.3", "Healthy")),
     .job = "look 1 with 1.2.3"},
    {.name = "short version",
     .status = RUNS(D1) "," LEDGER(TAGGED_ROW(D1, "v1.2", "Healthy")),
     .job = "look 1"},
    {.name = "snapshot",
     .status = RUNS(D1) "," LEDGER(TAGGED_ROW(D1, "1.2.3-SNAPSHOT", "Healthy")),
     .job = "look 1"},

    /* To lock what was found free, and only that. */
    {.name = "lock",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Meant") "," CHILD(D1, D4, "Meant") "," CHILD(
         D1, D5, "Others") "," TAG(D1, "v1.0.0", "Meant")),
     .job = "lock 1: image 4 v1.0.0"},
    {.name = "lock the rest",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D4, "Meant")),
     .job = "lock 1: 4"},
    {.name = "nothing to lock",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D5, "Others")),
     .job = "nothing"},

    /* To let go what fell out: what is ours, when nothing can run it. */
    {.name = "fell out",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours") "," CHILD(
         D2, D4, "Ours") "," CHILD(D2, D5, "Others") "," TAG(D2, "v1.0.0", "Ours")),
     .job = "let go 2: image 4 v1.0.0"},
    {.name = "may still run",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours")),
     .restless = true,
     .job = "nothing"},
    {.name = "a person's is forgotten",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Others")),
     .job = "let go 2"},
    {.name = "what is gone is forgotten",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Gone")),
     .job = "let go 2"},
    {.name = "perhaps locked",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Meant")),
     .job = "let go 2: image"},
    {.name = "a child of two",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D4, "Ours") "," IMAGE(
         D2, "Ours") "," CHILD(D2, D4, "Ours") "," CHILD(D2, D5, "Ours")),
     .job = "let go 2: image 5"},
    {.name = "a child that is an image of its own",
     .status =
         RUNS(D4) "," LOCKS(IMAGE(D4, "Ours") "," IMAGE(D2, "Ours") "," CHILD(D2, D4, "Ours")),
     .job = "let go 2: image"},
    {.name = "no more protection",
     .spec = "'protect':false",
     .status = THREE "," LOCKS(OURS3 "," OURS2),
     .restless = true,
     .job = "let go 3: image"},
    {.name = "looks go first", .status = THREE "," LOCKS(IMAGE(D4, "Ours")), .job = "look 3"},

    /* Others of the same repository: whoever locks it too answers for it; whoever runs it keeps it. */
    {.name = "another has it locked too",
     .status =
         RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours") "," CHILD(D2, D4, "Ours")),
     .other = RUNS(D2) "," LOCKS(IMAGE(D2, "Ours") "," CHILD(D2, D4, "Ours")),
     .job = "let go 2"},
    {.name = "another is about to",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours")),
     .other = RUNS(D2),
     .job = "nothing"},
    {.name = "another found it locked by a person",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours")),
     .other = RUNS(D2) "," LOCKS(IMAGE(D2, "Others")),
     .job = "nothing"},
    {.name = "another runs it unprotected",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours")),
     .other_spec = "'protect':false",
     .other = RUNS(D2),
     .job = "nothing"},
    {.name = "another has something else",
     .status = RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours")),
     .other = RUNS(D3),
     .job = "let go 2: image"},
    {.name = "another shares a child",
     .status =
         RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," IMAGE(D2, "Ours") "," CHILD(D2, D4, "Ours")),
     .other = RUNS(D3) "," LOCKS(IMAGE(D3, "Ours") "," CHILD(D3, D4, "Ours")),
     .job = "let go 2: image"},
    {.name = "no more protection, but another wants it",
     .spec = "'protect':false",
     .status = RUNS(D2) "," LOCKS(IMAGE(D2, "Ours")),
     .other = RUNS(D2),
     .job = "nothing"},
    {.name = "no more protection, and another that runs it wants none",
     .spec = "'protect':false",
     .status = RUNS(D2) "," LOCKS(IMAGE(D2, "Ours")),
     .other_spec = "'protect':false",
     .other = RUNS(D2),
     .job = "let go 2: image"},
};

TEST(plans)
{
    for (size_t i = 0; i < COUNT(scenes); i++) {
        TEST_ARENA(arena);
        struct protect_question question = question_of(&arena, &scenes[i]);
        struct protect_job job = {.what = PROTECT_LOCK};
        struct err err = ERR_CLEAN;
        CHECK_INT(scenes[i].name, protect_plan(&question, &arena, &job, &err), 0);
        CHECK_STR(scenes[i].name, job_text(&arena, &job), str_of(scenes[i].job));
    }
}

/* Who need not be asked about makes no difference, whatever he has; who does is asked about. */
TEST(who_is_asked_about)
{
    static const struct scene all = {
        .status = THREE "," LOCKS(OURS3 "," OURS2 "," CHILD(D2, D4, "Ours") "," IMAGE(D1, "Ours"))};
    size_t unasked = 0;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        TEST_ARENA(arena);
        struct protect_question question = question_of(&arena, &scenes[i]);
        const struct protect_question everything = question_of(&arena, &all);
        const struct protect_other other = {everything.spec, everything.book};
        struct protect_job job;
        struct err err = ERR_CLEAN;
        if (protect_asks_others(question.spec, question.book, NULL))
            continue;
        CHECK(scenes[i].name, !scenes[i].other);
        unasked++;
        question.others = &other;
        question.other_count = 1;
        CHECK_INT(scenes[i].name, protect_plan(&question, &arena, &job, &err), 0);
        CHECK_STR(scenes[i].name, job_text(&arena, &job), str_of(scenes[i].job));
    }
    CHECK("at rest nobody is", unasked > COUNT(scenes) / 3);
}

/* --- Taking note -------------------------------------------------------------------------------- */

static struct str parts_text(struct arena *arena, const struct trackbook *book)
{
    struct buf buf = BUF_INIT(arena, 64 * 1024);
    for (size_t i = 0; i < book->lock_count; i++) {
        const struct book_lock *part = &book->locks[i];
        buf_addf(&buf, "%s%c/%c%.*s %.*s", i ? ", " : "", digit_of(part->of),
                 digit_of(part->digest), STR_FMT(part->tag),
                 STR_FMT(lock_state_names[part->state]));
    }
    return finished(&buf);
}

static const struct {
    const char *name, *status, *other; /* other NULL: none */
    struct protect_job job;
    const char *parts;
} notes[] = {
    {"looked",
     RUNS(D1),
     NULL,
     {PROTECT_LOOK,
      STR_INIT(D1),
      STR_INIT("v1.0.0"),
      {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_MEANT},
       {STR_INIT(D1), STR_INIT(D4), {NULL, 0}, LOCK_OTHERS},
       {STR_INIT(D1), {NULL, 0}, STR_INIT("v1.0.0"), LOCK_MEANT}},
      3},
     "1/- Meant, 1/4 Others, 1/-v1.0.0 Meant"},
    {"a child that we have locked already",
     RUNS(D1) "," LOCKS(CHILD(D2, D4, "Ours")),
     NULL,
     {PROTECT_LOOK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), STR_INIT(D4), {NULL, 0}, LOCK_OTHERS}},
      1},
     "2/4 Ours, 1/4 Ours"},
    {"a child that a person had locked before",
     RUNS(D1) "," LOCKS(CHILD(D2, D4, "Others")),
     NULL,
     {PROTECT_LOOK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), STR_INIT(D4), {NULL, 0}, LOCK_OTHERS}},
      1},
     "2/4 Others, 1/4 Others"},
    {"another Track has locked it",
     RUNS(D1),
     RUNS(D1) "," LOCKS(IMAGE(D1, "Meant")),
     {PROTECT_LOOK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_OTHERS}},
      1},
     "1/- Ours"},
    {"another Track found it locked",
     RUNS(D1),
     RUNS(D1) "," LOCKS(IMAGE(D1, "Others")),
     {PROTECT_LOOK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_OTHERS}},
      1},
     "1/- Others"},
    {"somebody took our lock away",
     RUNS(D1) "," LOCKS(IMAGE(D1, "Ours")),
     NULL,
     {PROTECT_LOOK, STR_INIT(D1), {NULL, 0}, {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_MEANT}}, 1},
     "1/- Meant"},
    {"looked again, and all is as it was",
     RUNS(D1) "," LOCKS(IMAGE(D1, "Ours") "," CHILD(D1, D4, "Others") "," IMAGE(D2, "Ours")),
     NULL,
     {PROTECT_LOOK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_OTHERS},
       {STR_INIT(D1), STR_INIT(D4), {NULL, 0}, LOCK_OTHERS}},
      2},
     "1/- Ours, 1/4 Others, 2/- Ours"},
    {"another one has let it go, and a tag has gone",
     RUNS(D1) "," LOCKS(IMAGE(D2, "Ours") "," IMAGE(D1, "Others") "," TAG(D1, "v1.0.0", "Ours")),
     NULL,
     {PROTECT_LOOK, STR_INIT(D1), {NULL, 0}, {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_MEANT}}, 1},
     "2/- Ours, 1/- Meant"},
    {"what was gone is there again",
     RUNS(D1) "," LOCKS(IMAGE(D1, "Gone") "," IMAGE(D2, "Ours")),
     NULL,
     {PROTECT_LOOK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_MEANT},
       {STR_INIT(D1), STR_INIT(D4), {NULL, 0}, LOCK_MEANT}},
      2},
     "1/- Meant, 1/4 Meant, 2/- Ours"},
    {"locked",
     RUNS(D1) "," LOCKS(IMAGE(D1, "Meant") "," CHILD(D1, D4, "Meant") "," CHILD(D1, D5, "Others")),
     NULL,
     {PROTECT_LOCK,
      STR_INIT(D1),
      {NULL, 0},
      {{STR_INIT(D1), {NULL, 0}, {NULL, 0}, LOCK_OURS},
       {STR_INIT(D1), STR_INIT(D4), {NULL, 0}, LOCK_GONE},
       {STR_INIT(D1), STR_INIT(D5), {NULL, 0}, LOCK_OURS}},
      3},
     "1/- Ours, 1/4 Gone, 1/5 Others"},
    {"let go",
     RUNS(D1) "," LOCKS(IMAGE(D2, "Ours") "," CHILD(D2, D4, "Others") "," IMAGE(D1, "Ours")),
     NULL,
     {PROTECT_LET_GO,
      STR_INIT(D2),
      {NULL, 0},
      {{STR_INIT(D2), {NULL, 0}, {NULL, 0}, LOCK_OURS}},
      1},
     "1/- Ours"},
    {"let go twice",
     RUNS(D1) "," LOCKS(IMAGE(D1, "Ours")),
     NULL,
     {PROTECT_LET_GO,
      STR_INIT(D2),
      {NULL, 0},
      {{STR_INIT(D2), {NULL, 0}, {NULL, 0}, LOCK_OURS}},
      1},
     "1/- Ours"},
};

TEST(notes_are_taken)
{
    for (size_t i = 0; i < COUNT(notes); i++) {
        TEST_ARENA(arena);
        struct protect_outcome outcome = {.job = notes[i].job};
        struct scene scene = {.status = notes[i].status, .other = notes[i].other};
        struct protect_question question = question_of(&arena, &scene);
        struct protect_facts facts = {.able = true, .has_locks = true, .outcome = &outcome};
        struct trackbook book = *question.book;
        question.facts = &facts;
        question.book = &book;
        CHECK(notes[i].name,
              !notes[i].other || protect_asks_others(question.spec, &book, &outcome));
        protect_note(&question, &book);
        CHECK_STR(notes[i].name, parts_text(&arena, &book), str_of(notes[i].parts));
        /* The same once more, as after a restart or a conflict, changes nothing. */
        protect_note(&question, &book);
        CHECK_STR(notes[i].name, parts_text(&arena, &book), str_of(notes[i].parts));
    }
}

/* --- Room --------------------------------------------------------------------------------------- */

static struct str digest_number(struct arena *arena, size_t number)
{
    return json_format(arena, "sha256:%064zx", number);
}

/* Of releases with many children as many are wanted as there is room for; there is always some. */
TEST(room)
{
    TEST_ARENA(arena);
    const struct scene scene = {.name = "room", .status = "'begun':true"};
    struct protect_question question = question_of(&arena, &scene);
    struct protect_outcome outcome = {.job.what = PROTECT_LOOK};
    struct protect_facts facts = {.able = true, .has_locks = true, .outcome = &outcome};
    struct trackbook book = *question.book;
    struct protect_release wanted[PROTECT_RELEASES_MAX];
    struct protect_job job;
    struct err err = ERR_CLEAN;
    question.facts = &facts;
    question.book = &book;
    for (size_t i = 0; i < 10; i++)
        book.rows[book.row_count++] =
            (struct book_row){.digest = digest_number(&arena, i), .state = ROW_HEALTHY};
    book.current.digest = book.rows[0].digest;
    for (size_t turn = 0; turn < 40; turn++) {
        facts.outcome = NULL;
        CHECK_INT("plan", protect_plan(&question, &arena, &job, &err), 0);
        if (job.what == PROTECT_NOTHING)
            break;
        outcome.job = job;
        facts.outcome = &outcome;
        for (size_t i = 0; job.what == PROTECT_LOOK && i < PROTECT_PARTS_MAX; i++)
            outcome.job.parts[outcome.job.part_count++] =
                (struct book_lock){.of = job.release,
                                   .digest = i ? digest_number(&arena, 1000 + i) : STR_NONE,
                                   .state = LOCK_OURS};
        protect_note(&question, &book);
        CHECK("bounded", book.lock_count <= BOOK_LOCKS_MAX);
    }
    CHECK_INT("it comes to rest", job.what, PROTECT_NOTHING);
    CHECK_INT("as many as fit", book.lock_count, (size_t)3 * PROTECT_PARTS_MAX);
    CHECK_INT("no more are wanted", protect_wanted(question.spec, &book, wanted), 3);
    CHECK_STR("the newest", wanted[2].digest, book.rows[2].digest);
    /* One more comes, and the oldest makes room for it. */
    memmove(&book.rows[1], &book.rows[0], 10 * sizeof(book.rows[0]));
    book.row_count++;
    book.rows[0].digest = book.current.digest = digest_number(&arena, 77);
    facts.outcome = NULL;
    CHECK_INT("plan", protect_plan(&question, &arena, &job, &err), 0);
    CHECK_INT("room is made", job.what, PROTECT_LET_GO);
    CHECK_STR("by the oldest", job.release, digest_number(&arena, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans),
                                       cmocka_unit_test(who_is_asked_about),
                                       cmocka_unit_test(notes_are_taken), cmocka_unit_test(room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
