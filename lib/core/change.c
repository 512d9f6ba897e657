/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change: see the header. Templates are compared by a keyed hash that does not see the order of
 * keys, so that the cost stays linear; equal bytes, the usual case, need no hash at all.
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

/* The scanner's bound on depth bounds the recursion. */
static struct hash128 hash_value(struct hasher *hasher)
{
    enum scan_type type = scan_peek(&hasher->scan);
    if (type == SCAN_OBJECT)
        return hash_object(hasher);
    if (type == SCAN_ARRAY)
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
    struct hash128 hash = hash_value(&hasher);
    if (scan_finish(&hasher.scan, NULL) < 0)
        return false;
    *ret_hash = hash;
    return true;
}

bool template_same(const struct object *new_object, const struct object *old_object,
                   struct siphash_key key, struct arena *arena)
{
    enum pod_place place = new_object->kind->place;
    struct str new_text = new_object->templates[place], old_text = old_object->templates[place];
    struct hash128 new_hash, old_hash;
    if (str_eq(new_text, old_text))
        return true;
    if (!new_text.len || !old_text.len || !hash_text(new_text, key, arena, &new_hash) ||
        !hash_text(old_text, key, arena, &old_hash))
        return false;
    return new_hash.low == old_hash.low && new_hash.high == old_hash.high;
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

int old_images_collect(const struct object *old_object, struct siphash_key key, struct arena *arena,
                       struct old_images *ret_images, struct err *err)
{
    struct old_images images = {.count = 4, .key = key};
    const struct image_site *site;
    size_t sites = 0;
    for (struct image_cursor cursor = {0}; object_next_image(old_object, &cursor);)
        sites++;
    while (images.count < 2 * sites)
        images.count *= 2;
    images.slots = arena_array(arena, const struct image_site *, images.count);
    if (!images.slots)
        return err_no_memory(err);
    for (struct image_cursor cursor = {0}; (site = object_next_image(old_object, &cursor));) {
        size_t slot = slot_of(&images, site);
        while (images.slots[slot] && !site_same(images.slots[slot], site))
            slot = (slot + 1) & (images.count - 1);
        images.slots[slot] = site;
    }
    *ret_images = images;
    return 0;
}

bool old_images_have(const struct old_images *images, const struct image_site *site)
{
    for (size_t slot = slot_of(images, site); images->slots[slot];
         slot = (slot + 1) & (images->count - 1))
        if (site_same(images->slots[slot], site))
            return true;
    return false;
}
