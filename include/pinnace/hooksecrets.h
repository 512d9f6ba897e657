/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooksecrets: the secrets of those who tell of pushes, in a folder, as a Secret is mounted: a file
 * for each receiver, named as it is ("acr"), with one secret a line. A receiver without one has no
 * senders.
 */
#ifndef PINNACE_HOOKSECRETS_H
#define PINNACE_HOOKSECRETS_H

#include "pinnace/hook.h"

struct hook_secrets {
    struct push_secrets of[HOOK_RECEIVERS];
};

/* The strings are in the arena. A folder without any secret is an error. */
int hook_secrets_read(const char *folder, struct arena *arena, struct hook_secrets *ret_secrets,
                      struct err *err);

bool hook_secrets_same(const struct hook_secrets *a, const struct hook_secrets *b);

#endif
