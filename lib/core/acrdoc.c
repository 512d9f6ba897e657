/* SPDX-License-Identifier: Apache-2.0 */
/* acrdoc: see the header. */
#include "pinnace/acrdoc.h"

#include "pinnace/buf.h"
#include "pinnace/imageref.h"
#include "pinnace/scan.h"
#include "pinnace/siphash.h"

#include "pinnace/banned.h"

int acr_exchange_read(struct str body, struct arena *arena, struct str *ret_token, struct err *err)
{
    static const struct str keys[] = {STR_INIT("refresh_token")};
    struct str token = STR_NONE;
    struct scan scan;
    if (body.len > ACRDOC_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "an answer of more than 4 MiB");
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        token = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!str_is_word(token))
        return err_set(err, ERR_INPUT, "refresh_token: is missing, or cannot be one");
    *ret_token = token;
    return 0;
}

static void add_tag(struct scan *scan, struct buf *text)
{
    enum { NAME, DIGEST, UPDATED, KEYS };
    static const struct str keys[] = {[NAME] = STR_INIT("name"),
                                      [DIGEST] = STR_INIT("digest"),
                                      [UPDATED] = STR_INIT("lastUpdateTime")};
    struct str values[KEYS] = {STR_NONE};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        values[key] = scan_string(scan);
    for (size_t i = 0; i < KEYS; i++) {
        buf_addf(text, "%zu ", values[i].len);
        buf_add(text, values[i]);
    }
}

int acr_newest_read(struct str body, struct arena *arena, uint64_t *ret_mark, struct err *err)
{
    enum { IMAGE, TAGS, KEYS };
    static const struct str keys[] = {[IMAGE] = STR_INIT("imageName"), [TAGS] = STR_INIT("tags")};
    struct buf buf = BUF_INIT(arena, 8 * ACRDOC_MAX_BYTES);
    struct str image = STR_NONE, text;
    struct scan scan;
    if (body.len > ACRDOC_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "an answer of more than 4 MiB");
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == IMAGE) {
            image = scan_string(&scan);
        } else if (!scan_null(&scan)) {
            struct scan_elements elements = scan_array(&scan);
            while (scan_element(&scan, &elements))
                add_tag(&scan, &buf);
        }
    }
    if (scan_finish(&scan, err) < 0 || buf_finish(&buf, &text, err) < 0)
        return -1;
    if (!image.len)
        return err_set(err, ERR_INPUT, "imageName: is missing; this is no list of tags of ACR");
    struct hash128 hash = siphash128((struct siphash_key){0, 0}, text);
    *ret_mark = hash.low ? hash.low : 1;
    return 0;
}

/* --- Attributes -------------------------------------------------------------------------------- */

/* Those of which each alone keeps a thing in the registry; both have to be told. */
static void scan_changeable(struct scan *scan, struct acr_attributes *attributes, bool *ret_told)
{
    enum { DELETE, WRITE, KEYS };
    static const struct str keys[] = {
        [DELETE] = STR_INIT("deleteEnabled"), [WRITE] = STR_INIT("writeEnabled")};
    bool told[KEYS] = {false};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        told[key] = scan_peek(scan) != SCAN_NULL;
        *(key == DELETE ? &attributes->can_delete : &attributes->can_write) = scan_bool(scan);
    }
    *ret_told = told[DELETE] && told[WRITE];
}

static bool scan_any(struct scan *scan)
{
    bool any = false;
    if (scan_null(scan))
        return false;
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        scan_value(scan);
        any = true;
    }
    return any;
}

static void scan_thing(struct scan *scan, struct acr_attributes *attributes, bool *ret_told)
{
    enum { DIGEST, TAGS, CHANGEABLE, KEYS };
    static const struct str keys[] = {[DIGEST] = STR_INIT("digest"),
                                      [TAGS] = STR_INIT("tags"),
                                      [CHANGEABLE] = STR_INIT("changeableAttributes")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == DIGEST)
            attributes->digest = scan_string(scan);
        else if (key == TAGS)
            attributes->tagged = scan_any(scan);
        else
            scan_changeable(scan, attributes, ret_told);
    }
}

int acr_attributes_read(struct str body, struct arena *arena, struct acr_attributes *ret_attributes,
                        struct err *err)
{
    static const struct str keys[] = {STR_INIT("manifest"), STR_INIT("tag")};
    struct acr_attributes attributes = {.tagged = false};
    bool told = false;
    struct scan scan;
    if (body.len > ACRDOC_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "an answer of more than 4 MiB");
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 2) != SCAN_END)
        scan_thing(&scan, &attributes, &told);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!told || digest_check(attributes.digest) != IMAGEREF_OK)
        return err_set(err, ERR_INPUT,
                       "digest or changeableAttributes: is missing; this is no manifest or tag of "
                       "ACR");
    *ret_attributes = attributes;
    return 0;
}
