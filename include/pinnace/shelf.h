/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shelf: the objects of one kind by namespace and name, as a list and the changes behind it bring
 * them. Of an object that cannot be read, what it said before stays. A namespace has its share of the
 * room and no more, so that who fills his own pushes out nobody else's.
 */
#ifndef PINNACE_SHELF_H
#define PINNACE_SHELF_H

#include "pinnace/err.h"
#include "pinnace/str.h"

struct shelf_key {
    struct str namespace, name;
};

int shelf_key_compare(struct shelf_key a, struct shelf_key b);

/* What is of one namespace. */
struct shelf_share {
    struct str namespace;
    size_t count, bytes, seen_bytes;
    bool full, refused; /* as those of the shelf */
};

struct shelf_item {
    struct shelf_key key;
    struct shelf_share *share;
    struct str json; /* as it could last be read; .len 0: never yet */
    int64_t end;     /* by the clock of shelf.now; 0: none */
    bool bad;        /* what it says by now cannot be read */
    bool seen;       /* in the list that is coming */
};

struct shelf {
    struct shelf_item **items; /* in the order of their keys */
    size_t count, room;
    struct shelf_share **shares; /* in the order of their namespaces */
    size_t share_count, share_room;
    size_t bytes; /* of all objects together, at most twice max_bytes */
    /* Of those that a list has shown, and were put since: what goes when it is whole takes no room. */
    size_t seen_bytes, max_bytes, max_share;
    int64_t first_end; /* no item has an earlier one; 0: none has any */
    int64_t now;       /* what has its end by then has ended; 0: nothing has */
    bool full;         /* something had no room, in the last list or since */
    bool refused;      /* in the list that is coming, or since */
    bool news;         /* what was refused last is the first that was, there */
};

#define SHELF_INIT(ceiling, share) ((struct shelf){.max_bytes = (ceiling), .max_share = (share)})

/*
 * The object as it is now; it is copied. -1 and unchanged when there is no room for it: by an
 * ERR_LIMIT, and shelf->news tells whether that is to be told.
 */
int shelf_put(struct shelf *shelf, struct shelf_key key, struct str json, struct err *err);
/* It is there, but cannot be read. */
int shelf_put_bad(struct shelf *shelf, struct shelf_key key, struct err *err);
void shelf_remove(struct shelf *shelf, struct shelf_key key);
/* Of one that is there: after that it is of no use. Putting it anew takes the end away. */
void shelf_set_end(struct shelf *shelf, struct shelf_key key, int64_t end);
/* Those that have ended leave their room, as they do by themselves when another one has none; how
 * many did. */
size_t shelf_drop_ended(struct shelf *shelf);

/* A list begins; when it is whole, what was not put meanwhile goes. */
void shelf_begin(struct shelf *shelf);
void shelf_whole(struct shelf *shelf);

/* NULL when it is not there. */
const struct shelf_item *shelf_find(const struct shelf *shelf, struct shelf_key key);
/* Whether something has no room, so that a new list should come once there is some. */
bool shelf_is_full(const struct shelf *shelf);
size_t shelf_count_bad(const struct shelf *shelf);

void shelf_free(struct shelf *shelf);

#endif
