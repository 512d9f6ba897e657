/* SPDX-License-Identifier: Apache-2.0 */
/* shelf: see the header. An item is one block: itself, its key, its text. */
#include "pinnace/shelf.h"

#include <stdlib.h>

#include "pinnace/sorted.h"

#include "pinnace/banned.h"

enum { FIRST_ROOM = 16 };

int shelf_key_compare(struct shelf_key a, struct shelf_key b)
{
    int order = str_compare(a.namespace, b.namespace);
    return order ? order : str_compare(a.name, b.name);
}

static int compare_keys(const void *items, size_t index, const void *key)
{
    struct shelf_item *const *list = items;
    return shelf_key_compare(list[index]->key, *(const struct shelf_key *)key);
}

/* Where it is, or where it would be. */
static bool find(const struct shelf *shelf, struct shelf_key key, size_t *ret_index)
{
    return sorted_find(shelf->items, shelf->count, compare_keys, &key, ret_index);
}

static int compare_namespaces(const void *shares, size_t index, const void *namespace)
{
    struct shelf_share *const *list = shares;
    return str_compare(list[index]->namespace, *(const struct str *)namespace);
}

static bool find_share(const struct shelf *shelf, struct str namespace, size_t *ret_index)
{
    return sorted_find(shelf->shares, shelf->share_count, compare_namespaces, &namespace,
                       ret_index);
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

/* Of a list of pointers, whatever they point to: makes room for another one. */
static void *make_room(void *list, size_t count, size_t *room)
{
    if (count < *room)
        return list;
    size_t more = *room ? *room * 2 : FIRST_ROOM;
    void *bigger = realloc(list, more * sizeof(void *));
    if (bigger)
        *room = more;
    return bigger;
}

static int insert(struct shelf *shelf, size_t index, struct shelf_item *item)
{
    struct shelf_item **items = make_room(shelf->items, shelf->count, &shelf->room);
    if (!items)
        return -1;
    shelf->items = items;
    memmove(items + index + 1, items + index, (shelf->count - index) * sizeof(*items));
    items[index] = item;
    shelf->count++;
    item->share->count++;
    return 0;
}

static struct shelf_share *new_share(struct shelf *shelf, size_t index, struct str namespace)
{
    struct shelf_share **shares = make_room(shelf->shares, shelf->share_count, &shelf->share_room);
    if (!shares)
        return NULL;
    shelf->shares = shares;
    struct shelf_share *share = malloc(sizeof(*share) + namespace.len);
    if (!share)
        return NULL;
    char *end = (char *)(share + 1);
    *share = (struct shelf_share){.full = false};
    share->namespace = append(&end, namespace);
    memmove(shares + index + 1, shares + index, (shelf->share_count - index) * sizeof(*shares));
    shares[index] = share;
    shelf->share_count++;
    return share;
}

static struct shelf_share *share_of(struct shelf *shelf, struct str namespace)
{
    size_t index;
    return find_share(shelf, namespace, &index) ? shelf->shares[index]
                                                : new_share(shelf, index, namespace);
}

static void drop_if_empty(struct shelf *shelf, struct shelf_share *share)
{
    size_t index;
    if (share->count > 0 || !find_share(shelf, share->namespace, &index))
        return;
    free(share);
    shelf->share_count--;
    memmove(shelf->shares + index, shelf->shares + index + 1,
            (shelf->share_count - index) * sizeof(struct shelf_share *));
}

static int refuse(struct shelf *shelf, bool *full, bool *refused)
{
    shelf->news = !*full;
    *full = *refused = true;
    return -1;
}

/* What something takes: of all, and of that what is of the list. */
struct taken {
    size_t bytes, seen_bytes;
};

static struct taken taken_by(const struct shelf_item *item)
{
    size_t bytes = item ? item_size(item) : 0;
    return (struct taken){bytes, item && item->seen ? bytes : 0};
}

static bool has_room(struct taken now, struct taken before, size_t size, size_t most)
{
    return now.seen_bytes - before.seen_bytes + size <= most &&
           now.bytes - before.bytes + size <= 2 * most;
}

/* before: what it takes by now. */
static bool share_has_room(const struct shelf *shelf, const struct shelf_share *share, size_t size,
                           struct taken before)
{
    struct taken now = {share->bytes, share->seen_bytes};
    return has_room(now, before, size, shelf->max_share);
}

static bool shelf_has_room(const struct shelf *shelf, size_t size, struct taken before)
{
    struct taken now = {shelf->bytes, shelf->seen_bytes};
    return has_room(now, before, size, shelf->max_bytes);
}

static int check_room(struct shelf *shelf, struct shelf_share *share, size_t size,
                      struct taken before, struct err *err)
{
    if (!share_has_room(shelf, share, size, before)) {
        err_set(err, ERR_LIMIT,
                "all such objects of its namespace together are more than %zu bytes",
                shelf->max_share);
        return refuse(shelf, &share->full, &share->refused);
    }
    if (!shelf_has_room(shelf, size, before)) {
        err_set(err, ERR_LIMIT, "all such objects together are more than %zu bytes",
                shelf->max_bytes);
        return refuse(shelf, &shelf->full, &shelf->refused);
    }
    return 0;
}

static void count(struct shelf *shelf, struct shelf_share *share, size_t more, size_t less)
{
    shelf->bytes += more - less;
    share->bytes += more - less;
}

static void count_seen(struct shelf *shelf, struct shelf_share *share, size_t more, size_t less)
{
    shelf->seen_bytes += more - less;
    share->seen_bytes += more - less;
}

static void drop(struct shelf *shelf, struct shelf_item *item)
{
    struct shelf_share *share = item->share;
    count(shelf, share, 0, item_size(item));
    if (item->seen)
        count_seen(shelf, share, 0, item_size(item));
    free(item);
    share->count--;
    drop_if_empty(shelf, share);
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

void shelf_set_end(struct shelf *shelf, struct shelf_key key, int64_t end)
{
    size_t index;
    if (!find(shelf, key, &index))
        return;
    shelf->items[index]->end = end;
    if (end && (!shelf->first_end || end < shelf->first_end))
        shelf->first_end = end;
}

size_t shelf_drop_ended(struct shelf *shelf)
{
    size_t kept = 0, before = shelf->count;
    int64_t first = 0;
    if (!shelf->first_end || shelf->first_end > shelf->now)
        return 0;
    for (size_t i = 0; i < before; i++) {
        struct shelf_item *item = shelf->items[i];
        if (item->end && item->end <= shelf->now) {
            drop(shelf, item);
            continue;
        }
        shelf->items[kept++] = item;
        if (item->end && (!first || item->end < first))
            first = item->end;
    }
    shelf->count = kept;
    shelf->first_end = first;
    return before - kept;
}

/* What has ended leaves its room, when there is none otherwise. */
static void make_room_for(struct shelf *shelf, struct shelf_key key, size_t size)
{
    size_t index;
    struct taken before = taken_by(shelf_find(shelf, key));
    bool there = find_share(shelf, key.namespace, &index);
    if (!shelf_has_room(shelf, size, before) ||
        (there && !share_has_room(shelf, shelf->shares[index], size, before)))
        shelf_drop_ended(shelf);
}

static int put_in(struct shelf *shelf, struct shelf_share *share, struct shelf_key key,
                  struct str json, struct err *err)
{
    size_t index, size = size_of(key, json);
    bool there = find(shelf, key, &index);
    struct taken before = taken_by(there ? shelf->items[index] : NULL);
    if (check_room(shelf, share, size, before, err) < 0)
        return -1;
    struct shelf_item *item = new_item(key, json);
    if (!item)
        return err_no_memory(err);
    item->share = share;
    if (there) {
        free(shelf->items[index]);
        shelf->items[index] = item;
    } else if (insert(shelf, index, item) < 0) {
        free(item);
        return err_no_memory(err);
    }
    count(shelf, share, size, before.bytes);
    count_seen(shelf, share, size, before.seen_bytes);
    return 0;
}

int shelf_put(struct shelf *shelf, struct shelf_key key, struct str json, struct err *err)
{
    make_room_for(shelf, key, size_of(key, json));
    struct shelf_share *share = share_of(shelf, key.namespace);
    if (!share)
        return err_no_memory(err);
    int done = put_in(shelf, share, key, json, err);
    drop_if_empty(shelf, share);
    return done;
}

int shelf_put_bad(struct shelf *shelf, struct shelf_key key, struct err *err)
{
    size_t index;
    if (!find(shelf, key, &index) && shelf_put(shelf, key, STR_NONE, err) < 0)
        return -1;
    struct shelf_item *item = shelf->items[index];
    if (!item->seen)
        count_seen(shelf, item->share, item_size(item), 0);
    item->seen = true;
    item->bad = true;
    return 0;
}

void shelf_begin(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        shelf->items[i]->seen = false;
    for (size_t i = 0; i < shelf->share_count; i++) {
        shelf->shares[i]->seen_bytes = 0;
        shelf->shares[i]->refused = false;
    }
    shelf->seen_bytes = 0;
    shelf->refused = false;
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
    for (size_t i = 0; i < shelf->share_count; i++)
        shelf->shares[i]->full = shelf->shares[i]->refused;
    shelf->full = shelf->refused;
}

const struct shelf_item *shelf_find(const struct shelf *shelf, struct shelf_key key)
{
    size_t index;
    return find(shelf, key, &index) ? shelf->items[index] : NULL;
}

bool shelf_is_full(const struct shelf *shelf)
{
    bool full = shelf->full;
    for (size_t i = 0; i < shelf->share_count && !full; i++)
        full = shelf->shares[i]->full;
    return full;
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
    for (size_t i = 0; i < shelf->share_count; i++)
        free(shelf->shares[i]);
    free(shelf->items);
    free(shelf->shares);
    *shelf = SHELF_INIT(shelf->max_bytes, shelf->max_share);
}
