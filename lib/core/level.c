/* SPDX-License-Identifier: Apache-2.0 */
/* level: see the header. */
#include "pinnace/level.h"

#include "pinnace/banned.h"

const struct str level_names[LEVELS] = {
    [LEVEL_OFF] = STR_INIT("off"),
    [LEVEL_TAGGED] = STR_INIT("tagged"),
    [LEVEL_PINNED] = STR_INIT("pinned"),
    [LEVEL_RELEASED] = STR_INIT("released"),
};

const struct str mode_names[MODES] = {
    [MODE_ENFORCE] = STR_INIT("enforce"),
    [MODE_WARN] = STR_INIT("warn"),
    [MODE_AUDIT] = STR_INIT("audit"),
};

static int find(struct str name, const struct str names[], int count)
{
    for (int i = 0; i < count; i++)
        if (str_eq(name, names[i]))
            return i;
    return -1;
}

bool level_parse(struct str name, enum level *ret_level)
{
    int i = find(name, level_names, LEVELS);
    if (i >= 0)
        *ret_level = (enum level)i;
    return i >= 0;
}

bool mode_parse(struct str name, enum mode *ret_mode)
{
    int i = find(name, mode_names, MODES);
    if (i >= 0)
        *ret_mode = (enum mode)i;
    return i >= 0;
}
