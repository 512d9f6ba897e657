/* SPDX-License-Identifier: Apache-2.0 */
/* pullnames: see the header. */
#include "pinnace/pullnames.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

static void add(struct pullnames *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->secrets[i], name))
            return;
    if (name.len && names->count < PULLNAMES_MAX)
        names->secrets[names->count++] = name;
}

static bool enter(struct scan *scan, enum scan_type type)
{
    if (scan_peek(scan) == type)
        return true;
    scan_value(scan);
    return false;
}

/* [{"name": …}, …] */
static void scan_names(struct scan *scan, struct pullnames *names)
{
    static const struct str keys[] = {STR_INIT("name")};
    if (!enter(scan, SCAN_ARRAY))
        return;
    struct scan_elements elements = scan_array(scan);
    while (scan_element(scan, &elements)) {
        if (!enter(scan, SCAN_OBJECT))
            continue;
        struct scan_members members = scan_object(scan);
        while (scan_member(scan, &members, keys, 1) != SCAN_END)
            add(names, scan_string(scan));
    }
}

/* Of each "spec" on the way to the containers: the last one is the pod's. */
static void scan_spec(struct scan *scan, struct pullnames *names)
{
    enum { TEMPLATE, JOB_TEMPLATE, SPEC, PULL_SECRETS, ACCOUNT, KEYS };
    static const struct str keys[] = {[TEMPLATE] = STR_INIT("template"),
                                      [JOB_TEMPLATE] = STR_INIT("jobTemplate"),
                                      [SPEC] = STR_INIT("spec"),
                                      [PULL_SECRETS] = STR_INIT("imagePullSecrets"),
                                      [ACCOUNT] = STR_INIT("serviceAccountName")};
    if (!enter(scan, SCAN_OBJECT))
        return;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == PULL_SECRETS)
            scan_names(scan, names);
        else if (key == ACCOUNT)
            names->account = scan_string(scan);
        else
            scan_spec(scan, names);
    }
}

static int read(struct str json, struct arena *arena, struct pullnames *names,
                void (*scan_value_of)(struct scan *, struct pullnames *), struct str key_name,
                struct err *err)
{
    struct pullnames found = *names;
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, &key_name, 1) != SCAN_END)
        scan_value_of(&scan, &found);
    if (scan_finish(&scan, err) < 0)
        return -1;
    *names = found;
    return 0;
}

int pullnames_add_workload(struct pullnames *names, struct str json, struct arena *arena,
                           struct err *err)
{
    struct pullnames found = *names;
    found.account = STR("default");
    if (read(json, arena, &found, scan_spec, STR("spec"), err) < 0)
        return -1;
    if (!found.account.len)
        found.account = STR("default");
    *names = found;
    return 0;
}

int pullnames_add_account(struct pullnames *names, struct str json, struct arena *arena,
                          struct err *err)
{
    return read(json, arena, names, scan_names, STR("imagePullSecrets"), err);
}
