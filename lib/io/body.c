/* SPDX-License-Identifier: Apache-2.0 */
/* body: see the header. */
#include "body.h"

#include <stdlib.h>

#include "pinnace/banned.h"

static bool take(struct body_budget *budget, size_t bytes, bool proven)
{
    size_t limit = proven ? budget->max_bodies : budget->max_bodies / 2;
    size_t before = atomic_fetch_add(&budget->taken, bytes);
    if (before <= limit && bytes <= limit - before)
        return true;
    atomic_fetch_sub(&budget->taken, bytes);
    return false;
}

static void fail(struct body *body, struct body_budget *budget, enum body_fault fault)
{
    body_free(body, budget);
    body->fault = fault;
}

/* Doubles, but not past what was announced. */
static size_t room_for(const struct body *body, size_t need, uint64_t expected)
{
    size_t room = body->room ? body->room * 2 : BODY_FREE_BYTES;
    if (expected && room > expected)
        room = (size_t)expected;
    return room < need ? need : room;
}

static bool grow(struct body *body, struct body_budget *budget, size_t need, uint64_t expected,
                 bool proven)
{
    size_t room = room_for(body, need, expected);
    size_t counted = room > BODY_FREE_BYTES ? room : 0;
    if (counted && !take(budget, counted - body->counted, proven))
        return false;
    body->counted = counted;
    char *bytes = realloc(body->bytes, room);
    if (!bytes)
        return false;
    body->bytes = bytes;
    body->room = room;
    return true;
}

void body_add(struct body *body, struct body_budget *budget, struct str chunk, uint64_t expected,
              bool proven)
{
    if (body->fault != BODY_WHOLE || chunk.len == 0)
        return;
    if (chunk.len > budget->max_body - body->len) {
        fail(body, budget, BODY_TOO_LARGE);
        return;
    }
    size_t need = body->len + chunk.len;
    if (need > body->room && !grow(body, budget, need, expected, proven)) {
        fail(body, budget, BODY_NO_ROOM);
        return;
    }
    memcpy(body->bytes + body->len, chunk.ptr, chunk.len);
    body->len = need;
}

void body_free(struct body *body, struct body_budget *budget)
{
    free(body->bytes);
    if (body->counted)
        atomic_fetch_sub(&budget->taken, body->counted);
    *body = (struct body){0};
}
