/* SPDX-License-Identifier: Apache-2.0 */
/* podstatus: see the header. */
#include "pinnace/podstatus.h"

#include "pinnace/imageref.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

struct reader {
    struct scan *scan;
    struct pod_container *containers;
};

static void read_container(struct reader *reader, enum image_list list)
{
    enum { NAME, IMAGE_ID };
    static const struct str keys[] = {[NAME] = STR_INIT("name"), [IMAGE_ID] = STR_INIT("imageID")};
    struct pod_container *container = arena_new(reader->scan->arena, struct pod_container);
    struct scan_members members = scan_object(reader->scan);
    if (!container) {
        scan_out_of_memory(reader->scan);
        return;
    }
    for (int key; (key = scan_member(reader->scan, &members, keys, 2)) != SCAN_END;)
        *(key == NAME ? &container->name : &container->image_id) = scan_string(reader->scan);
    container->list = list;
    container->next = reader->containers;
    reader->containers = container;
}

static void read_list(struct reader *reader, enum image_list list)
{
    if (scan_peek(reader->scan) == SCAN_NULL) {
        scan_value(reader->scan);
        return;
    }
    struct scan_elements elements = scan_array(reader->scan);
    while (scan_element(reader->scan, &elements))
        read_container(reader, list);
}

static void read_status(struct reader *reader)
{
    static const struct str keys[] = {
        [LIST_CONTAINERS] = STR_INIT("containerStatuses"),
        [LIST_INIT_CONTAINERS] = STR_INIT("initContainerStatuses"),
        [LIST_EPHEMERAL_CONTAINERS] = STR_INIT("ephemeralContainerStatuses"),
    };
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, 3)) != SCAN_END;)
        read_list(reader, (enum image_list)key);
}

int podstatus_read(struct str json, struct arena *arena, struct pod_container **ret_containers,
                   struct err *err)
{
    static const struct str keys[] = {STR_INIT("status")};
    struct scan scan;
    struct reader reader = {.scan = &scan};
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END) {
        if (scan_peek(&scan) == SCAN_NULL)
            scan_value(&scan);
        else
            read_status(&reader);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    *ret_containers = reader.containers;
    return 0;
}

struct str image_id_digest(struct str image_id)
{
    struct imageref ref;
    size_t scheme = str_rfind(image_id, '/');
    /* "docker-pullable://..." of runtimes long gone still stands in old objects. */
    if (str_starts(image_id, STR("docker-pullable://")))
        image_id = str_tail(image_id, strlen("docker-pullable://"));
    if (scheme == STR_NOT_FOUND || imageref_parse(image_id, &ref) != IMAGEREF_OK)
        return STR_NONE;
    return ref.digest;
}
