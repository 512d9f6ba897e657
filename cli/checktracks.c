/* SPDX-License-Identifier: Apache-2.0 */
/* checktracks: see the header. */
#include "checktracks.h"

#include "presence.h"
#include "trackaccess.h"

#include "pinnace/banned.h"

enum { HOSTS_MAX = 64 };

/* What a Track runs and would go back to, in this order. */
enum { RUNS, BEFORE, QUESTIONS };

struct round {
    struct doctor *doctor;
    struct asking *asking;
    struct arena *arena;
    const struct track_list *list;
    struct presence_answer *answers; /* QUESTIONS for each Track */
    struct str hosts[HOSTS_MAX];     /* told already */
    size_t host_count;
};

/* ---- the registries ---- */

/* "as NAME": what docker's configuration has for the repository, unless a cloud told who we are. */
static struct str identity(const struct round *round, const struct imageref *ref,
                           const char *provider)
{
    const struct docker_login *login =
        docker_login_next(&round->asking->logins, NULL, ref->host, ref->path);
    struct buf buf = BUF_INIT(round->arena, 1024);
    struct str text = STR_NONE;
    if (provider)
        buf_addf(&buf, "as the identity of the environment (%s)", provider);
    else if (!login)
        buf_add(&buf, STR("without credentials"));
    else if (login->username.len)
        buf_addf(&buf, "as %.*s", STR_FMT(login->username));
    else
        buf_add(&buf, STR("with a token"));
    buf_finish(&buf, &text, NULL);
    return text;
}

static bool was_told(struct round *round, struct str host)
{
    for (size_t i = 0; i < round->host_count; i++)
        if (host_same(round->hosts[i], host))
            return true;
    if (round->host_count < HOSTS_MAX)
        round->hosts[round->host_count++] = host;
    return false;
}

/* Once for each host; what it says of the first image of it counts. */
static void tell_registry(struct round *round, const struct imageref *ref,
                          const struct presence_answer *answer)
{
    struct str host = host_core(ref->host), who = identity(round, ref, answer->provider);
    if (was_told(round, host))
        return;
    if (answer->presence == PRESENCE_UNKNOWN)
        doctor_say(round->doctor, DOCTOR_UNKNOWN, "registry",
                   "log in as docker does; the controller uses the pull secrets of the workloads",
                   "%.*s, asked %.*s: %s", STR_FMT(host), STR_FMT(who), answer->why);
    else
        doctor_say(round->doctor, DOCTOR_OK, "registry", NULL, "%.*s answers, asked %.*s",
                   STR_FMT(host), STR_FMT(who));
}

static size_t add_questions(const struct trackview *view, struct presence_answer *answers,
                            struct presence_question *questions)
{
    const struct str digests[QUESTIONS] = {
        [RUNS] = view->book->current.digest, [BEFORE] = view->book->previous_good.digest};
    size_t count = 0;
    for (int i = 0; i < QUESTIONS; i++)
        if (digests[i].len)
            questions[count++] =
                (struct presence_question){&view->spec->image, STR_NONE, digests[i], &answers[i]};
    return count;
}

static void ask_registries(struct round *round, struct presence_question *questions)
{
    size_t count = 0;
    for (size_t i = 0; i < round->list->count; i++)
        count += add_questions(&round->list->items[i], &round->answers[i * QUESTIONS],
                               &questions[count]);
    presence_ask(round->asking, questions, count);
    for (size_t i = 0; i < count; i++)
        tell_registry(round, questions[i].repository, questions[i].answer);
}

static void tell_presence(struct round *round)
{
    size_t sound = 0, asked = 0;
    for (size_t i = 0; i < round->list->count; i++) {
        const struct presence_answer *answers = &round->answers[i * QUESTIONS];
        bool known = answers[RUNS].presence != PRESENCE_UNKNOWN &&
                     answers[BEFORE].presence != PRESENCE_UNKNOWN;
        sound += doctor_presence(round->doctor, &round->list->items[i], answers[RUNS].presence,
                                 answers[BEFORE].presence) &&
                 known;
        asked += known;
    }
    if (asked && sound == asked)
        doctor_say(round->doctor, DOCTOR_OK, "rollback", NULL,
                   "what would be gone back to is in the registry, for %zu of %zu Tracks", sound,
                   round->list->count);
}

/* ---- what is kept there ---- */

static enum keeping keeping_of(const struct registry_answer *answer)
{
    if (answer->error.fault != REGISTRY_FINE)
        return KEEPING_UNKNOWN; /* whether the registry answers at all was told */
    if (acr_is_locked(&answer->attributes))
        return KEEPING_LOCKED;
    return answer->attributes.tagged ? KEEPING_TAGGED : KEEPING_UNTAGGED;
}

/* Of what would be gone back to, where the registry has locks and has not lost it. */
static size_t add_kept(const struct round *round, struct asking_image *images, size_t *places)
{
    size_t count = 0;
    for (size_t i = 0; i < round->list->count; i++) {
        const struct trackview *view = &round->list->items[i];
        if (round->answers[i * QUESTIONS + BEFORE].presence != PRESENCE_THERE ||
            !view->book->previous_good.digest.len ||
            !registry_is_acr(round->asking->registry, &view->spec->image))
            continue;
        images[count] =
            (struct asking_image){.ref = view->spec->image, .verb = REGISTRY_ATTRIBUTES};
        images[count].ref.digest = view->book->previous_good.digest;
        places[count++] = i;
    }
    return count;
}

static void tell_keeping(struct round *round)
{
    size_t count = round->list->count, locked = 0;
    struct asking_image *images = arena_array(round->arena, struct asking_image, count);
    enum keeping *keeping = arena_array(round->arena, enum keeping, count);
    size_t *places = arena_array(round->arena, size_t, count);
    struct err err;
    if (!images || !keeping || !places)
        return;
    size_t asked = round->asking->registry ? add_kept(round, images, places) : 0;
    if (asked && asking_resolve(round->asking, images, asked, &err) == 0)
        for (size_t i = 0; i < asked; i++)
            keeping[places[i]] = keeping_of(&images[i].answer);
    for (size_t i = 0; i < count; i++)
        locked += doctor_keeping(round->doctor, &round->list->items[i], keeping[i]);
    if (locked)
        doctor_say(round->doctor, DOCTOR_OK, "rollback", NULL,
                   "what would be gone back to is locked in the registry, for %zu of %zu Tracks",
                   locked, count);
}

/* ---- the Tracks ---- */

static void tell_tracks(struct doctor *doctor, const struct track_list *list, int64_t now)
{
    size_t sound = 0;
    for (size_t i = 0; i < list->count; i++)
        sound += doctor_track(doctor, &list->items[i], now);
    for (const struct track_unread *unread = list->reasons; unread; unread = unread->next)
        doctor_say(doctor, DOCTOR_PROBLEM, "tracks", "correct or delete it",
                   "one cannot be read: %.*s", STR_FMT(unread->why));
    if (sound == list->count && !list->unread)
        doctor_say(doctor, DOCTOR_OK, "tracks", NULL, "%zu, and nothing is wrong with them", sound);
}

void check_tracks(struct doctor *doctor, struct kube *kube, struct asking *asking, int64_t now)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(TRACKS_ROOM);
    struct kube_error error;
    struct track_list list;
    if (track_list(kube, STR_NONE, &arena, &list, &error) < 0) {
        bool missing = error.fault == KUBE_NOT_FOUND; /* told among the kinds */
        if (!missing)
            doctor_say(doctor, DOCTOR_UNKNOWN, "tracks", NULL, "%s", error.text);
        return;
    }
    tell_tracks(doctor, &list, now);
    if (!list.count)
        return;
    struct round round = {.doctor = doctor,
                          .asking = asking,
                          .arena = &arena,
                          .list = &list,
                          .answers =
                              arena_array(&arena, struct presence_answer, list.count * QUESTIONS)};
    struct presence_question *questions =
        arena_array(&arena, struct presence_question, list.count * QUESTIONS);
    if (!round.answers || !questions) {
        doctor_say(doctor, DOCTOR_UNKNOWN, "registry", NULL, "there is no memory");
        return;
    }
    ask_registries(&round, questions);
    tell_presence(&round);
    tell_keeping(&round);
}
