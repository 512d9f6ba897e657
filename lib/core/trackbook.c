/* SPDX-License-Identifier: Apache-2.0 */
/* trackbook: see the header. What a book is made of, when two are the same, what it is asked. */
#include "pinnace/trackbook.h"

#include <stddef.h>

#include "trackbook_schema.h"

#include "pinnace/banned.h"

const struct str row_state_names[ROW_STATES] = {
    [ROW_ROLLING_OUT] = STR_INIT("RollingOut"), [ROW_HEALTHY] = STR_INIT("Healthy"),
    [ROW_APPLIED] = STR_INIT("Applied"),        [ROW_ADOPTED] = STR_INIT("Adopted"),
    [ROW_FAILED] = STR_INIT("Failed"),          [ROW_ABANDONED] = STR_INIT("Abandoned"),
};

const struct str track_condition_names[TRACK_CONDITIONS] = {
    [TRACK_READY] = STR_INIT("Ready"),
    [TRACK_RESOLVED] = STR_INIT("Resolved"),
    [TRACK_ROLLED_OUT] = STR_INIT("RolledOut"),
    [TRACK_TAG_MOVED] = STR_INIT("TagMoved"),
    [TRACK_STALLED] = STR_INIT("Stalled"),
    [TRACK_DRIFTED] = STR_INIT("Drifted"),
    [TRACK_NEVER_PROVED] = STR_INIT("NeverProved"),
    [TRACK_PROTECTED] = STR_INIT("Protected"),
};

const struct str track_phase_names[TRACK_PHASES] = {
    [PHASE_NEW] = STR_INIT("New"),
    [PHASE_CURRENT] = STR_INIT("Current"),
    [PHASE_WAITING] = STR_INIT("Waiting"),
    [PHASE_ROLLING] = STR_INIT("Rolling"),
    [PHASE_SOAKING] = STR_INIT("Soaking"),
    [PHASE_STALLED] = STR_INIT("Stalled"),
    [PHASE_HELD] = STR_INIT("Held"),
    [PHASE_DRIFTED] = STR_INIT("Drifted"),
    [PHASE_SUSPENDED] = STR_INIT("Suspended"),
    [PHASE_FAILED] = STR_INIT("Failed"),
};

const struct str candidate_wait_names[CANDIDATE_WAITS] = {
    [WAITS_FOR_NOTHING] = STR_INIT("Nothing"),     [WAITS_FOR_TURN] = STR_INIT("Turn"),
    [WAITS_FOR_PROOF] = STR_INIT("Proof"),         [WAITS_FOR_APPROVAL] = STR_INIT("Approval"),
    [WAITS_FOR_SOAK] = STR_INIT("Soak"),           [WAITS_FOR_RELEASE] = STR_INIT("Release"),
    [WAITS_QUARANTINED] = STR_INIT("Quarantined"),
};

const struct str lock_state_names[LOCK_STATES] = {
    [LOCK_MEANT] = STR_INIT("Meant"),
    [LOCK_OURS] = STR_INIT("Ours"),
    [LOCK_OTHERS] = STR_INIT("Others"),
    [LOCK_GONE] = STR_INIT("Gone"),
};

static const struct str status_names[] = {
    [CONDITION_UNKNOWN] = STR_INIT("Unknown"),
    [CONDITION_TRUE] = STR_INIT("True"),
    [CONDITION_FALSE] = STR_INIT("False"),
};

/* --- The schema --------------------------------------------------------------------------------- */

#define FIELD(key, type, of, member)                                                               \
    {                                                                                              \
        STR_INIT(key), type, offsetof(of, member), NULL, 0                                         \
    }
#define NAMED(key, of, member, names)                                                              \
    {                                                                                              \
        STR_INIT(key), FIELD_NAME, offsetof(of, member), names, sizeof(names) / sizeof((names)[0]) \
    }

#define FIELDS(table)                                                                              \
    {                                                                                              \
        table, sizeof(table) / sizeof((table)[0])                                                  \
    }

static const struct field row_table[] = {
    FIELD("revision", FIELD_NUMBER, struct book_row, revision),
    FIELD("tag", FIELD_TAG, struct book_row, tag),
    FIELD("digest", FIELD_DIGEST, struct book_row, digest),
    NAMED("state", struct book_row, state, row_state_names),
    FIELD("startedAt", FIELD_WHEN, struct book_row, started_at),
    FIELD("endedAt", FIELD_WHEN, struct book_row, ended_at),
    FIELD("why", FIELD_TEXT, struct book_row, why),
    FIELD("by", FIELD_TEXT, struct book_row, by),
    FIELD("movedTo", FIELD_DIGEST, struct book_row, moved_to),
};

static const struct field proof_table[] = {
    FIELD("tag", FIELD_TAG, struct book_proof, tag),
    FIELD("digest", FIELD_DIGEST, struct book_proof, digest),
    FIELD("seenAt", FIELD_WHEN, struct book_proof, seen_at),
    FIELD("seconds", FIELD_NUMBER, struct book_proof, seconds),
    FIELD("since", FIELD_WHEN, struct book_proof, since),
    FIELD("provedAt", FIELD_WHEN, struct book_proof, proved_at),
};

static const struct field quarantined_table[] = {
    FIELD("tag", FIELD_TAG, struct book_quarantined, tag),
    FIELD("digest", FIELD_DIGEST, struct book_quarantined, digest),
    FIELD("reason", FIELD_TEXT, struct book_quarantined, reason),
    FIELD("at", FIELD_WHEN, struct book_quarantined, at),
};

static const struct field lock_table[] = {
    FIELD("of", FIELD_SHA256, struct book_lock, of),
    FIELD("digest", FIELD_SHA256, struct book_lock, digest),
    FIELD("tag", FIELD_TAG, struct book_lock, tag),
    NAMED("state", struct book_lock, state, lock_state_names),
};

static const struct field condition_table[] = {
    NAMED("status", struct book_condition, status, status_names),
    FIELD("reason", FIELD_TEXT, struct book_condition, reason),
    FIELD("message", FIELD_TEXT, struct book_condition, message),
    FIELD("lastTransitionTime", FIELD_WHEN, struct book_condition, since),
    FIELD("observedGeneration", FIELD_NUMBER, struct book_condition, generation),
};

static const struct field own_table[] = {
    FIELD("begun", FIELD_FLAG, struct trackbook, begun),
    NAMED("phase", struct trackbook, phase, track_phase_names),
    FIELD("observedGeneration", FIELD_NUMBER, struct trackbook, generation),
    FIELD("follows", FIELD_TEXT, struct trackbook, follows),
    FIELD("approved", FIELD_DIGEST, struct trackbook, approved),
    FIELD("overruled", FIELD_DIGEST, struct trackbook, overruled),
    FIELD("stopped", FIELD_TEXT, struct trackbook, stopped),
};

static const struct field current_table[] = {
    FIELD("tag", FIELD_TAG, struct trackbook, current.tag),
    FIELD("digest", FIELD_DIGEST, struct trackbook, current.digest),
    FIELD("revision", FIELD_NUMBER, struct trackbook, current.revision),
    FIELD("since", FIELD_WHEN, struct trackbook, current.since),
};

static const struct field previous_table[] = {
    FIELD("tag", FIELD_TAG, struct trackbook, previous_good.tag),
    FIELD("digest", FIELD_DIGEST, struct trackbook, previous_good.digest),
};

static const struct field candidate_table[] = {
    FIELD("tag", FIELD_TAG, struct trackbook, candidate.tag),
    FIELD("digest", FIELD_DIGEST, struct trackbook, candidate.digest),
    NAMED("waits", struct trackbook, candidate.waits, candidate_wait_names),
    FIELD("waitsFor", FIELD_TEXT, struct trackbook, candidate.waits_for),
    FIELD("since", FIELD_WHEN, struct trackbook, candidate.since),
    FIELD("until", FIELD_WHEN, struct trackbook, candidate.until),
};

static const struct field rollout_table[] = {
    FIELD("deadlineUsed", FIELD_NUMBER, struct trackbook, rollout.deadline_used),
    FIELD("countedAt", FIELD_WHEN, struct trackbook, rollout.counted_at),
    FIELD("counting", FIELD_FLAG, struct trackbook, rollout.counting),
    FIELD("soundSince", FIELD_WHEN, struct trackbook, rollout.sound_since),
    FIELD("restarts", FIELD_NUMBER, struct trackbook, rollout.restarts),
    FIELD("applied", FIELD_NUMBER, struct trackbook, rollout.applied),
    FIELD("goingBack", FIELD_FLAG, struct trackbook, rollout.going_back),
};

#define HEARD_TABLE(word)                                                                          \
    {                                                                                              \
        FIELD("digest", FIELD_DIGEST, struct trackbook, heard.word.digest),                        \
            FIELD("at", FIELD_WHEN, struct trackbook, heard.word.at),                              \
    }
static const struct field hold_table[] = HEARD_TABLE(hold);
static const struct field approve_table[] = HEARD_TABLE(approve);
static const struct field promote_table[] = HEARD_TABLE(promote);
static const struct field resume_table[] = HEARD_TABLE(resume);

/* Objects of the status, each written when something of it is. */
const struct book_part book_parts[] = {
    {STR_INIT("current"), FIELDS(current_table)},
    {STR_INIT("previousGood"), FIELDS(previous_table)},
    {STR_INIT("candidate"), FIELDS(candidate_table)},
    {STR_INIT("rollout"), FIELDS(rollout_table)},
    {STR_INIT("heardHold"), FIELDS(hold_table)},
    {STR_INIT("heardApprove"), FIELDS(approve_table)},
    {STR_INIT("heardPromote"), FIELDS(promote_table)},
    {STR_INIT("heardResume"), FIELDS(resume_table)},
};

/* Lists of the status. */
const struct book_list book_lists[] = {
    [BOOK_LEDGER] = {STR_INIT("ledger"), FIELDS(row_table), offsetof(struct trackbook, rows),
                     offsetof(struct trackbook, row_count), sizeof(struct book_row), BOOK_ROWS_MAX},
    [BOOK_PROOFS] = {STR_INIT("proofs"), FIELDS(proof_table), offsetof(struct trackbook, proofs),
                     offsetof(struct trackbook, proof_count), sizeof(struct book_proof),
                     BOOK_PROOFS_MAX},
    [BOOK_QUARANTINED] = {STR_INIT("quarantined"), FIELDS(quarantined_table),
                          offsetof(struct trackbook, quarantined),
                          offsetof(struct trackbook, quarantined_count),
                          sizeof(struct book_quarantined), BOOK_QUARANTINED_MAX},
    [BOOK_LOCKS] = {STR_INIT("protected"), FIELDS(lock_table), offsetof(struct trackbook, locks),
                    offsetof(struct trackbook, lock_count), sizeof(struct book_lock),
                    BOOK_LOCKS_MAX},
};

const struct fields book_own = FIELDS(own_table);
const struct fields book_condition_fields = FIELDS(condition_table);

/* --- Fields ------------------------------------------------------------------------------------- */

/* At most max bytes of the text, in whole characters. */
static struct str cut(struct str text, size_t max)
{
    if (text.len <= max)
        return text;
    size_t len = max;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_head(text, len);
}

struct str field_text(const struct field *field, const void *thing)
{
    const struct str *text = field_look(thing, field->offset);
    return field->type == FIELD_TEXT ? cut(*text, BOOK_TEXT_MAX) : *text;
}

int64_t field_number(const struct field *field, const void *thing)
{
    return *(const int64_t *)field_look(thing, field->offset);
}

unsigned field_name(const struct field *field, const void *thing)
{
    return *(const unsigned *)field_look(thing, field->offset);
}

bool field_flag(const struct field *field, const void *thing)
{
    return *(const bool *)field_look(thing, field->offset);
}

bool field_is_text(const struct field *field)
{
    return field->type <= FIELD_TEXT;
}

/* --- Comparing and asking ----------------------------------------------------------------------- */

static bool fields_equal(struct fields fields, const void *a, const void *b)
{
    for (size_t i = 0; i < fields.count; i++) {
        const struct field *field = &fields.items[i];
        bool equal;
        if (field_is_text(field))
            equal = str_eq(field_text(field, a), field_text(field, b));
        else if (field->type == FIELD_NAME)
            equal = field_name(field, a) == field_name(field, b);
        else if (field->type == FIELD_FLAG)
            equal = field_flag(field, a) == field_flag(field, b);
        else
            equal = field_number(field, a) == field_number(field, b);
        if (!equal)
            return false;
    }
    return true;
}

static bool lists_equal(const struct book_list *list, const struct trackbook *a,
                        const struct trackbook *b)
{
    if (list_count(a, list) != list_count(b, list))
        return false;
    for (size_t i = 0; i < list_count(a, list); i++)
        if (!fields_equal(list->fields, list_item(a, list, i), list_item(b, list, i)))
            return false;
    return true;
}

bool trackbook_equal(const struct trackbook *a, const struct trackbook *b)
{
    bool equal = fields_equal(book_own, a, b);
    for (size_t i = 0; equal && i < BOOK_PARTS; i++)
        equal = fields_equal(book_parts[i].fields, a, b);
    for (size_t i = 0; equal && i < TRACK_CONDITIONS; i++)
        equal = fields_equal(book_condition_fields, &a->conditions[i], &b->conditions[i]);
    for (size_t i = 0; equal && i < BOOK_LISTS; i++)
        equal = lists_equal(&book_lists[i], a, b);
    return equal;
}

int64_t proof_seconds(const struct book_proof *proof, int64_t now)
{
    return proof->seconds + (proof->since && now > proof->since ? now - proof->since : 0);
}

const struct book_proof *book_proof_of(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->proof_count; i++)
        if (str_eq(book->proofs[i].digest, digest))
            return &book->proofs[i];
    return NULL;
}

const struct book_quarantined *book_quarantine_of(const struct trackbook *book, struct str digest)
{
    for (size_t i = 0; i < book->quarantined_count; i++)
        if (str_eq(book->quarantined[i].digest, digest))
            return &book->quarantined[i];
    return NULL;
}

bool book_lets_in(const struct trackbook *book, const struct book_row *row)
{
    return row->state != ROW_FAILED && row->state != ROW_ABANDONED &&
           !book_quarantine_of(book, row->digest);
}

bool book_awaits_proof(const struct trackbook *book)
{
    return book->candidate.digest.len && book->candidate.waits == WAITS_FOR_PROOF;
}
