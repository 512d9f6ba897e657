/* SPDX-License-Identifier: Apache-2.0 */
/* objectmeta: see the header. */
#include "pinnace/objectmeta.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

static const struct str null_text = STR_INIT("null");

static bool scan_true(struct scan *scan)
{
    return str_eq(scan_value(scan), STR("true"));
}

static void scan_owner(struct scan *scan, struct object_meta *meta)
{
    enum { UID, CONTROLLER, KEYS };
    static const struct str keys[] = {
        [UID] = STR_INIT("uid"), [CONTROLLER] = STR_INIT("controller")};
    struct str uid = STR_NONE;
    bool controls = false;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == UID)
            uid = scan_string(scan);
        else
            controls = scan_true(scan);
    }
    if (controls)
        meta->owner_uid = uid;
}

static void scan_owners(struct scan *scan, struct object_meta *meta)
{
    if (scan_peek(scan) == SCAN_NULL) {
        scan_value(scan);
        return;
    }
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements))
        scan_owner(scan, meta);
}

static void scan_metadata(struct scan *scan, struct object_meta *meta)
{
    enum { NAMESPACE, NAME, UID, VERSION, OWNERS, MANAGED, KEYS };
    static const struct str keys[] = {
        [NAMESPACE] = STR_INIT("namespace"),
        [NAME] = STR_INIT("name"),
        [UID] = STR_INIT("uid"),
        [VERSION] = STR_INIT("resourceVersion"),
        [OWNERS] = STR_INIT("ownerReferences"),
        [MANAGED] = STR_INIT("managedFields"),
    };
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAMESPACE)
            meta->namespace = scan_string(scan);
        else if (key == NAME)
            meta->name = scan_string(scan);
        else if (key == UID)
            meta->uid = scan_string(scan);
        else if (key == VERSION)
            meta->resource_version = scan_string(scan);
        else if (key == OWNERS)
            scan_owners(scan, meta);
        else
            meta->managed_fields = scan_value(scan);
    }
}

int object_meta_read(struct str json, struct arena *arena, struct object_meta *ret_meta,
                     struct err *err)
{
    static const struct str keys[] = {STR_INIT("metadata")};
    struct object_meta meta = {.name = STR_NONE};
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        scan_metadata(&scan, &meta);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!meta.name.len || !meta.uid.len || !meta.resource_version.len)
        return err_set(err, ERR_INPUT, "metadata: it has no %s, as objects of an API server do",
                       !meta.name.len  ? "name"
                       : !meta.uid.len ? "uid"
                                       : "resourceVersion");
    *ret_meta = meta;
    return 0;
}

size_t object_meta_bare_len(struct str json, const struct object_meta *meta)
{
    size_t taken = meta->managed_fields.len;
    return taken ? json.len - taken + null_text.len : json.len;
}

void object_meta_bare(struct str json, const struct object_meta *meta, char *out)
{
    struct str managed = meta->managed_fields;
    if (managed.len == 0) {
        memcpy(out, json.ptr, json.len);
        return;
    }
    struct str before = str_between(json.ptr, managed.ptr);
    struct str after = str_between(managed.ptr + managed.len, json.ptr + json.len);
    memcpy(out, before.ptr, before.len);
    memcpy(out + before.len, null_text.ptr, null_text.len);
    memcpy(out + before.len + null_text.len, after.ptr, after.len);
}

static bool is_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.ptr[i]))
            return false;
    return text.len > 0 && text.ptr[0] != '0';
}

bool object_version_older(struct str a, struct str b)
{
    if (!is_number(a) || !is_number(b))
        return false;
    return a.len != b.len ? a.len < b.len : str_compare(a, b) < 0;
}
