/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change: see the header. Templates are read side by side; that settles all that an API server
 * sends, which keeps the order of keys. Where the order differs, both are compared by a keyed hash
 * that does not see it, so that the cost stays linear whoever sends them.
 */
#include "pinnace/change.h"

#include "pinnace/banned.h"

struct hasher {
    struct scan scan;
    struct siphash_key key;
};

static struct hash128 hash_bytes(const struct hasher *hasher, uint64_t type, struct str bytes)
{
    struct siphash_key key = {hasher->key.k0 ^ type, hasher->key.k1};
    return siphash128(key, bytes);
}

static struct hash128 hash_pair(const struct hasher *hasher, uint64_t type, struct hash128 a,
                                struct hash128 b)
{
    const struct hash128 both[2] = {a, b};
    return hash_bytes(hasher, type, (struct str){(const char *)both, sizeof(both)});
}

static struct hash128 hash_value(struct hasher *hasher);

/* A sum: the members may come in any order. */
static struct hash128 hash_object(struct hasher *hasher)
{
    struct hash128 sum = {0, 0};
    struct str key;
    struct scan_members members = scan_object(&hasher->scan);
    while (scan_any_member(&hasher->scan, &members, &key)) {
        struct hash128 name = hash_bytes(hasher, SCAN_STRING, key);
        struct hash128 member = hash_pair(hasher, SCAN_OBJECT, name, hash_value(hasher));
        sum.low += member.low;
        sum.high += member.high;
    }
    return hash_pair(hasher, SCAN_OBJECT, sum, sum);
}

static struct hash128 hash_array(struct hasher *hasher)
{
    struct hash128 chain = {0, 0};
    struct scan_elements elements = scan_array(&hasher->scan);
    while (scan_element(&hasher->scan, &elements))
        chain = hash_pair(hasher, SCAN_ARRAY, chain, hash_value(hasher));
    return hash_pair(hasher, SCAN_ARRAY, chain, chain);
}

/* So deep down values are taken by their bytes, which bounds the recursion. */
static bool is_deep(const struct scan *scan)
{
    return scan->depth == SCAN_DEPTH;
}

static struct hash128 hash_value(struct hasher *hasher)
{
    enum scan_type type = scan_peek(&hasher->scan);
    if (type == SCAN_OBJECT && !is_deep(&hasher->scan))
        return hash_object(hasher);
    if (type == SCAN_ARRAY && !is_deep(&hasher->scan))
        return hash_array(hasher);
    bool is_string = type == SCAN_STRING;
    struct str bytes = is_string ? scan_string(&hasher->scan) : scan_value(&hasher->scan);
    return hash_bytes(hasher, type, bytes);
}

static bool hash_text(struct str text, struct siphash_key key, struct arena *arena,
                      struct hash128 *ret_hash)
{
    struct hasher hasher = {.key = key};
    scan_begin(&hasher.scan, text, arena);
    hasher.scan.deep = true;
    struct hash128 hash = hash_value(&hasher);
    if (scan_finish(&hasher.scan, NULL) < 0)
        return false;
    *ret_hash = hash;
    return true;
}

static bool same_hash(struct str a, struct str b, struct siphash_key key, struct arena *arena)
{
    struct hash128 hash_a, hash_b;
    return hash_text(a, key, arena, &hash_a) && hash_text(b, key, arena, &hash_b) &&
           hash_a.low == hash_b.low && hash_a.high == hash_b.high;
}

enum likeness {
    LIKE,
    UNLIKE,
    OTHER_ORDER, /* the keys differ in order or in number: this reading cannot tell */
};

/* Two values read side by side. */
struct pair {
    struct scan a, b;
    int shortcuts; /* how often it may still be tried in vain whether the bytes are the same */
};

enum { SHORTCUTS = 8 }; /* each costs a reading of a part of the text at most */

static enum likeness compare(struct pair *pair);

/* Parts of the same bytes need not be taken apart; where one differs, its own parts are tried. */
static enum likeness compare_part(struct pair *pair)
{
    if (pair->shortcuts > 0) {
        if (scan_same_value(&pair->a, &pair->b))
            return LIKE;
        enum scan_type type = scan_peek(&pair->a);
        pair->shortcuts -= type == SCAN_OBJECT || type == SCAN_ARRAY;
    }
    return compare(pair);
}

static enum likeness compare_objects(struct pair *pair)
{
    struct scan_members members_a = scan_object(&pair->a), members_b = scan_object(&pair->b);
    struct str key_a, key_b;
    for (;;) {
        bool more_a = scan_any_member(&pair->a, &members_a, &key_a);
        bool more_b = scan_any_member(&pair->b, &members_b, &key_b);
        if (!more_a && !more_b)
            return LIKE;
        if (more_a != more_b || !str_eq(key_a, key_b))
            return OTHER_ORDER;
        enum likeness values = compare_part(pair);
        if (values != LIKE)
            return values;
    }
}

static enum likeness compare_arrays(struct pair *pair)
{
    struct scan_elements elements_a = scan_array(&pair->a), elements_b = scan_array(&pair->b);
    for (;;) {
        bool more_a = scan_element(&pair->a, &elements_a);
        bool more_b = scan_element(&pair->b, &elements_b);
        if (!more_a && !more_b)
            return LIKE;
        if (more_a != more_b)
            return UNLIKE;
        enum likeness values = compare_part(pair);
        if (values != LIKE)
            return values;
    }
}

static enum likeness compare(struct pair *pair)
{
    enum scan_type type = scan_peek(&pair->a);
    if (type != scan_peek(&pair->b))
        return UNLIKE;
    if (type == SCAN_OBJECT && !is_deep(&pair->a))
        return compare_objects(pair);
    if (type == SCAN_ARRAY && !is_deep(&pair->a))
        return compare_arrays(pair);
    bool same = type == SCAN_STRING ? str_eq(scan_string(&pair->a), scan_string(&pair->b))
                                    : str_eq(scan_value(&pair->a), scan_value(&pair->b));
    return same ? LIKE : UNLIKE;
}

bool template_same(const struct object *new_object, const struct object *old_object,
                   struct siphash_key key, struct arena *arena)
{
    enum pod_place place = new_object->kind->place;
    struct str new_text = new_object->templates[place], old_text = old_object->templates[place];
    struct pair pair = {.shortcuts = SHORTCUTS};
    if (str_eq(new_text, old_text))
        return true;
    if (!new_text.len || !old_text.len)
        return false;
    scan_begin(&pair.a, new_text, arena);
    scan_begin(&pair.b, old_text, arena);
    pair.a.deep = pair.b.deep = true;
    enum likeness likeness = compare(&pair);
    if (likeness == OTHER_ORDER)
        return same_hash(new_text, old_text, key, arena);
    return likeness == LIKE && scan_finish(&pair.a, NULL) == 0 && scan_finish(&pair.b, NULL) == 0;
}

static size_t slot_of(const struct old_images *images, const struct image_site *site)
{
    uint64_t name = siphash128(images->key, site_name(site)).low;
    uint64_t image = siphash128(images->key, site_image(site)).high;
    return (size_t)(name + image + site->list) & (images->count - 1);
}

static bool site_same(const struct image_site *a, const struct image_site *b)
{
    return a->list == b->list && str_eq(site_name(a), site_name(b)) &&
           str_eq(site_image(a), site_image(b));
}

/* Only a pod whose images moved needs the table. */
static int build_table(struct old_images *images)
{
    const struct image_site *site;
    size_t sites = 0;
    for (struct image_cursor cursor = {0}; object_next_image(images->object, &cursor);)
        sites++;
    images->count = 4;
    while (images->count < 2 * sites)
        images->count *= 2;
    images->slots = arena_array(images->arena, const struct image_site *, images->count);
    if (!images->slots)
        return -1;
    for (struct image_cursor cursor = {0}; (site = object_next_image(images->object, &cursor));) {
        size_t slot = slot_of(images, site);
        while (images->slots[slot] && !site_same(images->slots[slot], site))
            slot = (slot + 1) & (images->count - 1);
        images->slots[slot] = site;
    }
    return 0;
}

int old_images_have(struct old_images *images, const struct image_site *site, bool *ret_has,
                    struct err *err)
{
    const struct image_site *same_place = object_next_image(images->object, &images->cursor);
    if (same_place && site_same(same_place, site)) {
        *ret_has = true;
        return 0;
    }
    if (!images->slots && build_table(images) < 0)
        return err_no_memory(err);
    size_t slot = slot_of(images, site);
    while (images->slots[slot] && !site_same(images->slots[slot], site))
        slot = (slot + 1) & (images->count - 1);
    *ret_has = images->slots[slot] != NULL;
    return 0;
}
