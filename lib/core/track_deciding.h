/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track_deciding: what the parts of track_decide share while one question is answered: the facts,
 * the targets as they stand, and the book as it will be. For track*.c alone.
 */
#ifndef PINNACE_CORE_TRACK_DECIDING_H
#define PINNACE_CORE_TRACK_DECIDING_H

#include "pinnace/trackdecide.h"

/* A target, and how far it has come with what ought to run. */
struct target_now {
    const struct trackspec_target *target;
    const struct target_facts *facts;
    enum target_holds holds; /* HOLDS_NOTHING too when there is no such workload */
    struct str tag, digest;
    struct rollout rollout;
};

/* What the registry's answer comes to. */
enum resolution {
    RESOLUTION_UNKNOWN, /* not asked yet */
    RESOLUTION_ERROR,
    RESOLUTION_NOTHING, /* fits */
    RESOLUTION_GONE,    /* the running tag is missing from the list, so the list is not believed */
    RESOLUTION_LOWER,   /* what fits is below what runs */
    RESOLUTION_MOVED,   /* the tag has meant other bytes */
    RESOLUTION_FOUND,
};

struct deciding {
    const struct track_facts *facts;
    const struct trackspec *spec;
    const struct trackbook *book; /* as it is written */
    struct trackbook *next;       /* as it will be */
    struct arena *arena;
    struct track_decision *decision;
    struct target_now targets[TRACK_TARGETS_MAX];
    int64_t now;

    bool applies;            /* what the decision names, when nothing is to be written */
    struct str asked;        /* the registry is to be asked for this; .len 0: for nothing */
    bool out_of_memory;      /* no decision comes of this */
    bool pending;            /* a word waits until the registry has said anything */
    bool heard;              /* a word changed the course: the rest waits for the next question */
    bool image_first;        /* a hold of bytes that are let in: the book may follow */
    bool blind;              /* the pods of a target are not known yet: no verdict */
    bool stalled;            /* what rolls out stands still, for nothing that the image did */
    struct str obstacle;     /* why */
    const char *obstacle_is; /* "Blocked" */
    struct str drift;        /* what another hand did; .len 0: nothing */
    struct str taken;        /* a container is another Track's; .len 0: none is */
    struct str missing;      /* a target that is not there, or has no such container */
    struct str untold;       /* what the registry cannot tell, for a word to be followed */
    enum resolution resolution;
    struct str never_proved;
};

/* --- trackdecide.c: texts, events, time ---------------------------------------------------------- */

__attribute__((format(__printf__, 2, 3))) struct str deciding_text(struct deciding *d,
                                                                   const char *format, ...);
void deciding_event(struct deciding *d, const char *reason, bool warning, bool on_targets,
                    struct str text);
/* The question is to be asked again then, if nothing happens before. */
void deciding_again(struct deciding *d, int64_t at);
/* "v1.4.0 (sha256:0123456789ab)" */
struct str deciding_name(struct deciding *d, struct str tag, struct str digest);
/* Of something that a target is: "Deployment web". */
struct str deciding_target(struct deciding *d, const struct target_now *target);
bool deciding_awaited(const struct deciding *d, struct str digest);
/* The registry has it; asks for that if need be. *ret_tried: nobody could tell. */
enum presence deciding_presence(struct deciding *d, struct str digest, bool *ret_tried);

/* --- track_rows.c: the book's own movements ------------------------------------------------------- */

struct row_reason {
    struct str why, by;
    bool going_back;
};

bool rows_rolling(const struct trackbook *book);
void rows_begin(struct deciding *d, struct str tag, struct str digest, struct row_reason reason);
/* The rollout of the newest row begins anew: its time, its targets. */
void rows_reset_rollout(struct deciding *d);
void rows_end(struct deciding *d, enum row_state state, struct str why);
/* The newest row that is good to go back to from a digest; NULL: there is none. */
const struct book_row *rows_good(const struct trackbook *book, struct str except);
bool rows_has(const struct trackbook *book, struct str digest);
void rows_quarantine(struct deciding *d, struct str tag, struct str digest, struct str reason);
void rows_release(struct deciding *d, struct str digest);
struct book_proof *rows_proof(struct trackbook *book, struct str digest);
/* Takes note of bytes that were seen. */
void rows_see(struct deciding *d, struct str tag, struct str digest);
void rows_see_again(struct deciding *d, struct str digest);
/* Whether the proof of what runs is counted on from now. */
void rows_count_proof(struct deciding *d, bool on);

/* --- The order of questions ------------------------------------------------------------------------ */

void track_adopt(struct deciding *d);  /* track_settle.c */
void track_settle(struct deciding *d); /* what runs, while nothing rolls out */
/* What runs is watched: somebody downstream asks for more of its time than was seen. */
bool track_gathers_proof(const struct deciding *d);
/* Of the first count targets. */
void track_find_drift(struct deciding *d, size_t count);
void track_hear(struct deciding *d); /* track_words.c */
void track_roll(struct deciding *d); /* track_rollout.c */
/* Names the first target that lacks what ought to run; false: none does. */
bool track_put_back(struct deciding *d);
/* Neither its deadline nor its soak nor its proof goes on. */
void track_stand_still(struct deciding *d);
void track_resolve(struct deciding *d); /* track_gate.c */
void track_gate(struct deciding *d);
void track_protect(struct deciding *d); /* track_protect.c */
struct protect_saying track_protect_say(struct deciding *d);
int track_protect_plan(struct deciding *d, struct err *err);
void track_say(struct deciding *d); /* track_say.c */

#endif
