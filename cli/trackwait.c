/* SPDX-License-Identifier: Apache-2.0 */
/* trackwait: see the header. */
#include "trackwait.h"

#include <stdio.h>

#include "pinnace/file.h"

#include "trackfollow.h"

#include "pinnace/banned.h"

enum { TOLD_SIZE = 2048, PROGRESS_ROOM = 1024 * 1024 };

struct waiting {
    const struct trackspec *track;
    const struct track_goal *goal;
    enum track_progress progress;
    bool deleted;
    char told[TOLD_SIZE]; /* last */
};

/* Each line once. */
static void tell(void *context, struct str text)
{
    struct waiting *waiting = context;
    char line[TOLD_SIZE];
    snprintf(line, sizeof(line), "%.*s", STR_FMT(text));
    if (strcmp(line, waiting->told) == 0)
        return;
    memcpy(waiting->told, line, sizeof(line));
    fprintf(stderr, "%.*s/%.*s %s\n", STR_FMT(waiting->track->namespace),
            STR_FMT(waiting->track->name), line);
}

static bool take(void *context, const struct trackview *view, bool deleted)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(PROGRESS_ROOM);
    struct waiting *waiting = context;
    struct buf buf = BUF_INIT(&arena, PROGRESS_ROOM);
    struct str text;
    waiting->deleted = deleted;
    if (deleted)
        return true;
    waiting->progress = track_progress(view, waiting->goal, clock_now(), &buf);
    if (buf_finish(&buf, &text, NULL) == 0)
        tell(waiting, text);
    return waiting->progress != PROGRESS_GOES_ON;
}

static int tell_timeout(const struct trackspec *track, int64_t timeout_s)
{
    return cli_error("it is not done after %lld s, and goes on; 'kubectl pinnace status %.*s -n "
                     "%.*s' tells how",
                     (long long)timeout_s, STR_FMT(track->name), STR_FMT(track->namespace));
}

int track_wait(struct kube *kube, const struct trackspec *track, const struct track_goal *goal,
               int64_t timeout_s)
{
    struct waiting waiting = {.track = track, .goal = goal};
    const struct track_place place = {track->namespace, track->name};
    const struct track_follower follower = {.take = take, .trouble = tell, .context = &waiting};
    enum follow_end end = tracks_follow(kube, &place, 1, timeout_s, &follower);
    if (end == FOLLOW_TIMEOUT)
        return tell_timeout(track, timeout_s);
    if (end == FOLLOW_ERROR)
        return EXIT_BAD_INPUT;
    if (waiting.deleted)
        return cli_error("Track %.*s of namespace %.*s was deleted meanwhile", STR_FMT(track->name),
                         STR_FMT(track->namespace));
    return waiting.progress == PROGRESS_DONE ? EXIT_CLEAN : EXIT_FINDINGS;
}
