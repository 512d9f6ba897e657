/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the Track: its spec is read whole or not at all, and what is read can be meant; a book
 * that is read is written so that it is read again as the same, and is never too large.
 */
#include <stdlib.h>

#include "pinnace/trackbook.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(const struct err *err)
{
    must(err->kind == ERR_INPUT || err->kind == ERR_LIMIT);
    must(strlen(err->text) > 0 && strlen(err->text) < sizeof(err->text));
}

static void check_word(const struct track_word *word, bool with_digest)
{
    must(word->said == (word->digest.len > 0 || word->at > 0));
    must(!word->said || !with_digest || digest_check(word->digest) == IMAGEREF_OK);
    must(word->at >= 0 && word->reason.len <= TRACK_TEXT_MAX && word->by.len <= TRACK_TEXT_MAX);
}

static void check_targets(const struct trackspec *spec)
{
    must(spec->target_count > 0 && spec->target_count <= TRACK_TARGETS_MAX);
    for (size_t i = 0; i < spec->target_count; i++) {
        must(spec->targets[i].kind < TARGET_KINDS && spec->targets[i].name.len > 0);
        must(str_find(spec->targets[i].name, '/') == STR_NOT_FOUND);
    }
}

static void check_spec(const struct trackspec *spec)
{
    struct semver version;
    must(spec->name.len > 0 && spec->namespace.len > 0 && spec->image.path.len > 0);
    must(!spec->image.tag.len && !spec->image.digest.len);
    must((spec->follow.tag.len > 0) != (spec->follow.range != NULL));
    if (spec->follow.tag.len)
        must(tag_judge(&spec->follow, spec->follow.tag, &version) == TAG_FITS);
    must(!str_eq(spec->from.track, spec->name) || !str_eq(spec->from.namespace, spec->namespace));
    must(spec->from.soak > 0 && spec->deadline > 0 && spec->soak > 0 && spec->interval > 0);
    must(spec->keep >= 1 && spec->keep <= TRACK_KEEP_MAX);
    check_targets(spec);
    check_word(&spec->hold, true);
    check_word(&spec->approve, true);
    check_word(&spec->promote, true);
    check_word(&spec->resume, false);
}

static void read_spec(struct str text, struct arena *arena)
{
    struct trackspec spec = {.keep = 4711};
    struct err err = {ERR_NONE, ""};
    if (trackspec_read(text, arena, &spec, &err) == 0) {
        check_spec(&spec);
        return;
    }
    must(spec.keep == 4711);
    check_error(&err);
}

static struct str write_book(struct arena *arena, const struct trackbook *book)
{
    struct buf buf = BUF_INIT(arena, BOOK_MAX_BYTES + 16);
    struct str text;
    buf_add(&buf, STR("{\"status\":"));
    trackbook_write(&buf, book);
    buf_add(&buf, STR("}"));
    must(buf_finish(&buf, &text, NULL) == 0);
    return text;
}

static void read_book(struct str text, struct arena *arena)
{
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct trackbook *again = arena_new(arena, struct trackbook);
    struct err err = {ERR_NONE, ""};
    must(book && again);
    if (trackbook_read(text, arena, book, &err) < 0) {
        check_error(&err);
        return;
    }
    struct str written = write_book(arena, book);
    must(trackbook_read(written, arena, again, &err) == 0);
    must(trackbook_equal(book, again));
    must(str_eq(write_book(arena, again), written));
}

static void read_row(struct str text, struct arena *arena)
{
    struct book_row row = {.revision = 4711};
    struct err err = {ERR_NONE, ""};
    if (book_row_read(text, arena, &row, &err) < 0) {
        must(row.revision == 4711);
        check_error(&err);
        return;
    }
    must(row.revision > 0 && row.revision < BOOK_REVISION_END && row.state < ROW_STATES);
    must(digest_check(row.digest) == IMAGEREF_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    read_spec(text, &arena);
    read_book(text, &arena);
    read_row(text, &arena);
    return 0;
}
