/* SPDX-License-Identifier: Apache-2.0 */
/* watch: see the header. */
#include "pinnace/watch.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum { METADATA_VERSION, METADATA_CONTINUE };

struct metadata {
    struct str resource_version, next;
};

static struct metadata read_metadata(struct scan *scan)
{
    static const struct str keys[] = {[METADATA_VERSION] = STR_INIT("resourceVersion"),
                                      [METADATA_CONTINUE] = STR_INIT("continue")};
    struct metadata metadata = {0};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;) {
        if (key == METADATA_VERSION)
            metadata.resource_version = scan_string(scan);
        else
            metadata.next = scan_string(scan);
    }
    return metadata;
}

/* The object's bytes, and the version of it on the way. */
static struct str read_object(struct scan *scan, struct str *ret_version)
{
    static const struct str keys[] = {STR_INIT("metadata")};
    size_t begin = scan_offset(scan);
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, keys, 1) != SCAN_END)
        *ret_version = read_metadata(scan).resource_version;
    return str_between(scan->text.ptr + begin, scan->cur);
}

static bool type_parse(struct str name, enum watch_type *ret_type)
{
    static const struct str names[] = {
        [WATCH_ADDED] = STR_INIT("ADDED"),     [WATCH_MODIFIED] = STR_INIT("MODIFIED"),
        [WATCH_DELETED] = STR_INIT("DELETED"), [WATCH_BOOKMARK] = STR_INIT("BOOKMARK"),
        [WATCH_ERROR] = STR_INIT("ERROR"),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!str_eq(name, names[i]))
            continue;
        *ret_type = (enum watch_type)i;
        return true;
    }
    return false;
}

int watch_event_read(struct str line, struct arena *arena, struct watch_event *ret_event,
                     struct err *err)
{
    enum { TYPE, OBJECT };
    static const struct str keys[] = {[TYPE] = STR_INIT("type"), [OBJECT] = STR_INIT("object")};
    struct watch_event event = {0};
    struct str type = STR_NONE;
    struct scan scan;
    scan_begin(&scan, line, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;) {
        if (key == TYPE)
            type = scan_string(&scan);
        else
            event.object = read_object(&scan, &event.resource_version);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!type_parse(type, &event.type))
        return err_set(err, ERR_INPUT, "type: \"%.*s\" is no type of a watch event",
                       STR_FMT(type.len > 64 ? str_head(type, 64) : type));
    if (!event.object.len)
        return err_set(err, ERR_INPUT, "object: is missing");
    if (event.type != WATCH_ERROR && !event.resource_version.len)
        return err_set(err, ERR_INPUT, "object.metadata.resourceVersion: is missing");
    *ret_event = event;
    return 0;
}

struct items {
    struct str *items;
    size_t count, room;
};

static bool add_item(struct items *items, struct str item, struct arena *arena)
{
    if (items->count == items->room) {
        size_t room = items->room ? items->room * 2 : 64;
        struct str *bigger = arena_array(arena, struct str, room);
        if (!bigger)
            return false;
        if (items->count)
            memcpy(bigger, items->items, items->count * sizeof(*bigger));
        items->items = bigger;
        items->room = room;
    }
    items->items[items->count++] = item;
    return true;
}

/* null stands for an empty list, as Go writes one. */
static void read_items(struct scan *scan, struct items *items)
{
    if (scan_peek(scan) == SCAN_NULL) {
        scan_value(scan);
        return;
    }
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        if (scan_peek(scan) != SCAN_OBJECT)
            scan_fail(scan, "an object was expected here", scan_offset(scan));
        else if (!add_item(items, scan_value(scan), scan->arena))
            scan_out_of_memory(scan);
    }
}

int watch_page_read(struct str text, struct arena *arena, struct watch_page *ret_page,
                    struct err *err)
{
    enum { API_VERSION, KIND, METADATA, ITEMS, KEYS };
    static const struct str keys[] = {[API_VERSION] = STR_INIT("apiVersion"),
                                      [KIND] = STR_INIT("kind"),
                                      [METADATA] = STR_INIT("metadata"),
                                      [ITEMS] = STR_INIT("items")};
    struct watch_page page = {0};
    struct items items = {0};
    struct scan scan;
    scan_begin(&scan, text, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == API_VERSION) {
            page.api_version = scan_string(&scan);
        } else if (key == KIND) {
            page.kind = scan_string(&scan);
        } else if (key == METADATA) {
            struct metadata metadata = read_metadata(&scan);
            page.resource_version = metadata.resource_version;
            page.next = metadata.next;
        } else {
            read_items(&scan, &items);
        }
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!str_ends(page.kind, STR("List")))
        return err_set(err, ERR_INPUT, "kind: a list was expected here");
    if (!page.resource_version.len)
        return err_set(err, ERR_INPUT, "metadata.resourceVersion: is missing");
    page.kind.len -= strlen("List");
    page.items = items.items;
    page.count = items.count;
    *ret_page = page;
    return 0;
}
