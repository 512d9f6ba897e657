/* SPDX-License-Identifier: Apache-2.0 */
/* turns: see the header. */
#include "pinnace/turns.h"

#include <stddef.h>

#include "pinnace/banned.h"

bool turns_take(struct turns *turns, struct turn *turn)
{
    if (turn->has || turn->waits)
        return turn->has;
    turn->has = turns->taken < turns->most;
    turn->waits = !turn->has;
    turn->next = NULL;
    if (turn->has) {
        turns->taken++;
        return true;
    }
    if (turns->last)
        turns->last->next = turn;
    else
        turns->first = turn;
    turns->last = turn;
    return false;
}

static void leave_line(struct turns *turns, struct turn *turn)
{
    struct turn *before = NULL;
    for (struct turn *at = turns->first; at != turn; at = at->next)
        before = at;
    if (before)
        before->next = turn->next;
    else
        turns->first = turn->next;
    if (turns->last == turn)
        turns->last = before;
    turn->waits = false;
}

struct turn *turns_leave(struct turns *turns, struct turn *turn)
{
    if (turn->waits)
        leave_line(turns, turn);
    if (!turn->has)
        return NULL;
    struct turn *next = turns->first;
    turn->has = false;
    if (!next) {
        turns->taken--;
        return NULL;
    }
    leave_line(turns, next);
    next->has = true;
    return next;
}
