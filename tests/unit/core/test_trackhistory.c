/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include "pinnace/trackhistory.h"

#include "pinnace/banned.h"

#define OURS "'labels':{'app.kubernetes.io/managed-by':'pinnace'}"
#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" D64

static struct track_history read_it(const char *row, struct arena *arena, struct str json)
{
    struct track_history history = {.foreign = false};
    struct err err = ERR_CLEAN;
    CHECK_INT(row, track_history_read(json, arena, &history, &err), 0);
    return history;
}

TEST(whose_it_is)
{
    static const struct {
        const char *json;
        bool foreign;
        const char *rows;
    } rows[] = {
        {"{'metadata':{" OURS "},'data':{'rows':'a','other':1}}", false, "a"},
        {"{'metadata':{'labels':null},'data':null}", true, ""},
        {"{'metadata':{'labels':{'app.kubernetes.io/managed-by':'helm'}}}", true, ""},
        {"{}", true, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct track_history history = read_it(rows[i].json, &arena, json_of(&arena, rows[i].json));
        CHECK_INT(rows[i].json, history.foreign, rows[i].foreign);
        CHECK_STR(rows[i].json, history.rows, str_of(rows[i].rows));
    }
}

static struct str written(const char *row, struct arena *arena, const struct track_history *before,
                          const struct trackbook *book)
{
    struct trackspec *spec = arena_new(arena, struct trackspec);
    struct str json = STR_NONE;
    struct err err = ERR_CLEAN;
    spec->namespace = STR("shop");
    spec->name = STR("web");
    CHECK_INT(row, track_history_write(before, spec, book, arena, &json, &err), 0);
    return json;
}

/* A line for each state that a row came to, oldest first, each once. */
TEST(lines_are_added)
{
    TEST_ARENA(arena);
    struct trackbook *book = arena_new(&arena, struct trackbook);
    struct track_history history = {.uid = STR_NONE};
    book->row_count = 1;
    book->rows[0] = (struct book_row){.revision = 1,
                                      .tag = STR("v1"),
                                      .digest = STR(DIGEST),
                                      .state = ROW_ROLLING_OUT,
                                      .started_at = 1,
                                      .why = STR("followed \"v1\"")};
    struct str json = written("new", &arena, &history, book);
    CHECK_HAS("new", json, "\"name\":\"web-history\"");
    CHECK("new", !text_has(json, STR("\"uid\"")));
    history = read_it("new", &arena, json);
    CHECK("new", !history.foreign);
    CHECK_STR("new", history.rows,
              STR("{\"revision\":1,\"tag\":\"v1\",\"digest\":\"" DIGEST
                  "\",\"state\":\"RollingOut\",\"startedAt\":\"1970-01-01T00:00:01Z\",\"why\":"
                  "\"followed \\\"v1\\\"\"}\n"));
    size_t len = history.rows.len;
    history.uid = STR("u");
    history.resource_version = STR("3");
    json = written("again", &arena, &history, book);
    CHECK_HAS("again", json, "\"uid\":\"u\",\"resourceVersion\":\"3\"");
    CHECK_INT("again", read_it("again", &arena, json).rows.len, len);
    book->rows[0].state = ROW_HEALTHY;
    json = written("healthy", &arena, &history, book);
    CHECK("healthy", read_it("healthy", &arena, json).rows.len > len);
    CHECK_HAS("healthy", read_it("healthy", &arena, json).rows, "RollingOut");
}

TEST(the_oldest_go)
{
    TEST_ARENA(arena);
    struct trackbook *book = arena_new(&arena, struct trackbook);
    struct track_history history = {.uid = STR_NONE};
    struct buf rows = BUF_INIT(&arena, 1024 * 1024);
    for (int i = 0; i < 20000; i++)
        buf_addf(&rows, "{\"revision\":%d}\n", i);
    history.rows = finished(&rows);
    struct track_history after = read_it("long", &arena, written("long", &arena, &history, book));
    CHECK("long", after.rows.len <= HISTORY_ROWS_MAX_BYTES);
    CHECK("long", str_ends(after.rows, STR("{\"revision\":19999}\n")));
    CHECK("long", str_starts(after.rows, STR("{\"revision\":")));
}

TEST(what_is_recalled)
{
    TEST_ARENA(arena);
    struct trackbook *lost = arena_new(&arena, struct trackbook);
    struct trackbook *book = arena_new(&arena, struct trackbook);
    struct track_history none = {.uid = STR_NONE};
    struct err err = ERR_CLEAN;
    lost->begun = true;
    lost->quarantined_count = lost->proof_count = 1;
    lost->current.revision = 6;
    lost->row_count = 2;
    lost->rows[0] = (struct book_row){.revision = 7, .digest = STR(DIGEST)};
    lost->rows[1] = (struct book_row){.revision = 5, .digest = STR(DIGEST)};
    lost->quarantined[0] = (struct book_quarantined){STR("v1"), STR(DIGEST), STR("it crashed"), 5};
    lost->proofs[0] = (struct book_proof){.digest = STR(DIGEST), .proved_at = 5};
    struct track_history history = read_it("lost", &arena, written("lost", &arena, &none, lost));
    CHECK_INT("lost", track_history_recall(&history, &arena, book, &err), 0);
    CHECK_INT("lost", book->quarantined_count, 1);
    CHECK_STR("lost", book->quarantined[0].digest, STR(DIGEST));
    CHECK("lost", !book->begun && book->proof_count == 0 && book->row_count == 0);
    CHECK_INT("lost", book->current.revision, 7);
    CHECK("lost", !book->current.digest.len);

    struct trackbook *other = arena_new(&arena, struct trackbook);
    history.foreign = true;
    CHECK_INT("foreign", track_history_recall(&history, &arena, other, &err), 0);
    CHECK_INT("foreign", other->quarantined_count, 0);
    history.foreign = false;
    history.status = STR("{\"quarantined\":[{]}");
    CHECK_INT("broken", track_history_recall(&history, &arena, other, &err), -1);
    CHECK_INT("broken", other->quarantined_count, 0);
    history.status = STR("{\"current\":{\"revision\":90000000000},\"ledger\":[]}");
    CHECK_INT("forged", track_history_recall(&history, &arena, other, &err), 0);
    CHECK_INT("forged", other->current.revision, 0);
}

/* "2 Healthy;1 Failed;" */
static struct str rows_told(struct arena *arena, const struct history_rows *rows)
{
    struct buf text = BUF_INIT(arena, 4096);
    for (size_t i = 0; i < rows->count; i++)
        buf_addf(&text, "%lld %.*s;", (long long)rows->items[i].revision,
                 STR_FMT(row_state_names[rows->items[i].state]));
    return finished(&text);
}

#define LINE(revision, second, state)                                                              \
    "{\"revision\":" revision ",\"digest\":\"" DIGEST "\",\"state\":\"" state                      \
    "\",\"startedAt\":\"1970-01-01T00:00:" second "Z\"}\n"

TEST(what_the_ledger_has_no_more)
{
    static const struct {
        const char *name, *lines;
        bool foreign;
        const char *older;
        size_t unread;
    } rows[] = {
        {"nothing", "", false, "", 0},
        {"as it was written last",
         LINE("1", "01", "RollingOut") LINE("1", "01", "Healthy") LINE("2", "02", "Failed"), false,
         "2 Failed;1 Healthy;", 0},
        {"a state that came late",
         LINE("1", "01", "RollingOut") LINE("2", "02", "Healthy") LINE("1", "01", "Abandoned"),
         false, "2 Healthy;1 Abandoned;", 0},
        {"what the ledger has", LINE("1", "01", "Healthy") LINE("7", "07", "RollingOut"), false,
         "1 Healthy;", 0},
        {"of a Track before this one", LINE("7", "01", "Healthy"), false, "7 Healthy;", 0},
        {"what is no row", "x\n{}\n" LINE("1", "01", "Well") LINE("1", "01", "Healthy"), false,
         "1 Healthy;", 3},
        {"somebody else's", LINE("1", "01", "Healthy"), true, "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct trackbook *book = arena_new(&arena, struct trackbook);
        struct track_history history = {.rows = str_of(rows[i].lines), .foreign = rows[i].foreign};
        struct history_rows older = {0};
        struct err err = ERR_CLEAN;
        book->row_count = 1;
        book->rows[0] = (struct book_row){.revision = 7, .digest = STR(DIGEST), .started_at = 7};
        CHECK_INT(rows[i].name, track_history_older(&history, book, &arena, &older, &err), 0);
        CHECK_STR(rows[i].name, rows_told(&arena, &older), str_of(rows[i].older));
        CHECK_INT(rows[i].name, older.unread, rows[i].unread);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_it_is),      cmocka_unit_test(lines_are_added),
        cmocka_unit_test(the_oldest_go),    cmocka_unit_test(what_the_ledger_has_no_more),
        cmocka_unit_test(what_is_recalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
