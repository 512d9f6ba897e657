/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saying: what the verbs share that say a word to a Track: it is looked at once, the word is decided
 * on, and one patch says it, good only for what was looked at. Whoever came in between is looked at
 * again.
 */
#ifndef PINNACE_CLI_SAYING_H
#define PINNACE_CLI_SAYING_H

#include "pinnace/trackword.h"

#include "dryrun.h"
#include "output.h"
#include "trackaccess.h"

/* They follow CLUSTER_OPTION_ROWS in the table of such a verb, whose own begin at SAYING_OPTIONS. */
#define SAYING_OPTION_ROWS                                                                         \
    {'\0', "wait", NULL, NULL, "wait until it is done, and tell how it goes"},                     \
        {'\0', "timeout", "DURATION", "1m 5m 10m 1h", "wait for so long at most (default 15m)"},   \
        {'\0', "dry-run", "STRATEGY", DRY_RUN_CHOICES,                                             \
         "none (default); client: only show what would be sent; server: ask whether it would be "  \
         "taken, and keep nothing"},                                                               \
    {                                                                                              \
        'o', "output", "FORMAT", OUTPUT_CHOICES,                                                   \
            "text (default), wide (the whole image, and by whom), or the Track as json or yaml"    \
    }
/* The next one, for words that have a reason. */
#define SAYING_REASON_ROW                                                                          \
    {                                                                                              \
        '\0', "reason", "TEXT", NULL, "why, for those who read it later"                           \
    }
enum {
    SAYING_WAIT = CLUSTER_OPTIONS,
    SAYING_TIMEOUT,
    SAYING_DRY_RUN,
    SAYING_OUTPUT,
    SAYING_REASON,
    SAYING_OPTIONS,
};

struct saying {
    const struct cli_verb *verb;
    struct kube_options access;
    const char *track;
    const char *namespace; /* of the Track; NULL: the one that is meant anyway */
    bool wait;
    enum dry_run dry_run;
    int64_t timeout;
    enum output_format format;
    enum track_wish wish;
    struct arena *arena;

    /* From the first look on. */
    struct kube *kube;
    struct trackview seen;
    struct track_word word; /* .by and .at are set */
    struct str tag;         /* of the word's digest, for people; may be none */
    struct trackview said;  /* with the word in it */
    struct buf notes;       /* told with the outcome, one a line; empty when it is decided */

    /*
     * Makes up the word from what was seen; again when it has changed meanwhile. EXIT_CLEAN, or how
     * the verb ends, which was told. SAYING_NOTHING: there is nothing to say, as .notes tell.
     */
    int (*decide)(struct saying *saying, void *context);
    void *context;
};

enum { SAYING_NOTHING = -1 };

#define SAYING_INIT(in_verb, in_arena, in_wish)                                                    \
    ((struct saying){.verb = (in_verb),                                                            \
                     .arena = (in_arena),                                                          \
                     .wish = (in_wish),                                                            \
                     .timeout = 15 * 60,                                                           \
                     .notes = BUF_INIT(in_arena, 64 * 1024)})

/* Takes one of the options above or the name of the Track; returns an exit code. */
int saying_take(struct saying *saying, const struct cli_args *args, int found);

/* All of it, after the options; returns an exit code. after: done once it is said; may be NULL. */
int saying_run(struct saying *saying, int (*after)(struct saying *saying));

#endif
