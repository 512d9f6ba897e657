/* SPDX-License-Identifier: Apache-2.0 */
/* shelf: see the header. An item is one block: itself, its key, its text. */
#include "pinnace/shelf.h"

#include <stdlib.h>

#include "pinnace/banned.h"

enum { FIRST_ROOM = 16 };

static int compare_keys(struct shelf_key a, struct shelf_key b)
{
    int order = str_compare(a.namespace, b.namespace);
    return order ? order : str_compare(a.name, b.name);
}

/* Where it is, or where it would be. */
static bool find(const struct shelf *shelf, struct shelf_key key, size_t *ret_index)
{
    size_t low = 0, high = shelf->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_keys(shelf->items[middle]->key, key);
        if (order == 0) {
            *ret_index = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_index = low;
    return false;
}

static size_t size_of(struct shelf_key key, struct str json)
{
    return sizeof(struct shelf_item) + key.namespace.len + key.name.len + json.len;
}

static size_t item_size(const struct shelf_item *item)
{
    return size_of(item->key, item->json);
}

static struct str append(char **end, struct str s)
{
    struct str copy = {*end, s.len};
    if (s.len)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return copy;
}

static struct shelf_item *new_item(struct shelf_key key, struct str json)
{
    struct shelf_item *item = malloc(size_of(key, json));
    if (!item)
        return NULL;
    char *end = (char *)(item + 1);
    *item = (struct shelf_item){.seen = true};
    item->key.namespace = append(&end, key.namespace);
    item->key.name = append(&end, key.name);
    item->json = append(&end, json);
    return item;
}

static bool make_room(struct shelf *shelf)
{
    if (shelf->count < shelf->room)
        return true;
    size_t room = shelf->room ? shelf->room * 2 : FIRST_ROOM;
    struct shelf_item **items = realloc(shelf->items, room * sizeof(struct shelf_item *));
    if (!items)
        return false;
    shelf->items = items;
    shelf->room = room;
    return true;
}

static int no_room(const struct shelf *shelf, struct err *err)
{
    return err_set(err, ERR_LIMIT, "all such objects together are more than %zu bytes",
                   shelf->max_bytes);
}

/* Makes a place for one more. */
static int insert(struct shelf *shelf, size_t index)
{
    if (!make_room(shelf))
        return -1;
    memmove(shelf->items + index + 1, shelf->items + index,
            (shelf->count - index) * sizeof(struct shelf_item *));
    shelf->items[index] = NULL;
    shelf->count++;
    return 0;
}

/* NULL when there is no room for it. */
static struct shelf_item *put(struct shelf *shelf, struct shelf_key key, struct str json,
                              struct err *err)
{
    size_t index, size = size_of(key, json);
    bool there = find(shelf, key, &index);
    size_t before = there ? item_size(shelf->items[index]) : 0;
    size_t seen_before = there && shelf->items[index]->seen ? before : 0;
    if (shelf->seen_bytes - seen_before + size > shelf->max_bytes ||
        shelf->bytes - before + size > 2 * shelf->max_bytes) {
        no_room(shelf, err);
        return NULL;
    }
    struct shelf_item *item = new_item(key, json);
    if (!item || (!there && insert(shelf, index) < 0)) {
        free(item);
        err_no_memory(err);
        return NULL;
    }
    if (there)
        free(shelf->items[index]);
    shelf->items[index] = item;
    shelf->bytes += size - before;
    shelf->seen_bytes += size - seen_before;
    return item;
}

int shelf_put(struct shelf *shelf, struct shelf_key key, struct str json, struct err *err)
{
    return put(shelf, key, json, err) ? 0 : -1;
}

int shelf_put_bad(struct shelf *shelf, struct shelf_key key, struct err *err)
{
    size_t index;
    struct shelf_item *item =
        find(shelf, key, &index) ? shelf->items[index] : put(shelf, key, STR_NONE, err);
    if (!item)
        return -1;
    if (!item->seen)
        shelf->seen_bytes += item_size(item);
    item->seen = true;
    item->bad = true;
    return 0;
}

static void drop(struct shelf *shelf, struct shelf_item *item)
{
    shelf->bytes -= item_size(item);
    if (item->seen)
        shelf->seen_bytes -= item_size(item);
    free(item);
}

void shelf_remove(struct shelf *shelf, struct shelf_key key)
{
    size_t index;
    if (!find(shelf, key, &index))
        return;
    drop(shelf, shelf->items[index]);
    shelf->count--;
    memmove(shelf->items + index, shelf->items + index + 1,
            (shelf->count - index) * sizeof(struct shelf_item *));
}

void shelf_begin(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        shelf->items[i]->seen = false;
    shelf->seen_bytes = 0;
}

void shelf_whole(struct shelf *shelf)
{
    size_t kept = 0;
    for (size_t i = 0; i < shelf->count; i++) {
        if (shelf->items[i]->seen)
            shelf->items[kept++] = shelf->items[i];
        else
            drop(shelf, shelf->items[i]);
    }
    shelf->count = kept;
}

const struct shelf_item *shelf_find(const struct shelf *shelf, struct shelf_key key)
{
    size_t index;
    return find(shelf, key, &index) ? shelf->items[index] : NULL;
}

size_t shelf_count_bad(const struct shelf *shelf)
{
    size_t bad = 0;
    for (size_t i = 0; i < shelf->count; i++)
        bad += shelf->items[i]->bad;
    return bad;
}

void shelf_free(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        free(shelf->items[i]);
    free(shelf->items);
    *shelf = SHELF_INIT(shelf->max_bytes);
}
