/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shelf: the objects of one kind by namespace and name, as a list and the changes behind it bring
 * them. Of an object that cannot be read, what it said before stays.
 */
#ifndef PINNACE_SHELF_H
#define PINNACE_SHELF_H

#include "pinnace/err.h"
#include "pinnace/str.h"

struct shelf_key {
    struct str namespace, name;
};

struct shelf_item {
    struct shelf_key key;
    struct str json; /* as it could last be read; .len 0: never yet */
    bool bad;        /* what it says by now cannot be read */
    bool seen;       /* in the list that is coming */
};

struct shelf {
    struct shelf_item **items; /* in the order of their keys */
    size_t count, room;
    size_t bytes; /* of all objects together, at most twice max_bytes */
    /* Of those that a list has shown, and were put since: what goes when it is whole takes no room. */
    size_t seen_bytes, max_bytes;
};

#define SHELF_INIT(ceiling) ((struct shelf){.max_bytes = (ceiling)})

/* The object as it is now; it is copied. -1 and unchanged when there is no room for it. */
int shelf_put(struct shelf *shelf, struct shelf_key key, struct str json, struct err *err);
/* It is there, but cannot be read. */
int shelf_put_bad(struct shelf *shelf, struct shelf_key key, struct err *err);
void shelf_remove(struct shelf *shelf, struct shelf_key key);

/* A list begins; when it is whole, what was not put meanwhile goes. */
void shelf_begin(struct shelf *shelf);
void shelf_whole(struct shelf *shelf);

/* NULL when it is not there. */
const struct shelf_item *shelf_find(const struct shelf *shelf, struct shelf_key key);
size_t shelf_count_bad(const struct shelf *shelf);

void shelf_free(struct shelf *shelf);

#endif
