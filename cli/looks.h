/* SPDX-License-Identifier: Apache-2.0 */
/* looks: a watch that looks again and again, and tells whenever what is there is another thing than
 * what was told last. */
#ifndef PINNACE_CLI_LOOKS_H
#define PINNACE_CLI_LOOKS_H

#include "cli.h"

struct looks {
    size_t room; /* for what one look takes */
    /* All that is in the arena lasts until the next look is over; what it comes to is the same
     * whenever nothing is other. Returns an exit code, as tell does: what is not EXIT_CLEAN ends it. */
    int (*look)(void *context, struct arena *arena, struct str *ret_sight);
    /* again: something was told before. */
    int (*tell)(void *context, bool again);
    /* Returns when another look is due; false: there can be none, which was told on stderr. */
    bool (*await)(void *context);
    void *context;
};

/* Returns an exit code; it has no end of its own. */
int looks_go_on(const struct looks *looks);

#endif
