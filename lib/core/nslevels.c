/* SPDX-License-Identifier: Apache-2.0 */
/* nslevels: see the header. */
#include "pinnace/nslevels.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

const struct str nslevel_labels[MODES] = {
    [MODE_ENFORCE] = STR_INIT("pinnace.dev/enforce"),
    [MODE_WARN] = STR_INIT("pinnace.dev/warn"),
    [MODE_AUDIT] = STR_INIT("pinnace.dev/audit"),
};

static void read_labels(struct scan *scan, struct nslevels *levels)
{
    if (scan_null(scan))
        return;
    struct scan_members members = scan_object(scan);
    for (int mode; (mode = scan_member(scan, &members, nslevel_labels, MODES)) != SCAN_END;) {
        struct nslevel *level = &levels->modes[mode];
        level->value = scan_string(scan);
        level->known = level_parse(level->value, &level->level);
    }
}

static void read_metadata(struct scan *scan, struct nslevels *levels)
{
    static const struct str keys[] = {STR_INIT("labels"), STR_INIT("uid")};
    enum { LABELS, UID, KEYS };
    if (scan_null(scan))
        return;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == UID)
            levels->uid = scan_string(scan);
        else
            read_labels(scan, levels);
    }
}

int nslevels_read(struct str json, struct arena *arena, struct nslevels *ret_levels,
                  struct err *err)
{
    static const struct str keys[] = {STR_INIT("metadata")};
    struct nslevels levels = {0};
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        read_metadata(&scan, &levels);
    if (scan_finish(&scan, err) < 0)
        return -1;
    *ret_levels = levels;
    return 0;
}
