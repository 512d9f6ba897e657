/* SPDX-License-Identifier: Apache-2.0 */
/* protect: see the header. What is needed, what is noted of it, and what comes next. */
#include "pinnace/protect.h"

#include "pinnace/tagrule.h"

#include "pinnace/banned.h"

/* --- What has to stay --------------------------------------------------------------------------- */

bool protect_may_lock_tag(const struct trackspec *spec, struct str tag)
{
    static const struct tag_rules versions = {
        .semver = true, .moving = tag_moving_builtin, .moving_count = TAG_MOVING_BUILTIN_COUNT};
    return tag.len && tag_is_immutable(&versions, tag) && !str_eq(tag, spec->follow.tag);
}

static size_t count_parts(const struct trackbook *book, struct str release)
{
    size_t count = 0;
    for (size_t i = 0; i < book->lock_count; i++)
        count += str_eq(book->locks[i].of, release);
    return count;
}

bool protect_is_noted(const struct trackbook *book, struct str release)
{
    return count_parts(book, release) > 0;
}

struct wanted {
    const struct trackspec *spec;
    const struct trackbook *book;
    struct protect_release *items;
    size_t count, parts;
    bool full;
};

static void add(struct wanted *wanted, struct str digest)
{
    const struct trackbook *book = wanted->book;
    struct protect_release release = {.digest = digest};
    for (size_t i = 0; i < wanted->count; i++)
        if (str_eq(wanted->items[i].digest, digest))
            return;
    if (!digest.len || wanted->full)
        return;
    /* What was not looked at yet may have that many: so there is room for them when they are found,
     * and none that was is let go for another one that would be in its turn. */
    size_t parts = count_parts(book, digest);
    wanted->parts += parts ? parts : PROTECT_PARTS_MAX;
    wanted->full = wanted->parts > BOOK_LOCKS_MAX;
    if (wanted->full)
        return;
    for (size_t i = 0; i < book->row_count && !release.tag.len; i++)
        if (str_eq(book->rows[i].digest, digest) &&
            protect_may_lock_tag(wanted->spec, book->rows[i].tag))
            release.tag = book->rows[i].tag;
    wanted->items[wanted->count++] = release;
}

size_t protect_wanted(const struct trackspec *spec, const struct trackbook *book,
                      struct protect_release ret_wanted[PROTECT_RELEASES_MAX])
{
    struct wanted wanted = {.spec = spec, .book = book, .items = ret_wanted};
    add(&wanted, book->current.digest);
    add(&wanted, book->previous_good.digest);
    for (size_t i = 0; i < book->row_count; i++)
        if (book_lets_in(book, &book->rows[i]))
            add(&wanted, book->rows[i].digest);
    return wanted.count;
}

static bool is_among(const struct protect_release *wanted, size_t count, struct str digest)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(wanted[i].digest, digest))
            return true;
    return false;
}

bool protect_wants(const struct trackspec *spec, const struct trackbook *book, struct str digest)
{
    struct protect_release wanted[PROTECT_RELEASES_MAX];
    return is_among(wanted, protect_wanted(spec, book, wanted), digest);
}

/* Another tag than the one that what runs has by now. */
static bool has_other_tag(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->row_count; i++)
        if (str_eq(book->rows[i].digest, digest) && book->rows[i].tag.len &&
            !str_eq(book->rows[i].tag, book->current.tag))
            return true;
    return false;
}

bool protect_is_exposed(const struct trackspec *spec, const struct trackbook *book)
{
    return !spec->protect && book->previous_good.digest.len && book->current.tag.len &&
           str_eq(book->previous_good.tag, book->current.tag) &&
           !has_other_tag(book, book->previous_good.digest);
}

/* --- Tags that retain --------------------------------------------------------------------------- */

enum { UID_MAX = 8, DIGEST_MAX = 12, NAMES_MAX = 90 };

/* A uid is what an API server makes up: only what a tag can have is taken of it. */
static void add_uid(struct buf *buf, struct str uid)
{
    for (size_t i = 0, count = 0; i < uid.len && count < UID_MAX; i++) {
        char c = ascii_lower(uid.ptr[i]);
        if (!ascii_is_alpha(c) && !ascii_is_digit(c))
            continue;
        buf_add_char(buf, c);
        count++;
    }
}

void buf_add_retain_tag(struct buf *buf, const struct trackspec *spec, struct str digest)
{
    struct str name = spec->name, hex = str_tail(digest, str_find(digest, ':') + 1);
    size_t room = NAMES_MAX - spec->namespace.len;
    buf_add(buf, STR(TAG_RETAIN_PREFIX));
    buf_add(buf, spec->namespace);
    buf_add_char(buf, '-');
    buf_add(buf, str_head(name, name.len < room ? name.len : room));
    buf_add_char(buf, '-');
    add_uid(buf, spec->uid);
    buf_add_char(buf, '-');
    buf_add(buf, str_head(hex, hex.len < DIGEST_MAX ? hex.len : DIGEST_MAX));
}

/* --- Parts -------------------------------------------------------------------------------------- */

static bool same_thing(const struct book_lock *a, const struct book_lock *b)
{
    return str_eq(a->tag, b->tag) && str_eq(lock_manifest(a), lock_manifest(b));
}

static bool is_ours(const struct book_lock *part)
{
    return part->state == LOCK_MEANT || part->state == LOCK_OURS;
}

/* Whether the book has it as locked by us, for another release than that one. */
static bool has_as_ours(const struct trackbook *book, const struct book_lock *part,
                        struct str except)
{
    for (size_t i = 0; i < book->lock_count; i++)
        if (is_ours(&book->locks[i]) && same_thing(&book->locks[i], part) &&
            !str_eq(book->locks[i].of, except))
            return true;
    return false;
}

static bool is_ours_elsewhere(const struct protect_question *question, const struct trackbook *book,
                              const struct book_lock *part)
{
    if (has_as_ours(book, part, part->of))
        return true;
    for (size_t i = 0; i < question->other_count; i++)
        if (has_as_ours(question->others[i].book, part, STR_NONE))
            return true;
    return false;
}

/* --- What is noted ------------------------------------------------------------------------------ */

/* Returns where it was, or where it would be. */
static size_t forget(struct trackbook *book, struct str release)
{
    size_t kept = 0, at = book->lock_count;
    for (size_t i = 0; i < book->lock_count; i++) {
        if (!str_eq(book->locks[i].of, release))
            book->locks[kept++] = book->locks[i];
        else if (at > kept)
            at = kept;
    }
    book->lock_count = kept;
    return at < kept ? at : kept;
}

static const struct book_lock *find(const struct trackbook *book, const struct book_lock *part)
{
    for (size_t i = 0; i < book->lock_count; i++)
        if (str_eq(book->locks[i].of, part->of) && same_thing(&book->locks[i], part))
            return &book->locks[i];
    return NULL;
}

/* What is locked and not by us is somebody else's; what is free, whoever had locked it, will be ours. */
static void note_look(const struct protect_question *question, struct trackbook *book)
{
    const struct protect_job *job = &question->facts->outcome->job;
    struct book_lock parts[PROTECT_PARTS_MAX];
    for (size_t i = 0; i < job->part_count; i++) {
        const struct book_lock *noted = find(book, &job->parts[i]);
        parts[i] = job->parts[i];
        if (parts[i].state == LOCK_OTHERS &&
            ((noted && is_ours(noted)) || is_ours_elsewhere(question, book, &parts[i])))
            parts[i].state = LOCK_OURS;
    }
    if (book->lock_count - count_parts(book, job->release) + job->part_count > BOOK_LOCKS_MAX)
        return;
    size_t at = forget(book, job->release);
    memmove(&book->locks[at + job->part_count], &book->locks[at],
            (book->lock_count - at) * sizeof(book->locks[0]));
    memcpy(&book->locks[at], parts, job->part_count * sizeof(parts[0]));
    book->lock_count += job->part_count;
}

static void note_lock(const struct protect_job *job, struct trackbook *book)
{
    for (size_t i = 0; i < book->lock_count; i++)
        for (size_t k = 0; k < job->part_count; k++)
            if (book->locks[i].state == LOCK_MEANT && str_eq(book->locks[i].of, job->parts[k].of) &&
                same_thing(&book->locks[i], &job->parts[k]))
                book->locks[i].state = job->parts[k].state;
}

void protect_note(const struct protect_question *question, struct trackbook *book)
{
    const struct protect_outcome *outcome = question->facts->outcome;
    if (!outcome)
        return;
    if (outcome->job.what == PROTECT_LOOK)
        note_look(question, book);
    else if (outcome->job.what == PROTECT_LOCK)
        note_lock(&outcome->job, book);
    else if (outcome->job.what == PROTECT_LET_GO)
        forget(book, outcome->job.release);
}

/* --- What comes next ---------------------------------------------------------------------------- */

static bool is_sha256(struct str digest)
{
    return str_starts(digest, STR("sha256:"));
}

static bool has_room(const struct trackbook *book)
{
    return book->lock_count + PROTECT_PARTS_MAX <= BOOK_LOCKS_MAX;
}

static int look(const struct protect_question *question, const struct protect_release *release,
                struct arena *arena, struct protect_job *job, struct err *err)
{
    struct buf tag = BUF_INIT(arena, 2 * TAG_MAX_BYTES);
    job->what = PROTECT_LOOK;
    job->release = release->digest;
    job->tag = release->tag;
    if (question->facts->has_locks)
        return 0;
    buf_add_retain_tag(&tag, question->spec, release->digest);
    return buf_finish(&tag, &job->tag, err);
}

static bool lock(const struct trackbook *book, struct str release, struct protect_job *job)
{
    for (size_t i = 0; i < book->lock_count && job->part_count < PROTECT_PARTS_MAX; i++)
        if (book->locks[i].state == LOCK_MEANT && str_eq(book->locks[i].of, release))
            job->parts[job->part_count++] = book->locks[i];
    if (!job->part_count)
        return false;
    job->what = PROTECT_LOCK;
    job->release = release;
    return true;
}

/*
 * Whoever needs it has not taken it over yet. A person who wants no protection here any more takes
 * none from those who want it; else whatever somebody here may still run stays.
 */
static bool others_need(const struct protect_question *question, struct str release)
{
    const struct book_lock image = {.of = release};
    for (size_t i = 0; i < question->other_count; i++) {
        const struct protect_other *other = &question->others[i];
        if ((question->spec->protect || other->spec->protect) &&
            protect_wants(other->spec, other->book, release) &&
            !has_as_ours(other->book, &image, STR_NONE))
            return true;
    }
    return false;
}

static void let_go(const struct protect_question *question, struct str release,
                   struct protect_job *job)
{
    const struct trackbook *book = question->book;
    job->what = PROTECT_LET_GO;
    job->release = release;
    for (size_t i = 0; i < book->lock_count && job->part_count < PROTECT_PARTS_MAX; i++) {
        const struct book_lock *part = &book->locks[i];
        if (str_eq(part->of, release) && is_ours(part) && !is_ours_elsewhere(question, book, part))
            job->parts[job->part_count++] = *part;
    }
}

static void plan_letting_go(const struct protect_question *question,
                            const struct protect_release *wanted, size_t count,
                            struct protect_job *job)
{
    const struct trackbook *book = question->book;
    if (question->spec->protect && !question->at_rest)
        return;
    for (size_t i = 0; i < book->lock_count && job->what == PROTECT_NOTHING; i++) {
        struct str release = book->locks[i].of;
        if (!is_among(wanted, count, release) && !others_need(question, release))
            let_go(question, release, job);
    }
}

/* None where nothing is to be protected. */
static size_t what_stays(const struct trackspec *spec, const struct trackbook *book,
                         struct protect_release ret_wanted[PROTECT_RELEASES_MAX])
{
    return spec->protect ? protect_wanted(spec, book, ret_wanted) : 0;
}

bool protect_asks_others(const struct trackspec *spec, const struct trackbook *book,
                         const struct protect_outcome *outcome)
{
    struct protect_release wanted[PROTECT_RELEASES_MAX];
    size_t count = what_stays(spec, book, wanted);
    if (outcome && outcome->job.what == PROTECT_LOOK)
        for (size_t i = 0; i < outcome->job.part_count; i++)
            if (outcome->job.parts[i].state == LOCK_OTHERS)
                return true;
    for (size_t i = 0; i < book->lock_count; i++)
        if (!is_among(wanted, count, book->locks[i].of))
            return true;
    return false;
}

int protect_plan(const struct protect_question *question, struct arena *arena,
                 struct protect_job *ret_job, struct err *err)
{
    struct protect_release wanted[PROTECT_RELEASES_MAX];
    struct protect_job job = {.what = PROTECT_NOTHING};
    size_t count = 0;
    if (question->facts->able)
        count = what_stays(question->spec, question->book, wanted);
    for (size_t i = 0; i < count && job.what == PROTECT_NOTHING; i++) {
        bool noted = protect_is_noted(question->book, wanted[i].digest);
        if (noted)
            lock(question->book, wanted[i].digest, &job);
        else if (is_sha256(wanted[i].digest) && has_room(question->book) &&
                 look(question, &wanted[i], arena, &job, err) < 0)
            return -1;
    }
    if (question->facts->able && job.what == PROTECT_NOTHING)
        plan_letting_go(question, wanted, count, &job);
    if (count && job.what == PROTECT_NOTHING && question->facts->due) {
        const struct protect_release *turn = &wanted[question->facts->turn % count];
        if (is_sha256(turn->digest) && look(question, turn, arena, &job, err) < 0)
            return -1;
    }
    *ret_job = job;
    return 0;
}
