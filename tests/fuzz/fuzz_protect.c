/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a Track's status says is locked: job after job is done, and it comes to rest; what somebody
 * else has locked is in none of them, what is needed is never let go, and the book is never too full.
 */
#include <stdlib.h>

#include "pinnace/protect.h"
#include "pinnace/trackview.h"

#include "pinnace/banned.h"

enum { ROOM = 256 * 1024 * 1024, TURNS_MAX = 4 * BOOK_LOCKS_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool is_locked_by_others(const struct trackbook *book, const struct book_lock *part)
{
    for (size_t i = 0; i < book->lock_count; i++)
        if (str_eq(book->locks[i].of, part->of) && str_eq(book->locks[i].digest, part->digest) &&
            str_eq(book->locks[i].tag, part->tag) && book->locks[i].state == part->state)
            return part->state == LOCK_OTHERS;
    return false;
}

static void check_job(const struct protect_question *question, const struct protect_job *job)
{
    bool wanted = protect_wants(question->spec, question->book, job->release);
    must(job->part_count <= PROTECT_PARTS_MAX && job->release.len > 0);
    if (job->what == PROTECT_LET_GO)
        must(!wanted || !question->spec->protect);
    else
        must(wanted && question->spec->protect);
    must(job->what != PROTECT_LOCK || job->part_count > 0);
    for (size_t i = 0; i < job->part_count; i++) {
        must(str_eq(job->parts[i].of, job->release));
        must(!is_locked_by_others(question->book, &job->parts[i]));
    }
}

/* As whoever does it would: a release has an image and a few children, its tag is free. */
static void fulfil(struct protect_job *job, size_t children, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; job->what == PROTECT_LOCK && i < job->part_count; i++)
        job->parts[i].state = i % 3 == 2 ? LOCK_GONE : LOCK_OURS;
    if (job->what != PROTECT_LOOK)
        return;
    job->parts[job->part_count++] = (struct book_lock){.of = job->release, .state = LOCK_MEANT};
    for (size_t i = 0; i < children; i++) {
        char text[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
        text[sizeof(text) - 2] = digits[i % 16];
        text[sizeof(text) - 3] = digits[i / 16];
        job->parts[job->part_count++] =
            (struct book_lock){.of = job->release,
                               .digest = arena_copy(arena, str_of(text)),
                               .state = i % 2 ? LOCK_MEANT : LOCK_OTHERS};
    }
    if (job->tag.len)
        job->parts[job->part_count++] =
            (struct book_lock){.of = job->release, .tag = job->tag, .state = LOCK_MEANT};
}

static void go_on(const struct trackview *view, bool has_locks, size_t children,
                  struct arena *arena)
{
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct protect_outcome *outcome = arena_new(arena, struct protect_outcome);
    struct protect_facts facts = {.able = true, .has_locks = has_locks, .outcome = outcome};
    struct protect_question question = {
        .spec = view->spec, .book = book, .facts = &facts, .at_rest = true};
    struct err err;
    must(book && outcome);
    *book = *view->book;
    for (size_t turn = 0;; turn++) {
        must(turn < TURNS_MAX && book->lock_count <= BOOK_LOCKS_MAX);
        must(protect_plan(&question, arena, &outcome->job, &err) == 0);
        protect_say(&question, arena);
        if (outcome->job.what == PROTECT_NOTHING)
            break;
        check_job(&question, &outcome->job);
        fulfil(&outcome->job, children, arena);
        protect_note(&question, book);
    }
    must(view->spec->protect || book->lock_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct str text = {(const char *)data, size};
    struct trackview view;
    struct err err;
    if (trackview_read(text, &arena, &view, &err) < 0)
        return 0;
    go_on(&view, true, 3, &arena);
    go_on(&view, true, PROTECT_PARTS_MAX - 2, &arena);
    go_on(&view, false, 0, &arena);
    return 0;
}
