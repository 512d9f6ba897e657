/* SPDX-License-Identifier: Apache-2.0 */
/* looks: see the header. */
#include "looks.h"

#include "pinnace/banned.h"

/* Two arenas take turns, since what was told last is compared with what is there by now. */
int looks_go_on(const struct looks *looks)
{
    struct arena even ARENA_SCOPED = ARENA_INIT(looks->room);
    struct arena odd ARENA_SCOPED = ARENA_INIT(looks->room);
    struct str told = STR_NONE, sight;
    for (size_t turn = 0; turn == 0 || looks->await(looks->context); turn++) {
        struct arena *arena = turn % 2 ? &odd : &even;
        arena_reset(arena);
        int code = looks->look(looks->context, arena, &sight);
        if (code == EXIT_CLEAN && (turn == 0 || !str_eq(sight, told)))
            code = looks->tell(looks->context, turn > 0);
        if (code != EXIT_CLEAN)
            return code;
        told = sight;
    }
    return EXIT_BAD_INPUT;
}
