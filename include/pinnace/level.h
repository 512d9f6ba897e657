/* SPDX-License-Identifier: Apache-2.0 */
/* level: the words of the namespace labels: how much is asked (level) and what then happens (mode). */
#ifndef PINNACE_LEVEL_H
#define PINNACE_LEVEL_H

#include "pinnace/str.h"

/* Each asks for all that the one before it asks. */
enum level {
    LEVEL_OFF,
    LEVEL_TAGGED,
    LEVEL_PINNED,
    LEVEL_RELEASED,
    LEVELS,
};

enum mode {
    MODE_ENFORCE, /* refuses */
    MODE_WARN,    /* lets in and tells the person */
    MODE_AUDIT,   /* lets in and tells the audit log */
    MODES,
};

extern const struct str level_names[LEVELS];
extern const struct str mode_names[MODES];

bool level_parse(struct str name, enum level *ret_level);
bool mode_parse(struct str name, enum mode *ret_mode);

#endif
