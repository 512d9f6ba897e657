/* SPDX-License-Identifier: Apache-2.0 */
/* protect_say: how far protection has come, for people: see protect.h. */
#include "pinnace/protect.h"

#include "pinnace/buf.h"

#include "pinnace/banned.h"

static struct protect_saying no(const char *reason, struct str message, bool is_news)
{
    return (struct protect_saying){true, CONDITION_FALSE, reason, message, is_news};
}

static const char *reason_of(enum registry_fault fault)
{
    return fault == REGISTRY_UNAUTHORIZED || fault == REGISTRY_FORBIDDEN ? "Refused"
                                                                         : "RegistryFailed";
}

const char *protect_advice(bool has_locks, enum registry_fault fault)
{
    if (fault != REGISTRY_UNAUTHORIZED && fault != REGISTRY_FORBIDDEN)
        return NULL;
    return has_locks ? "to lock, the identity needs the role AcrPush, or Container Registry "
                       "Repository Writer where the registry uses ABAC, or metadata/write of a "
                       "scope map"
                     : "to keep it by a tag, credentials that may push there are needed, and to "
                       "delete where tags are to go again";
}

/* What the registry does not have of what is needed next. */
static bool is_gone(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->lock_count; i++) {
        const struct book_lock *part = &book->locks[i];
        bool whole =
            !part->digest.len && (!part->tag.len || str_starts(part->tag, STR(TAG_RETAIN_PREFIX)));
        if (part->state == LOCK_GONE && str_eq(part->of, digest) && whole)
            return true;
    }
    return false;
}

static bool is_meant(const struct trackbook *book, struct str release)
{
    for (size_t i = 0; i < book->lock_count; i++)
        if (book->locks[i].state == LOCK_MEANT && str_eq(book->locks[i].of, release))
            return true;
    return false;
}

/* What keeps a release from being protected; NULL: it is, or will be in a moment. */
static const char *obstacle(const struct trackbook *book, const struct protect_release *release,
                            struct str *ret_message)
{
    bool noted = protect_is_noted(book, release->digest);
    bool next = str_eq(release->digest, book->current.digest) ||
                str_eq(release->digest, book->previous_good.digest);
    *ret_message = STR_NONE;
    if (next && is_gone(book, release->digest)) {
        *ret_message = STR("the registry does not have what runs, or what would be gone back to; "
                           "push it again and change the Track, or roll out something else");
        return "Gone";
    }
    if (!noted && !str_starts(release->digest, STR("sha256:"))) {
        *ret_message = STR("only images with a digest of sha256 can be protected");
        return "OtherDigest";
    }
    if (!noted && book->lock_count + PROTECT_PARTS_MAX > BOOK_LOCKS_MAX) {
        *ret_message = STR("there is no room until what was locked before is let go; a smaller "
                           "spec.keep needs less");
        return "NoRoom";
    }
    return noted && !is_meant(book, release->digest) ? NULL : "Protecting";
}

static struct protect_saying done(const struct protect_question *question, size_t count,
                                  struct arena *arena)
{
    struct protect_saying saying = {true, CONDITION_TRUE, "Locked", STR_NONE, false};
    struct buf text = BUF_INIT(arena, 256);
    if (!question->facts->has_locks)
        saying.reason = "Retained";
    buf_addf(&text, "%zu release%s %s", count, count == 1 ? "" : "s",
             question->facts->has_locks ? "locked in the registry"
                                        : "retained by tags of their own");
    buf_finish(&text, &saying.message, NULL);
    return saying;
}

struct protect_saying protect_say(const struct protect_question *question, struct arena *arena)
{
    const struct protect_facts *facts = question->facts;
    const struct trackbook *book = question->book;
    struct protect_release wanted[PROTECT_RELEASES_MAX];
    if (!question->spec->protect && !book->lock_count)
        return (struct protect_saying){.said = true};
    if (!facts->able)
        return (struct protect_saying){.said = false};
    if (facts->error.len)
        return no(reason_of(facts->fault), facts->error, true);
    if (!question->spec->protect)
        return no("LettingGo", STR("what we locked is let go: spec.protect is not set"), false);
    size_t count = protect_wanted(question->spec, book, wanted);
    const char *reason = NULL;
    struct str message = STR_NONE;
    for (size_t i = 0; i < count && (!reason || !message.len); i++) {
        struct str why;
        const char *in_the_way = obstacle(book, &wanted[i], &why);
        if (in_the_way && (!reason || why.len)) {
            reason = in_the_way;
            message = why;
        }
    }
    if (reason)
        return no(reason, message, message.len > 0);
    if (!count)
        return (struct protect_saying){true, CONDITION_UNKNOWN, "NothingReleased", STR_NONE, false};
    return done(question, count, arena);
}
