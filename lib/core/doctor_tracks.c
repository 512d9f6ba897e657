/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_tracks: what is wrong with Tracks, and whether there is something to go back to. */
#include "pinnace/doctor.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum { PATIENCE_S = 3600, SOAKS = 3, TEXT_MAX = 4096 };

/* Conditions that somebody should look at; of those of one type the first that fits. */
static const struct sign {
    enum track_condition type;
    enum condition_status status;
    struct str reason; /* .len 0: any */
    enum doctor_weight weight;
    const char *remedy; /* NULL: another one tells it */
} signs[] = {
    {TRACK_DRIFTED, CONDITION_TRUE, STR_INIT(""), DOCTOR_WARNING,
     "kubectl pinnace explain WORKLOAD shows both ways to settle it"},
    {TRACK_STALLED, CONDITION_TRUE, STR_INIT(""), DOCTOR_WARNING,
     "remove what is in the way: the rollout goes on by itself"},
    {TRACK_TAG_MOVED, CONDITION_TRUE, STR_INIT(""), DOCTOR_WARNING,
     "push the other bytes under a new tag: a moved one is never rolled out"},
    {TRACK_NEVER_PROVED, CONDITION_TRUE, STR_INIT(""), DOCTOR_WARNING,
     "have the source run it for its soak, or use kubectl pinnace promote"},
    {TRACK_PROTECTED, CONDITION_FALSE, STR_INIT("Protecting"), DOCTOR_OK, NULL},
    {TRACK_PROTECTED, CONDITION_FALSE, STR_INIT("LettingGo"), DOCTOR_OK, NULL},
    {TRACK_PROTECTED, CONDITION_FALSE, STR_INIT(""), DOCTOR_WARNING,
     "until that is mended, a retention policy or a purge may take what would be gone back to"},
    {TRACK_RESOLVED, CONDITION_FALSE, STR_INIT("TagMoved"), DOCTOR_OK, NULL},
    {TRACK_RESOLVED, CONDITION_FALSE, STR_INIT("NothingFits"), DOCTOR_WARNING,
     "push a tag that fits, or correct spec.follow"},
    {TRACK_RESOLVED, CONDITION_FALSE, STR_INIT("RunningTagGone"), DOCTOR_WARNING,
     "push that tag again, or name what is to run with kubectl pinnace rollback --to"},
    {TRACK_RESOLVED, CONDITION_FALSE, STR_INIT("LowerVersion"), DOCTOR_WARNING,
     "kubectl pinnace rollback goes down on purpose"},
    {TRACK_RESOLVED, CONDITION_FALSE, STR_INIT(""), DOCTOR_PROBLEM,
     "give the controller a way into the registry: imagePullSecrets of the workload"},
};

static void say_of(struct doctor *doctor, const struct trackspec *spec, enum doctor_weight weight,
                   const char *remedy, struct str text)
{
    doctor_say(doctor, weight, "tracks", remedy, "%.*s/%.*s %.*s", STR_FMT(spec->namespace),
               STR_FMT(spec->name), STR_FMT(text));
}

/* It waits for other Tracks, not for a person, and longer than that should take. */
static bool starves(const struct trackview *view, int64_t now)
{
    const struct trackbook *book = view->book;
    int64_t enough = SOAKS * view->spec->from.soak;
    bool for_others = book->candidate.waits == WAITS_FOR_TURN ||
                      book->candidate.waits == WAITS_FOR_PROOF ||
                      book->candidate.waits == WAITS_FOR_SOAK;
    if (enough < PATIENCE_S)
        enough = PATIENCE_S;
    return book->candidate.digest.len && for_others && book->candidate.since &&
           now - book->candidate.since > enough;
}

static void tell_starving(struct doctor *doctor, const struct trackview *view, int64_t now)
{
    struct buf buf = BUF_INIT(doctor->arena, TEXT_MAX);
    struct str text = STR_NONE;
    buf_add(&buf, STR("starves: for "));
    buf_add_age(&buf, now - view->book->candidate.since);
    buf_add(&buf, STR(" now "));
    buf_add_bytes(&buf, view->book->candidate.tag, view->book->candidate.digest);
    buf_addf(&buf, " %.*s", STR_FMT(view->book->candidate.waits_for));
    buf_finish(&buf, &text, NULL);
    say_of(doctor, view->spec, DOCTOR_WARNING,
           "see what keeps the source from proving it: kubectl pinnace status -A", text);
    doctor_passes(doctor);
}

/* Returns how many lines it said. */
static size_t tell_signs(struct doctor *doctor, const struct trackview *view)
{
    const struct trackbook *book = view->book;
    const struct sign *last = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        const struct sign *sign = &signs[i];
        const struct book_condition *condition = &book->conditions[sign->type];
        bool fits = condition->status == sign->status &&
                    (!sign->reason.len || str_eq(condition->reason, sign->reason));
        if (!fits || (last && last->type == sign->type))
            continue;
        last = sign;
        if (!sign->remedy)
            continue;
        say_of(doctor, view->spec, sign->weight, sign->remedy, condition->message);
        count++;
    }
    return count;
}

bool doctor_track(struct doctor *doctor, const struct trackview *view, int64_t now)
{
    const struct trackbook *book = view->book;
    size_t count = tell_signs(doctor, view);
    if (view->spec->generation > book->generation && ++count)
        say_of(doctor, view->spec, DOCTOR_WARNING,
               "ask again; if it stays so, the controller does not run",
               STR("was changed, and the controller has not seen that yet"));
    if (book->stopped.len && ++count)
        say_of(doctor, view->spec, DOCTOR_PROBLEM,
               "kubectl pinnace rollback --to something sound, or resume", book->stopped);
    if (starves(view, now) && ++count)
        tell_starving(doctor, view, now);
    return count == 0;
}

static void say_bytes(struct doctor *doctor, const struct trackview *view,
                      enum doctor_weight weight, const char *remedy, const char *what,
                      struct str tag, struct str digest)
{
    struct buf buf = BUF_INIT(doctor->arena, TEXT_MAX);
    struct str text = STR_NONE;
    buf_add_bytes(&buf, tag, digest);
    buf_finish(&buf, &text, NULL);
    doctor_say(doctor, weight, "rollback", remedy, "%.*s/%.*s %s%.*s",
               STR_FMT(view->spec->namespace), STR_FMT(view->spec->name), what, STR_FMT(text));
}

bool doctor_presence(struct doctor *doctor, const struct trackview *view, enum presence current,
                     enum presence before)
{
    const struct trackbook *book = view->book;
    bool sound = true;
    if (current == PRESENCE_GONE) {
        sound = false;
        say_bytes(doctor, view, DOCTOR_PROBLEM,
                  "push it again, or roll out something else: no new node can pull it",
                  "runs what is gone from the registry: ", book->current.tag, book->current.digest);
    }
    if (before == PRESENCE_GONE) {
        sound = false;
        say_bytes(doctor, view, DOCTOR_PROBLEM, "have the registry keep what ran last",
                  "cannot go back to what is gone from the registry: ", book->previous_good.tag,
                  book->previous_good.digest);
    }
    return sound;
}

#define PROTECT                                                                                    \
    "kubectl patch track TRACK -n NAMESPACE --type merge -p '{\"spec\":{\"protect\":true}}'"

static const char *risk(const struct trackview *view, enum keeping before)
{
    switch (before) {
    case KEEPING_LOCKED:
        return NULL;
    case KEEPING_UNTAGGED:
        return "would go back to what has neither tag nor lock, such as a retention policy or `acr "
               "purge` takes: ";
    case KEEPING_TAGGED:
        return "would go back to what is not locked, so that `acr purge` may take it: ";
    case KEEPING_UNKNOWN:
        break;
    }
    return protect_is_exposed(view->spec, view->book)
               ? "would go back to what has no tag of its own any more, such as a clean-up of the "
                 "registry takes: "
               : NULL;
}

/* What the Track's own condition tells is not told again. */
bool doctor_keeping(struct doctor *doctor, const struct trackview *view, enum keeping before)
{
    const struct trackbook *book = view->book;
    const char *what = risk(view, before);
    bool told = view->spec->protect && book->conditions[TRACK_PROTECTED].status != CONDITION_TRUE;
    if (what && view->spec->protect && !told)
        say_bytes(doctor, view, DOCTOR_WARNING,
                  "it is locked anew within an hour or two, unless spec.protect is set to false",
                  "has locked what somebody has unlocked since: ", book->previous_good.tag,
                  book->previous_good.digest);
    else if (what && !told)
        say_bytes(doctor, view, DOCTOR_WARNING, PROTECT, what, book->previous_good.tag,
                  book->previous_good.digest);
    return before == KEEPING_LOCKED;
}
