/* SPDX-License-Identifier: Apache-2.0 */
#include "../tree.h"
#include "../world.h"

#include "pinnace/trackbook.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

static struct trackbook *book_of(const char *row, struct arena *arena, struct str json)
{
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct err err = ERR_CLEAN;
    if (trackbook_read(json, arena, book, &err) < 0)
        fail_msg("row \"%s\": %s in: %.*s", row, err.text, STR_FMT(json));
    return book;
}

static struct str written(struct arena *arena, const struct trackbook *book)
{
    struct buf buf = BUF_INIT(arena, BOOK_MAX_BYTES + 32);
    buf_add(&buf, STR("{\"status\":"));
    trackbook_write(&buf, book);
    buf_add(&buf, STR("}"));
    return finished(&buf);
}

#define WHOLE                                                                                      \
    "'begun':true,'phase':'Soaking','observedGeneration':4,'follows':'latest',"                    \
    "'approved':'" D5 "','overruled':'" D6 "','stopped':'the way back failed',"                    \
    "'current':{'tag':'v2','digest':'" D2                                                          \
    "','revision':2,'since':'2026-11-21T09:30:00Z','short':'sha256:222222222222'},"                \
    "'previousGood':{'tag':'v1','digest':'" D1 "'},"                                               \
    "'candidate':{'tag':'v3','digest':'" D3 "','waits':'Proof','waitsFor':'a proof',"              \
    "'since':'2026-11-21T09:31:00Z','until':'2026-11-21T09:41:00Z'},"                              \
    "'rollout':{'deadlineUsed':590,'countedAt':'2026-11-21T09:30:10Z','counting':true,"            \
    "'soundSince':'2026-11-21T09:30:11Z','restarts':1,'applied':2,'goingBack':true},"              \
    "'heardHold':{'digest':'" D1 "'},'heardApprove':{'digest':'" D2                                \
    "','at':'2026-11-21T09:30:12Z'},'heardPromote':{'digest':'" D3                                 \
    "'},'heardResume':{'at':'2026-11-21T09:30:13Z'},"                                              \
    "'conditions':[{'type':'Ready','status':'False','reason':'Soaking','message':'a \\'x\\'',"     \
    "'lastTransitionTime':'2026-11-21T09:30:14Z','observedGeneration':4},"                         \
    "{'type':'Foreign','status':'Maybe'}],"                                                        \
    "'ledger':[{'revision':2,'tag':'v2','digest':'" D2 "','state':'RollingOut',"                   \
    "'startedAt':'2026-11-21T09:30:00Z','why':'followed','by':'ann','movedTo':'" D6                \
    "'},{'revision':1,'tag':'v1','digest':'" D1 "','state':'Adopted',"                             \
    "'endedAt':'2026-11-21T09:29:00Z'}],"                                                          \
    "'proofs':[{'tag':'v1','digest':'" D1 "','seenAt':'2026-11-21T09:00:00Z','seconds':60,"        \
    "'since':'2026-11-21T09:10:00Z','provedAt':'2026-11-21T09:11:00Z'}],"                          \
    "'quarantined':[{'tag':'v0','digest':'" D4                                                     \
    "','reason':'CrashLoopBackOff','at':'2026-11-20T00:00:00Z'}],"                                 \
    "'protected':[{'of':'" D2 "','state':'Meant'},{'of':'" D1 "','digest':'" D4                    \
    "','state':'Ours'},{'of':'" D1 "','tag':'v1','state':'Others'}]"

static int64_t at(const char *clock)
{
    TEST_ARENA(arena);
    int64_t seconds = 0;
    assert_true(when_parse(json_format(&arena, "2026-11-21T%sZ", clock), &seconds));
    return seconds;
}

TEST(every_field)
{
    TEST_ARENA(arena);
    const struct trackbook *book =
        book_of("whole", &arena, json_of(&arena, "{'status':{" WHOLE "},'spec':7}"));
    CHECK("begun", book->begun);
    CHECK_INT("phase", book->phase, PHASE_SOAKING);
    CHECK_INT("generation", book->generation, 4);
    CHECK_STR("follows", book->follows, STR("latest"));
    CHECK_STR("approved", book->approved, STR(D5));
    CHECK_STR("stopped", book->stopped, STR("the way back failed"));
    CHECK_STR("current", book->current.digest, STR(D2));
    CHECK_INT("current", book->current.since, at("09:30:00"));
    CHECK_STR("previous", book->previous_good.tag, STR("v1"));
    CHECK("candidate", book->candidate.waits == WAITS_FOR_PROOF && book_awaits_proof(book));
    CHECK_INT("candidate", book->candidate.until, at("09:41:00"));
    CHECK("rollout", book->rollout.deadline_used == 590 && book->rollout.restarts == 1);
    CHECK("rollout", book->rollout.counting && book->rollout.going_back);
    CHECK("rollout", book->rollout.applied == 2 && book->rollout.sound_since == at("09:30:11"));
    CHECK_STR("heard", book->heard.promote.digest, STR(D3));
    CHECK_INT("heard", book->heard.resume.at, at("09:30:13"));
    CHECK_STR("condition", book->conditions[TRACK_READY].message, STR("a \"x\""));
    CHECK_INT("condition", book->conditions[TRACK_READY].status, CONDITION_FALSE);
    CHECK_INT("others", book->conditions[TRACK_STALLED].status, CONDITION_UNKNOWN);
    CHECK_INT("rows", book->row_count, 2);
    CHECK_STR("rows", book->rows[0].moved_to, STR(D6));
    CHECK_STR("rows", book->rows[0].by, STR("ann"));
    CHECK_INT("rows", book->rows[1].state, ROW_ADOPTED);
    CHECK_INT("proof", book_proof_of(book, STR(D1))->proved_at, at("09:11:00"));
    CHECK_INT("proof", proof_seconds(book_proof_of(book, STR(D1)), at("09:10:30")), 90);
    CHECK("no proof", !book_proof_of(book, STR(D2)));
    CHECK_STR("quarantine", book_quarantine_of(book, STR(D4))->reason, STR("CrashLoopBackOff"));
    CHECK("no quarantine", !book_quarantine_of(book, STR(D1)));
    CHECK_INT("locks", book->lock_count, 3);
    CHECK("locks", book->locks[0].state == LOCK_MEANT && !book->locks[0].digest.len);
    CHECK_STR("locks", book->locks[1].digest, STR(D4));
    CHECK_STR("locks", book->locks[2].tag, STR("v1"));
}

TEST(round_trip)
{
    static const char *const rows[] = {
        "{}",
        "{'status':null}",
        "{'status':{}}",
        "{'status':{" WHOLE "}}",
        "{'status':{'ledger':[{'digest':'" D512 "'}]}}",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        const struct trackbook *book = book_of(rows[i], &arena, json_of(&arena, rows[i]));
        struct str text = written(&arena, book);
        json_free(&(struct cJSON *){tree_of(rows[i], text)});
        const struct trackbook *again = book_of(rows[i], &arena, text);
        CHECK(rows[i], trackbook_equal(book, again));
        CHECK_STR(rows[i], written(&arena, again), text);
    }
}

TEST(what_is_written)
{
    TEST_ARENA(arena);
    struct str text = json_of(&arena, "{'status':{" WHOLE "}}");
    struct str again = written(&arena, book_of("whole", &arena, text));
    /* All but what is another's comes back. */
    JSON_SCOPED struct cJSON *want = tree_of("whole", text), *got = tree_of("again", again);
    cJSON_DeleteItemFromArray(cJSON_GetObjectItemCaseSensitive(
                                  cJSON_GetObjectItemCaseSensitive(want, "status"), "conditions"),
                              1);
    CHECK("same", cJSON_Compare(want, got, true));
    CHECK_STR("empty", written(&arena, &(struct trackbook){0}),
              json_of(&arena, "{'status':{'phase':'New','conditions':[]}}"));
}

/* Any one of the fields makes another book of it. */
TEST(equal)
{
    static const char *const changed[] = {
        "'begun':true",
        "'phase':'Held'",
        "'current':{'tag':'x'}",
        "'rollout':{'applied':1}",
        "'heardResume':{'at':'2026-11-21T09:30:13Z'}",
        "'conditions':[{'type':'Ready','reason':'x'}]",
        "'ledger':[{'digest':'" D1 "'}]",
        "'proofs':[{}]",
        "'quarantined':[{'reason':'x'}]",
        "'protected':[{'of':'" D1 "'}]",
        "'protected':[{'of':'" D1 "','state':'Ours'}]",
        "'candidate':{'waits':'Turn'}",
    };
    TEST_ARENA(arena);
    for (size_t i = 0; i < COUNT(changed); i++)
        for (size_t k = 0; k < COUNT(changed); k++) {
            struct str a = json_format(&arena, "{'status':{%s}}", changed[i]);
            struct str b = json_format(&arena, "{'status':{%s}}", changed[k]);
            CHECK(changed[i],
                  trackbook_equal(book_of("a", &arena, a), book_of("b", &arena, b)) == (i == k));
        }
}

TEST(refused)
{
    static const struct {
        const char *status, *err;
    } rows[] = {
        {"7", "status: an object was expected here"},
        {"{'begun':1}", "status.begun: true or false was expected here"},
        {"{'phase':'Running'}", "status.phase: not one of the words that may stand here"},
        {"{'observedGeneration':'1'}", "status.observedGeneration: a number was expected here"},
        {"{'observedGeneration':-1}", "status.observedGeneration: a whole number from 0 on"},
        {"{'observedGeneration':1.5}", "status.observedGeneration: a whole number"},
        {"{'observedGeneration':9223372036854775808}",
         "status.observedGeneration: a whole number of at most 18 digits"},
        {"{'current':[]}", "status.current: an object was expected here"},
        {"{'current':{'digest':'x'}}", "status.current.digest: a digest such as"},
        {"{'current':{'tag':'a b'}}", "status.current.tag: a tag was expected here"},
        {"{'current':{'since':'today'}}", "status.current.since: a time such as"},
        {"{'current':{'since':'1969-12-31T23:59:59Z'}}", "status.current.since: a time"},
        {"{'current':{'since':'9999-12-31T23:59:59-00:01'}}", "status.current.since: a time"},
        {"{'candidate':{'waits':'Godot'}}", "status.candidate.waits: not one of the words"},
        {"{'ledger':{}}", "status.ledger: an array was expected here"},
        {"{'ledger':[{'tag':'x'}]}", "status.ledger[0].digest: is missing"},
        {"{'ledger':[{'digest':'" D1 "','state':'Gone'}]}", "status.ledger[0].state: not one"},
        {"{'protected':[{'digest':'" D1 "'}]}", "status.protected[0].of: is missing"},
        {"{'protected':[{'of':'" D512 "'}]}", "status.protected[0].of: a digest of sha256"},
        {"{'protected':[{'of':'" D1 "','state':'Mine'}]}", "status.protected[0].state: not one"},
        {"{'conditions':[{'type':'Ready','status':true}]}", "a string was expected here"},
        {"{'conditions':[7]}", "status.conditions[0]: an object was expected here"},
        {"{'begun':true,'begun':true}", "given twice"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackbook *book = arena_new(&arena, struct trackbook);
        struct err err = ERR_CLEAN;
        book->generation = 4711;
        struct str text = json_format(&arena, "{'status':%s}", rows[i].status);
        CHECK_INT(rows[i].status, trackbook_read(text, &arena, book, &err), -1);
        CHECK_HAS(rows[i].status, ERR_TEXT(err), rows[i].err);
        CHECK_INT(rows[i].status, book->generation, 4711);
    }
}

static const int64_t LARGEST = 999999999999999999;

/* As full as it gets, of characters that are longest when written. */
static struct trackbook *fullest(struct arena *arena)
{
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct str text = run_of(arena, '\1', BOOK_TEXT_MAX + 100);
    struct str tag = run_of(arena, 't', TAG_MAX_BYTES), digest = STR(D512);
    *book = (struct trackbook){.row_count = BOOK_ROWS_MAX,
                               .proof_count = BOOK_PROOFS_MAX,
                               .quarantined_count = BOOK_QUARANTINED_MAX,
                               .lock_count = BOOK_LOCKS_MAX,
                               .follows = text,
                               .stopped = text,
                               .approved = digest,
                               .current = {tag, digest, LARGEST, 1},
                               .candidate = {tag, digest, WAITS_FOR_SOAK, text, 1, 1}};
    for (size_t i = 0; i < BOOK_ROWS_MAX; i++)
        book->rows[i] =
            (struct book_row){LARGEST, tag, digest, ROW_HEALTHY, 1, 1, text, text, digest};
    for (size_t i = 0; i < BOOK_PROOFS_MAX; i++)
        book->proofs[i] = (struct book_proof){tag, digest, 1, LARGEST, 1, 1};
    for (size_t i = 0; i < BOOK_QUARANTINED_MAX; i++)
        book->quarantined[i] = (struct book_quarantined){tag, digest, text, 1};
    for (size_t i = 0; i < BOOK_LOCKS_MAX; i++)
        book->locks[i] = (struct book_lock){STR(D1), STR(D1), tag, LOCK_OTHERS};
    for (size_t i = 0; i < TRACK_CONDITIONS; i++)
        book->conditions[i] = (struct book_condition){CONDITION_TRUE, text, text, 1, LARGEST};
    return book;
}

TEST(bounded)
{
    TEST_ARENA(arena);
    const struct trackbook *book = fullest(&arena);
    struct str text = written(&arena, book);
    CHECK("it fits", text.len < BOOK_MAX_BYTES);
    CHECK("it is read", trackbook_equal(book, book_of("fullest", &arena, text)));
    struct err err = ERR_CLEAN;
    struct trackbook *none = arena_new(&arena, struct trackbook);
    struct str rows = run_of(&arena, ',', BOOK_QUARANTINED_MAX * 3 + 2);
    for (size_t i = 0; i < rows.len; i++)
        ((char *)(uintptr_t)rows.ptr)[i] = "{},"[i % 3];
    CHECK_INT(
        "one more",
        trackbook_read(json_format(&arena, "{'status':{'quarantined':[%.*s]}}", STR_FMT(rows)),
                       &arena, none, &err),
        -1);
    CHECK_HAS("one more", ERR_TEXT(err), "status.quarantined[64]: more of them than are kept");
}

TEST(cut_between_characters)
{
    TEST_ARENA(arena);
    struct trackbook *book = arena_new(&arena, struct trackbook);
    struct buf buf = BUF_INIT(&arena, 4096);
    buf_add(&buf, run_of(&arena, 'x', BOOK_TEXT_MAX - 1));
    buf_add(&buf, STR("\xc3\xa4 and more"));
    book->stopped = finished(&buf);
    const struct trackbook *again = book_of("cut", &arena, written(&arena, book));
    CHECK_INT("cut", again->stopped.len, BOOK_TEXT_MAX - 1);
    CHECK("cut", trackbook_equal(book, again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(equal),
        cmocka_unit_test(refused),
        cmocka_unit_test(bounded),
        cmocka_unit_test(cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
